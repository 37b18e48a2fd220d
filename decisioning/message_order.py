"""In which order the messages of a motive are tried: what comes first, and what waits until that was tried.

A motive may lead with something: a topic (`topic/durability`: messages about it come first) or an order of its play
(`order/0`), which the play declares or `plays.yaml` states. Every asset has a rank there. Of a motive's allowed
messages that are worth something only those of the lowest rank are left; the others wait. What such a motive puts last
waits for this customer whatever other motive it answers, or else a discount would come by another door.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.errors import DecisioningError
from decisioning.gather import gather
from decisioning.play import Known, Play, theme_error
from decisioning.plays import play_named
from decisioning.policies.builtin import MESSAGE_ORDER
from decisioning.policies.screen import select
from decisioning.settings import DecisionSettings, OrderSettings, PlaySettings
from decisioning.times import days, naive
from graph.view import Positions, View
from lake.tables import ASSET_KINDS, OFFER_KINDS

if TYPE_CHECKING:
    from decisioning.candidates import Candidates
    from decisioning.screening import Screened
    from forecasting.values import Floats

Flags = npt.NDArray[np.bool_]
Ranks = npt.NDArray[np.uint8]
Texts = npt.NDArray[np.object_]

CONCESSIONS = ("value_add", "shipping", "bundle", "reward", "discount")
"""Kinds of offers from the smallest concession to the largest, where `concession_order` is not stated."""

FIRST, OTHERS, LAST = 0, 1, 2
NEVER_REACHED = 255


def orders_of(play: Play, settings: PlaySettings) -> tuple[OrderSettings, ...]:
    """The orders of a play: the playbook's, or else its own."""
    return play.orders if settings.orders is None else settings.orders


def leads(play: Play, found: pd.DataFrame, known: Known, settings: PlaySettings) -> Texts:
    """What the messages of each motive lead with, None for nothing; the first order whose condition holds.

    Args:
        play: The play.
        found: What its `find` returned.
        known: What it looked at.
        settings: What the playbook says about it.
    """
    orders = orders_of(play, settings)
    customer = found["customer"].to_numpy(dtype=np.int32)
    order = np.full(len(known.view.customers) if orders else 0, -1, dtype=np.int64)
    for place in reversed(range(len(orders))):
        condition = orders[place].when
        where = f"order {place + 1} of the play {play.name}"
        order[slice(None) if condition is None else select(condition, known.customers, where=where)] = place
    names = np.array([f"order/{place}" for place in range(len(orders))] + [None], dtype=object)
    texts = names[order[customer]] if orders else np.full(len(found), None, dtype=object)
    if "leads_with" in found:
        topics = np.array([*(f"topic/{key}" for key in known.view.topics.keys), None], dtype=object)
        topic = found["leads_with"].to_numpy(dtype=np.int64)
        texts = np.where(topic >= 0, topics[topic], texts)
    return np.asarray(texts, dtype=object)


def in_order(
    screened: "Screened",
    view: View,
    motives: pd.DataFrame,
    candidates: "Candidates",
    value: "Floats",
    *,
    settings: DecisionSettings,
    touches: pd.DataFrame,
    as_of: np.datetime64,
) -> "Screened":
    """The verdicts with one more, `message-order`, which refuses what waits behind something else.

    Args:
        screened: What policies say.
        view: The view.
        motives: Their table.
        candidates: The candidates, n of them.
        value: What each is worth, shape (n,).
        settings: The playbook's settings.
        touches: What was sent before as-of.
        as_of: The moment the run knows the world at.

    Raises:
        DecisioningError: As `message_orders`.
    """
    found = message_orders(view, motives, settings)
    customer = view.customers.positions(motives["customer_id"].to_numpy(dtype=object))
    tried = tried_ranks(found, view, motives, customer, settings=settings, touches=touches, as_of=as_of)
    is_open = ~screened.is_refused & (value > 0)
    # What something else refuses does not wait for anything.
    waits = held_back(found, candidates, is_open, tried) & ~screened.is_refused
    return replace(screened, by_policy={**screened.by_policy, MESSAGE_ORDER: waits})


@dataclass(frozen=True, eq=False)
class MessageOrders:
    """The ranks that hold for motives.

    Attributes:
        of_motive: Row of `ranks` that holds for each motive, -1 for none, shape (motives,).
        ranks: Rank of every asset as an answer to the motive, shape (orders, assets).
        elsewhere: Rank of every asset as an answer to another motive of the same customer, shape (orders, assets).
    """

    of_motive: npt.NDArray[np.int32]
    ranks: Ranks
    elsewhere: Ranks


def message_orders(view: View, motives: pd.DataFrame, settings: DecisionSettings) -> MessageOrders:
    """What holds for the motives of a run before it is known what was tried.

    Args:
        view: The view.
        motives: Their table: play, leads_with.
        settings: The playbook's settings.

    Raises:
        DecisioningError: An order names what is no asset, kind or topic.
    """
    of_motive = np.full(len(motives), -1, dtype=np.int32)
    ordered = np.flatnonzero(motives["leads_with"].notna().to_numpy(dtype=np.bool_))
    if not len(ordered):
        none = np.zeros((0, len(view.assets)), dtype=np.uint8)
        return MessageOrders(of_motive, none, none)
    pairs = pd.MultiIndex.from_frame(motives.iloc[ordered][["play", "leads_with"]])
    codes, distinct = pairs.factorize()
    of_motive[ordered] = codes
    by_play = _by_play(settings)
    found = [_ranks(view, by_play[play], str(lead), play) for play, lead in distinct]
    shape = (len(found), len(view.assets))
    ranks = np.array([rank for rank, _ in found], dtype=np.uint8).reshape(shape)
    return MessageOrders(of_motive, ranks, np.array([rank for _, rank in found], dtype=np.uint8).reshape(shape))


def unknown_names(view: View, settings: DecisionSettings) -> list[DecisioningError]:
    """What orders and themes of plays name and the view does not have, one error each; for whoever checks a playbook.

    Args:
        view: With the content, topics and categories that there are.
        settings: The playbook's settings.
    """
    found: list[DecisioningError] = []
    for play in settings.plays:
        for name in [name for order in play.orders or () for name in (*order.first, *order.last)]:
            try:
                _is_named(view, (name,), play.name)
            except DecisioningError as error:
                found.append(error)
        for theme, keys in play.themes.items():
            known = np.maximum(view.categories.positions(list(keys)), view.topics.positions(list(keys))) >= 0
            found += [theme_error(theme, key) for key, is_known in zip(keys, known, strict=True) if not is_known]
    return found


def _by_play(settings: DecisionSettings) -> dict[str, tuple[OrderSettings, ...]]:
    return {play.name: orders_of(play_named(play.name), play) for play in settings.plays}


def _ranks(view: View, orders: tuple[OrderSettings, ...], lead: str, play: str) -> tuple[Ranks, Ranks]:
    """Rank of every asset here and elsewhere, each of shape (assets,)."""
    kind, _, key = lead.partition("/")
    if kind == "topic":
        ranks = np.where(_is_named(view, (key,), play), FIRST, OTHERS).astype(np.uint8)
        return ranks, np.zeros_like(ranks)
    order = orders[int(key)]
    if order.is_stepwise:
        steps = _steps(view)
        return steps, steps
    ranks = np.full(len(view.assets), OTHERS, dtype=np.uint8)
    is_last = _is_named(view, order.last, play)
    ranks[is_last] = LAST
    ranks[_is_named(view, order.first, play)] = FIRST
    return ranks, np.where(is_last, LAST, FIRST).astype(np.uint8)


def _is_named(view: View, names: tuple[str, ...], play: str) -> Flags:
    """Which assets are named by their id, their kind, the kind of their offer, or a topic, shape (assets,)."""
    offer = view.assets.frame["offer"].to_numpy(dtype=np.int64)
    offer_kind = gather(view.offers.frame["kind"].to_numpy(dtype=object), offer, None)
    asset_kind = view.assets.frame["kind"].to_numpy(dtype=object)
    found = np.zeros(len(view.assets), dtype=np.bool_)
    for name in names:
        asset, topic = view.assets.positions([name])[0], view.topics.positions([name])[0]
        is_kind = name in OFFER_KINDS or name in ASSET_KINDS
        if asset >= 0:
            found[asset] = True
        if is_kind:
            found |= (offer_kind == name) | (asset_kind == name)
        if topic >= 0:
            found[view.asset_topics.sources[view.asset_topics.targets == topic]] = True
        if asset < 0 and topic < 0 and not is_kind:
            raise DecisioningError(
                f"`{name}` is no asset, no kind of offer or asset, and no topic that anything is about.",
                where=f"plays.yaml: {play}: order",
                remedy=f"Kinds of offers: {', '.join(OFFER_KINDS)}; of assets: {', '.join(ASSET_KINDS)}.",
            )
    return found


def _steps(view: View) -> Ranks:
    """The step of every asset's concession: 0 for none and for the smallest one, shape (assets,)."""
    offers = view.offers.frame
    by_kind = offers["kind"].map({kind: place for place, kind in enumerate(CONCESSIONS)}).astype(np.float64)
    stated = offers["concession_order"].astype(np.float64) if "concession_order" in offers else by_kind * np.nan
    place = (stated if stated.notna().all() else by_kind).rank(method="dense").to_numpy(dtype=np.float64) - 1
    offer = view.assets.frame["offer"].to_numpy(dtype=np.int64)
    return gather(place, offer, 0.0).astype(np.uint8)


def tried_ranks(
    found: MessageOrders,
    view: View,
    motives: pd.DataFrame,
    customer: Positions,
    *,
    settings: DecisionSettings,
    touches: pd.DataFrame,
    as_of: np.datetime64,
) -> npt.NDArray[np.int64]:
    """The highest rank that each motive's customer was sent of late, -1 for none, shape (motives,).

    Only what an order puts first, or what concedes something step by step, counts as tried.
    """
    tried = np.full(len(motives), -1, dtype=np.int64)
    ordered = np.flatnonzero(found.of_motive >= 0)
    if not len(ordered) or touches.empty:
        return tried
    sent = pd.DataFrame(
        {
            "customer": view.customers.positions(touches["customer_id"].to_numpy(dtype=object)),
            "asset": view.assets.positions(touches["asset_id"].to_numpy(dtype=object)),
            "at": naive(touches["sent_at"]),
        }
    )
    sent = sent[(sent["customer"] >= 0) & (sent["asset"] >= 0)]
    by_play = _by_play(settings)
    has_offer = view.assets.frame["offer"].to_numpy(dtype=np.int64) >= 0
    plays, leads_with = (motives[name].to_numpy(dtype=object) for name in ("play", "leads_with"))
    for place in range(len(found.ranks)):
        at = ordered[found.of_motive[ordered] == place]
        kind, _, key = str(leads_with[at[0]]).partition("/")
        if kind != "order":
            continue
        order, ranks = by_play[str(plays[at[0]])][int(key)], found.ranks[place]
        counts = has_offer if order.is_stepwise else ranks == FIRST
        recent = sent[(sent["at"] > as_of - days(order.tried_days)) & counts[sent["asset"]]]
        highest = np.full(len(view.customers), -1, dtype=np.int64)
        np.maximum.at(highest, recent["customer"].to_numpy(), ranks[recent["asset"].to_numpy()].astype(np.int64))
        tried[at] = highest[customer[at]]
    return tried


def held_back(found: MessageOrders, candidates: "Candidates", is_open: Flags, tried: npt.NDArray[np.int64]) -> Flags:
    """Which candidates wait, shape (candidates,).

    Args:
        found: The orders.
        candidates: The candidates.
        is_open: Whether each is allowed and worth more than nothing.
        tried: Rank that each motive's customer has tried, shape (motives,).
    """
    motive, customer, asset = candidates.motive, candidates.customer, candidates.asset
    order = found.of_motive[motive]
    waits = np.zeros(len(motive), dtype=np.bool_)
    own = np.flatnonzero(order >= 0)
    if not len(own):
        return waits
    rank = found.ranks[order[own], asset[own]].astype(np.int64)
    is_new = is_open[own] & (rank > tried[motive[own]])
    reached = np.full(len(found.of_motive), NEVER_REACHED, dtype=np.int64)
    np.minimum.at(reached, motive[own][is_new], rank[is_new])
    # what has been tried stays possible, and where all has been tried so does everything
    waits[own] = rank > np.maximum(reached, tried)[motive[own]]
    limit = np.maximum(reached, tried)
    leading = np.unique(motive[own])
    leading = leading[reached[leading] < NEVER_REACHED]
    for place in np.unique(found.of_motive[leading]):
        if found.elsewhere[place].any():
            of_customer = np.full(int(customer.max()) + 1, NEVER_REACHED, dtype=np.int64)
            here = own[(order[own] == place) & (reached[motive[own]] < NEVER_REACHED)]
            np.minimum.at(of_customer, customer[here], limit[motive[here]])
            waits |= found.elsewhere[place, asset] > of_customer[customer]
    return waits
