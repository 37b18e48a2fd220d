"""What has been used of a limit in its window: the day, the month, ever, or what of an offer may still be claimed."""

from calendar import monthrange
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from decisioning.limits import Amounts, Family, usage
from decisioning.offers import exposure_of
from forecasting.values import Floats
from graph.view import View

RESERVED = "reserved"
"""State of what has been promised and neither been claimed nor lapsed."""


def days_left(at: datetime, timezone: str) -> int:
    """Days of the month that are left, the local day of the moment included."""
    local = at.astimezone(ZoneInfo(timezone))
    return monthrange(local.year, local.month)[1] - local.day + 1


def window_of(window: str, at: datetime, timezone: str) -> tuple[datetime, datetime] | None:
    """From when to when a limit counts, the end excluded; None for ever."""
    if window in ("all", "standing"):
        return None
    local = at.astimezone(ZoneInfo(timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    start = local.replace(day=1) if window == "month" else local
    days = monthrange(local.year, local.month)[1] if window == "month" else 1
    end = (start.replace(tzinfo=None) + pd.Timedelta(days=days)).replace(tzinfo=ZoneInfo(timezone))
    return start.astimezone(UTC), end.astimezone(UTC)


def outstanding(touches: pd.DataFrame) -> pd.DataFrame:
    """Touches whose offer may still be claimed; where nothing says so, all of them."""
    return touches[touches["liability"].eq(RESERVED)] if "liability" in touches.columns else touches


def taken_before(
    view: View, family: Family, touches: pd.DataFrame, *, window: str, at: datetime, timezone: str
) -> Amounts:
    """What touches use of each limit of a family within its window, in whole amounts, shape (limits,).

    Touches of somebody or on something that the view does not know count wherever that does not matter. Those without a
    known cost count none.
    """
    rows = _within(touches, window_of(window, at, timezone))
    asset, channel = _positions(view, rows)
    customer = view.customers.positions(rows["customer_id"].to_numpy(dtype=object))
    index = indices(family, customer, asset, channel)
    exposure = np.nan_to_num(exposure_of(view), nan=0.0)
    used = usage(
        (Family(family.name, family.unit, np.array([np.inf]), np.zeros(1)),),
        (np.zeros(len(rows), np.int32),) * 3,
        touch_cost=_numbers(rows, "cost"),
        expected_cost=_numbers(rows, "expected_cost"),
        exposure=np.append(exposure, 0.0)[asset],
    ).amount[0]
    total = np.zeros(len(family), dtype=np.int64)
    np.add.at(total, index[index >= 0], used[index >= 0])
    return total


def _within(touches: pd.DataFrame, window: tuple[datetime, datetime] | None) -> pd.DataFrame:
    if window is None:
        return touches
    sent_at = pd.to_datetime(touches["sent_at"], utc=True)
    return touches[(sent_at >= pd.Timestamp(window[0])) & (sent_at < pd.Timestamp(window[1]))]


def _positions(view: View, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    asset_id = rows["asset_id"] if "asset_id" in rows.columns else pd.Series([None] * len(rows), dtype=object)
    return (
        view.assets.positions(asset_id.to_numpy(dtype=object)),
        view.channels.positions(rows["channel_id"].to_numpy(dtype=object)),
    )


def indices(family: Family, customer: np.ndarray, asset: np.ndarray, channel: np.ndarray) -> np.ndarray:
    """Which limit each touch uses, -1 for none: what is unknown counts where the family has one group of all."""
    of_customer = np.zeros(len(customer), np.int32)
    if family.customer_group is not None:
        of_customer = np.append(family.customer_group, -1)[customer]
    of_asset = np.zeros(len(customer), np.int32)
    if family.asset_group is not None and family.asset_group.size:
        # What others send has no asset of ours; it is in a group when all assets are in it on that channel.
        same = np.where((family.asset_group == family.asset_group[:1]).all(axis=0), family.asset_group[0], -1)
        on_channel = np.append(same, -1)[channel]
        exact = family.asset_group[np.maximum(asset, 0), np.maximum(channel, 0)]
        of_asset = np.where((asset >= 0) & (channel >= 0), exact, on_channel)
    index = of_customer * len(family.asset_names) + of_asset
    return np.where((of_customer < 0) | (of_asset < 0), -1, index).astype(np.int64)


def _numbers(rows: pd.DataFrame, name: str) -> Floats:
    if name not in rows.columns:
        return np.zeros(len(rows))
    return np.asarray(np.nan_to_num(rows[name].to_numpy(dtype=np.float64, na_value=np.nan), nan=0.0))
