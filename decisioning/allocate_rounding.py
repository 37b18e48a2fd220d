"""From prices to choices: everybody's best option at the prices, made to fit, and improved. No limit is exceeded."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from decisioning.allocate_arrays import Arrays, arrays_of
from decisioning.limits import Limits
from forecasting.values import Floats

if TYPE_CHECKING:
    from decisioning.options import Indices, Options

GIVE = (0.03, 0.3)
"""What a choice may lose at the prices, in mean values: room that is left goes first to what makes the most of it."""
PASSES = 50
ENOUGH = 1e-6
"""A pass that gains less than this share of what there is, is the last one."""
RELATIVE_DUST = 1e-9
GIVE_WAY, TRIES = 16, 100
"""So many choices may give way to one that is to be reached, and so many in a row may fail before that is given up."""


def rounded(
    options: "Options",
    limits: Limits,
    prices: Sequence[Floats],
    customer_count: int,
    *,
    guess: "Indices | None" = None,
    arrays: Arrays | None = None,
) -> "Indices":
    """Choices within all limits, shape (customers,).

    Args:
        options: What may be chosen, in order of customer.
        limits: The families.
        prices: Of each.
        customer_count: How many customers there are.
        guess: Choices to start from; by default everybody's best option at the prices.
        arrays: Of the options and limits, where they are at hand.
    """
    from decisioning import allocate_kernels as kernels

    given = arrays or arrays_of(options, limits, customer_count)
    worth = np.empty(len(given.value))
    price = given.joined(prices)
    kernels.worth_at(0, customer_count, given.starts, given.value, *given.of_use, price, worth)
    best, lead = np.empty(customer_count, np.int64), np.empty(customer_count)
    kernels.best_two(0, customer_count, given.starts, worth, best, lead)
    use = np.zeros(len(given.most), dtype=np.int64)
    if guess is None:
        chosen = _kept(given, best, use)
    else:
        chosen = guess.copy()
        kernels.count_use(chosen, *given.of_use, use)
        by_value = np.argsort(given.value[chosen], kind="stable")
        kernels.release(by_value[chosen[by_value] >= 0], *given.of_use, given.most, use, chosen)
    wanting = np.flatnonzero((chosen < 0) & (best >= 0))
    order = wanting[np.argsort(-lead[wanting], kind="stable")]
    rest: tuple[Any, Any, Any, Any] = (given.most, given.least, use, chosen)
    kernels.assign(order, 0.0, given.starts, worth, given.value, *given.of_use, *rest)
    _reach(given, worth, use, chosen)
    dust = RELATIVE_DUST * float(np.abs(given.value).max(initial=0.0))
    mean = float(np.abs(given.value).mean()) if len(given.value) else 0.0
    for give in (*(share * mean for share in GIVE), np.inf):
        _fill(given, worth, -give, use, chosen)
        kernels.improve(dust, give, given.starts, worth, given.value, *given.of_use, *rest)
    for _ in range(PASSES):
        gained = kernels.improve(dust, np.inf, given.starts, worth, given.value, *given.of_use, *rest)
        if gained <= ENOUGH * float(given.value[chosen[chosen >= 0]].sum()):
            break
    return chosen


def _kept(given: Arrays, best: "Indices", use: "Indices") -> "Indices":
    """Best options that use no limit of which more is wanted than there is; the others are given out in order."""
    from decisioning import allocate_kernels as kernels

    wanted = np.zeros_like(use)
    kernels.count_use(best, *given.of_use, wanted)
    is_contested = np.zeros(len(best), dtype=np.bool_)
    place, _, group, owner, owner_row, _ = given.of_use
    kernels.contested(best, place, group, owner, owner_row, wanted > given.most, is_contested)
    chosen = np.where(is_contested, -1, best)
    kernels.count_use(chosen, *given.of_use, use)
    return chosen


def _reach(given: Arrays, worth: Floats, use: "Indices", chosen: "Indices") -> None:
    """Fill what is to be reached with the options that lose least; where there is no room, others give way."""
    from decisioning import allocate_kernels as kernels

    is_short = use < given.least
    if not is_short.any():
        return
    place, _, group, owner, owner_row, _ = given.of_use
    none = np.zeros(0, dtype=np.int64)
    count = kernels.short_options(given.starts, place, group, owner, owner_row, is_short, none, none, none)
    option, limit, who = (np.empty(count, dtype=np.int64) for _ in range(3))
    kernels.short_options(given.starts, place, group, owner, owner_row, is_short, option, limit, who)
    now = chosen[who]
    loss = np.where(now >= 0, worth[now], 0.0) - worth[option]
    order = np.lexsort((option, loss, limit))
    rest: tuple[Any, Any, Any, Any] = (given.most, given.least, use, chosen)
    kernels.reach(order, option, limit, who, *given.of_use, *rest)
    if (use < given.least).any():
        cheapest = np.flatnonzero(chosen >= 0)
        cheapest = cheapest[np.argsort(worth[chosen[cheapest]], kind="stable")]
        gone = np.empty(GIVE_WAY, dtype=np.int64)
        kernels.make_room(order, option, limit, who, cheapest, gone, TRIES, *given.of_use, *rest)


def _fill(given: Arrays, worth: Floats, lowest: float, use: "Indices", chosen: "Indices") -> None:
    """Whoever has nothing yet takes what fits and is worth something, the best at the prices first."""
    from decisioning import allocate_kernels as kernels

    counts = np.diff(given.starts)
    if not counts.any():
        return
    filled = np.flatnonzero(counts > 0)
    top = np.full(len(counts), -np.inf)
    top[filled] = np.maximum.reduceat(worth, given.starts[filled])
    empty = np.flatnonzero((chosen < 0) & (top > lowest))
    order = empty[np.argsort(-top[empty], kind="stable")]
    kernels.assign(order, lowest, given.starts, worth, given.value, *given.of_use, given.most, given.least, use, chosen)
