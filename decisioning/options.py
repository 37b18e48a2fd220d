"""What may be chosen: candidates as the allocation sees them, by place, value and costs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from decisioning.limits import Limits, Usage, usage
from forecasting.values import Floats
from graph.view import Positions

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Options:
    """What may be chosen, sorted by customer, then in the order that breaks ties; each array has shape (n,).

    Attributes:
        customer: Position of the customer.
        asset: Position of the asset.
        channel: Position of the channel.
        value: Expected incremental margin, in currency; not finite for what cannot be chosen.
        touch_cost: In currency.
        expected_cost: What its redemptions are expected to cost, in currency.
        exposure: What one redemption costs at most, in currency; NaN where it cannot be known.
    """

    customer: Positions
    asset: Positions
    channel: Positions
    value: Floats
    touch_cost: Floats
    expected_cost: Floats
    exposure: Floats

    def __len__(self) -> int:
        return len(self.customer)

    def take(self, rows: Indices | Flags) -> "Options":
        """Some of the options."""
        return Options(*(column[rows] for column in self.columns()))

    def columns(self) -> tuple[npt.NDArray[Any], ...]:
        """All arrays in the order of the attributes."""
        places = (self.customer, self.asset, self.channel)
        return (*places, self.value, self.touch_cost, self.expected_cost, self.exposure)

    def uses(self, limits: Limits) -> Usage:
        """What the options use of every family."""
        return usage(
            limits,
            (self.customer, self.asset, self.channel),
            touch_cost=self.touch_cost,
            expected_cost=self.expected_cost,
            exposure=self.exposure,
        )
