"""How spend works over time: geometric carry-over and Hill saturation, for many guesses of their parameters at once.

Carry-over: a share a of the effect stays from one period to the next, cut after some periods; weights add up to one
(Broadbent's adstock). Saturation: x^s / (x^s + k^s), half of the highest effect at k (Hill; Jin et al. 2017, "Bayesian
methods for media mix modeling with carryover and shape effects").
"""

from dataclasses import dataclass

import numpy as np

from forecasting.values import Floats

PRIOR_CARRYOVER = (-0.4, 1.2)
"""Mean and standard deviation of the log-odds of a; a is .40 in the middle, .09 to .83 for 90 %."""
PRIOR_HALF = (0.4, 0.8)
"""Of log(k / mean spend per period); k is 1.5 times the mean in the middle."""
PRIOR_SLOPE = (0.1, 0.25)
"""Of log(s)."""
CENTRE = np.array([PRIOR_CARRYOVER[0], PRIOR_HALF[0], PRIOR_SLOPE[0]])
SPREAD = np.array([PRIOR_CARRYOVER[1], PRIOR_HALF[1], PRIOR_SLOPE[1]])
SHAPES = 3
STEP = 0.01
"""How much more is spent, relatively, where a marginal return is asked for."""


@dataclass(frozen=True, eq=False)
class Worked:
    """What spend did, for n guesses and c channels.

    Attributes:
        feature: Contribution per period at a return of one, shape (n, c, periods); adds up to the spend.
        steepness: Marginal return over mean return, shape (n, c).
        scale: What turns saturation into such a contribution, shape (n, c).
    """

    feature: Floats
    steepness: Floats
    scale: Floats


class Spending:
    """Spend of channels, ready for many guesses of the shapes.

    Args:
        spend: Shape (periods, channels), in currency.
        earlier: Of the periods before, oldest first, shape (carryover, channels).
    """

    def __init__(self, spend: Floats, earlier: Floats) -> None:
        self.mean = spend.mean(axis=0)
        self.total = spend.sum(axis=0)
        whole = np.vstack([earlier, spend]) / self.mean[None, :]
        lags, periods = len(earlier) + 1, len(spend)
        # [channel, lag, period]: what was spent so many periods before
        self.lagged = np.stack([whole[lags - 1 - lag : lags - 1 - lag + periods].T for lag in range(lags)], axis=1)

    def work(self, shapes: Floats, *, with_steepness: bool = True) -> Worked:
        """Carry over and saturate; `shapes` has shape (n, c, 3), in standard deviations of the prior.

        Without steepness, which sampling does not need, it stays one.
        """
        carry, half, slope = parameters(shapes)
        weights = carry_weights(carry, self.lagged.shape[1])
        stock = (weights.transpose(1, 0, 2) @ self.lagged).transpose(1, 0, 2)
        reached = saturation(stock, half, slope)
        total = reached.sum(axis=2)
        scale = self.total[None, :] / total
        steepness = np.ones_like(total)
        if with_steepness:
            more = saturation(stock * (1 + STEP), half, slope).sum(axis=2)
            steepness = (more / total - 1) / STEP
        return Worked(reached * scale[:, :, None], steepness, scale)


def parameters(shapes: Floats) -> tuple[Floats, Floats, Floats]:
    """Carry-over a, half-saturation k (in mean spends per period) and slope s, each of shape (n, c)."""
    raw = CENTRE + SPREAD * shapes
    return 1 / (1 + np.exp(-raw[..., 0])), np.exp(raw[..., 1]), np.exp(raw[..., 2])


def carry_weights(carry: Floats, lags: int) -> Floats:
    """Share of the effect that comes so many periods later, shape (n, c, lags)."""
    weights = carry[..., None] ** np.arange(lags)
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def saturation(stock: Floats, half: Floats, slope: Floats) -> Floats:
    """Share of the highest effect, shape (n, c, periods or levels)."""
    ratio = np.exp(slope[..., None] * (np.log(np.maximum(stock, 1e-12)) - np.log(half)[..., None]))
    return np.asarray(ratio / (1 + ratio))
