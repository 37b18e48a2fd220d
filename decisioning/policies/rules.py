"""A policy as written ▶ a rule: its texts parsed and, whatever its kind, the condition under which it applies.

`deny` refuses when its expression may be true, `require` unless its expression is surely true, `cap` when its count is
reached and the send is one it counts. `escalate`, `approval` and `sign_off` hold what they apply to until a person
agrees; `redact` and `permit` withhold what is known of the customers that `when` may select; `parity` compares how
often groups of customers get something. `when` restricts each of them.
"""

from dataclasses import dataclass

from decisioning.errors import PolicyError
from decisioning.policies.expressions import Attribute, Condition, Not, Truth, all_of, attribute_names
from decisioning.policies.grammar import parse
from decisioning.settings import PolicySpecification

REFUSING = ("deny", "require", "cap")
HOLDING = ("escalate", "approval", "sign_off")
WITHHOLDING = ("redact", "permit")
PARITY = "parity"
KINDS = (*REFUSING, *HOLDING, *WITHHOLDING, PARITY)
_NEEDS_EXPRESSION = ("deny", "require", "escalate")


@dataclass(frozen=True)
class Rule:
    """One policy, parsed.

    Attributes:
        identifier: The policy's id.
        kind: One of `KINDS`.
        when: Condition under which it applies; true for always.
        expression: What is denied, required, escalated or counted; true for what counts every touch.
        count: For a cap: touches allowed within the window.
        days: For a cap: length of the window.
        where: `file:line`.
        who: For what is held: who must agree.
        fields: For what is withheld: the fields.
        by: For a parity: the attribute that makes the groups.
        within: For a parity: how far apart two rates may be.
        least: For a parity: customers that a group must have.
    """

    identifier: str
    kind: str
    when: Condition
    expression: Condition
    count: int | None
    days: float | None
    where: str
    who: str | None = None
    fields: tuple[str, ...] = ()
    by: str | None = None
    within: float | None = None
    least: int | None = None

    @property
    def refusal(self) -> Condition:
        """The condition under which it refuses, holds or withholds; where it is unknown, it does so too."""
        if self.kind == "require":
            return all_of(self.when, Not(self.expression))
        if self.kind == "cap":
            return all_of(Attribute(f"cap.{self.identifier}.reached"), self.when, self.expression)
        return all_of(self.when, self.expression)

    @property
    def is_about_offers(self) -> bool:
        """Whether it names an offer and so does not apply to an asset without one."""
        return names_an_offer(self.when) or names_an_offer(self.expression)


def names_an_offer(condition: Condition) -> bool:
    """Whether any attribute of the condition is one of the offer."""
    return any(name.startswith("offer.") for name in attribute_names(condition))


def read_rule(policy: PolicySpecification) -> Rule:
    """Parse a policy.

    Raises:
        PolicyError: An unknown kind, a missing expression or count, or a text that does not parse.
    """
    _insist_on_parts(policy)
    always = Truth(value=True)
    is_cap, is_parity = policy.kind == "cap", policy.kind == PARITY
    return Rule(
        identifier=policy.identifier,
        kind=policy.kind,
        when=always if policy.when is None else parse(policy.when, where=policy.where),
        expression=always if policy.expression is None else parse(policy.expression, where=policy.where),
        count=policy.count if is_cap else None,
        days=policy.days if is_cap else None,
        where=policy.where,
        who=policy.who if policy.kind in HOLDING else None,
        fields=tuple(sorted(policy.fields)) if policy.kind in WITHHOLDING else (),
        by=policy.by if is_parity else None,
        within=policy.within if is_parity else None,
        least=policy.least if is_parity else None,
    )


def _insist_on_parts(policy: PolicySpecification) -> None:
    """Refuse a policy that does not say all that its kind needs."""
    kind, name = policy.kind, policy.identifier
    if kind not in KINDS:
        what = f"the policy `{name}` has the kind `{kind}`."
        raise PolicyError(what, where=policy.where, remedy=f"Known: {', '.join(KINDS)}.")
    if policy.expression is None and kind in _NEEDS_EXPRESSION:
        what = f"the policy `{name}` does not say what it would {kind}."
        raise PolicyError(what, where=policy.where, remedy=f"Write {kind}: and a condition.")
    if kind == "cap" and (policy.count is None or policy.count < 0 or not policy.days or policy.days <= 0):
        what = f"the cap `{name}` needs a count of 0 or more and days above 0."
        raise PolicyError(what, where=policy.where, remedy="Write e.g. cap: {count: 3, days: 7}.")
    if kind in HOLDING and not policy.who:
        remedy = "Write to: with escalate, or require: {approval: WHO}."
        raise PolicyError(f"the policy `{name}` does not say who must agree.", where=policy.where, remedy=remedy)
    if kind == "redact" and not policy.fields:
        remedy = "Write e.g. redact: [customer.age]."
        raise PolicyError(f"the policy `{name}` withholds nothing.", where=policy.where, remedy=remedy)
    if kind == PARITY and (policy.by is None or policy.within is None or not 0 <= policy.within <= 1):
        what = f"the policy `{name}` needs an attribute to compare by and a bound from 0 to 1."
        raise PolicyError(what, where=policy.where, remedy="Write e.g. parity: {by: customer.gender, within: 0.1}.")
