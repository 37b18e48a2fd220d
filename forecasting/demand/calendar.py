"""What the calendar alone says about a period, known for any time ahead."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from forecasting.demand.periods import Periods, days_of
from forecasting.demand.settings import Frequency
from forecasting.values import Floats

FIRST_WEEK_DAYS = 7
DAYS_BEFORE_HOLIDAY = 6
LONGEST_PERIOD_DAYS = 31


def calendar_columns(
    periods: Periods, frequency: Frequency, holidays: Sequence[tuple[str, date]]
) -> tuple[Floats, tuple[str, ...]]:
    """Regressors shared by all series, shape (t, c), and their names.

    Columns:
        first_week_of_month: Days of the period that are the 1st to the 7th of a month.
        before_holiday: Share of its days that are a holiday or lie in the six days before one.
        on_holiday: Whether the day is a holiday (hourly and daily periods).
        days: Days of the month against 30 (monthly periods).
    """
    first, count = days_of(periods, frequency)
    offsets = np.arange(LONGEST_PERIOD_DAYS)
    days = first[:, None] + offsets
    is_inside = offsets < count[:, None]
    if frequency == "month":
        return ((count - 30) / 30.0)[:, None], ("days",)
    moments = days.astype("datetime64[D]")
    in_month = (moments - moments.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    columns = {"first_week_of_month": ((in_month < FIRST_WEEK_DAYS) & is_inside).sum(axis=1).astype(np.float64)}
    if holidays:
        dates = np.array([day for _, day in holidays], dtype="datetime64[D]").astype(np.int64)
        columns["before_holiday"] = (_before(days, dates) & is_inside).sum(axis=1) / count
        if frequency != "week":
            columns["on_holiday"] = (np.isin(days, dates) & is_inside).any(axis=1).astype(np.float64)
    return np.column_stack(list(columns.values())), tuple(columns)


def _before(days: npt.NDArray[np.int64], holidays: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    ahead = np.sort(holidays)
    place = np.searchsorted(ahead, days)
    following = np.append(ahead, np.iinfo(np.int64).max // 2)[place]
    return np.asarray(following - days <= DAYS_BEFORE_HOLIDAY)
