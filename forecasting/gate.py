"""The gate: a challenger replaces the champion only when it wins on what neither of them has seen."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.values import Floats

FEWEST_UNITS = 20


@dataclass(frozen=True)
class Contest:
    """Challenger against champion on the same units.

    Attributes:
        metric: What was lost, lower is better.
        units: How many units were judged.
        challenger: Mean loss of the challenger.
        champion: Mean loss of the champion.
        difference: Challenger minus champion.
        low: Lower end of its 95 % interval, over units, paired.
        high: Upper end.
        is_won: The whole interval lies below zero.
    """

    metric: str
    units: int
    challenger: float
    champion: float
    difference: float
    low: float
    high: float
    is_won: bool


def contest(challenger: pd.DataFrame, champion: pd.DataFrame, *, metric: str) -> Contest:
    """Who loses less.

    Args:
        challenger: Columns `unit` (who or what was forecast), `loss` (not negative) and `weight` (above zero).
        champion: The same for the same units.
        metric: Name of the loss.

    Returns:
        The paired comparison; losses are weighted means.

    Raises:
        ForecastingError: The two were not judged on the same units, or a loss is no finite number.
        TooLittleDataError: Fewer than 20 units.
    """
    pairs = challenger.merge(champion, on="unit", suffixes=("", "_champion"), validate="one_to_one")
    if len(pairs) != len(challenger) or len(pairs) != len(champion):
        raise ForecastingError(
            f"Of {len(challenger)} and {len(champion)} units only {len(pairs)} are the same.",
            where="gate",
            remedy="Judge both models on one table of what happened.",
        )
    if len(pairs) < FEWEST_UNITS:
        raise TooLittleDataError(
            f"Only {len(pairs)} units can be judged; {FEWEST_UNITS} are needed.",
            where="gate",
            remedy="Wait for more outcomes; the champion stays.",
        )
    ours, theirs, weight = (pairs[name].to_numpy(dtype=np.float64) for name in ("loss", "loss_champion", "weight"))
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all() and (weight > 0).all()):
        raise ForecastingError(
            "A loss is no finite number, or a weight is not above zero.",
            where="gate",
            remedy="A model that forecasts no number is not to be promoted; look at its units.",
        )
    low, high = _interval(ours - theirs, weight)
    return Contest(
        metric=metric,
        units=len(pairs),
        challenger=float(np.average(ours, weights=weight)),
        champion=float(np.average(theirs, weights=weight)),
        difference=float(np.average(ours - theirs, weights=weight)),
        low=low,
        high=high,
        is_won=high < 0,
    )


def _interval(differences: Floats, weight: Floats) -> tuple[float, float]:
    """95 % interval of a weighted mean over units, by linearisation and Student's t (Särndal et al. 1992, ch. 5)."""
    from scipy.stats import t

    units = len(differences)
    mean = np.average(differences, weights=weight)
    influence = weight * (differences - mean) / weight.sum()
    width = float(t.ppf(0.975, units - 1) * np.sqrt(units / (units - 1) * (influence**2).sum()))
    return float(mean - width), float(mean + width)
