"""What a long table becomes, and what it is refused for."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from forecasting.demand.panel import Panel, panel_of
from forecasting.demand.periods import clock_of_hours, local_clock, period_at, periods_of, utc_starts
from forecasting.demand.settings import DemandSettings
from forecasting.errors import ForecastingError, TooLittleDataError

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NEW_YORK = "America/New_York"


def weekly(values: list[float], series: str = "milk") -> pd.DataFrame:
    """Weeks until the one before MONDAY."""
    times = pd.date_range(end="2026-02-23", periods=len(values), freq="7D").as_unit("us")
    return pd.DataFrame({"series": pd.Series([series] * len(values), dtype=object), "time": times, "value": values})


def read(table: pd.DataFrame, settings: DemandSettings | None = None, *regressors: str) -> Panel:
    return panel_of(table, settings or DemandSettings(), as_of=MONDAY, timezone="UTC", regressors=regressors)


def test_an_empty_table_says_that_there_is_no_history() -> None:
    with pytest.raises(TooLittleDataError, match="no rows in a whole period before as-of"):
        read(weekly([]).astype({"value": float}))


def test_one_row_is_too_little() -> None:
    with pytest.raises(TooLittleDataError, match=r"1 periods \(week\) before as-of"):
        read(weekly([5.0]))


def test_eight_periods_are_the_fewest() -> None:
    assert read(weekly([1.0] * 8)).length == 8
    with pytest.raises(TooLittleDataError, match="7 periods"):
        read(weekly([1.0] * 7))


def test_a_missing_week_counts_as_nothing_sold_or_as_unknown_as_settings_say() -> None:
    table = weekly([3.0] * 12).drop(index=5)
    sold = read(table)
    assert sold.units[0, 5] == 0
    assert sold.is_known[0, 5]
    assert "1 periods without a row count as nothing sold" in sold.notes
    unknown = read(table, DemandSettings(missing="unknown"))
    assert not unknown.is_known[0, 5]
    assert unknown.is_known.sum() == 11


def test_a_null_value_is_never_known() -> None:
    table = weekly([3.0] * 12)
    table.loc[4, "value"] = np.nan
    assert not read(table).is_known[0, 4]


@pytest.mark.parametrize("wrong", [np.inf, -np.inf])
def test_infinite_values_are_refused_with_the_first_row_named(wrong: float) -> None:
    with pytest.raises(ForecastingError, match=r"1 rows have an infinite value.*milk at 2026-02-23"):
        read(weekly([3.0] * 11 + [wrong]))


def test_negative_sales_are_refused_or_floored() -> None:
    table = weekly([3.0] * 11 + [-1.0])
    with pytest.raises(ForecastingError, match="a negative value"):
        read(table)
    floored = read(table, DemandSettings(negatives="floor"))
    assert floored.units[0, -1] == 0
    assert "1 negative values were floored at zero" in floored.notes


def test_duplicates_are_refused_or_added_up() -> None:
    table = pd.concat([weekly([3.0] * 12), weekly([4.0])])
    with pytest.raises(ForecastingError, match="2 rows have another row in its period"):
        read(table)
    added = read(table, DemandSettings(duplicates="add"))
    assert added.units[0, -1] == 7
    assert "2 rows shared a period and were added up" in added.notes


def test_two_days_of_one_week_are_duplicates_too() -> None:
    table = pd.concat([weekly([3.0] * 12), weekly([4.0]).assign(time=pd.Timestamp("2026-02-25"))])
    with pytest.raises(ForecastingError, match="another row in its period"):
        read(table)
    assert read(table, DemandSettings(duplicates="add")).units[0, -1] == 7


def test_rows_without_a_series_or_a_time_are_refused() -> None:
    table = weekly([3.0] * 12)
    with pytest.raises(ForecastingError, match="1 rows name no series"):
        read(table.assign(series=table["series"].where(table.index > 0, None)))
    with pytest.raises(ForecastingError, match="lacks times"):
        read(table.assign(time=table["time"].where(table.index > 0)))
    with pytest.raises(ForecastingError, match="no column value"):
        read(table.drop(columns="value"))


def test_regressors_need_a_number_in_every_row() -> None:
    table = weekly([3.0] * 12).assign(promoted=[np.nan] + [0.0] * 11)
    with pytest.raises(ForecastingError, match="no finite promoted"):
        read(table, None, "promoted")


def test_what_lies_ahead_is_looked_at_for_planned_regressors_alone() -> None:
    ahead = pd.DataFrame({"series": ["milk"] * 4, "time": pd.date_range("2026-03-02", periods=4, freq="7D")})
    table = pd.concat([weekly([3.0] * 12).assign(promoted=0.0), ahead.assign(value=999.0, promoted=0.5)])
    unplanned = read(table, None, "promoted")
    assert unplanned.units.max() == 3
    assert np.isnan(unplanned.regressors[0, 12:, 0]).all()
    planned = read(table, DemandSettings(promotions_planned_periods=2), "promoted")
    assert planned.regressors[0, 12:14, 0].tolist() == [0.5, 0.5]
    assert np.isnan(planned.regressors[0, 14:, 0]).all()


def test_a_week_that_as_of_cuts_is_not_history() -> None:
    table = weekly([3.0] * 12)
    cut = panel_of(table, DemandSettings(), as_of=datetime(2026, 2, 25, tzinfo=UTC), timezone="UTC")
    assert cut.length == 11


def test_any_order_of_rows_gives_the_same() -> None:
    table = pd.concat([weekly([float(n) for n in range(12)], series) for series in "abc"], ignore_index=True)
    left, right = read(table), read(table.sample(frac=1, random_state=1))
    assert left.series.tolist() == right.series.tolist()
    assert np.array_equal(left.units, right.units)


def test_days_are_local_days_when_the_clock_changes() -> None:
    midnights = pd.date_range("2026-02-20", "2026-03-20", freq="D", tz=NEW_YORK)
    table = pd.DataFrame({"series": "milk", "time": midnights.tz_convert("UTC").as_unit("us"), "value": 1.0})
    as_of = datetime(2026, 3, 21, 4, tzinfo=UTC)
    panel = panel_of(table, DemandSettings(frequency="day"), as_of=as_of, timezone=NEW_YORK)
    assert panel.length == 29
    assert panel.is_known.all()
    starts = utc_starts(panel.periods, "day", NEW_YORK)
    assert {str(start.time()) for start in starts} == {"05:00:00", "04:00:00"}


def test_a_skipped_hour_has_no_start_and_a_repeated_one_has_two() -> None:
    for day, hours in (("2026-03-08", 23), ("2026-11-01", 25), ("2026-03-09", 24)):
        first = int(np.datetime64(day, "h").astype(int))
        position, starts = clock_of_hours(np.arange(first, first + 24), NEW_YORK)
        assert len(position) == len(starts) == hours
        assert (np.diff(starts) == np.timedelta64(1, "h")).all()
    assert (np.diff(position) >= 0).all()


def test_the_hour_that_comes_twice_stands_as_its_mean() -> None:
    times = pd.date_range("2026-10-31 04:00", "2026-11-02 04:00", freq="h", tz="UTC").as_unit("us")
    table = pd.DataFrame({"series": "milk", "time": times, "value": 1.0})
    table.loc[times == pd.Timestamp("2026-11-01 06:00", tz="UTC"), "value"] = 3.0
    settings = DemandSettings(frequency="hour")
    panel = panel_of(table, settings, as_of=datetime(2026, 11, 2, 5, tzinfo=UTC), timezone=NEW_YORK)
    assert panel.length == 48
    repeated = int(np.datetime64("2026-11-01T01", "h").astype(int)) - panel.periods[0]
    assert panel.units[0, repeated] == 2.0
    assert "hours that the clock repeats stand as their mean" in panel.notes


def test_weeks_begin_on_local_monday() -> None:
    times = np.array(["2017-11-13T04:59:59", "2017-11-13T05:00:00"], dtype="datetime64[us]")
    before, after = periods_of(local_clock(times, NEW_YORK), "week")
    assert after == before + 1
    assert period_at(datetime(2017, 11, 13, 5, tzinfo=UTC), "week", NEW_YORK) == after
