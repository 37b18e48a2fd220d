"""What else there was for a customer: alternatives, runner-up, refusals, what would have changed it, the next date."""

from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any

import numpy as np

from decisioning.flips import find_flips, find_flips_to
from decisioning.next_contact import next_contact
from decisioning.weighing import Weighed, alternatives, chance_of_purchase
from decisioning.why_not import why_not_asset
from pipelines.errors import UsageError
from pipelines.what_if import Opened

NOT_REPRODUCED = (
    "What would have changed it cannot be said: code, playbook or data are not those that decided, and deciding again "
    "does not give what is on record."
)
EXPLORED = "Chance chose it, to learn what messages are worth; no single change would have made it certain."
NO_FLIP = "No single change of one thing was found that turns it."
SHOWN_REFUSED = 5

Document = dict[str, Any]
Card = Mapping[str, Any]


def what_else(opened: Opened, card: Card) -> Document:
    """The parts of a card that deciding the case again gives.

    Returns:
        `is_reproduced`; `alternatives`, five with the terms of their value; `runner_up`; `refused`, the most valuable
        of what policies refused, with their texts; `flips`, verified and smallest first, `flip` the first of them,
        `flip_reason` where there is none; `next_contact`; `conversion` and `margin_kept`.
    """
    weighed, outcome = opened.weighed, opened.outcome
    if not opened.is_reproduced:
        others = card["alternatives"]
        return {
            "is_reproduced": False,
            "runner_up": _runner_up(card, others),
            "refused": [],
            "flips": [],
            "flip": None,
            "flip_reason": NOT_REPRODUCED,
            "next_contact": None,
            "conversion": None,
            "margin_kept": None,
        }
    chosen = weighed.row(outcome.asset_id, outcome.channel_id)
    others = alternatives(weighed, chosen, outcome.none_reason)
    found = [] if opened.is_explored else find_flips(weighed, outcome, opened.propose_again)
    flips = [flip.facts() for flip in found]
    return {
        "is_reproduced": True,
        "alternatives": others,
        "runner_up": _runner_up(card, others),
        "refused": _refused(weighed, card["policy_reasons"]),
        "flips": flips,
        "flip": flips[0] if flips else None,
        "flip_reason": None if flips else EXPLORED if opened.is_explored else NO_FLIP,
        "next_contact": next_contact(opened.case, _sent(card)),
        "conversion": _conversion(weighed, chosen),
        "margin_kept": _margin_kept(weighed, chosen),
    }


def why_not_asked(opened: Opened, asked: str, reasons: Mapping[str, str]) -> Document:
    """Why `ASSET` or `ASSET@CHANNEL` was not sent, and what would have made it the choice.

    Raises:
        UsageError: There is no such asset or channel.
    """
    asset_id, channel_id = _asked(opened, asked)
    found = why_not_asset(opened.weighed, opened.outcome, asset_id, channel_id, reasons)
    if not opened.is_reproduced or opened.is_explored or found["stage"] == "chosen":
        return {**found, "flips": []}
    flips = find_flips_to(opened.weighed, opened.outcome, (asset_id, channel_id), opened.propose_again)
    return {**found, "flips": [flip.facts() for flip in flips]}


def _asked(opened: Opened, asked: str) -> tuple[str, str | None]:
    view = opened.case.view
    asset_id, _, channel_id = (asked, "", "") if asked in set(view.assets.keys) else asked.rpartition("@")
    if not asset_id:
        asset_id, channel_id = asked, ""
    if view.assets.positions([asset_id])[0] < 0:
        near = get_close_matches(asset_id, [str(key) for key in view.assets.keys], n=3, cutoff=0.4)
        raise UsageError(
            f"the run knows no asset `{asset_id}`.",
            where=f"--not {asked}",
            remedy=f"Assets are called like {', '.join(near or [str(key) for key in view.assets.keys[:3]])}.",
        )
    if channel_id and view.channels.positions([channel_id])[0] < 0:
        raise UsageError(
            f"there is no channel `{channel_id}`.",
            where=f"--not {asked}",
            remedy=f"Channels: {', '.join(str(key) for key in view.channels.keys)}.",
        )
    return asset_id, channel_id or None


def _runner_up(card: Card, others: list[Document]) -> Document | None:
    """The next best allowed message, or doing nothing where none is worth anything after limits; None without any."""
    allowed = [one for one in others if not one.get("refused_by")]
    allowed = [one for one in allowed if not str(one["why_not"]).startswith("refused")]
    if card["action"]["verb"] == "none":
        best = allowed[0] if allowed else (others[0] if others else None)
        names = ("asset_id", "title", "channel", "value", "why_not")
        return {name: best[name] for name in names} | {"margin": None} if best else None
    margin = card["margin_to_runner_up"]
    if allowed and allowed[0]["priced_value"] > 0:
        names = ("asset_id", "title", "channel", "value", "why_not")
        return {name: allowed[0][name] for name in names} | {"margin": margin}
    return {
        "asset_id": None,
        "title": None,
        "channel": None,
        "value": 0.0,
        "why_not": "worth nothing",
        "margin": margin,
    }


def _refused(weighed: Weighed, reasons: Mapping[str, str]) -> list[Document]:
    """The most valuable candidates that policies refuse."""
    rows = np.flatnonzero(~weighed.is_eligible & np.isfinite(weighed.worth.value))
    rows = rows[np.lexsort((rows, -weighed.worth.value[rows]))][:SHOWN_REFUSED]
    found = []
    for row in rows.tolist():
        asset_id, channel = weighed.names(row)
        refused_by = [{"policy": policy, "because": reasons.get(policy, "")} for policy in weighed.refusing(row)]
        value = float(weighed.worth.value[row])
        one = {"asset_id": asset_id, "title": weighed.title(row), "channel": channel, "value": value}
        found.append(one | {"refused_by": refused_by})
    return found


def _sent(card: Card) -> tuple[str, str, datetime] | None:
    action = card["action"]
    if action["verb"] == "none" or action["is_ghost"]:
        return None
    return action["asset_id"], action["channel"], datetime.fromisoformat(action["send_at"])


def _conversion(weighed: Weighed, chosen: int) -> Document | None:
    """The chance of a purchase within the value window, without the message and with it.

    What a message changes is a share of the margin expected in the window; where that comes from more purchases of the
    usual worth, the chance of one changes by the same share.
    """
    if chosen < 0:
        return None
    without, change = chance_of_purchase(weighed, chosen), float(weighed.worth.uplift[chosen])
    return {
        "without": without,
        "with": min(without * (1.0 + change), 1.0),
        "change_pct": round(100.0 * change, 9),
        "window_days": weighed.case.settings.value_window_days,
    }


def _margin_kept(weighed: Weighed, chosen: int) -> Document | None:
    """What the dearest offer that was at hand, and allowed, would have cost more than the one that is sent, if any."""
    if chosen < 0:
        return None
    costs = np.where(weighed.is_eligible, weighed.worth.offer_cost, -np.inf)
    costs = np.where(np.isfinite(costs), costs, -np.inf)
    dearest = int(np.argmax(costs))
    kept = float(costs[dearest] - weighed.worth.offer_cost[chosen])
    if not kept > 0:
        return None
    assets = weighed.case.view.assets
    return {"amount": kept, "without_offer_of": str(assets.keys[weighed.candidates.asset[dearest]])}
