"""How little more of a limit would have changed a decision, found by deciding again with ever smaller amounts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from decisioning.case import Case, Outcome
from decisioning.case_changes import with_channel
from decisioning.settings import ChannelSettings, LimitSettings
from decisioning.weighing import Weighed, weigh

MOST_UNITS = 1 << 16
NEAR_ENOUGH = 0.05


@dataclass(frozen=True, eq=False)
class Limit:
    """A limit of the day: its name, amount and unit, and the case in which it is larger."""

    name: str
    amount: float
    unit: float
    larger: Callable[[float], Case]


def limits_in_the_way(weighed: Weighed) -> Iterator[Limit]:
    """Every limit with a price that an allowed message of the customer would use."""
    used = {name for name in weighed.limit_names() if weighed.case.market.prices.get(name)}
    yield from (limit for limit in _limits(weighed.case, used) if limit.name in used)


def _limits(case: Case, names: set[str]) -> Iterator[Limit]:
    settings = case.settings
    cheapest = min((each.cost_per_touch for each in settings.channels if each.cost_per_touch > 0), default=0.0)
    for channel in settings.channels:
        for field, unit in (("capacity", 1.0), ("budget", channel.cost_per_touch)):
            amount = getattr(channel, field)
            if amount is not None and unit > 0:
                larger = partial(_channel, case, channel, field)
                yield Limit(f"{channel.channel_id} {field}", float(amount), unit, larger)
    if settings.budget is not None and cheapest > 0:
        yield Limit("total budget", settings.budget, cheapest, partial(_budget, case, settings.budget))
    for limit in settings.limits:
        for name in sorted(names):
            # One of many limits is called by its owner and then by what they all are called.
            owner = name.removesuffix(limit.name).strip() if name.endswith(limit.name) else None
            amount = None if owner is None else limit.amounts.get(owner, limit.most)
            unit = 1.0 if limit.unit == "touches" else cheapest or 1.0
            if owner is not None and amount is not None:
                yield Limit(name, float(amount), unit, partial(_own, case, limit, owner, float(amount)))


def _channel(case: Case, channel: ChannelSettings, field: str, more: float) -> Case:
    return with_channel(case, channel, **{field: getattr(channel, field) + more})


def _budget(case: Case, amount: float, more: float) -> Case:
    return replace(case, settings=replace(case.settings, budget=amount + more))


def _own(case: Case, limit: LimitSettings, owner: str, amount: float, more: float) -> Case:
    if owner:
        changed = replace(limit, amounts={**limit.amounts, owner: amount + more})
    else:
        changed = replace(limit, most=amount + more)
    limits = tuple(changed if each is limit else each for each in case.settings.limits)
    return replace(case, settings=replace(case.settings, limits=limits))


def fewest_units(weighed: Weighed, limit: Limit, outcome: Outcome) -> tuple[int, Outcome] | None:
    """A number of further units with which the decision is another one, at most a few per cent above the fewest."""

    def decided(units: int) -> Outcome:
        return weigh(limit.larger(units * limit.unit), weighed).outcome()

    most, becomes = 1, decided(1)
    while becomes.is_same(outcome):
        most *= 2
        if most > MOST_UNITS or most * limit.unit > 16 * max(limit.amount, limit.unit):
            return None
        becomes = decided(most)
    lower = most // 2
    while most - lower > max(1, NEAR_ENOUGH * most):
        middle = (lower + most) // 2
        tried = decided(middle)
        if tried.is_same(outcome):
            lower = middle
        else:
            most, becomes = middle, tried
    return most, becomes
