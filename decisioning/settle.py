"""Who gets what: passes over all candidates and prices of the limits by turns, until neither changes the other.

A pass at given prices keeps a few candidates of each customer; the allocation of what was kept gives new prices; a pass
at these finds what the list lacks (column generation). Every pass also certifies: at its prices no choice among *all*
candidates can be worth more than Σ price × limit + Σ best priced value, whatever list or solver led there.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from decisioning.allocate import EXACT_BELOW, Allocation
from decisioning.bids import Bids, Rounds, allocate_beside, prices_of_those_here
from decisioning.ground import Prices
from decisioning.limits import Amounts, Limits, unpriced
from decisioning.options import Options
from decisioning.shortlist import Kept, Look, Terrain, look, sampled
from forecasting.values import Floats

Flags = npt.NDArray[np.bool_]
Spread = Callable[[Sequence[Floats]], Prices]

KEPT_OF_FEW, KEPT_OF_MANY = 32, 2
"""Candidates kept per customer and channel: of few customers nearly all, of many those that may still be chosen."""
SAMPLE, SAMPLED_AT_LEAST = 0.05, 20_000
"""Share of customers, and least number of them, that the first prices come from."""
MOST_ROUNDS = 30
GAP_OF_MANY = 7e-4
"""Share of the bound that many customers may miss before another pass is worth its time."""
DUST = 1e-9


@dataclass(frozen=True, eq=False)
class Settled:
    """What came of it.

    Attributes:
        kept: All candidates that passes kept, in order of customer, asset, channel.
        account: The first pass over everybody: counts for the funnel and refusals, without its list.
        allocation: The allocation of those who compete, over `kept`'s options; its bound holds for all candidates.
        taken: What customers who are not here any more use of each limit, per family.
        rounds: The prices of all passes whose finds are in `kept`.
    """

    kept: Kept
    account: Look
    allocation: Allocation
    taken: list[Amounts]
    rounds: Rounds


def settle(  # noqa: PLR0917 -- as many things as it is made of
    terrain: Terrain, spread: Spread, limits: Limits, touch_cost: Floats, competes: Flags, absent: Bids
) -> Settled:
    """Allocate among all candidates of everybody who competes.

    Args:
        terrain: What candidates are made of.
        spread: Prices per family as the pass reads them.
        limits: The limits of the day.
        touch_cost: Cost of one touch, shape (channels,).
        competes: Who takes part, shape (customers,).
        absent: Bids of those who took part and are not here any more.

    Raises:
        DecisioningError: The solver gives up.
    """
    is_few = int(competes.sum()) < EXACT_BELOW
    each = KEPT_OF_FEW if is_few else KEPT_OF_MANY
    market = _Market(terrain, limits, touch_cost, competes, absent)
    if absent.rounds is not None and len(absent.rounds[0]) == len(limits):
        return _again(market, spread, each, prices_of_those_here(limits, absent.rounds))
    prices = unpriced(limits) if is_few else _sampled_prices(market, spread, each)
    seen = look(terrain, spread(prices), each=each)
    account, kept, rounds, bound = seen.without_list(), seen.kept, [prices], _Bound(limits, competes)
    bound.see(prices, seen.best)
    allocation, taken = market.allocate(kept, prices)
    while len(rounds) < MOST_ROUNDS and not _is_same(prices, allocation.prices):
        if not is_few and bound.gap(allocation, market.used(kept, allocation)) <= GAP_OF_MANY and len(rounds) > 1:
            break
        prices = allocation.prices
        priced = spread(prices)
        seen = look(terrain, priced, each=each, keeps_account=False)
        bound.see(prices, seen.best)
        if not market.has_news(kept, seen, prices):
            break
        kept = kept.united(seen.kept, terrain.reasons.fits.size)
        rounds.append(prices)
        allocation, taken = market.allocate(kept, prices)
    return Settled(kept, account, bound.certified(allocation, market, kept), taken, tuple(rounds))


def _again(market: "_Market", spread: Spread, each: int, rounds: Rounds) -> Settled:
    """The same passes as when this was first decided, whose prices are known."""
    seen = look(market.terrain, spread(rounds[0]), each=each)
    account, kept = seen.without_list(), seen.kept
    for prices in rounds[1:]:
        seen = look(market.terrain, spread(prices), each=each, keeps_account=False)
        kept = kept.united(seen.kept, market.terrain.reasons.fits.size)
    allocation, taken = market.allocate(kept, rounds[-1])
    return Settled(kept, account, allocation, taken, rounds)


@dataclass(frozen=True, eq=False)
class _Market:
    terrain: Terrain
    limits: Limits
    touch_cost: Floats
    competes: Flags
    absent: Bids

    def options(self, kept: Kept) -> Options:
        """What was kept, as options; what is refused, or of somebody who does not compete, is worth nothing."""
        value = np.where(kept.is_allowed & self.competes[kept.customer], kept.value, -np.inf)
        return options_of(kept, self.touch_cost, value)

    def allocate(self, kept: Kept, prices: Sequence[Floats]) -> tuple[Allocation, list[Amounts]]:
        return allocate_beside(
            self.options(kept), self.limits, len(self.competes), self.absent, start_prices=tuple(prices)
        )

    def used(self, kept: Kept, allocation: Allocation) -> list[Amounts]:
        """What the choices use of each limit."""
        options = self.options(kept)
        return options.uses(self.limits).take(allocation.chosen[allocation.chosen >= 0]).totals(self.limits)

    def has_news(self, kept: Kept, seen: Look, prices: Sequence[Floats]) -> bool:
        """Whether a pass met something that is worth more at its prices than anything kept so far."""
        from decisioning.allocate import priced

        options = self.options(kept)
        at = np.isfinite(options.value)
        known = np.zeros(len(self.competes))
        np.maximum.at(known, options.customer[at], priced(options, self.limits, prices)[at])
        best = np.where(self.competes, np.maximum(seen.best, 0.0), 0.0)
        return bool((best > known + DUST * max(1.0, float(known.max(initial=0.0)))).any())


def options_of(kept: Kept, touch_cost: Floats, value: Floats) -> Options:
    """Kept candidates as options of these values."""
    return Options(
        kept.customer, kept.asset, kept.channel, value, touch_cost[kept.channel], kept.expected_cost, kept.cost
    )


class _Bound:
    """The least of all bounds that passes certify."""

    def __init__(self, limits: Limits, competes: Flags) -> None:
        self._limits = limits
        self._competes = competes
        self._seen: list[tuple[tuple[Floats, ...], float]] = []

    def see(self, prices: Sequence[Floats], best: Floats) -> None:
        """A pass at these prices found these best priced values."""
        worth = np.maximum(best[self._competes], 0.0)
        self._seen.append((tuple(prices), math.fsum(worth)))

    def least(self, reached: Sequence[Amounts]) -> float:
        """The least bound, for all choices that reach as much of every minimum."""
        return min(_scarce(self._limits, prices, reached) + best for prices, best in self._seen)

    def gap(self, allocation: Allocation, reached: Sequence[Amounts]) -> float:
        """Which share of the bound the allocation misses."""
        bound = self.least(reached)
        return max(0.0, 1.0 - allocation.value / bound) if bound > 0 else 0.0

    def certified(self, allocation: Allocation, market: _Market, kept: Kept) -> Allocation:
        """The allocation with a bound over all candidates of everybody."""
        from dataclasses import replace

        if len(market.absent.places):
            return allocation  # what is not here cannot be certified
        # What has been reached can be reached: the bound is below it only by the dust of floating-point sums.
        bound = max(self.least(market.used(kept, allocation)), allocation.value)
        return replace(allocation, bound=bound)


def _scarce(limits: Limits, prices: Sequence[Floats], reached: Sequence[Amounts]) -> float:
    """Σ price × limit: of what may be used at most, and of what is to be used at least."""
    parts = []
    for family, price, used in zip(limits, prices, reached, strict=True):
        dear, cheap = np.flatnonzero(price > 0), np.flatnonzero(price < 0)
        parts += (price[dear] * (family.whole_most[dear] / family.scale)).tolist()
        parts += (price[cheap] * (np.minimum(family.whole_least, used)[cheap] / family.scale)).tolist()
    return math.fsum(parts)


def _sampled_prices(market: _Market, spread: Spread, each: int) -> tuple[Floats, ...]:
    """Prices that a sample of customers with their share of the limits leads to."""
    from decisioning.allocate_prices import solve_prices

    terrain = market.terrain
    stretches = sampled(terrain.customer_count, max(SAMPLE, SAMPLED_AT_LEAST / terrain.customer_count))
    share = sum(last - first for first, last in stretches) / max(1, terrain.customer_count)
    seen = look(terrain, spread(unpriced(market.limits)), each=4 * each, keeps_account=False, stretches=stretches)
    options = market.options(seen.kept)
    is_worth = options.value > (-np.inf if any(family.has_minimum for family in market.limits) else 0.0)
    return solve_prices(options.take(is_worth), market.limits, len(market.competes), share=share)


def _is_same(left: Sequence[Floats], right: Sequence[Floats]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(left, right, strict=True))
