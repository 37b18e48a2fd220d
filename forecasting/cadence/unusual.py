"""What of a history says little about a rhythm: gifts, holidays, and days on which more was taken home than usual.

A gift is bought for somebody else. Around holidays people buy at other times than they otherwise do. Who takes twice
the usual quantity needs it later than usual again: how much later is learnt from all pairs together.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.cadence.purchase_lines import Flags
from forecasting.cadence.shopping_days import Positions, ShoppingDays, totals
from forecasting.errors import ForecastingError
from forecasting.values import Floats

HOLIDAY_WEIGHT = 0.25  # of a gap that begins or ends in a holiday window, beside any other gap; a judgement
LARGEST_UNUSUAL = float(np.log(4))  # on grocery data four times the usual lengthens a gap no more than three times
LEAST_DAYS = 3  # shopping days from which on there is a usual quantity
# What speaks while the data says little: twice the quantity lasts 1.19 times as long, give or take as much.
SLOPE, SLOPE_DEVIATION = 0.25, 0.25
MONTHS = 12
LONGEST_MONTH = 31


@dataclass(frozen=True)
class Holiday:
    """A window of every year, as months and days, both ends included; it may run over new year.

    Attributes:
        name: What people celebrate.
        first: Month and day.
        last: Month and day.

    Raises:
        ForecastingError: There is no such month or day.
    """

    name: str
    first: tuple[int, int]
    last: tuple[int, int]

    def __post_init__(self) -> None:
        for month, day in (self.first, self.last):
            if not (1 <= month <= MONTHS and 1 <= day <= LONGEST_MONTH):
                raise ForecastingError(
                    f"Holiday {self.name} has month {month} and day {day}.",
                    where="holidays",
                    remedy="Use months 1 to 12 and days 1 to 31.",
                )


YEAR_END = Holiday("the end of the year", (12, 18), (12, 31))


def without_gifts(days: ShoppingDays) -> ShoppingDays:
    """The same without days on which all was a gift; pairs that bought nothing else keep theirs."""
    if not days.is_gift.any():
        return days
    has_own = totals(days.pair, ~days.is_gift, len(days)) > 0
    return days.only(~days.is_gift | ~has_own[days.pair])


def day_weights(days: ShoppingDays, holidays: tuple[Holiday, ...]) -> Floats:
    """What each shopping day says about the rhythm: 0 for gifts, less in holiday windows, else 1."""
    weights = np.where(days.is_gift, 0.0, 1.0)
    if holidays and len(days.day):
        calendar, where = np.unique(days.day, return_inverse=True)
        is_holiday = np.zeros(len(calendar), dtype=bool)
        for holiday in holidays:
            is_holiday |= _falls_in(calendar, holiday)
        weights = np.where(is_holiday[where], HOLIDAY_WEIGHT, 1.0) * weights
    return weights


def _falls_in(day: np.ndarray, holiday: Holiday) -> Flags:
    dates = day.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    code = (months.astype(np.int64) % MONTHS + 1) * 100 + (dates - months).astype(np.int64) + 1
    first, last = (month * 100 + number for month, number in (holiday.first, holiday.last))
    inside = (code >= first) & (code <= last) if first <= last else (code >= first) | (code <= last)
    return np.asarray(inside, dtype=bool)


def usual_quantity(days: ShoppingDays) -> Floats:
    """Mean log of units that each pair takes on a shopping day, nan where there are too few days, shape (pairs,)."""
    has_units = days.units > 0
    logs = np.log(np.where(has_units, days.units, 1.0))
    count = totals(days.pair, has_units, len(days))
    return np.where(count >= LEAST_DAYS, totals(days.pair, logs, len(days)) / np.maximum(count, 1), np.nan)


def unusual_quantity(units: Floats, usual: Floats) -> Floats:
    """Log of units over the usual ones (`usual` is a log), within a factor of 4; 0 where either is unknown."""
    unusual = np.log(np.where(units > 0, units, np.nan)) - usual
    return np.clip(np.nan_to_num(unusual), -LARGEST_UNUSUAL, LARGEST_UNUSUAL)


def stock_up_slope(owner: Positions, logs: Floats, before: Floats, weights: Floats, pairs: int) -> float:
    """How much the log gap grows per unit of log quantity taken before it, within pairs.

    Args:
        owner: Pair of each gap.
        logs: Log of each gap.
        before: Unusual quantity on the day it began.
        weights: Of each gap.
        pairs: How many pairs there are.

    Returns:
        A least-squares slope that leans on `SLOPE` by their precisions.
    """
    weight = totals(owner, weights, pairs)
    own_gap, own_quantity = (
        totals(owner, weights * values, pairs) / np.maximum(weight, 1e-12) for values in (logs, before)
    )
    gap, quantity = logs - own_gap[owner], before - own_quantity[owner]
    freedom = max(float(weight.sum()) - float(np.count_nonzero(weight)), 1.0)
    noise = max(float((weights * gap**2).sum()) / freedom, 1e-3)
    prior = 1 / SLOPE_DEVIATION**2
    precision = float((weights * quantity**2).sum()) / noise + prior
    return (float((weights * quantity * gap).sum()) / noise + prior * SLOPE) / precision
