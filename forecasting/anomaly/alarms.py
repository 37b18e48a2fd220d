"""Alarms: days, or three days together, that surprise more than all but a few of the days before did.

What is usual is each metric's own past: the larger tenth of past surprises is continued by an exponential tail
(peaks over a threshold; Pickands 1975), so heavy tails and errors that last widen what is usual by themselves. That
is done for one day and for three days together, because a small lasting shift shows in their mean; each of the three
counts three usual surprises at most, so that one huge day of a metric with heavy tails does not make large means usual
(Huber 1964). What surprised on the day before is expected to fade as the metric's errors usually do (an autoregression
of order one, estimated robustly), so that errors that last do not hide a shift.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.anomaly.baseline import CLIP, NORMAL_MAD, START_DAYS, Expected, expected
from forecasting.anomaly.settings import AnomalySettings
from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.inputs import require
from forecasting.values import Floats, Keys
from forecasting.values.anomaly import Anomalies

WINDOWS = (1, 3)
TAIL = 0.1
"""Share of past surprises from which on the tail is continued."""
NORMAL_EXCESS = 0.42
"""Mean excess of a normal distribution beyond its larger tenth, in standard deviations."""
NORMAL_EDGE = 1.645
"""Where the larger tenth of a normal distribution begins, in standard deviations."""
LEAST_SCALE = 0.7
"""Of surprises, which are in units of their usual size: most days at zero must not make one event an anomaly."""
PRIOR_EXCESSES = 6.0
LARGEST = 5.0
"""Past surprises count at most so many usual ones: an old incident must not make the next one usual."""
LARGEST_OF_SEVERAL = 3.0
"""What one of several days together counts at most, in usual surprises."""
KEPT_UP = 0.5
"""The last day of an alarm must surprise at least so much of what its days do on average."""
JOINED_DAYS = 3
"""Alarms with so many calm days or fewer between them are one."""
REFRESH_DAYS = 7
PRIOR_DAYS = 10.0
"""Days without any connection that a metric's past must outweigh before surprises are taken to last."""
MOST_LASTING = 0.9


@dataclass(frozen=True, eq=False)
class _Watched:
    """Metrics as a matrix of consecutive days."""

    series_id: Keys
    first_day: np.datetime64
    metrics: Floats
    begins: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    notes: tuple[str, ...]


def find_anomalies(series: pd.DataFrame | pd.Series, settings: AnomalySettings | None = None) -> Anomalies:
    """Watch metrics for days that leave their own baseline.

    Args:
        series: Daily values: a Series by day, or a table of series_id, day and value with one row per series and
            day. Days are dates or datetimes at midnight; missing days and values are missing, not zero.
        settings: How seldom alarms may be false.

    Raises:
        TooLittleDataError: No series is long enough to be watched.
        ForecastingError: A column is missing, a day comes twice, a day is no whole day, or a value is infinite.
    """
    settings = settings or AnomalySettings()
    watched = _watched(series, settings)
    baseline = expected(watched.metrics)
    found = np.full(watched.metrics.shape, 0, dtype=np.int32)
    limits = np.zeros(watched.metrics.shape)
    today = baseline.surprise / baseline.scale
    lasting = _lasting(today, settings)
    for window in WINDOWS:
        counted = today if window == 1 else np.clip(today, -LARGEST_OF_SEVERAL, LARGEST_OF_SEVERAL)
        mean = _mean_of(counted, window) - _carried(today, lasting, window)
        bound = _bounds(mean, settings, window)
        is_kept_up = today * np.sign(mean) >= KEPT_UP * np.abs(mean)
        is_out = (np.abs(mean) > bound) & is_kept_up & (found == 0)
        found[is_out] = window
        limits[is_out] = bound[is_out]
    day = np.arange(watched.metrics.shape[1])[None, :]
    found[(day < (watched.begins + settings.least_history_days)[:, None]) | (day > watched.ends[:, None])] = 0
    return _alarms(watched, baseline, lasting, found, limits)


def _watched(series: pd.DataFrame | pd.Series, settings: AnomalySettings) -> _Watched:
    table = _table(series)
    require(table, "series", ("series_id", "day", "value"))
    day = pd.to_datetime(table["day"])
    if getattr(day.dt, "tz", None) is not None:
        day = day.dt.tz_localize(None)
    if day.isna().any() or (day != day.dt.normalize()).any():
        raise ForecastingError(
            "A day is missing or no whole day.", where="series", remedy="Give one row per local day."
        )
    value = table["value"].to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(value).any():
        place = int(np.flatnonzero(np.isinf(value))[0])
        raise ForecastingError(f"The value of row {place} is infinite.", where="series", remedy="Leave such days out.")
    twice = table.assign(day=day).duplicated(["series_id", "day"])
    if twice.any():
        row = table[twice].iloc[0]
        raise ForecastingError(
            f"{row['series_id']} has {row['day']} more than once.", where="series", remedy="Give one row per day."
        )
    known = table.assign(day=day, value=value).dropna(subset=["value"])
    wide = known.pivot_table(index="series_id", columns="day", values="value", aggfunc="first")
    if not len(wide):
        raise TooLittleDataError("There are no values.", where="series", remedy="Give daily values.")
    days = pd.date_range(wide.columns.min(), wide.columns.max(), freq="D")
    wide = wide.reindex(columns=days).sort_index()
    matrix = wide.to_numpy(dtype=np.float64)
    is_there = ~np.isnan(matrix)
    begins = is_there.argmax(axis=1)
    ends = matrix.shape[1] - 1 - is_there[:, ::-1].argmax(axis=1)
    return _aligned(wide.index.to_numpy(dtype=object), days[0], matrix, (begins, ends), settings)


def _aligned(
    names: Keys,
    first: pd.Timestamp,
    matrix: Floats,
    ends: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    settings: AnomalySettings,
) -> _Watched:
    """Leave out what is too short; fill what lies before a series' first day with its first four weeks."""
    begins, last = ends
    known = (~np.isnan(matrix)).sum(axis=1)
    is_long = (last - begins >= settings.least_history_days) & (known >= settings.least_history_days // 2)
    if not is_long.any():
        raise TooLittleDataError(
            f"No series has more than {settings.least_history_days} days; the longest has {int(known.max())}.",
            where="series",
            remedy="Give a longer history, or lower least_history_days.",
        )
    notes = [
        f"{name} has {days} days in the table: too few to be watched."
        for name, days in zip(names[~is_long], known[~is_long], strict=True)
    ]
    gaps = (last - begins + 1 - known)[is_long]
    notes += [
        f"{name} misses {gap} days, which are neither expected nor alarming."
        for name, gap in zip(names[is_long], gaps, strict=True)
        if gap
    ]
    kept, begins = matrix[is_long], begins[is_long]
    # weeks repeat backwards, so that the smoothing begins with the series' own first weeks and keeps weekdays
    back = np.arange(kept.shape[1])[None, :]
    ahead = np.where(back < begins[:, None], back + START_DAYS * -((back - begins[:, None]) // START_DAYS), back)
    filled = np.take_along_axis(kept, np.minimum(ahead, kept.shape[1] - 1), axis=1)
    return _Watched(names[is_long], np.datetime64(first.date(), "D"), filled, begins, last[is_long], tuple(notes))


def _table(series: pd.DataFrame | pd.Series) -> pd.DataFrame:
    if isinstance(series, pd.DataFrame):
        return series
    name = str(series.name) if series.name is not None else "metric"
    return pd.DataFrame({"series_id": name, "day": series.index, "value": series.to_numpy()}).astype(
        {"series_id": object}
    )


def _mean_of(surprises: Floats, window: int) -> Floats:
    """Mean surprise of the last days; nan where one of them is missing."""
    mean = surprises.copy()
    for back in range(1, window):
        mean[:, back:] += surprises[:, :-back]
    mean[:, : window - 1] = np.nan
    return np.asarray(mean / window)


def _lasting(today: Floats, settings: AnomalySettings) -> Floats:
    """Share of a surprise that is usually still there a day later, known the day before; renewed weekly."""
    days = today.shape[1]
    counted = np.clip(np.nan_to_num(today), -CLIP, CLIP)
    lasting = np.zeros(today.shape)
    for start in range(START_DAYS, days, REFRESH_DAYS):
        past = counted[:, max(START_DAYS // 2, start - settings.remembered_days) : start]
        together = (past[:, 1:] * past[:, :-1]).sum(axis=1)
        share = together / ((past[:, :-1] ** 2).sum(axis=1) + PRIOR_DAYS)
        lasting[:, start : start + REFRESH_DAYS] = np.clip(share, 0.0, MOST_LASTING)[:, None]
    return lasting


def _carried(today: Floats, lasting: Floats, window: int) -> Floats:
    """What the surprise of the day before the last days lets one expect of their mean."""
    carried = np.zeros(today.shape)
    before = np.clip(np.nan_to_num(today[:, :-window]), -CLIP, CLIP)
    shares = lasting[:, window:]
    carried[:, window:] = before * sum(shares**ahead for ahead in range(1, window + 1)) / window
    return carried


def _bounds(surprises: Floats, settings: AnomalySettings, window: int) -> Floats:
    """How large a surprise is usual at most, day by day, from the days before; renewed weekly."""
    days = surprises.shape[1]
    bounds = np.full(surprises.shape, np.inf)
    chance = settings.false_alarms_per_day / len(WINDOWS)
    for start in range(settings.least_history_days, days, REFRESH_DAYS):
        past = np.abs(surprises[:, max(START_DAYS // 2, start - settings.remembered_days) : start])
        bounds[:, start : start + REFRESH_DAYS] = _usual(past, chance, LEAST_SCALE / window**0.5)[:, None]
    return bounds


def _usual(past: Floats, chance: float, least_scale: float) -> Floats:
    """The size that a surprise exceeds with this chance, per series."""
    known = (~np.isnan(past)).sum(axis=1)
    is_known = known > 0
    bound = np.full(len(past), np.inf)
    rows = past[is_known]
    scale = np.maximum(NORMAL_MAD * np.nanmedian(rows, axis=1), least_scale)
    rows = np.minimum(rows, LARGEST * scale[:, None])
    edge = np.nanquantile(rows, 1 - TAIL, axis=1)
    excess = np.where(rows > edge[:, None], rows - edge[:, None], 0.0)
    beyond = (rows > edge[:, None]).sum(axis=1)
    mean_excess = (excess.sum(axis=1) + PRIOR_EXCESSES * NORMAL_EXCESS * scale) / (beyond + PRIOR_EXCESSES)
    bound[is_known] = np.maximum(edge, NORMAL_EDGE * least_scale) + mean_excess * np.log(TAIL / chance)
    return bound


def _alarms(
    watched: _Watched, baseline: Expected, lasting: Floats, found: npt.NDArray[np.int32], limits: Floats
) -> Anomalies:
    """Days that belong together become one alarm."""
    rows, days = np.nonzero(found)
    is_new = np.ones(len(rows), dtype=bool)
    sign = np.sign(_at(_mean_of(baseline.surprise, 1), rows, days))
    is_new[1:] = (np.diff(rows) != 0) | (np.diff(days) > JOINED_DAYS + 1) | (np.diff(sign) != 0)
    first = np.flatnonzero(is_new)
    last = np.append(first[1:], len(rows)) - 1
    row, day, window = rows[first], days[first], found[rows[first], days[first]]
    until = days[last] if len(first) else days
    centre, mean_surprise, scale = (np.zeros(len(first)) for _ in range(3))
    for width in WINDOWS:
        chosen = window == width
        carried = _carried(baseline.surprise / baseline.scale, lasting, width) * baseline.scale
        for values, target in (
            (_mean_of(baseline.centre, width) + carried, centre),
            (_mean_of(baseline.surprise, width) - carried, mean_surprise),
            (_mean_of(baseline.scale, width), scale),
        ):
            target[chosen] = _at(values, row[chosen], day[chosen])
    usual = limits[row, day] * scale
    one = Expected(centre, mean_surprise, scale, baseline.form[row], baseline.unit[row])
    expected_value, value, low, high = (
        one.back(level[:, None])[:, 0] for level in (centre, centre + mean_surprise, centre - usual, centre + usual)
    )
    return Anomalies(
        series_id=watched.series_id[row],
        found_at=watched.first_day + day.astype("timedelta64[D]"),
        since=watched.first_day + _since(baseline, row, day, window).astype("timedelta64[D]"),
        until=watched.first_day + until.astype("timedelta64[D]"),
        is_open=until == watched.ends[row],
        value=value,
        expected=expected_value,
        low=low,
        high=high,
        change=np.where(expected_value != 0, value / np.where(expected_value != 0, expected_value, 1.0) - 1, 0.0),
        window_days=window.astype(np.int32),
        notes=watched.notes,
    )


def _at(values: Floats, rows: npt.NDArray[np.int64], days: npt.NDArray[np.int64]) -> Floats:
    return np.asarray(values[rows, days])


def _since(
    baseline: Expected, row: npt.NDArray[np.int64], day: npt.NDArray[np.int64], window: npt.NDArray[np.int32]
) -> npt.NDArray[np.int64]:
    """First day of the window from which on all surprises go one way and are larger than usual."""
    since = day.copy()
    standard = baseline.surprise / baseline.scale
    is_on = np.ones(len(row), dtype=bool)
    for back in range(1, max(WINDOWS)):
        before = standard[row, np.maximum(day - back, 0)]
        is_on &= (window > back) & (before * standard[row, day] > 0) & (np.abs(before) > 1)
        since = np.where(is_on, day - back, since)
    return np.asarray(since, dtype=np.int64)
