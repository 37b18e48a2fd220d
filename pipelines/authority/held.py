"""Which of what is about to leave is held, by which hold, and who must agree."""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd

from decisioning.gather import gather
from decisioning.screening import is_service
from graph.view import View
from pipelines.authority.holds import AUTONOMY, EVERYTHING, NAMED, PROMOTIONS, Hold

STOPPED: Final = "paused:"
HELD: Final = "held: needs"


def about_sends(sends: pd.DataFrame, view: View) -> pd.DataFrame:
    """What each send is about, a column per kind of scope, and whether it promotes.

    Args:
        sends: Decision records: customer_id, asset_id, channel_id, play, remit.
        view: What they were decided from.
    """
    asset = view.assets.positions(sends["asset_id"].to_numpy(dtype=object))
    customer = view.customers.positions(sends["customer_id"].to_numpy(dtype=object))
    campaign = view.assets.frame["campaign_id"].to_numpy(dtype=object)
    workplace = np.full(len(view.customers), None, dtype=object)
    workplace[view.workplaces.sources] = view.accounts.keys[view.workplaces.targets]
    return pd.DataFrame(
        {
            "agent": sends["remit"],
            "channel": sends["channel_id"],
            "campaign": gather(campaign, asset, None),
            "play": sends["play"],
            "account": gather(workplace, customer, None),
            "customer": sends["customer_id"],
            "is_promotion": ~gather(is_service(view), asset, missing=False),
        },
        index=sends.index,
    )


def about_actions(actions: pd.DataFrame) -> pd.DataFrame:
    """The same of actions beyond messages; none of them promotes by itself."""
    nothing = pd.Series(None, index=actions.index, dtype=object)
    kinds = {name: actions.get(f"{name}_id", nothing) for name in ("channel", "campaign", "account", "customer")}
    return pd.DataFrame({"agent": nothing, "play": nothing, **kinds, "is_promotion": False}, index=actions.index)


def stopped_by(holds: Iterable[Hold], about: pd.DataFrame) -> "pd.Series[Any]":
    """Why each may not leave at all, the first hold in order of scope that stops it; None where none does."""
    reasons: pd.Series[Any] = pd.Series(None, index=about.index, dtype=object)
    for hold in holds:
        if hold.mode == "stop":
            reasons[reasons.isna() & _is_in(hold, about)] = f"{STOPPED} {hold.scope}"
    return reasons


def asked_by(holds: Iterable[Hold], about: pd.DataFrame) -> "pd.Series[Any]":
    """Who wants to be asked about each first, joined by commas; None where nobody does."""
    who: pd.Series[Any] = pd.Series(None, index=about.index, dtype=object)
    for hold in holds:
        if hold.mode == "ask":
            here = _is_in(hold, about)
            who[here] = [f"{before}, {hold.by}" if isinstance(before, str) else hold.by for before in who[here]]
    return who


def _is_in(hold: Hold, about: pd.DataFrame) -> "pd.Series[bool]":
    if hold.scope in (EVERYTHING, AUTONOMY):
        return pd.Series(True, index=about.index)
    if hold.scope == PROMOTIONS:
        return about["is_promotion"].astype(bool)
    kind, _, key = hold.scope.partition("/")
    if kind not in NAMED:  # written by a newer version: what it may mean is held
        return pd.Series(True, index=about.index)
    return (about[kind] == key).astype(bool)
