"""Outcomes that are words on consent: who unsubscribes or complains has refused, whatever the consents' source says."""

from typing import Final

import pandas as pd

REFUSING: Final = ("unsubscribed", "complained")
SOURCE: Final = "outcomes"
COLUMNS: Final = ["customer_id", "channel_id", "purpose", "granted", "recorded_at", "source", "basis"]


def refusals(outcomes: pd.DataFrame, touches: pd.DataFrame, channels: pd.DataFrame) -> pd.DataFrame:
    """Rows of `consents` that refuse marketing from the outcome's time on; a later grant holds again.

    An outcome of a touch that is known refuses that touch's channel; any other refuses all channels.

    Args:
        outcomes: touch_id, customer_id, name, occurred_at.
        touches: touch_id, customer_id, channel_id.
        channels: channel_id.
    """
    said = outcomes.loc[outcomes["name"].isin(REFUSING), ["touch_id", "customer_id", "occurred_at"]]
    if said.empty:
        return pd.DataFrame(columns=COLUMNS)
    known = touches[["touch_id", "customer_id", "channel_id"]].drop_duplicates("touch_id")
    said = said.merge(known, on="touch_id", how="left", suffixes=("", "_of_touch"))
    said["customer_id"] = said["customer_id"].where(said["customer_id"].notna(), said["customer_id_of_touch"])
    on_one = said[said["channel_id"].notna()]
    on_all = said[said["channel_id"].isna()].drop(columns="channel_id").merge(channels[["channel_id"]], how="cross")
    rows = pd.concat([part for part in (on_one, on_all) if len(part)], ignore_index=True)
    rows = rows[rows["channel_id"].isin(channels["channel_id"])]  # on others nobody could write anyway
    rows = rows.dropna(subset=["customer_id"]).rename(columns={"occurred_at": "recorded_at"})
    rows = rows.assign(purpose="marketing", granted=False, source=SOURCE, basis="consent")
    return rows[COLUMNS]
