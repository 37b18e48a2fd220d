"""Allocation: at most one send per customer, never above a limit, as near to the best as can be certified.

1. Prune, exactly. Of two options of one customer that use the same limits, the one that is worth no more and uses no
   less can always be replaced by the other. What is worth nothing gives way to doing nothing, unless a limit is to be
   reached with it.
2. Price the limits: below `EXACT_BELOW` customers by the linear programme (`allocate_exact`), above it by the smoothed
   dual (`allocate_prices`). At these prices nearly everybody's best option is part of a best solution.
3. Round: everybody takes their best option at the prices; where a limit would be exceeded, those keep it who lose most
   without it, the others take what fits. What is to be reached and is not yet is filled with what loses least; then
   every change that gains and fits is made.
4. Certify: for any prices p, Σ p·limit + Σ_customers max(0, max_options(value - p·use)) is at least the value of every
   feasible choice (weak duality). It is computed here over all options, not only over those left, so neither the
   pruning nor the solver has to be trusted. Where something is to be reached, it holds for all choices that reach as
   much of it as this one does.

Ties go to the lower key: options must come in order of customer, asset, channel, and positions are in order of keys.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.limits import TOO_MUCH, Limits, Usage, paid, unpriced
from decisioning.options import Flags, Indices, Options
from forecasting.values import Floats
from graph.view import Positions

NOTHING = -1
EXACT_BELOW = 20_000
"""Customers with options from which on prices come from the smoothed dual."""
RELATIVE_DUST = 1e-9


@dataclass(frozen=True)
class Shortfall:
    """What was to be reached and is not.

    Attributes:
        name: The limit, as people call it.
        least: What was to be reached, in its unit.
        reached: What is.
        possible: What all customers together could bring it if nothing else counted; below `least` it is infeasible.
    """

    name: str
    least: float
    reached: float
    possible: float

    @property
    def is_infeasible(self) -> bool:
        """Whether it could not be reached whatever else is chosen."""
        return self.possible < self.least


@dataclass(frozen=True)
class Collapsed:
    """A channel that renders fewer different assets than would have been sent.

    Attributes:
        channel: The channel.
        wanted: Different assets without that limit.
        allowed: How many it renders.
        loss: What the limits of all channels together cost, in currency.
    """

    channel: str
    wanted: int
    allowed: int
    loss: float


@dataclass(frozen=True, eq=False)
class Allocation:
    """One choice per customer, and what the limits are worth.

    Attributes:
        chosen: Index of each customer's option, -1 for nothing, shape (customers,).
        shortlisted: Which options survived pruning, shape (n,).
        limits: The families.
        prices: Of each family, what one more touch or unit of currency of each limit would be worth, shape (limits of
            the family,); below 0 where something is to be reached that would not be worth it.
        value: Sum of the chosen options' values.
        bound: No choice within the limits, that reaches what this one reaches, is worth more.
        is_repaired: Who got something else than the best at the prices, shape (customers,).
        shortfalls: What was to be reached and is not.
        collapsed: Channels whose assets were reduced to what they render.
    """

    chosen: Indices
    shortlisted: Flags
    limits: Limits
    prices: tuple[Floats, ...]
    value: float
    bound: float
    is_repaired: Flags
    shortfalls: tuple[Shortfall, ...] = ()
    collapsed: tuple[Collapsed, ...] = ()

    def named_prices(self) -> dict[str, float]:
        """The price of each limit by name; of families of more than a hundred limits only those that have one."""
        return {
            family.name_of(at): float(price[at])
            for family, price in zip(self.limits, self.prices, strict=True)
            for at in (range(len(family)) if len(family) <= MANY else np.flatnonzero(price).tolist())
        }


MANY = 100


def allocate(
    options: Options, limits: Limits, customer_count: int, *, start_prices: Sequence[Floats] | None = None
) -> Allocation:
    """Choose at most one option per customer.

    Args:
        options: What may be chosen.
        limits: Families of limits.
        customer_count: How many customers there are.
        start_prices: Prices to start from, of each family; where they are good, a few steps are enough.

    Raises:
        DecisioningError: The solver gives up.
    """
    in_order = _order(options)
    if in_order is not None:
        options = options.take(in_order)
    used = options.uses(limits)
    competing = _competing(options, limits, used)
    concerned = np.zeros(customer_count, dtype=np.bool_)
    concerned[options.customer[competing]] = True
    is_small = int(concerned.sum()) < EXACT_BELOW
    shortlisted = competing & undominated(options, limits, used=used) if is_small else competing
    rows = np.flatnonzero(shortlisted)
    shortlist, of_rows = options.take(rows), used.take(rows)
    free = best_per_customer(shortlist.customer, shortlist.value, customer_count)
    if not len(rows) or _is_allowed(limits, of_rows.take(free[free >= 0])):
        chosen, prices = free, unpriced(limits)
    else:
        from decisioning.allocate_exact import solve_exactly
        from decisioning.allocate_prices import solve_prices
        from decisioning.allocate_rounding import rounded

        if is_small:
            prices, guess = solve_exactly(shortlist, limits, of_rows, customer_count)
        else:
            prices, guess = solve_prices(shortlist, limits, customer_count, start_prices), None
        chosen = rounded(shortlist, limits, prices, customer_count, guess=guess)
        if is_small:
            chosen = _lower_keys_first(shortlist, of_rows, chosen)
            prices = _no_dearer_than_needed(shortlist, limits, of_rows, chosen, prices)
    return _certified(options, limits, used, rows, chosen, prices, shortlisted, in_order)


def undominated(options: Options, limits: Limits, *, used: Usage | None = None) -> Flags:
    """Which options may be part of a best choice: neither beaten nor equalled by one that uses the same and no more.

    Money counts where a limit of money counts it; other costs must be the same.
    """
    used = used or options.uses(limits)
    worth = np.flatnonzero(_competing(options, limits, used))
    columns: list[npt.NDArray[Any]] = [options.customer[worth]]
    cost = np.zeros(len(worth), dtype=np.int64)
    for family, index, amount in zip(limits, used.index[:, worth], used.amount[:, worth], strict=True):
        columns.append(index)
        if family.unit == "money" and not family.has_minimum:
            cost = np.maximum(cost, amount)  # all of one touch cost
        elif family.unit != "touches":
            columns.append(amount)
    order = np.lexsort((worth, -options.value[worth], cost, *reversed(columns)))
    is_new = np.zeros(len(order), dtype=np.bool_)
    for column in columns:
        is_new[1:] |= np.diff(column[order]) != 0
    group = np.cumsum(is_new)
    value = pd.Series(options.value[worth][order])
    best_before = value.groupby(group).cummax().groupby(group).shift(1).to_numpy(dtype=np.float64, na_value=-np.inf)
    kept = np.zeros(len(options), dtype=np.bool_)
    kept[worth[order[value.to_numpy() > best_before]]] = True
    return kept


def priced(options: Options, limits: Limits, prices: Sequence[Floats]) -> Floats:
    """Value less the price of what each option uses, shape (n,)."""
    return np.asarray(options.value - paid(limits, options.uses(limits), prices).sum(axis=0))


def fits(options: Options, limits: Limits) -> Flags:
    """Which options would be within every limit if nothing else were chosen, shape (n,)."""
    return _fits(limits, options.uses(limits))


def best_per_customer(customer: Positions, worth: Floats, customer_count: int) -> Indices:
    """Index of each customer's option with the highest worth above zero, the first of equals; -1 without one."""
    candidates = np.flatnonzero(worth > 0)
    best = np.full(customer_count, NOTHING, dtype=np.int64)
    highest = np.zeros(customer_count)
    np.maximum.at(highest, customer[candidates], worth[candidates])
    first = candidates[worth[candidates] == highest[customer[candidates]]][::-1]
    best[customer[first]] = first  # of equals the last one written, which is the first in order
    return best


def dual_bound(
    options: Options,
    limits: Limits,
    prices: Sequence[Floats],
    *,
    reached: Sequence[npt.NDArray[np.int64]] | None = None,
) -> float:
    """An upper bound on the value of every choice within the limits, by weak duality, for any prices.

    Args:
        options: Everything that may be chosen.
        limits: The families.
        prices: Of each.
        reached: What the choices must use at least, in whole amounts; by default what the limits state.
    """
    return _bound(options, limits, priced(options, limits, prices), prices, reached)


def _bound(
    options: Options,
    limits: Limits,
    worth: Floats,
    prices: Sequence[Floats],
    reached: Sequence[npt.NDArray[np.int64]] | None,
) -> float:
    best = np.zeros(int(options.customer.max()) + 1 if len(options) else 0)
    can = np.isfinite(worth)
    np.maximum.at(best, options.customer[can], worth[can])
    scarce = []
    for place, (family, price) in enumerate(zip(limits, prices, strict=True)):
        least = family.whole_least if reached is None else np.minimum(family.whole_least, reached[place])
        dear = np.flatnonzero(price > 0)
        scarce += (price[dear] * (family.whole_most[dear] / family.scale)).tolist()
        cheap = np.flatnonzero(price < 0)
        scarce += (price[cheap] * (least[cheap] / family.scale)).tolist()
    return math.fsum([*scarce, *best])


def _order(options: Options) -> Indices | None:
    """The order of keys, None where options are in it already."""
    is_later = np.ones(max(len(options) - 1, 0), dtype=np.bool_)
    for places in (options.channel, options.asset, options.customer):
        step = np.diff(places)
        is_later = (step > 0) | ((step == 0) & is_later)
    if is_later.all():
        return None
    return np.lexsort((options.channel, options.asset, options.customer))


def _competing(options: Options, limits: Limits, used: Usage) -> Flags:
    """Which options can be chosen and are worth it, or may be needed to reach something."""
    is_worth = options.value > 0
    for family, index in zip(limits, used.index, strict=True):
        if family.has_minimum:
            is_worth |= np.where(index >= 0, family.least[index] > 0, False)
    return np.asarray(is_worth & np.isfinite(options.value) & _fits(limits, used, even_if_zero=True))


def _fits(limits: Limits, used: Usage, *, even_if_zero: bool = False) -> Flags:
    """Which options are within every limit by themselves; on request only what is out of all proportion is not."""
    within = np.ones(used.index.shape[1], dtype=np.bool_)
    for family, index, amount in zip(limits, used.index, used.amount, strict=True):
        if even_if_zero:
            within &= amount < TOO_MUCH
        elif len(family):
            within &= (index < 0) | (amount <= family.whole_most[index])
    return within


def _is_allowed(limits: Limits, used: Usage) -> bool:
    """Whether choices keep every limit and reach every minimum."""
    totals = used.totals(limits)
    return all(
        bool((total <= family.whole_most).all() and (total >= family.whole_least).all())
        for family, total in zip(limits, totals, strict=True)
    )


def _certified(  # noqa: PLR0917 -- everything that was found
    options: Options,
    limits: Limits,
    used: Usage,
    rows: Indices,
    chosen: Indices,
    prices: tuple[Floats, ...],
    shortlisted: Flags,
    in_order: Indices | None,
) -> Allocation:
    picked = rows[chosen[chosen >= 0]]
    result = np.full(len(chosen), NOTHING, dtype=np.int64)
    result[chosen >= 0] = picked
    value = math.fsum(options.value[picked])
    totals = used.take(picked).totals(limits)
    worth = options.value - paid(limits, used, prices).sum(axis=0)
    bound = _bound(options, limits, worth, prices, totals)
    best = np.zeros(len(chosen))
    np.maximum.at(best, options.customer[shortlisted], worth[shortlisted])
    own = np.zeros(len(chosen))
    own[chosen >= 0] = worth[picked]
    dust = 1e-6 * max(float(np.abs(options.value[shortlisted]).max(initial=0.0)), 1e-300)
    shortfalls = tuple(_shortfalls(options, limits, used, totals))
    if in_order is not None:  # back to the rows as they came
        result[result >= 0] = in_order[result[result >= 0]]
        as_given = np.zeros(len(options), dtype=np.bool_)
        as_given[in_order] = shortlisted
        shortlisted = as_given
    # What has been reached can be reached: the bound is below it only by the dust of floating-point sums.
    return Allocation(
        result, shortlisted, limits, prices, value, max(bound, value), np.asarray(own < best - dust), shortfalls
    )


def _shortfalls(options: Options, limits: Limits, used: Usage, totals: Sequence[Indices]) -> list[Shortfall]:
    found = []
    can = np.isfinite(options.value)
    for family, index, amount, total in zip(limits, used.index, used.amount, totals, strict=True):
        for at in np.flatnonzero(total < family.whole_least).tolist():
            here = can & (index == at)
            most = np.zeros(int(options.customer.max()) + 1 if len(options) else 0, dtype=np.int64)
            np.maximum.at(most, options.customer[here], amount[here])
            possible = min(int(most.sum()), int(family.whole_most[at]))
            found.append(
                Shortfall(
                    family.name_of(at), float(family.least[at]), total[at] / family.scale, possible / family.scale
                )
            )
    return found


def _no_dearer_than_needed(
    options: Options, limits: Limits, used: Usage, chosen: Indices, prices: tuple[Floats, ...]
) -> tuple[Floats, ...]:
    """Prices of what is to be reached, no further below zero than those who are chosen for it need.

    Where just enough can be reached, any price from there on solves the programme; the solver takes the penalty.
    """
    found = [price.copy() for price in prices]
    rows = chosen[chosen >= 0]
    for place, (family, price) in enumerate(zip(limits, found, strict=True)):
        for limit in np.flatnonzero(price < 0):
            worth = options.value - paid(limits, used, found).sum(axis=0)
            is_in = used.index[place] == limit
            best = np.zeros(len(chosen))
            np.maximum.at(best, options.customer[~is_in], worth[~is_in])
            mine = rows[is_in[rows] & (used.amount[place, rows] > 0)]
            amount = used.amount[place, mine] / family.scale
            needed = (best[options.customer[mine]] - worth[mine] - price[limit] * amount) / amount
            price[limit] = max(price[limit], -max(float(needed.max(initial=0.0)), 0.0))
    return tuple(found)


def _lower_keys_first(options: Options, used: Usage, chosen: Indices) -> Indices:
    """Where a customer with nothing has an option equal to one that a later customer got, the lower key gets it."""
    chosen = chosen.copy()
    equal = pd.DataFrame({"value": options.value})
    for row in range(len(used.index)):
        equal[f"index {row}"], equal[f"amount {row}"] = used.index[row], used.amount[row]
    same = list(equal.columns)
    equal["is_given"] = chosen[options.customer] == np.arange(len(options))
    equal["is_wanted"] = equal["is_given"] | (chosen[options.customer] == NOTHING)
    of_group = equal.groupby(same, sort=True)
    is_contested = (of_group["is_given"].transform("sum") > 0) & (
        of_group["is_given"].transform("sum") < of_group["is_wanted"].transform("sum")
    )
    for rows in equal[is_contested].groupby(same, sort=True).indices.values():
        contested = np.flatnonzero(is_contested)[rows]
        current = chosen[options.customer[contested]]
        wanting = contested[(current == NOTHING) | (current == contested)]
        given = int((current == contested).sum())
        chosen[options.customer[wanting]] = NOTHING
        chosen[options.customer[wanting[:given]]] = wanting[:given]
    return chosen
