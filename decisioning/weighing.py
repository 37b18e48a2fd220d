"""Everything that could have been said to one customer, weighed: value by its terms, times, refusals, prices.

A run keeps what it shortlisted; whoever asks why something else was not taken is answered from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from decisioning.alternatives import SMALLEST_LEAD, said
from decisioning.candidates import Candidates
from decisioning.candidates_in_full import InFull, candidates_in_full
from decisioning.case import Case, Outcome
from decisioning.choice import LIMITS, NO_CONTENT, NO_MOTIVE, NOT_WORTH_IT, REFUSED
from decisioning.experiments import is_held_out
from decisioning.options import Options
from decisioning.screening import HOLDOUT
from decisioning.subjects import asset_coverage
from decisioning.value import Values, habits_in_assets
from forecasting.values import Floats

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]

SHOWN = 5
DUST = 1e-9


@dataclass(frozen=True, eq=False)
class Weighed:
    """The candidates of a case, n of them.

    Attributes:
        case: Whose.
        made: What could be said, when, and what it is worth.
        refusals: Policy to which candidates it refuses, the holdout left aside.
        price: What each would pay for the limits it uses, in currency, shape (n,).
        dearest: Name of the limit that each pays most for; "" without one.
    """

    case: Case
    made: InFull
    refusals: Mapping[str, Flags]
    price: Floats
    dearest: npt.NDArray[np.object_]

    @property
    def candidates(self) -> Candidates:
        """What could be said."""
        return self.made.ground.candidates

    @property
    def worth(self) -> Values:
        """What it is worth."""
        return self.made.worth

    @property
    def is_eligible(self) -> Flags:
        """No policy refuses it."""
        refusing = list(self.refusals.values())
        return ~np.logical_or.reduce(refusing) if refusing else np.ones(len(self.candidates), dtype=np.bool_)

    @property
    def priced(self) -> Floats:
        """What is ranked by, less the price of what it uses."""
        return np.asarray(self.worth.ranked - self.price)

    def row(self, asset_id: str | None, channel_id: str | None) -> int:
        """Where a message stands among the candidates, -1 where it does not."""
        view = self.case.view
        if asset_id is None or channel_id is None:
            return -1
        asset, channel = view.assets.positions([asset_id])[0], view.channels.positions([channel_id])[0]
        found = np.flatnonzero((self.candidates.asset == asset) & (self.candidates.channel == channel))
        return int(found[0]) if len(found) else -1

    def left(self) -> tuple[Floats, Flags]:
        """What each candidate brings after the prices of limits, and whether it is allowed, shape (n,) each."""
        can = self.is_eligible & np.isfinite(self.worth.value)
        return np.where(can, self.priced, -np.inf), can

    @cached_property
    def chosen(self) -> int:
        """Row of what one customer gets, -1 for nothing: what the allocation gives, everybody else bidding.

        Who is held out uses nothing up and gets what is best at the prices; so does everybody where bids are not known.
        """
        left, can = self.left()
        if not can.any():
            return -1
        case = self.case
        held_out = is_held_out(case.view, share=case.settings.holdout_share, salt=case.settings.holdout_salt)
        if held_out[0] or not case.market.is_known:
            return self._at_prices(left)
        rows = np.flatnonzero(can)
        mine = self.candidates.customer[rows], self.candidates.asset[rows], self.candidates.channel[rows]
        worth = self.worth
        costs = (worth.ranked[rows], worth.touch_cost[rows], worth.offer_cost[rows], worth.redemption_cost[rows])
        found = case.market.chosen(Options(*mine, *costs), case.settings, case.touches, case.as_of)
        return int(rows[found]) if found >= 0 else -1

    def _at_prices(self, left: Floats) -> int:
        """What is best at the prices; of equals what they have."""
        best, has = int(np.argmax(left)), self.row(*(self.case.has or (None, None)))
        dust = DUST * max(1.0, abs(float(self.worth.ranked[best])))
        if has >= 0 and left[has] >= max(left[best], 0.0) - dust:
            return has
        return best if left[best] > dust else -1

    def nearest(self) -> int:
        """The allowed candidate that came nearest to being taken, -1 without any."""
        left, can = self.left()
        return int(np.argmax(left)) if can.any() else -1

    def outcome(self) -> Outcome:
        """What is decided for one customer."""
        if self.chosen < 0:
            refused = self._refused()
            return Outcome(None, None, None, 0.0, self._none_reason(refused), refused)
        return self.outcome_of(self.chosen)

    def outcome_of(self, row: int) -> Outcome:
        """That a candidate is sent."""
        asset_id, channel_id = self.names(row)
        return Outcome(asset_id, channel_id, self.title(row), float(self.worth.value[row]), None, self._refused())

    def _refused(self) -> dict[str, int]:
        """How many candidates each policy refuses."""
        return {policy: int(flags.sum()) for policy, flags in self.refusals.items() if flags.any()}

    def limit_names(self) -> set[str]:
        """The limits that allowed candidates would use."""
        rows = np.flatnonzero(self.is_eligible & (self.worth.ranked > 0))
        limits, index = self.made.ground.limits, self.made.used.index[:, rows]
        return {
            family.name_of(int(at))
            for family, row in zip(limits, index, strict=True)
            for at in np.unique(row)
            if at >= 0
        }

    def _none_reason(self, refused: Mapping[str, int]) -> str:
        """Why nothing is sent, as records say it (`choice.none_reasons`)."""
        if not len(self.case.motives):
            return NO_MOTIVE
        if not len(self.candidates):
            return NO_CONTENT
        worth = np.where(self.is_eligible, self.worth.ranked, -np.inf)
        if not self.is_eligible.any():
            return f"{REFUSED}: {max(refused, key=lambda policy: refused[policy])}"
        best = int(np.argmax(worth))
        if worth[best] <= 0:
            return NOT_WORTH_IT
        return f"{LIMITS}: {self.dearest[best]}" if self.dearest[best] else LIMITS

    def names(self, row: int) -> tuple[str, str]:
        """Asset and channel of a candidate."""
        view, candidates = self.case.view, self.candidates
        return str(view.assets.keys[candidates.asset[row]]), str(view.channels.keys[candidates.channel[row]])

    def title(self, row: int) -> str:
        """What people call a candidate's asset."""
        assets, asset = self.case.view.assets, int(self.candidates.asset[row])
        title = assets.frame["title"].iloc[asset]
        return title if isinstance(title, str) and title else str(assets.keys[asset])

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


def weigh(case: Case, like: Weighed | None = None) -> Weighed:
    """Weigh everything that could be said in a case.

    Args:
        case: Of one customer, or of a few who are only looked at.
        like: Of a case that this one was made from by a change: what the change leaves as it is, is not done again.
    """
    made = candidates_in_full(case, like.made.ground if like is not None else None)
    price, dearest = _paid(case, made)
    refusals = {policy: refused for policy, refused in made.screened.by_policy.items() if policy != HOLDOUT}
    return Weighed(case, made, refusals, price, dearest)


def _paid(case: Case, made: InFull) -> tuple[Floats, npt.NDArray[np.object_]]:
    """What each candidate pays in currency, and the name of the limit that it pays most for, each of shape (n,)."""
    limits, prices = made.ground.limits, case.market.prices
    total, most = np.zeros(len(made.ground.candidates)), np.zeros(len(made.ground.candidates))
    dearest = np.full(len(total), "", dtype=object)
    for family, index, amount in zip(limits, made.used.index, made.used.amount, strict=True):
        found, place = np.unique(index, return_inverse=True)
        names = [family.name_of(int(at)) if at >= 0 else "" for at in found]
        cost = np.array([prices.get(name, 0.0) for name in names])[place.ravel()] * amount / family.scale
        total += cost
        is_more = cost > most
        dearest[is_more] = np.array(names, dtype=object)[place.ravel()[is_more]]
        most = np.maximum(most, cost)
    return total, dearest


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
    motive = weighed.case.motives.table.iloc[int(weighed.candidates.motive[row])]
    asset_id, channel_id = weighed.names(row)
    value, price = float(weighed.worth.value[row]), float(weighed.price[row])
    return {
        "asset_id": asset_id,
        "title": weighed.title(row),
        "channel_id": channel_id,
        "channel": channel_id,
        "play": str(motive["play"]),
        "subject": str(motive["subject"]),
        "value": value,
        "priced_value": value - price,
        "price": price,
        "parts": weighed.parts(row),
        "refused_by": weighed.refusing(row),
        "why_not": why_not(weighed, row, chosen, none_reason),
    }


def chance_of_purchase(weighed: Weighed, row: int) -> float:
    """P(a purchase in what a candidate is about within the value window, without it)."""
    customer, asset = weighed.candidates.customer[[row]], weighed.candidates.asset[[row]]
    coverage = asset_coverage(weighed.case.view)
    return float(habits_in_assets(coverage, weighed.made.rhythms, customer, asset).p_purchase[0])


def why_not(weighed: Weighed, row: int, chosen: int, none_reason: str | None) -> str:
    """Why a candidate was not taken, in the words of records."""
    refusing, ranked, priced = weighed.refusing(row), weighed.worth.ranked[row], weighed.priced[row]
    boost = weighed.worth.boost
    behind = float((weighed.priced[chosen] if chosen >= 0 else 0.0) - priced)
    favoured = float((boost[chosen] if chosen >= 0 else 0.0) - boost[row])
    limit = weighed.dearest[row] or (none_reason or "").partition(": ")[2] or "limits"
    if refusing:
        reason, by = "refused", ", ".join(refusing)
    elif ranked <= 0:
        reason, by = "not worth it", ""
    elif priced <= 0 or chosen < 0:
        reason, by = "priced out", limit
    elif behind >= SMALLEST_LEAD and favoured > 0 and behind - favoured < SMALLEST_LEAD:
        reason, by = "boosted", ""
    elif behind >= SMALLEST_LEAD:
        is_after = weighed.price[row] > 0 or weighed.price[chosen] > 0
        reason, by = ("worth less after limits" if is_after else "worth less"), ""
    else:
        reason, by = ("no room" if behind <= -SMALLEST_LEAD else "tied"), limit
    return said({"reason": reason, "by": by, "behind": behind - favoured})
