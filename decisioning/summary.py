"""The day in numbers: counts, sums and prices over all decisions of a run."""

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.boost_cost import boost_rows
from decisioning.deliberation import Deliberation
from decisioning.price_words import limit_rows
from decisioning.settings import DecisionSettings

GRADES = ("assumed", "adjusted", "randomised")
"""From the weakest to the strongest."""


def summarise(made: Deliberation, records: pd.DataFrame, settings: DecisionSettings) -> dict[str, Any]:
    """What a run decided, as plain values for JSON.

    Returns:
        `customers` (all of them) = `sends` + `none` + `held_out`; `ghosts` (held-out customers who would have got
        something); `motives`, `candidates`; `value` (expected incremental margin of the sends, net of every cost), its
        certified `bound`, `cost` (touch cost); `boosts` (see `boost_cost.boost_rows`), what they cost together
        as `boost_cost`, and what was ranked by as `boosted`; `exploration` (customers, and what it cost);
        `evidence_grade`, `margin_basis`; `none_by_reason` (customers that are not held out), `refused_by_policy`
        (candidates, the holdout left aside), `shadow_prices` per limit, and `limits` with unit and amount; `shortfalls`
        (what was to be reached and is not); `templates` (channels that render fewer assets than were wanted); `plays`,
        a row per play and channel, see `_play_row`.
    """
    is_ghost = records["is_ghost"].to_numpy()
    is_send = (records["verb"] == "send").to_numpy()
    allocation, explored, cost = made.choice.allocation, _exploration(made), made.boost_cost
    sent = np.flatnonzero(~made.is_held_out[made.receivers])
    favoured = math.fsum(made.boost[made.kept.asset[allocation.chosen[allocation.chosen >= 0]]])
    boosts = boost_rows(made.view, settings, cost, made.kept.asset[made.rows[sent]], made.worth.value[sent])
    reasons = records.loc[~is_ghost & ~is_send, "none_reason"].value_counts()
    return {
        "customers": len(records),
        "sends": int((is_send & ~is_ghost).sum()),
        "none": int((~is_send & ~is_ghost).sum()),
        "held_out": int(is_ghost.sum()),
        "ghosts": int((is_send & is_ghost).sum()),
        "motives": len(made.motives),
        "candidates": int(made.account.counts[:, 0].sum(dtype=np.int64)),
        "value": allocation.value - favoured - explored["cost"],
        "bound": allocation.bound if cost is None else cost.bound,
        "cost": math.fsum(records.loc[is_send & ~is_ghost, "touch_cost"]),
        "exploration": explored,
        "boosts": boosts,
        "boost_cost": cost.together if cost else None,
        "boosted": {"value": allocation.value, "bound": allocation.bound} if boosts else None,
        "evidence_grade": weakest(made.worth.evidence_grade, made.usual_grade),
        "margin_basis": made.worth.margin_basis,
        "none_by_reason": {str(reason): int(count) for reason, count in sorted(reasons.items())},
        "refused_by_policy": {
            policy: int(refused.sum(dtype=np.int64)) for policy, refused in sorted(made.refused().items())
        },
        "shadow_prices": allocation.named_prices(),
        "limits": limit_rows(allocation),
        "shortfalls": [asdict(shortfall) for shortfall in allocation.shortfalls],
        "templates": [asdict(collapsed) for collapsed in allocation.collapsed],
        "plays": [
            _play_row(made, play.name, place) for play in settings.plays for place in range(len(made.view.channels))
        ],
    }


def _exploration(made: Deliberation) -> dict[str, Any]:
    """`customers` who got something else than the best, and the `cost`: what they would have brought more with it."""
    choice = made.choice
    rows = np.flatnonzero(choice.explored.is_explored)
    best, taken = (
        np.where(chosen[rows] >= 0, made.margins(chosen[rows]), 0.0)
        for chosen in (choice.allocation.chosen, choice.explored.chosen)
    )
    return {"customers": len(rows), "cost": math.fsum(best - taken)}


def _play_row(made: Deliberation, play: str, channel: int) -> dict[str, Any]:
    """One play on one channel.

    `eligible`: customers, held-out ones included, with a candidate that policies allow and that is worth more than
    nothing to the choice. `sent`: sends. `held_out`: ghosts of sends. `cost`: touch cost of the sends. `margin`: their
    expected incremental margin net of every cost, `margin_low` to `margin_high` its 95 % interval, the uplift being as
    uncertain for all of them together as for each.
    """
    kept, worth, choice = made.kept, made.worth, made.choice
    plays = made.motives.table["play"].to_numpy(dtype=object)
    is_here = np.asarray((plays[kept.motive] == play) & (kept.channel == channel), dtype=np.bool_)
    has_worth = is_here & choice.is_eligible & (kept.value > 0)
    picked = is_here[made.rows]
    is_held_out = made.is_held_out[made.receivers]
    sent = np.flatnonzero(picked & ~is_held_out)
    return {
        "play": play,
        "channel": str(made.view.channels.keys[channel]),
        "eligible": len(np.unique(kept.customer[has_worth])),
        "sent": len(sent),
        "held_out": int((picked & is_held_out).sum()),
        "cost": math.fsum(worth.touch_cost[sent]),
        "margin": math.fsum(worth.value[sent]),
        "margin_low": math.fsum(worth.low[sent]),
        "margin_high": math.fsum(worth.high[sent]),
        "evidence_grade": weakest(worth.evidence_grade[sent], made.usual_grade),
    }


def weakest(grades: npt.NDArray[np.object_], otherwise: str) -> str:
    """The weakest of some evidence grades, which is what may be said of all together; `otherwise` without any."""
    found = set(grades.tolist())
    return next((grade for grade in GRADES if grade in found), otherwise)
