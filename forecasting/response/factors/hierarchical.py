"""Regression with nested levels: every group's effect is drawn from its parent's, and the data say how widely.

    linear = intercept + columns · coefficients + Σ over levels of effect[group of the row]

Effects of a level are normal around 0 with a variance that is estimated, so that an asset never sent takes what its
kind shows, and an unknown kind what all assets show. Estimation is mean-field variational: every effect has a mean and
a variance of its own, levels are updated in turn (Newton steps for log-odds, the variance of a level by EM), and
log-odds are averaged over what is not known by half the variance times (1 - 2 · base rate), exact for rare events.
Sources: Gelman and Hill (2007) for the model; Ormerod and Wand (2012) for the approximation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from forecasting.errors import TooLittleDataError
from forecasting.response.factors.units import Positions
from forecasting.values import Floats

LEAST_EVENTS = 20
MOST_ROUNDS = 200
PRIOR_VARIANCE = {"logit": 0.1, "identity": 0.01}  # of a level, in log-odds², or in variances of the target
PRIOR_GROUPS = 2.0  # groups that this prior is worth
DECIMALS = 9


@dataclass(frozen=True, eq=False)
class Level:
    """Effects of the groups of one level.

    Attributes:
        mean: Shape (groups,).
        variance: What is not known about each, shape (groups,).
        spread: Variance between groups: what is not known about a group never seen.
    """

    mean: Floats
    variance: Floats
    spread: float


class HierarchicalRegression:
    """Fits log-odds (`logit`) or amounts (`identity`).

    Args:
        link: `logit` for labels 0 and 1, `identity` for amounts.
        slope_sd: Prior standard deviation of a coefficient per standard deviation of its column, in log-odds or in
            standard deviations of the target.
    """

    def __init__(self, *, link: Literal["identity", "logit"], slope_sd: float = 1.0) -> None:
        self.link = link
        self.slope_sd = slope_sd

    def fit(
        self,
        columns: Floats,
        groups: Mapping[str, Positions],
        target: Floats,
        *,
        weight: Floats | None = None,
        offset: Floats | None = None,
    ) -> Self:
        """Learn from rows.

        Args:
            columns: Shape (rows, columns).
            groups: Group of every row by level, -1 where unknown, each of shape (rows,).
            target: Labels or amounts, shape (rows,).
            weight: Precision of each row, shape (rows,).
            offset: Known part of the linear value, shape (rows,).

        Raises:
            TooLittleDataError: Fewer than 20 events or non-events, or 20 amounts, or amounts without variation.
        """
        self._insist(target)
        self.centre_ = columns.mean(axis=0) if columns.shape[1] else np.zeros(0)
        spread = columns.std(axis=0) if columns.shape[1] else np.zeros(0)
        self.scale_ = np.where(spread > 1e-9, spread, 1.0)  # noqa: PLR2004 - a constant column says nothing
        matrix = np.column_stack([np.ones(len(target)), (columns - self.centre_) / self.scale_])
        known = np.zeros(len(target)) if offset is None else offset
        weights = np.ones(len(target)) if weight is None else weight
        self._iterate(matrix, dict(groups), target, weights, known)
        return self

    def linear(self, columns: Floats, groups: Mapping[str, Positions], *, offset: Floats | None = None) -> Floats:
        """The linear value of rows, averaged over what is not known; shape (rows,)."""
        value = self.intercept_ + columns @ self.coefficients_ - float(self.centre_ @ self.coefficients_)
        for name, group in groups.items():
            value = value + self.effect(name, group)
        return value if offset is None else value + offset

    def effect(self, level: str, group: Positions) -> Floats:
        """Effect of each group as it is scored, shape of `group`; -1 is a group never seen."""
        learnt = self.levels_[level]
        mean = np.append(learnt.mean, 0.0)[group]
        return np.asarray(mean + self.half_ * self.variance(level, group))

    def variance(self, level: str, group: Positions) -> Floats:
        """What is not known about each group, shape of `group`."""
        learnt = self.levels_[level]
        return np.asarray(np.append(learnt.variance, learnt.spread)[group])

    def _insist(self, target: Floats) -> None:
        if self.link == "logit":
            events = min(int((target > 0).sum()), int((target <= 0).sum()))
            if events < LEAST_EVENTS:
                raise TooLittleDataError(
                    f"There are {int((target > 0).sum())} events in {len(target)} rows.",
                    where="response",
                    remedy=f"{LEAST_EVENTS} events and as many rows without one are needed; until then a prior speaks.",
                )
        elif len(target) < LEAST_EVENTS or np.ptp(target) == 0:
            raise TooLittleDataError(
                f"There are {len(target)} amounts, all alike or too few.",
                where="response",
                remedy=f"{LEAST_EVENTS} amounts that differ are needed; until then a prior speaks.",
            )

    def _iterate(  # noqa: PLR0915 - one pass of the algorithm; its parts share every array
        self, matrix: Floats, groups: dict[str, Positions], target: Floats, weight: Floats, offset: Floats
    ) -> None:
        is_logit = self.link == "logit"
        base = float(np.average(target, weights=weight))
        scale = 1.0 if is_logit else max(float(np.average((target - base) ** 2, weights=weight)), 1e-300)
        self.half_ = 0.5 * (1 - 2 * base) if is_logit else 0.0
        prior = PRIOR_VARIANCE[self.link] * scale
        codes = {name: np.where(group < 0, 0, group) for name, group in groups.items()}
        known = {name: (group >= 0).astype(np.float64) for name, group in groups.items()}
        sizes = {name: int(group.max(initial=-1)) + 1 for name, group in groups.items()}
        seen_levels = [name for name, size in sizes.items() if size > 0]
        means = {name: np.zeros(size) for name, size in sizes.items()}
        variances = {name: np.zeros(size) for name, size in sizes.items()}
        spreads = dict.fromkeys(groups, prior)
        beta = np.zeros(matrix.shape[1])
        beta[0] = _log_odds(base) if is_logit else base
        penalty = np.full(len(beta), 1 / (self.slope_sd**2 * scale))
        penalty[0] = 0.0
        noise = scale
        linear = matrix @ beta + offset
        for _ in range(MOST_ROUNDS):
            before = beta.copy(), {name: mean.copy() for name, mean in means.items()}
            averaged = linear.copy()
            for name in seen_levels:
                averaged += self.half_ * variances[name][codes[name]] * known[name]
            if is_logit:
                chance = 1 / (1 + np.exp(-np.clip(averaged, -30, 30)))
                precision = weight * np.maximum(chance * (1 - chance), 1e-6)
                residual = weight * (target - chance) / precision
            else:
                residual = target - linear
                noise = max(float(weight @ residual**2) / max(len(target) - len(beta), 1), 1e-300)
                precision = weight / noise
            gram = (matrix * precision[:, None]).T @ matrix
            gram[np.diag_indices_from(gram)] += penalty + 1e-12
            step = np.linalg.solve(gram, matrix.T @ (precision * residual) - penalty * beta)
            beta = beta + np.clip(step, -2, 2) if is_logit else beta + step
            residual = residual - matrix @ (np.clip(step, -2, 2) if is_logit else step)
            for name in seen_levels:
                code, is_known, size = codes[name], known[name], sizes[name]
                held = np.bincount(code, precision * is_known, minlength=size)
                pulled = np.bincount(code, precision * is_known * residual, minlength=size)
                found = (pulled + held * means[name]) / (held + 1 / spreads[name])
                change = np.clip(found - means[name], -2, 2) if is_logit else found - means[name]
                means[name] = means[name] + change
                variances[name] = 1 / (held + 1 / spreads[name])
                residual = residual - change[code] * is_known
                energy = float((means[name] ** 2 + variances[name])[held > 0].sum())
                seen = int((held > 0).sum())
                spreads[name] = (energy + PRIOR_GROUPS * prior) / (seen + PRIOR_GROUPS)
            linear = matrix @ beta + offset
            for name in seen_levels:
                linear = linear + means[name][codes[name]] * known[name]
            changes = [float(np.abs(means[name] - before[1][name]).max()) for name in seen_levels]
            moved = max([float(np.abs(beta - before[0]).max()), *changes])
            if moved < 1e-4 * np.sqrt(scale):
                break
        self.intercept_ = round(float(beta[0]), DECIMALS)
        self.coefficients_ = np.round(beta[1:] / self.scale_, DECIMALS)
        covariance = np.linalg.inv(gram)
        self.intercept_variance_ = float(covariance[0, 0])
        self.coefficient_variance_ = np.diag(covariance)[1:] / self.scale_**2
        self.noise_ = noise
        self.base_ = base
        self.levels_ = {
            name: Level(np.round(means[name], DECIMALS), np.round(variances[name], DECIMALS), spreads[name])
            for name in groups
        }


def _log_odds(chance: float) -> float:
    kept = min(max(chance, 1e-6), 1 - 1e-6)
    return float(np.log(kept / (1 - kept)))
