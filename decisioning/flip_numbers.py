"""Numbers that values rest on, and where the decision turns when one of them is another.

Values are linear in each, so that the place where the decision should turn follows from the candidates' terms. There
the case is decided again: just before the place it has to stay, at a round number just beyond it has to turn.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from decisioning.case import Case, Outcome
from decisioning.case_changes import with_margin, with_touch_cost, with_uplift
from decisioning.flip_facts import Flip
from decisioning.settings import ChannelSettings
from decisioning.weighing import Weighed, weigh
from forecasting.values import Floats

JUST_BEFORE = 0.99
BEYOND = ((1.0 + 1e-6, 0.0), (1.01, 0.0), (1.1, 0.01), (1.6, 0.05), (3.0, 0.2), (5.0, 0.5))
"""How far a change goes: so many times the way to where the turn should be at the prices of the run, and at least so
far. Where limits bind, others would move first, and the turn lies further away."""
HALVINGS = 5
TIE = 1e-9
LARGEST = 20.0
"""A number that would have to become more than so many times as large is not close to anything."""
ROUNDER = 1.05
"""A change may be made so many times larger to come to a round number."""
MOST_DIGITS = 15


@dataclass(frozen=True, eq=False)
class Term:
    """A number that values rest on.

    Attributes:
        what: Its name.
        value: What it is.
        weight: What each candidate's value gains when it doubles, shape (n,).
        scaled: The case in which it is so many times as large.
    """

    what: str
    value: float
    weight: Floats
    scaled: Callable[[float], Case]


def turns(weighed: Weighed, outcome: Outcome, wanted: tuple[str, str | None] | None) -> Iterator[tuple[Term, float]]:
    """Every number and the factors at which the decision should turn, to what is wanted where that is not None."""
    chosen = weighed.row(outcome.asset_id, outcome.channel_id)
    if not len(weighed.candidates) or (outcome.asset_id is not None and chosen < 0):
        return
    left, can = weighed.left()
    rivals = np.flatnonzero(can)
    rivals = rivals[rivals != chosen]
    if wanted is not None:
        is_wanted = [_is(weighed.names(int(row)), wanted) for row in rivals]
        rivals = rivals[np.array(is_wanted, dtype=np.bool_)]
    for term in _terms(weighed, chosen):
        lead, weight = left[rivals], term.weight[rivals]
        if chosen >= 0:
            lead, weight = left[chosen] - lead, term.weight[chosen] - weight
            if wanted is None:  # doing nothing is a rival as well
                lead, weight = np.append(lead, left[chosen]), np.append(weight, term.weight[chosen])
        else:
            lead, weight = -lead, -weight
        # What is decided may be a tie, or behind by what did not fit into the limits.
        with np.errstate(divide="ignore", invalid="ignore"):
            moves = -np.maximum(lead, TIE) / weight
        moves = moves[np.isfinite(moves) & (moves != 0)]
        for move in (moves[moves < 0].max(initial=-np.inf), moves[moves > 0].min(initial=np.inf)):
            if -1 <= move <= LARGEST:
                yield term, 1.0 + float(move)


def _is(names: tuple[str, str], wanted: tuple[str, str | None]) -> bool:
    return names[0] == wanted[0] and wanted[1] in (None, names[1])


def _terms(weighed: Weighed, chosen: int) -> Iterator[Term]:
    """The numbers about the customer that values rest on."""
    case, worth, view = weighed.case, weighed.worth, weighed.case.view
    gain = worth.gain
    best = chosen if chosen >= 0 else weighed.nearest()
    margin = float(worth.margin_none[best]) if best >= 0 else 0.0
    yield Term("the margin that is expected of them anyway", margin, gain, partial(with_margin, case))
    kinds = view.assets.frame["kind"].to_numpy(dtype=object)[weighed.candidates.asset]
    for kind in dict.fromkeys(kinds.tolist()):
        is_kind = kinds == kind
        mean = float(worth.uplift[best if best >= 0 and is_kind[best] else int(np.argmax(is_kind))])
        if mean > 0:
            weight = np.where(is_kind, gain, 0.0)
            yield Term(
                f"what {_an(str(kind))} changes, as a share", mean, weight, partial(with_uplift, case, str(kind))
            )
    for place, channel in enumerate(view.channels.keys):
        is_here = weighed.candidates.channel == place
        stated = _stated(case, str(channel))
        if is_here.any() and stated.cost_per_touch > 0:
            weight = np.where(is_here, -worth.touch_cost, 0.0)
            scaled = partial(with_touch_cost, case, stated)
            yield Term(f"cost of a touch by {channel}", stated.cost_per_touch, weight, scaled)


def turned(weighed: Weighed, term: Term, factor: float, outcome: Outcome) -> Flip | None:
    """The change that turns the decision, with another one at most a little smaller that does not; None without any."""
    sign, way = (1.0 if factor > 1.0 else -1.0), abs(factor - 1.0)

    def decided(far: float) -> Outcome:
        return weigh(term.scaled(max(1.0 + sign * far, 0.0)), weighed).outcome()

    before = way * JUST_BEFORE
    if not decided(before).is_same(outcome):
        return None
    for times, least in BEYOND:
        far = max(way * times, least)
        becomes = decided(far)
        if not becomes.is_same(outcome):
            break
        before = far
        if sign < 0 and far >= 1.0:
            return None
    else:
        return None
    for _ in range(HALVINGS if far > before * ROUNDER else 0):
        middle = (before + far) / 2
        tried = decided(middle)
        if tried.is_same(outcome):
            before = middle
        else:
            far, becomes = middle, tried
    far = min(far, 1.0) if sign < 0 else far
    value = _round_beyond(term.value, term.value * (1.0 + sign * far))
    round_far = abs(value / term.value - 1.0) if term.value else far
    rounded = decided(round_far)
    if not rounded.is_same(outcome):
        far, becomes = round_far, rounded
    else:
        value = term.value * (1.0 + sign * far)
    return Flip("term", term.what, term.value, value, far, becomes)


def _round_beyond(value: float, after: float) -> float:
    """A number with as few digits as possible that is a little further from `value` than `after`."""
    if not after or not math.isfinite(after):
        return after
    magnitude = math.floor(math.log10(abs(after)))
    for digits in range(2, MOST_DIGITS):
        places = digits - 1 - magnitude
        scale = 10.0**places
        outward = math.ceil if after > value else math.floor
        found = round(outward(after * scale) / scale, max(places, 0))
        if found * after > 0 and abs(after - value) <= abs(found - value) <= ROUNDER * abs(after - value):
            return found
    return after


def _stated(case: Case, channel_id: str) -> ChannelSettings:
    return next(each for each in case.settings.channels if each.channel_id == channel_id)


def _an(word: str) -> str:
    return f"{'an' if word[:1] in 'aeiou' else 'a'} {word}"
