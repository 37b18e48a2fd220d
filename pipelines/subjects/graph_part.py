"""Erasing from the graph: the embedded one is made anew in an empty database, from a remote one nodes are deleted."""

import shutil
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

from graph.declarations import Layer
from pipelines.day import Day
from pipelines.graph_access import playbook_graph, playbook_target
from pipelines.stored import graph_state

if TYPE_CHECKING:
    import pandas as pd


LAYERS: Final[tuple[Layer, ...]] = ("knowledge", "decisions")
ASIDE: Final = "graph_state.outdated"
PAST: Final = "graph_state_past"
"""Where the notes of graphs of past days lie, in a folder of the lake; a folder each, named like the graph."""


def erase_from_graph(day: Day, keys: Collection[str]) -> dict[str, Any]:
    """Take customers out of the playbook's graph; what it holds about everybody else stays as it is.

    An embedded database keeps deleted content in its files, so that it is dropped and loaded again from the notes of
    what was loaded. Killed in between, a repeated call begins with the same notes.

    Returns:
        `kind` (embedded, neo4j, or none when nothing was ever loaded), `server`, and `rows` that are gone.

    Raises:
        GraphError: The server cannot be reached, or does not do what it is told.
    """
    state = graph_state(day)
    if not state.exists() and not state.with_name(ASIDE).exists():
        return {"kind": "none", "server": None, "rows": 0}
    target = playbook_target(day, "erase")
    if target.kind == "neo4j":
        return {"kind": "neo4j", "server": target.uri, "rows": _delete(day, keys)}
    return {"kind": "embedded", "server": str(day.home.graph), "rows": _load_anew(day, keys)}


def drop_past_graphs(day: Day) -> list[str]:
    """Drop the graphs of past days that were built beside the present one: they can be built again from the lake."""
    from graph import local
    from graph.target import database_name

    folder = day.lake.root / PAST
    names = sorted(path.name for path in folder.glob("*"))
    databases = [database_name(name) for name in names]
    present = [name for name in databases if (day.home.graph / "data" / "databases" / name).exists()]
    if present:
        server = local.start(day.home.graph, environment=day.environment)
        for name in present:
            local.drop_database(server, name)
    shutil.rmtree(folder, ignore_errors=True)
    return names


def _delete(day: Day, keys: Collection[str]) -> int:
    """Decisions hang on customers and go first; they are loaded again where the server let go of more than ours."""
    from graph.load import load, loaded_tables

    with playbook_graph(day, "erase") as store:
        before = {layer: loaded_tables(store, graph_state(day), layer) for layer in LAYERS}
        after = _without(before, keys)
        for layer in ("decisions", "knowledge", "decisions"):
            if before[layer]:
                load(store, graph_state(day), layer, after[layer])
    return _size(before) - _size(after)


def _load_anew(day: Day, keys: Collection[str]) -> int:
    from graph import local
    from graph.load import load, loaded_tables

    state, aside = graph_state(day), graph_state(day).with_name(ASIDE)
    if not aside.exists():
        state.rename(aside)
    shutil.rmtree(state, ignore_errors=True)
    target = playbook_target(day, "erase")
    local.drop_database(local.start(day.home.graph, environment=day.environment), str(target.database))
    with playbook_graph(day, "erase") as store:
        before = {layer: loaded_tables(store, aside, layer) for layer in LAYERS}
        after = _without(before, keys)
        for layer in LAYERS:
            if before[layer]:
                day.progress.doing("erase", f"loading the graph anew: {layer}")
                load(store, state, layer, after[layer])
    shutil.rmtree(aside)
    return _size(before) - _size(after)


def _without(
    before: "dict[Layer, dict[str, pd.DataFrame]]", keys: Collection[str]
) -> "dict[Layer, dict[str, pd.DataFrame]]":
    from graph.erase import without_customers

    kept = without_customers({kind: rows for tables in before.values() for kind, rows in tables.items()}, keys)
    return {layer: {kind: kept[kind] for kind in tables} for layer, tables in before.items()}


def _size(tables: "dict[Layer, dict[str, pd.DataFrame]]") -> int:
    return sum(len(rows) for kinds in tables.values() for rows in kinds.values())
