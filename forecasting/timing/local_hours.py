"""Moments to local hours of the week and back, by every customer's own time zone."""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.values import Keys, Times
from forecasting.values.timing import HOURS_PER_WEEK

Hours = npt.NDArray[np.int64]

_MONDAY = np.datetime64("1970-01-05T00", "h")


def is_zone(name: object) -> bool:
    """Whether this names an IANA time zone."""
    if not isinstance(name, str) or not name:
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def insist_on_zone(name: str) -> None:
    """Refuse a playbook's time zone that does not exist.

    Raises:
        ForecastingError: Names it.
    """
    if not is_zone(name):
        raise ForecastingError(
            f"{name!r} is no time zone.", where="timing", remedy="Use an IANA name such as Europe/Berlin."
        )


def local_hours(times: Times, zones: Keys) -> Hours:
    """Hours of local wall-clock time since Monday 1970-01-05 00:00, shape of `times`.

    Where clocks go back, both runs of the repeated hour are the same local hour; where they go forward, the hour that
    is skipped never occurs.
    """
    hours = np.zeros(len(times), dtype=np.int64)
    for zone, rows in _by_zone(zones):
        local = pd.DatetimeIndex(times[rows]).tz_localize("UTC").tz_convert(zone).tz_localize(None)
        hours[rows] = (local.to_numpy().astype("datetime64[h]") - _MONDAY).astype(np.int64)
    return hours


def hour_of_week(hours: Hours) -> Hours:
    """0 for Monday 00:00 to 167 for Sunday 23:00."""
    return hours % HOURS_PER_WEEK


def next_moments(week_hours: Hours, zones: Keys, as_of: np.datetime64) -> Times:
    """The first moment from as-of on at which a local hour of the week begins, naive UTC datetime64[us].

    An hour that the clocks skip begins when they have gone forward; of an hour that comes twice the first one counts,
    unless it is over at as-of, when next week's is meant.
    """
    moments = np.empty(len(week_hours), dtype="datetime64[us]")
    for zone, rows in _by_zone(zones):
        now = local_hours(np.array([as_of]), np.array([zone], dtype=object))[0]
        ahead = (week_hours[rows] - now) % HOURS_PER_WEEK
        found = _moment(now + ahead, zone)
        late = found < as_of
        found[late] = _moment((now + ahead)[late] + HOURS_PER_WEEK, zone)
        moments[rows] = found
    return moments


def _moment(hours: Hours, zone: str) -> Times:
    naive = pd.DatetimeIndex((_MONDAY + hours.astype("timedelta64[h]")).astype("datetime64[us]"))
    first = np.ones(len(naive), dtype=bool)
    aware = naive.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    return np.asarray(aware.tz_convert("UTC").tz_localize(None).to_numpy(dtype="datetime64[us]"))


def _by_zone(zones: Keys) -> Iterator[tuple[str, Hours]]:
    codes, names = pd.factorize(pd.Series(zones, dtype=object), sort=True)
    for place, zone in enumerate(names):
        yield str(zone), np.flatnonzero(codes == place)


def hours_later(times: Times, hours: int) -> Times:
    """So many hours of real time later."""
    return times + np.timedelta64(timedelta(hours=hours))
