"""Intervals from errors that were really made: scaled residuals of rolling origins, pooled by horizon.

Split conformal prediction (Vovk, Gammerman and Shafer, 2005) with the residual of each series divided by its own
scale: the size of its past errors, shrunk to what series of its level and kind usually miss. Errors grow with horizon,
so quantiles are taken per horizon; the finite-sample rank (n + 1)·p is used.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.demand.ensemble import KINDS, Record
from forecasting.demand.panel import Flags
from forecasting.values import Floats

SCALE_AFTER = 8.0
FEWEST = 40
SMALL = 1e-9


@dataclass(frozen=True, eq=False)
class Calibration:
    """Errors to come.

    Attributes:
        scale: Of each series, shape (n,).
        quantiles: Of scaled errors, shape (kinds, horizon, 4): outer low, inner low, inner high, outer high.
        errors: How many errors each horizon of a kind rests on, shape (kinds, horizon).
    """

    scale: Floats
    quantiles: Floats
    errors: npt.NDArray[np.int64]

    def interval(self, mean: Floats, kind: npt.NDArray[np.int64]) -> Floats:
        """Bounds, shape (n, horizon, 4), never below zero, and the inner around what is within the outer."""
        bounds = mean[:, :, None] + self.scale[:, None, None] * self.quantiles[kind]
        return np.maximum(bounds, 0.0)


def calibrate(
    record: Record,
    means: Floats,
    now: Floats,
    kind: npt.NDArray[np.int64],
    coverages: tuple[float, float],
) -> Calibration:
    """Learn how far forecasts miss.

    Args:
        record: What came true, shape (o, n, horizon).
        means: What was forecast, shape (o, n, horizon).
        now: What is forecast now, shape (n, horizon).
        kind: Of each series, shape (n,).
        coverages: Probability of the inner and the outer interval.
    """
    scored = record.is_scored
    missed = np.where(scored, record.actual - means, 0.0)
    counts = scored.sum(axis=(0, 2))
    size = np.abs(missed).sum(axis=(0, 2)) / np.maximum(counts, 1)
    level = np.maximum((np.where(scored, means, 0.0).sum(axis=(0, 2)) / np.maximum(counts, 1)), SMALL)
    current = np.maximum(now.mean(axis=1), SMALL)
    usual = np.zeros(len(size))
    for group in range(KINDS):
        rows = kind == group
        learnt = rows & (counts > 0) & (size > 0)
        usual[rows] = _usual(level[learnt], size[learnt], current[rows])
    is_judged = counts > 0
    # errors grow about with the square root of the level, so an own record is carried to the level of today
    own = size * np.where(is_judged, np.sqrt(current / level).clip(0.5, 2.0), 1.0)
    trust = counts / (counts + SCALE_AFTER)
    scale = np.maximum(trust * own + (1 - trust) * usual, SMALL)
    ratios = missed / _scales_without(missed, scored, level, usual, current)
    inner, outer = coverages
    probabilities = np.array([(1 - outer) / 2, (1 - inner) / 2, (1 + inner) / 2, (1 + outer) / 2])
    horizon = missed.shape[2]
    quantiles = np.zeros((KINDS, horizon, 4))
    errors = np.zeros((KINDS, horizon), dtype=np.int64)
    for group in range(KINDS):
        for step in range(horizon):
            rows = kind == group
            found = ratios[:, rows, step][scored[:, rows, step]]
            if len(found) < FEWEST:
                found = ratios[:, rows][scored[:, rows]]
            if len(found) < FEWEST:
                found = ratios[scored]
            errors[group, step] = len(found)
            quantiles[group, step] = _ranked(found, probabilities)
    return Calibration(scale, quantiles, errors)


def _scales_without(missed: Floats, scored: Flags, level: Floats, usual: Floats, current: Floats) -> Floats:
    """The scale that each past error is judged by, from origins apart from its own, shape (o, n, 1).

    An error in its own scale would look smaller than errors to come will; errors of near origins share periods.
    """
    n_origins, _, horizon = missed.shape
    gap = min(horizon - 1, n_origins // 4)
    sums, counts = np.abs(missed).sum(axis=2), scored.sum(axis=2)
    apart = np.abs(np.arange(n_origins)[:, None] - np.arange(n_origins)) > gap
    left_sums, left_counts = apart @ sums, apart @ counts
    size = left_sums / np.maximum(left_counts, 1)
    trust = left_counts / (left_counts + SCALE_AFTER)
    then = usual * np.sqrt(level / current).clip(0.5, 2.0)
    return np.asarray(np.maximum(trust * size + (1 - trust) * then, SMALL)[:, :, None])


def _usual(level: Floats, size: Floats, now: Floats) -> Floats:
    """What a series of this level usually misses: log-linear in the level; without any record its square root."""
    if len(size) < 5 or np.ptp(np.log(level)) < SMALL:  # noqa: PLR2004 - a line through fewer points says nothing
        return np.asarray(np.sqrt(now) if len(size) == 0 else np.full(len(now), np.median(size)))
    slope, intercept = np.polyfit(np.log(level), np.log(size), 1)
    return np.asarray(np.exp(intercept + np.clip(slope, 0.0, 1.0) * np.log(now)))


def _ranked(found: Floats, probabilities: Floats) -> Floats:
    """Quantiles by rank (n + 1)·p, at both ends the most extreme error made."""
    if not len(found):
        from scipy.stats import norm

        return np.asarray(norm.ppf(probabilities) * np.sqrt(np.pi / 2))
    count = len(found)
    rank = np.where(probabilities > 0.5, np.ceil((count + 1) * probabilities), np.floor((count + 1) * probabilities))  # noqa: PLR2004
    return np.asarray(np.sort(found)[np.clip(rank.astype(int) - 1, 0, count - 1)])
