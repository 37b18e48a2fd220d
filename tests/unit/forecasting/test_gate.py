import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.gate import contest


def losses(values: list[float], weight: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame({"unit": [f"u{n}" for n in range(len(values))], "loss": values, "weight": weight})


def test_who_always_loses_less_has_won() -> None:
    found = contest(losses([0.4, 0.6] * 20), losses([0.5, 0.7] * 20), metric="absolute error")
    assert (found.units, found.is_won) == (40, True)
    assert found.difference == pytest.approx(-0.1)
    assert found.low == pytest.approx(-0.1)


def test_who_is_as_good_has_not_won() -> None:
    same = losses([0.4, 0.6] * 20)
    found = contest(same, same, metric="absolute error")
    assert (found.difference, found.low, found.high, found.is_won) == (0, 0, 0, False)


def test_a_difference_that_may_be_chance_wins_nothing() -> None:
    generator = np.random.default_rng(3)
    champion = list(generator.uniform(1, 2, 50))
    challenger = [loss + move for loss, move in zip(champion, generator.normal(-0.01, 1, 50), strict=True)]
    assert not contest(losses(challenger), losses(champion), metric="absolute error").is_won


def test_units_weigh_what_they_weigh() -> None:
    ours, theirs = losses([1.0] * 30), losses([2.0] * 29 + [0.0])
    heavy = pd.Series([1.0] * 29 + [100.0])
    found = contest(ours.assign(weight=heavy), theirs.assign(weight=heavy), metric="absolute error")
    assert found.difference == pytest.approx((-29 + 100) / 129)
    assert not found.is_won


def test_the_order_of_units_does_not_matter() -> None:
    generator = np.random.default_rng(5)
    ours, theirs = losses(list(generator.uniform(0, 1, 40))), losses(list(generator.uniform(0, 1, 40)))
    assert contest(ours, theirs, metric="x").difference == pytest.approx(
        contest(ours[::-1], theirs.sample(frac=1, random_state=1), metric="x").difference
    )


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_equal_models_seldom_win(seed: int) -> None:
    generator = np.random.default_rng(seed)
    worlds = [
        contest(losses(list(generator.normal(5, 1, 30))), losses(list(generator.normal(5, 1, 30))), metric="x").is_won
        for _ in range(20)
    ]
    assert sum(worlds) <= 6  # expected one in forty


def test_other_units_are_no_contest() -> None:
    other = losses([0.5] * 40).assign(unit=[f"v{n}" for n in range(40)])
    with pytest.raises(ForecastingError, match="only 0 are the same"):
        contest(losses([0.5] * 40), other, metric="x")


@pytest.mark.parametrize("units", [0, 19])
def test_too_few_units_decide_nothing(units: int) -> None:
    few = losses([0.5] * units)
    with pytest.raises(TooLittleDataError, match=f"Only {units} units"):
        contest(few, few, metric="x")


def test_twenty_units_are_enough() -> None:
    assert contest(losses([0.1] * 20), losses([0.2] * 20), metric="x").is_won


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(ForecastingError, match="finite"):
        contest(losses([bad] * 20), losses([0.2] * 20), metric="x")


def test_a_unit_without_weight_is_refused() -> None:
    with pytest.raises(ForecastingError, match="weight"):
        contest(losses([0.1] * 20, weight=0.0), losses([0.2] * 20, weight=0.0), metric="x")
