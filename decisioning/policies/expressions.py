"""What an expression of a policy is made of, once it is parsed.

A value is a number, a text, a truth, an attribute or arithmetic; a condition is true, false or unknown. `column` says
where the node stands in its text, counted from 1; two expressions are equal wherever they stand.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias


@dataclass(frozen=True)
class Number:
    """A number as written."""

    value: float
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Text:
    """A text in quotes; compared with a time it is a date or time in ISO 8601, in UTC unless it names an offset."""

    value: str
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Truth:
    """`true` or `false`."""

    value: bool
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Attribute:
    """A declared attribute, e.g. `customer.pclv`."""

    name: str
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Arithmetic:
    """`left operator right` with one of + - * /."""

    operator: str
    left: "Value"
    right: "Value"
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Negative:
    """`-operand`; a negative number as written is a `Number`."""

    operand: "Value"
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Comparison:
    """`left operator right` with one of < <= > >= == !=."""

    operator: str
    left: "Value"
    right: "Value"
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Membership:
    """`operand in [choices]`."""

    operand: "Value"
    choices: tuple["Number | Text | Truth", ...]
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Between:
    """`operand in low..high`, both ends included."""

    operand: "Value"
    low: "Value"
    high: "Value"
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Not:
    """`not operand`."""

    operand: "Condition"
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class And:
    """All parts hold; at least two, none of them an `And`."""

    parts: tuple["Condition", ...]
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Or:
    """At least one part holds; at least two, none of them an `Or`."""

    parts: tuple["Condition", ...]
    column: int = field(default=0, compare=False)


Literal: TypeAlias = Number | Text | Truth
Value: TypeAlias = Number | Text | Truth | Attribute | Arithmetic | Negative
Condition: TypeAlias = Truth | Attribute | Comparison | Membership | Between | Not | And | Or
Expression: TypeAlias = Value | Condition

OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}


def children(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside `expression`, from left to right."""
    match expression:
        case And(parts) | Or(parts):
            return parts
        case Not(operand) | Negative(operand):
            return (operand,)
        case Arithmetic(_, left, right) | Comparison(_, left, right):
            return (left, right)
        case Membership(operand, choices):
            return (operand, *choices)
        case Between(operand, low, high):
            return (operand, low, high)
        case _:
            return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and everything inside it."""
    waiting: list[Expression] = [expression]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(children(node)))


def depth(expression: Expression) -> int:
    """How many expressions are nested in each other, counted without recursion so that any depth can be refused."""
    deepest, level = 0, [expression]
    while level:
        deepest += 1
        level = [child for node in level for child in children(node)]
    return deepest


def attribute_names(expression: Expression) -> frozenset[str]:
    """The names of all attributes inside it."""
    return frozenset(node.name for node in walk(expression) if isinstance(node, Attribute))


def is_condition(expression: Expression) -> bool:
    """Whether it can be true or false (an attribute can, when it is a boolean)."""
    return isinstance(expression, Truth | Attribute | Comparison | Membership | Between | Not | And | Or)


def is_value(expression: Expression) -> bool:
    """Whether it can be compared or calculated with."""
    return isinstance(expression, Number | Text | Truth | Attribute | Arithmetic | Negative)


def flattened(kind: "type[And | Or]", parts: Iterable[Condition]) -> tuple[Condition, ...]:
    """The parts, with those of a nested conjunction (or disjunction) in the place of it."""
    return tuple(each for part in parts for each in (part.parts if isinstance(part, kind) else (part,)))


def all_of(*parts: Condition) -> Condition:
    """The conjunction of `parts`, flat and without constants; true when there is none."""
    flat = flattened(And, parts)
    if any(part == Truth(value=False) for part in flat):
        return Truth(value=False)
    kept = tuple(part for part in flat if not isinstance(part, Truth))
    return And(kept) if len(kept) > 1 else kept[0] if kept else Truth(value=True)


def any_of(*parts: Condition) -> Condition:
    """The disjunction of `parts`, flat and without constants; false when there is none."""
    flat = flattened(Or, parts)
    if any(part == Truth(value=True) for part in flat):
        return Truth(value=True)
    kept = tuple(part for part in flat if not isinstance(part, Truth))
    return Or(kept) if len(kept) > 1 else kept[0] if kept else Truth(value=False)


def moment(text: str) -> datetime | None:
    """The time that an ISO 8601 text names, in UTC; None when it names none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
