"""Motives and the assets that answer them, each distinct (play, subject) answered once."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.answers import Answers
from decisioning.beliefs import said
from decisioning.ground import Reasons
from decisioning.message_order import message_orders, tried_ranks
from decisioning.motives import Motives
from decisioning.plays import play_named
from decisioning.remits.authority import permitted
from decisioning.settings import DecisionSettings
from decisioning.subjects import asset_coverage
from decisioning.times import Times, moment
from graph.view import Links, View

Indices = npt.NDArray[np.int64]


def reasons_of(
    view: View, motives: Motives, settings: DecisionSettings, touches: pd.DataFrame
) -> tuple[Reasons, Indices]:
    """The motives in the order in which they may speak for an asset, and the row of each in the motives' table.

    Args:
        view: The view.
        motives: What `propose` found.
        settings: Plays that are on.
        touches: What was sent before as-of, which orders of messages ask for.

    Raises:
        DecisioningError: As `candidates.find_candidates`.
    """
    table = motives.table
    customer = motives.customers(view)
    play = _play_order(table, settings)
    # a motive with an order of its messages speaks for them before any other
    strength = (table["strength"] + table["leads_with"].notna()).to_numpy(dtype=np.float64)
    order = np.lexsort((play, -strength, customer))
    answer, links, is_for_new, is_permitted = _answers(view, table, play, settings)
    products = view.asset_products.reversed(len(view.products))
    bought = view.bought_products if is_for_new.any() else Links.build([], [], len(view.customers))
    speaking = spoken(view)
    orders = message_orders(view, table, settings)
    tried = tried_ranks(orders, view, table, customer, settings=settings, touches=touches, as_of=moment(view.as_of))
    reasons = Reasons(
        motive_starts=np.searchsorted(customer[order], np.arange(len(view.customers) + 1)).astype(np.int64),
        answer=answer[order],
        starts_at=_microseconds(motives.starts_at)[order],
        until=_microseconds(motives.until)[order],
        answer_starts=links.starts,
        answer_assets=links.targets,
        is_for_new=is_for_new,
        fits=fitting(view),
        is_permitted=is_permitted,
        bought_starts=bought.starts,
        bought_products=bought.targets,
        product_starts=products.starts,
        product_assets=products.targets,
        said_starts=speaking.starts,
        said_assets=speaking.targets,
        order=orders.of_motive[order],
        tried=tried[order],
        ranks=orders.ranks,
        elsewhere=orders.elsewhere,
    )
    return reasons, order


def fitting(view: View) -> npt.NDArray[np.bool_]:
    """Whether each asset fits each channel, shape (assets, channels)."""
    fits = np.zeros((len(view.assets), len(view.channels)), dtype=np.bool_)
    fits[view.asset_channels.sources, view.asset_channels.targets] = True
    return fits


def spoken(view: View) -> Links:
    """What can be said (topics, then categories) × the assets that say it."""
    categories = said(view)
    topics = len(view.topics)
    subject = np.concatenate([view.asset_topics.targets, categories.targets + topics])
    asset = np.concatenate([view.asset_topics.sources, categories.sources])
    return Links.build(subject, asset, topics + len(view.categories))


def _play_order(table: pd.DataFrame, settings: DecisionSettings) -> Indices:
    """The place of each motive's play among the plays that are on."""
    from decisioning.candidates import insist_on_plays

    insist_on_plays(table, settings)
    names = pd.Index([play.name for play in settings.plays])
    return np.asarray(names.get_indexer(pd.Index(table["play"].astype(object))), dtype=np.int64)


def _answers(
    view: View, table: pd.DataFrame, play: Indices, settings: DecisionSettings
) -> tuple[Indices, Links, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Per motive the row of its answer; the answers × assets; which are for new products only, and permitted where."""
    codes, subjects = pd.factorize(table["subject"].to_numpy(dtype=object))
    width = max(1, len(subjects))
    distinct, answer = np.unique(play * width + codes, return_inverse=True)
    owners, assets = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int32)]
    is_for_new = np.zeros(len(distinct), dtype=np.bool_)
    coverage = asset_coverage(view)
    for order, play_settings in enumerate(settings.plays):
        rows = np.flatnonzero(distinct // width == order)
        if not len(rows):
            continue
        found = play_named(play_settings.name)
        is_for_new[rows] = found.is_for_new_products
        answers = Answers(found, view, coverage, play_settings)
        place, asset = answers.of_subjects(subjects[distinct[rows] % width])
        owners.append(rows[place])
        assets.append(asset)
    every = max(1, len(view.assets))
    pairs = np.unique(np.concatenate(owners) * every + np.concatenate(assets))  # each asset once
    links = Links.build(pairs // every, pairs % every, len(distinct))
    of_play = permitted(settings.remits, [each.name for each in settings.plays], view.channels.keys.tolist())
    return answer.astype(np.int64), links, is_for_new, of_play[distinct // width]


def _microseconds(times: Times) -> Any:
    return times.astype("datetime64[us]").astype(np.int64)
