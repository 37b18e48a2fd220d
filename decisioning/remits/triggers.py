"""What of a remit hands a send to its owner: each trigger alone is enough, and all that fired are told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.limit_windows import window_of
from decisioning.remits.authority import agents
from decisioning.remits.compiling import asked_by, rule_name
from decisioning.remits.values import SEND, Remit

Flags = npt.NDArray[np.bool_]

CONFIDENCE: Final = "confidence_below"
BUDGET: Final = "budget_used_pct"
TRIGGERS: Final[Mapping[str, str]] = {
    CONFIDENCE: "it is not confident enough",
    BUDGET: "so much of the month's budget is used",
}
DUST: Final = 1e-9


@dataclass(frozen=True)
class Month:
    """What a month's budget is held against: touches sent before as-of, the moment, and the playbook's time zone."""

    touches: pd.DataFrame
    as_of: datetime
    timezone: str


def fired(remit: Remit, sends: pd.DataFrame, month: Month) -> dict[str, Flags]:
    """Which triggers of a remit fire for which of its sends, in the order of the remit, each of shape (sends,).

    Args:
        remit: The remit.
        sends: Its sends: confidence, value, touch_cost, is_ghost, held_by (policies that hold it, joined by commas).
        month: What was spent before.
    """
    found: dict[str, Flags] = {}
    if (least := remit.escalate.confidence_below) is not None:
        # what is not known is no confidence
        found[CONFIDENCE] = ~(sends["confidence"].to_numpy(dtype=np.float64) >= least)
    if (share := remit.escalate.budget_used_pct) is not None and remit.limits.spend_per_month is not None:
        found[BUDGET] = _over(remit, sends, month, remit.limits.spend_per_month * share / 100)
    asked = ([SEND] if SEND in remit.ask.verbs else []) + list(remit.ask.situations)
    for situation in asked:
        found[situation] = np.array([_asks(remit, situation, text) for text in sends["held_by"]], dtype=np.bool_)
    return found


def _over(remit: Remit, sends: pd.DataFrame, month: Month, most: float) -> Flags:
    """Which sends bring what is spent above an amount, the most valuable ones going first."""
    order = np.lexsort((np.arange(len(sends)), -sends["value"].to_numpy(dtype=np.float64)))
    cost = np.where(sends["is_ghost"].to_numpy(dtype=np.bool_), 0.0, sends["touch_cost"].to_numpy(dtype=np.float64))
    over = np.zeros(len(sends), dtype=np.bool_)
    over[order] = spent_before(remit, month) + np.cumsum(cost[order]) > most + DUST
    return over


def spent_before(remit: Remit, month: Month) -> float:
    """What touches on the agent's channels have cost in the month so far."""
    window = window_of("month", month.as_of, month.timezone)
    touches = month.touches
    if window is None or "cost" not in touches.columns or touches.empty:
        return 0.0
    sent_at = pd.to_datetime(touches["sent_at"], utc=True)
    counts = touches["channel_id"].isin(list(remit.may.channels)) & (sent_at >= window[0]) & (sent_at < window[1])
    return float(touches.loc[counts, "cost"].astype("float64").fillna(0.0).sum())


def reasons_of(remit: Remit) -> dict[str, str]:
    """Why a send waits, by what records call the triggers that no policy stands for."""
    escalate, spend, said = remit.escalate, remit.limits.spend_per_month, {}
    if escalate.confidence_below is not None:
        least = f"{100 * escalate.confidence_below:g} %"
        said[_held_by(remit, CONFIDENCE)] = f"The agent {remit.agent} asks when its confidence is below {least}."
    if escalate.budget_used_pct is not None and spend is not None:
        share = f"{escalate.budget_used_pct:g} % of {spend:,.2f}"
        said[_held_by(remit, BUDGET)] = f"The agent {remit.agent} asks once it has used {share} in the month."
    return said


def on_record(records: pd.DataFrame, remits: Sequence[Remit], month: Month) -> pd.DataFrame:
    """Records that say under which remit each send was decided, which of its triggers fired, and who must agree.

    Args:
        records: One per customer: verb, play, channel_id, confidence, value, touch_cost, is_ghost, held_by, needs.
        remits: The playbook's remits; without any, both columns are empty.
        month: What a month's budget is held against.

    Returns:
        The records with `remit` and `triggers`; `held_by` and `needs` also name what only remits ask for.
    """
    names = ("verb", "play", "channel_id", "held_by", "needs")
    verb, play, channel, held_by, needs = (records[name].to_numpy(dtype=object, copy=True) for name in names)
    agent = agents(remits, verb, play, channel)
    triggers = np.full(len(records), None, dtype=object)
    for remit in remits:
        rows = np.flatnonzero(agent == remit.agent)
        for trigger, is_fired in fired(remit, records.iloc[rows], month).items() if len(rows) else ():
            for row in rows[is_fired]:
                triggers[row] = joined(triggers[row], trigger)
                if trigger in TRIGGERS:
                    held_by[row] = joined(held_by[row], _held_by(remit, trigger))
                    needs[row] = joined(needs[row], str(remit.owner))
    return records.assign(held_by=held_by, needs=needs, remit=agent, triggers=triggers)


def _held_by(remit: Remit, trigger: str) -> str:
    return rule_name(remit, trigger.replace("_", "-"))


def joined(before: str | None, name: str) -> str:
    """Names joined by commas, each once."""
    names = before.split(", ") if before else []
    return ", ".join(names if name in names else [*names, name])


def _asks(remit: Remit, situation: str, held_by: object) -> bool:
    names: Sequence[str] = held_by.split(", ") if isinstance(held_by, str) else ()
    return any(asked_by(remit, name) == situation for name in names)
