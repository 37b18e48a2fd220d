"""What calendar, season and promotions multiply demand by, shrunk from each series to all of them.

Coefficients of log demand against its own moving mean: pooled by weighted least squares, then each series' own,
normal around the pooled ones with variances found by expectation maximisation (empirical Bayes, Efron and Morris,
1973). A series with little history or much noise keeps the pooled coefficients.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.demand.calendar import calendar_columns
from forecasting.demand.panel import Flags, Panel
from forecasting.demand.settings import SEASONS, DemandSettings, Frequency
from forecasting.values import Floats

SMOOTHING: dict[Frequency, int] = {"hour": 49, "day": 15, "week": 7, "month": 7}
EXPECTED_OVER: dict[Frequency, int] = {"hour": 168, "day": 28, "week": 8, "month": 6}
ROUNDS = 25
OFFSET = 0.05
LARGEST_LOG_FACTOR = 1.5
MOST_ZEROS = 0.1
SEASONS_NEEDED = 2
MOST_SEASONAL = 8.0
SMALL = 1e-9


@dataclass(frozen=True, eq=False)
class Factors:
    """Multipliers of each series' level, shape (n, t + horizon).

    Attributes:
        own: Of season, calendar and regressors, each series' own.
        calendar: The same without the regressors.
        pooled: Of season and calendar, the calendar's the same for all series.
    """

    own: Floats
    calendar: Floats
    pooled: Floats


def filled(values: Floats, is_known: Flags) -> Floats:
    """Unknown cells carry the last known value on; before the first known one stands the mean of the first four."""
    n_series, length = values.shape
    last = np.maximum.accumulate(np.where(is_known, np.arange(length), -1), axis=1)
    carried = np.take_along_axis(values, np.maximum(last, 0), axis=1)
    order = np.cumsum(is_known, axis=1)
    is_early = is_known & (order <= 4)  # noqa: PLR2004 - a few, so that one odd start does not stand for years
    early = (values * is_early).sum(axis=1) / np.maximum(is_early.sum(axis=1), 1)
    return np.where(last >= 0, carried, np.broadcast_to(early[:, None], (n_series, length)))


def moving_mean(values: Floats, width: int) -> Floats:
    """Centred moving mean along the last axis, narrower at both ends."""
    length = values.shape[-1]
    half = width // 2
    sums = np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)
    low = np.maximum(np.arange(length) - half, 0)
    high = np.minimum(np.arange(length) + half + 1, length)
    return np.asarray((sums[..., high] - sums[..., low]) / (high - low))


def fit_factors(panel: Panel, settings: DemandSettings, weights: Floats) -> Factors:
    """Learn what multiplies demand from a panel's past.

    Args:
        panel: Past demand, and regressors for past and horizon.
        settings: Frequency and holidays.
        weights: How much each series counts in what is pooled, shape (n,); 0 for sums of others.
    """
    values = filled(panel.units, panel.is_known)
    season = seasonal_factors(values, panel, settings.frequency, weights)
    level = values.mean(axis=1, keepdims=True)
    deseasoned = values / season[:, : panel.length]
    log_values = np.log(deseasoned + OFFSET * level + SMALL)
    shared, _ = calendar_columns(panel.periods, settings.frequency, settings.holidays)
    promoted = _expected(panel, EXPECTED_OVER[settings.frequency])
    columns = np.concatenate([np.broadcast_to(shared, (len(values), *shared.shape)), promoted], axis=2)
    is_usable = (weights > 0) & (((panel.units == 0) & panel.is_known).sum(axis=1) <= MOST_ZEROS * panel.length)
    is_usable &= level[:, 0] > 0
    if not is_usable.any() or columns.shape[2] == 0:
        return Factors(season, season, season)
    width = SMOOTHING[settings.frequency]
    pooled, own = _coefficients(log_values, columns[:, : panel.length], is_usable, width)
    limit = LARGEST_LOG_FACTOR
    return Factors(
        season * np.exp(np.clip(np.einsum("ntp,np->nt", columns, own), -limit, limit)),
        season * np.exp(np.clip(own[:, : shared.shape[1]] @ shared.T, -limit, limit)),
        season * np.exp(np.clip(shared @ pooled[: shared.shape[1]], -limit, limit)),
    )


def _expected(panel: Panel, over: int) -> Floats:
    """Regressors; where their future is not known, the mean of their last periods."""
    found = panel.regressors
    recent = found[:, max(panel.length - over, 0) : panel.length].mean(axis=1, keepdims=True)
    return np.where(np.isnan(found), recent, found)


def _coefficients(log_values: Floats, columns: Floats, is_usable: Flags, width: int) -> tuple[Floats, Floats]:
    """Pooled coefficients, shape (p,), and each series' own, shape (n, p)."""
    length = log_values.shape[1]
    target = log_values - moving_mean(log_values, width)
    spread = columns - np.moveaxis(moving_mean(np.moveaxis(columns, 2, 1), width), 1, 2)
    cross = np.matmul(spread.transpose(0, 2, 1), spread)
    n_columns = columns.shape[2]
    ridge = SMALL + 1e-6 * np.einsum("npp->p", cross[is_usable]) / is_usable.sum() + 1e-6
    weight = is_usable.astype(np.float64)
    pooled = np.zeros(n_columns)
    for _ in range(3):
        gram = np.einsum("n,npq->pq", weight, cross) + np.diag(ridge)
        moment = np.einsum("n,ntp,nt->p", weight, spread, target, optimize=True)
        pooled = np.linalg.solve(gram, moment)
        residual = target - spread @ pooled
        noise = (residual**2).sum(axis=1) / max(length - n_columns, 1) + SMALL
        floor = np.quantile(noise[is_usable], 0.1)
        weight = is_usable / np.maximum(noise, floor)
    noise = np.maximum(noise, floor)
    projected = np.einsum("ntp,nt->np", spread, residual)
    variance = np.full(n_columns, 0.01)
    own = np.zeros((len(target), n_columns))
    for _ in range(ROUNDS):
        precision = cross / noise[:, None, None] + np.diag(1 / variance)
        covariance = np.linalg.inv(precision)
        own = np.einsum("npq,nq->np", covariance, projected / noise[:, None])
        known = is_usable
        variance = (own[known] ** 2 + np.einsum("npp->np", covariance)[known]).mean(axis=0) + SMALL
    return pooled, pooled + np.where(is_usable[:, None], own, 0.0)


def seasonal_factors(values: Floats, panel: Panel, frequency: Frequency, weights: Floats) -> Floats:
    """Multiplier of each period's place in the season, mean 1, shape (n, t + horizon); 1 without two whole seasons.

    A place's ratio to the moving mean over a season, averaged per series and shrunk to the average of all series by
    the ratio of the variance within a place to that between series.
    """
    n_series, length = values.shape
    ones = np.ones((n_series, len(panel.periods)))
    season = next((m for m in SEASONS[frequency] if length >= SEASONS_NEEDED * m), None)
    if season is None or not (weights > 0).any():
        return ones
    smooth = moving_mean(values, season + 1 - season % 2)
    ratio = np.where(smooth > SMALL, values / np.maximum(smooth, SMALL), 1.0).clip(0, MOST_SEASONAL)
    place = (panel.periods % season).astype(np.int64)
    counts = np.bincount(place[:length], minlength=season).astype(np.float64)
    by_place = _by_place(ratio, place[:length], season)
    means = by_place / counts
    share = weights / weights.sum()
    pooled = share @ means
    within = ((ratio - means[:, place[:length]]) ** 2).sum(axis=1) / max(length - season, 1)
    between = np.maximum(((means - pooled) ** 2).mean(axis=1) - within / counts.mean(), SMALL)
    typical = np.average(between, weights=weights)
    kept = counts / (counts + (within / max(typical, SMALL))[:, None])
    # the pooled season is itself a mean of noisy ones: without signal it goes to one
    noise = (share**2 * within).sum() / counts.mean()
    signal = max(float(((pooled - 1) ** 2).mean()) - float(noise), 0.0)
    pooled = 1 + (pooled - 1) * signal / (signal + float(noise) + SMALL)
    shrunk = np.maximum(kept * means + (1 - kept) * pooled, 0.05)
    shrunk /= shrunk.mean(axis=1, keepdims=True)
    return np.asarray(shrunk[:, place])


def _by_place(ratio: Floats, place: npt.NDArray[np.int64], season: int) -> Floats:
    indicator = np.zeros((len(place), season))
    indicator[np.arange(len(place)), place] = 1.0
    return np.asarray(ratio @ indicator)
