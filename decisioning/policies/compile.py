"""Rules ▶ terms, one bit each.

A rule's refusal is brought into disjunctive normal form, and every term gets a bit of its own. A term is split into
what concerns the customer (and channel), what concerns the asset (and channel), and comparisons between the two. It
refuses a candidate when both sides' bits are set and its comparisons hold, so that the verdict of all rules together is
one AND of machine words per candidate. One bit per rule would be wrong: `(c1 and a1) or (c2 and a2)` must not refuse on
c1 and a2.

Whatever concerns one side only is evaluated whole, once per customer or asset, however many alternatives it has.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from decisioning.errors import PolicyError
from decisioning.policies.attributes import SIDES, Attributes, Declaration
from decisioning.policies.builtin import BUILT_IN
from decisioning.policies.expressions import (
    And,
    Attribute,
    Condition,
    Or,
    Truth,
    all_of,
    any_of,
    attribute_names,
)
from decisioning.policies.normal_form import negation_normal_form
from decisioning.policies.rules import HOLDING, REFUSING, Rule, names_an_offer, read_rule
from decisioning.policies.spelling import to_text
from decisioning.policies.typing_rules import FIELDS, rule_problems
from decisioning.settings import PolicySpecification

MOST_TERMS = 256
BITS_PER_WORD = 64
HASH_VERSION = 1
ALWAYS = Truth(value=True)


@dataclass(frozen=True)
class Term:
    """One alternative of one policy, and one bit of the verdict.

    Attributes:
        policy: Position of its policy in `CompiledPolicies.identifiers`.
        customer: What must hold of customer and channel; true when nothing.
        asset: What must hold of asset and channel; true when nothing.
        crossing: What must hold between the two; true when nothing.
    """

    policy: int
    customer: Condition = ALWAYS
    asset: Condition = ALWAYS
    crossing: Condition = ALWAYS


@dataclass(frozen=True)
class Cap:
    """One sliding-window limit of touches per customer.

    Attributes:
        identifier: The cap's id; the schedule fills `cap.<identifier>.reached`.
        count: Touches allowed within the window.
        days: Length of the window, exact to the second.
        counts: Which assets and channels it counts, in negation normal form; true for every touch.
    """

    identifier: str
    count: int
    days: float
    counts: Condition


@dataclass(frozen=True)
class CompiledPolicies:
    """All policies of a playbook, the built-in ones first, ready to screen.

    Attributes:
        identifiers: The policies' ids in their order.
        because: Id to the reason shown to people.
        terms: One per bit, grouped by policy.
        caps: The caps among them.
        bundle_hash: sha256 over the canonical form of all policies; the same for any order and spelling.
        attributes: What they may name, caps included.
        attribute_names: What they do name: the columns that screening needs.
        unreadable: Why a policy cannot be applied as written to the data at hand, by id; it then refuses what it might.
    """

    identifiers: tuple[str, ...]
    because: Mapping[str, str]
    terms: tuple[Term, ...]
    caps: tuple[Cap, ...]
    bundle_hash: str
    attributes: Attributes
    attribute_names: frozenset[str]
    unreadable: Mapping[str, str] = field(default_factory=dict)

    @property
    def word_count(self) -> int:
        """How many words of 64 bits a verdict has."""
        return -(-len(self.terms) // BITS_PER_WORD)


def compile_policies(
    policies: Sequence[PolicySpecification], attributes: Attributes, *, is_running: bool = False
) -> CompiledPolicies:
    """Compile what refuses: the playbook's policies and the built-in ones.

    Args:
        policies: As written, of every kind; the built-in policies are always added.
        attributes: What they may name; `cap.<id>.reached` of their own caps is added.
        is_running: Something is decided with them now. A policy that today's data does not fit then refuses whatever it
            might refuse (`CompiledPolicies.unreadable` says why) instead of stopping everything else.

    Raises:
        PolicyError: A policy does not parse, names what is not declared, mixes types, has more than 256 terms, or
            shares its id with another one.
    """
    return _compiled((*BUILT_IN, *policies), REFUSING, attributes, is_running=is_running)


def compile_holds(
    policies: Sequence[PolicySpecification], attributes: Attributes, *, is_running: bool = False
) -> CompiledPolicies:
    """Compile what holds a decision until a person agrees: a verdict of them means held, not refused.

    Args and errors as `compile_policies`.
    """
    return _compiled((*BUILT_IN, *policies), HOLDING, attributes, is_running=is_running)


def _compiled(
    policies: Sequence[PolicySpecification], kinds: tuple[str, ...], attributes: Attributes, *, is_running: bool
) -> CompiledPolicies:
    _insist_on_unique(policies)
    declared = attributes.with_caps(policy.identifier for policy in policies if policy.kind == "cap")
    written = [read_rule(policy) for policy in policies]
    unreadable: dict[str, str] = {}
    if is_running:
        found = [readable(rule, declared) for rule in written]
        unreadable = {rule.identifier: each.because for rule, each in zip(written, found, strict=True) if each.because}
        declared = Attributes({**declared.declared, **{one.name: one for each in found for one in each.unknown}})
        rules = [each.rule for each in found if each.kind in kinds]
    else:
        rules = [rule for rule in written if rule.kind in kinds]
        for rule in written:
            _insist_on_sense(rule, declared)
    terms = tuple(term for position, rule in enumerate(rules) for term in terms_of(rule, position, declared))
    named = [attribute_names(part) for term in terms for part in (term.customer, term.asset, term.crossing)]
    return CompiledPolicies(
        identifiers=tuple(rule.identifier for rule in rules),
        because={policy.identifier: policy.because for policy in policies},
        terms=terms,
        caps=tuple(_cap(rule) for rule in rules if rule.kind == "cap"),
        bundle_hash=bundle_hash(written),
        attributes=declared,
        attribute_names=frozenset().union(*named),
        unreadable=unreadable,
    )


@dataclass(frozen=True)
class Readable:
    """A rule as it can be applied to today's data.

    Attributes:
        rule: The rule, or one that refuses (holds, withholds) everything in the place of it.
        kind: The kind of the rule as written.
        because: What does not fit; empty when everything does.
        unknown: Attributes that it names and that the data does not have: always missing.
    """

    rule: Rule
    kind: str
    because: str = ""
    unknown: tuple[Declaration, ...] = ()


def readable(rule: Rule, attributes: Attributes) -> Readable:
    """A missing attribute is missing for everybody; where types do not fit, nothing can be asked and all is refused."""
    problems = [problem for problem in rule_problems(rule, attributes) if problem.field != FIELDS]
    if not problems:
        return Readable(rule, rule.kind)
    because = f"{problems[0].what} {problems[0].remedy}".strip()
    names = attribute_names(rule.when) | attribute_names(rule.expression)
    unknown = tuple(
        Declaration(name, SIDES.get(name.partition(".")[0], "customer"), "unknown")
        for name in sorted(names - attributes.declared.keys())
    )
    known = Attributes({**attributes.declared, **{each.name: each for each in unknown}})
    if not any(problem.field != FIELDS for problem in rule_problems(rule, known)):
        return Readable(rule, rule.kind, because, unknown)
    expression: Condition = Attribute("asset.has_offer") if rule.is_about_offers else Truth(value=True)
    reached = [Declaration(f"cap.{rule.identifier}.reached", "customer_channel", "unknown")] if rule.days else []
    kind = "deny" if rule.kind in REFUSING else rule.kind
    everything = replace(rule, kind=kind, when=Truth(value=True), expression=expression, count=None, days=None)
    return Readable(everything, rule.kind, because, (*unknown, *reached))


def terms_of(rule: Rule, position: int, attributes: Attributes) -> tuple[Term, ...]:
    """The terms of one rule, without repetitions; none when it can never refuse.

    Raises:
        PolicyError: There are more than 256.
    """
    refusal = negation_normal_form(rule.refusal)
    if rule.is_about_offers:
        refusal = all_of(Attribute("asset.has_offer"), refusal)
    if refusal == Truth(value=False):
        return ()
    return tuple(dict.fromkeys(_alternatives(refusal, position, attributes, rule.where)))


def bundle_hash(rules: Iterable[Rule]) -> str:
    """sha256 (hexadecimal) over ids, kinds, expressions in canonical spelling and numbers, in the order of ids."""
    canonical = [
        {
            "id": rule.identifier,
            "kind": rule.kind,
            "when": to_text(rule.when),
            "expression": to_text(rule.expression),
            "count": rule.count,
            "days": None if rule.days is None else float(rule.days),
            **_of_its_kind(rule),
        }
        for rule in sorted(rules, key=lambda rule: rule.identifier)
    ]
    text = json.dumps({"version": HASH_VERSION, "policies": canonical}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _of_its_kind(rule: Rule) -> dict[str, object]:
    """What only some kinds have; left out elsewhere, so that a new kind changes no hash of the others."""
    stated = {"who": rule.who, "fields": list(rule.fields), "by": rule.by, "within": rule.within, "least": rule.least}
    return {name: value for name, value in stated.items() if value not in (None, [])}


def _alternatives(condition: Condition, policy: int, attributes: Attributes, where: str) -> list[Term]:
    """The terms of a condition in negation normal form; parts about one side stay whole."""
    side = _side(condition, attributes)
    if side is not None or not isinstance(condition, And | Or):
        return [_term(policy, {side or "customer": condition})]
    gathered: dict[str, list[Condition]] = {}
    mixed: list[Condition] = []
    for part in condition.parts:
        of_part = _side(part, attributes)
        (mixed if of_part is None else gathered.setdefault(of_part, [])).append(part)
    if isinstance(condition, Or):
        found = [_term(policy, {side: any_of(*parts)}) for side, parts in gathered.items()]
        for part in mixed:
            found += _alternatives(part, policy, attributes, where)
            _insist_on_limit(len(found), where)
        return found
    found = [_term(policy, {side: all_of(*parts) for side, parts in gathered.items()})]
    for part in mixed:
        factor = _alternatives(part, policy, attributes, where)
        _insist_on_limit(len(found) * len(factor), where)
        found = [_both(left, right) for left, right in product(found, factor)]
    return found


def _term(policy: int, sides: Mapping[str, Condition]) -> Term:
    return Term(policy, sides.get("customer", ALWAYS), sides.get("asset", ALWAYS), sides.get("crossing", ALWAYS))


def _both(left: Term, right: Term) -> Term:
    return Term(
        policy=left.policy,
        customer=all_of(left.customer, right.customer),
        asset=all_of(left.asset, right.asset),
        crossing=all_of(left.crossing, right.crossing),
    )


def _side(condition: Condition, attributes: Attributes) -> str | None:
    """The field of `Term` that the whole condition belongs to; None when its atoms belong to several."""
    if isinstance(condition, And | Or):
        sides = {_side(part, attributes) for part in condition.parts}
        return sides.pop() if len(sides) == 1 else None
    is_asset = {attributes.declared[name].side == "asset_channel" for name in attribute_names(condition)}
    if len(is_asset) > 1:
        return "crossing"
    return "asset" if True in is_asset else "customer"


def _cap(rule: Rule) -> Cap:
    counts = negation_normal_form(rule.expression)
    # Asked of the text as written: simplified, a condition may have lost the offer it names.
    if names_an_offer(rule.expression):
        counts = all_of(Attribute("asset.has_offer"), counts)
    return Cap(rule.identifier, rule.count or 0, rule.days or 0.0, counts)


def _insist_on_unique(policies: Sequence[PolicySpecification]) -> None:
    places: dict[str, str] = {}
    for policy in policies:
        if policy.identifier in places:
            raise PolicyError(
                f"the policy id `{policy.identifier}` is taken.",
                where=policy.where,
                remedy=f"The other one is {places[policy.identifier] or 'elsewhere'}; choose another id.",
            )
        places[policy.identifier] = policy.where


def _insist_on_sense(rule: Rule, attributes: Attributes) -> None:
    for problem in rule_problems(rule, attributes):
        raise PolicyError(problem.what, where=rule.where, remedy=problem.remedy, column=problem.column)


def _insist_on_limit(count: int, where: str) -> None:
    if count > MOST_TERMS:
        raise PolicyError(
            f"written as alternatives the policy has {count:,} terms or more; {MOST_TERMS} is the most.",
            where=where,
            remedy="Write several policies, or bring what concerns one side (customer or asset) into one bracket.",
        )
