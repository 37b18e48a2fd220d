"""Limits on what a day may use: touches and touch cost per channel, and touch cost over all channels.

Money is counted in whole millionths of the currency, costs rounded up and limits down, so that a limit is never
exceeded by the dust of floating-point sums.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from decisioning.settings import DecisionSettings
from forecasting.values import Floats
from graph.view import Positions, View

MILLION = 1_000_000
DUST = 1e-6

Amounts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Limit:
    """One limit of a day.

    Attributes:
        name: What people call it, e.g. `email capacity`.
        unit: `touches`, or `money` for touch cost in currency.
        channel: Position of the channel that it holds for, None for all.
        amount: How much may be used, in its unit.
    """

    name: str
    unit: Literal["touches", "money"]
    channel: int | None
    amount: float

    @property
    def scale(self) -> int:
        """Whole amounts per unit: 1 for touches, a million for money."""
        return 1 if self.unit == "touches" else MILLION

    @property
    def whole_amount(self) -> int:
        """The amount in whole touches or millionths of the currency, rounded down."""
        return int(np.floor(self.amount * self.scale + DUST))


def limits_of(view: View, settings: DecisionSettings) -> tuple[Limit, ...]:
    """All limits that the playbook states, by channel in order of key, the total last."""
    stated = {each.channel_id: each for each in settings.channels}
    limits = []
    for place, channel_id in enumerate(view.channels.keys):
        channel = stated[channel_id]
        if channel.capacity is not None:
            limits.append(Limit(f"{channel_id} capacity", "touches", place, channel.capacity))
        if channel.budget is not None:
            limits.append(Limit(f"{channel_id} budget", "money", place, channel.budget))
    if settings.budget is not None:
        limits.append(Limit("total budget", "money", None, settings.budget))
    return tuple(limits)


def usage(limits: tuple[Limit, ...], channel: Positions, cost: Floats) -> Amounts:
    """What each option uses of each limit, in whole amounts, shape (limits, n)."""
    money = np.ceil(cost * MILLION - DUST).astype(np.int64)
    used = np.zeros((len(limits), len(channel)), dtype=np.int64)
    for row, limit in enumerate(limits):
        concerned = np.ones(len(channel), dtype=np.bool_) if limit.channel is None else channel == limit.channel
        used[row] = concerned * (1 if limit.unit == "touches" else money)
    return used


def whole_amounts(limits: tuple[Limit, ...]) -> Amounts:
    """Every limit in whole amounts, shape (limits,)."""
    return np.array([limit.whole_amount for limit in limits], dtype=np.int64)
