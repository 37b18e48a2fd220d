"""What each unit brought in windows before and after a moment of its own, from a table of events."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.inputs import MICROSECONDS_PER_DAY
from forecasting.values import Floats, Keys, Times

Codes = npt.NDArray[np.int64]

FINEST = 1_000_000
ROOM = 9e18


def window_sums(
    unit: Keys,
    since: Times,
    events: tuple[Keys, Times, Floats],
    *,
    days: float,
    earlier: int,
) -> Floats:
    """Sums of event values in windows of equal length, each counted from the row's own moment.

    Values are summed as whole millionths, so that the order of events cannot show.

    Args:
        unit: Of each row, shape (rows,); a unit may have several rows.
        since: Where each row's window begins.
        events: Unit, time and value of each event; other units' events are ignored.
        days: Length of a window.
        earlier: How many windows before it.

    Returns:
        Shape (rows, 1 + earlier): the window [since, since + days), then the one before it, and so on.

    Raises:
        ForecastingError: A value is missing or infinite, or a window has no length.
    """
    event_unit, event_time, value = events
    if not days > 0:
        raise ForecastingError(
            f"A window of {days:g} days counts nothing.", where="window", remedy="Use 1 day or more."
        )
    if not np.isfinite(value).all():
        raise ForecastingError(
            f"{int((~np.isfinite(value)).sum()):,} values are missing or infinite.",
            where="events",
            remedy="Quarantine such rows before they are counted.",
        )
    codes, names = pd.factorize(unit)
    event_code = pd.Index(names).get_indexer(pd.Index(event_unit))
    is_ours = event_code >= 0
    event_code, event_time, value = event_code[is_ours], event_time[is_ours], value[is_ours]
    moments = np.unique(event_time)
    width = np.int64(len(moments) + 1)
    key = event_code * width + np.searchsorted(moments, event_time, side="left")
    order = np.argsort(key, kind="stable")
    scale = _scale(value)
    running = np.concatenate([[0], np.cumsum(np.rint(value[order] * scale).astype(np.int64))])
    length = np.int64(round(days * MICROSECONDS_PER_DAY)).astype("timedelta64[us]")

    def until(shift: int) -> Codes:
        """What a row's unit has brought before the row's moment, moved by whole windows; plus a constant per unit."""
        place = codes * width + np.searchsorted(moments, since + shift * length, side="left")
        return np.asarray(running[np.searchsorted(key[order], place, side="left")], dtype=np.int64)

    totals = np.column_stack([until(shift) for shift in range(1, -earlier - 1, -1)])
    return np.asarray((totals[:, :-1] - totals[:, 1:]) / scale, dtype=np.float64)


def _scale(value: Floats) -> float:
    """As fine as whole numbers of 64 bits can hold the sum of all."""
    total = float(np.abs(value).sum())
    return float(FINEST) if total * FINEST < ROOM else 10.0 ** np.floor(np.log10(ROOM / total))
