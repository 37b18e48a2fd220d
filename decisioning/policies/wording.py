"""A policy in words, for people who do not read conditions."""

from collections.abc import Mapping

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
    Or,
    Truth,
    Value,
)
from decisioning.policies.rules import PARITY, Rule
from decisioning.policies.spelling import to_text

_RELATIONS: Mapping[str, str] = {
    "<": "is below",
    "<=": "is at most",
    ">": "is above",
    ">=": "is at least",
    "==": "is",
    "!=": "is not",
}
_SUMS: Mapping[str, str] = {"+": "plus", "-": "less", "*": "times", "/": "divided by"}


def in_words(rule: Rule, days: str = "") -> str:
    """What a policy says, as one or two sentences."""
    when = "" if rule.when == Truth(value=True) else f"Where {condition_in_words(rule.when)}: "
    always = rule.expression == Truth(value=True)
    what = condition_in_words(rule.expression)
    match rule.kind:
        case "deny":
            said = "nothing is sent." if always else f"nothing is sent if {what}."
        case "require":
            said = f"nothing is sent unless {what}."
        case "cap":
            counted = "" if always else f", counting what fits: {what}"
            said = f"a customer gets at most {rule.count} within {days or f'{rule.days:g}'} days{counted}."
        case "escalate":
            said = f"a send waits for {rule.who}" + ("." if always else f" if {what}.")
        case "approval":
            said = f"a send waits until {rule.who} has approved it."
        case "sign_off":
            said = f"a send waits until {rule.who} has signed off what it says."
        case "redact":
            said = (
                f"{_listed(rule.fields)} {_are(rule.fields)} withheld before anything is reasoned about the customer."
            )
        case "permit":
            said = f"of what is known only {_listed(rule.fields)} may be used to reason about the customer."
        case _:
            said = _parity(rule, "" if always else f" that fits: {what}")
    missing = "" if rule.kind == PARITY else " Whatever is not known counts against it."
    return _sentence(when + said) + missing


def condition_in_words(condition: Condition) -> str:  # noqa: C901 # one case per kind of condition
    """A condition in words, without a full stop."""
    match condition:
        case Truth(value):
            said = "always" if value else "never"
        case And(parts):
            said = " and ".join(_bracketed(part, Or) for part in parts)
        case Or(parts):
            said = " or ".join(_bracketed(part, And) for part in parts)
        case Not(Membership(operand, choices)):
            said = f"{_value(operand)} is none of {_listed([to_text(choice) for choice in choices])}"
        case Not(Between(operand, low, high)):
            said = f"{_value(operand)} is not between {_value(low)} and {_value(high)}"
        case Not(Attribute(name)):
            said = _state(name, is_so=False)
        case Not(operand):
            said = f"it is not so that {condition_in_words(operand)}"
        case Attribute(name):
            said = _state(name, is_so=True)
        case Membership(operand, choices):
            said = f"{_value(operand)} is one of {_listed([to_text(choice) for choice in choices])}"
        case Between(operand, low, high):
            said = f"{_value(operand)} is between {_value(low)} and {_value(high)}"
        case Comparison(operator, left, right):
            said = f"{_value(left)} {_RELATIONS[operator]} {_value(right)}"
    return said


def _parity(rule: Rule, counted: str) -> str:
    return (
        f"the shares of customers who get a message{counted} may differ by at most {100 * (rule.within or 0):g} points "
        f"between groups by {rule.by} of {rule.least} customers or more; else nothing of the run is delivered."
    )


def _value(value: Value) -> str:
    match value:
        case Attribute(name):
            space, _, column = name.partition(".")
            if column == f"{space}_id":
                return f"the {space}"
            return f"the {space}'s {column.replace('_', ' ')}"
        case Negative(operand):
            return f"minus {_value(operand)}"
        case Arithmetic(operator, left, right):
            return f"{_value(left)} {_SUMS[operator]} {_value(right)}"
        case _:
            return to_text(value)


def _state(name: str, *, is_so: bool) -> str:
    """A truth as a sentence: `asset.is_out_of_stock` ▸ the asset is out of stock."""
    space, _, column = name.partition(".")
    if space == "cap":
        return f"the cap {column.removesuffix('.reached')} is {'' if is_so else 'not '}used up"
    verb, _, rest = column.partition("_")
    words = rest.replace("_", " ")
    if verb == "is" and words:
        return f"the {space} is {'' if is_so else 'not '}{words}"
    if verb == "has" and words:
        return f"the {space} has {'' if is_so else 'no '}{words}"
    return f"the {space} is {'' if is_so else 'not '}{column.replace('_', ' ')}"


def _bracketed(part: Condition, kind: type[And | Or]) -> str:
    said = condition_in_words(part)
    return f"({said})" if isinstance(part, kind) else said


def _listed(words: tuple[str, ...] | list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else list(words))


def _are(words: tuple[str, ...]) -> str:
    return "are" if len(words) > 1 else "is"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
