"""Uplift: a stated prior becomes a mean and a standard deviation, and is never called more than assumed."""

import pytest

from forecasting.errors import ForecastingError
from forecasting.response.uplift import stated_uplift
from forecasting.settings import ForecastSettings, Prior


def test_a_95_percent_interval_becomes_a_standard_deviation() -> None:
    uplift = stated_uplift(ForecastSettings(uplift={"coupon": Prior(0.04, 0.0, 0.08)}), ["coupon"])
    assert uplift.asset_kind.tolist() == ["coupon"]
    assert uplift.mean.tolist() == [0.04]
    assert uplift.sd[0] == pytest.approx(0.08 / 3.92, rel=1e-3)


def test_what_nobody_tested_is_assumed_and_says_who_states_it() -> None:
    settings = ForecastSettings(uplift={"coupon": Prior(0.04, 0, 0.08)}, uplift_source="the owner's guess")
    uplift = stated_uplift(settings, [])
    assert uplift.grade == "assumed"
    assert uplift.source == "the owner's guess"


def test_kinds_without_a_prior_of_their_own_take_the_default_in_order_of_their_names() -> None:
    settings = ForecastSettings(uplift={"coupon": Prior(0.04, 0, 0.08)}, default_uplift=Prior(0.02, -0.01, 0.05))
    uplift = stated_uplift(settings, ["reminder", "booklet"])
    assert uplift.asset_kind.tolist() == ["booklet", "coupon", "reminder"]
    assert uplift.mean.tolist() == [0.02, 0.04, 0.02]


def test_without_a_default_unknown_kinds_have_no_entry() -> None:
    assert stated_uplift(ForecastSettings(), ["reminder"]).asset_kind.tolist() == []


@pytest.mark.parametrize("prior", [(0.04, 0.05, 0.08), (0.09, 0.0, 0.08)])
def test_a_mean_outside_its_interval_is_refused(prior: tuple[float, float, float]) -> None:
    with pytest.raises(ForecastingError, match="low <= mean <= high"):
        Prior(*prior)


@pytest.mark.parametrize(
    "settings",
    [
        {"value_window_days": 0},
        {"value_window_days": 366},
        {"margin_pct": 100.5},
        {"redemption_prior": 0.0},
        {"redemption_prior": 1.0},
        {"minimum_days": 0},
        {"redemption_window_days": 0},
    ],
)
def test_settings_outside_their_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ForecastingError, match=next(iter(settings))):
        ForecastSettings(**settings)  # type: ignore[arg-type]
