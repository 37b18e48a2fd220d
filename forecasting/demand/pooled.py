"""Models that learn from all series at once how much of a change lasts.

`windows`: the level to come as a non-negative combination of means over the last 1, 2, 4, … periods, relative to the
series' base level; one combination for all series of a kind and each horizon (non-negative least squares).
`lags`: its logarithm by ridge regression on the last changes.
`boosted`: gradient-boosted trees on the same changes, the volatility, the movement of all series and of the series
under the same parent. In logarithms, cut at both ends, so that a mean is close to the median of units.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.demand.settings import Frequency
from forecasting.values import Floats

BASE: dict[Frequency, int] = {"hour": 168, "day": 28, "week": 8, "month": 6}
SPANS: dict[Frequency, tuple[int, ...]] = {
    "hour": (1, 3, 24, 72, 168, 336),
    "day": (1, 3, 7, 14, 28, 56),
    "week": (1, 2, 4, 8, 12, 20),
    "month": (1, 2, 3, 6, 12, 24),
}
KNOTS = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377)
MOST_TRAINING_ORIGINS = 60
LARGEST_RATIO = 3.0
LARGEST_LOG_RATIO = 1.0
RIDGE_SHARE = 0.02
MOST_BOOSTED_ROWS = 40_000
LAGS = 4
SMALL = 0.1


@dataclass(frozen=True, eq=False)
class Training:
    """Adjusted values and who counts.

    Attributes:
        values: Shape (n, t).
        weights: Of each series in what is learnt, shape (n,); 0 takes it out.
        group: Number of the series' parent, shape (n,).
        frequency: Of the periods.
    """

    values: Floats
    weights: Floats
    group: npt.NDArray[np.int64]
    frequency: Frequency

    @property
    def base_window(self) -> int:
        """Over how many periods the base level is a mean."""
        return int(min(BASE[self.frequency], max(self.values.shape[1] // 2, 1)))

    def base(self, at: int) -> Floats:
        """Mean of the last periods before `at`, shape (n,)."""
        return np.asarray(self.values[:, at - self.base_window : at].mean(axis=1))

    def origins(self, step: int) -> Iterator[int]:
        """Past origins whose `step`-th period ahead is known."""
        last = self.values.shape[1] - step
        yield from range(max(self.base_window, last - MOST_TRAINING_ORIGINS), last)


def windows(training: Training, horizon: int) -> Floats:
    """Level by horizon, shape (n, horizon)."""
    from scipy.optimize import nnls

    length = training.values.shape[1]
    at_knots, coefficients = _knots(horizon), []
    spans = SPANS[training.frequency]
    for step in at_knots:
        gram = np.zeros((len(spans), len(spans)))
        moment = np.zeros(len(spans))
        for at in training.origins(int(step)):
            base = training.base(at)
            rows = (base > 0) & (training.weights > 0)
            means = _span_means(training, at)[rows] / base[rows, None]
            target = np.clip(training.values[rows, at + step] / base[rows], 0, LARGEST_RATIO)
            weighted = means * training.weights[rows, None]
            gram += weighted.T @ means
            moment += weighted.T @ target
        coefficients.append(_non_negative(gram, moment, nnls))
    by_step = _interpolated(np.array(coefficients), at_knots, horizon)
    return np.asarray(_span_means(training, length) @ by_step.T)


def _non_negative(gram: Floats, moment: Floats, solve: object) -> Floats:
    """Non-negative least squares from its normal equations; the mean over the base where nothing was learnt."""
    size = float(np.trace(gram))
    if size <= 0:
        return np.asarray(np.eye(len(gram))[len(gram) // 2])
    factor = np.linalg.cholesky(gram / size + 1e-9 * np.eye(len(gram)))
    found, _ = solve(factor.T, np.linalg.solve(factor, moment / size))  # type: ignore[operator]
    return np.asarray(found)


def _span_means(training: Training, at: int) -> Floats:
    values = training.values
    return np.column_stack([values[:, max(at - span, 0) : at].mean(axis=1) for span in SPANS[training.frequency]])


def lags(training: Training, horizon: int) -> Floats:
    """Level by horizon, shape (n, horizon)."""
    length = training.values.shape[1]
    now, base = _changes(training, length)[:, : LAGS + 2], training.base(length)
    at_knots, found = _knots(horizon), []
    for step in at_knots:
        columns, targets, weights = _rows(training, int(step), LAGS + 2)
        if not weights.sum() > 0:
            found.append(np.zeros(len(base)))
            continue
        center = np.average(columns, axis=0, weights=weights)
        scale = np.sqrt(np.average((columns - center) ** 2, axis=0, weights=weights)) + 1e-9
        standard = (columns - center) / scale
        share = weights / weights.sum()
        mean = float(share @ targets)
        gram = (standard * share[:, None]).T @ standard + RIDGE_SHARE * np.eye(standard.shape[1])
        slope = np.linalg.solve(gram, (standard * share[:, None]).T @ (targets - mean))
        found.append(mean + ((now - center) / scale) @ slope)
    changes = _interpolated(np.array(found), at_knots, horizon).T
    return base[:, None] * np.exp(np.clip(changes, -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO))


def boosted(training: Training, horizon: int, seed: int) -> Floats:
    """Level by horizon, shape (n, horizon)."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    at_knots = _knots(horizon)
    parts = [_rows(training, int(step), None) for step in at_knots]
    steps = np.concatenate([np.full(len(part[1]), step) for part, step in zip(parts, at_knots, strict=True)])
    columns = np.column_stack([np.concatenate([part[0] for part in parts]), steps])
    targets, weights = (np.concatenate([part[number] for part in parts]) for number in (1, 2))
    length = training.values.shape[1]
    base, now = training.base(length), _changes(training, length)
    if not weights.sum() > 0:
        return np.repeat(base[:, None], horizon, axis=1)
    if len(columns) > MOST_BOOSTED_ROWS:
        kept = np.sort(np.random.default_rng(seed).choice(len(columns), MOST_BOOSTED_ROWS, replace=False))
        columns, targets, weights = columns[kept], targets[kept], weights[kept]
    model = HistGradientBoostingRegressor(
        max_iter=100,
        learning_rate=0.05,
        max_leaf_nodes=10,
        min_samples_leaf=80,
        l2_regularization=10.0,
        early_stopping=False,
        random_state=seed,
    ).fit(columns, targets, sample_weight=weights)
    found = [model.predict(np.column_stack([now, np.full(len(now), step)])) for step in at_knots]
    return np.asarray(base[:, None] * np.exp(_interpolated(np.array(found), at_knots, horizon).T))


def _rows(training: Training, step: int, n_columns: int | None) -> tuple[Floats, Floats, Floats]:
    """Changes at past origins, what followed `step` periods later, and weights."""
    columns, targets, weights = [], [], []
    for at in training.origins(step):
        base = training.base(at)
        rows = (base > 0) & (training.weights > 0)
        columns.append(_changes(training, at)[rows, :n_columns])
        ratio = np.log((training.values[rows, at + step] + SMALL * _unit(base[rows])) / _plus(base[rows]))
        targets.append(np.clip(ratio, -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO))
        weights.append(training.weights[rows])
    if not columns:
        width = _changes(training, training.values.shape[1])[:, :n_columns].shape[1]
        return np.empty((0, width)), np.empty(0), np.empty(0)
    return np.concatenate(columns), np.concatenate(targets), np.concatenate(weights)


def _unit(base: Floats) -> Floats:
    """What keeps logarithms of near-zero demand in bounds: a tenth of a unit, less where the level itself is tiny."""
    return np.minimum(1.0, base)


def _plus(base: Floats) -> Floats:
    return np.asarray(base + SMALL * _unit(base) + 1e-12)


def _changes(training: Training, at: int) -> Floats:
    """Logarithms against the base level, shape (n, 10): last periods, short and long mean, volatility, others."""
    values, base = training.values, training.base(at)
    small = SMALL * _unit(base) + 1e-12
    plus = base + small

    def against(level: Floats) -> Floats:
        return np.asarray(np.log((level + small) / plus).clip(-LARGEST_RATIO, LARGEST_RATIO))

    last = [against(values[:, max(at - lag, 0)]) for lag in range(1, LAGS + 1)]
    window = training.base_window
    short = against(values[:, at - max(window // 2, 1) : at].mean(axis=1))
    long = against(values[:, :at].mean(axis=1))
    recent = np.log((values[:, at - window : at] + small[:, None]) / plus[:, None])
    counted = training.weights > 0
    total = np.log((values[counted, at - 1].sum() + 1e-9) / (base[counted].sum() + 1e-9))
    n_groups = int(training.group.max()) + 1 if len(training.group) else 0
    of_group = [
        np.bincount(training.group, weights=np.where(counted, level, 0.0), minlength=n_groups)
        for level in (values[:, at - 1], base)
    ]
    group = np.log((of_group[0] + 1e-9) / (of_group[1] + 1e-9)).clip(-LARGEST_RATIO, LARGEST_RATIO)[training.group]
    spread = recent.clip(-LARGEST_RATIO, LARGEST_RATIO).std(axis=1)
    size = np.log(plus)
    whole = np.full(len(base), np.clip(total, -LARGEST_RATIO, LARGEST_RATIO))
    return np.column_stack([*last, short, long, spread, size, whole, group])


def _knots(horizon: int) -> npt.NDArray[np.int64]:
    """Steps at which models are learnt; between them what they say is interpolated."""
    return np.array([step for step in KNOTS if step < horizon - 1] + [horizon - 1], dtype=np.int64)


def _interpolated(at_knots: Floats, knots: npt.NDArray[np.int64], horizon: int) -> Floats:
    """Rows given at knots, for every step, shape (horizon, k)."""
    steps = np.arange(horizon)
    return np.column_stack([np.interp(steps, knots, column) for column in at_knots.T])
