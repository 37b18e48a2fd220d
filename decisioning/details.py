"""What candidates are worth, when they would be sent and what refuses them, looked at one by one.

The pass over everybody keeps a few candidates; whatever is said about these is worked out here, term by term.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.candidates import Candidates
from decisioning.channel_days import ChannelDays
from decisioning.errors import DecisioningError
from decisioning.motives import Motives
from decisioning.policies.builtin import MESSAGE_ORDER
from decisioning.policies.screen import Verdicts
from decisioning.remits.authority import is_permitted
from decisioning.rhythms import Rhythms
from decisioning.schedule import Schedule, schedule
from decisioning.screening import HOLDOUT, outside_remits, screened_by
from decisioning.settings import DecisionSettings
from decisioning.shortlist import Kept
from decisioning.value import Values, value_candidates
from forecasting.values import Forecasts
from graph.view import View

RELATIVE_DUST = 1e-9


@dataclass(frozen=True, eq=False)
class Details:
    """All that details are worked out from."""

    view: View
    motives: Motives
    forecasts: Forecasts
    rhythms: Rhythms
    day: ChannelDays
    verdicts: Verdicts
    settings: DecisionSettings
    touches: pd.DataFrame

    def worth(self, kept: Kept) -> Values:
        """The terms of each candidate's value."""
        return value_candidates(self.view, _candidates(kept), self.forecasts, self.rhythms, self.settings)

    def times(self, kept: Kept) -> Schedule:
        """When each candidate would be sent."""
        starts_at, until = self.motives.starts_at[kept.motive], self.motives.until[kept.motive]
        return schedule(self.view, _candidates(kept), self.day, starts_at=starts_at, until=until)

    def refusing(self, kept: Kept) -> list[list[str]]:
        """The policies that refuse each candidate, in their order; what nothing else refuses waits behind others."""
        if not len(kept):
            return []
        order = np.lexsort((kept.channel, kept.asset, kept.customer))
        in_order = kept.take(order)
        screened = screened_by(
            self.view,
            self.verdicts,
            _candidates(in_order),
            is_hour_left=self.times(in_order).is_possible,
            is_offer_cost_known=~np.isnan(self.worth(in_order).redemption_cost),
        )
        play = self.motives.table["play"].to_numpy(dtype=object)[in_order.motive]
        channel = self.view.channels.keys[in_order.channel]
        screened = outside_remits(screened, is_permitted(self.settings.remits, play, channel))
        names = [name for name in screened.by_policy if name != HOLDOUT]
        table = np.stack([screened.by_policy[name] for name in names], axis=1)
        found: list[list[str]] = [[] for _ in range(len(kept))]
        for place, refused in zip(order.tolist(), table, strict=True):
            found[place] = [names[at] for at in np.flatnonzero(refused)] or [MESSAGE_ORDER]
        return found


def insist_on_same_value(worth: Values, kept: Kept) -> None:
    """The pass and the details must agree about every choice, or one of them is wrong.

    Raises:
        DecisioningError: Names the first difference.
    """
    scale = np.maximum(1.0, np.abs(worth.ranked))
    differs: npt.NDArray[np.bool_] = ~(np.abs(worth.ranked - kept.value) <= RELATIVE_DUST * scale)
    if differs.any():
        at = int(np.argmax(differs))
        raise DecisioningError(
            f"The value of a choice is {kept.value[at]} in the pass and {worth.ranked[at]} term by term.",
            where="decide",
            remedy="This is a defect of ours; nothing was decided.",
        )


def _candidates(kept: Kept) -> Candidates:
    return Candidates(kept.customer, kept.asset, kept.channel, kept.motive)
