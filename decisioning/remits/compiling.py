"""A remit as the policies and limits that every decision is screened and allocated by; there is no second path.

What may be sent at all follows from plays and channels (`authority.permitted`). Everything here is bound to the agent's
channels, which no other agent sends on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from decisioning.remits.values import (
    C_LEVEL,
    DISCOUNTS,
    MINORS,
    NET_NEW_ASSET,
    REGULATED,
    SEND,
    SITUATIONS,
    Remit,
)
from decisioning.settings import LimitSettings, PolicySpecification

REMIT = "remit"
"""What a candidate is refused by, and an action, that no remit permits."""
MOVING = "move_budget"
C_LEVEL_WORDS = ("c-level", "c_level", "C-level", "C-Level", "cxo", "CXO", "executive", "founder", "board")


def _listed(words: Iterable[str]) -> str:
    """Texts as a list of the policy grammar."""
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


_MEANS = {
    C_LEVEL: f"customer.seniority in {_listed(C_LEVEL_WORDS)}",
    REGULATED: "customer.account_is_regulated",
    MINORS: "customer.is_minor",
    NET_NEW_ASSET: 'asset.readiness != "approved"',
    DISCOUNTS: "asset.has_offer",
}
"""Each situation as a condition; what is not known counts as if it were so."""


def policies_of(remit: Remit) -> tuple[PolicySpecification, ...]:
    """What a remit refuses and what it asks for, as policies on the agent's channels."""
    if not remit.sends:
        return ()
    return (*_refusing(remit), *_asking(remit))


def action_policies(remits: Sequence[Remit]) -> tuple[PolicySpecification, ...]:
    """What remits refuse and ask of actions other than messages; nothing without remits."""
    if not remits:
        return ()
    verbs = sorted({verb for remit in remits for verb in remit.may.verbs if verb != SEND})
    outside = PolicySpecification(
        identifier=REMIT,
        kind="deny",
        expression=f"action.verb not in {_listed(verbs)}" if verbs else 'action.verb != ""',
        because="No agent's remit permits this.",
        where=remits[0].where,
    )
    return (outside, *(policy for remit in remits for policy in _asking_of_actions(remit)))


def limits_of_remit(remit: Remit) -> tuple[LimitSettings, ...]:
    """What a remit may spend, as limits on the agent's channels."""
    if not remit.sends:
        return ()
    found = []
    if remit.limits.spend_per_month is not None:
        found.append(_limit(remit, "spend_per_month", spend_limit(remit), "money", remit.limits.spend_per_month))
    if remit.limits.offer_cost_per_month is not None:
        most = remit.limits.offer_cost_per_month
        found.append(_limit(remit, "offer_cost_per_month", f"{remit.agent} offers a month", "expected_cost", most))
    return tuple(found)


def actions_per_day(remits: Sequence[Remit], stated: Mapping[str, int]) -> dict[str, int]:
    """How often each verb may be used a day: what the playbook states, and no more than its agent's remit allows."""
    most = dict(stated)
    for remit in remits:
        for verb, count in remit.limits.actions_per_day.items():
            most[verb] = min(count, most.get(verb, count))
    return most


def spend_limit(remit: Remit) -> str:
    """The name of the limit on what an agent spends."""
    return f"{remit.agent} spend a month"


def asked_by(remit: Remit, policy: str) -> str | None:
    """The situation that a policy of a remit asks about; None for any other policy."""
    start = rule_name(remit, "ask-")
    return policy.removeprefix(start).replace("-", "_") if policy.startswith(start) else None


def on_its_channels(remit: Remit) -> str:
    """The condition under which a send is the agent's."""
    return f"channel.channel_id in {_listed(sorted(remit.may.channels))}"


def _refusing(remit: Remit) -> Iterator[PolicySpecification]:
    bounds, when = remit.limits, on_its_channels(remit)
    if bounds.discount_pct is not None:
        yield PolicySpecification(
            identifier=rule_name(remit, "discount"),
            kind="deny",
            when=when,
            expression=f"offer.discount_pct > {bounds.discount_pct:f}",
            because=f"The agent {remit.agent} gives no discount above {bounds.discount_pct:g} %.",
            where=remit.line("limits.discount_pct"),
        )
    windows = (("touches", bounds.touches_per_customer, None), ("promotions", bounds.promotions_per_customer, "offer"))
    for what, window, counted in windows:
        if window is not None:
            yield PolicySpecification(
                identifier=rule_name(remit, what),
                kind="cap",
                when=when,
                expression=None if counted is None else "asset.has_offer",
                count=window.count,
                days=window.days,
                because=f"The agent {remit.agent} leaves a customer at {window.count} {what} in {window.days:g} days.",
                where=remit.line(f"limits.{what}_per_customer"),
            )
    for name in remit.never:
        if name in _MEANS:
            yield PolicySpecification(
                identifier=rule_name(remit, f"never-{name.replace('_', '-')}"),
                kind="deny",
                when=when,
                expression=_MEANS[name],
                because=f"The agent {remit.agent} may never {SITUATIONS[name]}.",
                where=remit.line("never"),
            )


def _asking(remit: Remit) -> Iterator[PolicySpecification]:
    if SEND in remit.ask.verbs:
        yield PolicySpecification(
            identifier=rule_name(remit, f"ask-{SEND}"),
            kind="escalate",
            expression=on_its_channels(remit),
            because=f"The agent {remit.agent} asks before anything is sent.",
            who=remit.owner,
            where=remit.line("ask"),
        )
    for name in remit.ask.situations:
        yield PolicySpecification(
            identifier=rule_name(remit, f"ask-{name.replace('_', '-')}"),
            kind="escalate",
            when=on_its_channels(remit),
            expression=_MEANS[name],
            because=f"The agent {remit.agent} asks before it would {SITUATIONS[name]}.",
            who=remit.owner,
            where=remit.line("ask"),
        )


def _asking_of_actions(remit: Remit) -> Iterator[PolicySpecification]:
    for verb in remit.ask.verbs:
        if verb != SEND:
            yield PolicySpecification(
                identifier=rule_name(remit, f"ask-{verb.replace('_', '-')}"),
                kind="escalate",
                expression=f'action.verb == "{verb}"',
                because=f"The agent {remit.agent} asks before every {verb}.",
                who=remit.owner,
                where=remit.line("ask"),
            )
    if remit.ask.move_budget_over is not None:
        yield PolicySpecification(
            identifier=rule_name(remit, "ask-move-budget"),
            kind="escalate",
            when=f'action.verb == "{MOVING}"',
            expression=f"action.amount > {remit.ask.move_budget_over:f}",
            because=f"The agent {remit.agent} asks before it moves more than {remit.ask.move_budget_over:,.2f}.",
            who=remit.owner,
            where=remit.line("ask"),
        )


def _limit(remit: Remit, part: str, name: str, unit: str, most: float) -> LimitSettings:
    return LimitSettings(
        name=name,
        unit=unit,  # type: ignore[arg-type]
        most=most,
        channels=tuple(sorted(remit.may.channels)),
        per="month",
        where=remit.line(f"limits.{part}"),
    )


def rule_name(remit: Remit, what: str) -> str:
    """What something that a remit says is called in records."""
    return f"{REMIT}-{remit.agent}-{what}"
