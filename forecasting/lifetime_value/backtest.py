"""Lifetime value judged: fitted at origins in the past, beside simpler forecasts, by what customers then did.

Rivals: every customer's own rate of purchase going on (naive repeat), what the customer did in a window as long just
before, and RFM cells (recency, frequency, money by fifths) whose mean is learnt one window earlier. Nothing is chosen
or tuned here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.backtest import AGAINST_COLUMNS, ORIGIN_COLUMNS, SCORE_COLUMNS, Backtest, Curve, known_before, silent
from forecasting.cadence.shopping_days import ShoppingDays
from forecasting.errors import TooLittleDataError
from forecasting.inputs import local_days, local_midnight, moment
from forecasting.lifetime_value.histories import CustomerHistories, days_of_customers, histories_of
from forecasting.lifetime_value.losses import Losses, difference, rooted, score
from forecasting.lifetime_value.model import LifetimeValueModel
from forecasting.lifetime_value.settings import LifetimeValueSettings
from forecasting.values import Floats

OURS = "bg_nbd"
TO_BEAT = ("naive_repeat", "rfm")
FIFTHS = 5
CELL_STRENGTH = 5.0  # customers that the mean of all is worth beside a cell's own
BANDS = 10

MEASURES: Mapping[str, Callable[[Floats], Floats]] = {"mae": np.abs, "rmse": np.square}

# Expected shopping days and margin of every customer within the window, each of shape (customers,).
Expected = tuple[Floats, Floats]


@dataclass(frozen=True, eq=False)
class Followed:
    """What was forecast at an origin, and what followed.

    Attributes:
        origin: Local midnight, naive UTC.
        known: Histories at the origin.
        forecasts: By model.
        happened: Shopping days and margin within the window.
        low: Low end of the interval of margin; high likewise.
        p_alive: At the origin.
        source: What was fitted.
    """

    origin: np.datetime64
    known: CustomerHistories
    forecasts: Mapping[str, Expected]
    happened: Expected
    low: Floats
    high: Floats
    p_alive: Floats
    source: str


def backtest_value(
    tables: Mapping[str, pd.DataFrame],
    settings: LifetimeValueSettings | None = None,
    *,
    as_of: datetime,
    timezone: str,
    seed: int = 0,
    report: Callable[[str], None] = silent,
) -> Backtest:
    """Score lifetime value against its rivals on windows that end at as-of or before.

    Args:
        tables: purchases, [products].
        settings: Windows and margin.
        as_of: Aware datetime; later rows are not looked at.
        timezone: IANA name.
        seed: Noted in the result; nothing here is random.
        report: Told what is being done.

    Raises:
        TooLittleDataError: The history is too short for a single origin.
        ForecastingError: A table is not in the expected form.
    """
    chosen = settings or LifetimeValueSettings()
    today = int(local_days(np.array([moment(as_of)]), timezone)[0])
    truth = days_of_customers(tables, as_of=as_of, timezone=timezone, margin_pct=chosen.margin_pct)
    latest = today - chosen.backtest_days
    origins = [latest - chosen.backtest_step_days * back for back in reversed(range(chosen.backtest_origins))]
    # A window before the origin teaches the cells, and a history before that window tells customers apart.
    origins = [origin for origin in origins if origin - 1.5 * chosen.backtest_days >= truth.history_day]
    if not origins:
        raise TooLittleDataError(
            f"The history of {today - truth.history_day} days is too short to follow customers for "
            f"{chosen.backtest_days} days.",
            where="backtest of lifetime value",
            remedy="Set backtest_days to at most two fifths of the history.",
        )
    followed = []
    for origin in origins:
        report(f"lifetime value at {np.datetime64(origin, 'D')}")
        followed.append(_followed(tables, truth, chosen, origin=origin, timezone=timezone))
    return _judged(followed, chosen, seed)


def _followed(
    tables: Mapping[str, pd.DataFrame],
    truth: ShoppingDays,
    settings: LifetimeValueSettings,
    *,
    origin: int,
    timezone: str,
) -> Followed:
    moments = [local_midnight(day, timezone) for day in (origin, origin - settings.backtest_days)]
    at = [pd.Timestamp(one).tz_localize("UTC").to_pydatetime() for one in moments]
    days, earlier_days = (
        days_of_customers(
            known_before({"purchases": tables["purchases"]}, one)
            | {name: frame for name, frame in tables.items() if name == "products"},
            as_of=one,
            timezone=timezone,
            margin_pct=settings.margin_pct,
        )
        for one in at
    )
    known, earlier = (
        histories_of(part, as_of=one, timezone=timezone) for part, one in zip((days, earlier_days), at, strict=True)
    )
    window = settings.backtest_days
    model = LifetimeValueModel(level=settings.level).fit(known)
    low, high = model.interval(known, window)
    before = what_happened(days, earlier.customer_id, origin - window, window)
    recent = what_happened(days, known.customer_id, origin - window, window)
    frequency = (what_happened(earlier_days, earlier.customer_id, origin - 2 * window, window)[0], recent[0])
    naive = known.x / known.age * window
    forecasts = {
        OURS: model.expected(known, window),
        "naive_repeat": (naive, naive * known.spend * known.margin_share),
        "last_window": recent,
        "rfm": rfm(earlier, before, known, frequency),
        "mean": tuple(np.full(len(known), part.mean()) for part in before),
    }
    return Followed(
        origin=moments[0],
        known=known,
        forecasts={name: (pair[0], pair[1]) for name, pair in forecasts.items()},
        happened=what_happened(truth, known.customer_id, origin, window),
        low=low,
        high=high,
        p_alive=model.buying_.p_alive(known.x, known.t_x, known.age),
        source=model.source,
    )


def what_happened(days: ShoppingDays, customers: np.ndarray, first: int, window: int) -> Expected:
    """Shopping days and margin of these customers in a window that begins on a local day, each (customers,)."""
    position = pd.Index(customers).get_indexer(pd.Index(days.customers[days.pair_customer]))[days.pair]
    inside = (days.day >= first) & (days.day < first + window) & (position >= 0)
    counts = np.bincount(position[inside], minlength=len(customers)).astype(np.float64)
    margin = np.bincount(position[inside], days.margin[inside], minlength=len(customers))
    return counts, margin.astype(np.float64)


def rfm(
    earlier: CustomerHistories, followed: Expected, now: CustomerHistories, frequency: tuple[Floats, Floats]
) -> Expected:
    """Means of cells of recency, frequency and money, learnt at an earlier origin, for customers as they are now.

    Args:
        earlier: Histories at the earlier origin.
        followed: What these customers did in the window from then on.
        now: Histories at the origin.
        frequency: Shopping days in the window before each of the two origins.
    """
    measures = [
        (earlier.age - earlier.t_x, now.age - now.t_x),
        frequency,
        (earlier.spend * earlier.margin_share, now.spend * now.margin_share),
    ]
    past, present = np.zeros(len(earlier), dtype=np.int64), np.zeros(len(now), dtype=np.int64)
    for then, today in measures:
        cuts = np.quantile(then, np.arange(1, FIFTHS) / FIFTHS)
        past = past * FIFTHS + np.searchsorted(cuts, then, side="right")
        present = present * FIFTHS + np.searchsorted(cuts, today, side="right")
    cells = FIFTHS ** len(measures)
    size = np.bincount(past, minlength=cells)
    means = [
        (np.bincount(past, part, minlength=cells) + CELL_STRENGTH * part.mean()) / (size + CELL_STRENGTH)
        for part in followed
    ]
    return means[0][present], means[1][present]


def _judged(followed: list[Followed], settings: LifetimeValueSettings, seed: int) -> Backtest:
    window = settings.backtest_days
    scores, against, by_origin = [], [], []
    for position, unit in enumerate(("purchases", "margin")):
        total = sum(float(one.happened[position].sum()) for one in followed)
        for metric, measure in MEASURES.items():
            ours = _losses(followed, OURS, position, measure)
            for name in followed[0].forecasts:
                losses = ours if name == OURS else _losses(followed, name, position, measure)
                scores.append((name, f"{metric}_{unit}", *score(metric, losses), losses.rows, name == OURS, True))
                by_origin += [
                    (one.origin, name, f"{metric}_{unit}", rooted(metric, float(part.mean())), len(part))
                    for one, part in zip(followed, losses.parts, strict=True)
                ]
                if name != OURS:
                    against.append((name, f"{metric}_{unit}", *difference(metric, ours, losses)))
        for name in followed[0].forecasts:
            foreseen = sum(float(one.forecasts[name][position].sum()) for one in followed)
            share = foreseen / total if total else np.nan
            scores.append((name, f"foreseen_over_seen_{unit}", share, np.nan, np.nan, ours.rows, name == OURS, False))
    inside = [((one.happened[1] >= one.low) & (one.happened[1] <= one.high)).astype(np.float64) for one in followed]
    covered = Losses.of([one.known.customer_id for one in followed], inside)
    scores.append((OURS, "coverage_margin", *score("mae", covered), covered.rows, True, False))
    table = pd.DataFrame(against, columns=["rival", "metric", "difference", "low", "high"])
    table["wins"] = table["high"] < 0
    origins = pd.DataFrame(by_origin, columns=list(ORIGIN_COLUMNS))
    origins["origin"] = pd.to_datetime(origins["origin"]).dt.tz_localize("UTC").astype("datetime64[us, UTC]")
    decisive = table[(table["metric"] == "rmse_purchases") & table["rival"].isin(TO_BEAT)]
    return Backtest(
        what="value",
        subject=f"shopping days and margin of a customer within {window} days, without a touch",
        splits="; ".join(
            f"fitted before {np.datetime_as_string(one.origin, 'D')}, reported on the {window} days from then on"
            for one in followed
        ),
        seed=seed,
        scores=pd.DataFrame(scores, columns=list(SCORE_COLUMNS)),
        against=table[list(AGAINST_COLUMNS)],
        by_origin=origins,
        curves=_curves(followed, window),
        notes=(
            *dict.fromkeys(one.source for one in followed),
            f"It is better when the root mean square error of shopping days beats {' and '.join(TO_BEAT)}.",
            f"coverage_margin: share of customers who brought what the interval of {settings.level:.0%} says.",
        ),
        is_better=bool(decisive["wins"].all()),
    )


def _losses(followed: list[Followed], name: str, position: int, measure: Callable[[Floats], Floats]) -> Losses:
    return Losses.of(
        [one.known.customer_id for one in followed],
        [measure(one.forecasts[name][position] - one.happened[position]) for one in followed],
    )


def _curves(followed: list[Followed], window: int) -> tuple[Curve, ...]:
    happened = np.concatenate([one.happened[0] for one in followed])
    series = {
        name: _bands(np.concatenate([one.forecasts[name][0] for one in followed]), happened)
        for name in (OURS, "naive_repeat", "rfm")
    }
    came = (happened > 0).astype(np.float64)
    alive = _bands(np.concatenate([one.p_alive for one in followed]), came)
    return (
        Curve(
            title="Shopping days foreseen and seen, customers in ten bands of the forecast",
            x_label=f"foreseen shopping days in {window} days",
            y_label="seen shopping days",
            kind="reliability",
            series=series,
        ),
        Curve(
            title=f"Share of customers who came within {window} days, by the chance that they are still customers",
            x_label="P(alive)",
            y_label="share who came",
            kind="lines",
            series={OURS: alive},
        ),
    )


def _bands(forecast: Floats, happened: Floats) -> tuple[Floats, Floats]:
    parts = [part for part in np.array_split(np.argsort(forecast, kind="stable"), BANDS) if len(part)]
    return np.array([forecast[part].mean() for part in parts]), np.array([happened[part].mean() for part in parts])
