"""Everybody else's bids, among which one customer can be decided again.

A day with limits is decided for all together, so that what one customer gets depends on what others bid. A run keeps
these bids: values, costs and which limits they use, and nothing about anybody. With them a changed case is allocated
anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from decisioning.allocate import best_per_customer, priced
from decisioning.bids import Bids, allocate_beside, nobody
from decisioning.day_limits import limits_of
from decisioning.errors import DecisioningError
from decisioning.limits import Limits, less
from decisioning.options import Indices, Options
from decisioning.settings import DecisionSettings
from forecasting.values import Floats
from graph.view import View

NEAREST = 300
"""Customers whose bids count in full; of all others it is enough what they have."""
DUST = 1e-9


@dataclass(frozen=True, eq=False)
class Market:
    """What one customer competes with.

    Attributes:
        prices: What one more unit of each limit is worth, by its name.
        view: Everybody who is here; None where nobody's bids are known.
        options: What they bid, in their positions.
        place: The customer's own position.
        absent: What those bid who are not here any more.
        is_whole: Whether nobody is left out of an allocation; of equals it may choose others than one of a few.
    """

    prices: Mapping[str, float]
    view: View | None = None
    options: Options | None = None
    place: int = 0
    absent: Bids | None = None
    is_whole: bool = False
    _rests: list[tuple[Limits, "_Rest | None"]] = field(default_factory=list, repr=False)
    _limits: list[tuple[Any, Any, pd.DataFrame, Limits]] = field(default_factory=list, repr=False)

    @property
    def is_known(self) -> bool:
        """Whether bids are known; otherwise one customer is decided at the prices."""
        return self.options is not None

    def chosen(self, mine: Options, settings: DecisionSettings, touches: pd.DataFrame, as_of: datetime) -> int:
        """Which of one customer's options is theirs when all are allocated, -1 for none.

        Args:
            mine: Their options, in order; `customer` is set here.
            settings: With the limits of the day.
            touches: What uses them up first.
            as_of: The moment of the run.
        """
        view = self.view
        if self.options is None or view is None:
            raise DecisioningError(
                "Nobody's bids are known.", where="the market of one customer", remedy="Decide at the prices."
            )
        limits = self._limits_for(view, settings, touches, as_of)
        mine = replace(mine, customer=np.full(len(mine), self.place, dtype=np.int32))
        absent = self.absent or nobody()
        if not self.is_whole and not len(absent.places):
            found = self._among_the_nearest(mine, limits, len(view.customers))
            if found is not None:
                return found
        return _place_of_mine(mine, self._others(self.options), limits, len(view.customers), absent)[0]

    def _others(self, options: Options) -> Options:
        return options.take(options.customer != self.place)

    def _among_the_nearest(self, mine: Options, limits: Limits, count: int) -> int | None:
        """The same among those who are nearest to another choice, others having what is best for them at the prices.

        None where they would not keep that at the prices that come out, or where it is not within the limits: then
        nobody can be left out.
        """
        rest = self._rest(limits, count)
        if rest is None:
            return None
        found, prices = _place_of_mine(mine, rest.near, rest.left, count, nobody())
        worth = priced(rest.options, limits, prices)
        best = np.zeros(count)
        np.maximum.at(best, rest.options.customer, worth)
        has = np.zeros(count)
        has[rest.options.customer[rest.chosen]] = worth[rest.chosen]
        return found if (best <= has + DUST).all() else None

    def _rest(self, limits: Limits, count: int) -> "_Rest | None":
        for known, rest in self._rests:
            if known is limits:
                return rest
        rest = _rest_of(self._others(self.options), limits, count, self.prices) if self.options is not None else None
        self._rests.append((limits, rest))
        return rest

    def _limits_for(self, view: View, settings: DecisionSettings, touches: pd.DataFrame, as_of: datetime) -> Limits:
        """The day's limits over everybody; worked out once for the same amounts and touches."""
        amounts = (tuple((each.capacity, each.budget) for each in settings.channels), settings.budget)
        for known, stated, seen, limits in self._limits:
            if known == amounts and stated is settings.limits and seen is touches:
                return limits
        limits = limits_of(view, settings, touches, as_of)
        self._limits.append((amounts, settings.limits, touches, limits))
        return limits


@dataclass(frozen=True, eq=False)
class _Rest:
    """Those who are far from another choice, and what they leave.

    Attributes:
        options: Their bids.
        chosen: Which of them they have.
        near: The bids of all others.
        left: The limits less what the rest have.
    """

    options: Options
    chosen: Indices
    near: Options
    left: Limits


def _rest_of(options: Options, limits: Limits, count: int, prices: Mapping[str, float]) -> _Rest | None:
    """Everybody but the `NEAREST`; None where that would be nobody, or they have more than there is."""
    bidding = np.unique(options.customer)
    if len(bidding) <= 2 * NEAREST:
        return None
    at = tuple(np.array([prices.get(family.name_of(place), 0.0) for place in range(len(family))]) for family in limits)
    worth = priced(options, limits, at)
    best = best_per_customer(options.customer, worth, count)
    other = worth.copy()
    other[best[best >= 0]] = 0.0
    second = np.full(count, -np.inf)
    np.maximum.at(second, options.customer, other)
    # Whoever has nothing leads over their best bid, which the prices keep below nothing.
    first = np.where(best >= 0, worth[best], 0.0)
    lead = np.where(best >= 0, first - np.maximum(second, 0.0), -second)
    is_near = np.zeros(count, dtype=np.bool_)
    is_near[bidding[np.argsort(lead[bidding], kind="stable")[:NEAREST]]] = True
    rest = options.take(~is_near[options.customer])
    chosen = best_per_customer(rest.customer, priced(rest, limits, at), count)
    chosen = chosen[chosen >= 0]
    taken = rest.take(chosen).uses(limits).totals(limits)
    if any((used > family.whole_most).any() for family, used in zip(limits, taken, strict=True)):
        return None
    return _Rest(rest, chosen, options.take(is_near[options.customer]), less(limits, taken))


def _place_of_mine(
    mine: Options, others: Options, limits: Limits, count: int, absent: Bids
) -> tuple[int, tuple[Floats, ...]]:
    """Which of one customer's options is theirs, -1 for none, and the prices that come out."""
    both = Options(*(np.concatenate(pair) for pair in zip(mine.columns(), others.columns(), strict=True)))
    order = np.argsort(both.customer, kind="stable")
    made, _ = allocate_beside(both.take(order), limits, count, absent)
    place = int(mine.customer[0]) if len(mine) else 0
    chosen = int(made.chosen[place]) if len(mine) else -1
    return (int(order[chosen]) if chosen >= 0 else -1), made.prices
