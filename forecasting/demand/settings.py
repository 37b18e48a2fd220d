"""What a playbook can say about demand, with defaults for all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.settings import insist_on_ranges

Frequency = Literal["hour", "day", "week", "month"]
Subject = Literal["category", "product", "audience"]

SEASONS: Mapping[Frequency, tuple[int, ...]] = {"hour": (168, 24), "day": (7,), "week": (52,), "month": (12,)}
"""Lengths of season in periods, longest first; one is used from two whole seasons of history on."""
WINDOWS: Mapping[Frequency, tuple[int, ...]] = {
    "hour": (24, 72, 168),
    "day": (7, 14, 28),
    "week": (4, 8, 12),
    "month": (3, 6, 12),
}
"""Windows of the moving means, in periods."""


@dataclass(frozen=True)
class DemandSettings:
    """How demand is forecast.

    Attributes:
        frequency: Length of a period, in local time; weeks begin on Monday.
        horizon: How many periods ahead.
        by: What a series is when canonical tables are given.
        series: How many of the largest series (by units before as-of; in a backtest before what is reported) are
            forecast one by one; the rest is added up per parent. None takes all.
        excluded_categories: Keys of categories (with all below them) that are no demand: fuel, deposits, ….
        holidays: Local dates by name; what a holiday does in the days up to it is learnt, pooled over series.
        promotions_planned_periods: How many periods ahead promotions are planned; 0 means that none that starts at or
            after the origin is known.
        missing: What a period without a row means: nothing was sold, or nobody knows.
        duplicates: What two rows of one series and period mean: an error, or amounts to be added up.
        negatives: What a negative amount means: an error, or returns to be floored at zero.
        origins: How many past origins methods are chosen on and intervals calibrated on.
        reported_origins: How many rolling origins a backtest reports.
        minimum_periods: Fewer periods than this over all series raise `TooLittleDataError`.
        longest_history: Periods looked back at most.
        coverages: Probability of the two intervals, the inner one first.

    Raises:
        ForecastingError: A value outside its range.
    """

    frequency: Frequency = "week"
    horizon: int = 4
    by: Subject = "category"
    series: int | None = 100
    excluded_categories: tuple[str, ...] = ()
    holidays: tuple[tuple[str, date], ...] = ()
    promotions_planned_periods: int = 0
    missing: Literal["zero", "unknown"] = "zero"
    duplicates: Literal["refuse", "add"] = "refuse"
    negatives: Literal["refuse", "floor"] = "refuse"
    origins: int = 12
    reported_origins: int = 16
    minimum_periods: int = 8
    longest_history: int = 1_500
    coverages: tuple[float, float] = (0.8, 0.95)

    def __post_init__(self) -> None:
        insist_on_ranges(
            self,
            {
                "horizon": (1, 366),
                "origins": (1, 1_000),
                "reported_origins": (1, 1_000),
                "minimum_periods": (8, 10_000),
                "promotions_planned_periods": (0, 366),
                "longest_history": (16, 100_000),
            },
            where="demand settings",
        )
        if self.series is not None and self.series < 1:
            raise ForecastingError(f"series is {self.series}.", where="demand settings", remedy="Use 1 or more.")
        if self.frequency not in SEASONS:
            raise ForecastingError(
                f"frequency is {self.frequency!r}.", where="demand settings", remedy=f"Use one of {', '.join(SEASONS)}."
            )
        inner, outer = self.coverages
        if not 0 < inner < outer < 1:
            raise ForecastingError(
                f"coverages are {self.coverages}.", where="demand settings", remedy="Use 0 < inner < outer < 1."
            )


def united_states_holidays(first_year: int, last_year: int) -> tuple[tuple[str, date], ...]:
    """Days before which shops in the United States sell otherwise: federal holidays with fixed habits, and Easter."""
    from pandas.tseries.holiday import (
        AbstractHolidayCalendar,
        Holiday,
        USLaborDay,
        USMemorialDay,
        USThanksgivingDay,
    )
    from pandas.tseries.offsets import Easter

    class Holidays(AbstractHolidayCalendar):
        rules = [  # noqa: RUF012 - the base class declares it so
            Holiday("New Year", month=1, day=1),
            Holiday("Easter", month=1, day=1, offset=Easter()),
            USMemorialDay,
            Holiday("Independence Day", month=7, day=4),
            USLaborDay,
            USThanksgivingDay,
            Holiday("Christmas", month=12, day=25),
        ]

    found = Holidays().holidays(f"{first_year}-01-01", f"{last_year}-12-31", return_name=True)
    return tuple((str(name), day.date()) for day, name in zip(pd.DatetimeIndex(found.index), found, strict=True))
