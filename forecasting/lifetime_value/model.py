"""Lifetime value of every customer: BG/NBD for how often, Gamma-Gamma for how much, margin for what is left of it."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np

from forecasting.errors import ForecastingError
from forecasting.inputs import MICROSECONDS_PER_DAY, moment
from forecasting.lifetime_value.beta_geometric import BetaGeometric
from forecasting.lifetime_value.gamma_gamma import GammaGamma
from forecasting.lifetime_value.histories import CustomerHistories
from forecasting.lifetime_value.interval import spend_quantiles
from forecasting.values import Floats, Times
from forecasting.values.lifetime_value import LifetimeValue

LATEST_DAYS = 36_525.0


class LifetimeValueModel:
    """Fits how often customers buy and what a purchase brings.

    Args:
        level: Probability of the interval of pclv.

    Attributes:
        buying_: How often, and whether still.
        amounts_: Net value of a shopping day.
    """

    buying_: BetaGeometric
    amounts_: GammaGamma

    def __init__(self, *, level: float = 0.8) -> None:
        self.level = level

    def fit(self, known: CustomerHistories) -> "LifetimeValueModel":
        """Learn from histories.

        Raises:
            TooLittleDataError: Fewer than ten customers, or nobody bought twice.
            ForecastingError: A history is impossible, or no maximum was reached.
        """
        self.buying_ = BetaGeometric().fit(known.x, known.t_x, known.age)
        self.amounts_ = GammaGamma().fit(known.x + 1, known.spend)
        return self

    def expected(self, known: CustomerHistories, horizon_days: float) -> tuple[Floats, Floats]:
        """Expected shopping days and margin within the horizon, each of shape (customers,)."""
        buying, amounts = self._fitted()
        purchases = buying.expected_purchases(horizon_days, known.x, known.t_x, known.age)
        return purchases, purchases * amounts.expected_amount(known.x + 1, known.spend) * known.margin_share

    def interval(self, known: CustomerHistories, horizon_days: float) -> tuple[Floats, Floats]:
        """Low and high end of what each customer brings within the horizon, each of shape (customers,)."""
        tail = (1 - self.level) / 2
        ends = spend_quantiles(
            *self._fitted(), horizon_days, (tail, 1 - tail), x=known.x, t_x=known.t_x, age=known.age, spend=known.spend
        )
        low, high = (end * known.margin_share for end in ends)
        return np.minimum(low, high), np.maximum(low, high)

    def predict(self, known: CustomerHistories, *, horizon_days: int, as_of: datetime) -> LifetimeValue:
        """The value of every customer from as-of on; the interval is widened to the mean where that lies outside."""
        buying, amounts = self._fitted()
        purchases, pclv = self.expected(known, horizon_days)
        low, high = self.interval(known, horizon_days)
        next_low, next_at, next_high = (
            _later(as_of, buying.next_purchase_after(probability, known.x, known.age))
            for probability in (0.1, 0.5, 0.9)
        )
        return LifetimeValue(
            customer_id=known.customer_id,
            shopping_days=(known.x + 1).astype(np.int32),
            p_alive=buying.p_alive(known.x, known.t_x, known.age),
            expected_purchases=purchases,
            expected_next_order_at=next_at,
            next_order_low_at=next_low,
            next_order_high_at=next_high,
            expected_margin=amounts.expected_amount(known.x + 1, known.spend) * known.margin_share,
            pclv=pclv,
            pclv_low=np.minimum(low, pclv),
            pclv_high=np.maximum(high, pclv),
            horizon_days=horizon_days,
            level=self.level,
            grade="regularised" if self._reasons() else "fitted",
            source=self.source,
            margin_basis=known.margin_basis,
        )

    @property
    def source(self) -> str:
        """What was fitted on what, and why a prior joined in."""
        fitted = f"BG/NBD and Gamma-Gamma by maximum likelihood on {self._fitted()[0].customers_} customers"
        reasons = self._reasons()
        return f"{fitted}, with a weak prior since {'; '.join(reasons)}" if reasons else fitted

    def arrays(self) -> dict[str, np.ndarray]:
        """What the fit learnt, for storing."""
        buying, amounts = self._fitted()
        parts = {"buying": buying.arrays(), "amounts": amounts.arrays()}
        return {f"{part}_{name}": array for part, arrays in parts.items() for name, array in arrays.items()} | {
            "level": np.array([self.level])
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "LifetimeValueModel":
        """The model that `arrays` came from."""
        model = cls(level=float(arrays["level"][0]))
        parts = [
            {name.removeprefix(f"{part}_"): array for name, array in arrays.items() if name.startswith(f"{part}_")}
            for part in ("buying", "amounts")
        ]
        model.buying_, model.amounts_ = BetaGeometric.from_arrays(parts[0]), GammaGamma.from_arrays(parts[1])
        return model

    def _reasons(self) -> list[str]:
        buying, amounts = self._fitted()
        said = {"purchases": buying.optimum_.why, "amounts": amounts.optimum_.why}
        return [f"of the {what} {why}" for what, why in said.items() if why]

    def _fitted(self) -> tuple[BetaGeometric, GammaGamma]:
        if not hasattr(self, "amounts_"):
            raise ForecastingError("The model is not fitted.", where="LifetimeValueModel", remedy="Call fit first.")
        return self.buying_, self.amounts_


def _later(as_of: datetime, days: Floats) -> Times:
    """As-of moved by days, a century at most."""
    whole = np.rint(np.minimum(days, LATEST_DAYS) * MICROSECONDS_PER_DAY).astype(np.int64)
    return np.asarray(moment(as_of) + whole.astype("timedelta64[us]"))
