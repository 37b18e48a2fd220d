"""A long table as a matrix of series by periods, with what is known of each cell."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.demand.periods import Periods, local_clock, period_at, periods_of
from forecasting.demand.settings import DemandSettings
from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.inputs import moment, require, utc_times
from forecasting.values import Floats, Keys

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Panel:
    """Demand of n series over t past periods.

    Attributes:
        series: Keys, ascending, shape (n,).
        periods: Consecutive numbers, shape (t + horizon,): the past, then what is to be forecast.
        units: Shape (n, t); 0 where nothing is known.
        is_known: Whether a value may be learnt from and scored on, shape (n, t).
        regressors: What drives each series, shape (n, t + horizon, r); nan where not known (the future of what is not
            planned).
        regressor_names: Shape (r,).
        notes: What was filled, added up, floored or left out.
    """

    series: Keys
    periods: Periods
    units: Floats
    is_known: Flags
    regressors: Floats
    regressor_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """Past periods."""
        return int(self.units.shape[1])

    @property
    def horizon(self) -> int:
        """Periods to forecast."""
        return len(self.periods) - self.length

    def before(self, length: int, planned: int) -> "Panel":
        """What was known after the first `length` periods, with regressors known `planned` periods ahead."""
        end = length + self.horizon
        regressors = self.regressors[:, :end].copy()
        regressors[:, length + planned :] = np.nan
        return replace(
            self,
            periods=self.periods[:end],
            units=self.units[:, :length],
            is_known=self.is_known[:, :length],
            regressors=regressors,
        )


def panel_of(
    table: pd.DataFrame,
    settings: DemandSettings,
    *,
    as_of: datetime,
    timezone: str,
    regressors: Sequence[str] = (),
) -> Panel:
    """Read a long table: what happened before the period that as-of lies in.

    Args:
        table: Columns series, time (datetime64 with a zone, or without one: the clock on the wall), value, and the
            regressors. A null value is not known. Rows at or after as-of serve as planned regressors only.
        settings: Frequency, horizon, and what missing rows, duplicates and negative values mean.
        as_of: Aware datetime.
        timezone: IANA time zone of the periods.
        regressors: Columns that drive the value; at most `promotions_planned_periods` ahead are looked at.

    Raises:
        ForecastingError: A column is missing; a time, series or regressor is null; a value is infinite; a value is
            negative or a (series, period) doubled where settings do not say what that means.
        TooLittleDataError: No rows before as-of, or fewer than `minimum_periods` periods.
    """
    where = "demand table"
    require(table, where, ("series", "time", "value", *regressors))
    frame, first_to_forecast = _placed(table, settings, as_of, timezone, regressors=regressors, where=where)
    frame, notes = _checked(frame, settings, regressors, where)
    past = frame[frame["period"] < first_to_forecast]
    if past.empty:
        raise TooLittleDataError(
            "There are no rows in a whole period before as-of.", where=where, remedy="Give a history of demand."
        )
    start = max(int(past["period"].min()), first_to_forecast - settings.longest_history)
    length = first_to_forecast - start
    if length < settings.minimum_periods:
        raise TooLittleDataError(
            f"There are {length} periods ({settings.frequency}) before as-of.",
            where=where,
            remedy=f"Demand needs {settings.minimum_periods}; until then use their mean.",
        )
    names = np.array(sorted(past["series"].unique()), dtype=object)
    row = pd.Index(names).get_indexer(pd.Index(frame["series"]))
    column = frame["period"].to_numpy() - start
    is_past = (row >= 0) & (column >= 0) & (column < length)
    values = np.full((len(names), length), np.nan)
    values[row[is_past], column[is_past]] = frame["value"].to_numpy()[is_past]
    has_row = np.zeros(values.shape, dtype=bool)
    has_row[row[is_past], column[is_past]] = True
    has_begun = np.maximum.accumulate(has_row, axis=1)
    is_known = has_begun & (~has_row if settings.missing == "zero" else False) | (has_row & ~np.isnan(values))
    gaps = int((has_begun & ~has_row).sum())
    if gaps:
        meaning = "count as nothing sold" if settings.missing == "zero" else "are not known and were filled in"
        notes.append(f"{gaps} periods without a row {meaning}")
    known_from = _regressor_values(frame, regressors, (row, column), values.shape, settings)
    return Panel(
        names,
        np.arange(start, first_to_forecast + settings.horizon),
        np.where(is_known, np.nan_to_num(values), 0.0),
        is_known,
        known_from,
        tuple(regressors),
        tuple(notes),
    )


def _placed(
    table: pd.DataFrame,
    settings: DemandSettings,
    as_of: datetime,
    timezone: str,
    *,
    regressors: Sequence[str],
    where: str,
) -> tuple[pd.DataFrame, int]:
    """Rows with their period; of the period that as-of cuts nothing is looked at but planned regressors."""
    frame = table[["series", "time", "value", *regressors]].reset_index(drop=True)
    if frame["series"].isna().any():
        raise ForecastingError(
            f"{int(frame['series'].isna().sum())} rows name no series.",
            where=where,
            remedy="Give every row its series.",
        )
    first_to_forecast = period_at(as_of, settings.frequency, timezone)
    if len(frame) and not isinstance(frame["time"].dtype, pd.DatetimeTZDtype):
        if not pd.api.types.is_datetime64_dtype(frame["time"].dtype) or frame["time"].isna().any():
            raise ForecastingError(
                f"Column time is {frame['time'].dtype}, or lacks times.",
                where=where,
                remedy="Give a time in every row.",
            )
        clock = frame["time"].to_numpy(dtype="datetime64[us]")
        frame["instant"] = clock
    else:
        instants = utc_times(frame, where, "time")
        clock = local_clock(instants, timezone)
        frame["instant"] = instants
        is_late = (instants >= moment(as_of)) & ~frame["value"].isna().to_numpy()
        frame.loc[is_late, "value"] = np.nan
    frame["period"] = periods_of(clock, settings.frequency)
    frame.loc[frame["period"] >= first_to_forecast, "value"] = np.nan
    return frame, first_to_forecast


def _checked(
    frame: pd.DataFrame, settings: DemandSettings, regressors: Sequence[str], where: str
) -> tuple[pd.DataFrame, list[str]]:
    """One finite, non-negative value per series and period."""
    notes: list[str] = []
    value = frame["value"].to_numpy(dtype=np.float64)
    _refuse(frame, np.isinf(value), "an infinite value", "Correct it, or leave the value empty where unknown.", where)
    for name in regressors:
        numbers = frame[name].to_numpy(dtype=np.float64)
        _refuse(frame, ~np.isfinite(numbers), f"no finite {name}", f"Give {name} a number in every row.", where)
    if settings.negatives == "refuse":
        _refuse(frame, value < 0, "a negative value", 'Net returns first, or set negatives="floor".', where)
    is_doubled = frame.duplicated(["series", "instant"], keep=False).to_numpy()
    if settings.frequency != "hour":  # an hour of the wall clock may truly come twice
        is_doubled |= frame.duplicated(["series", "period"], keep=False).to_numpy()
    if settings.duplicates == "refuse":
        _refuse(frame, is_doubled, "another row in its period", 'Add them up first, or set duplicates="add".', where)
    elif is_doubled.any():
        notes.append(f"{int(is_doubled.sum())} rows shared a period and were added up")
        frame = frame.sort_values(["series", "instant", "value"], kind="stable")
        groups = frame.groupby(["series", "instant" if settings.frequency == "hour" else "period"], sort=True)
        added = groups[["period"]].first() if settings.frequency == "hour" else pd.DataFrame(index=groups.size().index)
        added["value"] = groups["value"].sum(min_count=1)
        frame = added.join(groups[list(regressors)].mean()).reset_index() if regressors else added.reset_index()
    if frame.duplicated(["series", "period"]).any():
        frame = frame.groupby(["series", "period"], sort=True)[["value", *regressors]].mean().reset_index()
        notes.append("hours that the clock repeats stand as their mean")
    below = frame["value"] < 0
    if below.any():
        notes.append(f"{int(below.sum())} negative values were floored at zero")
        frame = frame.assign(value=frame["value"].clip(lower=0))
    return frame, notes


def _refuse(frame: pd.DataFrame, is_wrong: Flags, what: str, remedy: str, where: str) -> None:
    if is_wrong.any():
        first = frame[is_wrong].sort_values(["series", "instant"]).iloc[0]
        raise ForecastingError(
            f"{int(is_wrong.sum())} rows have {what}, the first is series {first['series']} at {first['instant']}.",
            where=where,
            remedy=remedy,
        )


def _regressor_values(
    frame: pd.DataFrame,
    regressors: Sequence[str],
    cells: tuple[npt.NDArray[np.intp], npt.NDArray[np.int64]],
    shape: tuple[int, int],
    settings: DemandSettings,
) -> Floats:
    """Regressors by series and period; a period without a row counts as zero, the unplanned future as unknown."""
    (row, column), (n_series, length) = cells, shape
    found = np.zeros((n_series, length + settings.horizon, len(regressors)))
    is_inside = (row >= 0) & (column >= 0) & (column < length + settings.horizon)
    for number, name in enumerate(regressors):
        found[row[is_inside], column[is_inside], number] = frame[name].to_numpy(dtype=np.float64)[is_inside]
    found[:, length + settings.promotions_planned_periods :] = np.nan
    return found
