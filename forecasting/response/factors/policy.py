"""What a policy would have brought: inverse propensity weighting and its doubly robust form, with intervals.

Sources: Horvitz and Thompson (1952) for weights; Robins, Rotnitzky and Zhao (1994) for the doubly robust form.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.errors import ForecastingError
from forecasting.settings import NORMAL_95
from forecasting.values import Floats


@dataclass(frozen=True)
class PolicyValue:
    """Mean outcome per unit if a policy chose every unit's arm.

    Attributes:
        value: In the outcome's unit.
        low: Lower end of the 95 % interval.
        high: Upper end.
        effective_rows: Rows that the weights leave (Kish): few mean that the interval is all there is to say.
    """

    value: float
    low: float
    high: float
    effective_rows: float


def policy_value(
    chosen: npt.NDArray[np.integer],
    arm: npt.NDArray[np.integer],
    outcome: Floats,
    propensity: Floats,
    *,
    expected: Floats | None = None,
) -> PolicyValue:
    """The value of choosing `chosen`, from rows whose arms were drawn with `propensity`.

    Args:
        chosen: Position of the arm the policy chooses, shape (rows,).
        arm: Position of the arm that was drawn, shape (rows,).
        outcome: What followed, shape (rows,).
        propensity: P(the drawn arm), shape (rows,).
        expected: Expected outcome under the chosen arm, learnt on other rows; with it the value is doubly robust.

    Raises:
        ForecastingError: There are no rows.
    """
    scores = value_scores(chosen, arm, outcome, propensity, expected=expected)
    if len(scores) == 0:
        raise ForecastingError("There are no rows.", where="policy value", remedy="Give rows that were drawn.")
    weight = np.where(chosen == arm, 1 / propensity, 0.0)
    value = float(scores.mean())
    error = float(scores.std(ddof=1) / np.sqrt(len(scores))) if len(scores) > 1 else float("inf")
    effective = float(weight.sum() ** 2 / max(float((weight**2).sum()), 1e-300))
    return PolicyValue(value, value - NORMAL_95 * error, value + NORMAL_95 * error, effective)


def value_scores(
    chosen: npt.NDArray[np.integer],
    arm: npt.NDArray[np.integer],
    outcome: Floats,
    propensity: Floats,
    *,
    expected: Floats | None = None,
) -> Floats:
    """What every row says about the policy's value; their mean is the estimate. Shape (rows,)."""
    weight = np.where(chosen == arm, 1 / propensity, 0.0)
    if expected is None:
        return np.asarray(weight * outcome, dtype=np.float64)
    return np.asarray(expected + weight * (outcome - expected), dtype=np.float64)
