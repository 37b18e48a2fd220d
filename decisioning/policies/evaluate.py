"""Conditions over whole columns at once, with missing values decided one way or the other."""

from collections.abc import Callable
from functools import reduce
from operator import and_, eq, ge, gt, le, lt, ne, or_
from typing import Any, TypeAlias

import numpy as np

from decisioning.errors import PolicyError
from decisioning.policies.columns import Column, Truths
from decisioning.policies.expressions import (
    And,
    Arithmetic,
    Attribute,
    Comparison,
    Condition,
    Membership,
    Negative,
    Not,
    Number,
    Or,
    Text,
    Truth,
    Value,
    moment,
)
from decisioning.policies.spelling import to_text

Lookup: TypeAlias = Callable[[str], Column]

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne}
_CALCULATE: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}


def holds(condition: Condition, lookup: Lookup, *, unknown: bool) -> Truths:
    """Where the condition is true; an atom with a missing value counts as `unknown`.

    Args:
        condition: In negation normal form, with right types.
        lookup: Attribute name to its column; the columns' shapes broadcast.
        unknown: What an atom with a missing value counts as.

    Returns:
        Booleans of the shape that the columns used broadcast to; (1, 1) without any.
    """
    match condition:
        case Truth(value):
            return np.full((1, 1), value)
        case And(parts):
            return reduce(and_, (holds(part, lookup, unknown=unknown) for part in parts))
        case Or(parts):
            return reduce(or_, (holds(part, lookup, unknown=unknown) for part in parts))
        case _:
            atom = _atom(condition, lookup)
            return np.where(atom.missing, unknown, atom.data).astype(np.bool_)


def _atom(condition: Condition, lookup: Lookup) -> Column:
    match condition:
        case Comparison(operator, left, right):
            return _compared(operator, value_of(left, lookup), value_of(right, lookup), condition)
        case Membership(operand, choices):
            found = value_of(operand, lookup)
            hits = [_compared("==", found, value_of(choice, lookup), condition) for choice in choices]
            return Column(reduce(or_, (hit.data for hit in hits)), found.missing)
        case Attribute(name):
            return lookup(name)
        case Not(operand):
            inner = _atom(operand, lookup)
            return Column(~inner.data.astype(np.bool_), inner.missing)
        case _:
            raise PolicyError(f"`{to_text(condition)}` is not in negation normal form.", where="evaluate")


def _compared(operator: str, left: Column, right: Column, condition: Condition) -> Column:
    missing = left.missing | right.missing
    if missing.all():
        return Column(np.zeros(missing.shape, dtype=np.bool_), missing)
    left, right = _as_time(left, right), _as_time(right, left)
    if _family(left) != _family(right):
        raise PolicyError(f"`{to_text(condition)}` compares values of different types.", where="evaluate")
    return Column(np.asarray(_COMPARE[operator](left.data, right.data), dtype=np.bool_), missing)


def value_of(expression: Value, lookup: Lookup) -> Column:
    """The values of an expression over columns; missing where there is no finite number to give."""
    match expression:
        case Number(value) | Text(value) | Truth(value):
            return Column.of(value)
        case Attribute(name):
            return lookup(name)
        case Negative(operand):
            inner = value_of(operand, lookup)
            return Column(-inner.data, inner.missing)
        case Arithmetic(operator, left, right):
            return _calculated(operator, value_of(left, lookup), value_of(right, lookup))


def _calculated(operator: str, left: Column, right: Column) -> Column:
    missing = left.missing | right.missing
    with np.errstate(all="ignore"):
        values = np.asarray(_CALCULATE[operator](left.data, right.data), dtype=np.float64)
    # Division by zero and overflow give no number: nobody knows what would follow from it.
    return Column(values, missing | ~np.isfinite(values))


def _as_time(column: Column, other: Column) -> Column:
    """The column, turned from a text as written into a time when it stands beside one."""
    if _family(other) != "M" or _family(column) != "O":
        return column
    found = moment(str(column.data[0, 0])) if column.data.size == 1 else None
    if found is None:
        return column
    return Column(np.full((1, 1), np.datetime64(found.replace(tzinfo=None), "us")), column.missing)


def _family(column: Column) -> str:
    return str(column.data.dtype.kind)
