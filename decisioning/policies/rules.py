"""A policy as written ▶ a rule: its texts parsed and, whatever its kind, the condition under which it refuses.

`deny` refuses when its expression may be true, `require` unless its expression is surely true, `cap` when its count is
reached and the send is one it counts. `when` restricts each of them.
"""

from dataclasses import dataclass

from decisioning.errors import PolicyError
from decisioning.policies.expressions import Attribute, Condition, Not, Truth, all_of, attribute_names
from decisioning.policies.grammar import parse
from decisioning.settings import PolicySpecification

KINDS = ("deny", "require", "cap")


@dataclass(frozen=True)
class Rule:
    """One policy, parsed.

    Attributes:
        identifier: The policy's id.
        kind: deny, require or cap.
        when: Condition under which it applies; true for always.
        expression: What is denied, required or counted; true for a cap that counts every touch.
        count: For a cap: touches allowed within the window.
        days: For a cap: length of the window.
        where: `file:line`.
    """

    identifier: str
    kind: str
    when: Condition
    expression: Condition
    count: int | None
    days: float | None
    where: str

    @property
    def refusal(self) -> Condition:
        """The condition under which it refuses a candidate; where it is unknown, it refuses too."""
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
    if policy.kind not in KINDS:
        raise PolicyError(
            f"the policy `{policy.identifier}` has the kind `{policy.kind}`.",
            where=policy.where,
            remedy=f"Known: {', '.join(KINDS)}.",
        )
    if policy.expression is None and policy.kind != "cap":
        raise PolicyError(
            f"the policy `{policy.identifier}` does not say what it would {policy.kind}.",
            where=policy.where,
            remedy=f"Write {policy.kind}: and a condition.",
        )
    if policy.kind == "cap" and (policy.count is None or policy.count < 0 or not policy.days or policy.days <= 0):
        raise PolicyError(
            f"the cap `{policy.identifier}` needs a count of 0 or more and days above 0.",
            where=policy.where,
            remedy="Write e.g. cap: {count: 3, days: 7}.",
        )
    always = Truth(value=True)
    return Rule(
        identifier=policy.identifier,
        kind=policy.kind,
        when=always if policy.when is None else parse(policy.when, where=policy.where),
        expression=always if policy.expression is None else parse(policy.expression, where=policy.where),
        count=policy.count if policy.kind == "cap" else None,
        days=policy.days if policy.kind == "cap" else None,
        where=policy.where,
    )
