"""Rows in the order of their key, the one order in which tables are stored and digested."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def order_by(table: pa.Table, key: Sequence[str]) -> npt.NDArray[np.int64]:
    """Positions of the rows in ascending order of their key, nulls last, equal keys as they stand."""
    if is_in_order(table, key):
        return np.arange(table.num_rows, dtype=np.int64)
    positions = pa.array(np.arange(table.num_rows, dtype=np.int64))
    columns = {name: table[name] for name in key} | {"": positions}
    sort_keys = [(name, "ascending") for name in columns]
    return np.asarray(pc.sort_indices(pa.table(columns), sort_keys=sort_keys).to_numpy().astype(np.int64))


def is_in_order(table: pa.Table, key: Sequence[str]) -> bool:
    """Whether the rows stand in ascending order of their key already; looking costs a twentieth of sorting.

    Args:
        table: The rows.
        key: Texts, whole numbers and times are looked at; with a null in it, or of another type, the answer is no.
    """
    is_open: Any = None
    for name in key:
        column = table[name].combine_chunks()
        if column.null_count or not _is_comparable(column.type):
            return False
        one, next_ = column.slice(0, max(len(column) - 1, 0)), column.slice(1)
        is_greater = pc.greater(one, next_)
        if pc.any(is_greater if is_open is None else pc.and_(is_open, is_greater)).as_py():
            return False
        is_same = pc.equal(one, next_)
        is_open = is_same if is_open is None else pc.and_(is_open, is_same)
    return True


def _is_comparable(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_timestamp(kind)
    )


def runs_of_equal_keys(ordered: pa.Table, key: Sequence[str]) -> npt.NDArray[np.int64]:
    """Number of the key of each row, for rows in order of it; shape (rows,)."""
    starts = np.zeros(ordered.num_rows, dtype=np.int64)
    for name in key:
        column = ordered[name].combine_chunks()
        is_other = pc.not_equal(column.slice(1), column.slice(0, max(len(column) - 1, 0)))
        starts[1:] |= np.asarray(
            pc.fill_null(is_other, fill_value=False).to_numpy(zero_copy_only=False), dtype=np.int64
        )
    return np.cumsum(starts)
