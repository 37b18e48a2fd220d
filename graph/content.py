"""The rows of the graph in normal form: one Arrow table per kind, typed by the schema, sorted by key, checked.

Comparing, storing, loading and reading all go through this form, so that the same facts are always the same bytes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graph.declarations import Kind, Layer, Node, PropertyType, Relationship
from graph.errors import GraphError
from graph.schema import KINDS, NODE, kinds_of
from graph.statements import time_columns
from lake.ordering import is_in_order

Content = Mapping[str, pa.Table]
"""One table in normal form per kind."""

ARROW_TYPES: Mapping[PropertyType, pa.DataType] = {
    "text": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "time": pa.timestamp("us", "UTC"),
    "texts": pa.list_(pa.string()),
}
_PROPERTY_TYPES: Mapping[pa.DataType, PropertyType] = {arrow: name for name, arrow in ARROW_TYPES.items()}
_EXAMPLES = 3
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class GraphContentError(GraphError):
    """The rows meant for the graph do not fit its schema."""

    exit_code = 3


def declared_types(kind: Kind) -> dict[str, PropertyType]:
    """The columns that the table of a kind always has, in order."""
    keys: dict[str, PropertyType] = dict.fromkeys(_key_texts(kind), "text")
    return keys | {one.name: one.type for one in kind.properties}


def column_types(table: pa.Table) -> dict[str, PropertyType]:
    """The property types of a table in normal form."""
    return {field.name: _PROPERTY_TYPES[field.type] for field in table.schema}


def attributes_of(table: pa.Table, kind: Kind) -> dict[str, PropertyType]:
    """The columns that came with the data, beyond the declared ones."""
    declared = declared_types(kind)
    return {name: type_ for name, type_ in column_types(table).items() if name not in declared}


def as_rows(table: pa.Table) -> pd.DataFrame:
    """The table as rows to bind; times in two columns of integers, see `graph.statements.time_columns`."""
    columns: dict[str, Any] = {}
    for name, type_ in column_types(table).items():
        if type_ == "time":
            microseconds = table[name].cast(pa.int64()).to_pandas(integer_object_nulls=True).astype("Int64")
            seconds, nanoseconds = time_columns(name)
            columns |= {seconds: microseconds // 1_000_000, nanoseconds: microseconds % 1_000_000 * 1_000}
        else:
            columns[name] = table[name].to_pandas(integer_object_nulls=True)
    return pd.DataFrame(columns)


def whole_layer(layer: Layer, tables: Mapping[str, pd.DataFrame]) -> dict[str, pa.Table]:
    """All kinds of a layer in normal form; those without a table are empty.

    Raises:
        GraphContentError: A kind is not of this layer, or its rows break the schema.
    """
    owned = {kind.kind: kind for kind in kinds_of(layer)}
    if foreign := sorted(set(tables) - set(owned)):
        raise GraphContentError(
            f"The layer has no {', '.join(foreign)}.", where=layer, remedy=f"It holds: {', '.join(owned)}."
        )
    content = {name: normal_form(kind, tables.get(name, pd.DataFrame())) for name, kind in owned.items()}
    for name, kind in owned.items():
        _check_finite(kind, content[name])
    return content


def normal_form(kind: Kind, rows: pd.DataFrame, attributes: Mapping[str, PropertyType] | None = None) -> pa.Table:
    """The rows typed by the schema and sorted by key; declared columns that are missing are added without values.

    Args:
        kind: What the rows are.
        rows: The key columns (a node's key; `from_key`, `to_key` and what identifies a relationship) and properties.
        attributes: Types of further columns; taken from the columns themselves when not given.

    Raises:
        GraphContentError: An unknown column, a wrong type, a missing value, or a key that occurs twice.
    """
    types = declared_types(kind)
    further = [str(name) for name in rows.columns if name not in types]
    _check_names(kind, further, types)
    types |= {name: (attributes or {}).get(name) or _inferred(kind, name, rows[name]) for name in sorted(further)}
    table = pa.table({name: _column(kind, name, type_, rows) for name, type_ in types.items()})
    if not is_in_order(table, kind.key_columns):
        table = table.take(pc.sort_indices(table, [(name, "ascending") for name in kind.key_columns])).combine_chunks()
    _check_values(kind, table)
    _check_unique(kind, table)
    return table


def check_endpoints(content: Content, known: Content) -> None:
    """Make sure that every relationship starts and ends at a node.

    Args:
        content: A whole layer.
        known: The layers before it; a label that is in neither is left to the server.

    Raises:
        GraphContentError: With the first keys that no node has.
    """
    ends: dict[str, list[_End]] = {}
    for name, table in content.items():
        kind = KINDS[name]
        if isinstance(kind, Relationship) and len(table):
            for end, label in (("from_key", kind.source), ("to_key", kind.target)):
                ends.setdefault(label, []).append(_End(kind, end, _runs(table[end].combine_chunks())))
    for label, found in ends.items():
        nodes = content.get(label, known.get(label))
        if nodes is not None:
            _check_ends(found, label, nodes[NODE[label].key].combine_chunks())


@dataclass(frozen=True, eq=False)
class _End:
    """The keys at one end of all relationships of a kind."""

    kind: Relationship
    end: str
    keys: pa.Array


def _check_ends(ends: Sequence[_End], label: str, nodes: pa.Array) -> None:
    """All ends at one label together, because a table of its keys takes longer to make than to look things up in."""
    every = pa.concat_arrays([one.keys for one in ends])
    is_known = pc.is_in(every, value_set=nodes)
    if pc.all(is_known).as_py():
        return
    start = 0
    for one in ends:
        unknown = one.keys.filter(pc.invert(is_known.slice(start, len(one.keys))))
        start += len(one.keys)
        if len(unknown):
            keys = pc.unique(unknown).to_pylist()
            raise GraphContentError(
                f"{len(keys):,} keys name no {label}: {_some(keys)}.",
                where=f"{one.kind.kind}, {one.end}",
                remedy=f"Add them to the table of {label}, or take out the rows that name them.",
            )


def _runs(values: pa.Array) -> pa.Array:
    """The values without neighbours that are equal: rows are sorted by where they start."""
    is_first = pc.not_equal(values.slice(1), values.slice(0, len(values) - 1))
    return pa.concat_arrays([values.slice(0, 1), values.slice(1).filter(is_first)])


def _key_texts(kind: Kind) -> tuple[str, ...]:
    return (kind.key,) if isinstance(kind, Node) else ("from_key", "to_key")


def _check_names(kind: Kind, further: Sequence[str], types: Iterable[str]) -> None:
    if further and not (isinstance(kind, Node) and kind.has_attributes):
        raise GraphContentError(
            f"There is no property {', '.join(further)}.", where=kind.kind, remedy=f"It has: {', '.join(types)}."
        )
    for name in further:
        if not _ATTRIBUTE_NAME.fullmatch(name):
            raise GraphContentError(
                f"`{name}` is no name for an attribute.", where=kind.kind, remedy="Use lower_snake, such as age_band."
            )


def _inferred(kind: Kind, name: str, values: pd.Series) -> PropertyType:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return "text"
    found = pd.api.types.infer_dtype(values, skipna=True)
    types: dict[str, PropertyType] = {
        "string": "text",
        "empty": "text",
        "floating": "number",
        "mixed-integer-float": "number",
        "decimal": "number",
        "integer": "integer",
        "boolean": "boolean",
        "datetime64": "time",
        "datetime": "time",
        "date": "time",
    }
    if found not in types:
        raise GraphContentError(
            f"The attribute `{name}` holds {found} values.",
            where=kind.kind,
            remedy="Give it one flat type: text, number, boolean or time.",
        )
    return types[found]


def _column(kind: Kind, name: str, type_: PropertyType, rows: pd.DataFrame) -> pa.Array:
    if name not in rows.columns:
        return pa.nulls(len(rows), ARROW_TYPES[type_])
    try:
        return _typed(rows[name], type_)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError) as error:
        raise GraphContentError(
            f"`{name}` has to hold {type_} values: {error}.",
            where=kind.kind,
            remedy="Convert the column before the graph is loaded.",
        ) from error


def _typed(values: pd.Series, type_: PropertyType) -> pa.Array:
    if type_ == "time":
        if not isinstance(values.dtype, pd.DatetimeTZDtype):
            values = pd.to_datetime(values, utc=True)
        return pa.array(values.dt.as_unit("us"), ARROW_TYPES[type_])
    if type_ == "texts":
        if pd.api.types.infer_dtype(values, skipna=True) == "string":
            raise TypeError("a text is not a list of texts")
        lists = pa.array(values.astype(object), ARROW_TYPES[type_], from_pandas=True)
        return pc.if_else(pc.equal(pc.list_value_length(lists), 0), None, lists)
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    typed = pa.array(values, ARROW_TYPES[type_], from_pandas=True)
    if isinstance(typed, pa.ChunkedArray):
        typed = typed.combine_chunks()
    if type_ != "text" or not pc.any(is_empty := pc.equal(typed, "")).as_py():
        return typed
    # an empty text says as little as none at all, and reading in columns needs a stand-in for none
    return pc.if_else(is_empty, None, typed)


def _check_values(kind: Kind, table: pa.Table) -> None:
    required = (*_key_texts(kind), *(one.name for one in kind.properties if one.is_required))
    for name in required:
        if missing := table[name].null_count:
            keys = table.filter(pc.is_null(table[name])).select(list(kind.key_columns)).slice(0, _EXAMPLES).to_pylist()
            raise GraphContentError(
                f"`{name}` is missing in {missing:,} rows, such as {_some([tuple(key.values()) for key in keys])}.",
                where=kind.kind,
                remedy="Every row needs it.",
            )


def _check_finite(kind: Kind, table: pa.Table) -> None:
    for name, type_ in column_types(table).items():
        if type_ == "number" and (infinite := table.filter(pc.is_inf(table[name]))).num_rows:
            keys = infinite.select(list(kind.key_columns)).slice(0, _EXAMPLES).to_pylist()
            raise GraphContentError(
                f"`{name}` is infinite, such as in {_some([tuple(key.values()) for key in keys])}.",
                where=kind.kind,
                remedy="Every number has to be finite.",
            )


def _check_unique(kind: Kind, table: pa.Table) -> None:
    """Rows are sorted by key, so that equal keys are neighbours."""
    if len(table) < 2:  # noqa: PLR2004 -- fewer rows have no neighbours
        return
    is_same: Any = True
    for name in kind.key_columns:
        column = table[name].combine_chunks()
        is_same = pc.and_(pc.equal(column.slice(1), column.slice(0, len(column) - 1)), is_same)
    if pc.any(is_same).as_py():
        repeated = table.slice(1).filter(is_same).select(list(kind.key_columns))
        examples = [tuple(key.values()) for key in repeated.slice(0, _EXAMPLES).to_pylist()]
        raise GraphContentError(
            f"{len(repeated):,} rows repeat a key, such as {_some(examples)}.",
            where=kind.kind,
            remedy="A key identifies one row.",
        )


def _some(keys: Sequence[Any]) -> str:
    shown = ", ".join(f"`{key}`" if isinstance(key, str) else str(key) for key in keys[:_EXAMPLES])
    return shown + (", …" if len(keys) > _EXAMPLES else "")
