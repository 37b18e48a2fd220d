"""What a customer is expected to bring: leaves the forecasting room as frozen arrays."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from forecasting.values import Floats, Keys, Times

FitGrade = Literal["fitted", "regularised"]


@dataclass(frozen=True, eq=False)
class LifetimeValue:
    """What each customer who bought at least once brings within a horizon, without a touch. One entry per customer.

    Attributes:
        customer_id: Keys, ascending.
        shopping_days: Local days with a purchase before as-of.
        p_alive: P(still a customer); 1 for those who bought once, of whom the model cannot say that they left.
        expected_purchases: Shopping days expected within the horizon.
        expected_next_order_at: By then half of such customers bought again if they are still customers, UTC.
        next_order_low_at: By then a tenth did; next_order_high_at nine tenths.
        expected_margin: Expected margin of a shopping day, in currency.
        pclv: Expected margin within the horizon, in currency, not discounted.
        pclv_low: Low end of the interval that holds what the customer will bring, with probability `level`.
        pclv_high: Its high end.
        horizon_days: Length of the horizon from as-of on.
        level: Probability of the interval.
        grade: `fitted` by maximum likelihood, or `regularised` where that is degenerate and a weak prior joined in.
        source: What was fitted on what, and why a prior joined in.
        margin_basis: How margin is known: `unit_cost`, `margin_pct`, `revenue` (no margin at all), or a mixture.
    """

    customer_id: Keys
    shopping_days: npt.NDArray[np.int32]
    p_alive: Floats
    expected_purchases: Floats
    expected_next_order_at: Times
    next_order_low_at: Times
    next_order_high_at: Times
    expected_margin: Floats
    pclv: Floats
    pclv_low: Floats
    pclv_high: Floats
    horizon_days: int
    level: float
    grade: FitGrade
    source: str
    margin_basis: str
