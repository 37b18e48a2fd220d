"""Reading a kind of the graph back into normal form, in columns."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from graph import statements
from graph.content import normal_form
from graph.declarations import Kind, Node, Property, PropertyType
from graph.in_use import names_in_use
from graph.schema import NODE
from graph.store import GraphStore


def read_kind(
    store: GraphStore,
    kind: Kind,
    attributes: Mapping[str, PropertyType] | None = None,
    *,
    held_at: datetime | None = None,
) -> pa.Table:
    """All rows of a kind in normal form, as `graph.content` makes it.

    Args:
        store: The graph.
        kind: What to read.
        attributes: Types of the attributes that came with the data, for a node that has some.
        held_at: Of beliefs, only those that are held at this moment.
    """
    further = tuple(Property(name, type_, "") for name, type_ in (attributes or {}).items())
    moment: dict[str, datetime] = {}
    if isinstance(kind, Node):
        statement = statements.read_nodes(kind, further)
    else:
        if kind.is_belief and held_at is not None:
            moment["as_of"] = held_at
        statement = statements.read_relationships(kind, is_held=bool(moment))
    columns = store.read_collected(statement, **moment)
    types = {one.name: one.type for one in (*kind.properties, *further)}
    rows = pd.DataFrame({name: _values(values, types.get(name, "text")) for name, values in columns.items()})
    return normal_form(kind, rows, attributes)


def read_kinds(
    store: GraphStore,
    kinds: Iterable[Kind],
    attributes: Mapping[str, Mapping[str, PropertyType]] | None = None,
    *,
    held_at: datetime | None = None,
) -> dict[str, pa.Table]:
    """All rows of several kinds, each as by `read_kind`; kinds of which the database knows no name are not asked for.

    Args:
        store: The graph.
        kinds: What to read.
        attributes: Types of the attributes that came with the data, per label.
        held_at: Of beliefs, only those that are held at this moment.
    """
    names = names_in_use(store)
    further = attributes or {}
    return {
        kind.kind: read_kind(store, kind, further.get(kind.kind), held_at=held_at)
        if names.may_bear(kind)
        else normal_form(kind, pd.DataFrame(columns=[*further.get(kind.kind, ())]), further.get(kind.kind))
        for kind in kinds
    }


def read_keys(store: GraphStore, labels: Iterable[str]) -> dict[str, "pd.Index[Any]"]:
    """The keys of all nodes of some labels, in one transaction."""
    nodes = [NODE[label] for label in labels]
    answers = store.read_each([statements.read_nodes(node.key_only, ()) for node in nodes])
    return {node.label: pd.Index(rows[0][node.key], dtype=object) for node, rows in zip(nodes, answers, strict=True)}


def _values(values: Any, type_: PropertyType) -> Any:
    """One column as it was before it went into the graph: stand-ins are missing again, and times are times."""
    if type_ == "number":
        numbers = pd.Series(values, dtype=np.float64)
        return numbers.mask(numbers == statements.NO_NUMBER)
    if type_ in ("integer", "time"):
        integers = pd.Series(values, dtype="Int64")
        integers = integers.mask(integers == statements.NO_INTEGER)
        return integers if type_ == "integer" else pd.to_datetime(integers, unit="us", utc=True)
    objects = pd.Series(values, dtype=object)
    return objects.mask(objects == statements.NO_BOOLEAN, None) if type_ == "boolean" else objects
