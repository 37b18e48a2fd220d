"""Candidates: motives × the assets that answer them × the channels that these fit.

An asset answers a motive about a category when it is about that category, and a campaign's motive when the campaign
names it. A play's `answers` narrow this to kinds of assets, and name assets that answer whatever they are about. What
has ended, by itself or with its offer, is no content any more.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.errors import DecisioningError
from decisioning.motives import Motives, subject_keys
from decisioning.play import Play, threshold
from decisioning.plays import play_named
from decisioning.rhythms import Pairs
from decisioning.settings import DecisionSettings, PlaySettings
from decisioning.subjects import asset_coverage, asset_window, excluded_categories, expanded
from decisioning.times import moment
from graph.view import Links, Positions, View
from lake.tables import ASSET_KINDS

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Candidates:
    """What could be said to whom and where, once per (customer, asset, channel), sorted by these.

    Attributes:
        customer: Position of the customer, shape (n,).
        asset: Position of the asset.
        channel: Position of the channel.
        motive: Row of the best motive for it in `Motives.frame`: the strongest, then the play that the playbook names
            first, then the first subject.
    """

    customer: Positions
    asset: Positions
    channel: Positions
    motive: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.customer)


def find_candidates(view: View, motives: Motives, settings: DecisionSettings) -> Candidates:
    """All candidates of all customers.

    Raises:
        DecisioningError: A motive about a customer or subject that is not in the view, or of a play that is off; a
            campaign or a play's `answers` that name an asset which does not exist.
    """
    frame = motives.frame
    customer = view.customers.positions(frame["customer_id"].to_numpy(dtype=object))
    if (customer < 0).any():
        unknown = frame["customer_id"].iloc[int(np.argmax(customer < 0))]
        raise DecisioningError(
            f"There is a motive for the customer {unknown}, whom the view does not know.",
            where="motives",
            remedy="Find the motives in the same view that the decision reads.",
        )
    coverage = asset_coverage(view)
    parts = [
        _of_play(view, frame, customer, coverage, order=order, settings=play_settings)
        for order, play_settings in enumerate(settings.plays)
    ]
    _insist_on_plays(frame, settings)
    rows = np.concatenate([part.motive for part in parts] or [np.empty(0, dtype=np.int64)])
    assets = np.concatenate([part.asset for part in parts] or [np.empty(0, dtype=np.int32)])
    order = np.concatenate([np.full(len(part.motive), part.order) for part in parts] or [np.empty(0, dtype=np.int64)])
    best = _best_motive(customer[rows], assets, frame["strength"].to_numpy(dtype=np.float64)[rows], order, rows)
    owner, links = expanded(view.asset_channels, assets[best])
    return Candidates(
        customer=customer[rows[best]][owner],
        asset=assets[best][owner],
        channel=view.asset_channels.targets[links],
        motive=rows[best][owner],
    )


@dataclass(frozen=True, eq=False)
class _Answers:
    """Pairs of a motive's row and an asset that answers it, for one play at its place among the plays."""

    motive: npt.NDArray[np.int64]
    asset: Positions
    order: int


def _of_play(
    view: View, frame: pd.DataFrame, customer: Positions, coverage: Links, *, order: int, settings: PlaySettings
) -> _Answers:
    play = play_named(settings.name)
    rows = np.flatnonzero((frame["play"] == settings.name).to_numpy())
    subject = _subject_positions(frame["subject"].to_numpy(dtype=object)[rows], play, view, settings)
    if play.subject_kind == "campaign":
        by_subject = _campaign_assets(view, settings, np.unique(subject))
    else:
        by_subject = _assets_by_category(play, view, coverage, settings)
    owner, links = expanded(by_subject, subject)
    motive, asset = rows[owner], by_subject.targets[links]
    named = _named_assets(view, settings)
    if len(named):
        motive = np.concatenate([motive, np.repeat(rows, len(named))])
        asset = np.concatenate([asset, np.tile(named, len(rows))])
    is_kept = ~_has_ended(view)[asset]
    if play.is_for_new_products:
        is_kept &= ~_is_about_bought_product(view, customer[motive], asset)
    motive, asset = motive[is_kept], asset[is_kept]
    return _Answers(motive, asset.astype(np.int32), order)


def _subject_positions(subjects: npt.NDArray[np.object_], play: Play, view: View, settings: PlaySettings) -> Positions:
    known = pd.Index(subject_keys(play.subject_kind, view, settings))
    positions = np.asarray(known.get_indexer(pd.Index(subjects)), dtype=np.int32)
    if (positions < 0).any():
        raise DecisioningError(
            f"There is a motive about {subjects[int(np.argmax(positions < 0))]}, which the view does not know.",
            where=f"motives of {play.name}",
            remedy="Find the motives in the same view, and with the same settings, that the decision reads.",
        )
    return positions


def _campaign_assets(view: View, settings: PlaySettings, running: Positions) -> Links:
    """Campaigns × the assets that they name, for those that run."""
    pairs = [
        (place, asset)
        for place in running
        for asset in _asset_positions(view, settings.campaigns[place].asset_ids, settings.campaigns[place].name)
    ]
    of_campaign = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    return Links.build(of_campaign[:, 0], of_campaign[:, 1], len(settings.campaigns))


def _assets_by_category(play: Play, view: View, coverage: Links, settings: PlaySettings) -> Links:
    """Categories × the assets that may answer a motive about them."""
    asset = coverage.sources
    kept = _may_answer(play, view, coverage, settings)[asset]
    return Links.build(coverage.targets[kept], asset[kept], len(view.categories))


def _may_answer(play: Play, view: View, coverage: Links, settings: PlaySettings) -> Flags:
    """Which assets may answer by their subject: the play's kinds, narrow enough, and silent about what is excluded."""
    breadth = np.diff(coverage.starts)
    is_excluded = excluded_categories(view, settings.excluded_categories)
    touches_excluded = np.bincount(coverage.sources, is_excluded[coverage.targets], minlength=len(view.assets)) > 0
    kinds = _kinds(view, settings)
    names_assets_only = bool(settings.answers) and not kinds
    is_kind = np.isin(view.assets.frame["kind"].to_numpy(dtype=object).astype(str), kinds) if kinds else True
    is_narrow = breadth <= threshold(play, settings, "widest_asset")
    return np.asarray(is_kind & is_narrow & ~touches_excluded & (not names_assets_only))


def _kinds(view: View, settings: PlaySettings) -> list[str]:
    """The kinds of assets among the play's `answers`: what names no asset."""
    kinds = [answer for answer in settings.answers if view.assets.positions([answer])[0] < 0]
    for kind in kinds:
        if kind not in ASSET_KINDS:
            raise DecisioningError(
                f"`{kind}` is neither an asset nor a kind of assets.",
                where=f"plays.yaml: {settings.name}: answers",
                remedy=f"Kinds: {', '.join(ASSET_KINDS)}.",
            )
    return kinds


def _named_assets(view: View, settings: PlaySettings) -> Positions:
    """Assets that the play's `answers` name."""
    positions = view.assets.positions(list(settings.answers))
    return np.unique(positions[positions >= 0])


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


def _has_ended(view: View) -> Flags:
    """Whether each asset is over at as-of, shape (assets,); open ends are never over."""
    _, ends = asset_window(view)
    return np.asarray(ends <= moment(view.as_of))


def _is_about_bought_product(view: View, customer: Positions, asset: Positions) -> Flags:
    """Whether the customer already bought one of the products that the asset is about."""
    bought = Pairs(view.bought_products.sources, view.bought_products.targets, len(view.products))
    owner, links = expanded(view.asset_products, asset)
    is_bought = bought.find(customer[owner], view.asset_products.targets[links]) >= 0
    return np.bincount(owner, is_bought, minlength=len(asset)) > 0


def _best_motive(
    customer: Positions,
    asset: Positions,
    strength: npt.NDArray[np.float64],
    order: npt.NDArray[np.int64],
    motive: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """One index per (customer, asset), sorted by these."""
    ranked = np.lexsort((motive, order, -strength, asset, customer))
    is_first = np.ones(len(ranked), dtype=np.bool_)
    is_first[1:] = (np.diff(customer[ranked]) != 0) | (np.diff(asset[ranked]) != 0)
    return ranked[is_first]


def _insist_on_plays(frame: pd.DataFrame, settings: DecisionSettings) -> None:
    unknown = sorted(set(frame["play"].unique()) - {play.name for play in settings.plays})
    if unknown:
        raise DecisioningError(
            f"There are motives of `{unknown[0]}`, which is not among the plays that are on.",
            where="motives",
            remedy="Propose and decide with the same settings.",
        )
