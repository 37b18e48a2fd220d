"""The media mix judged by the outcome of periods that it did not see, given what was spent in them.

What a return really is no table tells, so this scores what can be seen: the outcome of the next four periods, beside a
linear regression on the same period's spend with the same baseline, and the baseline without spend. Whether returns are
right is measured where they are known, in simulated worlds (`benchmarks/media_mix.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from forecasting.backtest import (
    AGAINST_COLUMNS,
    ORIGIN_COLUMNS,
    SCORE_COLUMNS,
    Backtest,
    Curve,
    insist_on_no_leak,
    silent,
)
from forecasting.errors import TooLittleDataError
from forecasting.media_mix.baseline import columns
from forecasting.media_mix.forecast import believed, fitted, forecast_media_mix
from forecasting.media_mix.panel import LEAST_PERIODS, LENGTH, Panel, panel
from forecasting.media_mix.settings import MediaMixSettings
from forecasting.values import Floats

ORIGINS = 6
HORIZON = 4
OURS = "carry-over and saturation"
RIVALS = ("linear regression", "baseline without spend")
METRIC = "WAPE"
COVERAGE = "coverage of the 90 % interval"
NORMAL_90, NORMAL_95 = 1.644854, 1.959964


def backtest_media_mix(
    tables: Mapping[str, pd.DataFrame],
    settings: MediaMixSettings,
    *,
    as_of: datetime,
    timezone: str,
    seed: int,
    report: Callable[[str], None] = silent,
) -> Backtest:
    """Score the outcome of four periods after each of six rolling origins.

    Raises:
        TooLittleDataError: Fewer periods than origins and horizon need beside those to fit on.
        LeakError: Rows from the last origin on change the returns.
        ForecastingError: Wrong tables.
    """
    data = panel(tables, settings, as_of=as_of, timezone=timezone)
    if data.periods < LEAST_PERIODS + ORIGINS * HORIZON:
        raise TooLittleDataError(
            f"There are {data.periods} whole {settings.period}s.",
            where="media mix",
            remedy=f"A backtest needs {LEAST_PERIODS + ORIGINS * HORIZON}.",
        )
    parts = []
    for back in range(ORIGINS, 0, -1):
        known = data.periods - back * HORIZON
        judged = _judged(data, settings, known, seed)
        report(f"{np.datetime64(int(data.first_day[known]), 'D')}: {len(judged)} {settings.period}s judged")
        parts.append(judged)
    cases = pd.concat(parts, ignore_index=True)

    def forecaster(known: Mapping[str, pd.DataFrame], origin: datetime) -> pd.DataFrame:
        return forecast_media_mix(known, settings, as_of=origin, timezone=timezone, seed=seed)

    insist_on_no_leak(forecaster, tables, as_of - timedelta(days=HORIZON * LENGTH[settings.period]))
    found = believed(data, fitted(data, settings, seed=seed), settings)
    notes = (
        *data.notes,
        *(
            f"{name}: {grade}, {why}."
            for name, grade, why in zip(found.channel_id, found.grade, found.source, strict=True)
        ),
        "A good score does not make a return true: demand that moves spend and sales predicts sales just as well.",
    )
    curve = Curve(
        f"What spend brings per {settings.period}",
        f"spend per {settings.period}",
        f"outcome per {settings.period}",
        "lines",
        {
            f"{name} ({grade})": (spend, brought)
            for name, grade, spend, brought in zip(
                found.channel_id, found.grade, found.curve_spend, found.curve, strict=True
            )
        },
        {
            f"{name} ({grade})": (low, high)
            for name, grade, low, high in zip(
                found.channel_id, found.grade, found.curve_low, found.curve_high, strict=True
            )
        },
    )
    return _backtest(cases, curve, notes, settings, seed)


def cut(data: Panel, periods: int) -> Panel:
    """The first periods of a panel."""
    return replace(
        data,
        first_day=data.first_day[:periods],
        spend=data.spend[:periods],
        outcome=data.outcome[:periods],
        controls=data.controls[:periods],
    )


def _judged(data: Panel, settings: MediaMixSettings, known: int, seed: int) -> pd.DataFrame:
    """One row per period of the horizon: what came, and what each model expected of it."""
    whole = cut(data, known + HORIZON)
    past = cut(data, known)
    spent = past.spend.sum(axis=0) > 0
    whole, past = _with_channels(whole, spent), _with_channels(past, spent)
    fixed = columns(whole)
    ours, spread = _ours(past, whole, settings, known, seed) if spent.any() else _alone(fixed, whole, known)
    return pd.DataFrame(
        {
            "origin": str(np.datetime64(int(data.first_day[known]), "D")),
            "actual": whole.outcome[known:],
            OURS: ours,
            "spread": spread,
            RIVALS[0]: _regressed(np.column_stack([whole.spend, fixed]), whole.outcome, known),
            RIVALS[1]: _regressed(fixed, whole.outcome, known),
        }
    )


def _with_channels(data: Panel, chosen: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Panel:
    return replace(
        data,
        channel_id=data.channel_id[chosen],
        spend=data.spend[:, chosen],
        earlier_spend=data.earlier_spend[:, chosen],
    )


def _ours(past: Panel, whole: Panel, settings: MediaMixSettings, known: int, seed: int) -> tuple[Floats, Floats]:
    return fitted(past, settings, seed=seed).predict(whole, known)


def _alone(fixed: Floats, whole: Panel, known: int) -> tuple[Floats, Floats]:
    """Before anything was spent there is only the baseline."""
    expected = _regressed(fixed, whole.outcome, known)
    rest = whole.outcome[:known] - _regressed(fixed, whole.outcome, known, told=slice(0, known))
    return expected, np.full(len(expected), float(rest.std()))


def _regressed(matrix: Floats, outcome: Floats, known: int, *, told: slice | None = None) -> Floats:
    """Least squares on the known rows, told for the others."""
    scale = np.maximum(np.abs(matrix).max(axis=0), 1e-300)
    found, *_ = np.linalg.lstsq(matrix[:known] / scale, outcome[:known], rcond=None)
    return np.asarray((matrix[told or slice(known, None)] / scale) @ found)


def _wape(cases: pd.DataFrame, name: str) -> float:
    return float((cases[name] - cases["actual"]).abs().sum() / max(cases["actual"].abs().sum(), 1e-300))


def _difference(cases: pd.DataFrame, first: str, second: str | None) -> tuple[float, float, float]:
    """WAPE (less another's) with a 95 % interval over origins, whose periods belong together."""
    errors = (cases[first] - cases["actual"]).abs()
    if second is not None:
        errors = errors - (cases[second] - cases["actual"]).abs()
    total = max(float(cases["actual"].abs().sum()), 1e-300)
    by_origin = errors.groupby(cases["origin"]).sum()
    mean = float(by_origin.sum() / total)
    error = float(by_origin.std(ddof=1) * np.sqrt(len(by_origin)) / total)
    return mean, mean - NORMAL_95 * error, mean + NORMAL_95 * error


def _backtest(
    cases: pd.DataFrame, curve: Curve, notes: tuple[str, ...], settings: MediaMixSettings, seed: int
) -> Backtest:
    models = (OURS, *RIVALS)
    held = float(((cases[OURS] - cases["actual"]).abs() <= NORMAL_90 * cases["spread"]).mean())
    scores = pd.DataFrame(
        [
            *((name, METRIC, *_difference(cases, name, None), len(cases), name == OURS, True) for name in models),
            (OURS, COVERAGE, held, np.nan, np.nan, len(cases), True, False),
        ],
        columns=list(SCORE_COLUMNS),
    )
    rows = []
    for rival in RIVALS:
        difference, low, high = _difference(cases, OURS, rival)
        rows.append((rival, METRIC, difference, low, high, high < 0))
    against = pd.DataFrame(rows, columns=list(AGAINST_COLUMNS))
    by_origin = pd.DataFrame(
        [
            (origin, name, METRIC, _wape(group, name), len(group))
            for origin, group in cases.groupby("origin")
            for name in models
        ],
        columns=list(ORIGIN_COLUMNS),
    )
    position = np.arange(len(cases), dtype=np.float64)
    actual = Curve(
        f"Outcome per {settings.period}, expected and actual, origins one after another",
        settings.period,
        "outcome",
        "lines",
        {
            "actual": (position, cases["actual"].to_numpy(dtype=np.float64)),
            OURS: (position, cases[OURS].to_numpy(dtype=np.float64)),
        },
        {
            OURS: (
                (cases[OURS] - NORMAL_90 * cases["spread"]).to_numpy(dtype=np.float64),
                (cases[OURS] + NORMAL_90 * cases["spread"]).to_numpy(dtype=np.float64),
            )
        },
    )
    return Backtest(
        what="media",
        subject=f"{settings.outcome} per {settings.period} in currency, given what was spent",
        splits=f"fitted before and judged on the {HORIZON} {settings.period}s after each of "
        + ", ".join(cases["origin"].unique()),
        seed=seed,
        scores=scores,
        against=against,
        by_origin=by_origin,
        curves=(curve, actual),
        notes=notes,
        is_better=bool(against.set_index("rival")["wins"][RIVALS[0]]),
    )
