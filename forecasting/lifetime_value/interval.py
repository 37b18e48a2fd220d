"""What a customer will bring within a horizon, as a distribution: an interval for it, not only its mean.

Nothing comes with the chance of having left or not buying again, which is exact. Given at least one purchase, their
number y is taken at equally likely quantiles of its exact distribution, and given y the logarithm of their sum (a gamma
over a gamma) as normal with its exact mean and variance: a mixture. Parameters are taken as known: with many customers
their error is small beside what a single customer may do.
"""

import numpy as np

from forecasting.lifetime_value.beta_geometric import BetaGeometric
from forecasting.lifetime_value.gamma_gamma import GammaGamma
from forecasting.values import Floats

LEVELS = (np.arange(12) + 0.5) / 12
GRID = 0.02  # ages within 2 % of each other have one distribution of y
HALVINGS = 14
CHUNK = 50_000  # customers at a time, so that the mixture stays in the processor's cache


def spend_quantiles(
    buying: BetaGeometric, amounts: GammaGamma, horizon: float, probabilities: tuple[float, ...], **known: Floats
) -> list[Floats]:
    """Quantiles of the spend within the horizon, in currency, each of shape (customers,).

    Args:
        buying: How often they buy.
        amounts: How much.
        horizon: In the models' unit of time.
        probabilities: Which quantiles.
        known: x, t_x, age, spend (mean of the x + 1 purchases so far); each of shape (customers,).
    """
    from scipy.special import digamma, polygamma

    x, age, purchases = known["x"], known["age"], known["x"] + 1
    p_any = buying.p_alive(x, known["t_x"], age) * buying.chance_of_at_least(np.ones(len(x)), horizon, x, age)
    steps = np.rint(np.log(age) / GRID)
    distinct, where = np.unique(np.column_stack([x, steps]), axis=0, return_inverse=True)
    sums = [_log_sums(amounts.p_, y) for y in _purchases_given_any(buying, horizon, distinct[:, 0], distinct[:, 1])]
    shape, rate = amounts.scale_of(purchases, known["spend"])
    shift, noise = np.log(rate) - digamma(shape), polygamma(1, shape)
    quantiles = []
    for probability in probabilities:
        within = np.clip((probability - (1 - p_any)) / np.maximum(p_any, 1e-12), 1e-9, 1 - 1e-9)
        comes = np.flatnonzero(probability > 1 - p_any)
        brought = np.zeros(len(x))
        for rows in np.array_split(comes, max(1, len(comes) // CHUNK)):
            brought[rows] = np.exp(shift[rows] + _mixture_quantile(sums, where[rows], noise[rows], within[rows]))
        quantiles.append(brought)
    return quantiles


def _mixture_quantile(
    sums: list[tuple[Floats, Floats]], where: np.ndarray, noise: Floats, probability: Floats
) -> Floats:
    """Quantile of a mixture of normals: means and variances per distinct history, and further variance per row."""
    from scipy.special import ndtr, ndtri

    parts = [(mean[where], np.sqrt(variance[where] + noise)) for mean, variance in sums]
    ends = np.array([mean + deviation * ndtri(probability) for mean, deviation in parts])
    low, high = ends.min(axis=0), ends.max(axis=0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        share = sum(ndtr((middle - mean) / deviation) for mean, deviation in parts) / len(parts)
        is_below = share < probability
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return np.asarray((low + high) / 2)


def _log_sums(shape: float, y: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of the logarithm of the sum of y amounts of scale 1."""
    from scipy.special import digamma, polygamma

    return np.asarray(digamma(shape * y)), np.asarray(polygamma(1, shape * y))


def _purchases_given_any(buying: BetaGeometric, horizon: float, x: Floats, steps: Floats) -> list[Floats]:
    """Purchases within the horizon given at least one, at each of `LEVELS`; each of shape (len(x),)."""
    age = np.exp(steps * GRID)
    once = buying.chance_of_at_least(np.ones(len(x)), horizon, x, age)
    rate = (buying.r_ + x) / (buying.alpha_ + age)
    most = 10 + rate * horizon + 8 * np.sqrt(rate * horizon * (1 + horizon / (buying.alpha_ + age)))
    found = []
    for level in LEVELS:
        low, high = np.ones(len(x)), most.copy()
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            is_below = buying.chance_of_at_least(middle, horizon, x, age) >= (1 - level) * once
            low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
        found.append(np.floor(low + 1e-3))
    return found
