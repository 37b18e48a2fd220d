"""The canonical bytes of records, built column by column for many records at once.

A record is its head and its body. The head holds every column in order of name, each as wide as its kind, little-endian
and without padding: a number as float64 (missing: the quiet NaN 0x7ff8000000000000), a whole number and a time
(microseconds since 1970 in UTC) as int64 (missing: -2**63), a boolean as one byte (1, 0, missing: -1), a text as its
length in bytes and a list as its number of entries, both int32 (missing: -1). The body holds texts in UTF-8 and entries
of lists in the same order; an entry is a head and a body of its own. Two records that differ have different bytes.
"""

import hashlib
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from decisioning.record_columns import Kind, PlainKind

WIDTHS: Mapping[PlainKind, str] = {"number": "<f8", "whole": "<i8", "time": "<i8", "boolean": "<i1", "text": "<i4"}
LIST_WIDTH = "<i4"
MISSING = {"whole": np.iinfo(np.int64).min, "time": np.iinfo(np.int64).min, "boolean": -1}
NOT_A_NUMBER = np.array(0x7FF8000000000000, dtype="<u8").view("<f8")
DIGEST_SIZE = 32

Declared = Mapping[str, Kind] | Mapping[str, PlainKind]
"""Columns and their kinds."""


def record_bytes(columns: Mapping[str, pa.Array], declared: Declared) -> pa.Array:
    """The canonical bytes of every row.

    Args:
        columns: Arrays of equal length, each of the type that `decision_log` declares or a dictionary of it.
        declared: The kind of each.
    """
    kinds: list[tuple[str, Kind]] = sorted(declared.items())
    widths = [(name, WIDTHS[kind] if isinstance(kind, str) else LIST_WIDTH) for name, kind in kinds]
    head = np.empty(len(columns[kinds[0][0]]), dtype=np.dtype(widths))
    body = []
    for name, kind in kinds:
        values = _plain(columns[name])
        if not isinstance(kind, str):
            lengths, entries = _list_bytes(values, kind)
            head[name] = lengths
            body.append(entries)
        elif kind == "text":
            head[name] = _filled(pc.binary_length(values), -1)
            body.append(values.cast(pa.binary()))
        elif kind == "number":
            numbers = _filled(values, np.nan)
            head[name] = np.where(np.isnan(numbers), NOT_A_NUMBER, numbers)
        else:
            as_whole = values.cast(pa.int8()) if kind == "boolean" else values.cast(pa.int64())
            head[name] = _filled(as_whole, MISSING[kind])
    return pc.binary_join_element_wise(
        _fixed(head), *body, pa.scalar(b"", pa.binary()), null_handling="replace", null_replacement=b""
    )


def digests_of(records: pa.Array) -> bytes:
    """sha256 of each record, one after the other, 32 bytes each."""
    _, offsets, data = records.buffers()
    if data is None:
        return hashlib.sha256(b"").digest() * len(records)
    ends = np.frombuffer(offsets, dtype=np.int32)[records.offset : records.offset + len(records) + 1].tolist()
    content, sha256 = memoryview(data), hashlib.sha256
    return b"".join([
        sha256(content[start:end]).digest() for start, end in pairwise(ends)
    ])  # fmt: skip


def hexadecimal(digests: bytes, size: int = DIGEST_SIZE) -> pa.Array:
    """Digests of so many bytes each as texts of hexadecimal digits."""
    width = 2 * size
    offsets = np.arange(0, 2 * len(digests) + 1, width, dtype=np.int32)
    return pa.Array.from_buffers(
        pa.string(), len(digests) // size, [None, pa.py_buffer(offsets), pa.py_buffer(digests.hex().encode())]
    )


def _plain(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _filled(values: pa.Array, missing: Any) -> npt.NDArray[Any]:
    return np.asarray(values.fill_null(missing).to_numpy(zero_copy_only=False))


def _fixed(head: npt.NDArray[Any]) -> pa.Array:
    """Rows of equal width as binary values."""
    offsets = np.arange(len(head) + 1, dtype=np.int32) * np.int32(head.dtype.itemsize)
    return pa.Array.from_buffers(pa.binary(), len(head), [None, pa.py_buffer(offsets), pa.py_buffer(head.tobytes())])


def _list_bytes(lists: pa.Array, declared: Declared) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """How many entries each list has, -1 for a missing one, and the bytes of all of them."""
    lengths = _filled(pc.list_value_length(lists), -1).astype(np.int32)
    entries = lists.flatten()
    fields = dict(zip([field.name for field in entries.type], entries.flatten(), strict=True))
    offsets = np.concatenate([[0], np.cumsum(np.maximum(lengths, 0))]).astype(np.int32)
    told = record_bytes(fields, declared) if len(entries) else pa.array([], pa.binary())
    return lengths, pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), told), b"")
