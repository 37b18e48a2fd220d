"""Which types columns have once they are stored, and how rows of a later run are fitted to those of the runs before."""

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa


def arrow_table(frame: pd.DataFrame) -> pa.Table:
    """A frame as Arrow without pandas' own metadata; times in microseconds; a column of nulls alone is text."""
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    return table.cast(pa.schema([column.with_type(_stored_type(column.type)) for column in table.schema]), safe=False)


def fitted(content: pa.Table, stored: pa.Schema) -> tuple[pa.Table, Mapping[str, pa.DataType]]:
    """Rows in the types that are stored already.

    A column without any value takes the stored type, and so does a number that loses nothing by it, or a list
    whose entries lack values of some column.

    Returns:
        The rows, and the columns that are of another type than the stored one, with their own.
    """
    others: dict[str, pa.DataType] = {}
    for place, column in enumerate(content.schema):
        if column.name not in stored.names:
            continue
        kind = _stored_type(stored.field(column.name).type)
        cast = _cast(content[column.name], kind)
        if cast is None:
            others[column.name] = column.type
        else:
            content = content.set_column(place, column.with_type(kind), cast)
    return content, others


def differing(schema: pa.Schema, stored: pa.Schema) -> Mapping[str, pa.DataType]:
    """The columns that are of another type than the stored one, with their own."""
    return {
        column.name: column.type
        for column in schema
        if column.name in stored.names and not _stored_type(stored.field(column.name).type).equals(column.type)
    }


def _cast(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    if values.type.equals(kind):
        return values
    if values.null_count == len(values):
        return pa.chunked_array([pa.nulls(len(values), kind)])
    are_lists = pa.types.is_list(kind) and pa.types.is_list(values.type)
    if are_lists and not any(
        len(chunk.flatten()) for chunk in values.chunks
    ):  # entries that are not there have no type
        return pa.chunked_array([pa.array([None if each is None else [] for each in values.to_pylist()], kind)])
    if not are_lists and not (_is_number(values.type) and _is_number(kind)):
        return None
    try:
        return values.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _stored_type(kind: pa.DataType) -> pa.DataType:
    """Delta knows times in microseconds, one sort of text, and lists whose entries it names in its own way."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_stored_type(kind.value_type))
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    return pa.string() if pa.types.is_null(kind) or pa.types.is_large_string(kind) else kind
