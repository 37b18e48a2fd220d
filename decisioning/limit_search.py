"""How little more of a limit would have changed a decision, found by deciding again with ever smaller amounts."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from decisioning.case import Case, Outcome
from decisioning.case_changes import with_channel
from decisioning.settings import ChannelSettings

MOST_UNITS = 1 << 16
NEAR_ENOUGH = 0.05


def limit_amounts(case: Case) -> Iterator[tuple[str, float, float, Callable[[float], Case]]]:
    """Every limit of the day: its name, amount, unit, and the case in which it is larger."""
    for channel in case.settings.channels:
        for field, unit in (("capacity", 1.0), ("budget", channel.cost_per_touch)):
            amount = getattr(channel, field)
            if amount is not None and unit > 0:

                def changed(more: float, channel: ChannelSettings = channel, field: str = field) -> Case:
                    return with_channel(case, channel, **{field: getattr(channel, field) + more})

                yield f"{channel.channel_id} {field}", float(amount), unit, changed
    cheapest = min((each.cost_per_touch for each in case.settings.channels if each.cost_per_touch > 0), default=0.0)
    budget = case.settings.budget
    if budget is not None and cheapest > 0:
        yield (
            "total budget",
            budget,
            cheapest,
            lambda more: replace(case, settings=replace(case.settings, budget=budget + more)),
        )


def fewest_units(changed: Callable[[float], Case], outcome: Outcome, unit: float) -> tuple[int, Outcome] | None:
    """A number of further units with which the decision is another one, at most a few per cent above the fewest."""
    most, becomes = 1, changed(unit).decided()
    while becomes.is_same(outcome):
        most *= 2
        if most > MOST_UNITS:
            return None
        becomes = changed(most * unit).decided()
    lower = most // 2
    while most - lower > max(1, NEAR_ENOUGH * most):
        middle = (lower + most) // 2
        tried = changed(middle * unit).decided()
        if tried.is_same(outcome):
            lower = middle
        else:
            most, becomes = middle, tried
    return most, becomes
