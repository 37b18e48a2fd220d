"""How much of what candidates say to believe: weights by what they explain on rows they did not see, then a scale."""

from dataclasses import dataclass

import numpy as np

from forecasting.values import Floats

PRIOR_WEIGHT_SD = 0.5
PRIOR_SCALE = 0.7  # candidates overstate what varies, so that less than their word is the prior
PRIOR_SCALE_SD = 0.35


@dataclass(frozen=True, eq=False)
class Stack:
    """Deviation from the mean effect = scale · Σ weight · candidate's deviation.

    Attributes:
        weight: Of each candidate, shape (candidates,).
        scale: Of each effect, shape (effects,).
        scale_sd: What is not known about it, shape (effects,).
    """

    weight: Floats
    scale: Floats
    scale_sd: Floats

    def deviation(self, candidates: Floats) -> Floats:
        """From candidates' deviations, shape (candidates, rows, effects), to one, shape (rows, effects)."""
        return np.asarray(self.scale * np.tensordot(self.weight, candidates, axes=1))

    def disagreement(self, candidates: Floats) -> Floats:
        """Variance between the candidates' deviations, by their weight; shape (rows, effects)."""
        total = float(self.weight.sum())
        if total <= 0:
            return np.zeros(candidates.shape[1:])
        share = self.weight / total
        middle = np.tensordot(share, candidates, axes=1)
        spread = np.tensordot(share, (candidates - middle) ** 2, axes=1)
        return np.asarray((self.scale * total) ** 2 * spread)


def stack_candidates(out: Floats, scores: Floats, weight: Floats) -> Stack:
    """Weights near equal ones unless the scores say otherwise, never negative; then a scale per effect.

    Args:
        out: Candidates' deviations on rows they did not see, shape (candidates, rows, effects).
        scores: Shape (rows, effects).
        weight: Shape (rows, effects).
    """
    from scipy.optimize import nnls

    candidates, _, effects = out.shape
    if candidates == 0:
        return Stack(np.zeros(0), np.zeros(effects), np.zeros(effects))
    centred = scores - scores.mean(axis=0)
    noise = (weight * centred**2).mean(axis=0)
    precision = weight / np.maximum(noise, 1e-300)
    gram = np.einsum("ire,jre,re->ij", out, out, precision, optimize=True)
    moment = np.einsum("ire,re,re->i", out, centred, precision, optimize=True)
    prior = np.full(candidates, 1 / candidates)
    posterior = gram + np.eye(candidates) / PRIOR_WEIGHT_SD**2
    factor = np.linalg.cholesky(posterior).T
    weights, _ = nnls(factor, np.linalg.solve(factor.T, moment + prior / PRIOR_WEIGHT_SD**2))
    weights = np.round(weights, 9)
    combined = np.tensordot(weights, out, axes=1)
    power = (precision * combined**2).sum(axis=0)
    agreement = (precision * combined * centred).sum(axis=0)
    known = power + 1 / PRIOR_SCALE_SD**2
    scale = np.maximum((agreement + PRIOR_SCALE / PRIOR_SCALE_SD**2) / known, 0.0)
    return Stack(weights, np.round(scale, 9), 1 / np.sqrt(known))


def shrink_means(means: Floats, errors: Floats, *, has_control: bool) -> tuple[Floats, Floats]:
    """Mean effects of arms shrunk to each other when there are four or more; returns means and their sd.

    Variance between arms by DerSimonian and Laird (1986).
    """
    least = 4
    if len(means) < least:
        return means, errors
    precision = 1 / np.maximum(errors, 1e-300) ** 2
    centre = float(precision @ means / precision.sum()) if has_control else 0.0
    excess = float(precision @ (means - centre) ** 2) - (len(means) - 1)
    between = max(excess / float(precision.sum() - (precision**2).sum() / precision.sum()), 0.0)
    kept = between / (between + errors**2)
    centre_variance = 1 / float((1 / (between + errors**2)).sum()) if has_control else 0.0
    variance = kept * errors**2 + (1 - kept) ** 2 * centre_variance
    return centre + kept * (means - centre), np.sqrt(variance)
