"""Digests of content: the same rows give the same digest, whatever their order, chunks, file or Delta version."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def text_digest(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def content_digest(table: pa.Table, key: Sequence[str]) -> str:
    """SHA-256 over the content of a table.

    Rows are put in order of their key, and columns in order of their name; what lies under a null does not count.

    Args:
        table: Any columns of texts, numbers, booleans, times, or lists of texts.
        key: Columns that identify a row.
    """
    order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in key]) if len(table) else None
    running = hashlib.sha256(f"{len(table)}\0".encode())
    for name in sorted(table.column_names):
        column = table.column(name)
        values = column.take(order) if order is not None else column
        running.update(f"{name}\0{_logical_type(values.type)}\0".encode())
        _update(running, pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type))
    return running.hexdigest()


def _logical_type(kind: pa.DataType) -> str:
    return "text" if pa.types.is_string(kind) or pa.types.is_large_string(kind) else str(kind)


def _update(running: "hashlib._Hash", values: pa.Array) -> None:
    running.update(np.packbits(values.is_valid().to_numpy(zero_copy_only=False)).tobytes())
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        running.update(pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False).tobytes())
        _update(running, values.flatten())
    elif pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        filled = pc.fill_null(values, "")
        running.update(pc.binary_length(filled).to_numpy(zero_copy_only=False).astype(np.int64).tobytes())
        running.update("".join(filled.to_pylist()).encode())
    elif pa.types.is_boolean(values.type):
        running.update(np.packbits(pc.fill_null(values, False).to_numpy(zero_copy_only=False)).tobytes())
    elif pa.types.is_temporal(values.type):
        running.update(pc.fill_null(values.cast(pa.int64()), 0).to_numpy(zero_copy_only=False).tobytes())
    else:
        running.update(pc.fill_null(values, 0).to_numpy(zero_copy_only=False).tobytes())
