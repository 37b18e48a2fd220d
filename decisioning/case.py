"""One customer's case: all that their decision was made of, alone, so that it can be decided again with a change.

Everybody else takes part by what the limits ask after their bids (`decisioning.market`). Nothing is claimed about a
change that was not decided in this way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from decisioning.explain import refusals_of
from decisioning.market import Market
from decisioning.motives import Motives
from decisioning.rhythms import Usual
from decisioning.settings import DecisionSettings
from forecasting.values import Forecasts
from graph.view import View

DUST = 1e-9


@dataclass(frozen=True, eq=False)
class Case:
    """What one customer's decision is made of.

    Attributes:
        view: With this customer alone.
        motives: Theirs.
        forecasts: About them; what is about everybody stays.
        settings: The playbook's.
        touches: What was sent, by anyone and to anyone (it uses up limits), and what is planned.
        usual: What everybody does.
        market: What limits ask.
        has: Asset and channel that they have, which need not be won from anybody; None for nothing.
        as_of: The moment the run knows the world at.
    """

    view: View
    motives: Motives
    forecasts: Forecasts
    settings: DecisionSettings
    touches: pd.DataFrame
    usual: Usual
    market: Market
    has: tuple[str, str] | None
    as_of: datetime

    @property
    def own_touches(self) -> pd.DataFrame:
        """What was sent to this customer."""
        return self.touches[self.touches["customer_id"] == self.customer_id].reset_index(drop=True)

    @property
    def customer_id(self) -> str:
        """Whose case it is."""
        return str(self.view.customers.keys[0])


@dataclass(frozen=True)
class Outcome:
    """What was decided, as far as two decisions can differ.

    Attributes:
        asset_id: What is sent; None for nothing.
        channel_id: On which channel.
        title: The asset's.
        value: What it is expected to bring, in currency.
        none_reason: Why nothing is sent.
        refused_by: Policy to how many candidates it refused.
    """

    asset_id: str | None
    channel_id: str | None
    title: str | None
    value: float
    none_reason: str | None
    refused_by: Mapping[str, int]

    @classmethod
    def of(cls, record: Mapping[Any, Any]) -> "Outcome":
        """Of a record, sealed or not."""
        is_send = record["verb"] == "send"
        reason = record["none_reason"]
        return cls(
            asset_id=record["asset_id"] if is_send else None,
            channel_id=record["channel_id"] if is_send else None,
            title=(record["title"] or record["asset_id"]) if is_send else None,
            value=float(record["value"]) if is_send else 0.0,
            none_reason=None if is_send or pd.isna(reason) else str(reason),
            refused_by=refusals_of(record),
        )

    def is_same(self, other: "Outcome") -> bool:
        """Whether the same is sent on the same channel, or nothing is sent by both."""
        return (self.asset_id, self.channel_id) == (other.asset_id, other.channel_id)

    def is_equal(self, other: "Outcome") -> bool:
        """The same, for the same worth or kind of reason: what deciding again has to give when nothing was changed."""
        is_worth = abs(self.value - other.value) <= DUST * max(1.0, abs(other.value))
        kinds = {(one.none_reason or "").partition(":")[0] for one in (self, other)}
        return self.is_same(other) and len(kinds) == 1 and is_worth

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        if self.asset_id is None:
            return {"verb": "none", "none_reason": self.none_reason}
        return {
            "verb": "send",
            "asset_id": self.asset_id,
            "title": self.title,
            "channel": self.channel_id,
            "value": self.value,
        }
