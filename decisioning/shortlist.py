"""Look through all candidates of everybody at given prices, and keep a few of each customer.

The work is cut into stretches of customers that threads take in turn; what one stretch gives depends on nobody else.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from decisioning.ground import Blocks, Hours, Prices, Reasons, Rules, Worth
from decisioning.pass_results import Found, Listed, Scratch, Selected
from forecasting.values import Floats
from graph.view import Positions

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]
Stretch = tuple[int, int]

STRETCH = 4_096
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
        blocks: What answers motives, side by side.
        motive_rows: Row in `Motives.table` of each motive in the order of `reasons`.
        refusal_names: What may refuse, in the order of the counts of refusals.
    """

    reasons: Reasons
    rules: Rules
    worth: Worth
    hours: Hours
    blocks: Blocks
    motive_rows: Indices
    refusal_names: tuple[str, ...]

    @property
    def customer_count(self) -> int:
        """Number of customers."""
        return len(self.reasons.motive_starts) - 1

    @cached_property
    def most_candidates(self) -> Indices:
        """An upper bound of each customer's candidates, shape (customers,)."""
        of_answer = np.diff(self.blocks.starts[:: self.channel_count])
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
        value: Expected incremental margin with the asset's boost, by which is ranked; -inf where it cannot be known.
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

    def without_list(self) -> "Look":
        """The counts alone: the list is by far the largest of it."""
        return replace(self, kept=_NOTHING_KEPT)


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
    parts = stretches if stretches is not None else _cut(terrain.customer_count)
    paid = prices.of_place.ravel()[terrain.blocks.place]
    has_room = prices.has_room.ravel()[terrain.blocks.place]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as threads:
        found = list(
            threads.map(
                lambda part: _look_at(terrain, prices, paid, has_room, part, each=each, keeps_account=keeps_account),
                parts,
            )
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


def _look_at(
    terrain: Terrain,
    prices: Prices,
    paid: Floats,
    has_room: Flags,
    stretch: Stretch,
    *,
    each: int,
    keeps_account: bool,
) -> Look:
    from decisioning.kernel import BATCH, look_through

    first, last = stretch
    refused_shown = REFUSED_SHOWN if keeps_account else 0
    found = _empty(last - first, len(terrain.refusal_names) if keeps_account else 0)
    # Refused candidates are listed beside allowed ones.
    listed = _room(2 * _most_of_batch(terrain.most_candidates[first:last], BATCH))
    kept = _selected((last - first) * (each * terrain.channel_count + 1 + refused_shown))
    size = look_through(
        first, last, each, refused_shown, keeps_account,
        terrain.reasons, terrain.rules, terrain.worth, terrain.hours, terrain.blocks, prices, paid, has_room,
        listed, _scratch(terrain, stretch, BATCH, each * terrain.channel_count + 1 + refused_shown), found, kept,
    )  # fmt: skip
    shortlist = Kept(
        customer=kept.row[:size] + np.int32(first),
        asset=kept.asset[:size].copy(),
        channel=kept.channel[:size].copy(),
        motive=terrain.motive_rows[kept.motive[:size]],
        value=kept.value[:size].copy(),
        expected_cost=kept.expected_cost[:size].copy(),
        cost=kept.cost[:size].copy(),
        is_allowed=kept.is_allowed[:size].copy(),
    )
    return Look(shortlist, found.best, found.counts, found.refused)


def _most_of_batch(most: Indices, batch: int) -> int:
    """The most candidates of so many customers in a row."""
    if not len(most):
        return 0
    return int(np.add.reduceat(most, np.arange(0, len(most), batch)).max())


def _room(size: int) -> Listed:
    row, asset, channel = (np.empty(size, dtype=np.int32) for _ in range(3))
    value, expected_cost, cost, priced = (np.empty(size) for _ in range(4))
    motive, has_room = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.bool_)
    return Listed(row, asset, channel, motive, value, expected_cost, cost, priced, has_room)


def _scratch(terrain: Terrain, stretch: Stretch, batch: int, slots: int) -> Scratch:
    """What a thread calculates in while it looks at a stretch of customers, of whom each has so many slots."""
    assets, channels = terrain.reasons.fits.shape
    categories, widest = len(terrain.worth.usual_margin), terrain.blocks.widest
    motives = np.diff(terrain.reasons.motive_starts[stretch[0] : stretch[1] + 1])
    return Scratch(
        seen=np.full(assets, -1),
        bought=np.full(assets, -1),
        objected=np.full(assets, -1),
        moved=np.full(assets, -1),
        has_habit=np.full(categories, -1),
        has_recent=np.full(categories, -1),
        habit=np.zeros((categories, 4)),
        recent_days=np.zeros(categories),
        own=np.zeros(terrain.worth.gain.customer_factor.shape[1]),
        gains=np.zeros(channels),
        redeems=np.zeros(channels),
        opt_outs=np.zeros(channels),
        hour=np.zeros(channels, dtype=np.bool_),
        standing=np.zeros(widest, dtype=np.uint8),
        learnt=np.zeros(widest),
        stated=np.zeros(widest),
        chance=np.zeros(widest),
        cost=np.zeros(widest),
        reach=np.zeros(widest),
        stops=np.zeros(widest, dtype=np.uint8),
        words=np.zeros((len(terrain.rules.refusing), widest), dtype=np.uint64),
        chosen=np.zeros(widest + 1, dtype=np.int64),
        stack=terrain.rules.programs.stack(),
        slots=np.empty((batch, slots), dtype=np.int64),
        few=np.empty(batch, dtype=np.int64),
        limit=np.empty(int(motives.max(initial=0)), dtype=np.int64),
    )


def _selected(size: int) -> Selected:
    place, motive = (np.empty(size, dtype=np.int64) for _ in range(2))
    row, asset, channel = (np.empty(size, dtype=np.int32) for _ in range(3))
    value, expected_cost, cost = (np.empty(size) for _ in range(3))
    return Selected(place, row, asset, channel, motive, value, expected_cost, cost, np.empty(size, dtype=np.bool_))


def _empty(customers: int, policies: int) -> Found:
    return Found(
        counts=np.zeros((customers, 3), dtype=np.int32),
        refused=np.zeros((customers, policies), dtype=np.int32),
        best=np.full(customers, -np.inf),
    )


def _cut(customers: int) -> list[Stretch]:
    """Stretches of at most so many customers."""
    return [(start, min(start + STRETCH, customers)) for start in range(0, customers, STRETCH)]


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
