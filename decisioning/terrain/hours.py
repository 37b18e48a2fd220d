"""The day's hours as the kernel reads them."""

import numpy as np
import numpy.typing as npt

from decisioning.channel_days import ChannelDays
from decisioning.ground import Hours
from decisioning.subjects import asset_window
from decisioning.times import Times, moment
from graph.view import View

ALWAYS_OPEN, NEVER_CLOSED = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def hours_of(view: View, days: ChannelDays) -> Hours:
    """When each channel sends to each customer, and between which moments each asset may be sent."""
    opens, closes = asset_window(view)
    return Hours(
        day_starts=int(moment(view.as_of).astype(np.int64)),
        day_ends=int(days.day[1].astype(np.int64)),
        opens=_or(opens, ALWAYS_OPEN),
        closes=_or(closes, NEVER_CLOSED),
        is_dated=~(np.isnat(opens) & np.isnat(closes)),
        zone=days.zone_of,
        spans=days.spans.astype("datetime64[us]").astype(np.int64),
        sends_at=days.preferred.astype("datetime64[us]").astype(np.int64),
    )


def _or(times: Times, otherwise: int) -> npt.NDArray[np.int64]:
    return np.where(np.isnat(times), otherwise, times.astype("datetime64[us]").astype(np.int64))
