"""What customers stand for in the allocation: places, channels, costs and values, and nothing about anybody."""

from dataclasses import dataclass

import numpy as np

from decisioning.allocate import NOTHING, Allocation, Options, allocate
from decisioning.gather import gather
from decisioning.limits import Amounts, Limit, usage
from decisioning.rhythms import Usual
from graph.view import Positions


@dataclass(frozen=True, eq=False)
class Bids:
    """What some of a run's customers competed with.

    A record of a day with limits depends on everybody who competed for them, and what is worth how much to somebody of
    whom little is known depends on what everybody does. Whoever was erased since takes part in a replay by their bids
    and by their share in what is usual, so that all other records come out as they were.

    Attributes:
        places: Their positions among all customers of the run in order of key, ascending, shape (customers,).
        options: The bids in order of `customer`, which holds one of `places` for each.
        usual: What everybody does, these customers included; None where it is what those who are here do.
    """

    places: Positions
    options: Options
    usual: Usual | None = None

    def of(self, places: Positions) -> "Bids":
        """The bids of some of them."""
        return Bids(np.sort(places), self.options.take(np.isin(self.options.customer, places)), self.usual)


def nobody() -> Bids:
    """No bids of anybody."""
    none, amounts = np.zeros(0, dtype=np.int32), np.zeros(0)
    return Bids(none, Options(none, none, amounts, amounts))


def allocate_beside(
    options: Options, limits: tuple[Limit, ...], customer_count: int, absent: Bids
) -> tuple[Allocation, Amounts]:
    """Allocate among customers who are here and bids of those who are not.

    Returns:
        The allocation of those who are here, in their own positions, while prices, value and bound are everybody's; and
        what the absent use of each limit, shape (limits,).
    """
    if not len(absent.places):
        return allocate(options, limits, customer_count), np.zeros(len(limits), dtype=np.int64)
    total = customer_count + len(absent.places)
    here = np.setdiff1d(np.arange(total, dtype=np.int32), absent.places)
    theirs = absent.options
    both = Options(
        np.concatenate([here[options.customer], theirs.customer]),
        np.concatenate([options.channel, theirs.channel]),
        np.concatenate([options.cost, theirs.cost]),
        np.concatenate([options.value, theirs.value]),
    )
    order = np.argsort(both.customer, kind="stable")
    made = allocate(both.take(order), limits, total)
    chosen = gather(order, made.chosen, NOTHING)
    shortlisted = np.zeros(len(order), dtype=np.bool_)
    shortlisted[order] = made.shortlisted
    given = chosen[absent.places]
    given = given[given >= 0]
    used = usage(limits, both.channel[given], both.cost[given]).sum(axis=1)
    ours = Allocation(chosen[here], shortlisted[: len(options)], made.limits, made.prices, made.value, made.bound)
    return ours, used
