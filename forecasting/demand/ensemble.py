"""Which models speak, and how loud: chosen by the errors they made at earlier origins, for each kind of series.

Greedy forward selection with replacement (Caruana et al., 2004) of the mean absolute error over past origins gives
pooled weights; a series' own record then tilts them, as far as it is long. Only what had happened by the origin counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.demand.panel import Flags, Panel
from forecasting.demand.rolling import Origin
from forecasting.demand.standard import CROSTON, TSB
from forecasting.values import Floats, Keys

PICKS = 6
HELD = {"pooled windows": 4.0, "pooled changes": 4.0, "boosted changes": 4.0}  # votes before any is picked
FOR_INTERMITTENT = (CROSTON, TSB)  # they forecast less than the mean on purpose; elsewhere that is a bias
INTERMITTENT = 1
TILT = 1.0
TILT_AFTER = 30.0
KINDS = 3
FEWEST_FORECASTS = 20
FALLBACK = "pooled windows"


@dataclass(frozen=True, eq=False)
class Choice:
    """Weights of models for each series.

    Attributes:
        models: Names, shape (m,).
        weights: Shape (n, m), rows sum to 1.
        judged_on: Forecasts that the pooled choice rests on, by kind of series.
    """

    models: tuple[str, ...]
    weights: Floats
    judged_on: tuple[int, ...]

    def forecast(self, origin: Origin) -> Floats:
        """The weighted mean of the models' forecasts, shape (n, horizon)."""
        stacked = np.stack([origin.forecasts[name] for name in self.models])
        return np.asarray(np.einsum("nm,mnh->nh", self.weights, stacked))


@dataclass(frozen=True, eq=False)
class KeptChoice:
    """Weights that were chosen on an earlier day, by the names of series.

    Attributes:
        series: Names, ascending, shape (n,).
        models: Names, shape (m,).
        weights: Shape (n, m), rows sum to 1.
        judged_on: As in `Choice`.
    """

    series: Keys
    models: tuple[str, ...]
    weights: Floats
    judged_on: tuple[int, ...]

    def choice_for(self, series: Keys, models: Sequence[str]) -> Choice:
        """The same for series of today and the models there are; a series that is new takes what all have in common."""
        names = tuple(models)
        column = pd.Index(self.models).get_indexer(pd.Index(names))
        row = pd.Index(self.series).get_indexer(pd.Index(series))
        known = np.vstack([self.weights, self.weights.mean(axis=0)])[row]
        weights = np.where(column >= 0, known[:, np.maximum(column, 0)], 0.0)
        lost = weights.sum(axis=1) <= 0
        weights[lost] = 1.0
        return Choice(names, weights / weights.sum(axis=1, keepdims=True), self.judged_on)


@dataclass(frozen=True, eq=False)
class Record:
    """What had come true by an origin, of forecasts made before it.

    Attributes:
        actual: Shape (o, n, horizon).
        is_scored: Whether the forecast period was over and known, shape (o, n, horizon).
        origins: The o origins.
    """

    actual: Floats
    is_scored: Flags
    origins: tuple[Origin, ...]


def record_of(panel: Panel, origins: Sequence[Origin], length: int) -> Record:
    """What is known after `length` periods of forecasts made at earlier origins."""
    steps = np.arange(panel.horizon)
    used = tuple(origin for origin in origins if origin.length < length)
    shape = (len(used), len(panel.series), panel.horizon)
    actual, is_scored = np.zeros(shape), np.zeros(shape, dtype=bool)
    for number, origin in enumerate(used):
        periods = origin.length + steps
        over = periods[periods < length]
        actual[number, :, : len(over)] = panel.units[:, over]
        is_scored[number, :, : len(over)] = panel.is_known[:, over] & origin.has_history[:, None]
    return Record(actual, is_scored, used)


def choose(record: Record, now: Origin, models: Sequence[str]) -> Choice:
    """Weights for the series of an origin, from the record of earlier ones."""
    names = tuple(models)
    n_series = len(now.kind)
    weights = np.zeros((n_series, len(names)))
    judged = []
    losses = _losses(record, names, n_series)
    for kind in range(KINDS):
        rows = now.kind == kind
        scored = record.is_scored[:, rows]
        judged.append(int(scored.sum()))
        if judged[-1] < FEWEST_FORECASTS:
            weights[rows] = np.array([float(name == FALLBACK) for name in names])
            continue
        is_apt = np.array([kind == INTERMITTENT or name not in FOR_INTERMITTENT for name in names])
        apt = np.array(names)[is_apt]
        stacked = np.stack(
            [np.stack([origin.forecasts[name][rows] for origin in record.origins])[scored] for name in apt]
        )
        held = np.array([HELD.get(name, 0.0) for name in apt])
        weights[np.ix_(rows, is_apt)] = _greedy(
            stacked, record.actual[:, rows][scored], held, power=2 if kind == INTERMITTENT else 1
        )
    counts = np.where(now.kind == INTERMITTENT, 0, record.is_scored.sum(axis=(0, 2))).astype(np.float64)
    return Choice(names, _tilted(weights, losses, counts), tuple(judged))


def _losses(record: Record, names: tuple[str, ...], n_series: int) -> Floats:
    """Summed absolute error of each model in each series, shape (n, m)."""
    losses = np.zeros((n_series, len(names)))
    for number, origin in enumerate(record.origins):
        for column, name in enumerate(names):
            missed = np.abs(origin.forecasts[name] - record.actual[number])
            losses[:, column] += (missed * record.is_scored[number]).sum(axis=1)
    return losses


def _greedy(stacked: Floats, actual: Floats, held: Floats, *, power: int) -> Floats:
    """Votes held beforehand, then picks with replacement, each the model that lowers the error of the mean most.

    Power 2 asks for the mean: the absolute error of a series that is mostly empty is lowest at zero.
    A mean of few is hard to beat where the record is short; votes held beforehand keep the picks near it.
    """
    picked = held.copy()
    total = np.asarray(held @ stacked)
    for _ in range(PICKS):
        votes = picked.sum() + 1
        errors = [float((np.abs((total + one) / votes - actual) ** power).mean()) for one in stacked]
        best = int(np.argmin(errors))
        total += stacked[best]
        picked[best] += 1
    return np.asarray(picked / picked.sum())


def _tilted(weights: Floats, losses: Floats, counts: Floats) -> Floats:
    """Weights moved towards the models that served this series best, by how long its record is."""
    typical = (weights * losses).sum(axis=1, keepdims=True)
    relative = np.where(typical > 0, losses / np.maximum(typical, 1e-300) - 1.0, 0.0)
    trust = (counts / (counts + TILT_AFTER))[:, None]
    tilted = weights * np.exp(-TILT * trust * np.clip(relative, -1.0, 5.0))
    return np.asarray(tilted / tilted.sum(axis=1, keepdims=True))


def named_weights(choice: Choice, row: int) -> Mapping[str, float]:
    """The models that speak for one series, loudest first."""
    found = {name: float(weight) for name, weight in zip(choice.models, choice.weights[row], strict=True) if weight}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
