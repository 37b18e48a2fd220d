"""What would have changed a decision: the smallest changes, found by search and verified by deciding again.

A change is of one thing alone: a number that values rest on, what is known of the customer, a consent, a touch, a cap,
a policy, a belief, a stock, or the amount of a limit. What is claimed is only what came out when the case was decided
with it. Of a number it did not come out just before it.

How small a change is: of a number its relative change; of a fact that is or is not, 1.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from decisioning.case import Case, Outcome
from decisioning.flip_attributes import attribute_changes
from decisioning.flip_facts import Change, Flip, Propose, fact_changes
from decisioning.flip_numbers import turned, turns
from decisioning.limit_search import Limit, fewest_units, limits_in_the_way
from decisioning.weighing import Weighed, weigh

__all__ = ["Flip", "Propose", "Wanted", "find_flips", "find_flips_to"]

MOST_FLIPS, MOST_TRIES = 5, 24

Wanted = tuple[str, str | None]
"""An asset, and the channel; None for any."""


@dataclass(frozen=True, eq=False)
class _Trial:
    """A change that may turn the decision."""

    size: float
    decided: Callable[[], Flip | None]


def find_flips(weighed: Weighed, outcome: Outcome, propose_again: Propose | None = None) -> list[Flip]:
    """The smallest verified changes that would have led to another decision, the smallest first, at most `MOST_FLIPS`.

    Args:
        weighed: The case and its candidates.
        outcome: What was decided.
        propose_again: Finds the motives of a case anew; None where that cannot be done for one customer alone, and
            changes of beliefs are not tried.
    """
    return _verified(weighed, outcome, propose_again, None)


def find_flips_to(
    weighed: Weighed, outcome: Outcome, wanted: Wanted, propose_again: Propose | None = None
) -> list[Flip]:
    """The smallest verified changes with which this asset would have been sent (on its channel), the smallest first."""
    return _verified(weighed, outcome, propose_again, wanted)


def _verified(weighed: Weighed, outcome: Outcome, propose_again: Propose | None, wanted: Wanted | None) -> list[Flip]:
    """Decide the most promising changes, the smallest first, until enough have turned the decision."""
    found: list[Flip] = []
    trials = [*_numbers(weighed, outcome, wanted), *_facts(weighed, outcome, propose_again), *_limits(weighed, outcome)]
    for trial in sorted(trials, key=lambda trial: trial.size)[:MOST_TRIES]:
        if len(found) >= MOST_FLIPS and trial.size >= found[-1].size:
            break
        flip = trial.decided()
        is_new = flip is not None and (flip.kind, flip.what) not in {(one.kind, one.what) for one in found}
        if flip is not None and is_new and _is_wanted(flip.becomes, wanted):
            found = sorted([*found, flip], key=lambda one: one.size)[:MOST_FLIPS]
    return found


def _is_wanted(becomes: Outcome, wanted: Wanted | None) -> bool:
    return wanted is None or (becomes.asset_id == wanted[0] and wanted[1] in (None, becomes.channel_id))


def _numbers(weighed: Weighed, outcome: Outcome, wanted: Wanted | None) -> Iterator[_Trial]:
    for term, factor in turns(weighed, outcome, wanted):
        yield _Trial(abs(factor - 1.0), partial(turned, weighed, term, factor, outcome))


def _facts(weighed: Weighed, outcome: Outcome, propose_again: Propose | None) -> Iterator[_Trial]:
    for change in (*fact_changes(weighed, outcome, propose_again), *attribute_changes(weighed, propose_again)):
        yield _Trial(change.size, partial(_decided, weighed, change, outcome))


def _decided(weighed: Weighed, change: Change, outcome: Outcome) -> Flip | None:
    changed: Case = change.case()
    becomes = weigh(changed, weighed).outcome()
    if becomes.is_same(outcome):
        return None
    return Flip(change.kind, change.what, change.before, change.after, change.size, becomes)


def _limits(weighed: Weighed, outcome: Outcome) -> Iterator[_Trial]:
    """By how much a limit would have to be larger; looked for last, since each takes a search of its own."""
    if weighed.case.market.is_known:
        for limit in limits_in_the_way(weighed):
            yield _Trial(1.0, partial(_roomier, weighed, limit, outcome))


def _roomier(weighed: Weighed, limit: Limit, outcome: Outcome) -> Flip | None:
    found = fewest_units(weighed, limit, outcome)
    if found is None:
        return None
    more = found[0] * limit.unit
    size = more / limit.amount if limit.amount else 1.0
    return Flip("limit", limit.name, limit.amount, round(limit.amount + more, 9), size, found[1])
