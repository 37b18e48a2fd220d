"""Series and what they are part of, as rows of one panel."""

from dataclasses import replace

import numpy as np
import pandas as pd

from forecasting.demand.panel import Panel
from forecasting.demand.reconciliation import leaves, tree_levels
from forecasting.demand.rolling import Nodes
from forecasting.errors import ForecastingError
from forecasting.inputs import require


def no_hierarchy(panel: Panel) -> Nodes:
    """Series that are part of nothing."""
    count = len(panel.series)
    return Nodes(np.full(count, -1, dtype=np.int64), np.zeros(count, dtype=np.int64))


def with_sums(panel: Panel, hierarchy: pd.DataFrame) -> tuple[Panel, Nodes]:
    """The panel with a row for each sum above its series.

    Args:
        panel: The series that are not divided further.
        hierarchy: Columns series and parent, one row per series or sum; what is not listed stands at the top.

    Raises:
        ForecastingError: A series has two parents, a sum is also a series with demand of its own, or the parents go
            round in a circle.
    """
    where = "demand hierarchy"
    require(hierarchy, where, ("series", "parent"))
    listed = hierarchy.dropna(subset=["parent"])
    doubled = listed[listed.duplicated("series")]
    if len(doubled):
        raise ForecastingError(
            f"Series {doubled['series'].iloc[0]} has two parents.", where=where, remedy="Give every series one."
        )
    parent_of = dict(zip(listed["series"], listed["parent"], strict=True))
    sums = _above(panel, parent_of)
    both = sorted(sums & set(panel.series))
    if both:
        raise ForecastingError(
            f"{both[0]} is a series with demand of its own and the sum of others.",
            where=where,
            remedy="Name its own part as a further series under it.",
        )
    names = np.array([*panel.series, *sorted(sums)], dtype=object)
    row_of = {name: number for number, name in enumerate(names)}
    parent = np.array([row_of.get(parent_of.get(name), -1) for name in names], dtype=np.int64)
    try:
        level = tree_levels(parent)
    except ValueError as circle:
        raise ForecastingError(str(circle), where=where, remedy="Let every series end at a top.") from circle
    return _added(panel, names, parent, level), Nodes(parent, level)


def _above(panel: Panel, parent_of: dict[str, str]) -> set[str]:
    found: set[str] = set()
    for series in panel.series:
        name = parent_of.get(series)
        while name is not None and name not in found:
            found.add(name)
            name = parent_of.get(name)
    return found


def _added(panel: Panel, names: np.ndarray, parent: np.ndarray, level: np.ndarray) -> Panel:
    extra = len(names) - len(panel.series)
    values = np.vstack([panel.units, np.zeros((extra, panel.length))])
    is_known = np.vstack([panel.is_known, np.zeros((extra, panel.length), dtype=bool)])
    size = np.maximum(np.append(panel.units.mean(axis=1), np.zeros(extra)), 0.0)
    weighted = np.concatenate(
        [panel.regressors * size[: len(panel.series), None, None], np.zeros((extra, *panel.regressors.shape[1:]))]
    )
    for height in range(1, int(level.max(initial=0)) + 1):
        below = np.flatnonzero((parent >= 0) & (level[np.maximum(parent, 0)] == height))
        np.add.at(values, parent[below], values[below])
        np.logical_or.at(is_known, parent[below], is_known[below])
        np.add.at(size, parent[below], size[below])
        np.add.at(weighted, parent[below], weighted[below])
    regressors = weighted / np.where(size > 0, size, 1.0)[:, None, None]
    regressors[: len(panel.series)] = panel.regressors
    assert leaves(parent)[: len(panel.series)].all()  # noqa: S101 - a sum is never a series, as checked above
    return replace(panel, series=names, units=values, is_known=is_known, regressors=regressors)
