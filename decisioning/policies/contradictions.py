"""Conditions that no values, or all values, satisfy: `x < 5 and x > 9`, `1 > 2`, `x == x`.

Decided simply: the condition is brought into disjunctive normal form, and in each term every operand keeps the range or
the set of values that its atoms leave it. What this does not see it does not report; it never reports wrongly.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

from decisioning.policies.attributes import Attributes
from decisioning.policies.expressions import (
    MIRRORED,
    Attribute,
    Comparison,
    Condition,
    Literal,
    Membership,
    Not,
    Number,
    Text,
    Truth,
    Value,
    attribute_names,
    moment,
)
from decisioning.policies.interpreter import truth
from decisioning.policies.normal_form import negation_normal_form, terms
from decisioning.policies.spelling import to_text

_MOST_TERMS = 1_024

Constant = float | str | bool


def is_never_true(condition: Condition, attributes: Attributes) -> bool:
    """Whether no values make it true, as far as this can be seen."""
    found = terms(negation_normal_form(condition), limit=_MOST_TERMS)
    return found is not None and all(_is_impossible(term, attributes) for term in found)


def is_always_true(condition: Condition, attributes: Attributes) -> bool:
    """Whether all values make it true, as far as this can be seen."""
    return is_never_true(Not(condition), attributes)


@dataclass
class _Possible:
    """What one operand may still be.

    Attributes:
        low: Lower bound and whether it is excluded; the larger pair is the stricter one.
        high: Upper bound and whether it is included; the smaller pair is the stricter one.
        only: The values it may have; None for any.
        never: Values that it may not have.
    """

    low: tuple[float, bool] = (-inf, False)
    high: tuple[float, bool] = (inf, True)
    only: set[Constant] | None = None
    never: set[Constant] = field(default_factory=set)

    def narrow(self, operator: str, constant: Constant) -> None:
        """Keep only what stands in this relation to the constant."""
        if operator == "==":
            self.keep({constant})
        elif operator == "!=" and isinstance(constant, bool):
            self.keep({not constant})
        elif operator == "!=":
            self.never.add(constant)
        elif isinstance(constant, str):
            return  # only an attribute without any value is compared so, and nothing is known of it
        elif operator in ("<", "<="):
            self.high = min(self.high, (float(constant), operator == "<="))
        else:
            self.low = max(self.low, (float(constant), operator == ">"))

    def keep(self, constants: set[Constant]) -> None:
        """Keep only these values."""
        self.only = constants if self.only is None else self.only & constants

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left."""
        if self.only is not None:
            return not any(self._allows(value) for value in self.only)
        if self.low[0] == self.high[0]:
            return not self._allows(self.low[0])
        return self.low[0] > self.high[0]

    def _allows(self, value: Constant) -> bool:
        if value in self.never:
            return False
        if isinstance(value, str):
            return True
        return self.low <= (value, False) and (value, True) <= self.high


def _is_impossible(atoms: Iterable[Condition], attributes: Attributes) -> bool:
    """Whether the atoms of one term cannot all be true."""
    operands: dict[str, _Possible] = defaultdict(_Possible)
    for atom in atoms:
        if not attribute_names(atom):
            if truth(atom, {}) is False:
                return True
            continue
        match atom:
            case Comparison(operator, left, right):
                name, relation, constant = _relation(operator, left, right, attributes)
                if name == "" and relation in ("<", ">", "!="):
                    return True
                operands[name].narrow(relation, constant)
            case Membership(operand, choices):
                operands[to_text(operand)].keep({_constant(choice, operand, attributes) for choice in choices})
            case Not(Membership(operand, choices)):
                operands[to_text(operand)].never.update(_constant(choice, operand, attributes) for choice in choices)
            case Not(operand):
                operands[to_text(operand)].keep({False})
            case _:
                operands[to_text(atom)].keep({True})
    operands.pop("", None)
    return any(possible.is_empty for possible in operands.values())


def _relation(operator: str, left: Value, right: Value, attributes: Attributes) -> tuple[str, str, Constant]:
    """A comparison as (operand, operator, constant); of two operands it is their order that is compared with zero.

    An operand compared with itself has the empty name.
    """
    if not attribute_names(left):
        left, right, operator = right, left, MIRRORED[operator]
    if isinstance(right, Number | Text | Truth):
        return to_text(left), operator, _constant(right, left, attributes)
    first, second = to_text(left), to_text(right)
    if first > second:
        first, second, operator = second, first, MIRRORED[operator]
    return ("" if first == second else f"({first}) - ({second})"), operator, 0.0


def _constant(literal: Literal, operand: Value, attributes: Attributes) -> Constant:
    """The literal as what it is compared as: a text beside a time is that time, in seconds."""
    is_time = isinstance(operand, Attribute) and attributes.declared[operand.name].type == "time"
    found = moment(literal.value) if is_time and isinstance(literal, Text) else None
    return literal.value if found is None else found.timestamp()
