"""Intent latency: how long somebody who signalled intent waited for an action of ours."""

from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from forecasting.inputs import moment, require, utc_times
from forecasting.scores.acts import Acts
from forecasting.scores.settings import LatencySettings
from forecasting.values.scores import IntentLatency

MICROSECONDS_PER_HOUR: Final = 3_600_000_000


def intent_latency(settings: LatencySettings, acts: Acts, actions: pd.DataFrame, *, as_of: datetime) -> IntentLatency:
    """The waits that began within the window.

    Args:
        settings: Which signals begin a wait.
        acts: What people did before as-of.
        actions: customer_id, at (datetime64[us, UTC]): what we sent them, before as-of or decided for after it.
        as_of: Aware datetime; until then a wait without action has lasted.
    """
    now = moment(as_of)
    is_meant = acts.of(settings.events) & (acts.age_days() <= settings.window_days)
    # without names nothing begins a wait
    chosen = np.flatnonzero(is_meant) if settings.events else np.zeros(0, dtype=np.int64)
    signals = pd.DataFrame(
        {
            "customer_id": acts.customers[acts.rows["customer"].to_numpy(dtype=np.int64)[chosen]],
            "event": acts.rows["name"].to_numpy(dtype=object)[chosen],
            "signal_at": acts.happened_at[chosen],
        }
    )
    require(actions, "actions", ("customer_id", "at"))
    ends = pd.DataFrame({"customer_id": actions["customer_id"], "action_at": utc_times(actions, "actions", "at")})
    ends = ends.drop_duplicates().sort_values(["action_at", "customer_id"])
    if len(signals) and len(ends):
        signals = pd.merge_asof(
            signals.sort_values("signal_at", kind="stable"),
            ends.astype({"customer_id": object}),
            left_on="signal_at",
            right_on="action_at",
            by="customer_id",
            direction="forward",
        )
    else:
        signals = signals.assign(action_at=np.full(len(signals), np.datetime64("NaT", "us")))
    # what comes while somebody waits belongs to the same wait
    waits = signals.drop_duplicates(["customer_id", "action_at"]).sort_values(["signal_at", "customer_id"])
    action_at = waits["action_at"].to_numpy(dtype="datetime64[us]")
    signal_at = waits["signal_at"].to_numpy(dtype="datetime64[us]")
    until = np.where(np.isnat(action_at), now, action_at)
    return IntentLatency(
        customer_id=waits["customer_id"].to_numpy(dtype=object),
        event=waits["event"].to_numpy(dtype=object),
        signal_at=signal_at,
        action_at=action_at,
        hours=(until - signal_at).astype(np.int64) / MICROSECONDS_PER_HOUR,
        within_hours=settings.within_hours,
    )
