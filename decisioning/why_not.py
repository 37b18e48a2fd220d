"""Why one asset was not sent to a customer: the stage at which it fell, and what that stage says."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from decisioning.alternatives import amount
from decisioning.case import Outcome
from decisioning.offers import least_spend
from decisioning.play import threshold
from decisioning.plays import play_named
from decisioning.subjects import asset_coverage, asset_window, excluded_categories
from decisioning.times import moment, utc_texts
from decisioning.weighing import Weighed, why_not
from graph.view import Links, View

CHOSEN = "chosen"
NO_CHANNEL = "does not fit the channel"
NO_REASON = "no reason to talk"
ENDED = "has ended"
NOT_ABOUT = "no motive about it"
NO_ANSWER = "does not answer the motive"
REFUSED = "refused by policy"
NOT_WORTH_IT = "not worth it"
LIMITS = "limits"
WORTH_LESS = "worth less"

Document = dict[str, Any]


def why_not_asset(
    weighed: Weighed, outcome: Outcome, asset_id: str, channel_id: str | None, reasons: Mapping[str, str]
) -> Document:
    """Why an asset was not sent.

    Args:
        weighed: The case and its candidates.
        outcome: What was decided.
        asset_id: An asset of the view.
        channel_id: On which channel; None for the one on which it came furthest.
        reasons: What each policy says, by its id.

    Returns:
        `asset_id`, `title`, `channel`, `stage`, `sentence`; and what the stage knows: `about` and `motives` where no
        motive is about it, `refused_by` (policy and because), `parts` of its value, `behind` (by how much it is worth
        less, after limits), `limit`.
    """
    view = weighed.case.view
    asset = int(view.assets.positions([asset_id])[0])
    title = view.assets.frame["title"].iloc[asset]
    found = {"asset_id": asset_id, "title": title if isinstance(title, str) and title else asset_id}
    fitting = [str(view.channels.keys[place]) for place in _targets(view.asset_channels, asset)]
    asked = fitting if channel_id is None else [channel_id]
    if channel_id is not None and channel_id not in fitting:
        known = ", ".join(fitting) or "none"
        return {**found, "channel": channel_id, "stage": NO_CHANNEL, "sentence": f"It fits these channels: {known}."}
    rows = [row for row in (weighed.row(asset_id, one) for one in asked) if row >= 0]
    if not rows:
        return {**found, "channel": channel_id, **_never_a_candidate(weighed, asset)}
    chosen = weighed.row(outcome.asset_id, outcome.channel_id)
    furthest = max(rows, key=lambda row: (row == chosen, bool(weighed.is_eligible[row]), float(weighed.priced[row])))
    channel = str(view.channels.keys[weighed.candidates.channel[furthest]])
    return {**found, "channel": channel, **_candidate(weighed, outcome, furthest, chosen, reasons)}


def _candidate(weighed: Weighed, outcome: Outcome, row: int, chosen: int, reasons: Mapping[str, str]) -> Document:
    """Where a candidate fell behind."""
    refusing = weighed.refusing(row)
    parts = weighed.parts(row)
    refusals = [_refusal(weighed, row, one, reasons) for one in refusing]
    known: Document = {"parts": parts, "value": parts["total"], "refused_by": refusals}
    if row == chosen:
        return {**known, "stage": CHOSEN, "sentence": "It is what was chosen."}
    if refusing:
        said = "; ".join(f"{one['policy']}: {one['because']}" for one in refusals)
        return {**known, "stage": REFUSED, "sentence": f"Refused by {said}"}
    if weighed.worth.ranked[row] <= 0:
        said = f"It would cost {amount(-parts['total'])} more than it brings."
        if weighed.worth.is_out_of_reach[row]:
            asked = _asked_spend(weighed.case.view, int(weighed.candidates.asset[row]))
            said = f"Its offer asks for a spend of {amount(asked)}, more than theirs on one day is likely to be. {said}"
        return {**known, "stage": NOT_WORTH_IT, "sentence": said}
    text = why_not(weighed, row, chosen, outcome.none_reason)
    if chosen < 0 or not text.startswith(("worth", "just")):
        limit = weighed.dearest[row] or (outcome.none_reason or "").partition(": ")[2]
        return {**known, "stage": LIMITS, "limit": limit, "sentence": f"{text[:1].upper()}{text[1:]}."}
    boost = weighed.worth.boost
    behind = float(weighed.priced[chosen] - boost[chosen] - weighed.priced[row] + boost[row])
    return {**known, "stage": WORTH_LESS, "behind": behind, "sentence": f"It is {text} than “{outcome.title}”."}


def _asked_spend(view: View, asset: int) -> float:
    offer = view.assets.frame["offer"].to_numpy(dtype=np.int32)[[asset]]
    return float(least_spend(view.offers.frame, offer)[0])


def _refusal(weighed: Weighed, row: int, policy: str, reasons: Mapping[str, str]) -> Document:
    """A policy with its text, and what it is about in this asset where that is known."""
    view, asset = weighed.case.view, int(weighed.candidates.asset[row])
    facts: Document = {}
    if policy == "asset-not-ready":
        named = ("status", "readiness", "compliance")
        facts = {name: view.assets.frame[name].iloc[asset] for name in named if name in view.assets.frame.columns}
        facts = {name: value for name, value in facts.items() if isinstance(value, str)}
    if policy == "asset-out-of-dates":
        starts, ends = asset_window(view)
        facts = {"starts_at": utc_texts(starts[[asset]])[0], "ends_at": utc_texts(ends[[asset]])[0]}
    return {"policy": policy, "because": reasons.get(policy, ""), "facts": facts}


def _never_a_candidate(weighed: Weighed, asset: int) -> Document:
    case, view = weighed.case, weighed.case.view
    frame = case.motives.table
    motives = [
        {"play": play, "subject": subject} for play, subject in zip(frame["play"], frame["subject"], strict=True)
    ]
    about = _about(view, asset)
    known = {"motives": motives, "about": about}
    _, ends = asset_window(view)
    if ends[asset] <= moment(case.as_of):
        return {**known, "stage": ENDED, "sentence": f"It, or its offer, was over at {utc_texts(ends[[asset]])[0]}."}
    if not motives:
        return {**known, "stage": NO_REASON, "sentence": "There was no reason to talk to the customer at all that day."}
    met = [one for one in motives if _covers(view, asset, str(one["subject"]))]
    if met:
        return {**known, "stage": NO_ANSWER, "sentence": _unanswering(weighed, asset, met[0])}
    subjects = list(dict.fromkeys(str(one["subject"]) for one in motives))
    shown = ", ".join(subjects[:3]) + (f" and {len(subjects) - 3:,} more" if len(subjects) > 3 else "")  # noqa: PLR2004
    topic = ", ".join(about[:3]) or "nothing that anything is known about"
    return {**known, "stage": NOT_ABOUT, "sentence": f"It is about {topic}; the reasons to talk were about {shown}."}


def _unanswering(weighed: Weighed, asset: int, motive: Mapping[str, Any]) -> str:
    """Why an asset about a motive's subject does not answer it."""
    case, view = weighed.case, weighed.case.view
    play = play_named(str(motive["play"]))
    settings = next(one for one in case.settings.plays if one.name == play.name)
    kind, coverage = view.assets.frame["kind"].iloc[asset], asset_coverage(view)
    about = f"the motive {play.name} about {motive['subject']}"
    if settings.answers and kind not in settings.answers and view.assets.keys[asset] not in settings.answers:
        return f"It is a {kind}; {about} is answered by {', '.join(settings.answers)} only."
    breadth, widest = len(_targets(coverage, asset)), threshold(play, settings, "widest_asset")
    if breadth > widest:
        return f"It is about {breadth} categories, too much for {about}: at most {widest:g} (widest_asset)."
    excluded = excluded_categories(view, settings.excluded_categories)
    if excluded[_targets(coverage, asset)].any():
        return f"It also talks about a category that the playbook excludes, and answers no motive: {about}."
    products = _targets(view.asset_products, asset)
    if play.is_for_new_products and np.isin(products, view.bought_products.targets).any():
        return f"They already bought a product that it is about; {about} is for new ones."
    if play.is_for_products_in_stock:
        return f"A product that it is about is out of stock; {about} is for what is there."
    return f"It does not answer {about}."


def _about(view: View, asset: int) -> list[str]:
    """What an asset is about, as subjects."""
    kinds = (
        ("topic", view.topics, view.asset_topics),
        ("category", view.categories, view.asset_categories),
        ("product", view.products, view.asset_products),
    )
    return [f"{kind}/{nodes.keys[place]}" for kind, nodes, links in kinds for place in _targets(links, asset)]


def _covers(view: View, asset: int, subject: str) -> bool:
    kind, _, key = subject.partition("/")
    nodes = {
        "category": (view.categories, asset_coverage(view)),
        "topic": (view.topics, view.asset_topics),
        "product": (view.products, view.asset_products),
    }
    if kind not in nodes:
        return False
    of_kind, links = nodes[kind]
    return bool(of_kind.positions([key])[0] in _targets(links, asset))


def _targets(links: Links, row: int) -> Any:
    return links.targets[links.starts[row] : links.starts[row + 1]]
