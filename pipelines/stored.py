"""What a run has stored: its tables by their pinned versions, its view by content hash, its forecasts and records."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from forecasting.frames import COLUMNS as FORECAST_COLUMNS
from forecasting.frames import from_tables, to_tables
from forecasting.values import Forecasts
from graph.view import View
from lake.columns import Column
from lake.digest import content_digest
from lake.runs import RunRow
from lake.store import arrow_table
from lake.tables import TABLES
from pipelines.day import Day

DECISIONS = "decisions"
MOTIVES = "motives"
EMPTY_TYPES = {
    "number": "float64",
    "time": "datetime64[us, UTC]",
    "text": "object",
    "boolean": "object",
    "texts": "object",
}


def canonical_tables(day: Day, run: RunRow, names: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Canonical tables in the versions that the run pinned; a table without a source is empty, with its columns."""
    return {
        name: day.lake.read(name, run.pins[name].version) if name in run.pins else empty_table(name) for name in names
    }


def empty_table(name: str) -> pd.DataFrame:
    """A canonical table without rows."""

    def column(declared: Column) -> "pd.Series[Any]":
        return pd.Series([], dtype=EMPTY_TYPES[declared.type])

    return pd.DataFrame({declared.name: column(declared) for declared in TABLES[name].columns})


def graph_state(day: Day) -> Path:
    """Where relate keeps what it has loaded into the graph, to write only what changed."""
    return day.lake.root / "graph_state"


def views(day: Day) -> Path:
    """Where views are stored under their content hash."""
    return day.lake.root / "views"


def stored_view(day: Day, run: RunRow) -> View:
    """The view that relate stored for the run, without those who were erased since."""
    from graph.erase import present_view
    from graph.read_view import load_view

    return load_view(views(day), present_view(views(day), str(run.steps["relate"]["facts"]["view"])))


def store_forecasts(day: Day, run: RunRow, forecasts: Forecasts) -> Mapping[str, str]:
    """Store forecasts as slices of the run; the content digest by table."""
    digests = {}
    for name, frame in to_tables(forecasts).items():
        day.lake.write_slice(name, run.run_id, frame)
        digests[name] = content_digest(arrow_table(frame), [str(frame.columns[0]), str(frame.columns[1])])
    return digests


def stored_forecasts(day: Day, run: RunRow) -> Forecasts:
    """The forecasts that the run stored."""
    return from_tables({name: day.lake.read_slice(name, run.run_id) for name in FORECAST_COLUMNS})


def stored_records(day: Day, run: RunRow) -> pd.DataFrame:
    """The sealed decision records of a run, in order of customer."""
    records = day.lake.read_slice(DECISIONS, run.run_id).sort_values("customer_id", ignore_index=True)
    return records.assign(run_id=run.run_id)
