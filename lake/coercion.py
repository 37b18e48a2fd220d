"""From what a query returned to the declared types; what cannot be read is named, never guessed.

Everything is read in Arrow columns. Texts are taken as they are, an empty one is none. Numbers are float64: NaN is
none, infinity is no number. A time without zone is UTC, a date is 00:00 in the playbook's time zone, what is finer than
a microsecond is cut off, and what lies outside the years 1 to 9999 is no time. Lists of texts may also be one text with
`|` between the parts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lake.columns import ColumnType

Mask = npt.NDArray[np.bool_]

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "time": pa.timestamp("us", "UTC"),
    "texts": pa.list_(pa.string()),
}
TRUE_WORDS = ("true", "t", "yes", "y", "1", "1.0")
FALSE_WORDS = ("false", "f", "no", "n", "0", "0.0")
NUMBER = r"^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$"
MOMENT = (
    r"^\s*(?P<day>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<clock>\d{2}:\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<zone>[Zz]|[+-]\d{2}(?::?\d{2})?)?)?\s*$"
)
MICROSECONDS = 1_000_000
EARLIEST, LATEST = -62_135_596_800 * MICROSECONDS, 253_402_300_800 * MICROSECONDS - 1
"""The years 1 to 9999, which every part of the system can tell; some databases write a time beyond them for `never`."""

COUNTABLE = 2.0**53
"""Below it, every whole number is a float of its own."""


@dataclass(frozen=True, eq=False)
class Coerced:
    """One column in its declared type.

    Attributes:
        typed: Null where nothing stands and where what stands cannot be read.
        is_unreadable: Where something stands that cannot be read, shape (rows,).
    """

    typed: pa.Array
    is_unreadable: Mask


def coerce(values: pa.Array | pa.ChunkedArray, column_type: ColumnType, timezone: str) -> Coerced:
    """Values of a column in a declared type.

    Args:
        values: As the query returned them.
        column_type: The declared type.
        timezone: In which a date without time is a day.
    """
    given = _without_chunks_and_dictionary(values)
    if column_type != "texts":
        given = _without_empty_texts(given)
    read = _READERS[column_type](given, timezone)
    is_given = pc.is_valid(given)
    if pa.types.is_floating(given.type):
        is_given = pc.and_(is_given, pc.invert(pc.fill_null(pc.is_nan(given), fill_value=True)))
    return Coerced(read, mask(pc.and_(is_given, pc.is_null(read))))


def natural_type(given: pa.DataType) -> ColumnType | None:
    """The type in which an attribute of this Arrow type is kept; None for one that is not flat."""
    if pa.types.is_dictionary(given):
        return natural_type(given.value_type)
    if _is_text(given) or pa.types.is_null(given):
        return "text"
    if pa.types.is_boolean(given):
        return "boolean"
    if _is_numeric(given):
        return "number"
    return "time" if pa.types.is_timestamp(given) or pa.types.is_date(given) else None


def arrow_of(frame: pd.DataFrame) -> pa.Table:
    """A frame of Python values as Arrow, so that it can be read like the result of a query."""
    return pa.table({str(name): _array_of(frame[name]) for name in frame.columns})


def combined(parts: Sequence[pa.Table]) -> pa.Table:
    """Rows of several origins below each other; a column that they give in different types becomes text (or texts)."""
    names = list(dict.fromkeys(name for part in parts for name in part.column_names))
    return pa.table({name: _one_column([_column_or_nulls(part, name) for part in parts]) for name in names})


def mask(values: Any) -> Mask:
    """An Arrow boolean array as numpy; null is False."""
    return np.asarray(pc.fill_null(values, fill_value=False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def _column_or_nulls(part: pa.Table, name: str) -> pa.ChunkedArray:
    return part[name] if name in part.column_names else pa.chunked_array([pa.nulls(part.num_rows)])


def _one_column(columns: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    types = {column.type for column in columns if not pa.types.is_null(column.type)}
    if len(types) > 1:
        reads: ColumnType = "texts" if any(pa.types.is_nested(kind) for kind in types) else "text"
        columns = [_READERS[reads](_without_chunks_and_dictionary(column), "") for column in columns]
        types = {ARROW_TYPES[reads]}
    kind = types.pop() if types else pa.null()
    typed = [column.cast(kind) for column in columns]
    return pa.chunked_array([chunk for column in typed for chunk in _chunks(column)], kind)


def _chunks(values: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    return list(values.chunks) if isinstance(values, pa.ChunkedArray) else [values]


def _array_of(values: "pd.Series[Any]") -> pa.Array:
    if values.dtype != object:
        return pa.array(values, from_pandas=True)
    plain = [_plain(value) for value in values]
    kinds = {type(value) for value in plain if value is not None}
    if len(kinds) > 1:  # a column of many types is read like one of texts
        plain = [value if value is None or isinstance(value, list) else str(value) for value in plain]
    return pa.array(plain)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple | np.ndarray):
        return [str(part) for part in value]
    if isinstance(value, date):  # a datetime is one too, and either reads back from its ISO text
        return value.isoformat()
    return None if pd.isna(value) else value


def _without_chunks_and_dictionary(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _without_empty_texts(values: pa.Array) -> pa.Array:
    if not _is_text(values.type):
        return values
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(values), ""), None, values)


def _text(values: pa.Array, _: str) -> pa.Array:
    kind = values.type
    if pa.types.is_floating(kind):
        values = pc.if_else(pc.is_finite(values), values, None)
        whole = pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), COUNTABLE))
        # A column of whole numbers with nulls often arrives as floats; 17.0 is the key 17.
        if mask(pc.fill_null(whole, fill_value=True)).all():
            values = values.cast(pa.int64(), safe=False)
        return values.cast(pa.string())
    if _is_text(kind) or _is_numeric(kind) or pa.types.is_boolean(kind) or pa.types.is_temporal(kind):
        return values.cast(pa.string())
    return pa.nulls(len(values), pa.string())


def _number(values: pa.Array, _: str) -> pa.Array:
    if _is_text(values.type):
        is_number = pc.match_substring_regex(values, NUMBER)
        values = pc.utf8_trim_whitespace(pc.if_else(is_number, values, None))
        values = pc.if_else(pc.starts_with(values, "+"), pc.utf8_slice_codeunits(values, 1), values)
    elif not _is_numeric(values.type):
        return pa.nulls(len(values), pa.float64())
    numbers = values.cast(pa.float64(), safe=False)
    return pc.if_else(pc.is_finite(numbers), numbers, None)


def _boolean(values: pa.Array, _: str) -> pa.Array:
    if pa.types.is_boolean(values.type):
        return values
    if not (_is_text(values.type) or _is_numeric(values.type)):
        return pa.nulls(len(values), pa.bool_())
    words = pc.utf8_lower(pc.utf8_trim_whitespace(_text(values, "")))
    is_true = pc.is_in(words, value_set=pa.array(TRUE_WORDS))
    is_known = pc.or_(is_true, pc.is_in(words, value_set=pa.array(FALSE_WORDS)))
    return pc.if_else(is_known, is_true, pa.scalar(None, pa.bool_()))


def _time(values: pa.Array, timezone: str) -> pa.Array:
    kind = values.type
    if pa.types.is_timestamp(kind):
        return _utc(values.cast(pa.timestamp("us", kind.tz), safe=False))
    if pa.types.is_date(kind):
        return _local_midnight(values, timezone)
    if _is_text(kind):
        return _time_of_text(values, timezone)
    return pa.nulls(len(values), ARROW_TYPES["time"])


def _time_of_text(values: pa.Array, timezone: str) -> pa.Array:
    parts = pc.extract_regex(values.cast(pa.string()), MOMENT)
    day, clock, second, fraction, zone = (pc.struct_field(parts, name) for name in _MOMENT_PARTS)
    days = pc.strptime(day, "%Y-%m-%d", "us", error_is_null=True)
    days = pc.if_else(pc.equal(pc.strftime(days, "%Y-%m-%d"), day), days, None)  # 30 February is no day
    has_clock = pc.not_equal(clock, "")
    seconds = pc.if_else(pc.equal(second, ""), "00", second)
    spelled = pc.binary_join_element_wise(pc.strftime(days, "%Y-%m-%d "), clock, ":", seconds, "")
    moments = pc.strptime(pc.if_else(has_clock, spelled, None), "%Y-%m-%d %H:%M:%S", "us", error_is_null=True)
    moments = pc.add(moments.cast(pa.int64()), _fraction(fraction))
    moments = _utc(pc.subtract(moments, _offset(zone)).cast(pa.timestamp("us")))
    return pc.if_else(has_clock, moments, _local_midnight(days, timezone))


_MOMENT_PARTS = ("day", "clock", "second", "fraction", "zone")


def _fraction(digits: pa.Array) -> pa.Array:
    six = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.fill_null(digits, ""), 6, "0"), 0, 6)
    return six.cast(pa.int64())


def _offset(zone: pa.Array) -> pa.Array:
    """Microseconds east of UTC; 0 for none, which is UTC."""
    zone = pc.fill_null(zone, "")
    digits = pc.utf8_rpad(pc.replace_substring(pc.utf8_slice_codeunits(zone, 1), ":", ""), 4, "0")
    hours = pc.utf8_slice_codeunits(digits, 0, 2).cast(pa.int64())
    minutes = pc.utf8_slice_codeunits(digits, 2, 4).cast(pa.int64())
    sign = pc.if_else(pc.starts_with(zone, "-"), -1, 1)
    return pc.multiply(pc.add(pc.multiply(hours, 60), minutes), pc.multiply(sign, 60 * MICROSECONDS))


def _local_midnight(days: pa.Array, timezone: str) -> pa.Array:
    # Where a clock change skips midnight the day starts right after it; where midnight comes twice, at the first.
    naive = days.cast(pa.timestamp("us"))
    return _utc(pc.assume_timezone(naive, timezone, ambiguous="earliest", nonexistent="latest"))


def _utc(moments: pa.Array) -> pa.Array:
    times = moments.cast(ARROW_TYPES["time"])
    since_1970 = times.cast(pa.int64())
    can_be_told = pc.and_(pc.greater_equal(since_1970, EARLIEST), pc.less_equal(since_1970, LATEST))
    return pc.if_else(can_be_told, times, None)


def _texts(values: pa.Array, _: str) -> pa.Array:
    kind = values.type
    if _is_text(kind):
        lists = pc.split_pattern(values.cast(pa.string()), "|")
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        if not (_is_text(kind.value_type) or _is_numeric(kind.value_type) or pa.types.is_null(kind.value_type)):
            return pa.nulls(len(values), ARROW_TYPES["texts"])
        lists = values.cast(pa.list_(kind.value_type))
    else:
        return pa.nulls(len(values), ARROW_TYPES["texts"])
    parts = pc.utf8_trim_whitespace(_text(lists.flatten(), ""))
    is_kept = mask(pc.not_equal(parts, ""))
    lengths = np.zeros(len(values), dtype=np.int64)
    np.add.at(lengths, pc.list_parent_indices(lists).to_numpy()[is_kept], 1)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    is_none = mask(pc.is_null(values))
    return pa.ListArray.from_arrays(starts, parts.filter(pa.array(is_kept)), mask=pa.array(is_none))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


_READERS: dict[ColumnType, Callable[[pa.Array, str], pa.Array]] = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "time": _time,
    "texts": _texts,
}
