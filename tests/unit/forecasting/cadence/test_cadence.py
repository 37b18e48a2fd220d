"""Cadence: due days, deviation, the chance of buying, and that nothing after as-of can be known."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.cadence.model import CadenceModel
from forecasting.errors import ForecastingError
from forecasting.values import Cadence

Purchases = Callable[[Mapping[tuple[str, str], Sequence[int]]], pd.DataFrame]
Products = Callable[..., pd.DataFrame]
World = tuple[pd.DataFrame, pd.DataFrame]


def _cadence(
    purchases: pd.DataFrame, products: pd.DataFrame, as_of: datetime, *, margin_pct: float | None = None
) -> Cadence:
    model = CadenceModel(margin_pct=margin_pct).fit(purchases, products, as_of=as_of, timezone="UTC")
    return model.predict()


def _assert_same(first: Cadence, second: Cadence) -> None:
    for entry in fields(Cadence):
        ours, theirs = getattr(first, entry.name), getattr(second, entry.name)
        if isinstance(ours, str):
            assert ours == theirs
        else:
            assert ours.dtype == theirs.dtype
            assert ours.tolist() == theirs.tolist(), entry.name


def test_a_14_day_buyer_is_due_14_days_after_the_last_purchase(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    cadence = _cadence(purchases_of({("a", "milk"): [10, 24, 38, 52, 66]}), products_of("milk"), as_of)
    last = as_of - timedelta(days=10) + timedelta(hours=10)
    due = pd.Timestamp(cadence.due_at[0], tz="UTC")
    assert cadence.last_at[0] == np.datetime64(last.replace(tzinfo=None))
    assert abs(due - (last + timedelta(days=14))) < timedelta(days=2)
    assert cadence.interval_low_days[0] < cadence.interval_days[0] < cadence.interval_high_days[0]


def test_every_pair_that_bought_once_has_an_entry_sorted_by_customer_and_category(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    bought = {("b", "tea"): [3], ("a", "tea"): [4, 9], ("b", "milk"): [5], ("a", "milk"): [6, 7, 8]}
    cadence = _cadence(purchases_of(bought), products_of("milk", "tea"), as_of)
    pairs = list(zip(cadence.customer_id, cadence.category_id, strict=True))
    assert pairs == [("a", "milk"), ("a", "tea"), ("b", "milk"), ("b", "tea")]
    assert cadence.shopping_days.tolist() == [3, 2, 1, 1]


def test_a_customer_who_misses_the_own_rhythm_stands_out_and_one_who_keeps_it_does_not(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    missing = {("late", "milk"): [12 + 7 * n for n in range(20)]}
    keeping = {(f"k{n}", "milk"): [1 + n + 7 * back for back in range(20)] for n in range(5)}
    cadence = _cadence(purchases_of(missing | keeping), products_of("milk"), as_of)
    survival = dict(zip(cadence.customer_id, cadence.survival, strict=True))
    week_ago = dict(zip(cadence.customer_id, cadence.survival_week_ago, strict=True))
    assert survival["late"] < 0.1 < week_ago["late"]
    assert min(survival[f"k{n}"] for n in range(5)) > 0.5


def test_a_week_ago_nobody_was_late_whose_last_purchase_is_younger(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    bought = {("a", "milk"): [7, 17, 27], ("b", "milk"): [8, 18, 28]}
    cadence = _cadence(purchases_of(bought), products_of("milk"), as_of)
    assert cadence.survival_week_ago[0] == 1.0
    assert 0 < cadence.survival_week_ago[1] < 1.0


def test_a_purchase_a_moment_before_as_of_is_known_and_one_at_as_of_is_not(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    purchases = purchases_of({("a", "milk"): [10, 24, 38]})
    purchases.loc[0, "occurred_at"] = pd.Timestamp(as_of) - pd.Timedelta(microseconds=1)
    assert _cadence(purchases, products_of("milk"), as_of).shopping_days.tolist() == [3]
    purchases.loc[0, "occurred_at"] = pd.Timestamp(as_of)
    assert _cadence(purchases, products_of("milk"), as_of).shopping_days.tolist() == [2]


def test_rows_after_as_of_change_nothing(busy_world: World, as_of: datetime) -> None:
    purchases, products = busy_world
    cut = as_of - timedelta(days=60)
    known = purchases[purchases["occurred_at"] < pd.Timestamp(cut)]
    assert len(known) < len(purchases)
    _assert_same(_cadence(purchases, products, cut), _cadence(known, products, cut))


def test_the_order_of_rows_does_not_matter_to_the_last_bit(busy_world: World, as_of: datetime) -> None:
    purchases, products = busy_world
    purchases = purchases.assign(net_value=np.random.default_rng(1).uniform(0.01, 99, len(purchases)))
    shuffled = purchases.sample(frac=1, random_state=2)
    _assert_same(
        _cadence(purchases, products, as_of), _cadence(shuffled, products.sample(frac=1, random_state=3), as_of)
    )


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_number_of_threads_does_not_matter_to_the_last_bit(
    threads: int, busy_world: World, as_of: datetime
) -> None:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=threads):
        many = _cadence(*busy_world, as_of)
    _assert_same(_cadence(*busy_world, as_of), many)


def test_a_long_history_is_calibrated_and_says_on_what(busy_world: World, as_of: datetime) -> None:
    assert _cadence(*busy_world, as_of).source.startswith("calibrated on 2 windows of 28 days and ")


def test_a_short_history_is_not_calibrated_and_says_so(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    cadence = _cadence(purchases_of({("a", "milk"): [10, 24, 38, 52, 66]}), products_of("milk"), as_of)
    assert cadence.source.startswith("uncalibrated")
    assert 0.8 < cadence.p_purchase[0] < 1


def test_without_history_a_regular_customer_is_expected_more_than_a_rare_one(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    bought = {("often", "milk"): [5 + 14 * n for n in range(8)], ("rare", "milk"): [20, 110, 200]}
    cadence = _cadence(purchases_of(bought), products_of("milk"), as_of)
    assert cadence.p_purchase[0] > 0.8
    assert cadence.p_purchase[1] < 0.35
    assert cadence.margin_none[0] > 4 * cadence.margin_none[1]


def test_expected_margin_is_the_chance_times_days_times_margin_a_day(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    bought = {("a", "milk"): [5 + 14 * n for n in range(8)]}
    revenue = _cadence(purchases_of(bought), products_of("milk"), as_of)
    share = _cadence(purchases_of(bought), products_of("milk"), as_of, margin_pct=25.0)
    cost = _cadence(purchases_of(bought), products_of("milk", unit_cost=[8.0]), as_of, margin_pct=25.0)
    assert share.margin_none[0] == pytest.approx(0.25 * revenue.margin_none[0])
    assert cost.margin_none[0] == pytest.approx(0.2 * revenue.margin_none[0])
    assert (revenue.margin_basis, share.margin_basis, cost.margin_basis) == ("revenue", "margin_pct", "unit_cost")
    assert revenue.purchase_spend.tolist() == [10.0]
    # Two or three purchases of 10.00 in 28 days.
    assert 20 <= revenue.margin_none[0] <= 30


def test_recent_purchases_are_those_of_91_days_for_the_very_same_pairs(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    bought = {("a", "milk"): [1, 91, 92, 200], ("b", "tea"): [100]}
    model = CadenceModel().fit(purchases_of(bought), products_of("milk", "tea"), as_of=as_of, timezone="UTC")
    recent, cadence = model.recent(), model.predict()
    assert recent.customer_id.tolist() == cadence.customer_id.tolist()
    assert recent.category_id.tolist() == cadence.category_id.tolist()
    assert recent.shopping_days.tolist() == [2, 0]


def test_nobody_bought_anything_gives_an_empty_cadence(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    cadence = _cadence(purchases_of({("a", "milk"): [3]}).iloc[:0], products_of("milk"), as_of)
    assert len(cadence.customer_id) == 0
    assert cadence.due_at.dtype == np.dtype("datetime64[us]")


def test_a_model_that_is_not_fitted_says_so() -> None:
    with pytest.raises(ForecastingError, match="Call fit first"):
        CadenceModel().predict()


days_of_purchase = st.dictionaries(
    st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["milk", "tea"])),
    st.lists(st.integers(-30, 500), min_size=1, max_size=8),
    min_size=1,
)


@given(bought=days_of_purchase)
@settings(max_examples=25, deadline=None)
def test_values_keep_their_ranges_whatever_was_bought(
    bought: dict[tuple[str, str], list[int]],
) -> None:
    as_of = pd.Timestamp("2026-10-01", tz="UTC")
    rows = [(customer, category, day) for (customer, category), days in bought.items() for day in days]
    purchases = pd.DataFrame(
        {
            "customer_id": [customer for customer, _, _ in rows],
            "kind": "sale",
            "net_value": 10.0,
            "occurred_at": (as_of - pd.to_timedelta([day for _, _, day in rows], unit="D")).as_unit("us"),
            "product_id": [category for _, category, _ in rows],
            "quantity": 1.0,
        }
    )
    products = pd.DataFrame({"product_id": ["milk", "tea"], "category_id": ["milk", "tea"]})
    cadence = _cadence(purchases, products, as_of.to_pydatetime())
    assert (cadence.shopping_days >= 1).all()
    assert (cadence.last_at < np.datetime64("2026-10-01")).all()
    for probability in (cadence.survival, cadence.survival_week_ago, cadence.p_purchase):
        assert ((probability >= 0) & (probability <= 1)).all()
    assert (cadence.survival <= cadence.survival_week_ago).all()
    assert (cadence.margin_none >= 0).all()
    assert (cadence.interval_low_days < cadence.interval_days).all()
    assert (cadence.interval_days < cadence.interval_high_days).all()
    assert (cadence.due_at > cadence.last_at).all()
