"""Which types may meet in an expression."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from decisioning.policies.attributes import Attributes, ValueType
from decisioning.policies.expressions import (
    Arithmetic,
    Attribute,
    Between,
    Comparison,
    Condition,
    Expression,
    Membership,
    Negative,
    Number,
    Text,
    Truth,
    Value,
    children,
    moment,
    walk,
)
from decisioning.policies.fields import NEVER_WITHHELD, WITHHELD_TOGETHER
from decisioning.policies.rules import PARITY, WITHHOLDING, Rule
from decisioning.policies.spelling import to_text

FIELDS = "fields"
"""The field of a `Problem` that is about what would be withheld."""
_ORDERED: tuple[ValueType, ...] = ("number", "time")


@dataclass(frozen=True)
class Problem:
    """Something wrong inside one expression.

    Attributes:
        column: Where, counted from 1.
        what: What is wrong.
        remedy: What would be right.
        field: Which text of the policy it is about, when it has several.
    """

    column: int
    what: str
    remedy: str
    field: str = ""


def rule_problems(rule: Rule, attributes: Attributes) -> Iterator[Problem]:
    """What is wrong with a parsed policy: unknown attributes, types that do not fit, a cap that counts customers."""
    of_customers = ("customer",) if rule.kind in (*WITHHOLDING, PARITY) else None
    found = type_problems(rule.when, attributes, namespaces=of_customers)
    yield from (replace(problem, field="when") for problem in found)
    spaces = ("asset", "offer", "channel") if rule.kind in ("cap", PARITY) else None
    yield from (
        replace(problem, field=rule.kind) for problem in type_problems(rule.expression, attributes, namespaces=spaces)
    )
    if rule.by is not None:
        yield from _group_problems(rule.by, attributes)
    for name in rule.fields:
        yield from _field_problems(name, attributes)


def _group_problems(name: str, attributes: Attributes) -> Iterator[Problem]:
    """What is wrong with the attribute that is to make groups."""
    stated = attributes.declared.get(name)
    if stated is None:
        yield _unknown(Attribute(name), attributes)
    elif stated.side != "customer" or stated.type not in ("text", "boolean", "unknown"):
        what = f"`{name}` makes no groups of customers."
        yield Problem(0, what, "Compare by a text or a truth of `customer.…`.", "by")


def _field_problems(name: str, attributes: Attributes) -> Iterator[Problem]:
    """What is wrong with a field that is to be withheld or permitted."""
    if name in WITHHELD_TOGETHER:
        return
    if name in NEVER_WITHHELD or name.partition(".")[0] != "customer":
        what = (
            f"`{name}` can neither be withheld nor permitted: deciding rests on it, or it is nothing about a customer."
        )
        yield Problem(0, what, f"Name columns `customer.…`, or {', '.join(WITHHELD_TOGETHER)}.", FIELDS)
    elif name not in attributes.declared:
        yield replace(_unknown(Attribute(name), attributes), field=FIELDS)


def type_problems(
    condition: Condition, attributes: Attributes, *, namespaces: tuple[str, ...] | None = None
) -> Iterator[Problem]:
    """Unknown attributes, attributes outside `namespaces` and types that do not fit, from left to right."""
    for node in walk(condition):
        if isinstance(node, Attribute) and namespaces and node.name.partition(".")[0] not in namespaces:
            spaces = ", ".join(f"{namespace}.…" for namespace in namespaces)
            yield Problem(node.column, f"`{node.name}` cannot stand here.", f"Only {spaces} can.")
    unknown = [node for node in walk(condition) if isinstance(node, Attribute) and node.name not in attributes.declared]
    for node in unknown:
        yield _unknown(node, attributes)
    if not unknown:
        yield from _conditions(condition, attributes)


def _unknown(node: Attribute, attributes: Attributes) -> Problem:
    nearest = attributes.nearest(node.name)
    return Problem(
        node.column,
        f"there is no attribute `{node.name}`.",
        f"Nearest known: {', '.join(nearest)}." if nearest else "`warrant check` lists the attributes there are.",
    )


def _conditions(condition: Expression, attributes: Attributes) -> Iterator[Problem]:
    """Problems of every condition within, an attribute that stands alone included."""
    match condition:
        case Attribute(name):
            found = attributes.declared[name].type
            if found not in ("boolean", "unknown"):
                yield Problem(
                    condition.column, f"`{name}` is a {found}, not a condition.", f"Compare it, e.g. {name} == …."
                )
        case Comparison(operator, left, right):
            yield from _arithmetic(condition, attributes)
            yield from _meeting(operator, left, right, condition.column, attributes)
        case Between(operand, low, high):
            yield from _arithmetic(condition, attributes)
            yield from _meeting(">=", operand, low, condition.column, attributes)
            yield from _meeting("<=", operand, high, condition.column, attributes)
        case Membership(operand, choices):
            yield from _arithmetic(condition, attributes)
            for choice in choices:
                yield from _meeting("==", operand, choice, choice.column, attributes)
        case _:
            for part in children(condition):
                yield from _conditions(part, attributes)


def _meeting(operator: str, left: Value, right: Value, column: int, attributes: Attributes) -> Iterator[Problem]:
    """What is wrong with comparing two values by `operator`."""
    kinds = _type(left, attributes), _type(right, attributes)
    texts = [value for value in (left, right) if isinstance(value, Text)]
    if "time" in kinds and texts:
        if moment(texts[0].value) is None:
            yield Problem(
                texts[0].column,
                f"{to_text(texts[0])} is no time.",
                'Write it like "2026-10-01" or "2026-10-01T09:00+02:00".',
            )
    elif "unknown" in kinds:
        return  # always missing, whatever it would be compared with
    elif kinds[0] != kinds[1]:
        yield Problem(
            column,
            f"`{to_text(left)}` is a {kinds[0]} and `{to_text(right)}` a {kinds[1]}.",
            "Compare values of one type.",
        )
    elif operator not in ("==", "!=") and kinds[0] not in _ORDERED:
        yield Problem(column, f"a {kinds[0]} has no order, so that {operator} says nothing.", "Use ==, != or in.")


def _arithmetic(condition: Condition, attributes: Attributes) -> Iterator[Problem]:
    """Operands of arithmetic that are no numbers."""
    for node in walk(condition):
        if isinstance(node, Arithmetic | Negative):
            for operand in children(node):
                found = _type(operand, attributes)
                if found not in ("number", "unknown"):
                    yield Problem(operand.column, f"`{to_text(operand)}` is a {found}; arithmetic needs numbers.", "")


def _type(value: Expression, attributes: Attributes) -> ValueType:
    match value:
        case Attribute(name):
            return attributes.declared[name].type
        case Text():
            return "text"
        case Truth():
            return "boolean"
        case Number() | Arithmetic() | Negative():
            return "number"
        case _:
            return "boolean"
