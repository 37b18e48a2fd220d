"""From the content of the layer `knowledge` to the arrays of a view; the same for content read from a graph or not."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graph.content import Content, whole_layer
from graph.schema import NODE, RELATIONSHIP
from graph.view import Links, Nodes, View

NODES: Mapping[str, str] = {
    "customers": "Customer",
    "categories": "Category",
    "topics": "Topic",
    "products": "Product",
    "assets": "Asset",
    "offers": "Offer",
    "channels": "Channel",
    "campaigns": "Campaign",
    "accounts": "Account",
    "buying_groups": "BuyingGroup",
    "programmes": "Programme",
    "signals": "Signal",
}
"""The label behind each field of the view that holds nodes."""

LINKS: Mapping[str, str] = {
    "bought_categories": "Customer BOUGHT Category",
    "bought_products": "Customer BOUGHT Product",
    "carts": "Customer HAS_IN_CART Product",
    "interests": "Customer INTERESTED_IN Category",
    "topic_interests": "Customer INTERESTED_IN Topic",
    "preferences": "Customer PREFERS Category",
    "topic_preferences": "Customer PREFERS Topic",
    "channel_preferences": "Customer PREFERS Channel",
    "objections": "Customer OBJECTS_TO Category",
    "topic_objections": "Customer OBJECTS_TO Topic",
    "triggers": "Customer TRIGGERED_BY Category",
    "topic_triggers": "Customer TRIGGERED_BY Topic",
    "consents": "Customer REACHABLE_ON Channel",
    "memberships": "Customer ENROLLED_IN Programme",
    "workplaces": "Customer WORKS_AT Account",
    "group_members": "Customer MEMBER_OF BuyingGroup",
    "substitutes": "Product SUBSTITUTES Product",
    "next_sizes": "Product NEXT_SIZE Product",
    "similar_topics": "Topic SIMILAR_TO Topic",
    "asset_topics": "Asset ABOUT Topic",
    "asset_categories": "Asset ABOUT Category",
    "asset_products": "Asset ABOUT Product",
    "asset_channels": "Asset FITS Channel",
    "asset_performance": "Asset PERFORMS Channel",
    "signal_topics": "Signal ABOUT Topic",
    "signal_categories": "Signal ABOUT Category",
    "signal_products": "Signal ABOUT Product",
}
"""The kind of relationship behind each field of the view that holds links."""

_KEYS: Mapping[str, Mapping[str, str]] = {
    "Category": {"parent": "Category WITHIN Category"},
}
"""Columns that hold the key of the one node that a relationship leads to."""

_POSITIONS: Mapping[str, Mapping[str, str]] = {
    "Product": {"category": "Product IN_CATEGORY Category"},
    "Asset": {"offer": "Asset CARRIES Offer"},
    "BuyingGroup": {"account": "BuyingGroup PART_OF Account"},
    "Signal": {"customer": "Signal BY Customer"},
}
"""Columns that hold its position."""

_BESIDE = (kind for columns in (*_KEYS.values(), *_POSITIONS.values()) for kind in columns.values())
READ_KINDS: frozenset[str] = frozenset({*NODES.values(), *LINKS.values(), *_BESIDE})
"""Every kind of the layer `knowledge` that a view is made of."""


def view_from_tables(tables: Mapping[str, pd.DataFrame], as_of: datetime) -> View:
    """The view straight from the rows of the layer `knowledge`, past any graph."""
    return build_view(whole_layer("knowledge", tables), as_of)


def build_view(content: Content, as_of: datetime) -> View:
    """The view of a content in normal form; beliefs that are not held at as_of are left out.

    Args:
        content: A table for every kind of `READ_KINDS`.
        as_of: The moment the content knows the world at.
    """
    nodes: dict[str, Any] = {field: Nodes(_frame(content, label)) for field, label in NODES.items()}
    links: dict[str, Any] = {field: _links(content, name, as_of) for field, name in LINKS.items()}
    return View(as_of=as_of, **nodes, **links)


def _frame(content: Content, label: str) -> pd.DataFrame:
    node, table = NODE[label], content[label]
    required = {one.name for one in node.properties if one.is_required}
    columns: dict[str, Any] = {"key": _objects(table[node.key])}
    for field in table.schema:
        if field.name != node.key and not pa.types.is_list(field.type):
            columns[field.name] = _attribute(table[field.name], is_required=field.name in required)
    for name, kind in _KEYS.get(label, {}).items():
        columns[name] = _objects(content[kind]["to_key"].take(_first_link(content, kind, table[node.key])))
    for name, kind in _POSITIONS.get(label, {}).items():
        positions = _positions(content, RELATIONSHIP[kind].target, content[kind]["to_key"])
        link = _first_link(content, kind, table[node.key]).fill_null(-1).to_numpy()
        columns[name] = np.append(positions, np.int32(-1))[link]  # the position -1 reads the last entry
    return pd.DataFrame(columns)


def _first_link(content: Content, kind: str, keys: pa.ChunkedArray) -> pa.Array:
    """Row of the relationship that starts at each key, null without one."""
    return pc.index_in(keys, value_set=content[kind]["from_key"].combine_chunks()).combine_chunks()


def _links(content: Content, name: str, as_of: datetime) -> Links:
    kind, table = RELATIONSHIP[name], content[name]
    if kind.is_belief:
        table = table.filter(_is_held(table, as_of))
    # lists, such as a belief's evidence, are for people who ask the graph, not for arrays
    flat = [one for one in kind.properties if one.type != "texts"]
    facts = {one.name: _fact(table[one.name], is_required=one.is_required) for one in flat}
    sources = _positions(content, kind.source, table["from_key"])
    targets = _positions(content, kind.target, table["to_key"])
    return Links.build(sources, targets, len(content[kind.source]), facts)


def _is_held(beliefs: pa.Table, as_of: datetime) -> pa.ChunkedArray:
    """Which beliefs hold at a moment: begun by then, and not ended by then."""
    moment = pa.scalar(as_of.astimezone(UTC), pa.timestamp("us", "UTC"))
    ends_later = pc.fill_null(pc.greater(beliefs["valid_to"], moment), fill_value=True)
    return pc.and_(pc.less_equal(beliefs["valid_from"], moment), ends_later)


def _positions(content: Content, label: str, keys: pa.ChunkedArray) -> npt.NDArray[np.int32]:
    known = content[label][NODE[label].key].combine_chunks()
    return np.asarray(pc.index_in(keys, value_set=known).fill_null(-1), dtype=np.int32)


def _attribute(values: pa.ChunkedArray, *, is_required: bool) -> Any:
    """One column of a frame, with a type that does not depend on whether somebody lacks a value."""
    kind = values.type
    if pa.types.is_timestamp(kind):
        return values.to_pandas()
    if pa.types.is_floating(kind):
        return values.to_numpy()
    if pa.types.is_integer(kind):
        return values.to_numpy() if is_required else values.cast(pa.float64()).to_numpy()
    return _objects(values)


def _fact(values: pa.ChunkedArray, *, is_required: bool) -> npt.NDArray[Any]:
    if pa.types.is_timestamp(values.type):
        return np.asarray(values.cast(pa.timestamp("us")).to_numpy(), dtype="datetime64[us]")
    if pa.types.is_boolean(values.type) and is_required:
        return np.asarray(values.to_numpy(), dtype=bool)
    return np.asarray(_attribute(values, is_required=is_required))


def _objects(values: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    objects = np.empty(len(values), dtype=object)
    objects[:] = values.to_pylist()
    return objects
