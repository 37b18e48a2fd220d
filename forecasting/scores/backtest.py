"""Does a declared score tell who acts next? Each score against fixed thresholds, by rolling origin.

At every origin the score is worked out from what was known, and judged by who did what the playbook wants (a purchase,
a trial, a demo) within the horizon. Nothing is fitted, so nothing is chosen on what is reported. The rival is what a
marketer does without a score: a fixed threshold on one dimension, "at least one of these in the window", for every
dimension of the score, and the best of them is the one to beat.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.backtest import AGAINST_COLUMNS, ORIGIN_COLUMNS, SCORE_COLUMNS, Backtest, Curve, known_before
from forecasting.errors import TooLittleDataError
from forecasting.inputs import moment, utc_times
from forecasting.scores.forecast import score_tables
from forecasting.scores.settings import ScoreSettings
from forecasting.values import Floats

ORIGINS: Final = 6
HORIZON_DAYS: Final = 28
DRAWS: Final = 400
METRIC: Final = "area under the curve"

Flags = npt.NDArray[np.bool_]


def backtest_scores(
    tables: Mapping[str, pd.DataFrame],
    settings: ScoreSettings,
    *,
    as_of: datetime,
    timezone: str,
    seed: int,
    wanted: Sequence[str] = ("Demo Requested", "Trial Started"),
    report: Callable[[str], None] = lambda _: None,
) -> Backtest:
    """How well the first score of customers that rests on acts tells who does what is wanted within 28 days.

    Args:
        tables: Canonical tables; customers and signals, and purchases where there are any.
        settings: The playbook's declarations.
        as_of: Aware datetime; the last horizon ends there.
        timezone: IANA time zone of the playbook.
        seed: Of the bootstrap over customers, for the paired interval.
        wanted: Names of signals that count as acting, beside a purchase.
        report: Told which origin is worked on.

    Raises:
        TooLittleDataError: No such score, or nobody or everybody acts after every origin.
    """
    named = [
        one for one in settings.scores if one.of == "customer" and any(d.attribute is None for d in one.dimensions)
    ]
    if not named:
        raise TooLittleDataError(
            "No score of customers rests on what they do.", where="scores", remedy="Declare one in scores.yaml."
        )
    chosen = ScoreSettings(scores=(named[0],))
    parts: list[tuple[datetime, Floats, Floats, Flags]] = []
    for back in range(ORIGINS, 0, -1):
        origin = as_of - timedelta(days=HORIZON_DAYS * back)
        report(f"origin {origin.date()}")
        scores = score_tables(known_before(tables, origin), chosen, as_of=origin, timezone=timezone).customers
        (points,) = scores.points
        acts = _acts(tables, scores.subject_id, wanted, origin, origin + timedelta(days=HORIZON_DAYS))
        if 0 < acts.sum() < len(acts):
            parts.append((origin, points.value, (points.counted > 0).astype(np.float64), acts))
    if not parts:
        raise TooLittleDataError(
            "Nobody, or everybody, acts after every origin.", where="scores", remedy="Give it a longer history."
        )
    names = [f"at least one: {name}" for name in _dimensions(chosen)]
    truth = np.concatenate([acts for *_, acts in parts])
    ours = np.concatenate([value for _, value, _, _ in parts])
    rivals = np.vstack([any_of for _, _, any_of, _ in parts])
    areas = [area(rivals[:, column], truth) for column in range(rivals.shape[1])]
    best = int(np.argmax(areas))
    draws = _draws(ours, rivals[:, best], truth, len(parts), seed)
    low, high = np.quantile(draws[:, 0] - draws[:, 1], [0.025, 0.975])
    mine = (
        named[0].name,
        METRIC,
        area(ours, truth),
        *np.quantile(draws[:, 0], [0.025, 0.975]),
        len(truth),
        True,
        False,
    )
    others = [
        (name, METRIC, found, np.nan, np.nan, len(truth), False, False)
        for name, found in zip(names, areas, strict=True)
    ]
    by_origin = [
        (pd.Timestamp(origin), name, METRIC, area(column, acts), len(acts))
        for origin, value, any_of, acts in parts
        for name, column in ((named[0].name, value), (names[best], any_of[:, best]))
    ]
    difference = area(ours, truth) - areas[best]
    return Backtest(
        what="scores",
        subject=f"who buys or does {', '.join(wanted)} within {HORIZON_DAYS} days, by the score `{named[0].name}`",
        splits=f"{len(parts)} origins every {HORIZON_DAYS} days until {as_of.date()}; nothing is fitted",
        seed=seed,
        scores=pd.DataFrame([mine, *others], columns=list(SCORE_COLUMNS)),
        against=pd.DataFrame(
            [(names[best], METRIC, difference, low, high, bool(low > 0))], columns=list(AGAINST_COLUMNS)
        ),
        by_origin=pd.DataFrame(by_origin, columns=list(ORIGIN_COLUMNS)),
        curves=(_found(truth, {named[0].name: ours, names[best]: rivals[:, best]}),),
        notes=("The score was declared before; the rival is the best of its own dimensions in hindsight.",),
        is_better=bool(low > 0),
    )


def area(value: Floats, truth: Flags) -> float:
    """Area under the receiver's curve: how often somebody who acts has more than somebody who does not, ties half."""
    ranks = pd.Series(value).rank().to_numpy(dtype=np.float64)
    positive = int(truth.sum())
    negative = len(truth) - positive
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))


def _found(truth: Flags, values: Mapping[str, Floats]) -> Curve:
    """Of those who acted, the share among the customers with the most points; equal points share what they hold."""
    series = {}
    for name, value in values.items():
        points = pd.DataFrame({"value": value, "acted": truth, "rows": 1}).groupby("value").sum().iloc[::-1].cumsum()
        taken, acted = (np.append(0.0, points[column] / points[column].iloc[-1]) for column in ("rows", "acted"))
        series[name] = (taken, acted)
    return Curve(
        "Of those who acted, the share among the customers with the most points",
        "share of customers taken",
        "share of those who acted",
        "lines",
        series,
    )


def _dimensions(settings: ScoreSettings) -> list[str]:
    return [dimension.name for score in settings.scores for dimension in score.dimensions]


def _acts(
    tables: Mapping[str, pd.DataFrame],
    customers: npt.NDArray[np.object_],
    wanted: Sequence[str],
    since: datetime,
    until: datetime,
) -> Flags:
    """Who does what is wanted from `since` on and before `until`, shape (customers,)."""
    found = np.zeros(len(customers), dtype=np.bool_)
    for name, column in (("signals", "name"), ("purchases", "kind")):
        frame = tables.get(name)
        if frame is None or frame.empty:
            continue
        at = utc_times(frame, name, "occurred_at")
        is_meant = frame[column].isin(wanted if name == "signals" else ["sale"]).to_numpy(dtype=np.bool_)
        rows = frame[is_meant & (at >= moment(since)) & (at < moment(until))]
        found |= np.isin(customers.astype(str), rows["customer_id"].dropna().astype(str).unique())
    return found


def _draws(ours: Floats, rival: Floats, truth: Flags, origins: int, seed: int) -> Floats:
    """Areas of ours and of the rival in bootstrap draws of customers with all of their origins, shape (draws, 2)."""
    generator = np.random.default_rng(seed)
    customers = len(truth) // origins
    starts = customers * np.arange(origins)[:, np.newaxis]
    found = np.empty((DRAWS, 2))
    for draw in range(DRAWS):
        rows = (starts + generator.integers(0, customers, customers)).ravel()
        found[draw] = area(ours[rows], truth[rows]), area(rival[rows], truth[rows])
    return found
