"""What offers may still cost: every touch with an offer is reserved, until it is redeemed or lapses."""

from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from decisioning.limit_windows import RESERVED
from graph.view import View

REDEEMED: Final = "redeemed"
LAPSED: Final = "lapsed"


def with_liability(touches: pd.DataFrame, outcomes: pd.DataFrame, view: View, at: datetime) -> pd.DataFrame:
    """Touches with `lapses_at` and `liability`: reserved, redeemed or lapsed; None without an offer of ours.

    A redemption that does not name its touch belongs to the customer's latest touch with that asset before it.

    Args:
        touches: touch_id, customer_id, asset_id, sent_at.
        outcomes: name, occurred_at, and touch_id or customer_id and asset_id.
        view: Assets and their offers: `valid_days` from the touch, `redemption_ends_at`, `ends_at`.
        at: The moment; what ends then has lapsed.
    """
    if touches.empty:
        return touches.assign(lapses_at=pd.Series(dtype="datetime64[us, UTC]"), liability=pd.Series(dtype=object))
    asset = view.assets.positions(touches["asset_id"].to_numpy(dtype=object))
    offer = np.append(view.assets.frame["offer"].to_numpy(dtype=np.int32), -1)[asset]
    lapses_at = lapse_times(touches["sent_at"], offer, view.offers.frame)
    redeemed = _redeemed(touches, outcomes)
    state = np.select(
        [offer < 0, touches["touch_id"].isin(redeemed), (lapses_at <= pd.Timestamp(at)).to_numpy()],
        ["", REDEEMED, LAPSED],
        default=RESERVED,
    ).astype(object)
    state[offer < 0] = None
    return touches.assign(lapses_at=lapses_at.to_numpy(), liability=state)


def lapse_times(sent_at: "pd.Series[Any]", offer: np.ndarray, offers: pd.DataFrame) -> "pd.Series[Any]":
    """When each offer cannot be redeemed any more, NaT without an end: the earlier of its days and its dates.

    Args:
        sent_at: When it was sent.
        offer: Position of the offer, -1 without one.
        offers: The view's offers.
    """
    sent = pd.to_datetime(sent_at, utc=True)
    ends = [pd.Series(pd.NaT, index=sent.index, dtype="datetime64[us, UTC]")]
    if len(offers):
        known = np.maximum(offer, 0)
        if "valid_days" in offers.columns:
            days = offers["valid_days"].to_numpy(dtype=np.float64, na_value=np.nan)[known]
            ends.append(sent + pd.to_timedelta(pd.Series(days, index=sent.index), unit="D"))
        last = pd.Series(pd.NaT, index=sent.index, dtype="datetime64[us, UTC]")
        for name in ("redemption_ends_at", "ends_at"):
            if name in offers.columns:
                dates = pd.Series(pd.to_datetime(offers[name], utc=True).to_numpy()[known], index=sent.index)
                last = last.fillna(dates.dt.tz_localize("UTC") if dates.dt.tz is None else dates)
        ends.append(last)
    return pd.concat(ends, axis=1).min(axis=1).where(offer >= 0)


def _redeemed(touches: pd.DataFrame, outcomes: pd.DataFrame) -> set[str]:
    rows = outcomes[outcomes["name"] == REDEEMED] if len(outcomes) else outcomes
    if not len(rows):
        return set()
    named = set(rows["touch_id"].dropna()) if "touch_id" in rows.columns else set()
    if not {"customer_id", "asset_id"} <= set(rows.columns):
        return named
    unnamed = rows[rows["touch_id"].isna()] if "touch_id" in rows.columns else rows
    both = unnamed.dropna(subset=["customer_id", "asset_id"])[["customer_id", "asset_id", "occurred_at"]]
    pairs = both.merge(touches[["touch_id", "customer_id", "asset_id", "sent_at"]], on=["customer_id", "asset_id"])
    pairs = pairs[pairs["sent_at"] <= pairs["occurred_at"]].sort_values(["sent_at", "touch_id"])
    latest = pairs.groupby(["customer_id", "asset_id", "occurred_at"])["touch_id"].last()
    return named | set(latest)
