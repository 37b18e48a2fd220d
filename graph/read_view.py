"""The view of a run: read from the graph in columns, stored under the digest of its content, read back for a replay."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from graph.build_view import LINKS, NODES, READ_KINDS, build_view
from graph.loaded import require_loaded
from graph.parts import Part, Parts
from graph.read_content import read_kinds
from graph.schema import KINDS, RELATIONSHIP
from graph.store import GraphStore
from graph.view import Links, Nodes, View

_FIELD_OF = {label: field for field, label in NODES.items()}


def read_view(store: GraphStore, as_of: datetime) -> View:
    """Read everything that a run decides from.

    Args:
        store: The graph, its layer `knowledge` loaded for `as_of`.
        as_of: The moment that the run knows the world at.

    Raises:
        GraphError: The layer is not loaded completely.
    """
    attributes = require_loaded(store, "knowledge").attributes
    return build_view(read_kinds(store, [KINDS[name] for name in sorted(READ_KINDS)], attributes, held_at=as_of), as_of)


def store_view(view: View, folder: Path) -> str:
    """Store a view; parts that another view shares are stored once.

    Returns:
        The digest of its content, which `load_view` takes.
    """
    parts = {field: _nodes_part(getattr(view, field)) for field in NODES}
    parts |= {field: _links_part(getattr(view, field)) for field in LINKS}
    return Parts(folder).store(parts, {"as_of": view.as_of.astimezone(UTC).isoformat()})


def load_view(folder: Path, digest: str) -> View:
    """Read a stored view back, checked against its digest; it equals the one that was stored.

    Raises:
        GraphPartsError: It is not there, or its files are not what their names say.
    """
    tables, about = Parts(folder).load(digest)
    nodes: dict[str, Any] = {field: _nodes(tables[field]) for field in NODES}
    links: dict[str, Any] = {field: _links(tables[field], len(nodes[_source_field(field)])) for field in LINKS}
    return View(as_of=datetime.fromisoformat(about["as_of"]), **nodes, **links)


def _source_field(field: str) -> str:
    return _FIELD_OF[RELATIONSHIP[LINKS[field]].source]


def _nodes_part(nodes: Nodes) -> Part:
    return Part(pa.table({str(name): _arrow(values) for name, values in nodes.frame.items()}), ("key",))


def _links_part(links: Links) -> Part:
    columns: Mapping[str, Any] = {"source": links.sources, "target": links.targets}
    facts = {f"fact:{name}": _arrow(pd.Series(values)) for name, values in links.facts.items()}
    return Part(pa.table({**columns, **facts}), ("source", "target"))


def _arrow(values: "pd.Series[Any]") -> pa.Array:
    if values.dtype != object:
        return pa.Array.from_pandas(values)
    is_boolean = pd.api.types.infer_dtype(values, skipna=True) == "boolean"
    return pa.array(values, pa.bool_() if is_boolean else pa.string(), from_pandas=True)


def _nodes(table: pa.Table) -> Nodes:
    return Nodes(pd.DataFrame({name: _plain(table[name]) for name in table.column_names}))


def _links(table: pa.Table, source_count: int) -> Links:
    names = [name for name in table.column_names if name.startswith("fact:")]
    facts = {name.removeprefix("fact:"): np.asarray(_plain(table[name], is_fact=True)) for name in names}
    return Links.build(table["source"].to_numpy(), table["target"].to_numpy(), source_count, facts)


def _plain(values: pa.ChunkedArray, *, is_fact: bool = False) -> Any:
    if pa.types.is_string(values.type) or (pa.types.is_boolean(values.type) and not is_fact):
        objects = np.empty(len(values), dtype=object)
        objects[:] = values.to_pylist()
        return objects
    if pa.types.is_timestamp(values.type) and values.type.tz:
        return values.to_pandas()
    return values.to_numpy()
