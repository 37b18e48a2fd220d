"""Shopping days: what counts as one, in which time zone, and what it is worth."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.cadence.shopping_days import ShoppingDays, shopping_days
from forecasting.errors import ForecastingError

Purchases = Callable[[Mapping[tuple[str, str], Sequence[int]]], pd.DataFrame]
Products = Callable[..., pd.DataFrame]


def _counts(days: ShoppingDays) -> dict[tuple[str, str], int]:
    return {
        (days.customers[customer], days.categories[category]): int(count)
        for customer, category, count in zip(days.pair_customer, days.pair_category, days.counts, strict=True)
    }


def _one_line(as_of: datetime, **columns: Any) -> pd.DataFrame:
    row = {
        "customer_id": "a",
        "kind": "sale",
        "net_value": 10.0,
        "occurred_at": as_of - timedelta(days=3),
        "product_id": "milk/1",
        "quantity": 2.0,
        **columns,
    }
    return pd.DataFrame([row]).astype({"occurred_at": "datetime64[us, UTC]", "quantity": float})


def test_several_purchases_on_one_local_day_are_one_shopping_day(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    days = shopping_days(purchases_of({("a", "milk"): [5, 5, 9]}), products_of("milk"), as_of=as_of, timezone="UTC")
    assert _counts(days) == {("a", "milk"): 2}
    assert days.spend.tolist() == [10.0, 20.0]


def test_the_day_is_that_of_the_playbooks_time_zone(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    purchases = purchases_of({("a", "milk"): [5, 5]})
    purchases["occurred_at"] = pd.to_datetime(["2026-09-26 03:30", "2026-09-26 04:30"], utc=True).as_unit("us")
    in_utc = shopping_days(purchases, products_of("milk"), as_of=as_of, timezone="UTC")
    in_new_york = shopping_days(purchases, products_of("milk"), as_of=as_of, timezone="America/New_York")
    assert _counts(in_utc) == {("a", "milk"): 1}
    assert _counts(in_new_york) == {("a", "milk"): 2}


@pytest.mark.parametrize(
    ("columns", "is_shopping"),
    [
        ({}, True),
        ({"quantity": 0.0}, False),
        ({"net_value": 0.0}, False),
        ({"net_value": -1.0}, False),
        ({"quantity": float("nan")}, False),
        ({"product_id": None}, False),
        ({"product_id": "unknown"}, False),
        ({"kind": "return"}, False),
    ],
)
def test_only_a_sale_of_something_for_money_makes_a_shopping_day(
    columns: dict[str, Any], *, is_shopping: bool, products_of: Products, as_of: datetime
) -> None:
    days = shopping_days(_one_line(as_of, **columns), products_of("milk"), as_of=as_of, timezone="UTC")
    assert len(days) == int(is_shopping)


def test_a_purchase_counts_before_as_of_and_not_at_it(products_of: Products, as_of: datetime) -> None:
    a_moment = timedelta(microseconds=1)
    before = shopping_days(
        _one_line(as_of, occurred_at=as_of - a_moment), products_of("milk"), as_of=as_of, timezone="UTC"
    )
    at = shopping_days(_one_line(as_of, occurred_at=as_of), products_of("milk"), as_of=as_of, timezone="UTC")
    assert (len(before), len(at)) == (1, 0)


@pytest.mark.parametrize(
    ("costs", "margin_pct", "columns", "margin", "basis"),
    [
        ({"unit_cost": [3.0]}, 25.0, {}, 4.0, "unit_cost"),
        ({"unit_cost": [3.0]}, 25.0, {"discount": 1.5}, 5.5, "unit_cost"),
        ({"unit_cost": [np.nan]}, 25.0, {}, 2.5, "margin_pct"),
        ({}, 25.0, {"discount": 2.0}, 3.0, "margin_pct"),
        ({}, None, {}, 10.0, "revenue"),
    ],
)
def test_margin_is_net_value_and_discount_less_cost_or_the_stated_share_or_revenue(
    costs: dict[str, Any],
    margin_pct: float | None,
    columns: dict[str, Any],
    margin: float,
    basis: str,
    *,
    products_of: Products,
    as_of: datetime,
) -> None:
    days = shopping_days(
        _one_line(as_of, **columns),
        products_of("milk", **costs),
        as_of=as_of,
        timezone="UTC",
        margin_pct=margin_pct,
    )
    assert days.margin.tolist() == [margin]
    assert days.margin_basis == basis


def test_margins_known_in_two_ways_say_so(purchases_of: Purchases, products_of: Products, as_of: datetime) -> None:
    days = shopping_days(
        purchases_of({("a", "milk"): [3], ("a", "tea"): [3]}),
        products_of("milk", "tea", unit_cost=[6.0, np.nan]),
        as_of=as_of,
        timezone="UTC",
    )
    assert days.margin.tolist() == [4.0, 10.0]
    assert days.margin_basis == "unit_cost and revenue"


def test_a_return_reduces_the_latest_shopping_day_before_it(products_of: Products, as_of: datetime) -> None:
    lines = pd.concat(
        [
            _one_line(as_of, occurred_at=as_of - timedelta(days=30)),
            _one_line(as_of, occurred_at=as_of - timedelta(days=20)),
            _one_line(as_of, occurred_at=as_of - timedelta(days=15), kind="return", net_value=-5.0, quantity=1.0),
            _one_line(as_of, occurred_at=as_of - timedelta(days=9)),
        ]
    )
    days = shopping_days(lines, products_of("milk", unit_cost=[3.0]), as_of=as_of, timezone="UTC")
    assert days.spend.tolist() == [10.0, 5.0, 10.0]
    assert days.margin.tolist() == [4.0, 2.0, 4.0]


def test_a_return_of_something_bought_before_the_history_changes_nobody_elses_days(
    products_of: Products, as_of: datetime
) -> None:
    lines = pd.concat(
        [
            _one_line(as_of),
            _one_line(as_of, customer_id="b", kind="return", net_value=-5.0),
            _one_line(as_of, occurred_at=as_of - timedelta(days=8), kind="return", net_value=-5.0),
        ]
    )
    days = shopping_days(lines, products_of("milk"), as_of=as_of, timezone="UTC")
    assert _counts(days) == {("a", "milk"): 1}
    assert days.spend.tolist() == [10.0]


def test_only_returns_make_an_empty_table(products_of: Products, as_of: datetime) -> None:
    days = shopping_days(
        _one_line(as_of, kind="return", net_value=-5.0), products_of("milk"), as_of=as_of, timezone="UTC"
    )
    assert len(days) == 0


def test_what_was_known_before_a_day_leaves_out_that_day_and_pairs_that_began_later(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    purchases = purchases_of({("a", "milk"): [30, 20, 10], ("b", "milk"): [10]})
    days = shopping_days(purchases, products_of("milk"), as_of=as_of, timezone="UTC")
    today = int(np.datetime64(as_of.date()).astype(int))
    assert _counts(days.before(today - 10)) == {("a", "milk"): 2}
    assert _counts(days.before(today - 9)) == _counts(days)


def test_shopping_days_are_counted_from_a_day_until_before_another(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    purchases = purchases_of({("a", "milk"): [30, 20, 10], ("a", "tea"): [20, 5]})
    days = shopping_days(purchases, products_of("milk", "tea"), as_of=as_of, timezone="UTC")
    today = int(np.datetime64(as_of.date()).astype(int))
    pairs = days.pairs_of(np.array([0, 0, 0, -1]), np.array([0, 1, -1, 0]))
    assert pairs.tolist() == [0, 1, -1, -1]
    assert days.days_between(pairs, today - 20, today - 5).tolist() == [2, 1, 0, 0]
    assert days.customer_days_between(np.array([0, -1]), today - 20, today).tolist() == [3, 0]


def test_a_missing_column_is_refused_by_table_and_name(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    purchases = purchases_of({("a", "milk"): [3]}).drop(columns="net_value")
    with pytest.raises(ForecastingError, match=r"purchases: The table has no column net_value.") as caught:
        shopping_days(purchases, products_of("milk"), as_of=as_of, timezone="UTC")
    assert caught.value.exit_code == 3


def test_a_product_that_occurs_twice_is_refused(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    with pytest.raises(ForecastingError, match="Product milk/1 occurs more than once"):
        shopping_days(purchases_of({("a", "milk"): [3]}), products_of("milk", "milk"), as_of=as_of, timezone="UTC")


def test_a_purchase_without_a_time_is_refused(purchases_of: Purchases, products_of: Products, as_of: datetime) -> None:
    purchases = purchases_of({("a", "milk"): [3, 4]})
    purchases.loc[0, "occurred_at"] = pd.NaT
    with pytest.raises(ForecastingError, match="occurred_at lacks 1 times"):
        shopping_days(purchases, products_of("milk"), as_of=as_of, timezone="UTC")


def test_times_without_a_time_zone_are_refused(purchases_of: Purchases, products_of: Products, as_of: datetime) -> None:
    purchases = purchases_of({("a", "milk"): [3]})
    purchases["occurred_at"] = purchases["occurred_at"].dt.tz_localize(None)
    with pytest.raises(ForecastingError, match=r"datetime64\[us, UTC\]"):
        shopping_days(purchases, products_of("milk"), as_of=as_of, timezone="UTC")


def test_an_as_of_without_a_time_zone_is_refused(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    with pytest.raises(ForecastingError, match="has no time zone"):
        shopping_days(
            purchases_of({("a", "milk"): [3]}), products_of("milk"), as_of=as_of.replace(tzinfo=None), timezone="UTC"
        )
