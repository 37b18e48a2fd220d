"""From the models' forecasts at past origins to one forecast: chosen, summed, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.demand.calibration import Calibration, calibrate
from forecasting.demand.ensemble import Choice, KeptChoice, Record, choose, record_of
from forecasting.demand.panel import Panel
from forecasting.demand.reconciliation import added_up, reconciled
from forecasting.demand.rolling import Nodes, Origin
from forecasting.demand.settings import DemandSettings
from forecasting.values import Floats

SHRUNK_AFTER = 8.0
NEEDED_GAIN = 0.002


@dataclass(frozen=True, eq=False)
class Combined:
    """One origin's forecast.

    Attributes:
        mean: Shape (n, horizon); sums are exact.
        bounds: Outer low, inner low, inner high, outer high, shape (n, horizon, 4).
        choice: Which models speak.
        calibration: How far they miss.
    """

    mean: Floats
    bounds: Floats
    choice: Choice
    calibration: Calibration


def combine(
    panel: Panel,
    nodes: Nodes,
    past: Sequence[Origin],
    now: Origin,
    settings: DemandSettings,
    *,
    kept: KeptChoice | None = None,
) -> Combined:
    """The forecast of an origin, with everything chosen and calibrated on what had come true by then.

    With `kept`, models speak as they were chosen to on an earlier day; only the intervals are calibrated anew.

    Models that were not fitted at every origin (Croston's before a series was intermittent) have no record to go by.
    """
    record = record_of(panel, past, now.length)
    models = sorted(set(now.forecasts).intersection(*(origin.forecasts for origin in record.origins)))
    choice = kept.choice_for(panel.series, models) if kept else choose(record, now, models)
    means = [choice.forecast(origin) for origin in record.origins]
    mean = choice.forecast(now)
    if (nodes.level > 0).any():
        means, mean = _summed(record, means, mean, nodes)
    stacked = np.stack(means) if means else np.zeros((0, *mean.shape))
    calibration = calibrate(record, stacked, mean, now.kind, settings.coverages)
    bounds = calibration.interval(mean, now.kind)
    # a mean outside its own interval would be no statement at all: very skewed errors are held to it
    bounds[:, :, :2] = np.minimum(bounds[:, :, :2], mean[:, :, None])
    bounds[:, :, 2:] = np.maximum(bounds[:, :, 2:], mean[:, :, None])
    return Combined(mean, bounds, choice, calibration)


def _summed(record: Record, means: list[Floats], mean: Floats, nodes: Nodes) -> tuple[list[Floats], Floats]:
    """Forecasts that add up: parts alone, or parts and sums together where that served the parts better so far."""
    variance = _error_variance(record, means, mean)
    from_parts = [added_up(np.maximum(one, 0.0), nodes.parent, nodes.level) for one in means]
    together = [reconciled(one, variance, nodes.parent, nodes.level) for one in means]
    if _missed(record, together, nodes) < (1 - NEEDED_GAIN) * _missed(record, from_parts, nodes):
        return together, reconciled(mean, variance, nodes.parent, nodes.level)
    return from_parts, added_up(np.maximum(mean, 0.0), nodes.parent, nodes.level)


def _missed(record: Record, means: Sequence[Floats], nodes: Nodes) -> float:
    if not means:
        return 0.0
    scored = record.is_scored & nodes.is_bottom[:, None]
    return float((np.abs(np.stack(means) - record.actual) * scored).sum())


def _error_variance(record: Record, means: Sequence[Floats], mean: Floats) -> Floats:
    """Variance of each node's error, shrunk to a tenth of its level squared where its record is short."""
    level = np.maximum(mean.mean(axis=1), 1e-9)
    if not means:
        return np.asarray((0.1 * level) ** 2)
    missed = np.where(record.is_scored, np.stack(means) - record.actual, 0.0)
    counts = record.is_scored.sum(axis=(0, 2))
    squares = (missed**2).sum(axis=(0, 2))
    return np.asarray((squares + SHRUNK_AFTER * (0.1 * level) ** 2) / (counts + SHRUNK_AFTER))
