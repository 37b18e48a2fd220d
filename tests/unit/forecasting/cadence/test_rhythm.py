"""Rhythm: own gaps where they speak, the category's where they do not."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.cadence.rhythm import Gaps, Rhythm, fit_rhythm
from forecasting.cadence.shopping_days import ShoppingDays, shopping_days

Purchases = Callable[[Mapping[tuple[str, str], Sequence[int]]], pd.DataFrame]
Products = Callable[..., pd.DataFrame]
Days = Callable[[Mapping[tuple[str, str], Sequence[int]]], ShoppingDays]


@pytest.fixture
def days_of(purchases_of: Purchases, products_of: Products, as_of: datetime) -> Days:
    def build(bought: Mapping[tuple[str, str], Sequence[int]]) -> ShoppingDays:
        products = products_of(*sorted({category for _, category in bought}))
        return shopping_days(purchases_of(bought), products, as_of=as_of, timezone="UTC")

    return build


def _every(gap: int, times: int, last: int) -> list[int]:
    return [last + gap * back for back in range(times)]


def _irregular(draws: np.random.Generator, median_gap: float, times: int) -> list[int]:
    gaps = np.maximum(1, np.rint(median_gap * np.exp(0.9 * draws.normal(size=times))))
    return [int(day) for day in np.cumsum(gaps)]


def _interval(days: ShoppingDays, rhythm: Rhythm, customer: str, category: str) -> float:
    pair = (days.customers[days.pair_customer] == customer) & (days.categories[days.pair_category] == category)
    return float(rhythm.quantile_days(0.5)[pair][0])


def _written(days: Mapping[tuple[str, str], Sequence[int]]) -> ShoppingDays:
    """Shopping days made directly, for property tests that cannot use fixtures."""
    pairs = sorted(days)
    customers, categories = sorted({pair[0] for pair in pairs}), sorted({pair[1] for pair in pairs})
    day = [sorted({1000 - ago for ago in days[pair]}) for pair in pairs]
    flat = np.array([entry for entries in day for entry in entries], dtype=np.int32)
    return ShoppingDays(
        customers=np.array(customers, dtype=object),
        categories=np.array(categories, dtype=object),
        pair_customer=np.array([customers.index(pair[0]) for pair in pairs]),
        pair_category=np.array([categories.index(pair[1]) for pair in pairs]),
        starts=np.concatenate([[0], np.cumsum([len(entries) for entries in day])]),
        day=flat,
        last_at=flat.astype("datetime64[D]").astype("datetime64[us]"),
        spend=np.full(len(flat), 10.0),
        margin=np.full(len(flat), 5.0),
        units=np.ones(len(flat)),
        depletion=np.full(len(flat), np.nan),
        is_gift=np.zeros(len(flat), dtype=bool),
        margin_basis="revenue",
        history_day=int(flat.min()),
    )


worlds = st.dictionaries(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["milk", "tea"])),
    st.lists(st.integers(1, 400), min_size=1, max_size=12),
    min_size=1,
)


def test_a_14_day_buyer_among_90_day_buyers_stays_a_14_day_buyer(days_of: Days) -> None:
    bought = {("a", "milk"): _every(14, 5, 10)}
    bought |= {(f"b{n}", "milk"): _every(90, 4, 5 + 7 * n) for n in range(6)}
    days = days_of(bought)
    rhythm = fit_rhythm(days)
    assert _interval(days, rhythm, "a", "milk") == pytest.approx(14, abs=0.5)
    assert _interval(days, rhythm, "b0", "milk") == pytest.approx(90, abs=0.5)


def test_a_90_day_buyer_among_14_day_buyers_stays_a_90_day_buyer(days_of: Days) -> None:
    bought = {("a", "milk"): _every(90, 3, 30)}
    bought |= {(f"b{n}", "milk"): _every(14, 8, 1 + 2 * n) for n in range(6)}
    days = days_of(bought)
    rhythm = fit_rhythm(days)
    assert _interval(days, rhythm, "a", "milk") == pytest.approx(90, abs=0.5)
    assert _interval(days, rhythm, "b0", "milk") == pytest.approx(14, abs=0.5)


@pytest.mark.parametrize("others", [1, 3, 30])
def test_five_purchases_every_14_days_among_irregular_90_day_buyers_are_due_within_two_days(
    others: int, days_of: Days
) -> None:
    draws = np.random.default_rng(3)
    bought = {("a", "milk"): _every(14, 5, 10)}
    bought |= {(f"b{n}", "milk"): _irregular(draws, 90, 6) for n in range(others)}
    days = days_of(bought)
    assert _interval(days, fit_rhythm(days), "a", "milk") == pytest.approx(14, abs=2)


def test_a_single_customer_alone_in_the_world_keeps_the_own_rhythm(days_of: Days) -> None:
    days = days_of({("a", "milk"): _every(14, 5, 10)})
    assert _interval(days, fit_rhythm(days), "a", "milk") == pytest.approx(14, abs=0.1)


def test_one_purchase_takes_the_categorys_interval(days_of: Days) -> None:
    bought = {("a", "milk"): [3], ("a", "tea"): [3]}
    bought |= {(f"b{n}", "milk"): _every(10, 8, 1 + n) for n in range(5)}
    bought |= {(f"b{n}", "tea"): _every(60, 6, 1 + n) for n in range(5)}
    days = days_of(bought)
    rhythm = fit_rhythm(days)
    assert _interval(days, rhythm, "a", "milk") == pytest.approx(10, rel=0.05)
    assert _interval(days, rhythm, "a", "tea") == pytest.approx(60, rel=0.05)


def test_a_category_nobody_bought_twice_takes_the_rhythm_of_all(days_of: Days) -> None:
    bought = {("a", "tea"): [3], ("b", "milk"): _every(20, 8, 4)}
    days = days_of(bought)
    assert _interval(days, fit_rhythm(days), "a", "tea") == pytest.approx(20, rel=0.05)


def test_a_world_without_any_gap_says_thirty_days(days_of: Days) -> None:
    days = days_of({("a", "milk"): [3]})
    assert _interval(days, fit_rhythm(days), "a", "milk") == pytest.approx(30)


def test_few_irregular_gaps_lean_on_the_category_more_than_many(days_of: Days) -> None:
    draws = np.random.default_rng(5)
    bought = {(f"b{n}", "milk"): _irregular(draws, 40, 12) for n in range(40)}
    bought |= {("few", "milk"): [1, 6, 30], ("many", "milk"): np.cumsum([1, *[5, 24] * 10]).tolist()}
    days = days_of(bought)
    rhythm = fit_rhythm(days)
    weight = dict(zip(days.customers[days.pair_customer], rhythm.weight, strict=True))
    assert weight["few"] < weight["many"]
    assert _interval(days, rhythm, "few", "milk") > _interval(days, rhythm, "many", "milk")


def test_below_the_minimum_of_shopping_days_the_category_stands(days_of: Days) -> None:
    bought = {("a", "milk"): _every(14, 3, 10)}
    bought |= {(f"b{n}", "milk"): _every(90, 4, 5 + 7 * n) for n in range(6)}
    days = days_of(bought)
    leaning, own = fit_rhythm(days, minimum_days=4), fit_rhythm(days, minimum_days=3)
    assert _interval(days, leaning, "a", "milk") == pytest.approx(float(np.exp(leaning.category_location[0])))
    assert _interval(days, own, "a", "milk") == pytest.approx(14, abs=0.5)


def test_a_pair_without_a_gap_is_predicted_with_less_certainty_than_a_regular_one(days_of: Days) -> None:
    bought = {(f"b{n}", "milk"): _every(14, 8, 1 + n) for n in range(5)} | {("a", "milk"): [3]}
    days = days_of(bought)
    rhythm = fit_rhythm(days)
    width = rhythm.quantile_days(0.9) / rhythm.quantile_days(0.1)
    assert width[0] > 1.5 * width[1]


def test_quantiles_cover_as_many_gaps_as_they_say_in_a_world_of_the_models_own_form() -> None:
    draws = np.random.default_rng(11)
    bought, next_gap = {}, []
    for customer in range(1500):
        location = draws.normal(np.log(40), 0.6)
        gaps = np.maximum(1, np.rint(np.exp(location + 0.5 * draws.normal(size=7))))
        next_gap.append(gaps[-1])
        bought[f"{customer:04d}", "milk"] = (900 - np.cumsum([1, *gaps[:-1]])).astype(int).tolist()
    rhythm = fit_rhythm(_written(bought))
    for probability in (0.1, 0.5, 0.9):
        covered = np.mean(np.array(next_gap) <= rhythm.quantile_days(probability))
        assert covered == pytest.approx(probability, abs=0.04)


@given(worlds)
@settings(max_examples=60, deadline=None)
def test_quantiles_are_ordered(world: dict[tuple[str, str], list[int]]) -> None:
    rhythm = fit_rhythm(_written(world))
    low, middle, high = (rhythm.quantile_days(probability) for probability in (0.1, 0.5, 0.9))
    assert (low > 0).all()
    assert (low < middle).all()
    assert (middle < high).all()


@given(worlds, st.lists(st.floats(-10, 2000), min_size=2, max_size=6))
@settings(max_examples=60, deadline=None)
def test_survival_is_a_probability_that_never_grows_with_time(
    world: dict[tuple[str, str], list[int]], elapsed: list[float]
) -> None:
    rhythm = fit_rhythm(_written(world))
    survival = np.array([rhythm.survival(days) for days in sorted(elapsed)])
    assert ((survival >= 0) & (survival <= 1)).all()
    assert (np.diff(survival, axis=0) <= 0).all()


@given(worlds)
@settings(max_examples=60, deadline=None)
def test_survival_at_a_quantile_is_what_the_quantile_leaves(world: dict[tuple[str, str], list[int]]) -> None:
    rhythm = fit_rhythm(_written(world))
    np.testing.assert_allclose(rhythm.survival(rhythm.quantile_days(0.9)), 0.1, rtol=1e-6)


@given(worlds)
@settings(max_examples=60, deadline=None)
def test_shrinkage_stays_between_the_own_and_the_categorys_value(world: dict[tuple[str, str], list[int]]) -> None:
    days = _written(world)
    rhythm, gaps = fit_rhythm(days), Gaps.measure(days)
    category = rhythm.category_location[days.pair_category]
    own = np.where(gaps.count > 0, gaps.mean, category)
    usual = rhythm.location - rhythm.after_last
    assert (usual >= np.minimum(own, category) - 1e-9).all()
    assert (usual <= np.maximum(own, category) + 1e-9).all()
    assert ((rhythm.weight >= 0) & (rhythm.weight <= 1)).all()
