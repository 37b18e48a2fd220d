"""What is wrong with policies and audiences as written, all of it at once, before anything runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from decisioning.errors import PolicyError
from decisioning.policies.attributes import Attributes
from decisioning.policies.builtin import BESIDE, BUILT_IN, RESERVED
from decisioning.policies.compile import terms_of
from decisioning.policies.contradictions import is_always_true, is_never_true
from decisioning.policies.expressions import Condition, Truth
from decisioning.policies.grammar import parse
from decisioning.policies.own_tests import failures
from decisioning.policies.rules import REFUSING, Rule, read_rule
from decisioning.policies.superfluous import (
    column_of_always,
    column_of_never,
    contradicted,
    shadowed,
    start_of,
    superfluous_parts,
)
from decisioning.policies.typing_rules import Problem, rule_problems, type_problems
from decisioning.settings import PolicySpecification


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        where: `file:line` of the expression or of its policy, or `audience <name>`.
        column: Counted from 1: in that line of the file where `PolicySpecification.starts` tells where the expression
            begins, else in the expression's own text; None when it concerns the whole.
        what: What is wrong.
        remedy: What would be right.
        is_warning: It can run like this.
    """

    where: str
    column: int | None
    what: str
    remedy: str
    is_warning: bool = False


def check(
    policies: Sequence[PolicySpecification], audiences: Mapping[str, str], attributes: Attributes
) -> list[Finding]:
    """Everything wrong with the playbook's policies and audiences; empty when nothing is.

    Args:
        policies: As written, without the built-in ones.
        audiences: Name to condition over `customer.…`.
        attributes: What they may name; `cap.<id>.reached` of the playbook's caps is added.
    """
    declared = attributes.with_caps(policy.identifier for policy in policies if policy.kind == "cap")
    findings = list(_taken_identifiers(policies))
    sound: list[tuple[PolicySpecification, Rule]] = []
    for policy in policies:
        found = list(_policy_findings(policy, declared))
        findings += found
        if all(finding.is_warning for finding in found):
            sound.append((policy, read_rule(policy)))
    findings += _between_policies(sound, declared)
    for name, text in audiences.items():
        findings += _audience_findings(f"audience {name}", text, attributes)
    return findings


def _taken_identifiers(policies: Sequence[PolicySpecification]) -> Iterator[Finding]:
    places: dict[str, str] = dict.fromkeys((*RESERVED, *BESIDE), "a built-in policy")
    for policy in policies:
        if policy.identifier in places:
            what = f"the policy id `{policy.identifier}` is taken by {places[policy.identifier]}."
            yield Finding(policy.where, None, what, "Choose another id.")
        places.setdefault(policy.identifier, policy.where)


def _policy_findings(policy: PolicySpecification, attributes: Attributes) -> Iterator[Finding]:
    if not policy.because.strip():
        yield Finding(policy.where, None, f"the policy `{policy.identifier}` gives no reason.", "Write because: ….")
    broken = unreadable(policy)
    if broken:
        yield from broken
        return
    try:
        rule = read_rule(policy)
        problems = [_of_problem(problem, policy) for problem in rule_problems(rule, attributes)]
        if problems:
            yield from problems
            return
        terms_of(rule, 0, attributes)
    except PolicyError as error:
        yield _of_error(error)
        return
    yield from _decidable(policy, rule, attributes)
    yield from map(_of_error, failures(policy, attributes)) if policy.identifier not in RESERVED else ()
    if not policy.tests:
        yield Finding(
            policy.where,
            None,
            f"the policy `{policy.identifier}` has no tests.",
            "Write at least one candidate that it denies and one that it allows.",
            is_warning=True,
        )


def _audience_findings(where: str, text: str, attributes: Attributes) -> Iterator[Finding]:
    stated = PolicySpecification("audience", "deny", "", expression=text, where=where)
    broken = list(_unreadable("", text, stated))
    if broken:
        yield from broken
        return
    condition = parse(text)
    problems = [
        _of_problem(problem, stated) for problem in type_problems(condition, attributes, namespaces=("customer",))
    ]
    if problems:
        yield from problems
    elif is_never_true(condition, attributes):
        column = column_of_never(condition, attributes)
        yield Finding(where, column, "nobody can ever be in it.", "Correct the condition.")
    elif not isinstance(condition, Truth) and is_always_true(condition, attributes):
        column = column_of_always(condition, attributes)
        yield Finding(where, column, "everybody is in it.", "Write true if that is meant.")
    else:
        for doubt in superfluous_parts(condition, attributes):
            yield Finding(where, doubt.column, doubt.what, doubt.remedy, is_warning=True)


def _between_policies(sound: list[tuple[PolicySpecification, Rule]], attributes: Attributes) -> Iterator[Finding]:
    """Policies that another one makes superfluous, or contradicts; the built-in ones come first."""
    rules = [*map(read_rule, BUILT_IN), *(rule for _, rule in sound)]
    own = [rule for _, rule in sound]
    for policy, rule in sound:
        doubt = shadowed(rule, rules, attributes) or contradicted(rule, own, attributes)
        if doubt is not None:
            where, column = _place(policy, "", doubt.column)
            what = f"the policy `{policy.identifier}`: {doubt.what}"
            yield Finding(where, column, what, doubt.remedy, is_warning=True)


def _decidable(policy: PolicySpecification, rule: Rule, attributes: Attributes) -> Iterator[Finding]:
    """What is always or never true, and so says nothing or too much; then parts that cannot matter."""

    def finding(field: str, condition: Condition, found: bool | None, what: str, remedy: str) -> Finding:
        of = column_of_always if found else column_of_never
        where, column = _place(policy, field, start_of(condition) if found is None else of(condition, attributes))
        return Finding(where, column, what, remedy)

    def decided(condition: Condition) -> bool | None:
        if is_never_true(condition, attributes):
            return False
        return True if is_always_true(condition, attributes) else None

    kind = rule.kind
    has_when, has_expression = policy.when is not None, policy.expression is not None
    when, expression = decided(rule.when), decided(rule.expression)
    is_meant = rule.expression == Truth(value=True) and (
        kind == "cap" or not has_expression or (kind in ("deny", "escalate") and has_when)
    )
    if when is False:
        what = "`when` is never true, so that the policy never applies."
        yield finding("when", rule.when, found=False, what=what, remedy="Correct `when`.")
    if when is True and has_when:
        yield finding("when", rule.when, found=True, what="`when` is always true.", remedy="Leave `when` out.")
    if expression is not None and not is_meant:
        what = _CONSEQUENCE[kind, expression]
        yield finding("", rule.expression, found=expression, what=what, remedy=f"Correct `{kind}`.")
    if when is None and expression is None and kind in REFUSING and is_never_true(rule.refusal, attributes):
        remedy = f"Correct `when` or `{kind}`."
        yield finding("", rule.expression, found=None, what=_NEVER_REFUSES[kind], remedy=remedy)
    for field, condition, known in (("when", rule.when, when), ("", rule.expression, expression)):
        for doubt in superfluous_parts(condition, attributes) if known is None else ():
            where, column = _place(policy, field, doubt.column)
            what = f"`when`: {doubt.what}" if field else doubt.what
            yield Finding(where, column, what, doubt.remedy, is_warning=True)


_CONSEQUENCE: Mapping[tuple[str, bool], str] = {
    ("deny", True): "`deny` is always true, so that everything is denied.",
    ("deny", False): "`deny` is never true, so that nothing is denied.",
    ("require", True): "`require` is always true, so that nothing is required.",
    ("require", False): "`require` is never true, so that everything is refused.",
    ("escalate", True): "`escalate` is always true, so that every send waits for a person.",
    ("escalate", False): "`escalate` is never true, so that nothing is escalated.",
    ("cap", True): "what the cap counts is always true; without it every touch counts as well.",
    ("cap", False): "what the cap counts is never true, so that nothing is counted.",
    ("parity", True): "what the parity counts is always true; without it every send counts as well.",
    ("parity", False): "what the parity counts is never true, so that nothing is compared.",
}
_NEVER_REFUSES: Mapping[str, str] = {
    "deny": "`when` and `deny` exclude each other, so that nothing is denied.",
    "require": "wherever `when` holds `require` holds too, so that nothing is refused.",
    "cap": "`when` and what the cap counts exclude each other, so that nothing is refused.",
}


def unreadable(policy: PolicySpecification) -> list[Finding]:
    """Which of a policy's texts do not parse, and where."""
    return [*_unreadable("when", policy.when, policy), *_unreadable("", policy.expression, policy)]


def _unreadable(field: str, text: str | None, policy: PolicySpecification) -> Iterator[Finding]:
    if text is not None:
        try:
            parse(text, where=policy.where)
        except PolicyError as error:
            yield _placed(policy, field, error.column, error.what, error.remedy)


def _of_problem(problem: Problem, policy: PolicySpecification) -> Finding:
    return _placed(policy, problem.field, problem.column or None, problem.what, problem.remedy)


def _placed(policy: PolicySpecification, field: str, column: int | None, what: str, remedy: str) -> Finding:
    where, column = _place(policy, field, column)
    return Finding(where, column, f"`when`: {what}" if field == "when" else what, remedy)


def _place(policy: PolicySpecification, field: str, column: int | None) -> tuple[str, int | None]:
    """Where a column of one of the policy's texts is: in the file when that is known, else in the text."""
    start = policy.starts.get("when" if field == "when" else "expression")
    if start is None or column is None:
        return policy.where, column
    where, first = start
    return where, first + column - 1


def _of_error(error: PolicyError) -> Finding:
    return Finding(error.place, error.column, error.what, error.remedy)
