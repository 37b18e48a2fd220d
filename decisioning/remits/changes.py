"""What a newer remit widens or narrows, one sentence each; what widens authority comes first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from decisioning.remits.values import RHYTHMS, Remit, Window
from decisioning.remits.wording import condition_in_words

Effect = Literal["widens", "changes", "narrows"]
ORDER: Final[tuple[Effect, ...]] = ("widens", "changes", "narrows")


@dataclass(frozen=True)
class Change:
    """One change: the agent, whether it gives more authority or less, and what changed in words."""

    agent: str
    effect: Effect
    text: str


def changes(before: Sequence[Remit], after: Sequence[Remit]) -> list[Change]:
    """Everything that differs between two sets of remits; what widens comes first, each in the order of agents."""
    was, becomes = ({one.agent: one for one in remits} for remits in (before, after))
    found: list[Change] = []
    for agent in sorted(was.keys() | becomes.keys()):
        old, new = was.get(agent), becomes.get(agent)
        if old is None:
            found.append(Change(agent, "widens", "a new agent gets authority"))
        elif new is None:
            found.append(Change(agent, "narrows", "the agent is gone: nothing is done in its name any more"))
        else:
            found += [Change(agent, effect, text) for effect, text in _between(old, new)]
    if bool(was) != bool(becomes):
        text = (
            "with remits, nothing is done that none of them permits" if becomes else "without remits, nothing is asked"
        )
        found.append(Change("all", "narrows" if becomes else "widens", text))
    return sorted(found, key=lambda one: ORDER.index(one.effect))


def _between(old: Remit, new: Remit) -> Iterator[tuple[Effect, str]]:
    if old.owner != new.owner:
        yield "changes", f"{new.owner} answers for it instead of {old.owner}"
    yield from _goal(old, new)
    for name in ("verbs", "channels", "plays"):
        yield from _names(name, getattr(old.may, name), getattr(new.may, name), "may", more="widens")
    asked = [(*one.ask.situations, *one.ask.verbs) for one in (old, new)]
    yield from _names("", asked[0], asked[1], "asks about", more="narrows")
    yield from _names("", old.never, new.never, "never may", more="narrows")
    yield from _number("asks about moves of money above", old.ask.move_budget_over, new.ask.move_budget_over)
    yield from _bounds(old, new)
    yield from _number("asks when confidence is below", old.escalate.confidence_below, new.escalate.confidence_below,
                       higher="narrows")  # fmt: skip
    yield from _number("asks once this share of the budget is used, in percent", old.escalate.budget_used_pct,
                       new.escalate.budget_used_pct)  # fmt: skip
    yield from _number("has its questions answered within hours", old.answers_within_hours, new.answers_within_hours)
    yield from _reviews(old, new)


def _goal(old: Remit, new: Remit) -> Iterator[tuple[Effect, str]]:
    aims = [(one.goal.direction, one.goal.metric, one.goal.by_pct, one.goal.within_days) for one in (old, new)]
    if aims[0] != aims[1]:
        said = [f"{direction} {metric} by {by} % within {days} days" for direction, metric, by, days in aims]
        yield "changes", f"its goal: {said[1]}, not {said[0]}"
    conditions = [tuple(condition_in_words(each) for each in one.goal.conditions) for one in (old, new)]
    yield from _names("", conditions[0], conditions[1], "is held to", more="narrows")


def _bounds(old: Remit, new: Remit) -> Iterator[tuple[Effect, str]]:
    was, becomes = old.limits, new.limits
    yield from _number("may spend a month", was.spend_per_month, becomes.spend_per_month)
    yield from _number("may cost in offers a month", was.offer_cost_per_month, becomes.offer_cost_per_month)
    yield from _number("may give a discount of, in percent", was.discount_pct, becomes.discount_pct)
    yield from _window("messages", was.touches_per_customer, becomes.touches_per_customer)
    yield from _window("offers", was.promotions_per_customer, becomes.promotions_per_customer)
    for verb in sorted(was.actions_per_day.keys() | becomes.actions_per_day.keys()):
        yield from _number(f"may {verb} a day", was.actions_per_day.get(verb), becomes.actions_per_day.get(verb))


def _names(
    kind: str, old: Sequence[str], new: Sequence[str], says: str, *, more: Effect
) -> Iterator[tuple[Effect, str]]:
    """Names that were added or taken away; `more` is what another one means."""
    less: Effect = "narrows" if more == "widens" else "widens"
    of = f" ({kind})" if kind else ""
    for name in new:
        if name not in old:
            yield more, f"{says} {name}{of}, and did not before"
    for name in old:
        if name not in new:
            yield less, f"no longer {says} {name}{of}"


def _number(
    says: str, old: float | None, new: float | None, *, higher: Effect = "widens"
) -> Iterator[tuple[Effect, str]]:
    """A bound that moved; without one anything goes."""
    lower: Effect = "narrows" if higher == "widens" else "widens"
    if old == new:
        return
    if new is None:
        yield "widens", f"{says}: no bound any more, {old:g} before"
    elif old is None:
        yield "narrows", f"{says}: {new:g}, without a bound before"
    else:
        yield higher if new > old else lower, f"{says}: {new:g}, {old:g} before"


def _window(what: str, old: Window | None, new: Window | None) -> Iterator[tuple[Effect, str]]:
    if old == new:
        return
    said = [f"{one.count} within {one.days:g} days" if one else "any number" for one in (old, new)]
    text = f"leaves a customer alone after {said[1]} of {what}, after {said[0]} before"
    if new is None:
        yield "widens", text
    elif old is None:
        yield "narrows", text
    else:
        more, sooner = new.count >= old.count, new.days <= old.days
        fewer, later = new.count <= old.count, new.days >= old.days
        yield "widens" if more and sooner else "narrows" if fewer and later else "changes", text


def _reviews(old: Remit, new: Remit) -> Iterator[tuple[Effect, str]]:
    was, becomes = ({one.every: one for one in remit.review} for remit in (old, new))
    for every in RHYTHMS:
        before: Any = was.get(every)
        after: Any = becomes.get(every)
        if before == after:
            continue
        if after is None:
            yield "widens", f"is no longer reviewed {every}"
        elif before is None:
            yield "narrows", f"is reviewed {every}, for {after.minutes} minutes"
        else:
            effect: Effect = "narrows" if after.minutes > before.minutes else "widens"
            text = f"its {every} review takes {after.minutes} minutes for {after.what}"
            yield effect if after.minutes != before.minutes else "changes", text
