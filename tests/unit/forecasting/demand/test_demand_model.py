"""Forecasts of simulated series: what they must find, what they may never say, and how they add up."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from forecasting.demand.model import DemandModel
from forecasting.demand.settings import DemandSettings, united_states_holidays
from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.values.demand import DemandForecast

START = pd.Timestamp("2025-01-06")
QUICK = DemandSettings(origins=4)


def end_of(periods: int, days: int = 7) -> datetime:
    return (START + pd.Timedelta(days=days * periods)).to_pydatetime().replace(tzinfo=UTC)


def table_of(values: np.ndarray, days: int = 7) -> pd.DataFrame:
    """One series per row of `values`, a period every `days` days."""
    n_series, periods = values.shape
    times = pd.DatetimeIndex([START + timedelta(days=days * number) for number in range(periods)])
    names = np.array([f"s{number:02d}" for number in range(n_series)], dtype=object)
    return pd.DataFrame(
        {"series": np.repeat(names, periods), "time": np.tile(times, n_series), "value": values.ravel()}
    )


def forecast_of(values: np.ndarray, settings: DemandSettings = QUICK) -> DemandForecast:
    model = DemandModel(settings, random_state=1)
    return model.fit(table_of(values), as_of=end_of(values.shape[1]), timezone="UTC").predict()


def is_sound(forecast: DemandForecast) -> bool:
    """Finite, not negative, intervals nested around the mean."""
    low, inner_low, inner_high, high = np.moveaxis(forecast.bounds, 2, 0)
    finite = np.isfinite(forecast.mean).all() and np.isfinite(forecast.bounds).all()
    nested = (low <= inner_low) & (inner_low <= forecast.mean) & (forecast.mean <= inner_high) & (inner_high <= high)
    return bool(finite and nested.all() and (low >= 0).all())


@pytest.fixture(scope="module")
def poisson() -> np.ndarray:
    return np.random.default_rng(5).poisson(np.geomspace(20, 200, 12)[:, None], (12, 40)).astype(float)


def test_steady_series_are_forecast_at_their_level_with_intervals_of_their_noise(poisson: np.ndarray) -> None:
    forecast = forecast_of(poisson)
    level = np.geomspace(20, 200, 12)
    assert is_sound(forecast)
    assert forecast.mean.mean(axis=1) == pytest.approx(level, rel=0.15)
    width = forecast.bounds[:, :, 2] - forecast.bounds[:, :, 1]
    assert width.mean(axis=1) == pytest.approx(2 * 1.28 * np.sqrt(level), rel=0.5)


def test_constant_series_stay_constant() -> None:
    forecast = forecast_of(np.full((6, 30), 7.0))
    assert forecast.mean == pytest.approx(7.0, rel=1e-6)
    assert is_sound(forecast)


def test_series_that_never_sold_are_zero_and_say_so() -> None:
    forecast = forecast_of(np.zeros((3, 30)))
    assert (forecast.mean == 0).all()
    assert is_sound(forecast)
    assert all(source.startswith("nothing sold in any period") for source in forecast.source)


def test_a_lone_short_series_states_its_fallback() -> None:
    forecast = forecast_of(np.arange(1.0, 9.0)[None, :])
    assert is_sound(forecast)
    assert "fallback" in forecast.source[0] or "chosen on" in forecast.source[0]


def test_intermittent_series_are_forecast_at_their_mean_rate() -> None:
    draws = np.random.default_rng(11)
    values = (draws.random((24, 60)) < 0.25) * draws.poisson(4, (24, 60)).astype(float)
    forecast = forecast_of(values)
    assert is_sound(forecast)
    # the absolute error of a mostly empty series is lowest at zero, so a mean rate must not be driven there
    assert forecast.mean.mean() == pytest.approx(1.0, abs=0.5)


def test_a_new_series_among_old_ones_is_forecast_too(poisson: np.ndarray) -> None:
    table = table_of(poisson)
    is_new = (table["series"] == "s03") & (table["time"] < START + pd.Timedelta(weeks=38))
    forecast = DemandModel(QUICK).fit(table[~is_new], as_of=end_of(40), timezone="UTC").predict()
    assert is_sound(forecast)
    assert forecast.mean[3].mean() == pytest.approx(poisson[3, 38:].mean(), rel=0.6)


def test_a_weekly_season_of_days_is_found() -> None:
    season = np.array([1.0, 0.6, 0.6, 0.8, 1.0, 1.4, 1.6])
    level = np.linspace(40, 90, 10)[:, None]
    values = np.random.default_rng(2).poisson(level * np.tile(season, 12)).astype(float)
    forecast = forecast_of_days(values, horizon=7)
    relative = forecast.mean.sum(axis=0) / forecast.mean.sum() * 7
    assert relative == pytest.approx(season / season.mean(), abs=0.1)


def forecast_of_days(values: np.ndarray, horizon: int) -> DemandForecast:
    settings = DemandSettings(frequency="day", horizon=horizon, origins=4)
    model = DemandModel(settings).fit(table_of(values, days=1), as_of=end_of(values.shape[1], 1), timezone="UTC")
    return model.predict()


@pytest.mark.parametrize(
    ("start", "hours"), [("2026-03-07", 47), ("2026-10-31", 49)], ids=["clock goes on", "clock goes back"]
)
def test_hours_across_a_clock_change_keep_their_hour_of_the_day(start: str, hours: int) -> None:
    zone = "America/New_York"
    begin = pd.Timestamp(start, tz=zone) - pd.Timedelta(days=21)
    times = pd.date_range(begin, pd.Timestamp(start, tz=zone), freq="h", inclusive="left")
    values = np.where(times.hour < 8, 2.0, 20.0)
    table = pd.DataFrame({"series": "till", "time": times.tz_convert("UTC").as_unit("us"), "value": values})
    settings = DemandSettings(frequency="hour", horizon=48, origins=3)
    as_of = pd.Timestamp(start, tz=zone).to_pydatetime()
    forecast = DemandModel(settings).fit(table, as_of=as_of, timezone=zone).predict()
    assert forecast.mean.shape == (1, hours)
    assert is_sound(forecast)
    local = pd.DatetimeIndex(forecast.starts_at).tz_localize("UTC").tz_convert(zone)
    assert (forecast.mean[0, local.hour < 8] < 6).all()
    assert (forecast.mean[0, local.hour >= 8] > 14).all()


def test_months_are_forecast(poisson: np.ndarray) -> None:
    times = pd.date_range("2022-01-01", periods=40, freq="MS")
    table = table_of(poisson).assign(time=np.tile(times, 12))
    settings = DemandSettings(frequency="month", horizon=3, origins=4)
    forecast = DemandModel(settings).fit(table, as_of=datetime(2025, 5, 1, tzinfo=UTC), timezone="UTC").predict()
    assert is_sound(forecast)
    assert [str(start)[:10] for start in forecast.starts_at] == ["2025-05-01", "2025-06-01", "2025-07-01"]


def test_planned_promotions_raise_the_forecast_and_unplanned_ones_do_not() -> None:
    draws = np.random.default_rng(4)
    promoted = (draws.random((20, 64)) < 0.2).astype(float)
    promoted[:, 60:] = 0
    promoted[:10, 60] = 1
    values = draws.poisson(50 * np.exp(0.7 * promoted[:, :60])).astype(float)
    table = table_of(np.hstack([values, np.zeros((20, 4))])).assign(promoted=promoted.ravel())

    def first_week(planned: int) -> np.ndarray:
        settings = DemandSettings(origins=4, promotions_planned_periods=planned)
        model = DemandModel(settings).fit(table, as_of=end_of(60), timezone="UTC", regressors=["promoted"])
        return model.predict().mean[:, 0]

    known, unknown = first_week(4), first_week(0)
    assert known[:10].mean() / known[10:].mean() == pytest.approx(np.exp(0.7), rel=0.2)
    assert unknown[:10].mean() / unknown[10:].mean() == pytest.approx(1.0, abs=0.15)


def test_the_hierarchy_adds_up_exactly_and_names_its_parents(poisson: np.ndarray) -> None:
    names = [f"s{number:02d}" for number in range(12)]
    hierarchy = pd.DataFrame({"series": [*names, "a", "b"], "parent": ["a"] * 5 + ["b"] * 7 + ["all", "all"]})
    model = DemandModel(QUICK).fit(table_of(poisson), as_of=end_of(40), timezone="UTC", hierarchy=hierarchy)
    frame = model.predict().to_frame()
    assert not frame.drop(columns="parent").isna().any(axis=None)
    for parent, below in frame.dropna(subset=["parent"]).groupby("parent"):
        whole = frame[frame["series"] == parent].set_index("starts_at")["mean"]
        assert (below.groupby("starts_at")["mean"].sum() == whole).all()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("s00", "a"), ("s00", "b")], "two parents"),
        ([("s00", "s01")], "demand of its own"),
        ([("s00", "a"), ("a", "b"), ("b", "a")], "circle"),
    ],
)
def test_a_hierarchy_that_is_no_tree_is_refused(poisson: np.ndarray, rows: list[tuple[str, str]], said: str) -> None:
    hierarchy = pd.DataFrame(rows, columns=["series", "parent"])
    with pytest.raises(ForecastingError, match=said):
        DemandModel(QUICK).fit(table_of(poisson), as_of=end_of(40), timezone="UTC", hierarchy=hierarchy)


def test_what_follows_as_of_and_the_order_of_rows_change_nothing(poisson: np.ndarray) -> None:
    whole = table_of(poisson).sample(frac=1, random_state=3)
    known = table_of(poisson[:, :30])
    left = DemandModel(QUICK, random_state=1).fit(whole, as_of=end_of(30), timezone="UTC").predict()
    right = DemandModel(QUICK, random_state=1).fit(known, as_of=end_of(30), timezone="UTC").predict()
    assert np.array_equal(left.mean, right.mean)
    assert np.array_equal(left.bounds, right.bounds)


def test_a_fitted_model_survives_as_arrays(poisson: np.ndarray) -> None:
    model = DemandModel(QUICK).fit(table_of(poisson), as_of=end_of(40), timezone="UTC")
    arrays = model.arrays()
    assert all(array.dtype != object for array in arrays.values())
    again = DemandModel.from_arrays(arrays)
    pd.testing.assert_frame_equal(again.predict().to_frame(), model.predict().to_frame(), check_exact=True)


def test_an_unfitted_model_and_too_short_a_history_say_so(poisson: np.ndarray) -> None:
    with pytest.raises(ForecastingError, match="not been fitted"):
        DemandModel().predict()
    with pytest.raises(TooLittleDataError, match="7 periods"):
        DemandModel().fit(table_of(poisson[:, :7]), as_of=end_of(7), timezone="UTC")


def test_settings_out_of_range_are_refused() -> None:
    for wrong in ({"horizon": 0}, {"series": 0}, {"coverages": (0.95, 0.8)}, {"frequency": "year"}):
        with pytest.raises(ForecastingError, match="demand settings"):
            DemandSettings(**wrong)


def test_holidays_of_the_united_states_fall_where_the_calendar_says() -> None:
    found = {name: str(day) for name, day in united_states_holidays(2017, 2017)}
    assert len(found) == 7
    assert "2017-11-23" in found.values()
    assert "2017-04-16" in found.values()


def test_a_series_that_turns_intermittent_late_breaks_nothing(poisson: np.ndarray) -> None:
    values = poisson.copy()
    values[0, 29:] = 0  # a fifth of its periods are empty only at the last origins
    forecast = forecast_of(values)
    assert is_sound(forecast)
    assert forecast.mean[0].max() < 10


def test_days_are_forecast_across_a_clock_change() -> None:
    zone = "America/New_York"
    midnights = pd.date_range("2026-02-01", "2026-03-05", freq="D", tz=zone)
    values = np.where(midnights.dayofweek == 6, 30.0, 10.0)
    table = pd.DataFrame({"series": "till", "time": midnights.tz_convert("UTC").as_unit("us"), "value": values})
    settings = DemandSettings(frequency="day", horizon=7, origins=3)
    as_of = pd.Timestamp("2026-03-06", tz=zone).to_pydatetime()
    forecast = DemandModel(settings).fit(table, as_of=as_of, timezone=zone).predict()
    local = pd.DatetimeIndex(forecast.starts_at).tz_localize("UTC").tz_convert(zone)
    assert [str(day.date()) for day in local] == [f"2026-03-{day:02d}" for day in range(6, 13)]
    assert (local.hour == 0).all()
    assert int(forecast.mean[0].argmax()) == 2  # Sunday, the day of 23 hours
    assert is_sound(forecast)
