"""The plain reference: one policy, one candidate, three-valued logic. Slow, and meant to be read.

It shares the parser with the compiled path and nothing else; the tests hold the two against each other.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from operator import add, eq, ge, gt, le, lt, mul, ne, sub, truediv
from typing import Any

import numpy as np
import pandas as pd

from decisioning.policies.expressions import (
    And,
    Arithmetic,
    Attribute,
    Between,
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
from decisioning.policies.rules import Rule

World = Mapping[str, object]

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne}
_CALCULATE: dict[str, Callable[[Any, Any], Any]] = {"+": add, "-": sub, "*": mul, "/": truediv}


def refuses(rule: Rule, world: World) -> bool:
    """Whether the rule refuses one candidate, holds it, or withholds something of its customer, as its kind says.

    Args:
        rule: The policy, parsed.
        world: Attribute name to value for this customer, asset and channel; None, NaN, NaT or absent is missing.
    """
    if rule.is_about_offers and world.get("asset.has_offer") is False:
        return False
    if truth(rule.when, world) is False:
        return False
    found = truth(rule.expression, world)
    if rule.kind == "require":
        return found is not True
    if rule.kind == "cap" and world.get(f"cap.{rule.identifier}.reached") is False:
        return False
    return found is not False


def truth(condition: Condition, world: World) -> bool | None:
    """True, False, or None where a missing value leaves it open (Kleene's strong logic)."""
    match condition:
        case Truth(value):
            result: bool | None = value
        case Attribute(name):
            found = _present(world.get(name))
            result = None if found is None else bool(found)
        case Not(operand):
            result = _opposite(truth(operand, world))
        case And(parts):
            result = _opposite(_any(_opposite(truth(part, world)) for part in parts))
        case Or(parts):
            result = _any(truth(part, world) for part in parts)
        case Comparison(operator, left, right):
            result = _compared(operator, _value(left, world), _value(right, world))
        case Membership(operand, choices):
            found = _value(operand, world)
            result = _any(_compared("==", found, choice.value) for choice in choices)
        case Between(operand, low, high):
            found = _value(operand, world)
            above = _compared(">=", found, _value(low, world))
            below = _compared("<=", found, _value(high, world))
            result = _opposite(_any((_opposite(above), _opposite(below))))
    return result


def _any(truths: Iterable[bool | None]) -> bool | None:
    """True when one is true, else open when one is open."""
    found = list(truths)
    return True if True in found else None if None in found else False


def _opposite(known: bool | None) -> bool | None:
    return None if known is None else not known


def _compared(operator: str, left: object, right: object) -> bool | None:
    if left is None or right is None:
        return None
    if isinstance(left, datetime) and isinstance(right, str):
        right = moment(right)
    if isinstance(right, datetime) and isinstance(left, str):
        left = moment(left)
    return bool(_COMPARE[operator](left, right))


def _value(value: Value, world: World) -> object:
    match value:
        case Number(literal) | Text(literal) | Truth(literal):
            return literal
        case Attribute(name):
            return _present(world.get(name))
        case Negative(operand):
            return _calculated("-", 0.0, _value(operand, world))
        case Arithmetic(operator, left, right):
            return _calculated(operator, _value(left, world), _value(right, world))


def _calculated(operator: str, left: object, right: object) -> object:
    """The result; missing when an operand is, on division by zero, on overflow: where there is no number to give."""
    if left is None or right is None:
        return None
    try:
        return _present(_CALCULATE[operator](left, right))
    except (ZeroDivisionError, OverflowError):
        return None


def _present(value: object) -> object:
    """The value as Python's own; None when it is missing or no finite number."""
    if value is None or pd.isna(value):  # type: ignore[call-overload] # any scalar will do
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value
    return value.item() if isinstance(value, np.generic) else value
