"""Demand against what one would use instead, at rolling origins that no choice has seen.

At every origin the models are fitted, chosen and calibrated on what was known by then. The rivals get the same factors
of the calendar as our models, series by series; and once more factors of the calendar that all series share.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.backtest import AGAINST_COLUMNS, ORIGIN_COLUMNS, SCORE_COLUMNS, Backtest, Curve, insist_on_no_leak
from forecasting.demand.combining import Combined, combine
from forecasting.demand.forecast import forecast_demand
from forecasting.demand.panel import Flags, Panel
from forecasting.demand.periods import clock_starts, utc_starts
from forecasting.demand.rolling import POOLED_CALENDAR, Nodes, Origin, forecast_at, past_origins
from forecasting.demand.settings import WINDOWS, DemandSettings
from forecasting.demand.standard import ETS, SES, THETA, mean_name
from forecasting.demand.tables import panel_of_sold, read_sold
from forecasting.errors import TooLittleDataError
from forecasting.values import Floats

OURS = "ours"
DRAWS = 2_000
INTERVALS_NOTE = "intervals of scores and differences draw series and periods together"
RIVALS_NOTE = (
    "rivals get the same factors of the calendar as our models, series by series; those named 'pooled calendar' get "
    "factors of the calendar that all series share; neither sees promotions"
)
LEAK_ORIGINS = 2


@dataclass(frozen=True, eq=False)
class Judged:
    """Forecasts and what came, over reported origins.

    Attributes:
        lengths: Periods known at each origin, shape (o,).
        actual: Shape (o, n, horizon).
        is_scored: Shape (o, n, horizon).
        models: Forecasts by name, shape (o, n, horizon).
        bounds: Of ours, shape (o, n, horizon, 4).
    """

    lengths: npt.NDArray[np.int64]
    actual: Floats
    is_scored: Flags
    models: Mapping[str, Floats]
    bounds: Floats


def silent(_: str) -> None:
    """Report nothing."""


def backtest_demand(
    tables: Mapping[str, pd.DataFrame],
    settings: DemandSettings,
    *,
    as_of: datetime,
    timezone: str,
    seed: int,
    report: Callable[[str], None] = silent,
) -> Backtest:
    """Score the demand forecast on the last `reported_origins` origins before as-of.

    Args:
        tables: Canonical: purchases, products, [categories, promotions, audience_members].
        settings: Of the forecast; `series` largest are reported, all are forecast and learnt from.
        as_of: Aware datetime; nothing after it is scored.
        timezone: IANA time zone of the periods.
        seed: Of the boosted trees and of the intervals' draws.
        report: Told about progress.

    Raises:
        TooLittleDataError: The history is too short for so many origins.
        LeakError: The forecast changes when the future is taken away.
    """
    sold = read_sold(tables, settings, as_of, timezone)
    everything = replace(settings, series=None) if settings.by == "category" else settings
    panel, _ = panel_of_sold(sold, tables, everything, as_of=as_of, timezone=timezone)
    lengths = reported_lengths(panel, settings)
    first = utc_starts(panel.periods[lengths[:1]], settings.frequency, timezone)[0].to_pydatetime()
    panel, nodes = panel_of_sold(sold, tables, everything, as_of=as_of, timezone=timezone, largest_by=first)
    lengths = reported_lengths(panel, settings)
    rows = largest(panel, nodes, int(lengths[0]), settings.series)
    judged = judge(panel, nodes, lengths, rows, settings, seed=seed, report=report)
    report("checking that nothing reads the future")
    insist_on_no_leak(
        lambda known, origin: forecast_demand(
            known, replace(settings, origins=LEAK_ORIGINS), as_of=origin, timezone=timezone, seed=seed
        ),
        tables,
        first,
    )
    return summarised(judged, panel, rows, settings, seed)


def reported_lengths(panel: Panel, settings: DemandSettings) -> npt.NDArray[np.int64]:
    """How many periods are known at each reported origin: the last ones whose whole horizon is over and known.

    Raises:
        TooLittleDataError: There are not so many, with half as much history before the first.
    """
    known = np.flatnonzero(panel.is_known.any(axis=0))
    last = int(known[-1]) + 1 - settings.horizon
    first = last - settings.reported_origins + 1
    if first < max(settings.minimum_periods, 2 * settings.horizon):
        raise TooLittleDataError(
            f"{panel.length} periods are too few to report {settings.reported_origins} origins.",
            where="demand backtest",
            remedy="Give more history, or report fewer origins.",
        )
    return np.arange(first, last + 1)


def largest(panel: Panel, nodes: Nodes, length: int, count: int | None) -> npt.NDArray[np.int64]:
    """Rows of the largest series that are not divided further, by units in the first `length` periods."""
    bottom = np.flatnonzero(nodes.is_bottom)
    size = panel.units[bottom, :length].sum(axis=1)
    order = np.lexsort((np.arange(len(bottom)), -size))
    return np.sort(bottom[order[:count]])


def judge(
    panel: Panel,
    nodes: Nodes,
    lengths: Sequence[int] | npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    settings: DemandSettings,
    *,
    seed: int,
    report: Callable[[str], None] = silent,
) -> Judged:
    """Forecasts at each origin of the given rows, each chosen on earlier origins only."""
    needed = sorted({*past_origins(panel, int(lengths[0]), settings.origins), *(int(one) for one in lengths)})
    origins: list[Origin] = []
    found: list[tuple[Origin, Combined]] = []
    for length in needed:
        is_reported = length >= lengths[0]
        now = forecast_at(panel, nodes, length, settings, seed=seed, rival_rows=rows if is_reported else None)
        if is_reported:
            past = origins[-settings.origins - settings.reported_origins :]
            found.append((now, combine(panel, nodes, past, now, settings)))
            report(f"origin {len(found)} of {len(lengths)}")
        origins.append(now)
    models = sorted(set.intersection(*(set(now.forecasts) for now, _ in found)))
    rivals = list(found[0][0].rivals)
    steps = np.arange(panel.horizon)
    periods = np.array([now.length for now, _ in found])[:, None] + steps
    return Judged(
        np.asarray(lengths),
        panel.units[rows][:, periods].transpose(1, 0, 2),
        panel.is_known[rows][:, periods].transpose(1, 0, 2),
        {OURS: np.stack([one.mean[rows] for _, one in found])}
        | {f"{name}, ours": np.stack([now.forecasts[name][rows] for now, _ in found]) for name in models}
        | {name: np.stack([now.rivals[name] for now, _ in found]) for name in rivals},
        np.stack([one.bounds[rows] for _, one in found]),
    )


def rival_names(settings: DemandSettings) -> list[str]:
    """What has to be beaten, without the kind of factors they get."""
    means = [mean_name(window) for window in (1, *WINDOWS[settings.frequency][:2])]
    return [*means, SES, ETS, THETA]


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
