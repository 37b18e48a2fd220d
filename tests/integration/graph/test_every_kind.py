"""Whatever the schema declares can be written to both servers and read back as it was."""

from pathlib import Path

import pandas as pd

from graph.content import whole_layer
from graph.declarations import LAYERS, Kind, Layer, Node, PropertyType
from graph.load import load
from graph.read_content import read_kind
from graph.schema import kinds_of
from graph.store import GraphStore

VALUES: dict[PropertyType, object] = {
    "text": "a word",
    "number": 0.25,
    "integer": 3,
    "boolean": True,
    "time": pd.Timestamp("2026-02-01 12:00:00.123456", tz="UTC"),
    "texts": ["one", "two"],
}


def a_row(kind: Kind) -> pd.DataFrame:
    """One row with every property; all nodes have the same key, so that relationships find their ends."""
    keys = (kind.key,) if isinstance(kind, Node) else ("from_key", "to_key")
    facts = {one.name: VALUES[one.type] for one in kind.properties}
    return pd.DataFrame([facts | dict.fromkeys(keys, "one")])


def a_layer(layer: Layer) -> dict[str, pd.DataFrame]:
    return {kind.kind: a_row(kind) for kind in kinds_of(layer)}


def test_every_kind_with_every_property_is_read_back_as_it_was_written(graph_store: GraphStore, tmp_path: Path) -> None:
    for layer in LAYERS:
        load(graph_store, tmp_path, layer, a_layer(layer))
    for layer in LAYERS:
        for name, wanted in whole_layer(layer, a_layer(layer)).items():
            found = read_kind(graph_store, next(kind for kind in kinds_of(layer) if kind.kind == name))
            assert found.to_pylist() == wanted.to_pylist(), name


def test_what_is_gone_of_every_kind_is_taken_out(graph_store: GraphStore, tmp_path: Path) -> None:
    for layer in LAYERS:
        load(graph_store, tmp_path, layer, a_layer(layer))
    load(graph_store, tmp_path, "knowledge", {})
    left = {kind.kind: len(read_kind(graph_store, kind)) for kind in kinds_of("knowledge")}
    assert left == dict.fromkeys(left, 0)
