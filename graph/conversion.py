"""Values on their way to the graph server and back: what the driver binds, and what pandas and numpy expect.

Times go in as UTC, because the driver can crash on a daylight-saving time zone, and come out as UTC. Whatever is
missing (None, NaN, NaT, NA) goes in as null. Nodes come out as labels and properties: never an id of the server's.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import singledispatch
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.errors import GraphError

_PYTHON_SCALARS = frozenset({str, int, float, bool, type(None), bytes})


@singledispatch
def bindable(value: Any) -> Any:
    """The value as the driver binds it; mappings and sequences are converted throughout.

    A time without a zone is taken as UTC.

    Raises:
        GraphError: When the graph has no such type.
    """
    raise GraphError(
        f"The graph cannot hold a {type(value).__name__}: {value!r}.",
        where="parameter of a statement",
        remedy="Convert it to a text, number, boolean, time, or a list of one of these.",
    )


@bindable.register(str | bool | None | bytes | dt.date | dt.timedelta)
def _as_it_is(value: Any) -> Any:
    return value


@bindable.register
def _integer(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise GraphError(
            f"The graph cannot hold the integer {value}: it has 64 bits for one.",
            where="parameter of a statement",
            remedy="Pass it as a text.",
        )
    return value


@bindable.register(float | np.floating)
def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


@bindable.register(type(pd.NaT) | type(pd.NA))
def _missing(_: Any) -> None:
    return None


@bindable.register
def _time(value: dt.datetime) -> dt.datetime:
    return _to_utc(value)


@bindable.register
def _timestamp(value: pd.Timestamp) -> dt.datetime:
    return _to_utc(value.to_pydatetime(warn=False))


@bindable.register
def _numpy_time(value: np.datetime64) -> Any:
    return bindable(pd.Timestamp(value))


@bindable.register
def _numpy_text(value: np.str_) -> str:
    return str(value)


@bindable.register
def _numpy_scalar(value: np.generic) -> Any:
    return value.item()


@bindable.register
def _mapping(value: Mapping) -> dict[str, Any]:  # type: ignore[type-arg]  # dispatch takes bare classes only
    return {str(key): bindable(item) for key, item in value.items()}


@bindable.register(list | tuple | np.ndarray | pd.Series | pd.Index)
def _sequence(value: Iterable[Any]) -> list[Any]:
    return [bindable(item) for item in value]


def batches(rows: pd.DataFrame | Sequence[Mapping[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """The rows in lists of at most `size`, ready to bind; a table is converted column by column."""
    for start in range(0, len(rows), size):
        if isinstance(rows, pd.DataFrame):
            yield _table_rows(rows.iloc[start : start + size])
        else:
            yield [bindable(row) for row in rows[start : start + size]]


def plain(value: Any) -> Any:
    """A value of the driver as Python's own: UTC times, dates, lists; nodes and relationships as mappings."""
    if type(value) in _PYTHON_SCALARS:
        return value
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "to_native"):
        native = value.to_native()
        return _to_utc(native) if isinstance(native, dt.datetime) and native.tzinfo else native
    return _plain_element(value)


def _plain_element(value: Any) -> Any:
    if hasattr(value, "relationships"):  # a path, which has nodes, too
        return [plain(part) for part in _alternating(value.nodes, value.relationships)]
    if hasattr(value, "labels"):
        return {"labels": sorted(value.labels), "properties": plain(dict(value.items()))}
    if hasattr(value, "start_node"):
        return {"type": value.type, "properties": plain(dict(value.items()))}
    return value


def column(values: Sequence[Any]) -> npt.NDArray[Any]:
    """One column as an array: integers, floats (missing is NaN), UTC times (missing is NaT), booleans, else objects."""
    kinds = set(map(type, values))
    present = kinds - {type(None)}
    if present == {bool} == kinds:
        return np.array(values, dtype=bool)
    if present == {int} == kinds:
        return np.array(values, dtype=np.int64)
    if present and present <= {int, float}:
        return np.array(values, dtype=np.float64)
    if present <= {str}:
        return np.fromiter(values, dtype=object, count=len(values))
    natives = [plain(value) for value in values]
    if all(value is None or (isinstance(value, dt.datetime) and value.tzinfo) for value in natives):
        return np.array([None if value is None else value.replace(tzinfo=None) for value in natives], "datetime64[us]")
    return np.fromiter(natives, dtype=object, count=len(natives))


def flatten(names: Sequence[str], records: Sequence[Sequence[Any]], *, statement: str) -> dict[str, npt.NDArray[Any]]:
    """Collected records as flat columns: every list is laid out, the values beside it are repeated.

    Args:
        names: The columns of the statement.
        records: One sequence of values per record; a column is either a list in all of them, or in none.
        statement: For the error.

    Raises:
        GraphError: When the lists of one record differ in length, because `collect` leaves nulls out.
    """
    if not records:
        return {name: np.array([], dtype=object) for name in names}
    columns = dict(zip(names, zip(*records, strict=True), strict=True))
    collected = [name for name, values in columns.items() if isinstance(values[0], list)]
    if not collected:
        return {name: column(values) for name, values in columns.items()}
    lengths = np.fromiter(map(len, columns[collected[0]]), dtype=np.int64, count=len(records))
    for name in collected[1:]:
        if not np.array_equal(lengths, np.fromiter(map(len, columns[name]), dtype=np.int64, count=len(records))):
            raise GraphError(
                f"`{collected[0]}` and `{name}` were collected to different lengths: collect() leaves nulls out.",
                where=statement.strip(),
                remedy="Give missing values a stand-in inside collect(), such as collect(coalesce(r.weight, -1.0)).",
            )
    return {
        name: column(list(chain.from_iterable(values))) if name in collected else np.repeat(column(values), lengths)
        for name, values in columns.items()
    }


def _table_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    names = [str(name) for name in table.columns]
    columns = [_bindable_column(table.iloc[:, position]) for position in range(len(names))]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _bindable_column(values: "pd.Series[Any]") -> list[Any]:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.dt.tz_convert(dt.UTC)
    elif values.dtype.kind == "M":
        values = values.dt.tz_localize(dt.UTC)
    elif values.dtype.kind in "iub":
        listed: list[Any] = values.tolist()
        return listed if not values.isna().any() else [bindable(value) for value in listed]
    elif values.dtype.kind == "f":
        return values.astype(object).where(values.notna(), None).tolist()
    else:
        listed = values.tolist()
        is_ready = set(map(type, listed)) <= {str, type(None)}
        return listed if is_ready else [bindable(value) for value in listed]
    times = values.dt.tz_localize(None).to_numpy("datetime64[us]").astype(object)
    return [None if time is None else time.replace(tzinfo=dt.UTC) for time in times]


def _to_utc(time: dt.datetime) -> dt.datetime:
    return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)


def _alternating(nodes: Sequence[Any], relationships: Sequence[Any]) -> Iterator[Any]:
    for node, relationship in zip(nodes, relationships, strict=False):
        yield node
        yield relationship
    yield nodes[-1]
