"""Boosts: assets that a person favours by an amount per send until a day; the choice ranks by value + boost."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from decisioning.errors import DecisioningError
from decisioning.settings import BoostSettings, DecisionSettings
from forecasting.values import Floats
from graph.view import View


def is_over(boost: BoostSettings, timezone: str, at: datetime) -> bool:
    """Whether its day has begun at a moment."""
    return at.astimezone(ZoneInfo(timezone)).date() >= boost.until


def boosts_that_hold(settings: DecisionSettings, at: datetime) -> tuple[BoostSettings, ...]:
    """Those whose time is not over, in the playbook's order."""
    return tuple(boost for boost in settings.boosts if not is_over(boost, settings.timezone, at))


def boost_of_assets(view: View, settings: DecisionSettings) -> Floats:
    """What each asset is favoured by per send at the view's moment, all boosts of it together, shape (assets,)."""
    return added(view, boosts_that_hold(settings, view.as_of))


def because_of_assets(view: View, settings: DecisionSettings) -> npt.NDArray[np.object_]:
    """Who favours each asset, until when and why; None for the others, shape (assets,)."""
    said: npt.NDArray[np.object_] = np.full(len(view.assets), None, dtype=object)
    boosts = boosts_that_hold(settings, view.as_of)
    for boost, place in zip(boosts, positions_of(view, boosts), strict=True):
        if place >= 0:
            one = f"{boost.by} until {boost.until}: {boost.because}"
            said[place] = one if said[place] is None else f"{said[place]}; {one}"
    return said


def unknown_assets(view: View, settings: DecisionSettings) -> list[DecisioningError]:
    """Boosts that hold for something that is no asset, one error each."""
    boosts = boosts_that_hold(settings, view.as_of)
    keys = [str(key) for key in view.assets.keys]
    found = []
    for boost, place in zip(boosts, positions_of(view, boosts), strict=True):
        if place < 0:
            nearest = difflib.get_close_matches(boost.asset_id, keys, n=1)
            hint = f"Did you mean `{nearest[0]}`?" if nearest else "`warrant query` lists the assets that there are."
            what = f"the boost by {boost.by} favours the asset `{boost.asset_id}`, which is not there."
            found.append(DecisioningError(what, where=boost.where or "boosts", remedy=hint))
    return found


def insist_on_known_assets(view: View, settings: DecisionSettings) -> None:
    """Refuse boosts of what is not there.

    Raises:
        DecisioningError: The first of them.
    """
    for error in unknown_assets(view, settings):
        raise error


def boost_sentences(day: Mapping[str, Any], said: Callable[[float], str]) -> list[str]:
    """What people favour and what that costs, for people.

    Args:
        day: With `boosts` and `boost_cost`, as `summary.summarise` gives them.
        said: An amount in currency, in words.
    """
    told = []
    for boost in day.get("boosts", []):
        sends = f"{boost['sends']:,} send{'' if boost['sends'] == 1 else 's'}"
        losing = f" ({boost['losing']:,} of them expected to bring less than nothing)" if boost["losing"] else ""
        cost = "" if boost["cost"] is None else f", cost {said(boost['cost'])} of margin"
        whose = f"Boost of {boost['asset']} by {boost['by']} until {boost['until']}"
        told.append(f"{whose}: {sends}{losing}{cost}: because {boost['because']}")
    if len(told) > 1 and day["boost_cost"] is not None:
        told.append(f"Together they cost {said(day['boost_cost'])} of margin.")
    return told


def added(view: View, boosts: Sequence[BoostSettings]) -> Floats:
    """What these add to each send of each asset, shape (assets,)."""
    amount = np.zeros(len(view.assets))
    for boost, place in zip(boosts, positions_of(view, boosts), strict=True):
        if place >= 0:
            amount[place] += boost.amount
    return amount


def positions_of(view: View, boosts: Sequence[BoostSettings]) -> npt.NDArray[np.int64]:
    """The place of each boost's asset, -1 where there is none."""
    return view.assets.positions([boost.asset_id for boost in boosts]).astype(np.int64)
