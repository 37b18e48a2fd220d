"""The time between two shopping days of a customer in a category: log-normal, own gaps shrunk to the category's.

Log gaps of a pair scatter around the pair's own mean, and these means around the category's (variance components, as
in a random-effects analysis of variance). A pair's mean is weighed by its own scatter: few or irregular gaps lean on
the category, a regular pair keeps its rhythm however unlike its category it is. What is predicted is a Student
distribution of the log gap, wide enough for not knowing the pair's mean and variance.

Gaps around gifts and holidays count less, and a gap is longer after more than the usual quantity. Where products say
how long they last, that stands in the category's place for what was bought last.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.cadence.purchase_lines import Flags
from forecasting.cadence.shopping_days import Positions, ShoppingDays, totals
from forecasting.cadence.unusual import YEAR_END, Holiday, day_weights, stock_up_slope, unusual_quantity, usual_quantity
from forecasting.values import Floats

# Degrees of freedom that the category's variance is worth beside a pair's own. For the weight of a pair's mean almost
# none: on grocery data anything from 0.1 to 2 forecasts equally well, and little keeps regular pairs at their rhythm
# even among irregular ones. For the width of the interval 4 scored best (pinball loss of its quantiles).
WEIGHT_FREEDOM = 0.1
WIDTH_FREEDOM = 4.0
# How far a pair may be moved from its own mean, in standard errors of that mean ("limited translation", Efron and
# Morris 1972): costs 0.04 % of the error on grocery data and keeps a regular pair that nobody resembles.
TRANSLATION_LIMIT = 1.0

# What speaks while the data says next to nothing, in squared log units (a standard deviation of log gaps of 0.7 is a
# factor of 2).
DEFAULT_WITHIN = 0.5
DEFAULT_WITHIN_FREEDOM = 0.1
DEFAULT_BETWEEN = 0.4
DEFAULT_BETWEEN_PAIRS = 1.0
DEFAULT_INTERVAL_DAYS = 30.0
CATEGORY_FREEDOM = 20.0  # degrees of freedom that the overall variance is worth beside a category's
ROUNDING_VARIANCE = 1 / 6  # of a gap between two calendar days, in square days


@dataclass(frozen=True, eq=False)
class Rhythm:
    """The predicted time between purchases of every pair: log days ~ location + scale · Student(freedom).

    Attributes:
        location: Mean of the log gap (its exponential is the median gap in days), shape (pairs,).
        scale: Shape (pairs,).
        freedom: Degrees of freedom, shape (pairs,).
        weight: Share of the pair's own mean in `location`, 0 to 1, shape (pairs,).
        category_location: What the category alone says, shape (categories,).
        uncertainty: Standard deviation of what is known about `location`, shape (pairs,).
        slope: How much longer the log gap is per unit of log quantity above the usual.
        usual: Mean log quantity, nan where there are too few days, shape (pairs,).
        after_last: What the quantity taken last adds to `location`, shape (pairs,).
        is_stated: Whether what products say about how long they last stands for the rhythm, shape (pairs,).
    """

    location: Floats
    scale: Floats
    freedom: Floats
    weight: Floats
    category_location: Floats
    uncertainty: Floats
    slope: float
    usual: Floats
    after_last: Floats
    is_stated: Flags

    def after(self, pair: Positions, units: Floats) -> "Rhythm":
        """The time until the next purchase after such quantities: one entry per entry of `pair`, a position here."""
        added = self.slope * unusual_quantity(units, self.usual[pair])
        return Rhythm(
            self.location[pair] - self.after_last[pair] + added,
            self.scale[pair],
            self.freedom[pair],
            self.weight[pair],
            self.category_location,
            self.uncertainty[pair],
            self.slope,
            self.usual[pair],
            added,
            self.is_stated[pair],
        )

    def quantile_days(self, probability: npt.ArrayLike) -> Floats:
        """The gap that is not exceeded with `probability` (one, or one per pair), in days, shape (pairs,)."""
        from scipy.special import stdtrit

        reached = np.asarray(probability, dtype=np.float64)
        return np.asarray(np.exp(self.location + self.scale * stdtrit(self.freedom, reached)), dtype=np.float64)

    def survival(self, days: npt.ArrayLike) -> Floats:
        """P(gap > days), shape (pairs,); 1 where days <= 0."""
        from scipy.special import stdtr

        elapsed = np.broadcast_to(np.asarray(days, dtype=np.float64), self.location.shape)
        log_days = np.log(np.maximum(elapsed, np.finfo(np.float64).tiny))
        return np.where(elapsed > 0, stdtr(self.freedom, (self.location - log_days) / self.scale), 1.0)


@dataclass(frozen=True, eq=False)
class Gaps:
    """Mean and scatter of each pair's log gaps.

    Attributes:
        count: Gaps per pair, each counted by its weight, shape (pairs,).
        mean: Mean log gap after a usual quantity, 0 where there is none.
        squares: Sum of squared deviations from the pair's mean.
        slope: How much longer the log gap is per unit of log quantity above the usual.
        usual: Mean log quantity, nan where there are too few days, shape (pairs,).
        after_last: How much longer the gap that is open now is for what was taken last, in log days, shape (pairs,).
    """

    count: Floats
    mean: Floats
    squares: Floats
    slope: float
    usual: Floats
    after_last: Floats

    @property
    def freedom(self) -> Floats:
        """Degrees of freedom of `squares`, shape (pairs,)."""
        return np.maximum(self.count - 1, 0)

    @classmethod
    def measure(cls, days: ShoppingDays, holidays: tuple[Holiday, ...] = (YEAR_END,)) -> "Gaps":
        """Gaps between consecutive shopping days of each pair."""
        pair = days.pair
        same = pair[1:] == pair[:-1]
        owner, size = pair[1:][same], len(days)
        logs = np.log(np.diff(days.day)[same].astype(np.float64))
        usual = usual_quantity(days)
        weight_of_day, unusual = day_weights(days, holidays), unusual_quantity(days.units, usual[pair])
        weights = np.minimum(weight_of_day[1:], weight_of_day[:-1])[same]
        before = unusual[:-1][same]
        slope = stock_up_slope(owner, logs, before, weights, size)
        logs = logs - slope * before
        count = totals(owner, weights, size)
        mean = totals(owner, weights * logs, size) / np.where(count > 0, count, 1.0)
        squares = totals(owner, weights * (logs - mean[owner]) ** 2, size)
        return cls(count, mean, squares, slope, usual, slope * unusual[days.starts[1:] - 1])

    def only(self, kept: npt.NDArray[np.bool_]) -> "Gaps":
        """The same, with no gaps for the other pairs."""
        count, mean, squares = (np.where(kept, part, 0.0) for part in (self.count, self.mean, self.squares))
        return Gaps(count, mean, squares, self.slope, self.usual, self.after_last)


def fit_rhythm(days: ShoppingDays, minimum_days: int = 2, holidays: tuple[Holiday, ...] = (YEAR_END,)) -> Rhythm:
    """The rhythm of every pair; pairs with fewer than `minimum_days` shopping days take their category's."""
    gaps = Gaps.measure(days, holidays)
    category, category_count = days.pair_category, len(days.categories)
    within = _within(gaps, category, category_count)
    between, category_location, category_variance = _categories(gaps, category, category_count, within)
    lasts = days.depletion[days.starts[1:] - 1]
    stated = np.log(np.where(lasts > 0, lasts, 1.0))
    prior = np.where(lasts > 0, stated, category_location[category])

    own = gaps.only(days.counts >= minimum_days)
    floor = ROUNDING_VARIANCE * np.exp(-2 * np.where(own.count > 0, own.mean, prior))
    error = np.maximum(_blended(own, within[category], WEIGHT_FREEDOM), floor) / np.where(own.count > 0, own.count, 1.0)
    weight = np.where(own.count > 0, between / (between + error), 0.0)
    apart = np.abs(own.mean - prior)
    limited = 1 - TRANSLATION_LIMIT * np.sqrt(error) / np.maximum(apart, 1e-12)
    weight = np.where(own.count > 0, np.maximum(weight, limited), 0.0)
    location = weight * own.mean + (1 - weight) * prior + own.after_last
    width = np.maximum(_blended(own, within[category], WIDTH_FREEDOM), floor)
    uncertainty = (1 - weight) * between + (1 - weight) ** 2 * category_variance[category]
    return Rhythm(
        location,
        np.sqrt(width + uncertainty),
        WIDTH_FREEDOM + own.freedom,
        weight,
        category_location,
        np.sqrt(uncertainty),
        gaps.slope,
        gaps.usual,
        gaps.after_last,
        (lasts > 0) & (weight == 0),
    )


def _blended(gaps: Gaps, prior: Floats, freedom: float) -> Floats:
    """Each pair's own variance, shrunk to `prior`, which is worth `freedom` degrees of freedom."""
    return (freedom * prior + gaps.squares) / (freedom + gaps.freedom)


def _within(gaps: Gaps, category: Positions, category_count: int) -> Floats:
    """Variance of log gaps within a pair, per category, shrunk to that of all; shape (categories,)."""
    known = float(gaps.squares.sum()), float(gaps.freedom.sum())
    overall = (DEFAULT_WITHIN_FREEDOM * DEFAULT_WITHIN + known[0]) / (DEFAULT_WITHIN_FREEDOM + known[1])
    squares = totals(category, gaps.squares, category_count)
    freedom = totals(category, gaps.freedom, category_count)
    return (CATEGORY_FREEDOM * overall + squares) / (CATEGORY_FREEDOM + freedom)


def _categories(gaps: Gaps, category: Positions, category_count: int, within: Floats) -> tuple[float, Floats, Floats]:
    """Variance between the pairs of a category, and each category's mean log gap with its variance.

    Categories with few pairs shrink to the mean of all; without any gap at all `DEFAULT_INTERVAL_DAYS` stands.
    """
    has_gap = gaps.count > 0
    owner, mean = category[has_gap], gaps.mean[has_gap]
    noise = within[owner] / gaps.count[has_gap]
    pairs = np.bincount(owner, minlength=category_count)
    plain = totals(owner, mean, category_count) / np.maximum(pairs, 1)
    # Each category costs one degree of freedom for its mean.
    scatter = float(((mean - plain[owner]) ** 2).sum() - (noise * (1 - 1 / pairs[owner])).sum())
    freedom = float(len(owner) - np.count_nonzero(pairs))
    between = max(
        (DEFAULT_BETWEEN_PAIRS * DEFAULT_BETWEEN + scatter) / (DEFAULT_BETWEEN_PAIRS + freedom), DEFAULT_BETWEEN / 100
    )

    precision = totals(owner, 1 / (between + noise), category_count)
    weighted = totals(owner, mean / (between + noise), category_count)
    overall = weighted.sum() / precision.sum() if len(owner) else np.log(DEFAULT_INTERVAL_DAYS)
    known = pairs > 0
    own = np.divide(weighted, precision, out=np.full(category_count, overall), where=known)
    spread = float(((own - overall)[known] ** 2).sum() - (1 / precision[known]).sum())
    categories_apart = max(
        (DEFAULT_BETWEEN_PAIRS * DEFAULT_BETWEEN + spread) / (DEFAULT_BETWEEN_PAIRS + max(known.sum() - 1, 0)),
        DEFAULT_BETWEEN / 100,
    )
    variance = 1 / (precision + 1 / categories_apart)
    return between, variance * (weighted + overall / categories_apart), variance
