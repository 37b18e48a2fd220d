"""Look through all candidates of everybody at given prices, and keep a few of each customer.

The work is cut into stretches of customers that threads take in turn; what one stretch gives depends on nobody else.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import numpy.typing as npt

from decisioning.ground import Found, Hours, Listed, Prices, Reasons, Rules, Worth
from forecasting.values import Floats
from graph.view import Positions

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]
Stretch = tuple[int, int]

STRETCH = 4_096
ROOM = 1 << 21
"""Candidates that a stretch has room for, unless one customer alone has more."""
REFUSED_SHOWN = 3
"""Refused candidates that are kept of customers who have no more than that many allowed ones."""


@dataclass(frozen=True, eq=False)
class Terrain:
    """All that candidates are made of.

    Attributes:
        reasons: Motives and the assets that answer them.
        rules: What policies say.
        worth: What values are made of.
        hours: When sending is possible.
        motive_rows: Row in `Motives.table` of each motive in the order of `reasons`.
        refusal_names: What may refuse, in the order of the counts of refusals.
    """

    reasons: Reasons
    rules: Rules
    worth: Worth
    hours: Hours
    motive_rows: Indices
    refusal_names: tuple[str, ...]

    @property
    def customer_count(self) -> int:
        """Number of customers."""
        return len(self.reasons.motive_starts) - 1

    @cached_property
    def most_candidates(self) -> Indices:
        """An upper bound of each customer's candidates, shape (customers,)."""
        of_asset = self.reasons.fits.sum(axis=1)
        total = np.concatenate([[0], np.cumsum(of_asset[self.reasons.answer_assets])])
        of_answer = np.diff(total[self.reasons.answer_starts])
        running = np.concatenate([[0], np.cumsum(of_answer[self.reasons.answer])])
        return np.asarray(np.diff(running[self.reasons.motive_starts]), dtype=np.int64)

    @property
    def channel_count(self) -> int:
        """Number of channels."""
        return int(self.reasons.fits.shape[1])


@dataclass(frozen=True, eq=False)
class Kept:
    """Candidates that a pass kept, in order of customer, asset, channel; each array has shape (n,).

    Attributes:
        customer: Position of the customer.
        asset: Position of the asset.
        channel: Position of the channel.
        motive: Row of the best motive for it in `Motives.table`.
        value: Expected incremental margin; -inf where it cannot be known.
        expected_cost: P(redeem) × cost of a redemption.
        cost: What one redemption costs.
        is_allowed: Nothing refuses it.
    """

    customer: Positions
    asset: Positions
    channel: Positions
    motive: Indices
    value: Floats
    expected_cost: Floats
    cost: Floats
    is_allowed: Flags

    def __len__(self) -> int:
        return len(self.customer)

    def take(self, rows: Indices | Flags) -> "Kept":
        """Some of them."""
        return Kept(*(getattr(self, each.name)[rows] for each in fields(Kept)))

    def united(self, other: "Kept", places: int) -> "Kept":
        """Both together, each candidate once; `places` is the number of assets times channels."""
        return joined([self, other]).in_order(places)

    def in_order(self, places: int) -> "Kept":
        """In order of customer, asset and channel, each candidate once."""
        channels = int(self.channel.max(initial=0)) + 1
        key = (self.customer.astype(np.int64) * places + self.asset.astype(np.int64) * channels) + self.channel
        _, rows = np.unique(key, return_index=True)
        return self.take(rows.astype(np.int64))


@dataclass(frozen=True, eq=False)
class Look:
    """What one pass found.

    Attributes:
        kept: The shortlist, with the most valuable allowed candidate and some refused ones of each customer.
        best: Highest priced value of any affordable candidate, -inf without one, shape (customers looked at,).
        counts: Candidates, eligible and affordable ones, shape (customers looked at, 3).
        refused: Candidates that each policy refuses, shape (customers looked at, policies); no columns unless asked.
    """

    kept: Kept
    best: Floats
    counts: Counts
    refused: Counts


def look(
    terrain: Terrain,
    prices: Prices,
    *,
    each: int,
    keeps_account: bool = True,
    stretches: Sequence[Stretch] | None = None,
) -> Look:
    """One pass over all candidates of all customers, or of some stretches of them.

    Args:
        terrain: What candidates are made of.
        prices: What the limits cost.
        each: How many candidates are kept per customer and channel.
        keeps_account: Whether refusals are counted and refused candidates kept.
        stretches: Customers from (included) to (excluded), in order; None for everybody.
    """
    parts = stretches if stretches is not None else _cut(terrain.most_candidates)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as threads:
        found = list(
            threads.map(lambda part: _look_at(terrain, prices, part, each=each, keeps_account=keeps_account), parts)
        )
    policies = len(terrain.refusal_names) if keeps_account else 0
    return Look(
        joined([part.kept for part in found]),
        np.concatenate([np.empty(0), *(part.best for part in found)]),
        np.concatenate([np.empty((0, 3), dtype=np.int32), *(part.counts for part in found)]),
        np.concatenate([np.empty((0, policies), dtype=np.int32), *(part.refused for part in found)]),
    )


def sampled(customer_count: int, share: float) -> list[Stretch]:
    """Short stretches of customers, spread evenly over all of them, that hold about a share of them."""
    length = 256
    step = max(length, round(length / share))
    return [(start, min(start + length, customer_count)) for start in range(0, customer_count, step)]


def _look_at(terrain: Terrain, prices: Prices, stretch: Stretch, *, each: int, keeps_account: bool) -> Look:
    from decisioning.kernel.hold import hold
    from decisioning.kernel.keep import keep
    from decisioning.kernel.screen import screen
    from decisioning.kernel.value import value

    first, last = stretch
    reasons, rules, worth, hours = terrain.reasons, terrain.rules, terrain.worth, terrain.hours
    rows = np.arange(last - first)
    refused_shown = REFUSED_SHOWN if keeps_account else 0
    found = _empty(terrain, last - first, _refused_from(each, terrain) + refused_shown)
    listed = _room(int(terrain.most_candidates[first:last].sum()))
    size = screen(rows + first, rows, False, keeps_account, reasons, rules, worth, hours, found, listed)
    value(first, size, worth, listed)
    if len(reasons.ranks):
        size = hold(first, size, keeps_account, reasons, rules, found, listed)
    keep(first, size, each, False, worth, prices, found, listed)
    parts = [_kept(terrain, first, found, listed, slice(0, _refused_from(each, terrain)), is_allowed=True)]
    few = np.flatnonzero((found.counts[:, 1] <= refused_shown) & (found.counts[:, 1] < found.counts[:, 0]))
    if refused_shown and len(few):
        size = screen(few + first, few, True, False, reasons, rules, worth, hours, found, listed)
        value(first, size, worth, listed)
        keep(first, size, each, True, worth, prices, found, listed)
        parts.append(_kept(terrain, first, found, listed, slice(_refused_from(each, terrain), None), is_allowed=False))
    kept = joined(parts)
    order = np.lexsort((kept.channel, kept.asset, kept.customer))
    refused = found.refused if keeps_account else found.refused[:, :0]
    return Look(kept.take(order), found.best, found.counts, refused)


def _refused_from(each: int, terrain: Terrain) -> int:
    """The first slot of refused candidates."""
    return each * terrain.channel_count + 1


def _kept(terrain: Terrain, first: int, found: Found, listed: Listed, slots: slice, *, is_allowed: bool) -> Kept:
    """What stands in some slots, each candidate once."""
    row, slot = np.nonzero(found.slot[:, slots] >= 0)
    place = found.slot[:, slots][row, slot]
    place = np.unique(place)  # the most valuable may stand among those of its channel as well
    return Kept(
        customer=(listed.row[place] + first).astype(np.int32),
        asset=listed.asset[place],
        channel=listed.channel[place],
        motive=terrain.motive_rows[listed.motive[place]],
        value=listed.value[place],
        expected_cost=listed.expected_cost[place],
        cost=listed.cost[place],
        is_allowed=np.full(len(place), is_allowed),
    )


def _room(size: int) -> Listed:
    row, asset, channel = (np.empty(size, dtype=np.int32) for _ in range(3))
    value, expected_cost, cost, priced = (np.empty(size) for _ in range(4))
    return Listed(row, asset, channel, np.empty(size, dtype=np.int64), value, expected_cost, cost, priced)


def _empty(terrain: Terrain, customers: int, slots: int) -> Found:
    return Found(
        counts=np.zeros((customers, 3), dtype=np.int32),
        refused=np.zeros((customers, len(terrain.refusal_names)), dtype=np.int32),
        best=np.full(customers, -np.inf),
        slot=np.full((customers, slots), -1, dtype=np.int64),
    )


def _cut(most: Indices) -> list[Stretch]:
    """Stretches of at most so many customers, and of at most so many candidates where one customer has no more."""
    stretches, start, running = [], 0, np.concatenate([[0], np.cumsum(most)])
    while start < len(most):
        fitting = int(np.searchsorted(running, running[start] + ROOM, side="right")) - 1
        end = min(max(fitting, start + 1), start + STRETCH, len(most))
        stretches.append((start, end))
        start = end
    return stretches


def joined(parts: Sequence[Kept]) -> Kept:
    """What several stretches kept, one after the other."""
    columns = {each.name: [getattr(part, each.name) for part in (_NOTHING_KEPT, *parts)] for each in fields(Kept)}
    return Kept(**{name: np.concatenate(arrays) for name, arrays in columns.items()})


_NO_PLACES, _NO_AMOUNTS = np.empty(0, dtype=np.int32), np.empty(0)
_NOTHING_KEPT = Kept(
    _NO_PLACES,
    _NO_PLACES,
    _NO_PLACES,
    np.empty(0, dtype=np.int64),
    _NO_AMOUNTS,
    _NO_AMOUNTS,
    _NO_AMOUNTS,
    np.empty(0, dtype=np.bool_),
)
