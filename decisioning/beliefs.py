"""Beliefs of the view as they stand at as-of: what is left of their weight, who is moved by what, who objects to it."""

import numpy as np
import numpy.typing as npt

from decisioning.rhythms import Pairs
from decisioning.subjects import expanded, parents
from decisioning.times import elapsed_days
from graph.view import Links, Positions, View

Flags = npt.NDArray[np.bool_]

DOUBT = "hesitated"


def faded_weight(beliefs: Links, as_of: np.datetime64) -> npt.NDArray[np.float64]:
    """The weight that is left of each belief; one without half-life does not fade, shape (len(beliefs),)."""
    age = elapsed_days(as_of, beliefs.facts["valid_from"].astype("datetime64[us]"))
    half_life = beliefs.facts["half_life_days"].astype(np.float64)
    lost = np.where(np.isnan(half_life), 0.0, age / half_life)
    return np.asarray(beliefs.facts["weight"].astype(np.float64) * 0.5**lost)


def is_moved_by(view: View, customer: Positions, asset: Positions) -> Flags:
    """Whether something that the asset says moves each customer to act, shape (n,): a topic, or a category around it.

    Args:
        view: The view; its triggers are those held at as-of.
        customer: Positions, shape (n,).
        asset: Positions, shape (n,).
    """
    return _is_said(view, view.topic_triggers, view.triggers, customer, asset)


def is_objected_to(view: View, customer: Positions, asset: Positions) -> Flags:
    """Whether each customer objects to something that the asset says, shape (n,).

    That is a topic or a category that the asset is about, or a category that one of these, or one of its products, lies
    within. An asset about more than what is objected to is not about that alone, and stays.

    Args:
        view: The view; its objections are those held at as-of.
        customer: Positions, shape (n,).
        asset: Positions, shape (n,).
    """
    return _is_said(view, refused_topics(view), view.objections, customer, asset)


def refused_topics(view: View) -> Links:
    """Objections to topics; not doubts (rule `hesitated`): a message about shipping answers a doubt about shipping."""
    objections = view.topic_objections
    kept = np.flatnonzero(objections.facts["rule"] != DOUBT)
    if len(kept) == len(objections):
        return objections
    facts = {name: values[kept] for name, values in objections.facts.items()}
    return Links.build(objections.sources[kept], objections.targets[kept], len(view.customers), facts)


def _is_said(view: View, of_topics: Links, of_categories: Links, customer: Positions, asset: Positions) -> Flags:
    """Whether each asset says something that one of the customer's beliefs is about."""
    topics, categories = _pairs(of_topics, len(view.topics)), _pairs(of_categories, len(view.categories))
    return _meets(topics, view.asset_topics, customer, asset) | _meets(categories, said(view), customer, asset)


def _pairs(beliefs: Links, width: int) -> Pairs:
    """Who believes something of what, once each, whatever the rules."""
    keys = np.unique(beliefs.sources.astype(np.int64) * max(1, width) + beliefs.targets)
    row, column = keys // max(1, width), keys % max(1, width)
    return Pairs(row.astype(np.int32), column.astype(np.int32), width)


def _meets(pairs: Pairs, about: Links, customer: Positions, asset: Positions) -> Flags:
    if not len(pairs.row):
        return np.zeros(len(customer), dtype=np.bool_)
    owner, links = expanded(about, asset)
    is_met = pairs.find(customer[owner], about.targets[links]) >= 0
    return np.bincount(owner, is_met, minlength=len(asset)) > 0


def said(view: View) -> Links:
    """Assets × the categories that they state or whose products they state, and everything these lie within."""
    product_category = view.products.frame["category"].to_numpy(dtype=np.int32)[view.asset_products.targets]
    known = product_category >= 0
    asset = np.concatenate([view.asset_categories.sources, view.asset_products.sources[known]]).astype(np.int64)
    category = np.concatenate([view.asset_categories.targets, product_category[known]]).astype(np.int64)
    width, parent = max(1, len(view.categories)), parents(view).astype(np.int64)
    seen = np.unique(asset * width + category)
    newest = seen
    while len(newest):
        above = parent[newest % width]
        newest = np.setdiff1d((newest - newest % width + above)[above >= 0], seen)
        seen = np.union1d(seen, newest)
    return Links.build(seen // width, seen % width, len(view.assets))
