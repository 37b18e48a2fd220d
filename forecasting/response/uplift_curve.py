"""How well units are ranked by what a touch adds: uplift curves and the area under them.

The curve at share s is the gain per unit of the population when the s best ranked are treated. The area is taken
without the diagonal of a random order (Qini form, Radcliffe 2007), so that 0 is chance.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.values import Floats

POINTS = 101


@dataclass(frozen=True, eq=False)
class UpliftCurve:
    """Gain by share of units treated, best ranked first.

    Attributes:
        share: 0 to 1, shape (points,).
        gain: Per unit of the whole population, in the outcome's unit, shape (points,).
        area: Mean of gain less that of a random order.
    """

    share: Floats
    gain: Floats
    area: float


def uplift_curve(predicted: Floats, effect: Floats) -> UpliftCurve:
    """The curve of a ranking by `predicted`; units predicted alike count as in random order.

    Args:
        predicted: Predicted effect per unit, shape (units,).
        effect: The true effect, or an unbiased score of it (`effect_scores`), shape (units,).
    """
    order = np.argsort(-predicted, kind="stable")
    ranked = predicted[order]
    # Ties share their mean: the order of rows must not decide.
    starts = np.flatnonzero(np.concatenate([[True], np.diff(ranked) != 0]))
    sizes = np.diff(np.append(starts, len(ranked)))
    means = np.add.reduceat(effect[order], starts) / sizes
    cumulated = np.concatenate([[0.0], np.cumsum(np.repeat(means, sizes))]) / len(effect)
    share = np.linspace(0, 1, POINTS)
    gain = np.interp(share, np.linspace(0, 1, len(cumulated)), cumulated)
    return UpliftCurve(share, gain, float(np.trapezoid(cumulated, dx=1 / len(effect)) - cumulated[-1] / 2))


def effect_scores(is_treated: npt.NDArray[np.bool_], outcome: Floats, propensity: Floats) -> Floats:
    """Unbiased scores of each unit's effect from a randomised test of one arm against the control.

    Args:
        is_treated: Whether the arm was drawn, else the control was, shape (units,).
        outcome: Shape (units,).
        propensity: P(the arm), shape (units,).
    """
    centred = outcome - outcome.mean()
    return np.asarray(np.where(is_treated, centred / propensity, -centred / (1 - propensity)), dtype=np.float64)
