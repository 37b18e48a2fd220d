"""Carry-over and saturation: what they must be whatever their parameters are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.media_mix.shapes import STEP, Spending, carry_weights, parameters, saturation


def _one(value: float) -> np.ndarray:
    return np.array([[value]])


@given(carry=st.floats(0.01, 0.99), lags=st.integers(1, 20))
def test_carry_weights_add_up_to_one_and_never_grow(carry: float, lags: int) -> None:
    weights = carry_weights(_one(carry), lags)[0, 0]
    assert weights.sum() == pytest.approx(1.0)
    assert (np.diff(weights) <= 0).all()


@given(half=st.floats(0.05, 20), slope=st.floats(0.3, 4), low=st.floats(0, 50), more=st.floats(0, 50))
def test_saturation_rises_from_nothing_to_one(half: float, slope: float, low: float, more: float) -> None:
    levels = np.array([[[0.0, low, low + more]]])
    reached = saturation(levels, _one(half), _one(slope))[0, 0]
    assert reached[0] == pytest.approx(0.0, abs=1e-3)
    assert reached[1] <= reached[2] <= 1


def test_half_of_the_highest_effect_lies_at_the_half_saturation() -> None:
    assert saturation(np.array([[[2.0]]]), _one(2.0), _one(1.7))[0, 0, 0] == pytest.approx(0.5)


def test_a_guess_of_zeros_is_the_middle_of_the_prior() -> None:
    carry, half, slope = parameters(np.zeros((1, 1, 3)))
    assert carry[0, 0] == pytest.approx(0.401, abs=1e-3)
    assert half[0, 0] == pytest.approx(1.492, abs=1e-3)
    assert slope[0, 0] == pytest.approx(1.105, abs=1e-3)


@settings(max_examples=25)
@given(guess=st.lists(st.floats(-2.5, 2.5), min_size=3, max_size=3), seed=st.integers(0, 99))
def test_at_a_return_of_one_spend_brings_itself_and_the_next_cent_is_its_slope(guess: list[float], seed: int) -> None:
    draw = np.random.default_rng(seed)
    spend = draw.lognormal(0, 0.5, (40, 1))
    earlier = draw.lognormal(0, 0.5, (5, 1))
    worked = Spending(spend, earlier).work(np.array([[guess]]))
    assert worked.feature[0, 0].sum() == pytest.approx(spend.sum())
    spending = Spending(spend, earlier)
    spending.lagged = spending.lagged * (1 + STEP)
    more = spending.work(np.array([[guess]]))
    brought = more.feature[0, 0] / more.scale[0, 0] * worked.scale[0, 0]
    assert (brought.sum() - spend.sum()) / (STEP * spend.sum()) == pytest.approx(worked.steepness[0, 0], rel=1e-6)


def test_spend_of_before_works_on() -> None:
    spend = np.ones((10, 1))
    shapes = np.zeros((1, 1, 3))
    with_earlier = Spending(spend, np.full((4, 1), 5.0)).work(shapes)
    without = Spending(spend, np.zeros((4, 1))).work(shapes)
    shares = [one.feature[0, 0, 0] / one.feature[0, 0].sum() for one in (with_earlier, without)]
    assert shares[0] > shares[1]
