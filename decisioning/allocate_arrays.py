"""Options and limits as the arrays that the compiled loops of allocation take."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from decisioning.limits import TOO_MUCH, Amounts, Limits, Unit, whole_money
from forecasting.values import Floats
from graph.view import Positions

if TYPE_CHECKING:
    from decisioning.options import Options


@dataclass(frozen=True, eq=False)
class Arrays:
    """What `allocate_kernels` describes; limits are counted over all families, `offsets` says from where each.

    Attributes:
        starts: Where each customer's options start, shape (customers + 1,).
        value: Shape (n,).
        place: Asset × channels + channel, shape (n,).
        rows: Whole amounts of money, by the units that any family counts, shape (units, n).
        units: Which these are.
        group: Shape (families, places): the limit, -1 for none.
        owner: What to add to it per customer, -1 for none, shape (families that tell customers apart, customers).
        owner_row: The row of `owner` of each family, -1 for none.
        unit_row: The row of `rows` of each family, -1 where touches count.
        most: Whole amounts, shape (limits,).
        least: Whole amounts, shape (limits,).
        scale: Whole amounts per unit of each limit, shape (limits,).
        offsets: The first limit of each family, and their number, shape (families + 1,).
    """

    starts: npt.NDArray[np.int64]
    value: Floats
    place: Positions
    rows: Amounts
    units: tuple[Unit, ...]
    group: Positions
    owner: Positions
    owner_row: npt.NDArray[np.int64]
    unit_row: npt.NDArray[np.int64]
    most: Amounts
    least: Amounts
    scale: Floats
    offsets: npt.NDArray[np.int64]

    @property
    def customer_count(self) -> int:
        """How many customers there are."""
        return len(self.starts) - 1

    def joined(self, prices: Sequence[Floats]) -> Floats:
        """Prices of all families per whole amount, shape (limits,)."""
        return np.concatenate([np.zeros(0), *prices]) / self.scale

    def parted(self, prices: Floats) -> tuple[Floats, ...]:
        """Prices per whole amount as prices per unit of each family."""
        in_units = prices * self.scale
        return tuple(in_units[a:b] for a, b in zip(self.offsets[:-1], self.offsets[1:], strict=True))

    @property
    def of_use(self) -> tuple[Any, Any, Any, Any, Any, Any]:
        """What most loops take: place, rows, group, owner, owner_row, unit_row."""
        return (self.place, self.rows, self.group, self.owner, self.owner_row, self.unit_row)


def arrays_of(options: "Options", limits: Limits, customer_count: int) -> Arrays:
    """The arrays; `options` are in order of customer."""
    assets = 1 + int(options.asset.max(initial=0))
    channels = 1 + int(options.channel.max(initial=0))
    for family in limits:
        if family.asset_group is not None:
            assets, channels = family.asset_group.shape
    count, places = len(options), assets * channels
    costs: dict[Unit, Floats] = {
        "money": options.touch_cost,
        "expected_cost": options.expected_cost,
        "exposure": options.exposure,
    }
    units = tuple(unit for unit in costs if any(family.unit == unit for family in limits))
    sizes = [len(family) for family in limits]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    telling = [family for family in limits if family.customer_group is not None]
    tells = np.array([family.customer_group is not None for family in limits], dtype=np.bool_)
    group = np.empty((len(limits), places), dtype=np.int32)
    owner = np.full((max(len(telling), 1), customer_count if telling else 1), -1, dtype=np.int32)
    for row, family in enumerate(limits):
        of_place = np.zeros(places, np.int32) if family.asset_group is None else family.asset_group.ravel()
        group[row] = np.where(of_place >= 0, of_place + offsets[row], -1)
    for row, family in enumerate(telling):
        of_customer = np.asarray(family.customer_group)
        owner[row] = np.where(of_customer >= 0, of_customer * len(family.asset_names), -1)
    starts = np.zeros(customer_count + 1, dtype=np.int64)
    np.cumsum(np.bincount(options.customer, minlength=customer_count), out=starts[1:])
    rows = np.empty((len(units), count), dtype=np.int64)
    for at, unit in enumerate(units):
        whole = whole_money(costs[unit], count)
        rows[at] = np.where(whole < TOO_MUCH, whole, 0)  # what is still here is under no limit of this unit
    return Arrays(
        starts=starts,
        value=np.ascontiguousarray(options.value, dtype=np.float64),
        place=(options.asset.astype(np.int32) * np.int32(channels) + options.channel.astype(np.int32)),
        rows=rows,
        units=units,
        group=group,
        owner=owner,
        owner_row=np.where(tells, np.cumsum(tells) - 1, -1).astype(np.int64),
        unit_row=np.array([-1 if f.unit == "touches" else units.index(f.unit) for f in limits], dtype=np.int64),
        most=_joined([family.whole_most for family in limits]),
        least=_joined([family.whole_least for family in limits]),
        scale=np.concatenate([np.zeros(0), *(np.full(len(f), float(f.scale)) for f in limits)]),
        offsets=offsets,
    )


def _joined(parts: Sequence[Amounts]) -> Amounts:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])
