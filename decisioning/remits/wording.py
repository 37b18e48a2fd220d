"""A remit in plain words: what the agent is for, what it may and may not do, when it asks, and who answers for it."""

from collections.abc import Sequence
from dataclasses import dataclass

from decisioning.actions import available
from decisioning.remits.values import NOBODY_DOES, SEND, SITUATIONS, Condition, Remit, Window

_RELATIONS = {"<=": "at most", ">=": "at least", "<": "below", ">": "above"}


@dataclass(frozen=True)
class Page:
    """What the page of one agent says, one sentence each.

    Attributes:
        agent: The agent.
        owner: Who answers for it.
        goal: What it is for.
        may: What it may do by itself.
        asks: When it asks its owner first.
        never: What it cannot do.
        limits: What it never exceeds.
        reviews: When people look at what it does.
    """

    agent: str
    owner: str
    goal: tuple[str, ...]
    may: tuple[str, ...]
    asks: tuple[str, ...]
    never: tuple[str, ...]
    limits: tuple[str, ...]
    reviews: tuple[str, ...]


def page_of(remit: Remit, currency: str, all_plays: Sequence[str], all_channels: Sequence[str]) -> Page:
    """The page of an agent.

    Args:
        remit: A remit that holds.
        currency: The playbook's currency.
        all_plays: Plays that are on.
        all_channels: Channels on which something can be sent.
    """
    return Page(
        agent=remit.agent,
        owner=remit.owner or "nobody",
        goal=_goal(remit),
        may=_may(remit),
        asks=_asks(remit, currency),
        never=_never(remit, all_plays, all_channels),
        limits=_limits(remit, currency),
        reviews=_reviews(remit),
    )


def condition_in_words(condition: Condition) -> str:
    """`unsubscribe_rate <= 0.004` as `unsubscribe_rate stays at most 0.004`."""
    return f"{condition.metric} stays {_RELATIONS[condition.relation]} {condition.value:g}"


def listed(names: Sequence[str], last: str = "and") -> str:
    """`a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}" if names else ""


def _goal(remit: Remit) -> tuple[str, ...]:
    goal = remit.goal
    aim = f"It is to {goal.direction} {goal.metric} by {goal.by_pct:g} % within {goal.within_days} days."
    others = [one for one in goal.conditions if one.metric != goal.metric]
    held = f"That counts as success only while {listed([condition_in_words(one) for one in others])}."
    return (aim, held)


def _may(remit: Remit) -> tuple[str, ...]:
    said = []
    if remit.sends:
        reasons = listed(remit.may.plays, "or")
        said.append(f"Send messages by {listed(remit.may.channels, 'or')}, for these reasons: {reasons}.")
    said += [f"{verb}: {_meaning(verb)}" for verb in remit.may.verbs if verb != SEND]
    return tuple(said)


def _asks(remit: Remit, currency: str) -> tuple[str, ...]:
    said = [f"Before every {verb}." for verb in remit.ask.verbs]
    said += [f"Before it would {SITUATIONS[name]}." for name in remit.ask.situations]
    if remit.ask.move_budget_over is not None:
        said.append(f"Before it moves more than {remit.ask.move_budget_over:,.2f} {currency} a month.")
    if remit.escalate.confidence_below is not None:
        said.append(f"When it is less than {100 * remit.escalate.confidence_below:g} % confident.")
    if remit.escalate.budget_used_pct is not None:
        said.append(f"Once more than {remit.escalate.budget_used_pct:g} % of the month's budget is used.")
    if remit.answers_within_hours is not None:
        said.append(
            f"What it asks is to be answered within {remit.answers_within_hours:g} hours, and waits until then."
        )
    return tuple(said)


def _never(remit: Remit, all_plays: Sequence[str], all_channels: Sequence[str]) -> tuple[str, ...]:
    verbs = [verb for verb in available() if verb not in remit.may.verbs]
    known = {**SITUATIONS, **NOBODY_DOES}
    said = [f"{known[name][0].upper()}{known[name][1:]}." for name in remit.never if name in known]
    if remit.sends:
        for what, its, everything in (
            ("Send anything by", remit.may.channels, all_channels),
            ("Write for the reason of", remit.may.plays, all_plays),
        ):
            rest = sorted(set(everything) - set(its))
            if rest:
                said.append(f"{what} {listed(rest, 'or')}.")
    if verbs:
        said.append(f"Do anything else: {listed(verbs, 'or')}.")
    return (*said, "Waive a policy of the company.")


def _limits(remit: Remit, currency: str) -> tuple[str, ...]:
    bounds, said = remit.limits, []
    if bounds.spend_per_month is not None:
        said.append(f"At most {bounds.spend_per_month:,.2f} {currency} a month for sending.")
    if bounds.offer_cost_per_month is not None:
        said.append(f"At most {bounds.offer_cost_per_month:,.2f} {currency} a month of expected cost of its offers.")
    if bounds.discount_pct is not None:
        said.append(f"No discount above {bounds.discount_pct:g} %, and none whose size is not known.")
    for what, window in (("messages", bounds.touches_per_customer), ("offers", bounds.promotions_per_customer)):
        if window is not None:
            said.append(f"Nobody who has had {_window(window, what)}, from anybody, hears from it.")
    said += [f"At most {count} times {verb} a day." for verb, count in bounds.actions_per_day.items()]
    return tuple(said)


def _window(window: Window, what: str) -> str:
    return f"{window.count} {what} within {window.days:g} days"


def _reviews(remit: Remit) -> tuple[str, ...]:
    return tuple(f"{one.every.capitalize()}, {one.minutes} minutes: {one.what}." for one in remit.review)


def _meaning(verb: str) -> str:
    found = available().get(verb)
    return found.meaning if found else ""
