"""From what a query returned to the declared types; what cannot be read is named, never guessed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from lake.tables import Column, ColumnType

TRUE_WORDS = ("true", "t", "yes", "y", "1")
FALSE_WORDS = ("false", "f", "no", "n", "0")

Coerced = tuple["pd.Series[Any]", "pd.Series[Any]"]


def coerce(values: "pd.Series[Any]", column: Column, timezone: str) -> Coerced:
    """Values of a column in its declared type, and which of them could not be read.

    Args:
        values: As the query returned them.
        column: The declaration.
        timezone: In which a date without time is a day.

    Returns:
        The values, null where they cannot be read, and a mask of those.
    """
    empty = values.isna()
    read = _READERS[column.type](values, timezone)
    return read, ~empty & read.isna()


def _text(values: "pd.Series[Any]", _: str) -> "pd.Series[Any]":
    if pd.api.types.is_float_dtype(values.dtype):
        # A column of whole numbers with nulls arrives as floats; 17.0 is the key 17.
        whole = values.dropna().astype(float).mod(1).eq(0).all()
        values = values.astype("Int64") if whole else values
    if values.dtype == object and pd.api.types.infer_dtype(values, skipna=True) in ("string", "empty"):
        return values.where(values.notna(), None)
    return values.astype("string").astype(object).where(values.notna(), None)


def _number(values: "pd.Series[Any]", _: str) -> "pd.Series[Any]":
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    return numbers.where(np.isfinite(numbers))


def _boolean(values: "pd.Series[Any]", _: str) -> "pd.Series[Any]":
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.astype(object)
    words = values.astype("string").str.strip().str.lower()
    known = pd.Series(None, index=values.index, dtype=object)
    known[words.isin(TRUE_WORDS).fillna(False)] = True
    known[words.isin(FALSE_WORDS).fillna(False)] = False
    return known


def _time(values: "pd.Series[Any]", timezone: str) -> "pd.Series[Any]":
    if isinstance(values.dtype, pd.DatetimeTZDtype) or pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _utc(pd.to_datetime(values, utc=True))
    if values.dtype == object and pd.api.types.infer_dtype(values, skipna=True) == "date":
        return _local_midnight(pd.to_datetime(values), timezone)
    texts = values.astype("string").str.strip()
    is_day = texts.str.fullmatch(r"\d{4}-\d{2}-\d{2}").fillna(False).astype(bool)
    moments = _utc(pd.to_datetime(texts.where(~is_day), utc=True, errors="coerce", format="ISO8601"))
    if is_day.any():
        days = pd.to_datetime(texts.where(is_day), errors="coerce", format="%Y-%m-%d")
        moments = moments.where(~is_day, _local_midnight(days, timezone))
    return moments


def _local_midnight(days: "pd.Series[Any]", timezone: str) -> "pd.Series[Any]":
    local = days.dt.tz_localize(timezone, ambiguous=True, nonexistent="shift_forward")
    return _utc(local.dt.tz_convert("UTC"))


def _utc(moments: "pd.Series[Any]") -> "pd.Series[Any]":
    return moments.astype("datetime64[us, UTC]")


def _texts(values: "pd.Series[Any]", _: str) -> "pd.Series[Any]":
    return pd.Series([_list(value) for value in values], index=values.index, dtype=object)


def _list(value: object) -> list[str] | None:
    if isinstance(value, str):
        return [part.strip() for part in value.split("|") if part.strip()]
    if isinstance(value, list | tuple | np.ndarray):
        return [str(part) for part in value]
    return None


_READERS: dict[ColumnType, Callable[["pd.Series[Any]", str], "pd.Series[Any]"]] = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "time": _time,
    "texts": _texts,
}
