"""Every model's forecast at every origin, each from what was known at that origin alone."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from forecasting.demand.factors import Factors, filled, fit_factors
from forecasting.demand.panel import Flags, Panel
from forecasting.demand.pooled import Training, boosted, lags, windows
from forecasting.demand.settings import DemandSettings
from forecasting.demand.standard import CROSTON, ETS, SES, THETA, TSB, fitted_models, moving_means
from forecasting.values import Floats

INTERMITTENT_FROM = 0.2  # share of periods without demand from which a series counts as intermittent
MOST_SLOW_SERIES = 60
SMALLEST_PERIODS = 4
FIRST_ORIGIN = 12
FEWEST_FOR_TREES = 30  # series; trees learn nothing from fewer

WINDOWS_MODEL, LAGS_MODEL, BOOSTED_MODEL = "pooled windows", "pooled changes", "boosted changes"
POOLED_CALENDAR = ", pooled calendar"


@dataclass(frozen=True, eq=False)
class Nodes:
    """What series are to each other.

    Attributes:
        parent: Row of the series' parent, -1 at the top, shape (n,).
        level: 0 for the bottom, then upwards, shape (n,).
    """

    parent: npt.NDArray[np.int64]
    level: npt.NDArray[np.int64]

    @property
    def is_bottom(self) -> Flags:
        """Whether nothing lies below."""
        return np.asarray(self.level == 0)


@dataclass(frozen=True, eq=False)
class Origin:
    """Forecasts made after `length` periods.

    Attributes:
        length: How many periods were known.
        forecasts: By model that may be chosen, shape (n, horizon), in units.
        kind: 0 smooth, 1 intermittent, 2 a sum of others; shape (n,).
        has_history: Whether anything was known of the series, shape (n,).
        rivals: By standard model, of the rows asked for, shape (rows, horizon).
    """

    length: int
    forecasts: dict[str, Floats]
    kind: npt.NDArray[np.int64]
    has_history: Flags
    rivals: dict[str, Floats] = field(default_factory=dict)


def forecast_at(
    panel: Panel,
    nodes: Nodes,
    length: int,
    settings: DemandSettings,
    *,
    seed: int,
    rival_rows: npt.NDArray[np.int64] | None = None,
) -> Origin:
    """Fit every model on the first `length` periods and forecast from there.

    Args:
        panel: All periods; only the first `length` are looked at, and planned regressors after them.
        nodes: Hierarchy of the series.
        length: How many periods are known.
        settings: Of the forecast.
        seed: Of the boosted trees.
        rival_rows: Series for which the standard models are fitted too, whatever the number of series: with our
            factors of the calendar, and with factors of the calendar pooled over all series.
    """
    known = panel.before(length, settings.promotions_planned_periods)
    level = (known.units * known.is_known).sum(axis=1) / np.maximum(known.is_known.sum(axis=1), 1)
    weights = np.where(nodes.is_bottom, level, 0.0)
    factors = fit_factors(known, settings, weights)
    kind = _kinds(known, nodes)
    adjusted = filled(known.units, known.is_known) / factors.own[:, :length]
    names = [SES, *([CROSTON, TSB] if (kind == 1).any() else [])]
    if len(adjusted) <= MOST_SLOW_SERIES:
        names += [ETS, THETA]
    found = moving_means(adjusted, settings.frequency, panel.horizon)
    found |= fitted_models(adjusted, panel.horizon, tuple(names))
    training = Training(adjusted, weights, np.maximum(nodes.parent, -1) + 1, settings.frequency)
    pooled: dict[str, Callable[[], Floats]] = {
        WINDOWS_MODEL: lambda: windows(training, panel.horizon),
        LAGS_MODEL: lambda: lags(training, panel.horizon),
        BOOSTED_MODEL: lambda: boosted(training, panel.horizon, seed),
    }
    if (weights > 0).sum() < FEWEST_FOR_TREES:
        del pooled[BOOSTED_MODEL]
    found |= {name: fit() for name, fit in pooled.items()}
    ahead = factors.own[:, length:]
    forecasts = {name: np.maximum(levels, 0.0) * ahead for name, levels in found.items()}
    has_history = np.asarray(known.is_known.any(axis=1))
    rivals = {} if rival_rows is None else _rivals(known, factors, rival_rows, settings)
    return Origin(length, forecasts, kind, has_history, rivals)


def _rivals(known: Panel, factors: Factors, rows: npt.NDArray[np.int64], settings: DemandSettings) -> dict[str, Floats]:
    """The standard models of some series under both kinds of calendar factors, blind to promotions as they are."""
    values = filled(known.units[rows], known.is_known[rows])
    forecasts: dict[str, Floats] = {}
    for suffix, all_factors in (("", factors.calendar), (POOLED_CALENDAR, factors.pooled)):
        adjusted = values / all_factors[rows, : known.length]
        found = moving_means(adjusted, settings.frequency, known.horizon)
        found |= fitted_models(adjusted, known.horizon, (SES, ETS, THETA))
        ahead = all_factors[rows, known.length :]
        forecasts |= {name + suffix: np.maximum(levels, 0.0) * ahead for name, levels in found.items()}
    return forecasts


def _kinds(known: Panel, nodes: Nodes) -> npt.NDArray[np.int64]:
    counted = np.maximum(known.is_known.sum(axis=1), 1)
    zeros = ((known.units == 0) & known.is_known).sum(axis=1) / counted
    kind = np.where(zeros >= INTERMITTENT_FROM, 1, 0)
    return np.where(nodes.is_bottom, kind, 2).astype(np.int64)


def past_origins(panel: Panel, last: int, count: int) -> list[int]:
    """Lengths of history, ascending, of at most `count` origins before `last` with enough history to fit.

    A quarter of the horizon lies between two, so that errors far ahead have been made too.
    """
    first = max(SMALLEST_PERIODS, min(panel.length // 4, FIRST_ORIGIN))
    stride = max(panel.horizon // 4, 1)
    return [length for length in range(last - count * stride, last, stride) if length >= first]
