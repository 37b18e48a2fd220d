"""Send windows judged by where engagement fell afterwards, beside what one would use instead.

At every origin windows are chosen from what was known and judged by the engaged hours of the next four weeks: the
share of a customer's engagement that fell into the window. Customers count alike. The rivals are one global hour for
everybody, every customer's own most frequent hour (the global one where nothing is known), and the segment's hour.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.backtest import (
    AGAINST_COLUMNS,
    ORIGIN_COLUMNS,
    SCORE_COLUMNS,
    Backtest,
    Curve,
    insist_on_no_leak,
    mean_interval,
    silent,
)
from forecasting.errors import TooLittleDataError
from forecasting.inputs import moment
from forecasting.timing.engagement import Engagement, engagement
from forecasting.timing.forecast import fitted, forecast_timing, origins
from forecasting.timing.settings import TimingSettings
from forecasting.timing.trying import share_held
from forecasting.timing.week_shares import window_start
from forecasting.values import Floats

ORIGINS = 4
STEP_DAYS = 28
OURS = "favourite hour"
RIVALS = ("one global hour", "own most frequent hour", "segment's hour")
METRIC = "share of engagement within the window"
LEAST_CUSTOMERS = 10
BANDS = 10


def backtest_timing(
    tables: Mapping[str, pd.DataFrame],
    settings: TimingSettings,
    *,
    as_of: datetime,
    timezone: str,
    seed: int,
    report: Callable[[str], None] = silent,
) -> Backtest:
    """Score send windows on four rolling origins of four weeks each.

    Raises:
        TooLittleDataError: Fewer than ten customers engaged before and after every origin.
        LeakError: Rows from the last origin on change the windows.
        ForecastingError: A column is missing, or a time zone is none.
    """
    at = origins(as_of, count=ORIGINS, step_days=STEP_DAYS)

    def forecaster(known: Mapping[str, pd.DataFrame], origin: datetime) -> pd.DataFrame:
        return forecast_timing(known, settings, as_of=origin, timezone=timezone, seed=seed)

    parts = []
    for origin in at:
        judged = _judged(tables, settings, origin=origin, timezone=timezone, seed=seed)
        report(f"{origin.date()}: {len(judged):,} customers engaged afterwards")
        parts.append(judged)
    cases = pd.concat(parts, ignore_index=True)
    if len(cases) < LEAST_CUSTOMERS:
        raise TooLittleDataError(
            f"{len(cases)} customers engaged after an origin.",
            where="timing",
            remedy=f"Give {LEAST_CUSTOMERS} at least, with engagement in the last {ORIGINS * STEP_DAYS} days.",
        )
    insist_on_no_leak(forecaster, tables, at[-1])
    return _backtest(cases, at, settings, seed, _notes(tables, settings, as_of, timezone))


def _notes(
    tables: Mapping[str, pd.DataFrame], settings: TimingSettings, as_of: datetime, timezone: str
) -> tuple[str, ...]:
    return (
        *engagement(tables, settings, as_of=as_of, timezone=timezone).notes,
        "Where customers engage is forecast; that a message is worth more then, only sends at random hours can show.",
    )


def _judged(
    tables: Mapping[str, pd.DataFrame], settings: TimingSettings, *, origin: datetime, timezone: str, seed: int
) -> pd.DataFrame:
    """One row per customer who engaged within the step after the origin: a share per model, and what was expected."""
    before = engagement(tables, settings, as_of=origin, timezone=timezone)
    if not len(before.at):
        return pd.DataFrame()
    model = fitted(before, settings, as_of=origin, seed=seed)
    counts = before.counts()
    habits = model.predict(counts, before.segment)
    alone = model.predict(np.zeros_like(counts), before.segment)
    chosen = {
        OURS: habits.window_start,
        **_rivals(counts, settings.window_hours),
        RIVALS[2]: alone.window_start,
    }
    later = _later(tables, settings, before, origin, timezone)
    engaged = later.sum(axis=1)
    rows = np.flatnonzero(engaged > 0)
    shares = {name: share_held(later[rows], starts[rows], settings.window_hours) for name, starts in chosen.items()}
    return pd.DataFrame(
        {
            "origin": pd.Timestamp(origin).tz_convert("UTC"),
            "customer_id": before.customer_id[rows],
            "expected": habits.share[rows],
            "engaged": engaged[rows],
            "is_known": counts[rows].sum(axis=1) > 0,
            **shares,
        }
    )


def _rivals(counts: Floats, window_hours: int) -> dict[str, npt.NDArray[np.int64]]:
    """First hours of the rivals' windows, placed around their hours just as ours are."""
    everybody = np.broadcast_to(counts.sum(axis=0), counts.shape)
    own = np.where(counts.sum(axis=1, keepdims=True) > 0, counts, everybody)
    return {
        name: window_start(profile, profile.argmax(axis=1).astype(np.int64), window_hours)
        for name, profile in zip(RIVALS[:2], (everybody, own), strict=True)
    }


def _later(
    tables: Mapping[str, pd.DataFrame], settings: TimingSettings, before: Engagement, origin: datetime, timezone: str
) -> Floats:
    """Engaged hours of the same customers within the step after the origin, shape (customers, 168)."""
    after = engagement(tables, settings, as_of=origin + timedelta(days=STEP_DAYS), timezone=timezone)
    counts = after.counts(since=moment(origin))
    place = pd.Index(after.customer_id).get_indexer(pd.Index(before.customer_id))
    return np.where((place >= 0)[:, None], counts[place], 0.0)


def _backtest(
    cases: pd.DataFrame, at: tuple[datetime, ...], settings: TimingSettings, seed: int, notes: tuple[str, ...]
) -> Backtest:
    models = (OURS, *RIVALS)
    customers = cases["customer_id"].to_numpy(dtype=object)
    scores = pd.DataFrame(
        [
            (name, METRIC, *mean_interval(cases[name].to_numpy(), customers), len(cases), name == OURS, False)
            for name in models
        ],
        columns=list(SCORE_COLUMNS),
    )
    rows = []
    for rival in RIVALS:
        difference, low, high = mean_interval((cases[OURS] - cases[rival]).to_numpy(), customers)
        rows.append((rival, METRIC, difference, low, high, low > 0))
    against = pd.DataFrame(rows, columns=list(AGAINST_COLUMNS))
    by_origin = pd.DataFrame(
        [
            (origin, name, METRIC, float(group[name].mean()), len(group))
            for origin, group in cases.groupby("origin")
            for name in models
        ],
        columns=list(ORIGIN_COLUMNS),
    )
    order = cases["expected"].argsort(kind="stable")
    bands = [cases.iloc[part] for part in np.array_split(order.to_numpy(), min(BANDS, len(cases)))]
    expected = np.array([band["expected"].mean() for band in bands])
    happened = np.array([band[OURS].mean() for band in bands])
    curve = Curve(
        "Share of engagement expected within the window, and found there",
        "expected share",
        "found share",
        "reliability",
        {OURS: (expected, happened)},
    )
    is_ahead = against.set_index("rival")["wins"]
    return Backtest(
        what="timing",
        subject=f"share of a customer's engaged hours within {settings.window_hours} hours of a local week",
        splits=f"fitted before and judged on the {STEP_DAYS} days after each of "
        + ", ".join(str(origin.date()) for origin in at),
        seed=seed,
        scores=scores,
        against=against,
        by_origin=by_origin,
        curves=(curve,),
        notes=notes,
        is_better=bool(is_ahead[RIVALS[0]] and is_ahead[RIVALS[1]]),
    )
