"""Metrics that leave their own baseline: what alarms, what does not, and series that are wrong."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.anomaly.alarms import find_anomalies
from forecasting.anomaly.settings import AnomalySettings
from forecasting.errors import ForecastingError, TooLittleDataError

DAYS = 160
FIRST = pd.Timestamp("2026-01-05")  # a Monday
WEEKDAYS = np.array([1.0, 1.1, 1.2, 1.1, 1.3, 0.6, 0.5])


def _metric(days: int = DAYS, seed: int = 3, noise: float = 0.04) -> "pd.Series[float]":
    draw = np.random.default_rng(seed)
    values = 500 * WEEKDAYS[np.arange(days) % 7] * (1 + noise * draw.standard_normal(days))
    return pd.Series(values, index=pd.date_range(FIRST, periods=days, freq="D"), name="orders")


def _day(number: int) -> np.datetime64:
    return np.datetime64((FIRST + pd.Timedelta(days=number)).date(), "D")


def _shifted(factor: float, begin: int = 120) -> "pd.Series[float]":
    series = _metric()
    series.iloc[begin:] *= factor
    return series


@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_a_shift_by_a_third_is_found_within_three_days(factor: float) -> None:
    found = find_anomalies(_shifted(factor))
    assert len(found.found_at) == 1
    assert _day(120) <= found.found_at[0] <= _day(122)
    assert found.since[0] >= _day(120)
    assert found.series_id.tolist() == ["orders"]
    assert not found.low[0] <= found.value[0] <= found.high[0]
    assert found.low[0] < found.expected[0] < found.high[0]
    assert found.change[0] == pytest.approx(factor - 1, abs=0.12)


def test_a_calm_metric_with_a_weekly_season_is_silent() -> None:
    assert len(find_anomalies(_metric()).found_at) == 0


def test_growth_is_no_anomaly() -> None:
    series = _metric(300)
    found = find_anomalies(pd.Series(series.to_numpy() * np.exp(0.8 * np.arange(300) / 300), index=series.index))
    assert (found.until - found.found_at).astype(int).sum() + len(found.until) <= 0.01 * 300


def test_a_metric_below_zero_is_watched_too() -> None:
    draw = np.random.default_rng(4)
    margin = pd.Series(draw.normal(0, 10, DAYS), index=_metric().index)
    margin.iloc[120] = -120
    found = find_anomalies(margin)
    assert found.found_at.tolist() == [_day(120).astype(object)]
    assert found.expected[0] > -20


@given(scale=st.floats(1e-3, 1e6))
@settings(max_examples=15, deadline=None)
def test_the_currency_does_not_matter(scale: float) -> None:
    series = _shifted(0.7)
    plain, scaled = find_anomalies(series), find_anomalies(series * scale)
    assert plain.found_at.tolist() == scaled.found_at.tolist()
    np.testing.assert_allclose(scaled.expected, plain.expected * scale, rtol=1e-6)
    np.testing.assert_allclose(scaled.change, plain.change, rtol=1e-6)


def test_one_outlier_does_not_become_the_baseline() -> None:
    series = _metric()
    series.iloc[120] *= 5
    found = find_anomalies(series)
    assert found.found_at.tolist() == [_day(120).astype(object)]
    assert found.until[0] <= _day(122)
    assert not found.is_open[0]


def test_an_alarm_that_lasts_is_one_alarm_and_open() -> None:
    series = _metric()
    series.iloc[-6:] *= 2
    found = find_anomalies(series)
    assert len(found.found_at) == 1
    assert found.is_open.tolist() == [True]
    assert found.until.tolist() == [_day(DAYS - 1).astype(object)]


def test_days_from_tomorrow_on_do_not_change_what_was_found_until_today() -> None:
    series = _shifted(0.7)
    whole, until = find_anomalies(series), find_anomalies(series.iloc[:130])
    assert whole.found_at.tolist() == until.found_at.tolist()
    np.testing.assert_allclose(whole.expected, until.expected)


def test_many_series_are_watched_as_each_alone() -> None:
    calm, shifted = _metric(seed=8), _shifted(0.7)
    table = pd.concat(
        [
            pd.DataFrame({"series_id": name, "day": series.index, "value": series.to_numpy()})
            for name, series in (("calm", calm), ("shifted", shifted))
        ]
    )
    together = find_anomalies(table.sample(frac=1, random_state=1))
    alone = find_anomalies(shifted)
    assert together.series_id.tolist() == ["shifted"]
    assert together.found_at.tolist() == alone.found_at.tolist()
    np.testing.assert_allclose(together.expected, alone.expected)


def test_a_series_that_begins_later_is_watched_from_its_own_first_day() -> None:
    early, late = _metric(DAYS + 60), _shifted(0.7)
    late.index = late.index + pd.Timedelta(days=60)
    table = pd.concat(
        [
            pd.DataFrame({"series_id": name, "day": series.index, "value": series.to_numpy()})
            for name, series in (("early", early), ("late", late))
        ]
    )
    found = find_anomalies(table)
    assert found.series_id.tolist() == ["late"]
    assert _day(180) <= found.found_at[0] <= _day(182)


def test_missing_weeks_are_noted_and_do_not_alarm() -> None:
    series = _metric()
    found = find_anomalies(series.drop(series.index[80:94]))
    assert len(found.found_at) == 0
    assert found.notes == ("orders misses 14 days, which are neither expected nor alarming.",)


def test_a_value_that_is_missing_is_a_missing_day() -> None:
    series = _metric()
    series.iloc[100] = np.nan
    assert find_anomalies(series).notes == ("orders misses 1 days, which are neither expected nor alarming.",)


def test_rare_events_do_not_alarm_one_by_one_but_a_burst_does() -> None:
    draw = np.random.default_rng(14)
    events = pd.Series(draw.poisson(0.2, DAYS), index=_metric().index, dtype=float)
    assert len(find_anomalies(events).found_at) == 0
    events.iloc[120] = 12
    found = find_anomalies(events)
    assert found.found_at.tolist() == [_day(120).astype(object)]
    assert found.high[0] < 12


def test_an_outage_is_found_on_its_first_day() -> None:
    series = _metric()
    series.iloc[120:123] = 0
    found = find_anomalies(series)
    assert found.found_at[0] == _day(120)
    assert found.since[0] == _day(120)
    assert found.change[0] < -0.9


def test_income_with_days_of_none_is_watched() -> None:
    draw = np.random.default_rng(15)
    income = pd.Series(np.where(draw.random(DAYS) < 0.5, draw.gamma(4, 210.5, DAYS), 0.0), index=_metric().index)
    calm = find_anomalies(income)
    assert len(calm.found_at) <= 2
    income.iloc[120:123] = 20_000.5
    found = find_anomalies(income)
    assert _day(120) in found.found_at


@pytest.mark.parametrize("level", [0.0, 7.0, -3.0])
def test_a_constant_metric_is_silent_until_it_moves(level: float) -> None:
    series = pd.Series(np.full(DAYS, level), index=_metric().index)
    assert len(find_anomalies(series).found_at) == 0
    series.iloc[120] = level + 5
    found = find_anomalies(series)
    assert found.found_at[0] == _day(120)
    assert np.isfinite([found.value[0], found.expected[0], found.low[0], found.high[0], found.change[0]]).all()


def test_a_series_that_is_too_short_is_noted_among_others() -> None:
    table = pd.DataFrame(
        {
            "series_id": ["long"] * DAYS + ["short"] * 20,
            "day": [*_metric().index, *_metric(20).index],
            "value": [*_metric(), *_metric(20)],
        }
    )
    assert find_anomalies(table).notes == ("short has 20 days in the table: too few to be watched.",)


@pytest.mark.parametrize("days", [1, 56])
def test_too_short_a_history_is_said(days: int) -> None:
    with pytest.raises(TooLittleDataError, match="more than 56 days"):
        find_anomalies(_metric(days))


def test_the_shortest_history_is_watched_on_its_last_day() -> None:
    series = _metric(57)
    series.iloc[-1] *= 4
    assert find_anomalies(series).found_at.tolist() == [_day(56).astype(object)]


@pytest.mark.parametrize(
    "empty", [pd.Series([], index=pd.DatetimeIndex([]), dtype=float), _metric() * np.nan], ids=["none", "all missing"]
)
def test_no_values_are_said(empty: "pd.Series[float]") -> None:
    with pytest.raises(TooLittleDataError, match="no values"):
        find_anomalies(empty)


def test_an_infinite_value_is_named() -> None:
    series = _metric()
    series.iloc[5] = np.inf
    with pytest.raises(ForecastingError, match="row 5 is infinite"):
        find_anomalies(series)


def test_a_day_twice_is_refused() -> None:
    series = pd.concat([_metric(), _metric().iloc[:1]])
    with pytest.raises(ForecastingError, match="more than once"):
        find_anomalies(series)


def test_a_time_within_a_day_is_refused() -> None:
    series = _metric()
    series.index = series.index + pd.Timedelta(hours=3)
    with pytest.raises(ForecastingError, match="whole day"):
        find_anomalies(series)


def test_local_midnights_stay_days_when_clocks_change() -> None:
    series = _shifted(0.7)
    local = series.copy()
    local.index = pd.DatetimeIndex(local.index).tz_localize("Europe/Berlin")
    assert find_anomalies(local).found_at.tolist() == find_anomalies(series).found_at.tolist()


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ForecastingError, match="series_id"):
        find_anomalies(pd.DataFrame({"day": _metric().index, "value": 1.0}))


@pytest.mark.parametrize(("name", "value"), [("false_alarms_per_day", 0.0), ("least_history_days", 7)])
def test_settings_out_of_range_are_refused(name: str, value: Any) -> None:
    with pytest.raises(ForecastingError, match=name):
        AnomalySettings(**{name: value})


def test_fewer_false_alarms_are_bought_with_wider_limits() -> None:
    series = _shifted(0.5)
    strict = find_anomalies(series, AnomalySettings(false_alarms_per_day=0.0005))
    loose = find_anomalies(series, AnomalySettings(false_alarms_per_day=0.02))
    assert strict.high[0] - strict.low[0] > loose.high[0] - loose.low[0]


def test_calm_days_alarm_seldom_and_shifts_are_found() -> None:
    draw = np.random.default_rng(12)
    series, days = 60, 260
    errors = np.where(np.arange(series)[:, None] % 2 == 0, draw.standard_normal((series, days)), 0)
    errors[1::2] = draw.standard_t(4, (series // 2, days)) / np.sqrt(2)
    values = 100 * WEEKDAYS[np.arange(days) % 7] * (1 + 0.05 * errors)
    table = pd.DataFrame(
        {
            "series_id": np.repeat([f"m{number:02d}" for number in range(series)], days),
            "day": np.tile(pd.date_range(FIRST, periods=days, freq="D"), series),
            "value": values.ravel(),
        }
    )
    calm = find_anomalies(table)
    lasted = (calm.until - calm.found_at).astype(int) + 1
    assert lasted.sum() / (series * (days - 56)) <= 0.01
    values[:, 250:] *= 0.7
    found = find_anomalies(table.assign(value=values.ravel()))
    soon = (found.found_at >= _day(250)) & (found.found_at <= _day(252))
    assert len(set(found.series_id[soon])) >= 0.9 * series
