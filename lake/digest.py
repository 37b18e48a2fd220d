"""Digests of content: the same rows give the same digest, whatever their order, chunks, file or Delta version."""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lake.ordering import is_in_order, order_by


def text_digest(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def content_digest(table: pa.Table, key: Sequence[str]) -> str:
    """SHA-256 over the content of a table.

    Rows count in order of their key, and columns in order of their name. What lies under a null, chunks, and which of
    Arrow's types of the same meaning holds texts or lists do not count; neither does the sign of zero.

    Args:
        table: Any columns of texts, numbers, booleans, times, or lists of texts.
        key: Columns that identify a row.
    """
    order = None if is_in_order(table, key) else pa.array(order_by(table, key))
    running = hashlib.sha256(f"{table.num_rows}\0".encode())
    for name in sorted(table.column_names):
        values = table[name].combine_chunks()
        values = values if order is None else values.take(order)
        running.update(f"{name}\0{_logical_type(values.type)}\0".encode())
        _update(running, values)
    return running.hexdigest()


def _logical_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list of {_logical_type(kind.value_type)}"
    return "text" if pa.types.is_string(kind) or pa.types.is_large_string(kind) else str(kind)


def _update(running: "hashlib._Hash", values: pa.Array) -> None:
    running.update(np.packbits(values.is_valid().to_numpy(zero_copy_only=False)).data)
    kind = values.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        running.update(_numbers(pc.list_value_length(values)).astype(np.int64).tobytes())
        _update(running, values.flatten())
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        _update_texts(running, pc.fill_null(values.cast(pa.large_string()), ""))
    elif pa.types.is_boolean(kind):
        running.update(np.packbits(pc.fill_null(values, fill_value=False).to_numpy(zero_copy_only=False)).tobytes())
    elif pa.types.is_temporal(kind):
        running.update(np.ascontiguousarray(_numbers(values.cast(pa.int64()))).data)
    else:
        # adding zero makes a zero of either sign the same
        numbers = _numbers(values)
        running.update(np.ascontiguousarray(numbers + 0 if numbers.dtype.kind == "f" else numbers).data)


def _update_texts(running: "hashlib._Hash", texts: pa.LargeStringArray) -> None:
    """The length of each text in bytes, then all of them in a row, straight from Arrow's buffers."""
    running.update(np.ascontiguousarray(_numbers(pc.binary_length(texts)), dtype=np.int64).data)
    _, offsets, letters = texts.buffers()
    if letters is not None and len(texts):
        bounds = np.frombuffer(offsets, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
        running.update(memoryview(letters)[bounds[0] : bounds[-1]])


def _numbers(values: pa.Array) -> npt.NDArray[np.generic]:
    return np.asarray(pc.fill_null(values, 0).to_numpy(zero_copy_only=False))
