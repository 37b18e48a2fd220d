"""What a forecast and a backtest of cadence depend on, apart from tables, as-of, time zone and seed."""

from dataclasses import dataclass

from forecasting.cadence.unusual import YEAR_END, Holiday
from forecasting.errors import ForecastingError
from forecasting.settings import insist_on_ranges


@dataclass(frozen=True)
class CadenceSettings:
    """Windows, and from when on a pair's own gaps count.

    Attributes:
        minimum_days: From how many shopping days on a pair's own gaps count; below it the category's rhythm stands.
        windows_days: Windows after as-of whose chance of a purchase is forecast.
        margin_pct: Margin where a product has no unit cost, in percent of net value; None leaves revenue.
        holidays: Windows of the year that say little about a rhythm.
        deviation: A rhythm deviates from when on so small a share of spells lasts longer.
        backtest_origins: How many origins the backtest takes.
        backtest_step_days: Days between them.

    Raises:
        ForecastingError: A value outside its range.
    """

    minimum_days: int = 4
    windows_days: tuple[int, ...] = (7, 28)
    margin_pct: float | None = None
    holidays: tuple[Holiday, ...] = (YEAR_END,)
    deviation: float = 0.1
    backtest_origins: int = 3
    backtest_step_days: int = 14

    def __post_init__(self) -> None:
        insist_on_ranges(
            self,
            {
                "minimum_days": (1, 1000),
                "margin_pct": (0, 100),
                "deviation": (0.01, 0.5),
                "backtest_origins": (1, 52),
                "backtest_step_days": (1, 365),
            },
            where="cadence settings",
        )
        if not self.windows_days or min(self.windows_days) < 1:
            raise ForecastingError(
                f"windows_days is {self.windows_days}.",
                where="cadence settings",
                remedy="Name windows of 1 day or more.",
            )
