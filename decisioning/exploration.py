"""Explore: a small share of customers gets something drawn from their shortlist instead of the best, to learn from it.

What is never tried is never known. With probability ε (`share`) a customer's action is drawn evenly from the k actions
of their shortlist: the few options that are worth most at the prices, and more than nothing, and doing nothing. So the
best action has the probability 1 - ε + ε/k, every other one ε/k, and doing nothing at all is always among them, which
is what later tells what the rest was worth.

The probability is exact given prices and shortlist. What is not is left without one, and left out of every estimate: a
choice that repair took away from the best at the prices, and a drawn send that did not fit into a limit any more and
was undone. The draw of a customer depends on their key and the seed alone, so neither the order of rows, nor who else
there is, nor the number of threads changes it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.errors import DecisioningError
from forecasting.values import Floats
from graph.view import Positions

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

NOTHING = -1
RELATIVE_DUST = 1e-9
MOST_OPTIONS = 5
"""Options on a customer's shortlist: a draw from very many would try none of them often enough to learn anything."""


@dataclass(frozen=True, eq=False)
class LimitUse:
    """What every option uses of one family of limits, of which it uses one at most; all in the same whole amounts.

    Attributes:
        limit: Which limit of the family each option uses, -1 for none, shape (options,).
        amount: How much of it, at least 0, shape (options,).
        most: How much of each limit may be used, inf for any amount, shape (limits,).
        least: How much of each is to be used, 0 for none; None without any, shape (limits,).
    """

    limit: npt.NDArray[np.integer]
    amount: npt.NDArray[np.int64]
    most: Floats
    least: Floats | None = None


@dataclass(frozen=True, eq=False)
class Explored:
    """What was chosen with exploration; each array has shape (customers,).

    Attributes:
        chosen: Index of each customer's option, -1 for nothing.
        propensity: Probability of it given prices and shortlist; NaN where it has none that could be told.
        is_explored: It differs from what would have been chosen without exploration.
        is_drawn: The draw fell on exploring, whichever action it led to, and was not undone.
        is_left_out: The propensity is NaN: repaired, or drawn and undone.
        is_undone: Drawn and undone, because it did not fit.
    """

    chosen: Indices
    propensity: Floats
    is_explored: Flags
    is_drawn: Flags
    is_left_out: Flags
    is_undone: Flags


def explore(
    customer: Positions,
    priced: Floats,
    chosen: Indices,
    *,
    share: float,
    seed: int | str,
    customer_keys: npt.NDArray[np.object_],
    use: Sequence[LimitUse] = (),
    may_explore: Flags | None = None,
    undone: Flags | None = None,
) -> Explored:
    """Mix a share of exploration into what was chosen.

    Args:
        customer: Position of each option's customer, ascending, shape (options,).
        priced: Value less the prices of what each option uses; -inf for what may not be chosen, shape (options,).
        chosen: Index of each customer's option, -1 for nothing, within all limits, shape (customers,).
        share: Probability of exploring, 0 to 1.
        seed: Another one for each day, or the same customers would be drawn every day; see `seed_of_day`.
        customer_keys: Key of each customer, which is what their draw depends on, shape (customers,).
        use: What every option uses of the limits; explored sends keep within them.
        may_explore: Who may be explored at all; the others keep what was chosen with probability 1. None for everybody.
        undone: Whose draw did not fit when this was first drawn, where some of the others are not here any more; None
            finds it out.

    Raises:
        DecisioningError: The share is none, or options are not in order of customer.
    """
    _insist_on_inputs(customer, share)
    count = len(chosen)
    nobody = np.zeros(count, dtype=np.bool_)
    if share == 0:
        return Explored(chosen, np.ones(count), nobody, nobody, nobody, nobody)
    everybody = np.ones(count, dtype=np.bool_) if may_explore is None else may_explore
    worth = np.flatnonzero(priced > 0)
    options = np.minimum(np.bincount(customer[worth], minlength=count), MOST_OPTIONS)
    is_repaired = everybody & ~_is_best(customer, priced, chosen, worth)
    is_open = everybody & ~is_repaired & (options > 0)

    coin, pick = _draws(customer_keys, np.flatnonzero(is_open), seed, count)
    is_drawn = is_open & (coin < share)
    drawn = np.flatnonzero(is_drawn)
    place = np.minimum(np.floor(pick[drawn] * (options[drawn] + 1)).astype(np.int64), options[drawn])
    listed = np.flatnonzero(shortlisted(customer, priced, is_drawn))
    starts = np.cumsum(options[drawn]) - options[drawn]
    wanted = chosen.copy()
    wanted[drawn] = NOTHING
    wanted[drawn[place > 0]] = listed[(starts + place - 1)[place > 0]]
    kept = _within(use, chosen, wanted, coin) if undone is None else np.where(undone, chosen, wanted)
    is_undone = kept != wanted

    each = share / (options + 1)
    propensity = np.where(is_open, np.where(kept == chosen, 1.0 - share + each, each), 1.0)
    is_left_out = is_repaired | is_undone
    propensity[is_left_out] = np.nan
    return Explored(kept, propensity, kept != chosen, is_drawn & ~is_undone, is_left_out, is_undone)


def shortlisted(customer: Positions, priced: Floats, is_asked: Flags) -> Flags:
    """Which options are on their customer's shortlist, shape (options,): the best priced ones above zero.

    Args:
        customer: Position of each option's customer, ascending, shape (options,).
        priced: Value less the prices of what each option uses, shape (options,).
        is_asked: Whose shortlists are wanted, shape (customers,).
    """
    worth = np.flatnonzero((priced > 0) & is_asked[customer])
    order = worth[np.lexsort((worth, -priced[worth], customer[worth]))]
    is_first = np.diff(customer[order], prepend=-1) != 0
    rank = np.arange(len(order)) - np.maximum.accumulate(np.where(is_first, np.arange(len(order)), 0))
    is_listed = np.zeros(len(priced), dtype=np.bool_)
    is_listed[order[rank < MOST_OPTIONS]] = True
    return is_listed


def seed_of_day(seed: int, as_of: np.datetime64) -> str:
    """A seed of its own for every moment that is decided."""
    return f"{seed}/{as_of.astype('datetime64[us]')}"


def _insist_on_inputs(customer: Positions, share: float) -> None:
    if not 0 <= share <= 1:
        raise DecisioningError(
            f"A share of exploration of {share} is none.", where="explore", remedy="Give one from 0 to 1."
        )
    if len(customer) > 1 and (customer[1:] < customer[:-1]).any():
        raise DecisioningError(
            "The options are not in order of customer.", where="explore", remedy="Sort them by customer first."
        )


def _is_best(customer: Positions, priced: Floats, chosen: Indices, worth: Indices) -> Flags:
    """Who has what is best at the prices, or as good but for the dust of sums; the others were repaired."""
    best = np.zeros(len(chosen))
    if len(worth):
        first = np.flatnonzero(np.diff(customer[worth], prepend=-1))
        best[customer[worth[first]]] = np.maximum.reduceat(priced[worth], first)
    has = chosen >= 0
    own = np.zeros(len(chosen))
    own[has] = priced[chosen[has]]
    dust = RELATIVE_DUST * float(best.max(initial=0.0))
    return np.asarray((own >= best - dust) & (~has | (own > 0)))


def _draws(keys: npt.NDArray[np.object_], rows: Indices, seed: int | str, count: int) -> tuple[Floats, Floats]:
    """Two numbers in [0, 1) for each of some customers, from their key and the seed alone; 1 for the others."""
    secret = hashlib.sha256(f"exploration/{seed}".encode()).hexdigest()[:16]
    words = pd.util.hash_array(np.asarray(keys, dtype=object)[rows], hash_key=secret, categorize=False)
    coin, pick = np.ones(count), np.ones(count)
    coin[rows], pick[rows] = _unit(_mixed(words, 1)), _unit(_mixed(words, 2))
    return coin, pick


def _mixed(words: Words, stream: int) -> Words:
    """The stream's number of each word: the counter-based generator SplitMix64 (Steele, Lea, Flood 2014)."""
    word = words + np.uint64(stream * 0x9E3779B97F4A7C15 % 2**64)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(word ^ (word >> np.uint64(31)), dtype=np.uint64)


def _unit(words: Words) -> Floats:
    return np.asarray((words >> np.uint64(11)).astype(np.float64) / 2.0**53)


def _within(use: Sequence[LimitUse], chosen: Indices, wanted: Indices, coin: Floats) -> Indices:
    """What is wanted, but what was chosen before where it does not fit: those with the largest coin give way first.

    Undoing a change that adds to a limit takes just that off it again, and undoing all of them leads back to what was
    chosen, which fits; so this ends within every limit.
    """
    changes = [_changes(family, chosen, wanted) for family in use]
    kept = wanted.copy()
    while True:
        undone = np.unique(
            np.concatenate([np.zeros(0, np.int64), *(_excess(each, kept, wanted, coin) for each in changes)])
        )
        if not len(undone):
            return kept
        kept[undone] = chosen[undone]


@dataclass(frozen=True, eq=False)
class _Changes:
    """What the changes of customers' choices do to the limits of a family: one row per customer and limit it changes.

    Attributes:
        customer: Positions, shape (rows,).
        limit: Shape (rows,).
        amount: What is added, negative for what is freed, shape (rows,).
        room: How much may be added to each limit in all, shape (limits,).
        spare: How much of each may be freed in all, shape (limits,).
    """

    customer: Indices
    limit: Indices
    amount: Indices
    room: Floats
    spare: Floats


def _changes(family: LimitUse, chosen: Indices, wanted: Indices) -> _Changes:
    movers = np.flatnonzero(wanted != chosen)
    parts = []
    for choice, sign in ((wanted[movers], 1), (chosen[movers], -1)):
        has = choice >= 0
        has[has] = family.limit[choice[has]] >= 0
        picked = choice[has]
        parts.append((movers[has], family.limit[picked].astype(np.int64), sign * family.amount[picked]))
    customer, limit, amount = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    rows = pd.DataFrame({"customer": customer, "limit": limit, "amount": amount})
    rows = rows.groupby(["customer", "limit"], sort=True)["amount"].sum().reset_index()
    before = _totals(family, chosen)
    least = np.zeros(len(before)) if family.least is None else family.least
    return _Changes(
        rows["customer"].to_numpy(dtype=np.int64),
        rows["limit"].to_numpy(dtype=np.int64),
        rows["amount"].to_numpy(dtype=np.int64),
        np.maximum(family.most - before, 0.0),
        np.maximum(before - least, 0.0),
    )


def _excess(changes: _Changes, kept: Indices, wanted: Indices, coin: Floats) -> Indices:
    """The customers whose change to undo, so that what they add or free no more than fills room or spare."""
    stands = kept[changes.customer] == wanted[changes.customer]
    customer, limit, amount = (part[stands] for part in (changes.customer, changes.limit, changes.amount))
    net = np.bincount(limit, amount, minlength=len(changes.room))
    undone = []
    for excess, sign in ((net - changes.room, 1), (-net - changes.spare, -1)):
        rows = np.flatnonzero((excess[limit] > 0) & (sign * amount > 0))
        order = rows[np.lexsort((customer[rows], -coin[customer[rows]], limit[rows]))]
        given = np.cumsum(sign * amount[order]) - sign * amount[order]
        is_first = np.diff(limit[order], prepend=-1) != 0
        given_back = given - np.maximum.accumulate(np.where(is_first, given, 0))
        undone.append(customer[order[given_back < excess[limit[order]]]])
    return np.concatenate(undone)


def _totals(family: LimitUse, chosen: Indices) -> Floats:
    picked = chosen[chosen >= 0]
    picked = picked[family.limit[picked] >= 0]
    used = np.bincount(family.limit[picked], family.amount[picked].astype(np.float64), minlength=len(family.most))
    return np.asarray(used, dtype=np.float64)
