"""Everything that could have been said to one customer, weighed: value by its terms, times, refusals, prices.

A run keeps what it shortlisted; whoever asks why something else was not taken is answered from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from decisioning.candidates import Candidates
from decisioning.candidates_in_full import candidates_in_full, paid
from decisioning.case import Case
from decisioning.rhythms import align
from decisioning.schedule import Schedule
from decisioning.screening import HOLDOUT
from decisioning.subjects import asset_coverage
from decisioning.value import Values, habits_in_assets
from forecasting.values import Floats

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]

SHOWN = 5
SMALLEST_LEAD = 0.00005
"""In currency; a lead that four digits do not show is a tie."""


@dataclass(frozen=True, eq=False)
class Weighed:
    """The candidates of a case, n of them.

    Attributes:
        case: Whose.
        candidates: What could be said.
        worth: What it is worth.
        times: When.
        refusals: Policy to which candidates it refuses, the holdout left aside.
        price: What each would pay for the limits it uses, in currency, shape (n,).
        dearest: Name of the limit that each pays most for; "" without one.
        prices: What one more unit of each limit was worth in the run, by the limit's name.
    """

    case: Case
    candidates: Candidates
    worth: Values
    times: Schedule
    refusals: Mapping[str, Flags]
    price: Floats
    dearest: npt.NDArray[np.object_]
    prices: Mapping[str, float]

    @property
    def is_eligible(self) -> Flags:
        """No policy refuses it."""
        refusing = list(self.refusals.values())
        return ~np.logical_or.reduce(refusing) if refusing else np.ones(len(self.candidates), dtype=np.bool_)

    @property
    def priced(self) -> Floats:
        """Value less the price of what it uses."""
        return np.asarray(self.worth.value - self.price)

    def row(self, asset_id: str | None, channel_id: str | None) -> int:
        """Where a message stands among the candidates, -1 where it does not."""
        view = self.case.view
        if asset_id is None or channel_id is None:
            return -1
        asset, channel = view.assets.positions([asset_id])[0], view.channels.positions([channel_id])[0]
        found = np.flatnonzero((self.candidates.asset == asset) & (self.candidates.channel == channel))
        return int(found[0]) if len(found) else -1

    def at_prices(self) -> int:
        """What is best for one customer at the prices of the run, -1 for nothing: nearly always what is decided."""
        worth = np.where(self.is_eligible & (self.priced > 0), self.priced, -np.inf)
        return int(np.argmax(worth)) if np.isfinite(worth).any() else -1

    def refusing(self, row: int) -> list[str]:
        """The policies that refuse a candidate, in their order."""
        return [policy for policy, refused in self.refusals.items() if refused[row]]

    def parts(self, row: int) -> dict[str, float]:
        """The terms of a candidate's value, with their signs, and their total."""
        worth = self.worth
        without = float(worth.margin_none[row])
        terms = {
            "expected_margin_with_touch": without + float(worth.gain[row]),
            "expected_margin_without": -without,
            "offer_redeemed": -float(worth.offer_cost[row]),
            "risk_of_opt_out": -float(worth.opt_out_cost[row]),
            "touch": -float(worth.touch_cost[row]),
        }
        total = float(worth.value[row])
        return {name: value + 0.0 if np.isfinite(value) else 0.0 for name, value in terms.items()} | {"total": total}


def weigh(case: Case, prices: Mapping[str, float]) -> Weighed:
    """Weigh everything that could be said in a case.

    Args:
        case: Of one customer.
        prices: What one more unit of each limit was worth in the run, by the limit's name.
    """
    made = candidates_in_full(case)
    price, dearest = paid(case, made, prices)
    refusals = {policy: refused for policy, refused in made.screened.by_policy.items() if policy != HOLDOUT}
    return Weighed(case, made.candidates, made.worth, made.times, refusals, price, dearest, prices)


def alternatives(weighed: Weighed, chosen: int, none_reason: str | None) -> list[dict[str, Any]]:
    """The best other candidates, allowed ones first, each with the terms of its value and why it was not taken.

    Args:
        weighed: Of the case.
        chosen: Row of what is sent, -1 for nothing.
        none_reason: Why nothing is sent.
    """
    is_eligible, priced = weighed.is_eligible, weighed.priced
    others = np.flatnonzero((np.arange(len(weighed.candidates)) != chosen) & np.isfinite(weighed.worth.value))
    ranked = others[np.lexsort((others, -priced[others], ~is_eligible[others]))][:SHOWN]
    return [_alternative(weighed, int(row), chosen, none_reason) for row in ranked]


def _alternative(weighed: Weighed, row: int, chosen: int, none_reason: str | None) -> dict[str, Any]:
    view, frame = weighed.case.view, weighed.case.motives.table
    asset, motive = weighed.candidates.asset[row], weighed.candidates.motive[row]
    channel_id = str(view.channels.keys[weighed.candidates.channel[row]])
    value, priced = float(weighed.worth.value[row]), float(weighed.priced[row])
    title = view.assets.frame["title"].iloc[int(asset)]
    return {
        "asset_id": str(view.assets.keys[asset]),
        "title": str(title) if isinstance(title, str) and title else str(view.assets.keys[asset]),
        "channel_id": channel_id,
        "channel": channel_id,
        "play": str(frame["play"].iloc[int(motive)]),
        "subject": str(frame["subject"].iloc[int(motive)]),
        "value": value,
        "priced_value": priced,
        "price": value - priced,
        "parts": weighed.parts(row),
        "refused_by": weighed.refusing(row),
        "why_not": why_not(weighed, row, chosen, none_reason),
    }


def chance_of_purchase(weighed: Weighed, row: int) -> float:
    """P(a purchase in what a candidate is about within the value window, without it)."""
    case = weighed.case
    rhythms = align(case.view, case.forecasts.cadence, case.forecasts.recent, case.others.usual)
    customer, asset = weighed.candidates.customer[[row]], weighed.candidates.asset[[row]]
    return float(habits_in_assets(asset_coverage(case.view), rhythms, customer, asset).p_purchase[0])


def why_not(weighed: Weighed, row: int, chosen: int, none_reason: str | None) -> str:
    """Why a candidate was not taken, in words."""
    if refusing := weighed.refusing(row):
        return f"refused by {', '.join(refusing)}"
    if weighed.worth.value[row] <= 0:
        return "not worth it: it costs more than it brings"
    limit = weighed.dearest[row] or (none_reason or "").partition(": ")[2] or "limits"
    if weighed.priced[row] <= 0 or chosen < 0:
        return f"priced out: others make more of {limit}"
    behind = float(weighed.priced[chosen] - weighed.priced[row])
    if behind >= SMALLEST_LEAD:
        after = " after limits" if weighed.price[row] > 0 or weighed.price[chosen] > 0 else ""
        return f"worth {amount(behind)} less{after}"
    if behind <= -SMALLEST_LEAD:
        return f"no room left in {limit}"
    return "just as good, and later in order"


def amount(lead: float) -> str:
    """With as many digits as people see of values: hundredths of cents only below one."""
    return f"{lead:,.{2 if lead >= 1 else 4}f}"
