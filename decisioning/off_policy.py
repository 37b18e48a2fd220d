"""What another policy would have been worth, from a log of decisions whose probabilities are known.

A log holds what was done, with which probability, and what came of it. Another policy would have taken the same action
with another probability; weighting every row by the ratio of the two makes the log look as if the other one had written
it (Horvitz and Thompson 1952). That needs no model of outcomes, and only that the log gave every action of the other
policy a chance; a chance that exploration keeps above zero for all that is worth anything.

- `inverse_propensity`: the weighted mean. Unbiased; wide where weights are large.
- `self_normalised`: the weighted mean over the mean weight. A little biased in small logs, mostly much narrower.
- `doubly_robust`: a model's forecast of the other policy, corrected by the weighted errors of the model (Dudík,
  Langford and Li 2011). Unbiased however wrong the model is; narrow where it is good.

Rows without a propensity (repaired or undone choices) are left out before, for both policies alike.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from decisioning.errors import DecisioningError
from forecasting.values import Floats

NORMAL_95 = 1.959963984540054
LEAST_ROWS = 2


@dataclass(frozen=True, eq=False)
class Log:
    """What was done, and what came of it; each array has shape (rows,) and no missing value.

    Attributes:
        outcome: What the row brought, in whatever unit.
        propensity: Probability with which the log took its action, above 0 and at most 1.
        target: Probability with which the other policy would have taken that same action, 0 to 1; a policy without
            chance takes it with 1 or not at all.
        cluster: What rows share, such as their household, of any type; None where every row stands for itself.

    Raises:
        DecisioningError: Shapes differ, a number is missing, or a probability cannot be.
    """

    outcome: Floats
    propensity: Floats
    target: Floats
    cluster: npt.NDArray[np.generic] | None = None

    def __post_init__(self) -> None:
        _insist(self)

    def __len__(self) -> int:
        return len(self.outcome)

    @property
    def weight(self) -> Floats:
        """How many rows of the other policy each row stands for, shape (rows,)."""
        return np.asarray(self.target / self.propensity)


@dataclass(frozen=True)
class PolicyValue:
    """Value of a policy per row, as estimated.

    Attributes:
        mean: The estimate.
        low: Lower end of its 95 % interval.
        high: Upper end.
        rows: Rows of the log.
        effective_rows: Rows of the other policy's own that would say as much: (Σ w)² / Σ w².
        largest_weight: The largest of the weights; one row's word counts so many times.
    """

    mean: float
    low: float
    high: float
    rows: int
    effective_rows: float
    largest_weight: float


def inverse_propensity(log: Log) -> PolicyValue:
    """The mean of weighted outcomes.

    Raises:
        DecisioningError: Fewer than two rows, or two clusters.
    """
    return _estimate(log, log.weight * log.outcome)


def self_normalised(log: Log) -> PolicyValue:
    """The weighted mean of outcomes; its interval is that of the ratio, by the delta method.

    Raises:
        DecisioningError: Fewer than two rows or clusters, or the log never took an action of the other policy.
    """
    weight = log.weight
    total = float(weight.sum())
    if total == 0:
        raise DecisioningError(
            "The log never took an action that the other policy takes.",
            where="off-policy estimate",
            remedy="Explore, so that every action worth anything has a chance; or compare with a nearer policy.",
        )
    mean = float((weight * log.outcome).sum()) / total
    return _estimate(log, mean + weight / weight.mean() * (log.outcome - mean))


def doubly_robust(log: Log, forecast: Floats, forecast_of_target: Floats) -> PolicyValue:
    """A model's forecast of the other policy, corrected by what the log says about the model's errors.

    Args:
        log: The log.
        forecast: What the model expects of the action that was taken, shape (rows,).
        forecast_of_target: What it expects of the other policy: the mean over its actions, shape (rows,).

    Raises:
        DecisioningError: Shapes differ, a forecast is missing, or fewer than two rows or clusters.
    """
    for name, values in (("forecast", forecast), ("forecast_of_target", forecast_of_target)):
        if values.shape != log.outcome.shape or not np.isfinite(values).all():
            raise DecisioningError(
                f"There is no {name} for some of the rows.",
                where="off-policy estimate",
                remedy="Give one finite number for every row.",
            )
    return _estimate(log, forecast_of_target + log.weight * (log.outcome - forecast))


def _estimate(log: Log, scores: Floats) -> PolicyValue:
    """Mean of one score per row, with an interval in which the rows of one cluster count as one piece."""
    count = len(scores)
    mean = float(scores.mean()) if count else 0.0
    errors = scores - mean
    if log.cluster is not None:
        _, place = np.unique(log.cluster, return_inverse=True)
        errors = np.bincount(place, errors).astype(np.float64)
    pieces = len(errors)
    if pieces < LEAST_ROWS:
        raise DecisioningError(
            f"{pieces} independent row{'s' if pieces != 1 else ''} cannot say how sure the estimate is.",
            where="off-policy estimate",
            remedy="Give a log of at least two.",
        )
    error = float(np.sqrt((errors**2).sum() * pieces / (pieces - 1))) / count
    weight = log.weight
    squares = float((weight**2).sum())
    return PolicyValue(
        mean=mean,
        low=mean - NORMAL_95 * error,
        high=mean + NORMAL_95 * error,
        rows=count,
        effective_rows=float(weight.sum()) ** 2 / squares if squares > 0 else 0.0,
        largest_weight=float(weight.max()),
    )


def _insist(log: Log) -> None:
    for name in ("outcome", "propensity", "target"):
        values: Floats = getattr(log, name)
        if values.shape != log.outcome.shape or not np.isfinite(values).all():
            raise DecisioningError(
                f"Some rows of the log have no {name}.",
                where="off-policy log",
                remedy="Leave out rows that were repaired or undone: nobody can say how probable they were.",
            )
    is_wrong = (log.propensity <= 0) | (log.propensity > 1) | (log.target < 0) | (log.target > 1)
    if is_wrong.any():
        row = int(np.argmax(is_wrong))
        raise DecisioningError(
            f"Row {row + 1} has the propensity {log.propensity[row]:g} and the other policy's probability "
            f"{log.target[row]:g}, which cannot both be.",
            where="off-policy log",
            remedy="What was done had a probability above 0 and at most 1; the other policy's is from 0 to 1.",
        )
    if log.cluster is not None and log.cluster.shape != log.outcome.shape:
        raise DecisioningError(
            "The clusters are not those of the rows.", where="off-policy log", remedy="Give one for every row."
        )
