"""What is wrong with a remit, in words that a manager understands: authority without these six parts is abdication.

It tells everything at once: no goal that can be judged, verbs that nobody declared, no limit, nothing that escalates,
no review, nobody who answers, and two agents that would act in the same place.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from decisioning.remits.compiling import MOVING
from decisioning.remits.values import NOBODY_DOES, OWNER_ROLES, SEND, SITUATIONS, Remit

PREFIX = "person:"
OF_MESSAGES = (
    "spend_per_month",
    "offer_cost_per_month",
    "discount_pct",
    "touches_per_customer",
    "promotions_per_customer",
)


@dataclass(frozen=True)
class Finding:
    """One reason why a remit is rejected: the agent, `file:line`, what is wrong and what would be right."""

    agent: str
    where: str
    what: str
    remedy: str


@dataclass(frozen=True)
class Around:
    """What remits may name.

    Attributes:
        metrics: Metrics of the playbook.
        verbs: Verbs that are declared.
        channels: Channels on which something can be sent.
        plays: Plays that are on.
        roles: Role of everybody in `people.yaml` who is still there, by key.
        gone: Who is in `people.yaml` and has left, with the day.
    """

    metrics: Collection[str]
    verbs: Collection[str]
    channels: Collection[str]
    plays: Collection[str]
    roles: Mapping[str, str]
    gone: Mapping[str, str]


def lint(remits: Sequence[Remit], around: Around) -> list[Finding]:
    """Everything that is wrong; empty for remits that hold."""
    found: list[Finding] = []
    for remit in remits:
        for check in (_goal, _conditions, _verbs, _sending, _asking, _never, _limits, _escalation, _review, _owner):
            found += check(remit, around)
    return [*found, *_together(remits)]


def _goal(remit: Remit, around: Around) -> Iterator[Finding]:
    goal = remit.goal
    if goal.metric is None:
        yield _finding(remit, "goal.metric", "has no metric: nobody could tell whether it succeeds.",
                       f"Name a metric of metrics.yaml. {_known(around.metrics)}")  # fmt: skip
    elif goal.metric not in around.metrics:
        yield _finding(remit, "goal.metric", f"is to change `{goal.metric}`, which no metric is called.",
                       f"Declare it in metrics.yaml. {_known(around.metrics, goal.metric)}")  # fmt: skip
    if goal.direction is None:
        yield _finding(remit, "goal.direction", "has a goal without a direction: is it to go up or down?",
                       "Write direction: increase, or direction: decrease.")  # fmt: skip
    if goal.by_pct is None:
        yield _finding(remit, "goal.by_pct", "has a goal without an amount: any change at all would be success.",
                       "Write by_pct: and by how many percent.")  # fmt: skip
    if goal.within_days is None:
        yield _finding(remit, "goal.within_days", "has a goal without a deadline: it could go on for ever.",
                       "Write within_days: and in how many days.")  # fmt: skip


def _conditions(remit: Remit, around: Around) -> Iterator[Finding]:
    others = [one for one in remit.goal.conditions if one.metric != remit.goal.metric]
    if not others:
        aim = f"`{remit.goal.metric}`" if remit.goal.metric else "its goal"
        yield _finding(remit, "goal.while", f"can reach {aim} in ways that nobody wants: no counter-metric stops it.",
                       'Write while: ["unsubscribe_rate <= 0.004"], with a metric that suffers when the goal is gamed.'
                       )  # fmt: skip
    for condition in others:
        if condition.metric not in around.metrics:
            yield _finding(remit, "goal.while", f"is held to `{condition.metric}`, which no metric is called.",
                           f"Declare it in metrics.yaml. {_known(around.metrics, condition.metric)}")  # fmt: skip


def _verbs(remit: Remit, around: Around) -> Iterator[Finding]:
    if not remit.may.verbs:
        yield _finding(remit, "may.verbs", "does not say what the agent may do.",
                       f"Write may: {{verbs: […]}}. {_known(around.verbs)}")  # fmt: skip
    for verb in remit.may.verbs:
        if verb not in around.verbs:
            yield _finding(remit, "may.verbs", f"permits `{verb}`, which no verb is called: nobody knows what that is.",
                           _known(around.verbs, verb))  # fmt: skip


def _sending(remit: Remit, around: Around) -> Iterator[Finding]:
    named = (("channels", remit.may.channels, around.channels), ("plays", remit.may.plays, around.plays))
    for part, stated, known in named:
        if remit.sends and not stated:
            what = "where the agent may write" if part == "channels" else "for which reasons the agent may write"
            yield _finding(remit, f"may.{part}", f"does not say {what}.",
                           f"Write may: {{{part}: […]}}. {_known(known)}")  # fmt: skip
        if stated and not remit.sends:
            yield _finding(remit, f"may.{part}", f"names {part} and does not permit to send.",
                           f"Add `{SEND}` to its verbs, or take {part} out.")  # fmt: skip
        for name in stated:
            if name not in known:
                yield _finding(remit, f"may.{part}", f"names `{name}`, which is none of the {part} that can be used.",
                               _known(known, name))  # fmt: skip


def _asking(remit: Remit, around: Around) -> Iterator[Finding]:
    del around
    if remit.ask.situations and not remit.sends:
        yield _finding(remit, "ask", "asks about messages, and the agent may not send any.", "Take it out.")
    verbs = [*remit.ask.verbs, *([MOVING] if remit.ask.move_budget_over is not None else [])]
    for verb in verbs:
        if verb not in remit.may.verbs:
            yield _finding(remit, "ask", f"asks before it would `{verb}`, which the agent may not do.",
                           f"Add `{verb}` to its verbs, or take it out.")  # fmt: skip
    for name in (*remit.ask.situations, *remit.ask.verbs):
        if name in remit.never:
            yield _finding(remit, "ask", f"asks about `{name}`, which it never may.", "Leave it in one of the two.")


def _never(remit: Remit, around: Around) -> Iterator[Finding]:
    known = (*around.verbs, *SITUATIONS, *NOBODY_DOES)
    for name in remit.never:
        if name not in known:
            yield _finding(remit, "never", f"forbids `{name}`, which nothing is called: it would forbid nothing.",
                           _known(known, name))  # fmt: skip
        if name in remit.may.verbs:
            yield _finding(remit, "never", f"both permits and forbids `{name}`.", "Leave it in one of the two.")


def _limits(remit: Remit, around: Around) -> Iterator[Finding]:
    del around
    bounds, others = remit.limits, [verb for verb in remit.may.verbs if verb != SEND]
    if remit.sends and not bounds.bounds_messages:
        yield _finding(remit, "limits", "has no limit on what it sends: there is nothing it may not exceed.",
                       f"Write limits: with at least one of {', '.join(OF_MESSAGES)}.")  # fmt: skip
    for verb in others:
        if verb not in bounds.actions_per_day:
            yield _finding(remit, "limits.actions_per_day", f"has no limit on how often it may `{verb}`.",
                           f"Write limits: {{actions_per_day: {{{verb}: …}}}}.")  # fmt: skip
    for verb in bounds.actions_per_day:
        if verb not in others:
            yield _finding(remit, "limits.actions_per_day", f"limits `{verb}` a day, which the agent may not do.",
                           "Take it out; how much is sent is limited per customer and by money.")  # fmt: skip
    if bounds.bounds_messages and not remit.sends:
        yield _finding(remit, "limits", "limits messages, and the agent may not send any.", "Take these limits out.")


def _escalation(remit: Remit, around: Around) -> Iterator[Finding]:
    del around
    share, spend = remit.escalate.budget_used_pct, remit.limits.spend_per_month
    if remit.escalate.is_empty and remit.ask.is_empty:
        yield _finding(remit, "escalate", "has no escalation: the agent would never hand anything to a person.",
                       "Write escalate: {confidence_below: 0.70}, or ask: […].")  # fmt: skip
    if not remit.escalate.is_empty and not remit.sends:
        yield _finding(remit, "escalate", "escalates messages, and the agent may not send any.", "Take it out.")
    if share is not None and spend is None:
        yield _finding(remit, "escalate.budget_used_pct", "escalates by the share of a budget that it does not have.",
                       "Write limits: {spend_per_month: …}.")  # fmt: skip


def _review(remit: Remit, around: Around) -> Iterator[Finding]:
    del around
    if not remit.review:
        yield _finding(remit, "review", "has no review: nobody would ever look at what the agent does.",
                       "Write review: {weekly: {what: …, minutes: 60}}.")  # fmt: skip


def _owner(remit: Remit, around: Around) -> Iterator[Finding]:
    key = (remit.owner or "").removeprefix(PREFIX)
    fitting = sorted(f"{PREFIX}{name}" for name, role in around.roles.items() if role in OWNER_ROLES)
    remedy = f"Name one person who answers for it: {', '.join(fitting) or 'nobody in people.yaml may yet'}."
    if remit.owner is None:
        yield _finding(remit, "owner", "has no owner: nobody answers for what the agent does.", remedy)
    elif not remit.owner.startswith(PREFIX):
        yield _finding(remit, "owner", f"is owned by `{remit.owner}`, which is no person.", remedy)
    elif key in around.gone:
        yield _finding(remit, "owner", f"is owned by {remit.owner}, who left on {around.gone[key]}.", remedy)
    elif key not in around.roles:
        yield _finding(remit, "owner", f"is owned by {remit.owner}, whom people.yaml does not know.", remedy)
    elif around.roles[key] not in OWNER_ROLES:
        what = f"is owned by {remit.owner}, whose role is {around.roles[key]}; an owner is {' or '.join(OWNER_ROLES)}."
        yield _finding(remit, "owner", what, remedy)


def _together(remits: Sequence[Remit]) -> Iterator[Finding]:
    """What two agents may not share: a name, a channel to send on, another verb."""
    taken: dict[tuple[str, str], Remit] = {}
    for remit in remits:
        its = [("name", remit.agent), *(("verb", verb) for verb in remit.may.verbs if verb != SEND)]
        its += [("channel", channel) for channel in remit.may.channels if remit.sends]
        for what, name in dict.fromkeys(its):
            first = taken.setdefault((what, name), remit)
            if first is not remit:
                yield _shared(remit, first, what, name)


def _shared(remit: Remit, first: Remit, what: str, name: str) -> Finding:
    if what == "name":
        return _finding(remit, "agent", f"has the name of the one in {first.where}.", "Give each agent its own name.")
    part, done = ("may.channels", "sends on") if what == "channel" else ("may.verbs", "may")
    said = f"{done} `{name}`, and so {'does' if what == 'channel' else 'may'} {first.agent}: who would answer for it?"
    return _finding(remit, part, said, f"Leave the {what} to one of the two agents.")


def _finding(remit: Remit, part: str, what: str, remedy: str) -> Finding:
    return Finding(remit.agent, remit.line(part), f"the remit of `{remit.agent}` {what}", remedy)


def _known(names: Collection[str], wanted: str = "") -> str:
    nearest = difflib.get_close_matches(wanted, names, n=1) if wanted else []
    said = f"Did you mean `{nearest[0]}`? " if nearest else ""
    return f"{said}Known: {', '.join(sorted(names)) or 'none'}."
