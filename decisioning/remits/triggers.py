"""What of a remit hands a send to its owner: each trigger alone is enough, and all that fired are told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.limit_windows import window_of
from decisioning.remits.compiling import asked_by
from decisioning.remits.values import SEND, Remit

Flags = npt.NDArray[np.bool_]

CONFIDENCE: Final = "confidence_below"
BUDGET: Final = "budget_used_pct"
TRIGGERS: Final[Mapping[str, str]] = {
    CONFIDENCE: "it is not confident enough",
    BUDGET: "so much of the month's budget is used",
}
CENT: Final = 1e-9


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
    over[order] = spent_before(remit, month) + np.cumsum(cost[order]) > most + CENT
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


def _asks(remit: Remit, situation: str, held_by: object) -> bool:
    names: Sequence[str] = held_by.split(", ") if isinstance(held_by, str) else ()
    return any(asked_by(remit, name) == situation for name in names)
