"""A fair draw passes in about 95 of 100 cases; one that was not drawn as recorded does not."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from forecasting.evidence.balance import balance_test, independence_test
from forecasting.evidence.draws import Draws

Builder = Callable[..., Draws]
Spending = Callable[..., np.ndarray]

WORLDS = 100


def rejected(world: Callable[[np.random.Generator], Draws]) -> int:
    draws = (world(np.random.default_rng((11, number))) for number in range(WORLDS))
    return sum(balance_test(one).test.answer == "failed" for one in draws)


def about_five_percent(count: int) -> bool:
    """Within about three standard deviations of 5 % of the worlds: 1 to 12 of 100."""
    return 1 <= count <= 12


def test_a_coin_is_rejected_in_about_five_of_a_hundred_worlds(draws_of: Builder, spending: Spending) -> None:
    def world(draw: np.random.Generator) -> Draws:
        return draws_of(spending(draw, 300), draw.random(300) < 0.5, propensity=np.full(300, 0.5))

    assert about_five_percent(rejected(world))


def test_money_with_long_tails_and_small_chances_are_rejected_no_more_often(draws_of: Builder) -> None:
    def world(draw: np.random.Generator) -> Draws:
        level = 1.5 * draw.standard_normal((400, 1))
        windows = np.where(draw.random((400, 4)) < 0.4, np.exp(3 + level + draw.standard_normal((400, 4))), 0.0)
        is_treated = draw.random(400) < 0.15
        return draws_of(windows, is_treated, propensity=np.where(is_treated, 0.15, 0.85))

    assert about_five_percent(rejected(world))


def test_chances_that_follow_past_spend_are_fair_when_they_are_recorded(draws_of: Builder, spending: Spending) -> None:
    def world(draw: np.random.Generator) -> Draws:
        windows = spending(draw, 300)
        chance = np.clip((windows[:, 1] - 60) / 80, 0.1, 0.9)
        is_treated = draw.random(300) < chance
        return draws_of(windows, is_treated, propensity=np.where(is_treated, chance, 1 - chance))

    assert about_five_percent(rejected(world))


@pytest.mark.parametrize("differ", [False, True])
def test_many_arms_are_rejected_no_more_often(draws_of: Builder, spending: Spending, *, differ: bool) -> None:
    def world(draw: np.random.Generator) -> Draws:
        windows = spending(draw, 600, 3)
        first = np.clip(windows[:, 1] / 300, 0.15, 0.55) if differ else np.full(600, 0.3)
        chances = np.column_stack([first, (1 - first) / 2, (1 - first) / 2])
        drawn = (draw.random((600, 1)) > chances.cumsum(axis=1)).sum(axis=1)
        arm = np.array(["call", "mail", "nothing"], dtype=object)[drawn]
        one = draws_of(windows, drawn == 0, propensity=chances[np.arange(600), drawn])
        return replace(one, arm=arm)

    assert about_five_percent(rejected(world))


def test_a_coin_that_good_customers_could_bend_is_caught(draws_of: Builder, spending: Spending) -> None:
    draw = np.random.default_rng(3)
    windows = spending(draw, 600)
    is_treated = draw.random(600) < np.where(windows[:, 1] > 110, 0.65, 0.45)
    found = balance_test(draws_of(windows, is_treated, propensity=np.full(600, 0.5)))
    assert found.test.answer == "failed"
    assert "before" in found.test.sentence
    assert np.abs(found.imbalance.standardised_difference).max() > 0.15


def test_arms_of_another_size_than_recorded_are_caught(draws_of: Builder, spending: Spending) -> None:
    draw = np.random.default_rng(4)
    is_treated = draw.random(1500) < 0.6
    found = balance_test(draws_of(spending(draw, 1500), is_treated, propensity=np.full(1500, 0.5)))
    assert found.test.answer == "failed"


def test_what_else_was_known_counts_too(draws_of: Builder, spending: Spending) -> None:
    draw = np.random.default_rng(5)
    age = draw.normal(40, 10, 600)
    is_treated = draw.random(600) < np.where(age > 45, 0.7, 0.4)
    one = draws_of(spending(draw, 600), is_treated, propensity=np.where(is_treated, 0.47, 0.53))
    assert balance_test(replace(one, covariates={"age": age})).test.answer == "failed"


def test_the_order_of_rows_changes_nothing(draws_of: Builder, spending: Spending) -> None:
    draw = np.random.default_rng(6)
    is_treated = draw.random(200) < 0.5
    one = draws_of(spending(draw, 200), is_treated, propensity=np.full(200, 0.5))
    order = draw.permutation(200)
    turned = replace(
        one,
        **{name: getattr(one, name)[order] for name in ("unit", "cluster", "arm", "assigned_at", "outcome", "earlier")},
    )
    assert balance_test(turned).test.p_value == pytest.approx(balance_test(one).test.p_value, rel=1e-9)


def test_certain_arms_were_not_drawn(draws_of: Builder, spending: Spending) -> None:
    draw = np.random.default_rng(7)
    found = balance_test(draws_of(spending(draw, 100), np.ones(100, dtype=bool), propensity=np.ones(100)))
    assert found.test.answer == "unknown"


def test_without_propensities_nothing_can_be_tested(draws_of: Builder, spending: Spending) -> None:
    with pytest.raises(ValueError, match="propensity of every row"):
        balance_test(draws_of(spending(np.random.default_rng(8), 10), np.arange(10) < 5))


def twice(draw: np.random.Generator, second: Callable[[np.ndarray], np.ndarray], *, apart: int = 7) -> Draws:
    """Two draws of each unit; the second arm's chance may depend on the first."""
    units = 300
    first = draw.random(units) < 0.5
    chance = second(first)
    again = draw.random(units) < chance
    is_treated = np.concatenate([first, again])
    own = np.concatenate([np.full(units, 0.5), np.where(again, chance, 1 - chance)])
    unit = np.tile(np.array([f"u{number}" for number in range(units)], dtype=object), 2)
    at = np.datetime64("2026-03-01", "us") + np.repeat([0, apart], units).astype("timedelta64[D]")
    arm = np.where(is_treated, "mail", "nothing").astype(object)
    return Draws(unit, unit, arm, at, draw.random(2 * units), np.zeros((2 * units, 0)), own)


def test_overlapping_draws_that_are_independent_pass_in_about_95_of_100_worlds() -> None:
    draws = (
        twice(np.random.default_rng((12, number)), lambda first: np.full(len(first), 0.5)) for number in range(100)
    )
    found = [independence_test(one, days=28) for one in draws]
    assert about_five_percent(sum(one is not None and one.answer == "failed" for one in found))


def test_a_later_arm_that_follows_the_earlier_one_is_caught_even_when_its_chance_is_recorded() -> None:
    one = twice(np.random.default_rng(13), lambda first: np.where(first, 0.8, 0.3))
    assert balance_test(one).test.answer == "passed"
    found = independence_test(one, days=28)
    assert found is not None
    assert found.answer == "failed"


def test_draws_whose_windows_do_not_overlap_need_no_independence() -> None:
    one = twice(np.random.default_rng(14), lambda first: np.where(first, 0.8, 0.3), apart=28)
    assert independence_test(one, days=28) is None
    assert independence_test(one, days=28.001) is not None
