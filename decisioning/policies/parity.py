"""Whether groups of customers get something equally often: counts in, a verdict with its numbers out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from decisioning.policies.rules import Rule
from decisioning.policies.spelling import to_text

ROUNDING = 1e-12
"""Two rates that differ by just the bound are not made different by how fractions are stored."""


@dataclass(frozen=True)
class Counts:
    """How many of a group's customers get it: `given` of `customers`."""

    given: int
    customers: int

    @property
    def rate(self) -> float:
        """The share that gets it; 0 of nobody."""
        return self.given / self.customers if self.customers else 0.0


@dataclass(frozen=True)
class Verdict:
    """What one policy finds.

    Attributes:
        policy: Its id.
        by: The attribute that makes the groups.
        of: What is counted, in the policy grammar.
        within: How far apart two rates may be.
        groups: Counts per group.
        compared: The groups that are large enough and known.
        spread: Highest rate less lowest of those; None when fewer than two are compared.
        is_breached: The policy is violated, or nothing could be checked at all.
        text: The finding in words.
    """

    policy: str
    by: str
    of: str
    within: float
    groups: Mapping[str, Counts]
    compared: tuple[str, ...]
    spread: float | None
    is_breached: bool
    text: str

    def facts(self) -> dict[str, Any]:
        """For a run's summary."""
        return {
            "policy": self.policy,
            "by": self.by,
            "of": self.of,
            "within": self.within,
            "groups": [
                {
                    "group": name,
                    "given": each.given,
                    "customers": each.customers,
                    "rate": each.rate,
                    "is_compared": name in self.compared,
                }
                for name, each in sorted(self.groups.items())
            ],
            "spread": self.spread,
            "is_breached": self.is_breached,
            "text": self.text,
        }


def judged(rule: Rule, groups: Mapping[str, Counts], *, because: str = "", unknown: str | None = None) -> Verdict:
    """Compare the groups.

    Args:
        rule: A policy of the kind parity.
        groups: Counts per group.
        because: Why nothing could be counted; the policy is violated then.
        unknown: The group of those whose group is not known; it is shown, not compared.
    """
    least, within = rule.least or 1, rule.within or 0.0
    compared = sorted(name for name, each in groups.items() if name != unknown and each.customers >= least)
    by_rate = sorted(compared, key=lambda name: (groups[name].rate, name))
    spread = groups[by_rate[-1]].rate - groups[by_rate[0]].rate if len(by_rate) > 1 else None
    nothing_known = not because and bool(groups) and set(groups) == {unknown}
    if because:
        text = f"could not be checked: {because}"
    elif nothing_known:
        text = f"could not be checked: `{rule.by}` is not known of anybody."
    elif spread is None:
        text = f"not judged: fewer than two groups have {least} customers or more."
    else:
        high, low = by_rate[-1], by_rate[0]
        text = (
            f"{groups[high].rate:.1%} of {high} ({groups[high].given:,} of {groups[high].customers:,}) and "
            f"{groups[low].rate:.1%} of {low} ({groups[low].given:,} of {groups[low].customers:,}): "
            f"{spread * 100:.1f} points apart, {within * 100:g} allowed."
        )
    return Verdict(
        policy=rule.identifier,
        by=rule.by or "",
        of=to_text(rule.expression),
        within=within,
        groups=dict(groups),
        compared=tuple(compared),
        spread=spread,
        is_breached=bool(because) or nothing_known or (spread is not None and spread > within + ROUNDING),
        text=text,
    )
