"""Forecasts at rolling origins, and those of the rivals, beside what came."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.backtest import silent
from forecasting.demand.combining import Combined, combine
from forecasting.demand.panel import Flags, Panel
from forecasting.demand.rolling import Nodes, Origin, forecast_at, past_origins
from forecasting.demand.settings import WINDOWS, DemandSettings
from forecasting.demand.standard import ETS, SES, THETA, mean_name
from forecasting.errors import TooLittleDataError
from forecasting.values import Floats

OURS = "ours"


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
