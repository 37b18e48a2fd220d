"""Look through all candidates of everybody at given prices, and keep a few of each customer.

The work is cut into stretches of customers that threads take in turn; what one stretch gives depends on nobody else.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from decisioning.ground import Found, Hours, Prices, Reasons, Rules, Worth
from forecasting.values import Floats
from graph.view import Positions

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]
Stretch = tuple[int, int]

STRETCH = 8_192
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
        both = Kept(*(np.concatenate([getattr(self, each.name), getattr(other, each.name)]) for each in fields(Kept)))
        return both.in_order(places)

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
    parts = stretches if stretches is not None else _cut((0, terrain.customer_count))
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as threads:
        found = list(
            threads.map(lambda part: _look_at(terrain, prices, part, each=each, keeps_account=keeps_account), parts)
        )
    policies = len(terrain.refusal_names) if keeps_account else 0
    return Look(
        Kept(*(_joined([getattr(part.kept, each.name) for part in found], each.name) for each in fields(Kept))),
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
    from decisioning.kernel import look_through

    first, last = stretch
    shown = REFUSED_SHOWN if keeps_account else 0
    found = _empty(terrain, last - first, each * terrain.channel_count + 1 + shown, keeps_account=keeps_account)
    look_through(
        first,
        last,
        each,
        shown if keeps_account else -1,
        terrain.reasons,
        terrain.rules,
        terrain.worth,
        terrain.hours,
        prices,
        found,
    )
    row, slot = np.nonzero(found.asset >= 0)
    kept = Kept(
        customer=(row + first).astype(np.int32),
        asset=found.asset[row, slot],
        channel=found.channel[row, slot],
        motive=terrain.motive_rows[found.motive[row, slot]],
        value=found.value[row, slot],
        expected_cost=found.expected_cost[row, slot],
        cost=found.cost[row, slot],
        is_allowed=slot <= each * terrain.channel_count,
    )
    return Look(kept.take(np.lexsort((kept.channel, kept.asset, row))), found.best, found.counts, found.refused)


def _empty(terrain: Terrain, customers: int, slots: int, *, keeps_account: bool) -> Found:
    policies = len(terrain.refusal_names) if keeps_account else 0
    shape = (customers, slots)
    return Found(
        counts=np.zeros((customers, 3), dtype=np.int32),
        refused=np.zeros((customers, policies), dtype=np.int32),
        best=np.full(customers, -np.inf),
        asset=np.full(shape, -1, dtype=np.int32),
        channel=np.zeros(shape, dtype=np.int32),
        motive=np.zeros(shape, dtype=np.int64),
        value=np.zeros(shape),
        priced=np.zeros(shape),
        expected_cost=np.zeros(shape),
        cost=np.zeros(shape),
    )


def _cut(stretch: Stretch) -> list[Stretch]:
    return [(start, min(start + STRETCH, stretch[1])) for start in range(stretch[0], stretch[1], STRETCH)]


def _joined(parts: Sequence[npt.NDArray[np.generic]], name: str) -> npt.NDArray[np.generic]:
    kinds = {
        "motive": np.int64,
        "value": np.float64,
        "expected_cost": np.float64,
        "cost": np.float64,
        "is_allowed": np.bool_,
    }
    return np.concatenate([np.empty(0, dtype=kinds.get(name, np.int32)), *parts])
