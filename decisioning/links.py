"""What lies in the graph between the subject of a motive and the asset that answers it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.canonical import json_text
from decisioning.subjects import parents
from graph.view import Links, View

Step = dict[str, str]


def links(view: View, subject: npt.NDArray[np.object_], asset: npt.NDArray[np.integer]) -> npt.NDArray[np.object_]:
    """From each subject to its asset a JSON list of relationships (from, type, to); None where the graph has none.

    What the playbook states is no relationship of the graph: a campaign's asset, or one that a play's `answers` name.

    Args:
        view: What is known.
        subject: What each motive is about, such as `category/MILK`, shape (n,).
        asset: Position of the asset that answers it, shape (n,).
    """
    codes, distinct = pd.factorize(subject)
    pairs, place = np.unique(codes.astype(np.int64) * max(1, len(view.assets)) + asset, return_inverse=True)
    subjects, found = Subjects.of(view), np.full(len(pairs), None, dtype=object)
    for row, pair in enumerate(pairs.tolist()):
        about, answer = divmod(pair, len(view.assets))
        if steps := subjects.between(distinct[about], answer):
            found[row] = json_text(steps)
    return found[place]


@dataclass(frozen=True, eq=False)
class Subjects:
    """How assets are about categories, by key, for texts."""

    view: View
    assets: npt.NDArray[np.object_]
    categories: npt.NDArray[np.object_]
    topics: npt.NDArray[np.object_]
    products: npt.NDArray[np.object_]
    place_of: dict[str, int]
    parent: npt.NDArray[np.int32]
    product_category: npt.NDArray[np.int32]

    @classmethod
    def of(cls, view: View) -> "Subjects":
        """The view's keys, read once."""
        return cls(
            view=view,
            assets=view.assets.keys,
            categories=view.categories.keys,
            topics=view.topics.keys,
            products=view.products.keys,
            place_of={
                f"{kind}/{key}": place
                for kind, nodes in (("category", view.categories), ("topic", view.topics), ("product", view.products))
                for place, key in enumerate(nodes.keys)
            },
            parent=parents(view),
            product_category=view.products.frame["category"].to_numpy(dtype=np.int32),
        )

    def between(self, subject: str, asset: int) -> list[Step]:
        """From a subject to an asset about it, or about what lies nearest to it; else empty."""
        place = self.place_of.get(subject, -1)
        if place < 0:
            return []
        kind = subject.partition("/")[0]
        if kind == "topic":
            return self._from_topic(place, asset)
        if kind == "product":
            is_about = place in _targets(self.view.asset_products, asset)
            return (
                [_step(f"Asset/{self.assets[asset]}", "ABOUT", f"Product/{self.products[place]}")] if is_about else []
            )
        return self._from_category(place, asset)

    def _from_topic(self, place: int, asset: int) -> list[Step]:
        """The topic itself, or the one most like it that the asset is about."""
        about, stated = f"Asset/{self.assets[asset]}", _targets(self.view.asset_topics, asset)
        here = f"Topic/{self.topics[place]}"
        if place in stated:
            return [_step(about, "ABOUT", here)]
        similar = self.view.similar_topics
        links = np.arange(similar.starts[place], similar.starts[place + 1])
        links = links[np.isin(similar.targets[links], stated)]
        if not len(links):
            return []
        nearest = similar.targets[links[np.argmax(similar.facts["similarity"][links])]]
        there = f"Topic/{self.topics[nearest]}"
        return [_step(here, "SIMILAR_TO", there), _step(about, "ABOUT", there)]

    def _from_category(self, start: int, asset: int) -> list[Step]:
        """The category, a product in it, or something that contains it."""
        about = f"Asset/{self.assets[asset]}"
        stated = _targets(self.view.asset_categories, asset)
        products = _targets(self.view.asset_products, asset)
        within: list[Step] = []
        for place in self._upwards(start):
            here = f"Category/{self.categories[place]}"
            if place != start:
                within.append(
                    _step(within[-1]["to"] if within else f"Category/{self.categories[start]}", "WITHIN", here)
                )
            if place in stated:
                return [*within, _step(about, "ABOUT", here)]
            inside = products[self.product_category[products] == place]
            if place == start and len(inside):
                product = f"Product/{self.products[inside[0]]}"
                return [_step(product, "IN_CATEGORY", here), _step(about, "ABOUT", product)]
        return []

    def _upwards(self, place: int) -> Iterator[int]:
        """The category, its parent, and so on; a circle is walked once."""
        seen: set[int] = set()
        while place >= 0 and place not in seen:
            seen.add(place)
            yield place
            place = int(self.parent[place])


def _targets(links: Links, row: int) -> npt.NDArray[np.int32]:
    return links.targets[links.starts[row] : links.starts[row + 1]]


def _step(start: str, kind: str, end: str) -> Step:
    return {"from": start, "type": kind, "to": end}
