"""What a policy says for nothing: parts that cannot matter, and policies that others make superfluous or contradict.

Decided as `contradictions` decides: what is reported is so, and not everything that is so is reported.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from decisioning.policies.attributes import Attributes
from decisioning.policies.contradictions import is_always_true, is_never_true
from decisioning.policies.expressions import (
    And,
    Attribute,
    Condition,
    Expression,
    Not,
    Or,
    Truth,
    all_of,
    any_of,
    attribute_names,
    walk,
)
from decisioning.policies.rules import REFUSING, Rule
from decisioning.policies.spelling import to_text


@dataclass(frozen=True)
class Doubt:
    """Something that is said for nothing.

    Attributes:
        column: Where, counted from 1 in the text of the field.
        what: What it is.
        remedy: What would be right.
    """

    column: int
    what: str
    remedy: str


def start_of(expression: Expression) -> int:
    """The column at which an expression begins, brackets around it left aside."""
    return min((node.column for node in walk(expression) if node.column), default=1)


def column_of_never(condition: Condition, attributes: Attributes) -> int:
    """Where a condition that is never true becomes so: the first part that contradicts those before it."""
    return _turning(condition, And, all_of, lambda part: is_never_true(part, attributes))


def column_of_always(condition: Condition, attributes: Attributes) -> int:
    """Where a condition that is always true becomes so: the first part that leaves nothing over."""
    return _turning(condition, Or, any_of, lambda part: is_always_true(part, attributes))


def _turning(
    condition: Condition,
    kind: type[And | Or],
    joined: Callable[..., Condition],
    is_decided: Callable[[Condition], bool],
) -> int:
    if isinstance(condition, kind):
        for count, part in enumerate(condition.parts, start=1):
            if is_decided(part):
                return _turning(part, kind, joined, is_decided)
            if is_decided(joined(*condition.parts[:count])):
                return start_of(part)
    return start_of(condition)


def superfluous_parts(condition: Condition, attributes: Attributes) -> Iterator[Doubt]:
    """Parts that are never reached, always true, or said by another part already; from the outside inwards."""
    flagged: set[int] = set()
    if isinstance(condition, And | Or):
        for place, part in enumerate(condition.parts):
            doubt = _doubt(condition, place, part, attributes)
            if doubt is not None:
                flagged.add(place)
                yield doubt
    for place, part in enumerate(_inside(condition)):
        if place not in flagged:
            yield from superfluous_parts(part, attributes)


def _inside(condition: Condition) -> tuple[Condition, ...]:
    match condition:
        case And(parts) | Or(parts):
            return parts
        case Not(operand):
            return (operand,)
        case _:
            return ()


def _doubt(condition: And | Or, place: int, part: Condition, attributes: Attributes) -> Doubt | None:
    """What is wrong with one part of a conjunction or disjunction."""
    is_or, text, column = isinstance(condition, Or), to_text(part), start_of(part)
    if is_or and is_never_true(part, attributes):
        return Doubt(column, f"`{text}` is never true, so that this alternative is never reached.", "Leave it out.")
    if not is_or and is_always_true(part, attributes):
        return Doubt(column, f"`{text}` is always true, so that it restricts nothing.", "Leave it out.")
    for other_place, other in enumerate(condition.parts):
        wider, narrower = (other, part) if is_or else (part, other)
        is_later_twin = other_place < place or not _implies(wider, narrower, attributes)
        if other_place != place and is_later_twin and _implies(narrower, wider, attributes):
            what = f"`{text}` adds nothing: `{to_text(other)}` says so already."
            return Doubt(column, what, "Leave it out, or correct one of the two.")
    return None


def shadowed(rule: Rule, rules: Sequence[Rule], attributes: Attributes) -> Doubt | None:
    """That another policy refuses whatever this one refuses; of two that say the same, the later one is told."""
    if rule.kind not in REFUSING:
        return None
    own, place = _refusal(rule), rules.index(rule)
    for other_place, other in enumerate(rules):
        if other.kind not in REFUSING or other_place == place or not _share(rule, other):
            continue
        wider = _refusal(other)
        if _implies(own, wider, attributes) and (other_place < place or not _implies(wider, own, attributes)):
            what = f"it never refuses anything that `{other.identifier}` does not refuse already."
            return Doubt(start_of(rule.expression), what, "Leave it out, or correct one of the two.")
    return None


def contradicted(rule: Rule, rules: Sequence[Rule], attributes: Attributes) -> Doubt | None:
    """That this policy and an earlier one refuse everything between them, wherever both apply."""
    if rule.kind not in ("deny", "require"):
        return None
    for other in rules[: rules.index(rule)]:
        if other.kind not in ("deny", "require") or not _share(rule, other):
            continue
        both_apply = all_of(rule.when, other.when)
        spared = all_of(both_apply, Not(_refusal(rule)), Not(_refusal(other)))
        alone = [all_of(both_apply, Not(_refusal(each))) for each in (rule, other)]
        is_everything = is_never_true(spared, attributes) and not is_never_true(both_apply, attributes)
        if is_everything and not any(is_never_true(each, attributes) for each in alone):
            what = f"it contradicts `{other.identifier}`: where both apply, nothing is allowed any more."
            return Doubt(start_of(rule.expression), what, "Correct one of the two, or deny it all in one policy.")
    return None


def _refusal(rule: Rule) -> Condition:
    return all_of(Attribute("asset.has_offer"), rule.refusal) if rule.is_about_offers else rule.refusal


def _share(rule: Rule, other: Rule) -> bool:
    """Whether both speak of something in common; otherwise nothing can follow from one for the other."""
    return rule.identifier != other.identifier and bool(attribute_names(rule.refusal) & attribute_names(other.refusal))


def _implies(narrower: Condition, wider: Condition, attributes: Attributes) -> bool:
    """Whether `wider` holds wherever `narrower` does; nothing follows from what never holds."""
    if isinstance(narrower, Truth) or isinstance(wider, Truth):
        return False
    return is_never_true(all_of(narrower, Not(wider)), attributes) and not is_never_true(narrower, attributes)
