"""The limits of a day: channels, money, campaigns, and whatever else the playbook lists, as families of limits."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.errors import DecisioningError
from decisioning.experiments import is_held_out
from decisioning.limit_windows import days_left, outstanding, taken_before
from decisioning.limits import Family, Limits, less
from decisioning.policies.screen import select
from decisioning.screening import attributes_of, customer_table
from decisioning.settings import DecisionSettings, LimitSettings
from forecasting.values import Floats
from graph.view import Positions, View

Flags = npt.NDArray[np.bool_]
Grouping = tuple[Positions | None, list[str]]
"""The group of each, -1 where it does not count, and what the groups are called; None for one group of all."""

BY_CUSTOMER = {"account": "account_id", "household": "household_id", "customer": "key"}
BY_ASSET = ("asset", "offer", "campaign", "channel")
EACH = (*BY_CUSTOMER, *BY_ASSET)


def limits_of(
    view: View,
    settings: DecisionSettings,
    touches: pd.DataFrame | None = None,
    as_of: datetime | None = None,
    *,
    is_event_run: bool = False,
) -> Limits:
    """All limits of a day, less what has been used of them.

    Args:
        view: Whose customers, assets and channels they hold for.
        settings: What the playbook states.
        touches: What was sent, and what others are going to send: customer_id, channel_id, asset_id, sent_at, and cost,
            expected_cost and liability where known. It uses limits up first.
        as_of: The moment of the run; the local day that begins or goes on then is the day. That of the view by default.
        is_event_run: Whether the share that is kept for such runs may be used.

    Raises:
        DecisioningError: A limit names something that the view does not know.
        PolicyError: A limit's audience is wrong.
    """
    moment = as_of or view.as_of
    stated = [(family, limit.per, limit) for limit in settings.limits if (family := _stated(view, settings, limit))]
    limits = (*_channels(view, settings), *_campaigns(view))
    per = ["day"] * len(limits)
    per[len(limits) - len(_campaigns(view)) :] = _campaign_windows(view)
    families = (*limits, *(family for family, _, _ in stated))
    windows = [*per, *(window for _, window, _ in stated)]
    left = _left(view, settings, families, windows, touches, moment)
    kept = 0.0 if is_event_run else settings.kept_share
    return tuple(_without_share(family, kept) for family in left) if kept else left


def _left(  # noqa: PLR0917 -- each says something of its own
    view: View,
    settings: DecisionSettings,
    families: Limits,
    windows: Sequence[str],
    touches: pd.DataFrame | None,
    moment: datetime,
) -> Limits:
    """Each limit less what its window has used up; of a month's budget, a day's share of what is left."""
    found = []
    for family, window in zip(families, windows, strict=True):
        rest = family
        if touches is not None and len(touches):
            seen = outstanding(touches) if window == "standing" else touches
            used = taken_before(view, family, seen, window=window, at=moment, timezone=settings.timezone)
            (rest,) = less((family,), (used,))
        found.append(_paced(rest, days_left(moment, settings.timezone)) if window == "month" else rest)
    return tuple(found)


def _paced(family: Family, days: int) -> Family:
    """A day's share; at least one whole touch of what is left, or a small month's limit would never be used."""
    share = family.most / days
    if family.unit == "touches":
        share = np.where(np.isfinite(share), np.ceil(np.where(np.isfinite(share), share, 0.0)), share)
    return _with(family, share, family.least / days)


def _without_share(family: Family, kept: float) -> Family:
    return _with(family, family.most * (1.0 - kept), np.minimum(family.least, family.most * (1.0 - kept)))


def _with(family: Family, most: Floats, least: Floats) -> Family:
    from dataclasses import replace

    return replace(family, most=most, least=least)


# ---- channels and money


def _channels(view: View, settings: DecisionSettings) -> Limits:
    """Capacity and money of each channel, and money over all of them."""
    stated = {each.channel_id: each for each in settings.channels}
    channels = [stated[key] for key in view.channels.keys]
    capacity = [None if each.capacity is None else float(each.capacity) for each in channels]
    families = []
    for name, unit, amounts in (
        ("capacity", "touches", capacity),
        ("budget", "money", [each.budget for each in channels]),
    ):
        place = np.array([at for at, amount in enumerate(amounts) if amount is not None], dtype=np.int64)
        if len(place):
            of_channel = np.full(len(channels), -1, dtype=np.int32)
            of_channel[place] = np.arange(len(place))
            most = np.array([amounts[at] for at in place], dtype=np.float64)
            group = np.tile(of_channel, (len(view.assets), 1))
            names = [str(view.channels.keys[at]) for at in place]
            families.append(Family(name, unit, most, np.zeros(len(place)), group, asset_names=names))  # type: ignore[arg-type]
    if settings.budget is not None:
        families.append(Family("budget", "money", np.array([settings.budget]), np.zeros(1), asset_names=["total"]))
    return tuple(families)


def _campaigns(view: View) -> Limits:
    """What campaigns may spend on touches: in all, and in a day."""
    frame = view.campaigns.frame
    families = []
    for column, name in (("budget", "campaign budget"), ("daily_cap", "campaign daily cap")):
        if column not in frame.columns or not len(frame):
            continue
        amounts = frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
        place = np.flatnonzero(~np.isnan(amounts))
        if len(place):
            group = _subset(_campaign_of(view), place, len(frame))
            names = [str(key) for key in view.campaigns.keys[place]]
            families.append(
                Family(name, "money", amounts[place], np.zeros(len(place)), _on_all(view, group), asset_names=names)
            )
    return tuple(families)


def _campaign_windows(view: View) -> list[str]:
    return ["all" if family.name == "campaign budget" else "day" for family in _campaigns(view)]


def _campaign_of(view: View) -> Positions:
    """Position of each asset's campaign, -1 without one."""
    frame = view.assets.frame
    if "campaign_id" not in frame.columns:
        return np.full(len(frame), -1, dtype=np.int32)
    return view.campaigns.positions(frame["campaign_id"].to_numpy(dtype=object))


def _subset(group: Positions, kept: npt.NDArray[np.int64], count: int) -> Positions:
    """Groups numbered anew: only those kept count."""
    renumbered = np.full(count + 1, -1, dtype=np.int32)
    renumbered[kept] = np.arange(len(kept), dtype=np.int32)
    return renumbered[group]


def _on_all(view: View, of_asset: Positions) -> Positions:
    return np.repeat(of_asset[:, np.newaxis], len(view.channels), axis=1)


# ---- what the playbook lists


def _stated(view: View, settings: DecisionSettings, limit: LimitSettings) -> Family | None:
    """One entry of the playbook's limits; None where it holds for nobody and nothing."""
    asset_group, asset_names = _asset_grouping(view, limit)
    customer_group, customer_names = _customer_grouping(view, settings, limit)
    if not asset_names or not customer_names:
        return None
    count = len(asset_names) * len(customer_names)
    owners = customer_names if limit.each in BY_CUSTOMER else asset_names
    repeat = len(asset_names) if limit.each in BY_CUSTOMER else 1
    _insist_on_names(limit, owners)
    usual = np.inf if limit.most is None else float(limit.most)
    most = np.repeat(np.array([float(limit.amounts.get(name, usual)) for name in owners]), repeat)
    return Family(
        limit.name,
        limit.unit,
        most,
        np.full(count, float(limit.least)),
        asset_group,
        customer_group,
        asset_names if limit.each in BY_ASSET else ["" for _ in asset_names],
        customer_names if limit.each in BY_CUSTOMER else ["" for _ in customer_names],
    )


def _insist_on_names(limit: LimitSettings, owners: Sequence[str]) -> None:
    unknown = sorted(set(limit.amounts) - set(owners))
    if unknown:
        raise DecisioningError(
            f"The limit `{limit.name}` has an amount for `{unknown[0]}`, which it does not hold for.",
            where=limit.where or "limits",
            remedy=f"Name a key of {limit.each}, or take it out.",
        )


def _asset_grouping(view: View, limit: LimitSettings) -> Grouping:
    """Groups of assets on channels, shape (assets, channels)."""
    assets, channels = len(view.assets), len(view.channels)
    counts = _chosen(view, limit)
    if limit.each not in BY_ASSET:
        return (None if counts.all() else np.where(counts, 0, -1).astype(np.int32)), [""]
    if limit.each == "channel":
        group, keys = np.tile(np.arange(channels, dtype=np.int32), (assets, 1)), view.channels.keys
    else:
        of_asset, keys = {
            "asset": (np.arange(assets, dtype=np.int32), view.assets.keys),
            "offer": (view.assets.frame["offer"].to_numpy(dtype=np.int32), view.offers.keys),
            "campaign": (_campaign_of(view), view.campaigns.keys),
        }[limit.each]
        group = _on_all(view, of_asset)
    group = np.where(counts, group, -1).astype(np.int32)
    present = np.unique(group[group >= 0]).astype(np.int64)
    return _subset(group, present, len(keys)), [str(key) for key in keys[present]]


def _chosen(view: View, limit: LimitSettings) -> Flags:
    """Which assets on which channels a limit counts, shape (assets, channels)."""
    frame = view.assets.frame
    counts = np.ones((len(frame), len(view.channels)), dtype=np.bool_)
    if limit.channels:
        counts &= _known(view.channels.keys, limit.channels, limit, "channel")[np.newaxis, :]
    if limit.assets:
        counts &= _known(view.assets.keys, limit.assets, limit, "asset")[:, np.newaxis]
    if limit.kinds:
        counts &= np.isin(frame["kind"].to_numpy(dtype=object).astype(str), limit.kinds)[:, np.newaxis]
    if limit.campaigns:
        known = _known(view.campaigns.keys, limit.campaigns, limit, "campaign")
        counts &= np.append(known, False)[_campaign_of(view)][:, np.newaxis]
    if limit.offers:
        offer = frame["offer"].to_numpy(dtype=np.int32)
        any_offer = limit.offers == ("any",)
        known = (
            np.ones(len(view.offers), np.bool_) if any_offer else _known(view.offers.keys, limit.offers, limit, "offer")
        )
        counts &= np.append(known, False)[offer][:, np.newaxis]
    return counts


def _known(keys: npt.NDArray[np.object_], wanted: Sequence[str], limit: LimitSettings, what: str) -> Flags:
    unknown = sorted(set(wanted) - {str(key) for key in keys})
    if unknown:
        raise DecisioningError(
            f"The limit `{limit.name}` is about the {what} `{unknown[0]}`, which is not there.",
            where=limit.where or "limits",
            remedy=f"Name {what}s that exist, or take the limit out.",
        )
    return np.isin(keys.astype(str), list(wanted))


def _customer_grouping(view: View, settings: DecisionSettings, limit: LimitSettings) -> Grouping:
    """Groups of customers, shape (customers,)."""
    members = _members(view, settings, limit)
    if limit.each not in BY_CUSTOMER:
        return (None if members is None else np.where(members, 0, -1).astype(np.int32)), [""]
    frame, column = view.customers.frame, BY_CUSTOMER[limit.each]
    if column not in frame.columns:
        return None, []
    owner = frame[column].to_numpy(dtype=object)
    counts = ~np.asarray(pd.isna(owner)) if members is None else members & ~np.asarray(pd.isna(owner))
    codes, names = pd.factorize(pd.Series(owner, dtype=object).where(counts, None), sort=True)
    return codes.astype(np.int32), [str(name) for name in names]


def _members(view: View, settings: DecisionSettings, limit: LimitSettings) -> Flags | None:
    if limit.audience is None:
        return None
    held_out = is_held_out(view, share=settings.holdout_share, salt=settings.holdout_salt)
    customers = customer_table(view, attributes_of(view), held_out)
    where = limit.where or f"audience {limit.audience}"
    return np.asarray(select(settings.audiences[limit.audience], customers, where=where), dtype=np.bool_)
