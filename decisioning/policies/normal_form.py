"""Conditions in negation normal form: and, or, and atoms that may be negated.

Once every negation stands at an atom, a missing value can simply make its atom true, and nothing above it can turn
that into an allowance. In three-valued logic the result is the same as "not surely false".
"""

from itertools import product

from decisioning.policies.expressions import (
    OPPOSITE,
    And,
    Between,
    Comparison,
    Condition,
    Not,
    Or,
    Truth,
    all_of,
    any_of,
)


def negation_normal_form(condition: Condition, *, negated: bool = False) -> Condition:
    """The condition, or its negation, made of `And`, `Or` and atoms.

    An atom is a comparison, an attribute, a membership, or the `Not` of one of the latter two. Ranges become two
    comparisons. `true` and `false` vanish, unless they are the whole condition.
    """
    match condition:
        case Truth(value):
            result: Condition = Truth(value=value != negated)
        case Not(operand):
            result = negation_normal_form(operand, negated=not negated)
        case And(parts):
            result = (any_of if negated else all_of)(*(negation_normal_form(part, negated=negated) for part in parts))
        case Or(parts):
            result = (all_of if negated else any_of)(*(negation_normal_form(part, negated=negated) for part in parts))
        case Between(operand, low, high):
            ends = And((Comparison(">=", operand, low), Comparison("<=", operand, high)))
            result = negation_normal_form(ends, negated=negated)
        case Comparison(operator, left, right):
            result = Comparison(OPPOSITE[operator], left, right, condition.column) if negated else condition
        case _:
            result = Not(condition, condition.column) if negated else condition
    return result


def terms(condition: Condition, *, limit: int) -> tuple[tuple[Condition, ...], ...] | None:
    """The disjunctive normal form: the condition holds when all atoms of one of the terms do.

    Args:
        condition: In negation normal form.
        limit: Most terms wanted.

    Returns:
        The terms; no term for false, an empty term for true; None when there are more than `limit`.
    """
    match condition:
        case Truth(value):
            return ((),) if value else ()
        case And(parts) | Or(parts):
            factors = [terms(part, limit=limit) for part in parts]
            found: list[tuple[Condition, ...]] = [()] if isinstance(condition, And) else []
            for factor in factors:
                if factor is None:
                    return None
                found = (
                    [left + right for left, right in product(found, factor)]
                    if isinstance(condition, And)
                    else [*found, *factor]
                )
                if len(found) > limit:
                    return None
            return tuple(found)
        case _:
            return ((condition,),)
