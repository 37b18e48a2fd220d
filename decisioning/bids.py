"""What customers stand for in the allocation: places, channels, costs and values, and nothing about anybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from decisioning.allocate import NOTHING, Allocation, allocate
from decisioning.gather import gather
from decisioning.limits import NOT_COUNTED, Amounts, Family, Limits
from decisioning.options import Options
from decisioning.rhythms import Usual
from forecasting.values import Floats
from graph.view import Positions

Prices = tuple[Floats, ...]
Rounds = tuple[Prices, ...]


@dataclass(frozen=True, eq=False)
class NamedPrices:
    """The prices of one family, by the names of its groups of customers.

    Attributes:
        customers: Names of the groups of customers.
        prices: Price per group of customers and group of assets, shape (customers, assets).
    """

    customers: tuple[str, ...]
    prices: Floats


NamedRounds = tuple[tuple[NamedPrices, ...], ...]


@dataclass(frozen=True, eq=False)
class Common:
    """What everybody's competition led to, as numbers per limit and places of records, about nobody.

    Attributes:
        most: What was left of each limit when the day began, per family.
        least: What was still to be reached of it, per family.
        used: What all choices used of it in the end, in whole amounts, per family.
        templates: Keys of the assets that each channel rendered, by channel, where it had to choose.
        undone: Places of the customers whose draw did not fit any more.
    """

    most: tuple[NamedPrices, ...]
    least: tuple[NamedPrices, ...]
    used: tuple[NamedPrices, ...]
    templates: Mapping[str, tuple[str, ...]]
    undone: tuple[int, ...]


def named(limits: Limits, rounds: Rounds) -> NamedRounds:
    """Prices that still mean the same when some customers are not here any more."""
    return tuple(
        tuple(
            NamedPrices(tuple(map(str, family.customer_names)), price.reshape(-1, max(1, len(family.asset_names))))
            for family, price in zip(limits, prices, strict=True)
        )
        for prices in rounds
    )


def left_for_those_here(limits: Limits, common: Common) -> Limits:
    """The limits as they were, whatever touches of people who are not here any more had used of them."""
    return tuple(
        replace(family, most=_found(family, most), least=_found(family, least))
        for family, most, least in zip(limits, common.most, common.least, strict=True)
    )


def used_by_all(limits: Limits, common: Common) -> list[Amounts]:
    """What all choices used of the limits that there still are."""
    return [_found(family, used).astype(np.int64) for family, used in zip(limits, common.used, strict=True)]


def common_of(
    of_day: Limits,
    limits: Limits,
    used: Sequence[Amounts],
    templates: Mapping[str, tuple[str, ...]],
    is_undone: npt.NDArray[np.bool_],
) -> Common:
    """What everybody's competition led to.

    Args:
        of_day: What was left of the limits when the day began.
        limits: These, and what templates close.
        used: What all choices use of `limits`, in whole amounts, per family.
        templates: Keys of the assets that each channel renders, by channel.
        is_undone: Whose draw did not fit, shape (customers,).
    """
    most, least = (named(of_day, (tuple(getattr(family, name) for family in of_day),))[0] for name in ("most", "least"))
    (total,) = named(limits, (tuple(each.astype(np.float64) for each in used),))
    return Common(most, least, total, templates, tuple(np.flatnonzero(is_undone).tolist()))


def prices_of_those_here(limits: Limits, rounds: NamedRounds) -> Rounds:
    """The same prices for the groups that these limits have; a group that was not there then had none."""
    return tuple(tuple(_found(family, was) for family, was in zip(limits, prices, strict=True)) for prices in rounds)


def _found(family: Family, was: NamedPrices) -> Floats:
    if not len(family):
        return np.zeros(0)
    place = {name: at for at, name in enumerate(was.customers)}
    rows = np.array([place.get(str(name), -1) for name in family.customer_names], dtype=np.int64)
    extended = np.concatenate([was.prices, np.zeros((1, was.prices.shape[1]))])
    return extended[rows].ravel()


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
        owners: What each counts for in families of limits that tell customers apart, by the name of the family: the
            name of the group of customers, None where it does not count, shape (customers,).
        rounds: The prices at which candidates were looked through, in order; None where that is not known.
        common: What everybody's competition led to; None where that is not known.
    """

    places: Positions
    options: Options
    usual: Usual | None = None
    owners: Mapping[str, npt.NDArray[np.object_]] = field(default_factory=dict)
    rounds: NamedRounds | None = None
    common: Common | None = None

    def is_here_at(self, places: npt.NDArray[np.integer], count: int) -> npt.NDArray[np.bool_]:
        """Which of those who are here stand at some of the places, shape (count,)."""
        here = np.setdiff1d(np.arange(count + len(self.places)), self.places)
        return np.isin(here, places)

    def of(self, places: Positions) -> "Bids":
        """The bids of some of them."""
        theirs = np.isin(self.places, places)
        owners = {name: owner[theirs] for name, owner in self.owners.items()}
        options = self.options.take(np.isin(self.options.customer, places))
        return Bids(np.sort(places), options, self.usual, owners, self.rounds, self.common)


def nobody() -> Bids:
    """No bids of anybody."""
    none, amounts = np.zeros(0, dtype=np.int32), np.zeros(0)
    return Bids(none, Options(none, none, none, amounts, amounts, amounts, amounts))


def owners_in(limits: Limits) -> dict[str, npt.NDArray[np.object_]]:
    """The group of every customer in families that tell customers apart, by the family's name; None where none."""
    return {
        family.name: gather(np.array(family.customer_names, dtype=object), family.customer_group, None)
        for family in limits
        if family.customer_group is not None
    }


def stand_ins(options: Options, limits: Limits) -> Positions:
    """For each option the first asset that uses the same limits on its channel: as good for the allocation.

    So what is kept of somebody's bids does not tell what they were about.
    """
    groups = [family.asset_group for family in limits if family.asset_group is not None]
    if not groups or not len(options):
        return np.zeros(len(options), dtype=np.int32)
    of_place = np.stack([group.ravel() for group in groups], axis=1)
    channels = groups[0].shape[1]
    place = options.asset.astype(np.int64) * channels + options.channel
    key = np.column_stack([np.tile(np.arange(channels), len(groups[0])), of_place])
    _, first, same = np.unique(key, axis=0, return_index=True, return_inverse=True)
    return np.asarray(first[same.ravel()[place]] // channels, dtype=np.int32)


def allocate_beside(
    options: Options,
    limits: Limits,
    customer_count: int,
    absent: Bids,
    *,
    start_prices: Sequence[Floats] | None = None,
) -> tuple[Allocation, list[Amounts]]:
    """Allocate among customers who are here and bids of those who are not.

    Returns:
        The allocation of those who are here, in their own positions, while prices, value and bound are everybody's; and
        what the absent use of each limit, per family.
    """
    if not len(absent.places):
        made = allocate(options, limits, customer_count, start_prices=start_prices)
        return made, [np.zeros(len(family), np.int64) for family in limits]
    total = customer_count + len(absent.places)
    here = np.setdiff1d(np.arange(total, dtype=np.int32), absent.places)
    theirs = absent.options
    ours = replace(options, customer=here[options.customer])
    both = Options(*(np.concatenate(pair) for pair in zip(ours.columns(), theirs.columns(), strict=True)))
    order = np.argsort(both.customer, kind="stable")
    everybodys = tuple(_of_all(family, here, absent, total) for family in limits)
    made = allocate(both.take(order), everybodys, total)
    chosen = gather(order, made.chosen, NOTHING)
    shortlisted = np.zeros(len(order), dtype=np.bool_)
    shortlisted[order] = made.shortlisted
    given = chosen[absent.places]
    taken = both.uses(everybodys).take(given[given >= 0]).totals(everybodys)
    mine = replace(
        made,
        chosen=chosen[here],
        shortlisted=shortlisted[: len(options)],
        limits=limits,
        prices=tuple(price[: len(family)] for price, family in zip(made.prices, limits, strict=True)),
        is_repaired=made.is_repaired[here],
    )
    return mine, [used[: len(family)] for used, family in zip(taken, limits, strict=True)]


def _of_all(family: Family, here: Positions, absent: Bids, total: int) -> Family:
    """A family with the absent in their groups; groups of which nobody is here come after all others."""
    if family.customer_group is None:
        return family
    owners = absent.owners.get(family.name, np.full(len(absent.places), None, dtype=object))
    names = [str(name) for name in family.customer_names]
    known = {name: at for at, name in enumerate(names)}
    for owner in owners:
        if owner is not None and owner not in known:
            known[owner] = len(known)
    more = len(known) - len(names)
    group = np.full(total, NOT_COUNTED, dtype=np.int32)
    group[here] = family.customer_group
    group[absent.places] = [NOT_COUNTED if owner is None else known[owner] for owner in owners]
    width = len(family.asset_names)
    usual_most = family.most[-width:] if len(family) else np.full(width, np.inf)
    return replace(
        family,
        most=np.concatenate([family.most, *[usual_most] * more]),
        least=np.concatenate([family.least, np.zeros(width * more)]),
        customer_group=group,
        customer_names=list(known),
    )
