"""Gifts, holidays, stock-ups, returns and depletion: what they do to a rhythm and to a due day."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.cadence.model import CadenceModel
from forecasting.cadence.rhythm import Gaps, fit_rhythm
from forecasting.cadence.shopping_days import ShoppingDays, shopping_days
from forecasting.cadence.unusual import YEAR_END, Holiday, day_weights, stock_up_slope, without_gifts
from forecasting.errors import ForecastingError
from forecasting.values import Cadence

Purchases = Callable[[Mapping[tuple[str, str], Sequence[int]]], pd.DataFrame]
Products = Callable[..., pd.DataFrame]


def _cadence(purchases: pd.DataFrame, products: pd.DataFrame, as_of: datetime) -> Cadence:
    return CadenceModel().fit(purchases, products, as_of=as_of, timezone="UTC").predict()


def _days(purchases: pd.DataFrame, products: pd.DataFrame, as_of: datetime) -> ShoppingDays:
    return shopping_days(purchases, products, as_of=as_of, timezone="UTC")


def _on(purchases: pd.DataFrame, as_of: datetime, days_ago: int) -> "pd.Series[Any]":
    return purchases["occurred_at"] == pd.Timestamp(as_of - timedelta(days=days_ago) + timedelta(hours=10))


def test_a_first_cleanser_for_a_day_and_a_first_exfoliant_for_a_week_are_due_on_different_days(
    purchases_of: Purchases, as_of: datetime
) -> None:
    # A bottle used daily lasts 30 days, a jar used weekly 84.
    products = pd.DataFrame(
        {"product_id": ["skin/1", "skin/2"], "category_id": ["skin", "skin"], "depletion_days": [30.0, 84.0]}
    ).astype({"product_id": object, "category_id": object})
    purchases = purchases_of({("daily", "skin"): [5], ("weekly", "skin"): [5]})
    purchases["product_id"] = ["skin/1", "skin/2"]
    cadence = _cadence(purchases, products, as_of)
    np.testing.assert_allclose(cadence.interval_days, [30, 84])
    assert cadence.due_at[1] - cadence.due_at[0] == np.timedelta64(54, "D")


def test_a_first_purchase_is_due_when_it_is_used_up_also_where_half_never_come_back(
    busy_world: tuple[pd.DataFrame, pd.DataFrame], purchases_of: Purchases, as_of: datetime
) -> None:
    first = purchases_of({("daily", "tea"): [5], ("weekly", "milk"): [5]}).assign(order_id=["x1", "x2"])
    first["product_id"] = ["cleanser", "exfoliant"]
    products = pd.DataFrame(
        {"product_id": ["cleanser", "exfoliant"], "category_id": ["tea", "milk"], "depletion_days": [30.0, 84.0]}
    )
    purchases = pd.concat([busy_world[0], first])
    cadence = _cadence(purchases, pd.concat([busy_world[1], products.astype({"category_id": object})]), as_of)
    assert "survival calibrated" in cadence.source
    due = dict(zip(cadence.customer_id, cadence.interval_days, strict=True))
    assert (round(due["daily"]), round(due["weekly"])) == (30, 84)


def test_two_units_last_twice_as_long_and_the_first_product_to_run_out_counts(
    purchases_of: Purchases, as_of: datetime
) -> None:
    products = pd.DataFrame(
        {"product_id": ["skin/1", "skin/2"], "category_id": ["skin", "skin"], "depletion_days": [30.0, 84.0]}
    ).astype({"product_id": object, "category_id": object})
    purchases = purchases_of({("two", "skin"): [5], ("both", "skin"): [5, 5]})
    purchases["product_id"] = ["skin/1", "skin/1", "skin/2"]
    purchases["quantity"] = [2.0, 1.0, 1.0]
    cadence = _cadence(purchases, products, as_of)
    assert dict(zip(cadence.customer_id, np.rint(cadence.interval_days), strict=True)) == {"two": 60, "both": 30}


def test_what_a_regular_customer_does_outweighs_what_the_product_says(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    purchases = purchases_of({("a", "skin"): [5 + 20 * n for n in range(12)]})
    assert _cadence(purchases, products_of("skin", depletion_days=[60.0]), as_of).interval_days[0] == pytest.approx(
        20, abs=0.5
    )


def test_a_product_that_says_nothing_leaves_the_category(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    purchases = purchases_of({("a", "skin"): [5], ("b", "skin"): [1, 15, 29, 43]})
    plain = _cadence(purchases, products_of("skin"), as_of)
    silent = _cadence(purchases, products_of("skin", depletion_days=[np.nan]), as_of)
    assert plain.interval_days.tolist() == silent.interval_days.tolist()


def test_a_stock_up_moves_the_due_day_out_and_a_small_purchase_in(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    days = [5 + 14 * n for n in range(8)]
    purchases = purchases_of({(name, "milk"): days for name in ("few", "many", "usual")})
    purchases["quantity"] = 2.0
    purchases.loc[_on(purchases, as_of, 5) & (purchases["customer_id"] == "many"), "quantity"] = 8.0
    purchases.loc[_on(purchases, as_of, 5) & (purchases["customer_id"] == "few"), "quantity"] = 1.0
    few, many, usual = _cadence(purchases, products_of("milk"), as_of).interval_days
    assert few < usual < many
    assert usual == pytest.approx(14, abs=0.5)
    assert 16 < many < 24


def test_how_much_longer_a_stock_up_lasts_is_learnt_from_all_pairs() -> None:
    draws = np.random.default_rng(2)
    owner = np.repeat(np.arange(300), 10)
    before = draws.normal(0, 0.5, len(owner))
    before -= (np.bincount(owner, before) / 10)[owner]
    logs = np.log(20) + draws.normal(0, 0.3, 300)[owner] + 0.6 * before + draws.normal(0, 0.5, len(owner))
    weights = np.ones(len(owner))
    assert stock_up_slope(owner, logs, before, weights, 300) == pytest.approx(0.6, abs=0.06)
    assert stock_up_slope(owner[:0], logs[:0], before[:0], weights[:0], 5) == pytest.approx(0.25)


@pytest.mark.parametrize("marked_on", ["purchases", "products"])
def test_a_gift_is_no_sign_of_an_own_rhythm(
    marked_on: str, purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    purchases = purchases_of({("a", "milk"): [5, 12, 25, 45, 65, 85]})
    products = products_of("milk")
    is_gift = _on(purchases, as_of, 12)
    if marked_on == "purchases":
        purchases["is_gift"] = [True if flag else None for flag in is_gift]
    else:
        purchases.loc[is_gift, "product_id"] = "milk/gift"
        gift = pd.DataFrame({"product_id": ["milk/gift"], "category_id": ["milk"], "is_gift": [True]})
        products = pd.concat([products.assign(is_gift=False), gift])
    with_gift = _cadence(purchases, products, as_of)
    without = _cadence(purchases[~is_gift], products, as_of)
    assert with_gift.shopping_days.tolist() == [5]
    assert with_gift.interval_days.tolist() == without.interval_days.tolist()


def test_who_bought_nothing_but_gifts_takes_the_categorys_rhythm(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    bought = {("giver", "milk"): [5, 8, 11, 14, 17]} | {(f"c{n}", "milk"): list(range(3, 300, 30)) for n in range(9)}
    purchases = purchases_of(bought)
    purchases["is_gift"] = purchases["customer_id"] == "giver"
    cadence = _cadence(purchases, products_of("milk"), as_of)
    giver = cadence.interval_days[cadence.customer_id == "giver"][0]
    assert giver == pytest.approx(30, rel=0.15)


def test_a_day_with_one_line_that_is_no_gift_stays(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    purchases = purchases_of({("a", "milk"): [5, 5, 19]})
    purchases["is_gift"] = [True, False, False]
    assert without_gifts(_days(purchases, products_of("milk"), as_of)).counts.tolist() == [2]


def test_gaps_around_a_holiday_count_less(purchases_of: Purchases, products_of: Products, as_of: datetime) -> None:
    # As-of is 1 October 2026: 275 days back lies 30 December 2025.
    days = _days(purchases_of({("a", "milk"): [275, 215, 195, 175, 155]}), products_of("milk"), as_of)
    weighed, plain = Gaps.measure(days, (YEAR_END,)), Gaps.measure(days, ())
    assert plain.count.tolist() == [4.0]
    assert weighed.count.tolist() == [3.25]
    assert np.exp(weighed.mean[0]) < np.exp(plain.mean[0])
    assert fit_rhythm(days, 2, (YEAR_END,)).location[0] < fit_rhythm(days, 2, ()).location[0]


@pytest.mark.parametrize(
    ("date", "is_inside"),
    [("2025-12-23", False), ("2025-12-24", True), ("2026-01-06", True), ("2026-01-07", False), ("2026-06-01", False)],
)
def test_a_holiday_may_run_over_new_year_and_includes_both_ends(
    date: str, is_inside: bool, purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    ago = (as_of.replace(tzinfo=None) - datetime.fromisoformat(date)).days
    days = _days(purchases_of({("a", "milk"): [ago]}), products_of("milk"), as_of)
    weight = day_weights(days, (Holiday("Christmas to Epiphany", (12, 24), (1, 6)),))
    assert weight.tolist() == [0.25 if is_inside else 1.0]


def test_a_holiday_on_no_day_of_the_year_is_refused() -> None:
    with pytest.raises(ForecastingError, match="month 13"):
        Holiday("never", (13, 1), (13, 2))


def _returned(purchases: pd.DataFrame, row: int, as_of: datetime, days_ago: int, **columns: Any) -> pd.DataFrame:
    back = purchases.iloc[[row]].assign(kind="return", net_value=-10.0, order_id="back", **columns)
    back["occurred_at"] = pd.Timestamp(as_of - timedelta(days=days_ago))
    return pd.concat([purchases, back.astype({"occurred_at": "datetime64[us, UTC]"})], ignore_index=True)


def test_a_purchase_sent_back_in_full_is_no_shopping_day(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    purchases = purchases_of({("a", "milk"): [5, 12, 26, 40], ("b", "milk"): [9]})
    days = _days(_returned(purchases, 1, as_of, 10), products_of("milk"), as_of)
    assert days.counts.tolist() == [3, 1]
    assert days.spend.tolist() == [10.0] * 4
    gone = _days(_returned(purchases, 4, as_of, 2), products_of("milk"), as_of)
    assert len(gone) == 1


def test_a_return_that_names_its_order_takes_out_that_day_and_not_the_latest(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    purchases = purchases_of({("a", "milk"): [5, 12, 26, 40]}).assign(original_order_id=None)
    back = _returned(purchases, 2, as_of, 2, original_order_id=purchases.loc[2, "order_id"])
    today = int(np.datetime64(as_of.date()).astype(int))
    assert (today - _days(back, products_of("milk"), as_of).day).tolist() == [40, 12, 5]


def test_a_return_in_part_leaves_the_day_with_what_was_kept(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    purchases = purchases_of({("a", "milk"): [5, 12]})
    back = _returned(purchases, 0, as_of, 2)
    back.loc[2, "net_value"] = -4.0
    assert _days(back, products_of("milk"), as_of).spend.tolist() == [10.0, 6.0]
