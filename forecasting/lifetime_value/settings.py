"""What a forecast of lifetime value depends on, apart from tables, as-of, time zone and seed."""

from dataclasses import dataclass

from forecasting.settings import insist_on_ranges


@dataclass(frozen=True)
class LifetimeValueSettings:
    """Horizon, margin and how the backtest looks back.

    Attributes:
        horizon_days: For how long after as-of value is forecast.
        margin_pct: Margin in percent of net value where a product has no unit_cost; None leaves revenue in its place.
        level: Probability of the interval of pclv.
        backtest_days: How long after an origin the backtest follows customers.
        backtest_origins: How many origins it takes.
        backtest_step_days: Days between them.

    Raises:
        ForecastingError: A value outside its range.
    """

    horizon_days: int = 365
    margin_pct: float | None = None
    level: float = 0.8
    backtest_days: int = 91
    backtest_origins: int = 3
    backtest_step_days: int = 28

    def __post_init__(self) -> None:
        insist_on_ranges(
            self,
            {
                "horizon_days": (1, 3650),
                "margin_pct": (0, 100),
                "level": (0.5, 0.99),
                "backtest_days": (1, 3650),
                "backtest_origins": (1, 52),
                "backtest_step_days": (1, 365),
            },
            where="lifetime value settings",
        )
