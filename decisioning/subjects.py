"""What assets are about, and which categories nobody talks about."""

from collections.abc import Iterable
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt

from decisioning.errors import DecisioningError
from decisioning.gather import gather
from decisioning.times import NEVER, Times, naive
from graph.view import Links, Positions, View


def expanded(links: Links, rows: Positions) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Every link of every asked row.

    Args:
        links: From rows to targets.
        rows: Asked rows, in any order and as often as wanted, shape (n,).

    Returns:
        Which entry of `rows` each link belongs to (ascending), and its index in `links.targets`.
    """
    counts = links.starts[rows + 1] - links.starts[rows]
    owner = np.repeat(np.arange(len(rows), dtype=np.int64), counts)
    first = np.repeat(links.starts[rows] - (np.cumsum(counts) - counts), counts)
    return owner, np.arange(len(owner), dtype=np.int64) + first


def parents(view: View) -> Positions:
    """Position of each category's parent, -1 without one, shape (categories,)."""
    return view.categories.positions(view.categories.frame["parent"].to_numpy(dtype=object))


def asset_coverage(view: View) -> Links:
    """Assets × categories that they are about.

    An asset is about the categories that it states, about everything within them, and about the categories of the
    products that it states.
    """
    product_category = view.products.frame["category"].to_numpy(dtype=np.int32)[view.asset_products.targets]
    has_category = product_category >= 0
    parent = parents(view)
    child = np.flatnonzero(parent >= 0)
    children = Links.build(parent[child], child, len(parent))
    width = max(1, len(parent))
    seen = np.unique(view.asset_categories.sources.astype(np.int64) * width + view.asset_categories.targets)
    newest = seen
    while len(newest):
        owner, links = expanded(children, (newest % width).astype(np.int32))
        newest = np.setdiff1d((newest // width)[owner] * width + children.targets[links], seen)
        seen = np.union1d(seen, newest)
    of_products = view.asset_products.sources[has_category].astype(np.int64) * width + product_category[has_category]
    seen = np.union1d(seen, of_products)
    return Links.build(seen // width, seen % width, len(view.assets))


def excluded_categories(view: View, keys: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Which categories are among `keys` or within one of them, shape (categories,).

    Raises:
        DecisioningError: A key that is no category: an exclusion with a typing mistake would exclude nothing.
    """
    wanted = sorted(keys)
    positions = view.categories.positions(wanted)
    for key, position in zip(wanted, positions, strict=True):
        if position < 0:
            near = get_close_matches(key, [str(known) for known in view.categories.keys], n=3)
            raise DecisioningError(
                f"The excluded category `{key}` is not in the table categories.",
                where="plays",
                remedy=f"Write one that is there{', e.g. ' + ', '.join(near) if near else ''}, or take it out.",
            )
    excluded = np.zeros(len(view.categories), dtype=np.bool_)
    excluded[positions] = True
    parent = parents(view)
    has_parent = parent >= 0
    while True:
        within = excluded | (has_parent & excluded[parent])
        if (within == excluded).all():
            return excluded
        excluded = within


def out_of_stock(view: View) -> npt.NDArray[np.bool_]:
    """Which products nothing is left of; what does not state its stock is in stock, shape (products,)."""
    products = view.products.frame
    stock = products["stock"].to_numpy(dtype=np.float64) if "stock" in products else np.full(len(products), np.nan)
    return np.asarray(stock <= 0)


def counted_about(view: View, is_meant: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """How many of the products that each asset states are meant, shape (assets,)."""
    about = view.asset_products
    return np.bincount(about.sources, is_meant[about.targets], minlength=len(view.assets)).astype(np.float64)


def asset_window(view: View) -> tuple[Times, Times]:
    """From when until when (excluded) each asset and its offer may be sent, NaT where open, shape (assets,)."""
    assets = view.assets.frame
    offer = assets["offer"].to_numpy(dtype=np.int32)
    offer_starts, offer_ends = offer_window(view)
    starts = np.fmax(naive(assets["starts_at"]), gather(offer_starts, offer, NEVER))
    ends = np.fmin(naive(assets["ends_at"]), gather(offer_ends, offer, NEVER))
    return starts, ends


def offer_window(view: View) -> tuple[Times, Times]:
    """From when until when (excluded) each offer may be sent, NaT where open, shape (offers,).

    What cannot be redeemed any more is offered to nobody.
    """
    offers = view.offers.frame
    starts, ends = naive(offers["starts_at"]), naive(offers["ends_at"])
    return starts, np.fmin(ends, naive(offers["redemption_ends_at"]))
