"""Candidates: motives × the assets that answer them × the channels that these fit.

Which assets answer a motive is in `decisioning.answers`. A play's `answers` narrow them to kinds of assets, and name
assets that answer whatever they are about. What has ended, by itself or with its offer, is no content any more.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.answers import Answers
from decisioning.errors import DecisioningError
from decisioning.motives import Motives
from decisioning.plays import play_named
from decisioning.settings import DecisionSettings
from decisioning.subjects import asset_coverage, expanded
from graph.view import Positions, View


@dataclass(frozen=True, eq=False)
class Candidates:
    """What could be said to whom and where, once per (customer, asset, channel), sorted by these.

    Attributes:
        customer: Position of the customer, shape (n,).
        asset: Position of the asset.
        channel: Position of the channel.
        motive: Row of the best motive for it in `Motives.table`: one that leads with something, then the strongest,
            then the play that the playbook names first, then the first subject.
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
    frame = motives.table
    customer = motives.customers(view)
    coverage = asset_coverage(view)
    parts = []
    for order, play_settings in enumerate(settings.plays):
        rows = np.flatnonzero((frame["play"] == play_settings.name).to_numpy())
        answers = Answers(play_named(play_settings.name), view, coverage, play_settings)
        place, asset = answers.pairs(frame["subject"].to_numpy(dtype=object)[rows], customer[rows])
        parts.append(_Answered(rows[place], asset, np.full(len(place), order, dtype=np.int64)))
    insist_on_plays(frame, settings)
    found = _Answered.together(parts)
    # a motive with an order of its messages speaks for them before any other
    strength = (frame["strength"] + frame["leads_with"].notna()).to_numpy(dtype=np.float64)[found.motive]
    best = _best_motive(customer[found.motive], found.asset, strength, found.order, found.motive)
    motive, asset = found.motive[best], found.asset[best]
    owner, links = expanded(view.asset_channels, asset)
    return Candidates(
        customer=customer[motive][owner],
        asset=asset[owner],
        channel=view.asset_channels.targets[links],
        motive=motive[owner],
    )


@dataclass(frozen=True, eq=False)
class _Answered:
    """Pairs of a motive's row and an asset that answers it, and the place of the play among the plays."""

    motive: npt.NDArray[np.int64]
    asset: Positions
    order: npt.NDArray[np.int64]

    @classmethod
    def together(cls, parts: "list[_Answered]") -> "_Answered":
        """All of them, in their order."""
        none = cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64))
        every = [none, *parts]
        return cls(
            np.concatenate([part.motive for part in every]),
            np.concatenate([part.asset for part in every]),
            np.concatenate([part.order for part in every]),
        )


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


def insist_on_plays(frame: pd.DataFrame, settings: DecisionSettings) -> None:
    """Refuse motives of a play that is off.

    Raises:
        DecisioningError: Names the play.
    """
    unknown = sorted(set(frame["play"].unique()) - {play.name for play in settings.plays})
    if unknown:
        raise DecisioningError(
            f"There are motives of `{unknown[0]}`, which is not among the plays that are on.",
            where="motives",
            remedy="Propose and decide with the same settings.",
        )
