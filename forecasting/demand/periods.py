"""Periods as whole numbers: hours, days, weeks and months of local time, and back to UTC.

Hours are hours of the clock on the wall: where a clock change repeats one, two hours of UTC share a number, and where
it skips one, a number has no hour. So a season of 24 or 168 hours stays in place over the year.
"""

from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.demand.settings import Frequency
from forecasting.inputs import moment
from forecasting.values import Times

Periods = npt.NDArray[np.int64]

DAYS_FROM_MONDAY = 3  # 1970-01-01 was a Thursday
HOURS_PER_DAY = 24


def local_clock(times: Times, timezone: str) -> Times:
    """What the clock on the wall shows at UTC times, naive."""
    local = pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(timezone).tz_localize(None)
    return np.asarray(local.to_numpy().astype("datetime64[us]"))


def periods_of(clock: Times, frequency: Frequency) -> Periods:
    """The number of the period that each wall-clock time lies in."""
    if frequency == "hour":
        return clock.astype("datetime64[h]").astype(np.int64)
    if frequency == "month":
        return clock.astype("datetime64[M]").astype(np.int64)
    days = clock.astype("datetime64[D]").astype(np.int64)
    return days if frequency == "day" else (days + DAYS_FROM_MONDAY) // 7


def clock_starts(periods: Periods, frequency: Frequency) -> Times:
    """The wall-clock time at which each period starts."""
    if frequency == "week":
        return (periods * 7 - DAYS_FROM_MONDAY).astype("datetime64[D]").astype("datetime64[us]")
    unit = {"hour": "h", "day": "D", "month": "M"}[frequency]
    return periods.astype(f"datetime64[{unit}]").astype("datetime64[us]")


def utc_starts(periods: Periods, frequency: Frequency, timezone: str) -> pd.DatetimeIndex:
    """The UTC time at which each period starts; of a skipped midnight or hour the first moment after it."""
    naive = pd.DatetimeIndex(clock_starts(periods, frequency))
    local = naive.tz_localize(timezone, ambiguous=np.ones(len(naive), dtype=bool), nonexistent="shift_forward")
    return local.tz_convert("UTC").as_unit("us")


def period_at(as_of: datetime, frequency: Frequency, timezone: str) -> int:
    """The period that as-of lies in: the first that is not over, so the first to forecast."""
    clock = local_clock(np.array([moment(as_of)]), timezone)
    return int(periods_of(clock, frequency)[0])


def days_of(periods: Periods, frequency: Frequency) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The first local day of each period and the number of days it touches (1 for hours)."""
    first = clock_starts(periods, frequency).astype("datetime64[D]").astype(np.int64)
    if frequency == "month":
        after = clock_starts(periods + 1, frequency).astype("datetime64[D]").astype(np.int64)
        return first, after - first
    return first, np.full(len(periods), 7 if frequency == "week" else 1, dtype=np.int64)


def clock_of_hours(periods: Periods, timezone: str) -> tuple[Periods, Times]:
    """The hours of UTC that wall-clock hours stand for: the position of each in `periods`, and its start in UTC.

    A repeated hour comes twice, a skipped one not at all.
    """
    ends = np.array([periods[0], periods[-1] + 1])
    first, after = utc_starts(ends, "hour", timezone).tz_localize(None).to_numpy(dtype="datetime64[us]")
    hours = np.arange(first, after, np.timedelta64(1, "h")).astype("datetime64[us]")
    found = periods_of(local_clock(hours, timezone), "hour") - periods[0]
    is_asked = (found >= 0) & (found < len(periods))
    return found[is_asked], hours[is_asked]


def hours_of_clock(periods: Periods, timezone: str) -> npt.NDArray[np.int64]:
    """How many hours of UTC each wall-clock hour stands for: 2 where the clock repeats it, else 1."""
    first = int(periods.min())
    position, _ = clock_of_hours(np.arange(first, int(periods.max()) + 1), timezone)
    counts = np.bincount(position, minlength=int(periods.max()) + 1 - first)
    return np.asarray(np.maximum(counts[periods - first], 1))
