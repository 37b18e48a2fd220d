"""The values of attributes as arrays: one table per side of a candidate, with its own record of what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.errors import PolicyError
from decisioning.policies.attributes import Attributes, Declaration, ValueType

Truths = npt.NDArray[np.bool_]

# What stands in the place of a missing value; nobody reads it, the mask decides.
_HARMLESS: Mapping[ValueType, Any] = {
    "number": np.nan,
    "boolean": np.False_,
    "time": np.datetime64("NaT", "us"),
    "text": np.array("", dtype=object),
    "unknown": np.nan,
}


@dataclass(frozen=True, eq=False)
class Column:
    """Values and where they are missing; both of one shape.

    Attributes:
        data: float64, bool, object (texts) or datetime64[us]; anything where missing.
        missing: True where there is no value.
    """

    data: npt.NDArray[Any]
    missing: Truths

    @classmethod
    def of(cls, value: object) -> "Column":
        """One value for every row."""
        array = np.full((1, 1), value, dtype=object) if isinstance(value, str) else np.full((1, 1), value)
        return cls(array, np.zeros((1, 1), dtype=np.bool_))


@dataclass(frozen=True, eq=False)
class AttributeTable:
    """The attributes of one side: of customers × channels, or of assets × channels.

    Attributes:
        shape: (rows, channels).
        columns: Attribute name to its values, each of shape (rows, 1), (1, channels), (1, 1) or (rows, channels): what
            does not differ between channels is held once per row.
        attributes: The declarations that the columns were made by.
    """

    shape: tuple[int, int]
    columns: Mapping[str, Column]
    attributes: Attributes

    @classmethod
    def build(cls, attributes: Attributes, shape: tuple[int, int], values: Mapping[str, object]) -> "AttributeTable":
        """Arrays of any kind, made into columns of the declared types.

        Args:
            attributes: The declarations; each value must be of its attribute's type.
            shape: (rows, channels).
            values: Attribute name to an array or series: one-dimensional with one value per row (per channel for
                `channel.…`), or two-dimensional (rows × channels). None, NaN, NaT, pd.NA and infinite numbers
                are missing.

        Raises:
            PolicyError: An attribute that is not declared, or values of another type or shape.
        """
        columns = {}
        for name, given in values.items():
            if name not in attributes.declared:
                raise PolicyError(f"`{name}` has values, yet is not declared.", where="attribute table")
            columns[name] = _column(attributes.declared[name], given, shape)
        return cls(shape, columns, attributes)

    def column(self, name: str) -> Column:
        """The values of an attribute; one of the type `unknown` is missing everywhere, also without a column.

        Raises:
            PolicyError: The table has no such column.
        """
        if name not in self.columns and (stated := self.attributes.declared.get(name)) and stated.type == "unknown":
            return Column(np.full((1, 1), _HARMLESS["unknown"]), np.ones((1, 1), dtype=np.bool_))
        if name not in self.columns:
            raise PolicyError(
                f"the values of `{name}` are not here, yet a policy reads them.",
                where="attribute table",
                remedy=f"Here are: {', '.join(sorted(self.columns)) or 'none'}.",
            )
        return self.columns[name]


def frame_columns(
    namespace: str, frame: pd.DataFrame, *, leave_out: tuple[str, ...] = ()
) -> "dict[str, pd.Series[Any]]":
    """The columns of a frame under their attribute names; the column `key` is called `<namespace>_id`."""
    names = {str(column): f"{namespace}_id" if column == "key" else str(column) for column in frame.columns}
    return {f"{namespace}.{name}": frame[column] for column, name in names.items() if name not in leave_out}


def _column(declaration: Declaration, given: object, shape: tuple[int, int]) -> Column:
    """One attribute's values, of the declared type and two-dimensional."""
    array = _two_dimensional(declaration.name, given, shape)
    missing = np.asarray(pd.isna(array), dtype=np.bool_)
    try:
        values = _converted(declaration, array, missing)
    except (TypeError, ValueError, OverflowError) as error:
        raise PolicyError(
            f"`{declaration.name}` is declared as {declaration.type}, but holds something else: {error}.",
            where="attribute table",
        ) from error
    # An infinite number is no measurement; like a missing one it refuses.
    return Column(values, missing | ~np.isfinite(values) if declaration.type == "number" else missing)


def _two_dimensional(name: str, given: object, shape: tuple[int, int]) -> npt.NDArray[Any]:
    if isinstance(given, pd.Series) and isinstance(given.dtype, pd.DatetimeTZDtype):
        given = given.dt.tz_convert("UTC").dt.tz_localize(None)
    array = given.to_numpy() if isinstance(given, pd.Series) else np.asarray(given)
    if array.ndim == 1:
        array = array[np.newaxis, :] if name.startswith("channel.") else array[:, np.newaxis]
    is_fitting = array.ndim == len(shape) and all(
        have in (1, want) for have, want in zip(array.shape, shape, strict=True)
    )
    if not is_fitting:
        raise PolicyError(
            f"`{name}` has values of shape {array.shape}; (rows, channels) is {shape}.", where="attribute table"
        )
    return array


def _converted(declaration: Declaration, array: npt.NDArray[Any], missing: Truths) -> npt.NDArray[Any]:
    """The values in the declared type's dtype, with something harmless where they are missing."""
    if missing.all():
        return np.full(array.shape, _HARMLESS[declaration.type])
    match declaration.type:
        case "number":
            _insist(array.dtype.kind in "fiu" or _holds_only(array, missing, (int, float, np.number)), "no numbers")
            return np.where(missing, np.nan, array).astype(np.float64)
        case "boolean":
            _insist(array.dtype.kind == "b" or _holds_only(array, missing, (bool, np.bool_)), "no booleans")
            return np.where(missing, _HARMLESS["boolean"], array).astype(np.bool_)
        case "time":
            _insist(array.dtype.kind == "M" or _holds_only(array, missing, (datetime, np.datetime64)), "no times")
            return _times(array)
        case "text":
            _insist(_holds_only(array, missing, (str,)), "no texts")
            return np.where(missing, _HARMLESS["text"], array.astype(object))
    raise TypeError("values, where there were none when it was declared")


def _times(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if array.dtype.kind == "M":
        return array.astype("datetime64[us]")
    # Not by pandas, to which the year 2262 is the last: "9999-12-31" is how many write that something never ends.
    times = [np.datetime64("NaT") if pd.isna(each) else _naive(each) for each in array.ravel()]
    return np.array(times, dtype="datetime64[us]").reshape(array.shape)


def _naive(time: datetime | np.datetime64) -> datetime | np.datetime64:
    """The time without its zone, in UTC."""
    return time.astimezone(UTC).replace(tzinfo=None) if isinstance(time, datetime) and time.tzinfo else time


def _holds_only(array: npt.NDArray[Any], missing: Truths, kinds: tuple[type, ...]) -> bool:
    if array.dtype.kind != "O":
        return array.dtype.kind == "U" and str in kinds
    # A boolean is an integer to Python, yet no number to a policy.
    return all(
        issubclass(kind, kinds) and (kind is not bool or bool in kinds)
        for kind in {type(value) for value in array[~missing]}
    )


def _insist(is_right: bool, otherwise: str) -> None:
    if not is_right:
        raise TypeError(otherwise)
