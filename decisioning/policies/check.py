"""What is wrong with policies and audiences as written, all of it at once, before anything runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from decisioning.errors import PolicyError
from decisioning.policies.attributes import Attributes
from decisioning.policies.builtin import BESIDE, RESERVED
from decisioning.policies.compile import terms_of
from decisioning.policies.contradictions import is_always_true, is_never_true
from decisioning.policies.expressions import Condition, Truth
from decisioning.policies.grammar import parse
from decisioning.policies.own_tests import failures
from decisioning.policies.rules import Rule, read_rule
from decisioning.policies.typing_rules import Problem, rule_problems, type_problems
from decisioning.settings import PolicySpecification


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        where: `file:line` of the policy, or `audience <name>`.
        column: Where in the expression's own text, counted from 1; None when it concerns the whole.
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
    for policy in policies:
        findings += _policy_findings(policy, declared)
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
    broken = [*_unreadable("when", policy.when, policy.where), *_unreadable("", policy.expression, policy.where)]
    if broken:
        yield from broken
        return
    try:
        rule = read_rule(policy)
        problems = [_of_problem(problem, policy.where) for problem in rule_problems(rule, attributes)]
        if problems:
            yield from problems
            return
        terms_of(rule, 0, attributes)
    except PolicyError as error:
        yield _of_error(error)
        return
    yield from _decidable(rule, attributes)
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
    broken = list(_unreadable("", text, where))
    if broken:
        yield from broken
        return
    condition = parse(text)
    problems = [
        _of_problem(problem, where) for problem in type_problems(condition, attributes, namespaces=("customer",))
    ]
    if problems:
        yield from problems
    elif is_never_true(condition, attributes):
        yield Finding(where, None, "nobody can ever be in it.", "Correct the condition.")
    elif not isinstance(condition, Truth) and is_always_true(condition, attributes):
        yield Finding(where, None, "everybody is in it.", "Write true if that is meant.")


def _decidable(rule: Rule, attributes: Attributes) -> Iterator[Finding]:
    """What is always or never true, and so says nothing or too much."""

    def finding(what: str, remedy: str) -> Finding:
        return Finding(rule.where, None, what, remedy)

    def decided(condition: Condition) -> bool | None:
        if is_never_true(condition, attributes):
            return False
        return True if is_always_true(condition, attributes) else None

    has_when = rule.when != Truth(value=True)
    when, expression = decided(rule.when), decided(rule.expression)
    is_meant = rule.expression == Truth(value=True) and (rule.kind == "cap" or (rule.kind == "deny" and has_when))
    if when is False:
        yield finding("`when` is never true, so that the policy never applies.", "Correct `when`.")
    if when is True and has_when:
        yield finding("`when` is always true.", "Leave `when` out.")
    if expression is not None and not is_meant:
        yield finding(_CONSEQUENCE[rule.kind, expression], f"Correct `{rule.kind}`.")
    if when is None and expression is None and is_never_true(rule.refusal, attributes):
        yield finding(_NEVER_REFUSES[rule.kind], f"Correct `when` or `{rule.kind}`.")


_CONSEQUENCE: Mapping[tuple[str, bool], str] = {
    ("deny", True): "`deny` is always true, so that everything is denied.",
    ("deny", False): "`deny` is never true, so that nothing is denied.",
    ("require", True): "`require` is always true, so that nothing is required.",
    ("require", False): "`require` is never true, so that everything is refused.",
    ("cap", True): "what the cap counts is always true; without it every touch counts as well.",
    ("cap", False): "what the cap counts is never true, so that nothing is counted.",
}
_NEVER_REFUSES: Mapping[str, str] = {
    "deny": "`when` and `deny` exclude each other, so that nothing is denied.",
    "require": "wherever `when` holds `require` holds too, so that nothing is refused.",
    "cap": "`when` and what the cap counts exclude each other, so that nothing is refused.",
}


def _unreadable(field: str, text: str | None, where: str) -> Iterator[Finding]:
    if text is not None:
        try:
            parse(text, where=where)
        except PolicyError as error:
            yield _of_error(error, field)


def _of_problem(problem: Problem, where: str) -> Finding:
    return _of_error(
        PolicyError(problem.what, where=where, remedy=problem.remedy, column=problem.column), problem.field
    )


def _of_error(error: PolicyError, field: str = "") -> Finding:
    what = f"`when`: {error.what}" if field == "when" else error.what
    return Finding(error.place, error.column, what, error.remedy)
