"""Regression with nested levels: every group's effect is drawn from its parent's, and the data say how widely.

    linear = intercept + columns · coefficients + Σ over levels of effect[group of the row]

Effects of a level are normal around 0 with a variance that is estimated, so that an asset never sent takes what its
kind shows, and an unknown kind what all assets show. Estimation is mean-field variational: every effect has a mean and
a variance of its own; each level is updated together with the coefficients (a Newton step for log-odds, in which the
level is eliminated), since what a column says and what a level says of it can hardly be told apart one by one. A level
of which one group alone was seen says what the intercept says, and is left out. Log-odds are averaged over what is not
known of a group by half its variance times (1 - 2 · base rate), exact for rare events; of a group never seen, by what
the seen groups come to on average, which asks no normal tail of them.
Sources: Gelman and Hill (2007) for the model; Ormerod and Wand (2012) for the approximation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from forecasting.errors import TooLittleDataError
from forecasting.response.factors.units import Positions
from forecasting.values import Floats

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LEAST_EVENTS = 20
MOST_ROUNDS = 200
LONGEST_STEP = 1.0  # of any row's log-odds: further away the curvature is another
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
        average: What a group never seen adds, averaged over what it may be.
    """

    mean: Floats
    variance: Floats
    spread: float
    average: float = 0.0


class HierarchicalRegression:
    """Fits log-odds (`logit`) or amounts (`identity`).

    Args:
        link: `logit` for labels 0 and 1, `identity` for amounts.
        slope_sd: Prior standard deviation of a coefficient per standard deviation of its column, in log-odds or in
            standard deviations of the target.
        prior_sd: Of amounts that differ from what is stated of them: how far they may, intercept and coefficients
            included, in the amounts' unit. The data widen it where they say so. None: the intercept is free.
    """

    def __init__(
        self, *, link: Literal["identity", "logit"], slope_sd: float = 1.0, prior_sd: float | None = None
    ) -> None:
        self.link = link
        self.slope_sd = slope_sd
        self.prior_sd = prior_sd

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
        return np.asarray(np.append(learnt.mean + self.half_ * learnt.variance, learnt.average)[group])

    def variance(self, level: str, group: Positions) -> Floats:
        """What is not known about each group, shape of `group`."""
        learnt = self.levels_[level]
        return np.asarray(np.append(learnt.variance, learnt.spread)[group])

    def level_given(
        self, group: Positions, target: Floats, linear: Floats, *, known: Level, weight: Floats | None = None
    ) -> Level:
        """Effects of groups that the fit has not seen, when everything else is kept as it was learnt.

        Args:
            group: Of each row, 0 and up.
            target: Labels or amounts, shape (rows,).
            linear: The linear value of each row without this level.
            known: What was learnt of the level: its spread and average.
            weight: Precision of each row.
        """
        spread = known.spread
        weights = np.ones(len(target)) if weight is None else weight
        size = int(group.max(initial=-1)) + 1
        mean, variance = np.zeros(size), np.full(size, spread)
        for _ in range(MOST_ROUNDS):
            residual, precision = self._working(target, linear + (mean + self.half_ * variance)[group], weights)
            held = np.bincount(group, precision, minlength=size)
            pulled = np.bincount(group, precision * residual, minlength=size)
            step = (pulled - mean / spread) / (held + 1 / spread)
            change = np.clip(step, -LONGEST_STEP, LONGEST_STEP) if self.link == "logit" else step
            mean, variance = mean + change, 1 / (held + 1 / spread)
            if np.abs(change).max(initial=0.0) < 1e-6:  # noqa: PLR2004 - far below what can be seen in a chance
                break
        return Level(np.round(mean, DECIMALS), np.round(variance, DECIMALS), spread, known.average)

    def _working(self, target: Floats, linear: Floats, weight: Floats) -> tuple[Floats, Floats]:
        """What is left of each row in units of the linear value, and its precision."""
        if self.link == "identity":
            return target - linear, weight / self.noise_
        chance = 1 / (1 + np.exp(-np.clip(linear, -30, 30)))
        slope = np.maximum(chance * (1 - chance), 1e-6)
        return (target - chance) / slope, weight * slope

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

    def _iterate(
        self, matrix: Floats, groups: dict[str, Positions], target: Floats, weight: Floats, offset: Floats
    ) -> None:
        base = float(np.average(target, weights=weight))
        is_logit = self.link == "logit"
        scale = 1.0 if is_logit else max(float(np.average((target - base) ** 2, weights=weight)), 1e-300)
        self.base_, self.noise_ = base, scale
        self.half_ = 0.5 * (1 - 2 * base) if is_logit else 0.0
        prior = PRIOR_VARIANCE[self.link] * scale if self.prior_sd is None else max(self.prior_sd**2, 1e-300)
        levels = {name: _Level.of(group, prior) for name, group in groups.items()}
        used = [level for level in levels.values() if level.groups > 1]
        beta = np.zeros(matrix.shape[1])
        penalty = np.full(len(beta), 1 / (self.slope_sd**2 * scale) if self.prior_sd is None else 1 / prior)
        if self.prior_sd is None:
            beta[0] = _log_odds(base) if is_logit else base - float(np.average(offset, weights=weight))
            penalty[0] = 0.0
        for _ in range(MOST_ROUNDS):
            before = beta.copy(), [level.mean.copy() for level in used]
            linear = matrix @ beta + offset + sum((level.of_rows() for level in used), np.zeros(len(target)))
            if not is_logit:
                self.noise_ = max(float(weight @ (target - linear) ** 2) / max(len(target) - len(beta), 1), 1e-300)
            averaged = linear + sum((level.spread_of_rows(self.half_) for level in used), np.zeros(len(target)))
            residual, precision = self._working(target, averaged, weight)
            weighted = matrix * precision[:, None]
            gram = weighted.T @ matrix + np.diag(penalty + 1e-12)
            blocks: list[_Level | None] = [*used] or [None]
            for level in blocks:
                step, change = _joint_step(weighted, gram, precision, residual, pull=penalty * beta, level=level)
                moved = matrix @ step if level is None else matrix @ step + level.rows(change)
                damped = min(1.0, LONGEST_STEP / max(float(np.abs(moved).max()), 1e-12)) if is_logit else 1.0
                beta = beta + damped * step
                residual = residual - damped * moved
                if level is not None:
                    level.move(damped * change, prior)
                    if level.is_always_known and self.prior_sd is None:
                        beta[0] += level.recentre()
            if self.prior_sd is not None:
                penalty = 1 / _widened(beta, gram, prior)
            changes = [float(np.abs(level.mean - was).max()) for level, was in zip(used, before[1], strict=True)]
            if max([float(np.abs(beta - before[0]).max()), *changes]) < 1e-4 * np.sqrt(scale):
                break
        self.intercept_spread_ = float("inf") if self.prior_sd is None else float(1 / penalty[0])
        self._keep(beta, gram, levels)

    def _keep(self, beta: Floats, gram: Floats, levels: "Mapping[str, _Level]") -> None:
        self.intercept_ = round(float(beta[0]), DECIMALS)
        self.coefficients_ = np.round(beta[1:] / self.scale_, DECIMALS)
        covariance = np.linalg.inv(gram)
        self.intercept_variance_ = float(covariance[0, 0])
        self.coefficient_variance_ = np.diag(covariance)[1:] / self.scale_**2
        self.levels_ = {
            name: Level(
                np.round(level.mean, DECIMALS),
                np.round(level.variance, DECIMALS),
                level.spread if level.groups else 0.0,
                round(self._average(level), DECIMALS),
            )
            for name, level in levels.items()
        }

    def _average(self, level: "_Level") -> float:
        """What the level's groups come to on average, each by what could be seen of it; new groups are like them.

        How much could be seen must not depend on the effect itself: it is the precision that the rows would have had
        without it.
        """
        if self.link == "identity":
            return 0.0
        by_theory = self.half_ * level.spread
        if level.groups == 0:  # of no row was it known, so the intercept holds what it does
            return 0.0
        if level.groups == 1:
            return by_theory
        at = _log_odds(self.base_)
        effect = level.mean + self.half_ * level.variance
        seen = level.held * np.exp(-np.clip(effect, -20, 20))
        share = np.where(level.is_seen, seen / (seen + 1 / level.spread), 0.0)
        chances = 1 / (1 + np.exp(-np.clip(np.append(at + effect, at + by_theory), -30, 30)))
        return _log_odds(float(np.average(chances, weights=np.append(share, PRIOR_GROUPS)))) - at


@dataclass(eq=False)
class _Level:
    """One level while it is fitted."""

    incidence: "csr_array"
    is_always_known: bool
    groups: int
    mean: Floats
    variance: Floats
    held: Floats
    spread: float

    @classmethod
    def of(cls, group: Positions, prior: float) -> "_Level":
        from scipy.sparse import csr_array

        rows, size = np.flatnonzero(group >= 0), int(group.max(initial=-1)) + 1
        cells = (np.ones(len(rows)), (rows, group[rows]))
        incidence = csr_array(cells, shape=(len(group), size))
        nothing = np.zeros(size)
        seen = int((np.bincount(group[rows], minlength=size) > 0).sum()) if size else 0
        return cls(incidence, len(rows) == len(group), seen, nothing, nothing, nothing, prior)

    @property
    def is_seen(self) -> Any:
        return self.held > 0

    def rows(self, values: Floats) -> Floats:
        return np.asarray(self.incidence @ values)

    def of_rows(self) -> Floats:
        return self.rows(self.mean)

    def spread_of_rows(self, half: float) -> Floats:
        return self.rows(half * self.variance)

    def totals(self, values: Floats) -> Floats:
        return np.asarray(self.incidence.T @ values)

    def move(self, change: Floats, prior: float) -> None:
        self.mean = self.mean + change
        self.variance = 1 / (self.held + 1 / self.spread)
        energy = float((self.mean**2 + self.variance)[self.is_seen].sum())
        self.spread = (energy + PRIOR_GROUPS * prior) / (self.groups + PRIOR_GROUPS)

    def recentre(self) -> float:
        """What all groups have in common belongs to the intercept."""
        common = float(self.mean[self.is_seen].mean())
        self.mean = np.where(self.is_seen, self.mean - common, 0.0)
        return common


def _joint_step(
    weighted: Floats, gram: Floats, precision: Floats, residual: Floats, *, pull: Floats, level: _Level | None
) -> tuple[Floats, Floats]:
    """Newton's step of the coefficients and of one level together; the level is eliminated, its matrix is diagonal."""
    slope = weighted.T @ residual - pull
    if level is None:
        return np.asarray(np.linalg.solve(gram, slope), dtype=np.float64), np.zeros(0)
    level.held = level.totals(precision)
    inverse = 1 / (level.held + 1 / level.spread)
    crossed = level.totals(weighted)
    own = level.totals(precision * residual) - level.mean / level.spread
    reduced = gram - crossed.T @ (crossed * inverse[:, None])
    step = np.linalg.solve(reduced, slope - crossed.T @ (own * inverse))
    change: Floats = np.asarray((own - crossed @ step) * inverse, dtype=np.float64)
    return np.asarray(step, dtype=np.float64), change


def _widened(beta: Floats, gram: Floats, prior: float) -> Floats:
    """Variance of the intercept and of the slopes, as the data say and at least in part as was stated."""
    energy = beta**2 + 1 / np.diag(gram)
    slopes = (float(energy[1:].sum()) + PRIOR_GROUPS * prior) / (len(beta) - 1 + PRIOR_GROUPS)
    first = (float(energy[0]) + PRIOR_GROUPS * prior) / (1 + PRIOR_GROUPS)
    return np.append(first, np.full(len(beta) - 1, slopes))


def _log_odds(chance: float) -> float:
    kept = min(max(chance, 1e-6), 1 - 1e-6)
    return float(np.log(kept / (1 - kept)))
