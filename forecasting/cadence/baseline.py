"""What a pair spends and earns us on a day it buys, shrunk to its category's average by variance components."""

from dataclasses import dataclass

import numpy as np

from forecasting.cadence.shopping_days import ShoppingDays, totals
from forecasting.values import Floats

DEFAULT_STRENGTH = 1.0
LARGEST_STRENGTH = 100.0


@dataclass(frozen=True, eq=False)
class PerDay:
    """Expected net value and margin of the category on a shopping day, in currency, each of shape (pairs,)."""

    spend: Floats
    margin: Floats


def fit_per_day(days: ShoppingDays) -> PerDay:
    """A pair's mean over its shopping days, shrunk to the category's mean."""
    category_days = totals(days.pair_category, days.counts, len(days.categories))
    strength = _strength(days, category_days)
    return PerDay(
        _shrunk(days, days.spend, category_days, strength), _shrunk(days, days.margin, category_days, strength)
    )


def _shrunk(days: ShoppingDays, values: Floats, category_days: Floats, strength: float) -> Floats:
    total = totals(days.pair, values, len(days))
    category = totals(days.pair_category, total, len(days.categories)) / np.maximum(category_days, 1)
    return (total + strength * category[days.pair_category]) / (days.counts + strength)


def _strength(days: ShoppingDays, category_days: Floats) -> float:
    """How many of a pair's days the category's mean is worth: variance between days over variance between pairs.

    Both are measured in multiples of the category's mean, so that dear and cheap categories speak alike.
    """
    per_category = totals(days.pair_category[days.pair], days.spend, len(days.categories))
    mean = np.maximum(per_category / np.maximum(category_days, 1), 1e-6)
    relative = days.spend / mean[days.pair_category][days.pair]
    own = totals(days.pair, relative, len(days)) / days.counts
    freedom = float((days.counts - 1).sum())
    pairs_apart = float(len(days) - np.count_nonzero(category_days))
    if freedom < 1 or pairs_apart < 1:
        return DEFAULT_STRENGTH
    within = float(((relative - own[days.pair]) ** 2).sum()) / freedom
    # One-way analysis of variance with unequal counts, every category with a mean of its own.
    squares = totals(days.pair_category, days.counts**2, len(days.categories)) / np.maximum(category_days, 1)
    days_per_pair = (category_days.sum() - squares.sum()) / pairs_apart
    between = (float((days.counts * (own - 1) ** 2).sum()) / pairs_apart - within) / max(days_per_pair, 1e-9)
    return float(np.clip(within / max(between, within / LARGEST_STRENGTH, 1e-9), 0, LARGEST_STRENGTH))
