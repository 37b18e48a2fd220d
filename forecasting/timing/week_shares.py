"""Shares of engagement per local hour of the week: habits around a favourite hour, and windows around the best one."""

import numpy as np
import numpy.typing as npt

from forecasting.values import Floats
from forecasting.values.timing import HOURS_PER_WEEK

STRENGTHS = (0.2, 0.45, 0.7, 0.9)
"""Shares of a customer's engagement that may lie around the favourite hour."""
STATES = 1 + len(STRENGTHS) * HOURS_PER_WEEK
"""No favourite hour, or one of 168 in one of the strengths."""

HOURS = np.arange(HOURS_PER_WEEK)
OFFSET = (HOURS[None, :] - HOURS[:, None]) % HOURS_PER_WEEK  # [favourite hour, engaged hour]

Integers = npt.NDArray[np.int64]


def window_start(profile: Floats, best: Integers, window_hours: int) -> Integers:
    """First hour of the window of most engagement that holds the best hour; profile has shape (customers, 168)."""
    offsets = (best[:, None] - np.arange(window_hours)[None, :]) % HOURS_PER_WEEK
    held = np.zeros(offsets.shape) + sum(
        np.take_along_axis(profile, (offsets + step) % HOURS_PER_WEEK, axis=1) for step in range(window_hours)
    )
    # rounded, so that equal windows are equal; among these the one centred on the best hour
    held = np.round(held, 12) - 1e-13 * np.abs(np.arange(window_hours) - (window_hours - 1) // 2)[None, :]
    return np.asarray(np.take_along_axis(offsets, held.argmax(axis=1)[:, None], axis=1)[:, 0])


def blended(expected: Floats, counts: Floats, prior_hours: float) -> Floats:
    """Mean of the Dirichlet posterior: what the mixture expects and what was counted, shape (customers, 168)."""
    total = prior_hours + counts.sum(axis=1, keepdims=True)
    return np.asarray((prior_hours * expected + counts) / total, dtype=np.float64)


def quantiles(belief: Floats, values: Floats, level: float) -> Floats:
    """The level's quantile of values, one per state, under each row of belief."""
    order = np.argsort(values, kind="stable")
    grown = np.cumsum(belief[:, order], axis=1)
    return np.asarray(values[order][np.minimum((grown < level).sum(axis=1), STATES - 1)])


def beta_quantile(share: Floats, weight: Floats, level: float) -> Floats:
    """The level's quantile of a share that is known like so many hours counted, shape of `share`."""
    from scipy.special import betaincinv

    return np.asarray(betaincinv(np.maximum(share, 1e-9) * weight, (1 - share) * weight, level), dtype=np.float64)


def leads(weights: Floats, near: Integers) -> Floats:
    """P(the best hour holds more than the best hour that is not near it), for Dirichlet weights (customers, 168)."""
    from scipy.special import betainc

    ours = np.take_along_axis(weights, near[:, 1:2], axis=1)[:, 0]
    rest = weights.copy()
    np.put_along_axis(rest, near, 0.0, axis=1)
    return np.asarray(1 - betainc(ours, rest.max(axis=1), 0.5), dtype=np.float64)


def habits_around(habit: Floats) -> Floats:
    """Share of habitual engagement per hour of the week, by favourite hour: shape (168, 168)."""
    return np.asarray(habit[OFFSET], dtype=np.float64)


def starting_habit() -> Floats:
    """Half on the same day within an hour or two, half at the same time of other days."""
    hours = np.minimum(HOURS, HOURS_PER_WEEK - HOURS)
    same = np.exp(-hours / 1.0)
    clock = np.minimum(HOURS % 24, 24 - HOURS % 24)
    other = np.exp(-clock / 1.0)
    return np.asarray(0.5 * same / same.sum() + 0.49 * other / other.sum() + 0.01 / HOURS_PER_WEEK)


def spread_evenly() -> Floats:
    """A favourite hour's worth of every state, so that none is impossible."""
    even = np.full(STATES, 0.5 / (STATES - 1))
    even[0] = 0.5
    return even


def smooth_states(chosen: Floats) -> Floats:
    """Favourite hours lend to their neighbours, since a segment has few of each."""
    hours = chosen[:, 1:].reshape(len(chosen), len(STRENGTHS), HOURS_PER_WEEK)
    lent = 0.5 * hours + 0.25 * (np.roll(hours, 1, axis=2) + np.roll(hours, -1, axis=2))
    return np.hstack([chosen[:, :1], lent.reshape(len(chosen), -1)])


def by_group(counts: Floats, code: Integers, groups: int) -> Floats:
    """Counts per segment, shape (groups, 168)."""
    total = np.zeros((groups, HOURS_PER_WEEK))
    np.add.at(total, code, counts)
    return total
