"""Scores of judged forecasts, with intervals that draw series and periods together."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.backtest import AGAINST_COLUMNS, ORIGIN_COLUMNS, SCORE_COLUMNS, Backtest, Curve
from forecasting.demand.judging import OURS, Judged, rival_names
from forecasting.demand.panel import Flags, Panel
from forecasting.demand.periods import clock_starts
from forecasting.demand.rolling import POOLED_CALENDAR
from forecasting.demand.settings import DemandSettings
from forecasting.values import Floats

DRAWS = 2_000
INTERVALS_NOTE = "intervals of scores and differences draw series and periods together"
RIVALS_NOTE = (
    "rivals get the same factors of the calendar as our models, series by series; those named 'pooled calendar' get "
    "factors of the calendar that all series share; neither sees promotions"
)


def wape(forecast: Floats, judged: Judged) -> float:
    """Sum of absolute errors over sum of units."""
    return float((np.abs(forecast - judged.actual) * judged.is_scored).sum() / _units(judged).sum())


def _units(judged: Judged) -> Floats:
    return np.asarray(judged.actual * judged.is_scored)


def by_series_and_period(cells: Floats, lengths: npt.NDArray[np.int64]) -> Floats:
    """Cells (o, n, horizon) added up over origins and steps that meet the same period, shape (n, periods)."""
    n_origins, n_series, horizon = cells.shape
    period = (lengths - lengths[0])[:, None] + np.arange(horizon)
    found = np.zeros((n_series, int(period.max()) + 1))
    for origin in range(n_origins):
        found[:, period[origin]] += cells[origin]
    return found


def drawn_ratios(numerators: Sequence[Floats], denominator: Floats, seed: int) -> list[Floats]:
    """Ratios of sums under a bootstrap of series and of periods at once (Owen, 2007: pigeonhole bootstrap).

    Series share weeks and weeks share series, so drawing only one of them makes intervals too narrow.
    """
    draws = np.random.default_rng(seed)
    n_series, n_periods = denominator.shape
    of_series = draws.multinomial(n_series, np.full(n_series, 1 / n_series), DRAWS).astype(np.float64)
    of_period = draws.multinomial(n_periods, np.full(n_periods, 1 / n_periods), DRAWS).astype(np.float64)

    def summed(cells: Floats) -> Floats:
        return np.asarray(((of_series @ cells) * of_period).sum(axis=1))

    below = np.maximum(summed(denominator), 1e-12)
    return [summed(cells) / below for cells in numerators]


def summarised(
    judged: Judged, panel: Panel, rows: npt.NDArray[np.int64], settings: DemandSettings, seed: int
) -> Backtest:
    """Scores, differences with paired intervals, curves and what a reader must know."""
    missed = {name: np.abs(one - judged.actual) * judged.is_scored for name, one in judged.models.items()}
    cells = {name: by_series_and_period(one, judged.lengths) for name, one in missed.items()}
    units = by_series_and_period(_units(judged), judged.lengths)
    names = [OURS, *(name for name in judged.models if name != OURS)]
    drawn = dict(zip(names, drawn_ratios([cells[name] for name in names], units, seed), strict=True))
    scored = int(judged.is_scored.sum())
    scores: list[tuple[object, ...]] = [
        (name, "WAPE", wape(judged.models[name], judged), *_interval(drawn[name]), scored, name == OURS, True)
        for name in sorted(names, key=lambda one: wape(judged.models[one], judged))
    ]
    scores += _coverages(judged, settings, seed)
    against = []
    for suffix in ("", POOLED_CALENDAR):
        for name in rival_names(settings):
            rival = name + suffix
            difference = wape(judged.models[OURS], judged) - wape(judged.models[rival], judged)
            low, high = _interval(drawn[OURS] - drawn[rival])
            against.append((rival, "WAPE", difference, low, high, high < 0))
    strict = against[: len(rival_names(settings))]
    return Backtest(
        what="demand",
        subject=f"units by {settings.by} and {settings.frequency}, {len(rows)} series, 1 to {settings.horizon} ahead",
        splits=_splits(judged, panel, settings),
        seed=seed,
        scores=pd.DataFrame(scores, columns=list(SCORE_COLUMNS)),
        against=pd.DataFrame(against, columns=list(AGAINST_COLUMNS)),
        by_origin=_by_origin(judged, panel, settings, names),
        curves=_curves(judged, panel, settings),
        notes=_notes(panel, settings),
        is_better=all(row[-1] for row in strict),
    )


def _interval(drawn: Floats) -> tuple[float, float]:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def inside(judged: Judged) -> tuple[Flags, Flags]:
    """Whether what came lies in the inner and in the outer interval, shape (o, n, horizon) each."""
    outer_low, inner_low, inner_high, outer_high = np.moveaxis(judged.bounds, 3, 0)
    actual = judged.actual
    return (actual >= inner_low) & (actual <= inner_high), (actual >= outer_low) & (actual <= outer_high)


def _coverages(judged: Judged, settings: DemandSettings, seed: int) -> list[tuple[object, ...]]:
    counts = by_series_and_period(judged.is_scored.astype(np.float64), judged.lengths)
    found: list[tuple[object, ...]] = []
    for is_inside, coverage in zip(inside(judged), settings.coverages, strict=True):
        held = is_inside & judged.is_scored
        share = float(held.sum() / judged.is_scored.sum())
        cells = by_series_and_period(held.astype(np.float64), judged.lengths)
        low, high = _interval(drawn_ratios([cells], counts, seed)[0])
        metric = f"coverage of {round(100 * coverage)} %"
        found.append((OURS, metric, share, low, high, int(judged.is_scored.sum()), True, False))
    return found


def _by_origin(judged: Judged, panel: Panel, settings: DemandSettings, names: list[str]) -> pd.DataFrame:
    starts = pd.DatetimeIndex(clock_starts(panel.periods[judged.lengths], settings.frequency))
    records = []
    for number, start in enumerate(starts):
        scored = judged.is_scored[number]
        units = (judged.actual[number] * scored).sum()
        for name in names:
            missed = (np.abs(judged.models[name][number] - judged.actual[number]) * scored).sum()
            records.append((f"{start:%Y-%m-%d}", name, "WAPE", float(missed / max(units, 1e-12)), int(scored.sum())))
    return pd.DataFrame(records, columns=list(ORIGIN_COLUMNS))


def _curves(judged: Judged, panel: Panel, settings: DemandSettings) -> tuple[Curve, ...]:
    steps = np.arange(1, panel.horizon + 1).astype(np.float64)
    shown = [OURS, *rival_names(settings)]

    def at_steps(name: str) -> Floats:
        missed = (np.abs(judged.models[name] - judged.actual) * judged.is_scored).sum(axis=(0, 1))
        return np.asarray(missed / np.maximum(_units(judged).sum(axis=(0, 1)), 1e-12))

    ahead = (judged.lengths - judged.lengths[0]).astype(np.float64)
    nominal = np.array(settings.coverages)
    held = np.array([float((one & judged.is_scored).sum() / judged.is_scored.sum()) for one in inside(judged)])
    return (
        Curve(
            "Error by how far ahead",
            f"{settings.frequency}s ahead",
            "WAPE",
            "lines",
            {name: (steps, at_steps(name)) for name in shown},
        ),
        Curve(
            "All reported series together, one ahead",
            f"{settings.frequency}s from the first origin",
            "units",
            "lines",
            {
                "forecast": (ahead, judged.models[OURS][:, :, 0].sum(axis=1)),
                "what came": (ahead, judged.actual[:, :, 0].sum(axis=1)),
            },
        ),
        Curve(
            "How often what came lay in the interval",
            "stated probability",
            "share",
            "reliability",
            {OURS: (nominal, held)},
        ),
    )


def _splits(judged: Judged, panel: Panel, settings: DemandSettings) -> str:
    starts = clock_starts(panel.periods, settings.frequency).astype("datetime64[D]")
    first, last = int(judged.lengths[0]), int(judged.lengths[-1])
    return (
        f"fitted, chosen and calibrated at each origin on {settings.frequency}s from {starts[0]} until that origin; "
        f"reported: {len(judged.lengths)} origins from {starts[first]} to {starts[last]}, "
        f"{settings.frequency}s until the one that begins {starts[last + panel.horizon - 1]}"
    )


def _notes(panel: Panel, settings: DemandSettings) -> tuple[str, ...]:
    planned = settings.promotions_planned_periods
    promotions = (
        f"promotions are taken as planned {planned} {settings.frequency}s ahead"
        if planned
        else f"no promotion after an origin is known; known regressors: {', '.join(panel.regressor_names) or 'none'}"
    )
    return (*panel.notes, promotions, RIVALS_NOTE, INTERVALS_NOTE)
