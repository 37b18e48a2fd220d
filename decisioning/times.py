"""Moments and local days. Arrays hold naive UTC `datetime64[us]`; frames hold `datetime64[us, UTC]`."""

from datetime import date, datetime, time, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.errors import DecisioningError

Times: TypeAlias = npt.NDArray[np.datetime64]

MICROSECONDS_PER_DAY = 86_400_000_000
NEVER = np.datetime64("NaT", "us")


def moment(value: datetime) -> np.datetime64:
    """An aware datetime as naive UTC microseconds.

    Raises:
        DecisioningError: `value` carries no time zone.
    """
    if value.tzinfo is None:
        raise DecisioningError(
            f"The time {value.isoformat()} has no time zone.", where="as_of", remedy="Pass an aware datetime."
        )
    return np.datetime64(pd.Timestamp(value).tz_convert("UTC").tz_localize(None), "us")


def days(count: float | npt.NDArray[np.float64]) -> Any:
    """So many days of 24 hours as timedelta64[us], exact to the microsecond."""
    return np.round(np.asarray(count, dtype=np.float64) * MICROSECONDS_PER_DAY).astype("timedelta64[us]")


def elapsed_days(later: Any, earlier: Any) -> npt.NDArray[np.float64]:
    """Days from `earlier` to `later`; NaN where either is missing."""
    return np.asarray((later - earlier) / np.timedelta64(MICROSECONDS_PER_DAY, "us"), dtype=np.float64)


def naive(column: "pd.Series[Any]") -> Times:
    """A column of times as naive UTC datetime64[us], shape (n,); NaT where missing."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "M":
        return np.asarray(column.to_numpy(), dtype="datetime64[us]")
    utc = column if isinstance(column.dtype, pd.DatetimeTZDtype) else pd.to_datetime(column, utc=True)
    return np.asarray(utc.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(), dtype="datetime64[us]")


def aware(times: Times) -> pd.DatetimeIndex:
    """Times for a frame: datetime64[us, UTC]."""
    return pd.DatetimeIndex(np.asarray(times, dtype="datetime64[us]")).tz_localize("UTC")


def local_date(when: np.datetime64, zone: ZoneInfo) -> date:
    """The local calendar day of a moment."""
    return to_datetime(when).astimezone(zone).date()


def local_dates(times: Times, timezone: str) -> list[str]:
    """The local calendar day of each moment in ISO 8601, shape (n,); `never` where missing."""
    local = aware(times).tz_convert(timezone).tz_localize(None).to_numpy().astype("datetime64[D]")
    texts = np.datetime_as_string(local)
    return list(np.where(np.isnat(local), "never", texts).tolist())


def utc_texts(times: Times) -> list[str | None]:
    """Each moment in ISO 8601 to the microsecond, None where missing, shape (n,)."""
    texts = np.datetime_as_string(np.asarray(times, dtype="datetime64[us]"), unit="us").tolist()
    return [None if text == "NaT" else f"{text}Z" for text in texts]


def at_local(day: date, clock: time, zone: ZoneInfo, *, is_second: bool = False) -> np.datetime64:
    """A local wall-clock time as naive UTC.

    A time that a clock change skips becomes the same distance after the change; of a time that comes twice the first is
    taken, or the second when `is_second`.
    """
    local = datetime.combine(day, clock.replace(fold=int(is_second)), tzinfo=zone)
    if not is_second or local.utcoffset() == local.replace(fold=0).utcoffset():
        return moment(local)
    return max(moment(local), moment(local.replace(fold=0)))


def day_bounds(when: np.datetime64, zone: ZoneInfo) -> tuple[np.datetime64, np.datetime64]:
    """Start and end (excluded) of the local day that a moment lies in."""
    today = local_date(when, zone)
    return at_local(today, time.min, zone), at_local(today + timedelta(days=1), time.min, zone)


def to_datetime(when: np.datetime64) -> datetime:
    """A moment as an aware datetime in UTC."""
    return pd.Timestamp(when).tz_localize("UTC").to_pydatetime()
