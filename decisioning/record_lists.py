"""Columns of records in Arrow: texts that come often, and lists of entries per customer."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa


def coded(texts: "npt.NDArray[np.object_] | pd.Series[Any]") -> pa.DictionaryArray:
    """Texts as codes of distinct ones; None and NaN are missing."""
    codes, distinct = pd.factorize(np.asarray(texts, dtype=object))
    codes = codes.astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(distinct, pa.string()))


def list_column(owner: npt.NDArray[np.integer], count: int, columns: Mapping[str, pa.Array]) -> pa.Array:
    """A list of entries for each of `count` customers.

    Args:
        owner: Position of each entry's customer, ascending, shape (entries,).
        count: Number of customers.
        columns: What an entry is made of.
    """
    offsets = np.searchsorted(owner, np.arange(count + 1)).astype(np.int32)
    entries = pa.StructArray.from_arrays(list(columns.values()), names=list(columns))
    return pa.ListArray.from_arrays(pa.array(offsets), entries)
