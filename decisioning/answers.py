"""Which assets answer a motive: those that are about its subject, and those that the playbook names.

An asset answers a motive about a category, a topic or a product when it is about that, a motive about an asset when it
is that, one about an account when it is meant for its industry, and a campaign's motive when the campaign names it. A
topic that nobody wrote about is answered by what is about the topics most like it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.errors import DecisioningError
from decisioning.motives import subject_keys
from decisioning.play import Play, threshold
from decisioning.rhythms import Pairs
from decisioning.settings import PlaySettings
from decisioning.subjects import asset_window, counted_about, excluded_categories, expanded, out_of_stock
from decisioning.times import moment
from graph.view import Links, Positions, View
from lake.tables import ASSET_KINDS

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]

LEAST_SIMILARITY = 0.5
"""From this similarity on, an asset about one topic answers a motive about the other when nothing else does."""


@dataclass(frozen=True, eq=False)
class Answers:
    """The assets that answer the motives of one play.

    Attributes:
        play: The play.
        view: The view.
        coverage: Assets × categories that they cover.
        settings: What the playbook says about the play.
    """

    play: Play
    view: View
    coverage: Links
    settings: PlaySettings

    def pairs(self, subjects: npt.NDArray[np.object_], customer: Positions) -> tuple[Indices, Positions]:
        """Pairs of a place in `subjects` and an asset that answers it for its customer.

        Args:
            subjects: The motives' subjects as texts, shape (n,).
            customer: The motives' customers, shape (n,).

        Raises:
            DecisioningError: A subject that the view does not know, or an asset that does not exist.
        """
        place, asset = self.of_subjects(subjects)
        if not self.play.is_for_new_products:
            return place, asset
        is_new = ~self._is_about_bought_product(customer[place], asset)
        return place[is_new], asset[is_new]

    def of_subjects(self, subjects: npt.NDArray[np.object_]) -> tuple[Indices, Positions]:
        """The same for whoever has not bought anything yet."""
        place, asset = self._by_subject(subjects)
        named = self._named_assets()
        if len(named):
            everywhere = np.arange(len(subjects), dtype=np.int64)
            place = np.concatenate([place, np.repeat(everywhere, len(named))])
            asset = np.concatenate([asset, np.tile(named, len(subjects))])
        is_kept = ~self._has_ended()[asset]
        if self.play.is_for_products_in_stock:
            is_kept &= (counted_about(self.view, out_of_stock(self.view)) == 0)[asset]
        return place[is_kept], asset[is_kept].astype(np.int32)

    def _by_subject(self, subjects: npt.NDArray[np.object_]) -> tuple[Indices, Positions]:
        kinds = np.array([str(subject).partition("/")[0] for subject in subjects], dtype=object)
        self._insist_on_kinds(kinds)
        places, assets = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int32)]
        for kind in self.play.subject_kinds:
            place = np.flatnonzero(kinds == kind)
            subject = self._subject_positions(kind, subjects[place])
            about = self._about(kind, np.unique(subject))
            owner, links = expanded(about, subject)
            places.append(place[owner])
            assets.append(about.targets[links])
        return np.concatenate(places), np.concatenate(assets)

    def _about(self, kind: str, asked: Positions) -> Links:
        """Subjects of a kind × the assets that answer them; of campaigns, only those that are asked for."""
        view = self.view
        if kind == "campaign":
            return self._campaign_assets(asked)
        about, count = {
            "category": (self.coverage, len(view.categories)),
            "topic": (view.asset_topics, len(view.topics)),
            "product": (view.asset_products, len(view.products)),
            "asset": (_themselves(len(view.assets)), len(view.assets)),
            "account": (_meant_for(view), len(view.accounts)),
        }[kind]
        asset = about.sources
        kept = self._may_answer()[asset]
        by_subject = Links.build(about.targets[kept], asset[kept], count)
        return _or_similar(view, by_subject) if kind == "topic" else by_subject

    def _subject_positions(self, kind: str, subjects: npt.NDArray[np.object_]) -> Positions:
        known = pd.Index(subject_keys(kind, self.view, self.settings))
        positions = np.asarray(known.get_indexer(pd.Index(subjects)), dtype=np.int32)
        if (positions < 0).any():
            raise DecisioningError(
                f"There is a motive about {subjects[int(np.argmax(positions < 0))]}, which the view does not know.",
                where=f"motives of {self.play.name}",
                remedy="Find the motives in the same view, and with the same settings, that the decision reads.",
            )
        return positions

    def _insist_on_kinds(self, kinds: npt.NDArray[np.object_]) -> None:
        unknown = sorted(set(kinds) - set(self.play.subject_kinds))
        if unknown:
            raise DecisioningError(
                f"There is a motive about a {unknown[0]}, which the play is never about.",
                where=f"motives of {self.play.name}",
                remedy=f"It may be about: {', '.join(self.play.subject_kinds)}.",
            )

    def _may_answer(self) -> Flags:
        """Which assets may answer by their subject: the play's kinds, narrow, and silent about what is excluded."""
        view, settings, coverage = self.view, self.settings, self.coverage
        breadth = np.diff(coverage.starts)
        is_excluded = excluded_categories(view, settings.excluded_categories)
        touches_excluded = np.bincount(coverage.sources, is_excluded[coverage.targets], minlength=len(view.assets)) > 0
        kinds = self._kinds()
        names_assets_only = bool(settings.answers) and not kinds
        is_kind = np.isin(view.assets.frame["kind"].to_numpy(dtype=object).astype(str), kinds) if kinds else True
        is_narrow = breadth <= threshold(self.play, settings, "widest_asset")
        return np.asarray(is_kind & is_narrow & ~touches_excluded & (not names_assets_only))

    def _kinds(self) -> list[str]:
        """The kinds of assets among the play's `answers`: what names no asset."""
        kinds = [answer for answer in self.settings.answers if self.view.assets.positions([answer])[0] < 0]
        for kind in kinds:
            if kind not in ASSET_KINDS:
                raise DecisioningError(
                    f"`{kind}` is neither an asset nor a kind of assets.",
                    where=f"plays.yaml: {self.settings.name}: answers",
                    remedy=f"Kinds: {', '.join(ASSET_KINDS)}.",
                )
        return kinds

    def _named_assets(self) -> Positions:
        """Assets that the play's `answers` name."""
        positions = self.view.assets.positions(list(self.settings.answers))
        return np.unique(positions[positions >= 0])

    def _campaign_assets(self, running: Positions) -> Links:
        """Campaigns × the assets that they name, for those that run."""
        campaigns = self.settings.campaigns
        pairs = [
            (place, asset)
            for place in running
            for asset in _asset_positions(self.view, campaigns[place].asset_ids, campaigns[place].name)
        ]
        of_campaign = np.array(pairs, dtype=np.int32).reshape(-1, 2)
        return Links.build(of_campaign[:, 0], of_campaign[:, 1], len(campaigns))

    def _has_ended(self) -> Flags:
        """Whether each asset is over at as-of, shape (assets,); open ends are never over."""
        _, ends = asset_window(self.view)
        return np.asarray(ends <= moment(self.view.as_of))

    def _is_about_bought_product(self, customer: Positions, asset: Positions) -> Flags:
        """Whether the customer already bought one of the products that the asset is about."""
        view = self.view
        bought = Pairs(view.bought_products.sources, view.bought_products.targets, len(view.products))
        owner, links = expanded(view.asset_products, asset)
        is_bought = bought.find(customer[owner], view.asset_products.targets[links]) >= 0
        return np.bincount(owner, is_bought, minlength=len(asset)) > 0


def _themselves(count: int) -> Links:
    every = np.arange(count, dtype=np.int32)
    return Links.build(every, every, count)


def _meant_for(view: View) -> Links:
    """Assets × the accounts whose industry they are meant for; what is meant for no industry is meant for none."""
    assets, accounts = view.assets.frame, view.accounts.frame
    if "industry" not in assets or "industry" not in accounts:
        return Links.build([], [], len(assets))
    pairs = pd.DataFrame({"asset": np.arange(len(assets)), "industry": assets["industry"]}).dropna()
    pairs = pairs.merge(pd.DataFrame({"account": np.arange(len(accounts)), "industry": accounts["industry"]}))
    return Links.build(pairs["asset"], pairs["account"], len(assets))


def _or_similar(view: View, by_topic: Links) -> Links:
    """Topics × assets, where a topic without any has those of the topics that are most like it."""
    similar = view.similar_topics
    is_alike = similar.facts["similarity"].astype(np.float64) >= LEAST_SIMILARITY
    is_without = np.diff(by_topic.starts) == 0
    wanted = np.flatnonzero(is_alike & is_without[similar.sources])
    owner, links = expanded(by_topic, similar.targets[wanted])
    topic = np.concatenate([by_topic.sources, similar.sources[wanted][owner]]).astype(np.int64)
    asset = np.concatenate([by_topic.targets, by_topic.targets[links]])
    width = max(1, len(view.assets))
    pairs = np.unique(topic * width + asset)
    return Links.build(pairs // width, pairs % width, len(view.topics))


def _asset_positions(view: View, asset_ids: tuple[str, ...], campaign: str) -> Positions:
    positions = view.assets.positions(list(asset_ids))
    for asset_id, position in zip(asset_ids, positions, strict=True):
        if position < 0:
            raise DecisioningError(
                f"The asset `{asset_id}` does not exist.",
                where=f"campaign {campaign}",
                remedy="Name assets of the table assets.",
            )
    return positions
