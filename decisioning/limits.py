"""Limits on what a day may use, in families: of each family, a candidate uses at most one limit.

    index(customer, asset, channel) = customer_group[customer] × asset groups + asset_group[asset, channel]
    amount by unit: `touches` 1, `money` the touch cost, `expected_cost` what its redemptions are expected to cost,
    `exposure` what one redemption would cost at most

So twenty thousand limits of assets are one family, and what a candidate pays for them is one look-up.

Money is counted in whole millionths of the currency, costs rounded up and limits down, so that a limit is never
exceeded by the dust of floating-point sums. What is to be reached at least is rounded up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from forecasting.values import Floats
from graph.view import Positions

Unit = Literal["touches", "money", "expected_cost", "exposure"]
UNITS: tuple[Unit, ...] = get_args(Unit)

MILLION = 1_000_000
DUST = 1e-6
UNLIMITED = np.int64(2**62)
TOO_MUCH = np.int64(2**53)
"""What is not known counts as more than there is room for."""

NOT_COUNTED = -1

Amounts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Family:
    """Limits of one kind.

    Attributes:
        name: What kind it is, e.g. `capacity`.
        unit: What is counted.
        most: How much may be used of each limit, in its unit; inf for any amount.
        least: How much is to be used of each at least; 0 for nothing.
        asset_group: Shape (assets, channels), -1 where it does not count; None for one group of all.
        customer_group: Shape (customers,), -1 where it does not count; None for one group of all.
        asset_names: What the asset groups are called, e.g. `email`.
        customer_names: What the customer groups are called, e.g. an account's key.
    """

    name: str
    unit: Unit
    most: Floats
    least: Floats
    asset_group: Positions | None = None
    customer_group: Positions | None = None
    asset_names: Sequence[str] = ("",)
    customer_names: Sequence[str] = ("",)

    def __len__(self) -> int:
        return len(self.most)

    @property
    def scale(self) -> int:
        """Whole amounts per unit: 1 for touches, a million for money of any kind."""
        return 1 if self.unit == "touches" else MILLION

    @property
    def whole_most(self) -> Amounts:
        """What may be used in whole amounts, rounded down."""
        finite = np.isfinite(self.most)
        whole = np.floor(np.where(finite, self.most, 0.0) * self.scale + DUST)
        return np.where(finite, np.minimum(whole, float(UNLIMITED)), UNLIMITED).astype(np.int64)

    @property
    def whole_least(self) -> Amounts:
        """What is to be used at least in whole amounts, rounded up."""
        return np.ceil(self.least * self.scale - DUST).astype(np.int64)

    @property
    def has_minimum(self) -> bool:
        """Whether any of its limits is to be reached."""
        return bool((self.least > 0).any())

    def name_of(self, index: int) -> str:
        """What people call one of its limits, e.g. `email capacity`."""
        customers, assets = divmod(int(index), len(self.asset_names))
        words = (self.customer_names[customers], self.asset_names[assets], self.name)
        return " ".join(word for word in words if word)

    def names_of(self, index: Positions) -> npt.NDArray[np.object_]:
        """What people call each of some limits, shape (n,); every name is made once."""
        distinct, place = np.unique(index, return_inverse=True)
        return np.array([self.name_of(each) for each in distinct.tolist()], dtype=object)[place.ravel()]

    def index(self, customer: Positions, asset: Positions, channel: Positions) -> Positions:
        """Which limit each candidate uses, -1 for none, shape (n,)."""
        of_asset = np.zeros(len(customer), np.int32) if self.asset_group is None else self.asset_group[asset, channel]
        if self.customer_group is None:
            return np.asarray(of_asset, dtype=np.int32)
        of_customer = self.customer_group[customer]
        index = of_customer * len(self.asset_names) + of_asset
        return np.where((of_customer < 0) | (of_asset < 0), NOT_COUNTED, index).astype(np.int32)


Limits = tuple[Family, ...]


@dataclass(frozen=True, eq=False)
class Usage:
    """What candidates use.

    Attributes:
        index: Which limit of each family, -1 for none, shape (families, n).
        amount: How much of it, in whole amounts; 0 where none, shape (families, n).
    """

    index: Positions
    amount: Amounts

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "Usage":
        """Of some of the candidates."""
        return Usage(self.index[:, rows], self.amount[:, rows])

    def totals(self, limits: Limits) -> list[Amounts]:
        """What all of them use together of each limit, per family."""
        return [
            _summed(index[index >= 0], amount[index >= 0], len(family))
            for family, index, amount in zip(limits, self.index, self.amount, strict=True)
        ]


def usage(
    limits: Limits,
    places: tuple[Positions, Positions, Positions],
    *,
    touch_cost: Floats,
    expected_cost: Floats | None = None,
    exposure: Floats | None = None,
) -> Usage:
    """What candidates use of every family.

    Args:
        limits: The families.
        places: Positions of customer, asset and channel of each.
        touch_cost: In currency, as the two that follow; they are 0 unless given.
        expected_cost: p(redeem | touch) × what a redemption costs.
        exposure: What one redemption costs at most; NaN where it cannot be known.
    """
    count = len(touch_cost)
    costs = {"money": touch_cost, "expected_cost": expected_cost, "exposure": exposure}
    index = np.full((len(limits), count), NOT_COUNTED, dtype=np.int32)
    amount = np.zeros((len(limits), count), dtype=np.int64)
    for row, family in enumerate(limits):
        index[row] = family.index(*places)
        cost = costs.get(family.unit)
        whole = np.ones(count, np.int64) if family.unit == "touches" else whole_money(cost, count)
        # What is not known does no harm where any amount may be used.
        counts = (index[row] >= 0) & ((whole < TOO_MUCH) | np.append(np.isfinite(family.most), False)[index[row]])
        amount[row] = np.where(counts, whole, 0)
    return Usage(index, amount)


def whole_money(cost: Floats | None, count: int) -> Amounts:
    """Currency in whole millionths, rounded up; what is not known is too much, shape (count,)."""
    if cost is None:
        return np.zeros(count, dtype=np.int64)
    known = np.isfinite(cost)
    whole = np.maximum(np.ceil(np.where(known, cost, 0.0).astype(np.float64) * MILLION - DUST), 0.0)
    return np.where(known, whole, TOO_MUCH).astype(np.int64)


def unpriced(limits: Limits) -> tuple[Floats, ...]:
    """A price of nothing for every limit."""
    return tuple(np.zeros(len(family)) for family in limits)


def paid(limits: Limits, used: Usage, prices: Sequence[Floats]) -> Floats:
    """What each candidate pays for the limit that it uses of each family, in currency, shape (families, n)."""
    amounts = np.zeros(used.amount.shape)
    for row, (family, price) in enumerate(zip(limits, prices, strict=True)):
        if len(family):
            amounts[row] = np.where(used.index[row] >= 0, price[used.index[row]], 0.0) * used.amount[row] / family.scale
    return amounts


def less(limits: Limits, taken: Sequence[Amounts]) -> Limits:
    """The limits that are left when so much of each is taken already, in whole amounts per family."""
    return tuple(
        replace(
            family,
            most=np.where(
                np.isfinite(family.most), np.maximum(family.whole_most - used, 0) / family.scale, family.most
            ),
            least=np.maximum(family.whole_least - used, 0) / family.scale,
        )
        for family, used in zip(limits, taken, strict=True)
    )


def _summed(index: Positions, amount: Amounts, count: int) -> Amounts:
    """Whole sums per limit; floating-point weights would lose what is beyond 2^53."""
    total = np.zeros(count, dtype=np.int64)
    np.add.at(total, index, amount)
    return total
