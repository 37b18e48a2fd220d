"""Allocation: at most one send per customer, never above a limit, as near to the best as can be certified.

1. Prune, exactly. Within one customer and channel an option that is worth no more and costs no less than another one
   can always be replaced by that one: both use the same limits, the other no more of them. What is worth nothing gives
   way to doing nothing. So some best solution, in shares as well as in whole numbers, uses only what is left.
2. Solve the linear programme over what is left with HiGHS. The duals of its limits are the shadow prices.
3. Round: a vertex has at most one split customer per limit that binds; these are dropped, then repaired and improved
   greedily.
4. Certify: for any prices p ≥ 0, Σ p·limit + Σ_customers max(0, max_options(value - p·use)) is at least the value of
   every feasible choice (weak duality). It is computed here over all options, not only over those left, so neither the
   pruning nor the solver has to be trusted.

Ties go to the lower key: options must come in order of customer, asset, channel, and positions are in order of keys.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.errors import DecisioningError
from decisioning.limits import Amounts, Limit, usage, whole_amounts
from forecasting.values import Floats
from graph.view import Positions

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]

NOTHING = -1
NEARLY_WHOLE = 1.0 - 1e-6
RELATIVE_DUST = 1e-9


@dataclass(frozen=True, eq=False)
class Options:
    """What may be chosen, sorted by customer, then in the order that breaks ties; each array has shape (n,).

    Attributes:
        customer: Position of the customer.
        channel: Position of the channel.
        cost: Touch cost in currency.
        value: Expected incremental margin, in currency.
    """

    customer: Positions
    channel: Positions
    cost: Floats
    value: Floats

    def __len__(self) -> int:
        return len(self.customer)

    def take(self, rows: Indices | Flags) -> "Options":
        """Some of the options."""
        return Options(self.customer[rows], self.channel[rows], self.cost[rows], self.value[rows])


@dataclass(frozen=True, eq=False)
class Allocation:
    """One choice per customer, and what the limits are worth.

    Attributes:
        chosen: Index of each customer's option, -1 for nothing, shape (customers,).
        shortlisted: Which options survived pruning, shape (n,).
        limits: The limits.
        prices: What one more touch, or one more unit of currency, of each limit would be worth, shape (limits,), ≥ 0.
        value: Sum of the chosen options' values.
        bound: No choice within the limits is worth more.
    """

    chosen: Indices
    shortlisted: Flags
    limits: tuple[Limit, ...]
    prices: Floats
    value: float
    bound: float


def allocate(options: Options, limits: tuple[Limit, ...], customer_count: int) -> Allocation:
    """Choose at most one option per customer.

    Raises:
        DecisioningError: The solver gives up.
    """
    shortlisted = undominated(options, limits)
    rows = np.flatnonzero(shortlisted)
    shortlist = options.take(rows)
    used, amounts = usage(limits, shortlist.channel, shortlist.cost), whole_amounts(limits)
    chosen = best_per_customer(shortlist.customer, shortlist.value, customer_count)
    prices = np.zeros(len(limits))
    if (_totals(used, chosen) > amounts).any():
        shares, prices = _solve(shortlist, used, amounts, limits)
        chosen = _rounded(shortlist, shares, customer_count)
        chosen = _within(shortlist, used, amounts, chosen)
        chosen = _improved(shortlist, used, amounts, chosen)
        chosen = _lower_keys_first(shortlist, chosen)
    picked = chosen[chosen >= 0]
    value = math.fsum(shortlist.value[picked])
    result = np.full(customer_count, NOTHING, dtype=np.int64)
    result[chosen >= 0] = rows[picked]
    bound = dual_bound(options, limits, prices)
    # What has been reached can be reached: the bound is below it only by the dust of floating-point sums.
    return Allocation(result, shortlisted, limits, prices, value, max(bound, value))


def undominated(options: Options, limits: tuple[Limit, ...]) -> Flags:
    """Which options may be part of a best choice: worth something, and neither beaten nor equalled at no higher cost.

    Cost matters only where a limit of money counts it.
    """
    channels_with_budget = {limit.channel for limit in limits if limit.unit == "money"}
    is_counted = np.isin(options.channel, [each for each in channels_with_budget if each is not None])
    cost = options.cost if None in channels_with_budget else np.where(is_counted, options.cost, 0.0)
    worth = np.flatnonzero(options.value > 0)
    customer, channel = options.customer[worth], options.channel[worth]
    order = np.lexsort((worth, -options.value[worth], cost[worth], channel, customer))
    group = np.zeros(len(order), dtype=np.int64)
    group[1:] = np.cumsum((np.diff(customer[order]) != 0) | (np.diff(channel[order]) != 0))
    value = pd.Series(options.value[worth][order])
    best_before = value.groupby(group).cummax().groupby(group).shift(1).to_numpy(dtype=np.float64, na_value=-np.inf)
    kept = np.zeros(len(options), dtype=np.bool_)
    kept[worth[order[value.to_numpy() > best_before]]] = True
    return kept


def priced(options: Options, limits: tuple[Limit, ...], prices: Floats) -> Floats:
    """Value less the price of what each option uses, shape (n,)."""
    per_whole_amount = prices / np.array([limit.scale for limit in limits], dtype=np.float64)
    return np.asarray(options.value - per_whole_amount @ usage(limits, options.channel, options.cost))


def fits(options: Options, limits: tuple[Limit, ...]) -> Flags:
    """Which options would be within every limit if nothing else were chosen, shape (n,)."""
    within = usage(limits, options.channel, options.cost) <= whole_amounts(limits)[:, np.newaxis]
    return np.asarray(within.all(axis=0))


def best_per_customer(customer: Positions, worth: Floats, customer_count: int) -> Indices:
    """Index of each customer's option with the highest worth above zero, the first of equals; -1 without one."""
    candidates = np.flatnonzero(worth > 0)
    order = candidates[np.lexsort((candidates, -worth[candidates], customer[candidates]))]
    is_first = np.ones(len(order), dtype=np.bool_)
    is_first[1:] = np.diff(customer[order]) != 0
    best = np.full(customer_count, NOTHING, dtype=np.int64)
    best[customer[order[is_first]]] = order[is_first]
    return best


def dual_bound(options: Options, limits: tuple[Limit, ...], prices: Floats) -> float:
    """An upper bound on the value of every choice within the limits, by weak duality; valid for any prices ≥ 0."""
    customer_count = int(options.customer.max()) + 1 if len(options) else 0
    best = np.zeros(customer_count)
    np.maximum.at(best, options.customer, priced(options, limits, prices))
    scarce = [price * limit.whole_amount / limit.scale for price, limit in zip(prices, limits, strict=True)]
    return math.fsum([*scarce, *best])


def _solve(options: Options, used: Amounts, amounts: Amounts, limits: tuple[Limit, ...]) -> tuple[Floats, Floats]:
    """The linear programme: each option's share in [0, 1], and the price of each limit in currency per unit."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_matrix, vstack

    _, row = np.unique(options.customer, return_inverse=True)
    count = len(options)
    once = csr_matrix((np.ones(count), (row, np.arange(count))))
    # Rows and values near one, whatever the currency: the solver's tolerances are absolute.
    row_scale = np.maximum(used.max(axis=1), 1).astype(np.float64)
    value_scale = float(options.value.max())
    result: Any = linprog(
        -options.value / value_scale,
        A_ub=vstack([once, csr_matrix(used / row_scale[:, np.newaxis])], format="csr"),
        b_ub=np.concatenate([np.ones(once.shape[0]), np.minimum(amounts, used.sum(axis=1)) / row_scale]),
        bounds=(0, 1),
        method="highs-ds",
    )
    if result.status != 0:
        raise DecisioningError(
            f"The solver found no allocation: {result.message}",
            where="allocate",
            remedy="Look for limits or values of extreme size in channels.yaml and the forecasts.",
        )
    duals = np.maximum(-result.ineqlin.marginals[once.shape[0] :], 0.0)
    scales = np.array([limit.scale for limit in limits], dtype=np.float64)
    return np.asarray(result.x), duals * value_scale / row_scale * scales


def _rounded(options: Options, shares: Floats, customer_count: int) -> Indices:
    chosen = np.full(customer_count, NOTHING, dtype=np.int64)
    whole = np.flatnonzero(shares >= NEARLY_WHOLE)
    chosen[options.customer[whole]] = whole
    return chosen


def _within(options: Options, used: Amounts, amounts: Amounts, chosen: Indices) -> Indices:
    """Drop the least valuable choices of a limit while the solver's tolerance leaves it exceeded."""
    chosen = chosen.copy()
    while (excess := _totals(used, chosen) > amounts).any():
        limit = int(np.argmax(excess))
        holders = np.flatnonzero(chosen >= 0)
        holders = holders[used[limit, chosen[holders]] > 0]
        chosen[holders[np.argmin(options.value[chosen[holders]])]] = NOTHING
    return chosen


def _improved(options: Options, used: Amounts, amounts: Amounts, chosen: Indices) -> Indices:
    """Take the change of one customer's choice that gains most and fits, again and again; each one adds value."""
    chosen = chosen.copy()
    dust = RELATIVE_DUST * float(options.value.max(initial=0.0))
    while True:
        current = chosen[options.customer]
        has = current >= 0
        gain = options.value - np.where(has, options.value[current], 0.0)
        room = (amounts - _totals(used, chosen))[:, np.newaxis] + np.where(has, used[:, current], 0)
        possible = np.flatnonzero((gain > dust) & (used <= room).all(axis=0))
        if not len(possible):
            return chosen
        best = possible[np.argmax(gain[possible])]
        chosen[options.customer[best]] = best


def _lower_keys_first(options: Options, chosen: Indices) -> Indices:
    """Where a customer with nothing has an option equal to one that a later customer got, the lower key gets it."""
    chosen = chosen.copy()
    equal = pd.DataFrame({"channel": options.channel, "cost": options.cost, "value": options.value})
    equal["is_given"] = chosen[options.customer] == np.arange(len(options))
    equal["is_wanted"] = equal["is_given"] | (chosen[options.customer] == NOTHING)
    of_group = equal.groupby(["channel", "cost", "value"], sort=True)
    is_contested = (of_group["is_given"].transform("sum") > 0) & (
        of_group["is_given"].transform("sum") < of_group["is_wanted"].transform("sum")
    )
    for rows in equal[is_contested].groupby(["channel", "cost", "value"], sort=True).indices.values():
        contested = np.flatnonzero(is_contested)[rows]
        current = chosen[options.customer[contested]]
        wanting = contested[(current == NOTHING) | (current == contested)]
        given = int((current == contested).sum())
        chosen[options.customer[wanting]] = NOTHING
        chosen[options.customer[wanting[:given]]] = wanting[:given]
    return chosen


def _totals(used: Amounts, chosen: Indices) -> Amounts:
    """What the choices use of each limit, shape (limits,)."""
    return np.asarray(used[:, chosen[chosen >= 0]].sum(axis=1), dtype=np.int64)
