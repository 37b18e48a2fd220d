"""What would have changed a decision: the smallest changes, found by search and verified by deciding again.

A change is of one thing alone: a term of the value, a consent, a touch, a cap, a policy, a limit, a belief or a stock.
Where a term is concerned, the place of the turn follows from the terms of all candidates, since values are linear in
each; what is claimed is only what came out when the case was decided with it, and did not come out just before it.
Changes of another thing are decided as they are.

How small a change is: of a number its relative change; of a fact that is or is not, 1.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from decisioning.case import Case, Outcome
from decisioning.case_changes import with_consent, with_margin, with_policy, with_touch_cost, with_uplift
from decisioning.choice import LIMITS
from decisioning.limit_search import NEAR_ENOUGH, fewest_units, limit_amounts
from decisioning.policies.builtin import RESERVED
from decisioning.settings import ChannelSettings
from decisioning.weighing import Weighed, weigh
from forecasting.values import Floats
from graph.view import Links

BEYOND = ((1.0 + 1e-6, 0.0), (1.01, 0.0), (1.1, 0.01), (1.6, 0.05), (3.0, 0.2), (5.0, 0.5))
"""How far a change goes: so many times the way to where the turn should be at the prices of the run, and at least so
far. Where limits bind, others would move first, and the turn lies further away."""
JUST_BEFORE = 0.99
HALVINGS = 5
TIE = 1e-9
LARGEST = 20.0
"""A number that would have to become more than so many times as large is not close to anything."""
MOST_FLIPS, MOST_TRIES = 5, 12
OBJECTS_TO = "OBJECTS_TO"
BELIEFS = {
    "interests": ("INTERESTED_IN", "categories"),
    "topic_interests": ("INTERESTED_IN", "topics"),
    "preferences": ("PREFERS", "categories"),
    "topic_preferences": ("PREFERS", "topics"),
    "objections": (OBJECTS_TO, "categories"),
    "topic_objections": (OBJECTS_TO, "topics"),
    "triggers": ("TRIGGERED_BY", "categories"),
    "topic_triggers": ("TRIGGERED_BY", "topics"),
}
"""Fields of the view with beliefs of customers, by the relationship's type and the field with its targets."""


@dataclass(frozen=True)
class Flip:
    """A change of one thing that was decided and gave another decision.

    Attributes:
        kind: term, consent, touch, cap, policy, limit, belief or stock.
        what: Of what it is a change.
        before: Its value, or None.
        after: What it would have had to be.
        size: How small the change is.
        becomes: What is decided then.
    """

    kind: str
    what: str
    before: Any
    after: Any
    size: float
    becomes: Outcome

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind,
            "what": self.what,
            "from": self.before,
            "to": self.after,
            "size": self.size,
            "becomes": self.becomes.facts(),
            "is_verified": True,
        }


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


Propose = Callable[[Case], Case]
Wanted = tuple[str, str | None]
"""An asset, and the channel; None for any."""


def find_flips(weighed: Weighed, outcome: Outcome, propose_again: Propose | None = None) -> list[Flip]:
    """The smallest verified changes that would have led to another decision, the smallest first, at most `MOST_FLIPS`.

    Args:
        weighed: The case and its candidates.
        outcome: What was decided.
        propose_again: Finds the motives of a case anew; None where that cannot be done for one customer alone, and
            changes of beliefs are not tried.
    """
    chosen = weighed.row(outcome.asset_id, outcome.channel_id)
    tries = [*_terms(weighed, outcome, chosen, None), *_facts(weighed, outcome, propose_again, None)]
    return _verified(tries, _limits(weighed, outcome))


def find_flips_to(
    weighed: Weighed, outcome: Outcome, wanted: Wanted, propose_again: Propose | None = None
) -> list[Flip]:
    """The smallest verified changes with which this asset would have been sent (on its channel), the smallest first."""
    chosen = weighed.row(outcome.asset_id, outcome.channel_id)
    rows = [row for row in range(len(weighed.candidates)) if _is_wanted(_names(weighed, row), wanted)]
    turns = [trial for row in rows for trial in _terms(weighed, outcome, chosen, row)]
    facts = [*_facts(weighed, outcome, propose_again, wanted)]
    found = _verified([*turns, *facts], _limits(weighed, outcome), wanted)
    return list({(flip.kind, flip.what): flip for flip in reversed(found)}.values())[::-1]


Trial = tuple[float, Callable[[], Flip | None]]


def _is_wanted(named: tuple[str | None, str | None], wanted: Wanted | None) -> bool:
    return wanted is None or (named[0] == wanted[0] and wanted[1] in (None, named[1]))


def _verified(tries: list[Trial], more: Iterable[Flip], wanted: Wanted | None = None) -> list[Flip]:
    """Decide the most promising changes, the smallest first, until enough have turned the decision."""
    found: list[Flip] = []
    for size, attempt in sorted(tries, key=lambda trial: trial[0])[:MOST_TRIES]:
        if len(found) >= MOST_FLIPS and size >= found[-1].size:
            break
        flip = attempt()
        if flip is not None and _is_wanted((flip.becomes.asset_id, flip.becomes.channel_id), wanted):
            found.append(flip)
    found += [flip for flip in more if _is_wanted((flip.becomes.asset_id, flip.becomes.channel_id), wanted)]
    return sorted(found, key=lambda flip: flip.size)[:MOST_FLIPS]


# ---- numbers


def _terms(weighed: Weighed, outcome: Outcome, chosen: int, wanted: int | None) -> Iterator[Trial]:
    if not len(weighed.candidates) or (outcome.asset_id is not None and chosen < 0):
        return
    for term in _all_terms(weighed, chosen):
        for factor in _turns(weighed, term, chosen, wanted):
            yield abs(factor - 1.0), partial(_turned, term, factor, outcome)


def _all_terms(weighed: Weighed, chosen: int) -> Iterator[Term]:
    """The numbers about the customer that values rest on; channels' and kinds' only where something is worth saying."""
    case, worth, view = weighed.case, weighed.worth, weighed.case.view
    gain = worth.gain
    likely = weighed.priced[chosen] if chosen >= 0 else 0.0
    best = chosen if chosen >= 0 else _best(weighed)
    margin = float(worth.margin_none[best]) if best >= 0 else 0.0
    yield Term("the margin that is expected of them anyway", margin, gain, partial(with_margin, case))
    kinds = view.assets.frame["kind"].to_numpy(dtype=object)[weighed.candidates.asset]
    for kind in dict.fromkeys(kinds.tolist()):
        is_kind = kinds == kind
        mean = float(worth.uplift[np.argmax(is_kind)])
        if mean > 0 and (chosen < 0 or is_kind[chosen] or likely > 0):
            yield Term(
                f"what {_an(str(kind))} changes, as a share",
                mean,
                np.where(is_kind, gain, 0.0),
                partial(with_uplift, case, str(kind)),
            )
    for place, channel in enumerate(view.channels.keys):
        is_here = weighed.candidates.channel == place
        stated = _stated(case, str(channel))
        if is_here.any() and stated.cost_per_touch > 0:
            yield Term(
                f"cost of a touch by {channel}",
                stated.cost_per_touch,
                np.where(is_here, -worth.touch_cost, 0.0),
                partial(with_touch_cost, case, stated),
            )


def _best(weighed: Weighed) -> int:
    """The allowed candidate that came nearest to being taken."""
    worth = np.where(weighed.is_eligible, weighed.priced, -np.inf)
    return int(np.argmax(worth)) if np.isfinite(worth).any() else -1


def _turns(weighed: Weighed, term: Term, chosen: int, wanted: int | None) -> list[float]:
    """Where the decision should turn: the factors nearest to 1, below and above it, the nearer one first.

    `wanted` is the row that it should turn to; without one any will do.

    The chosen message leads over each allowed rival, and over doing nothing, by a lead that changes linearly.
    """
    rivals = np.flatnonzero(weighed.is_eligible & np.isfinite(weighed.worth.value))
    rivals = rivals[rivals != chosen] if wanted is None else rivals[rivals == wanted]
    lead, weight = weighed.priced[rivals], term.weight[rivals]
    if chosen >= 0:
        lead, weight = weighed.priced[chosen] - lead, term.weight[chosen] - weight
        if wanted is None:  # doing nothing is a rival as well
            lead, weight = np.append(lead, weighed.priced[chosen]), np.append(weight, term.weight[chosen])
    else:
        lead, weight = -lead, -weight
    # Where limits bind, what is decided may be a tie at their prices, or behind by what did not fit into them.
    lead = np.maximum(lead, TIE)
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = -lead / weight
    moves = moves[np.isfinite(moves) & (moves != 0)]
    sides = (moves[moves < 0].max(initial=-np.inf), moves[moves > 0].min(initial=np.inf))
    near = [float(move) for move in sides if np.isfinite(move) and -1 <= move <= LARGEST]
    return [1.0 + move for move in sorted(near, key=abs)]


def _turned(term: Term, factor: float, outcome: Outcome) -> Flip | None:
    """The change that turns the decision, with another one at most a little smaller that does not; None without any."""
    sign, way = (1.0 if factor > 1.0 else -1.0), abs(factor - 1.0)

    def decided(far: float) -> Outcome:
        return term.scaled(max(1.0 + sign * far, 0.0)).decided()

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
    for _ in range(HALVINGS if far - before > NEAR_ENOUGH * far else 0):
        middle = (before + far) / 2
        tried = decided(middle)
        if tried.is_same(outcome):
            before = middle
        else:
            far, becomes = middle, tried
    far = min(far, 1.0) if sign < 0 else far
    return Flip("term", term.what, term.value, term.value * (1.0 + sign * far), far, becomes)


def _stated(case: Case, channel_id: str) -> ChannelSettings:
    return next(each for each in case.settings.channels if each.channel_id == channel_id)


# ---- facts


def _facts(weighed: Weighed, outcome: Outcome, propose_again: Propose | None, wanted: Wanted | None) -> Iterator[Trial]:
    """Changes of facts that should turn the decision, at the prices of the run; which is quick to see."""
    case = weighed.case
    refusing = {policy for policy, refused in weighed.refusals.items() if refused.any()}
    tried = [
        *_consents(case, outcome),
        *_touches(case, outcome),
        *_policies(case, refusing),
        *_stocks(case, refusing),
        *(_beliefs(weighed, outcome, propose_again) if propose_again is not None else ()),
    ]
    usual = _named(weighed)
    for kind, what, before, after, size, changed in tried:
        expected = _named(weigh(changed, weighed.prices))
        if expected != usual and _is_wanted(expected, wanted):
            yield size, partial(_decided_otherwise, (kind, what, before, after, size, changed), outcome)


Tried = tuple[str, str, Any, Any, float, Case]


def _named(weighed: Weighed) -> tuple[str | None, str | None]:
    """Asset and channel that are best at the prices of the run."""
    return _names(weighed, weighed.at_prices())


def _names(weighed: Weighed, row: int) -> tuple[str | None, str | None]:
    """Asset and channel of a candidate, None for none."""
    if row < 0:
        return None, None
    view, candidates = weighed.case.view, weighed.candidates
    return str(view.assets.keys[candidates.asset[row]]), str(view.channels.keys[candidates.channel[row]])


def _decided_otherwise(tried: Tried, outcome: Outcome) -> Flip | None:
    kind, what, before, after, size, changed = tried
    becomes = changed.decided()
    return None if becomes.is_same(outcome) else Flip(kind, what, before, after, size, becomes)


def _consents(case: Case, outcome: Outcome) -> Iterator[Tried]:
    """The word on consent the other way round: on the channel that was taken, and on those that were closed."""
    links, channels = case.view.consents, case.view.channels.keys
    granted = {int(at): bool(is_granted) for at, is_granted in zip(links.targets, links.facts["granted"], strict=True)}
    for place, channel in enumerate(channels):
        is_granted = granted.get(place, False)
        if is_granted == (str(channel) == outcome.channel_id):
            said = ("given", "withdrawn") if is_granted else (None if place not in granted else "withdrawn", "given")
            yield ("consent", f"consent to {channel}", *said, 1.0, with_consent(case, place, granted=not is_granted))


def _touches(case: Case, outcome: Outcome) -> Iterator[Tried]:
    """One message more yesterday, or without the last one: what frequency caps look at."""
    caps = [policy for policy in case.settings.policies if policy.kind == "cap"]
    if not caps:
        return
    if outcome.asset_id is not None:
        yesterday = pd.Timestamp(case.as_of) - timedelta(days=1)
        row = {"customer_id": case.customer_id, "channel_id": None, "asset_id": None, "sent_at": yesterday}
        extra = pd.DataFrame([row]).astype({"sent_at": "datetime64[us, UTC]"})
        touches = pd.concat([case.touches, extra], ignore_index=True) if len(case.touches) else extra
        yield "touch", "messages yesterday", 0, 1, 1.0, replace(case, touches=touches)
    elif len(own := case.own_touches):
        last = own.sort_values("sent_at", kind="stable").iloc[-1]
        is_last = (case.touches["customer_id"] == case.customer_id) & (case.touches["sent_at"] == last["sent_at"])
        fewer = case.touches[~is_last].reset_index(drop=True)
        yield "touch", "their last message", last["sent_at"].isoformat(), None, 1.0, replace(case, touches=fewer)


def _policies(case: Case, refusing: set[str]) -> Iterator[Tried]:
    """Without a policy that refuses something, and with one message more in a cap."""
    for policy in case.settings.policies:
        if policy.identifier not in refusing or policy.identifier in RESERVED:
            continue
        if policy.kind == "cap" and policy.count is not None:
            more = replace(policy, count=policy.count + 1)
            what = f"messages in {policy.days:g} days that {policy.identifier} allows"
            size = 1.0 / max(policy.count, 1)
            yield "cap", what, policy.count, policy.count + 1, size, with_policy(case, policy, more)
        else:
            yield "policy", policy.identifier, "holds", None, 1.0, with_policy(case, policy, None)


def _stocks(case: Case, refusing: set[str]) -> Iterator[Tried]:
    products = case.view.products
    if "asset-out-of-stock" not in refusing or "stock" not in products.frame.columns:
        return
    for place in np.flatnonzero(products.frame["stock"].to_numpy(dtype=np.float64) <= 0):
        frame = products.frame.copy()
        frame.loc[place, "stock"] = 1.0
        changed = replace(case, view=replace(case.view, products=replace(products, frame=frame)))
        yield "stock", f"stock of {products.keys[place]}", float(products.frame["stock"].iloc[place]), 1.0, 1.0, changed


def _limits(weighed: Weighed, outcome: Outcome) -> Iterator[Flip]:
    """By how much the limit that decided would have to be larger, by doubling and halving."""
    kind, _, limit = (outcome.none_reason or "").partition(": ")
    if kind != LIMITS:
        return
    for name, amount, unit, changed in limit_amounts(weighed.case):
        found = fewest_units(changed, outcome, unit) if name == limit else None
        if found is not None:
            more, becomes = found
            after = amount + more * unit
            yield Flip("limit", name, amount, round(after, 9), more * unit / amount if amount else 1.0, becomes)


def _beliefs(weighed: Weighed, outcome: Outcome, propose_again: Propose) -> Iterator[Tried]:
    """Without one belief about the customer, motives found anew: what they object to, and what the motive is about."""
    case = weighed.case
    row = weighed.row(outcome.asset_id, outcome.channel_id)
    row = row if row >= 0 else _best(weighed)
    subject = str(case.motives.table["subject"].iloc[int(weighed.candidates.motive[row])]) if row >= 0 else ""
    for field, (kind, targets) in BELIEFS.items():
        links: Links = getattr(case.view, field)
        names = getattr(case.view, targets).keys
        for target in np.unique(links.targets):
            if kind != OBJECTS_TO and subject.partition("/")[2] != names[target]:
                continue
            kept = np.flatnonzero(links.targets != target)
            facts = {name: values[kept] for name, values in links.facts.items()}
            fewer = Links.build(np.zeros(len(kept), dtype=np.int32), links.targets[kept], 1, facts)
            held = float(np.max(links.facts["confidence"][links.targets == target].astype(np.float64)))
            changes: dict[str, Any] = {field: fewer}
            changed = replace(case, view=replace(case.view, **changes))
            yield "belief", f"{kind} {names[target]}", held, None, 1.0, propose_again(changed)


def _an(word: str) -> str:
    return f"{'an' if word[:1] in 'aeiou' else 'a'} {word}"
