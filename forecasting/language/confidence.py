"""How sure an answer is: what held-out writers showed at the same margin, at the lower end of its interval.

A model that learnt from some hands is right less often on others. So every hand is left out once, the rest is learnt
from, and whether the answers on the hand left out are right is regressed (logistic, with a ridge) on the margin between
the two best labels and on the share of words that are known. The confidence is the lower end of that regression's
one-sided 90 % interval: the uncertainty of its coefficients (delta method), and how much hands differ from each other,
since whoever writes next is one more hand.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from forecasting.regression import probability
from forecasting.values import Floats

RIDGE: Final = 1.0
STEPS: Final = 50
QUANTILE: Final = 1.2816
"""Of the standard normal distribution, for one-sided 90 %."""


@dataclass(frozen=True, eq=False)
class Confidence:
    """The fitted regression.

    Attributes:
        coefficients: Intercept, margin, known share, shape (3,).
        covariance: Of the coefficients, shape (3, 3).
        between_hands: Variance of the log-odds of being right from hand to hand.
    """

    coefficients: Floats
    covariance: Floats
    between_hands: float

    def of(self, margin: Floats, known: Floats) -> Floats:
        """The stated probability of being right, shape (texts,)."""
        columns = _columns(margin, known)
        spread = np.sqrt(np.einsum("ij,jk,ik->i", columns, self.covariance, columns) + self.between_hands)
        return probability(columns @ self.coefficients - QUANTILE * spread)


def fit_confidence(margin: Floats, known: Floats, is_right: Floats, hands: npt.NDArray[np.object_]) -> Confidence:
    """Learn from answers on hands that were left out, shapes (answers,).

    Newton's method on a ridge-penalised logistic likelihood; a right and a wrong answer are added at the mean, so that
    a perfect record does not become certainty.
    """
    columns = np.vstack([_columns(margin, known), np.tile(_columns(margin, known).mean(axis=0), (2, 1))])
    truth = np.concatenate([is_right, [0.0, 1.0]])
    penalty = RIDGE * np.diag([0.0, 1.0, 1.0])
    coefficients = np.zeros(columns.shape[1])
    for _ in range(STEPS):
        expected = probability(columns @ coefficients)
        curvature = columns.T @ (columns * (expected * (1 - expected))[:, np.newaxis]) + penalty
        step = np.linalg.solve(curvature, columns.T @ (truth - expected) - penalty @ coefficients)
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-10:  # noqa: PLR2004 - far below any standard error
            break
    expected = probability(columns @ coefficients)
    curvature = columns.T @ (columns * (expected * (1 - expected))[:, np.newaxis]) + penalty
    between = _between(_columns(margin, known) @ coefficients, is_right, hands)
    return Confidence(np.round(coefficients, 9), np.round(np.linalg.inv(curvature), 9), round(between, 9))


def _between(log_odds: Floats, is_right: Floats, hands: npt.NDArray[np.object_]) -> float:
    """Variance between hands of the log-odds of being right, beyond what chance alone makes of them.

    Each hand's shift is one Newton step from none; the moment estimate takes off the variance of that step.
    """
    expected = probability(log_odds)
    shifts, noise = [], []
    for hand in sorted(set(hands)):
        rows = hands == hand
        weight = float((expected[rows] * (1 - expected[rows])).sum()) + RIDGE
        shifts.append(float((is_right[rows] - expected[rows]).sum()) / weight)
        noise.append(1.0 / weight)
    return max(float(np.mean(np.square(shifts)) - np.mean(noise)), 0.0)


def margin_of(chances: Floats) -> Floats:
    """Log of the best chance against the second best, shape (texts,)."""
    ordered = np.sort(np.clip(chances, 1e-9, 1.0), axis=1)
    margin: Floats = np.log(ordered[:, -1] / ordered[:, -2])
    return margin


def _columns(margin: Floats, known: Floats) -> Floats:
    return np.column_stack([np.ones(len(margin)), margin, known])
