"""The test that is proposed finds the effect as often as it says."""

import numpy as np
import pytest

from forecasting.evidence.differences import difference
from forecasting.evidence.settings import EvidenceSettings
from forecasting.evidence.sizes import settling_test, sizes_by_weeks

SETTINGS = EvidenceSettings()


def weekly(units: int, weeks: int, *, seed: int = 1) -> np.ndarray:
    """Spend that is half habit, half chance."""
    draw = np.random.default_rng(seed)
    return np.asarray(40 + 10 * draw.standard_normal((units, 1)) + 20 * draw.standard_normal((units, weeks)))


def test_the_proposed_size_finds_the_effect_in_about_eight_of_ten_worlds() -> None:
    size = next(one for one in sizes_by_weeks(weekly(20_000, 12), SETTINGS, share=0.1) if one.weeks == 2)
    found = 0
    for number in range(300):
        rows = weekly(size.units, 6, seed=number + 100)
        outcome, before, earlier = (rows[:, low : low + 2].sum(axis=1) for low in (0, 2, 4))
        is_treated = np.random.default_rng((9, number)).permutation(size.units) < size.units_per_arm
        outcome = outcome + is_treated * size.effect
        units = np.arange(size.units).astype(object)
        found += difference(outcome, is_treated, units, covariates=[before, earlier]).low > 0
    assert found / 300 == pytest.approx(0.8, abs=0.075)


def test_a_longer_test_and_a_larger_effect_need_fewer_units() -> None:
    data = weekly(5_000, 26)
    by_weeks = [size.units for size in sizes_by_weeks(data, SETTINGS)][:8]
    assert by_weeks == sorted(by_weeks, reverse=True)
    small, large = (sizes_by_weeks(data, SETTINGS, share=share)[3].units_per_arm for share in (0.05, 0.1))
    assert small == pytest.approx(4 * large, rel=0.02)


def test_the_shortest_test_that_is_possible_is_proposed() -> None:
    data = weekly(3_000, 26)
    size = settling_test(data, SETTINGS)
    assert size is not None
    assert size.is_possible
    assert size.units <= 3_000
    shorter = [one for one in sizes_by_weeks(data, SETTINGS) if one.weeks < size.weeks]
    assert shorter
    assert not any(one.is_possible for one in shorter)


def test_where_no_test_is_possible_the_nearest_one_says_what_would_be_seen() -> None:
    size = settling_test(weekly(40, 10), SETTINGS, share=0.01)
    assert size is not None
    assert not size.is_possible
    assert size.units > 40
    assert size.detectable > 0.01


@pytest.mark.parametrize("data", [np.zeros((100, 10)), np.zeros((0, 4)), np.ones((1, 4)), weekly(100, 1), weekly(9, 0)])
def test_where_nothing_is_known_no_test_is_proposed(data: np.ndarray) -> None:
    assert sizes_by_weeks(data, SETTINGS) == []
    assert settling_test(data, SETTINGS) is None
