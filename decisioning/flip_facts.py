"""Facts that a decision rests on, each the other way round."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from decisioning.case import Case, Outcome
from decisioning.case_changes import with_belief_less, with_consent, with_policy, with_stock
from decisioning.policies.builtin import RESERVED
from decisioning.subjects import out_of_stock
from decisioning.weighing import Weighed

OUT_OF_STOCK = "asset-out-of-stock"
OBJECTS_TO = "OBJECTS_TO"
MOST_STOCKS = 3
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

Propose = Callable[[Case], Case]


@dataclass(frozen=True)
class Flip:
    """A change of one thing that was decided and gave another decision.

    Attributes:
        kind: term, attribute, consent, touch, cap, policy, limit, belief or stock.
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
class Change:
    """A change of one thing, not decided yet; attributes as of `Flip`, and the case with it."""

    kind: str
    what: str
    before: Any
    after: Any
    size: float
    case: Callable[[], Case]


def fact_changes(weighed: Weighed, outcome: Outcome, propose_again: Propose | None) -> Iterator[Change]:
    """Every fact that may have stood in the way, the other way round."""
    refusing = {policy for policy, refused in weighed.refusals.items() if refused.any()}
    yield from _consents(weighed.case, outcome)
    yield from _touches(weighed.case, outcome)
    yield from _policies(weighed.case, refusing)
    yield from _stocks(weighed)
    if propose_again is not None:
        yield from _beliefs(weighed, outcome, propose_again)


def _consents(case: Case, outcome: Outcome) -> Iterator[Change]:
    """The word on consent the other way round: on the channel that was taken, and on those that were closed."""
    links = case.view.consents
    granted = {int(at): bool(is_granted) for at, is_granted in zip(links.targets, links.facts["granted"], strict=True)}
    for place, channel in enumerate(case.view.channels.keys):
        is_granted = granted.get(place, False)
        if is_granted == (str(channel) == outcome.channel_id):
            said = ("given", "withdrawn") if is_granted else (None if place not in granted else "withdrawn", "given")
            changed = partial(with_consent, case, place, granted=not is_granted)
            yield Change("consent", f"consent to {channel}", *said, 1.0, changed)


def _touches(case: Case, outcome: Outcome) -> Iterator[Change]:
    """One message more yesterday, or without the last one: what frequency caps look at."""
    if not any(policy.kind == "cap" for policy in case.settings.policies):
        return
    if outcome.asset_id is not None:
        yesterday = pd.Timestamp(case.as_of) - timedelta(days=1)
        row = {"customer_id": case.customer_id, "channel_id": None, "asset_id": None, "sent_at": yesterday}
        extra = pd.DataFrame([row]).astype({"sent_at": "datetime64[us, UTC]"})
        touches = pd.concat([case.touches, extra], ignore_index=True) if len(case.touches) else extra
        yield Change("touch", "messages yesterday", 0, 1, 1.0, partial(replace, case, touches=touches))
    elif len(own := case.own_touches):
        last = own.sort_values("sent_at", kind="stable").iloc[-1]
        is_last = (case.touches["customer_id"] == case.customer_id) & (case.touches["sent_at"] == last["sent_at"])
        fewer = case.touches[~is_last].reset_index(drop=True)
        was = last["sent_at"].isoformat()
        yield Change("touch", "their last message", was, None, 1.0, partial(replace, case, touches=fewer))


def _policies(case: Case, refusing: set[str]) -> Iterator[Change]:
    """Without a policy that refuses something, and with one message more in a cap."""
    for policy in case.settings.policies:
        if policy.identifier not in refusing or policy.identifier in RESERVED:
            continue
        if policy.kind == "cap" and policy.count is not None:
            more = replace(policy, count=policy.count + 1)
            what = f"messages in {policy.days:g} days that {policy.identifier} allows"
            size = 1.0 / max(policy.count, 1)
            yield Change("cap", what, policy.count, policy.count + 1, size, partial(with_policy, case, policy, more))
        else:
            yield Change("policy", policy.identifier, "holds", None, 1.0, partial(with_policy, case, policy, None))


def _stocks(weighed: Weighed) -> Iterator[Change]:
    """What is sold out and would have been talked about, the most valuable first."""
    refused, case = weighed.refusals.get(OUT_OF_STOCK), weighed.case
    if refused is None or not refused.any():
        return
    rows = np.flatnonzero(refused)
    rows = rows[np.argsort(-weighed.worth.value[rows], kind="stable")]
    links, is_out = case.view.asset_products, out_of_stock(case.view)
    products = [
        int(place)
        for asset in dict.fromkeys(weighed.candidates.asset[rows].tolist())
        for place in links.targets[links.starts[asset] : links.starts[asset + 1]]
        if is_out[place]
    ]
    for place in list(dict.fromkeys(products))[:MOST_STOCKS]:
        what = f"stock of {case.view.products.keys[place]}"
        was = float(case.view.products.frame["stock"].iloc[place])
        yield Change("stock", what, was, 1.0, 1.0, partial(with_stock, case, place))


def _beliefs(weighed: Weighed, outcome: Outcome, propose_again: Propose) -> Iterator[Change]:
    """Without one belief about the customer, motives found anew: what they object to, and what the motive is about."""
    case = weighed.case
    row = weighed.row(outcome.asset_id, outcome.channel_id)
    row = row if row >= 0 else weighed.nearest()
    subject = str(case.motives.table["subject"].iloc[int(weighed.candidates.motive[row])]) if row >= 0 else ""
    for field, (kind, targets) in BELIEFS.items():
        links = getattr(case.view, field)
        names = getattr(case.view, targets).keys
        for target in np.unique(links.targets).tolist():
            if kind != OBJECTS_TO and subject.partition("/")[2] != names[target]:
                continue
            held = float(np.max(links.facts["confidence"][links.targets == target].astype(np.float64)))
            changed = partial(_unbelieved, case, field, target, propose_again)
            yield Change("belief", f"{kind} {names[target]}", held, None, 1.0, changed)


def _unbelieved(case: Case, field: str, target: int, propose_again: Propose) -> Case:
    return propose_again(with_belief_less(case, field, target))
