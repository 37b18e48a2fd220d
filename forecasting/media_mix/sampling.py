"""Draws of what is believed about the shapes, by differential evolution between chains.

Every chain moves along the difference of two others (ter Braak 2006, "A Markov Chain Monte Carlo version of the genetic
algorithm Differential Evolution"), which needs no tuning; one half of the chains moves by the other half, so that a
whole half is computed at once. Returns and baseline are integrated out, so only shapes and the errors' size are drawn.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forecasting.media_mix.baseline import Whitening
from forecasting.media_mix.shapes import SHAPES, Spending, Worked
from forecasting.values import Floats

LEAST_CHAINS = 64
TRUST = 0.5
"""Every period counts as half a one: real carry-over and saturation are not of this form, which alone would make
intervals too narrow (a tempered likelihood; chosen on simulated worlds of another form, not those reported)."""
JUMP_EVERY = 10


@dataclass(frozen=True, eq=False)
class Evidence:
    """What returns are conditional on shapes and the errors' size, for n guesses.

    Attributes:
        log_posterior: Up to a constant, shape (n,).
        mean: Of the returns, shape (n, c).
        root: Cholesky root of the returns' precision, shape (n, c, c).
        worked: What spend did.
    """

    log_posterior: Floats
    mean: Floats
    root: Floats
    worked: Worked


class Belief:
    """The posterior of shapes and errors, given a whitening and a normal prior of the returns."""

    def __init__(
        self, spending: Spending, outcome: Floats, whitening: Whitening, *, roi_mean: float, roi_sd: float
    ) -> None:
        self.spending, self.whitening = spending, whitening
        self.outcome = whitening.root @ outcome
        self.roi_mean, self.roi_sd = roi_mean, roi_sd

    def at(self, guesses: Floats, *, with_steepness: bool = False) -> Evidence:
        """Evaluate guesses of shape (n, 3c + 1): shapes in prior standard deviations, then the log of the errors."""
        shapes = guesses[:, :-1].reshape(len(guesses), -1, SHAPES)
        precision = TRUST * np.exp(-2 * guesses[:, -1])
        worked = self.spending.work(shapes, with_steepness=with_steepness)
        feature = worked.feature @ self.whitening.root.T
        count = feature.shape[1]
        rest = self.outcome[None, :] - self.roi_mean * feature.sum(axis=1)
        inner = precision[:, None, None] * (feature @ feature.transpose(0, 2, 1))
        inner += np.eye(count)[None, :, :] / self.roi_sd**2
        pull = precision[:, None] * np.einsum("nct,nt->nc", feature, rest)
        root = np.linalg.cholesky(inner)
        moved = np.linalg.solve(root, pull[:, :, None])[:, :, 0]
        above = np.linalg.solve(root.transpose(0, 2, 1), moved[:, :, None])[:, :, 0]
        log_likelihood = (
            -TRUST * rest.shape[1] * guesses[:, -1]
            - 0.5 * precision * (rest**2).sum(axis=1)
            + 0.5 * (moved**2).sum(axis=1)
            - np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
        )
        prior = -0.5 * (guesses[:, :-1] ** 2).sum(axis=1)
        total = log_likelihood + prior - 0.5 * TRUST * self.whitening.log_determinant
        return Evidence(
            np.asarray(total, dtype=np.float64), np.asarray(self.roi_mean + above), np.asarray(root), worked
        )

    def returns(self, evidence: Evidence, noise: Floats) -> Floats:
        """Draw returns given the rest; noise is standard normal of shape (n, c)."""
        return evidence.mean + np.linalg.solve(evidence.root.transpose(0, 2, 1), noise[:, :, None])[:, :, 0]


def chains_for(dimensions: int) -> int:
    """How many chains so many dimensions need; even."""
    return max(LEAST_CHAINS, 4 * dimensions)


def moved(
    log_posterior: Callable[[Floats], Floats], chains: Floats, rounds: int, draw: np.random.Generator, *, every: int = 0
) -> tuple[Floats, Floats]:
    """Move chains of shape (n, d) for so many rounds; also what they were at every so many rounds, (kept, n, d)."""
    count, dimensions = chains.shape
    half = count // 2
    halves = (np.arange(half), np.arange(half, count))
    chains = chains.copy()
    heights = log_posterior(chains)
    kept = []
    for number in range(rounds):
        for ours, others in (halves, halves[::-1]):
            first = draw.integers(len(others), size=len(ours))
            second = (first + 1 + draw.integers(len(others) - 1, size=len(ours))) % len(others)
            length = 1.0 if number % JUMP_EVERY == 0 else 2.38 / np.sqrt(2 * dimensions)
            step = length * draw.uniform(0.5, 1.0, (len(ours), 1)) * (chains[others[first]] - chains[others[second]])
            proposed = chains[ours] + step + 1e-3 * draw.standard_normal(step.shape)
            height = log_posterior(proposed)
            accepted = np.log(draw.random(len(ours))) < height - heights[ours]
            chains[ours[accepted]], heights[ours[accepted]] = proposed[accepted], height[accepted]
        if every and number % every == every - 1:
            kept.append(chains.copy())
    return chains, np.array(kept)


def disagreement(draws: Floats) -> Floats:
    """Split R-hat per quantity of draws (rounds, chains, quantities): 1 when all chains say the same.

    Gelman et al., Bayesian Data Analysis (2013), section 11.4.
    """
    half = len(draws) // 2
    parts = np.concatenate([draws[:half], draws[half : 2 * half]], axis=1)
    within = parts.var(axis=0, ddof=1).mean(axis=0)
    between = parts.mean(axis=0).var(axis=0, ddof=1)
    return np.asarray(np.sqrt((within * (half - 1) / half + between) / np.maximum(within, 1e-300)))
