"""Arrays as columns of tables and back, to the last bit: which columns are texts, times and counts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecasting.values import Keys

TEXTS = frozenset(
    {
        "about",
        "asset_id",
        "asset_kind",
        "category_id",
        "channel_id",
        "customer_id",
        "part",
        "segment",
        "source",
        "target",
        "timezone",
    }
)
TIMES = frozenset(
    {
        "due_at",
        "ends_at",
        "expected_next_order_at",
        "last_at",
        "next_order_high_at",
        "next_order_low_at",
        "starts_at",
    }
)
COUNTS = frozenset({"hour_of_week", "shopping_days"})
FLAGS = frozenset({"is_learnt"})


def frame_of(value: object | None, columns: Sequence[str]) -> pd.DataFrame:
    """Attributes of a value as columns; None gives the columns without rows."""
    return pd.DataFrame({name: _column(name, getattr(value, name) if value else _nothing(name)) for name in columns})


def arrays_of(frame: pd.DataFrame, columns: Sequence[str], *, by: Sequence[str]) -> dict[str, np.ndarray]:
    """Columns as arrays by name, in the order of `by`."""
    ordered = frame.sort_values(list(by), kind="stable")
    return {name: _array(name, ordered[name]) for name in columns}


def _column(name: str, values: Keys) -> "pd.Series[Any]":
    column = pd.Series(values, dtype=object if name in TEXTS else None)
    return column.dt.tz_localize("UTC") if name in TIMES else column


def _nothing(name: str) -> np.ndarray:
    kind = "datetime64[us]" if name in TIMES else "object" if name in TEXTS else _number(name)
    return np.zeros(0, dtype=kind)


def _number(name: str) -> str:
    return "int32" if name in COUNTS else "bool" if name in FLAGS else "float64"


def _array(name: str, column: "pd.Series[Any]") -> np.ndarray:
    if name in TEXTS:
        return np.asarray(column, dtype=object)
    if name in TIMES:
        return np.asarray(column.dt.tz_convert("UTC").dt.tz_localize(None), dtype="datetime64[us]")
    return np.asarray(column, dtype=_number(name))
