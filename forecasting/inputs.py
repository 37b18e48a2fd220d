"""What every model asks of the tables it is given: columns that are there, times that are known, rows before as-of."""

from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.values import Times

MICROSECONDS_PER_DAY = 86_400_000_000

Days = npt.NDArray[np.int32]


def moment(as_of: datetime) -> np.datetime64:
    """As-of as naive UTC microseconds.

    Raises:
        ForecastingError: `as_of` carries no time zone.
    """
    if as_of.tzinfo is None:
        raise ForecastingError(
            f"as_of {as_of.isoformat()} has no time zone.", where="forecast", remedy="Pass an aware datetime."
        )
    return np.datetime64(pd.Timestamp(as_of).tz_convert("UTC").tz_localize(None).to_pydatetime(), "us")


def require(frame: pd.DataFrame, table: str, columns: tuple[str, ...]) -> None:
    """Refuse a table that lacks a column.

    Raises:
        ForecastingError: Names the table and the columns that are missing.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ForecastingError(
            f"The table has no column {', '.join(missing)}.",
            where=table,
            remedy=f"It needs {', '.join(columns)}; it has {', '.join(map(str, frame.columns))}.",
        )


def utc_times(frame: pd.DataFrame, table: str, column: str) -> Times:
    """A time column as naive UTC datetime64[us], shape (rows,).

    Raises:
        ForecastingError: A time is missing, or the column holds times without a time zone.
    """
    values = frame[column]
    if len(values) == 0:
        return np.empty(0, dtype="datetime64[us]")
    if not isinstance(values.dtype, pd.DatetimeTZDtype):
        raise ForecastingError(
            f"Column {column} is {values.dtype}.", where=table, remedy="Times must be datetime64[us, UTC]."
        )
    if values.isna().any():
        raise ForecastingError(
            f"Column {column} lacks {int(values.isna().sum())} times.",
            where=table,
            remedy="Quarantine such rows before forecasting.",
        )
    return np.asarray(values.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]"))


def local_days(times: Times, timezone: str) -> Days:
    """The local calendar day of each UTC time, as days since 1970-01-01, shape of `times`."""
    local = pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(timezone).tz_localize(None)
    return np.asarray(local.to_numpy().astype("datetime64[D]").astype(np.int64), dtype=np.int32)


def local_midnight(day: int, timezone: str) -> np.datetime64:
    """The start of a local day (days since 1970-01-01) as naive UTC datetime64[us].

    Where a clock change skips midnight, the day starts at the first moment after it; where midnight comes twice, at
    the first.
    """
    naive = pd.Timestamp(np.datetime64(int(day), "D"))
    start = naive.tz_localize(timezone, ambiguous=True, nonexistent="shift_forward")
    return np.datetime64(start.tz_convert("UTC").tz_localize(None).to_pydatetime(), "us")


def elapsed_days(since: Times, until: np.datetime64) -> npt.NDArray[np.float64]:
    """Days from each time until a moment, shape of `since`."""
    return (until - since).astype(np.int64) / MICROSECONDS_PER_DAY
