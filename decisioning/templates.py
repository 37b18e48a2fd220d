"""Template limits: a channel that can render only so many different messages a day.

First the day is settled as if there were no such limit. Where more different assets come out than a channel renders,
the assets that stay are chosen one after the other, each time the one that adds most to what customers have at the
day's prices: what a customer gains by an asset is how far it is above the best that they have already (greedy facility
location, at least 63 % of the best choice of so many, usually much nearer). Everything else on the channel is closed,
and the day is settled again. What that loses is reported, and no decision has an asset that cannot be rendered.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from decisioning.allocate import Collapsed, priced
from decisioning.limits import Family, Limits
from decisioning.options import Options
from decisioning.settings import DecisionSettings
from decisioning.settle import Settled, options_of
from forecasting.values import Floats
from graph.view import Positions, View

Flags = npt.NDArray[np.bool_]

TEMPLATES = "templates"


def settle_in_templates(  # noqa: PLR0917 -- what settling takes
    settled_at: Callable[[Limits], Settled],
    limits: Limits,
    view: View,
    settings: DecisionSettings,
    touch_cost: Floats,
    competes: Flags,
    known: Mapping[str, tuple[str, ...]] | None = None,
) -> Settled:
    """The day settled with no more different assets on a channel than it renders.

    Args:
        settled_at: Settles the day within limits.
        limits: All other limits.
        view: Assets and channels.
        settings: How many assets each channel renders.
        touch_cost: Cost of one touch, shape (channels,).
        competes: Who takes part, shape (customers,).
        known: Keys of the assets that each channel rendered when this was first settled, where some of those who took
            part are not here any more; None finds them.
    """
    if known is not None:
        return settled_at((*limits, _closed(view, _opened(view, known), sorted(known))) if known else limits)
    free = settled_at(limits)
    allowed = _allowed(view, settings)
    if (allowed < 0).all():
        return free
    kept = free.kept
    wanted = _different(kept.asset, kept.channel, free.allocation.chosen, len(view.channels))
    if ((allowed < 0) | (wanted <= allowed)).all():
        return free
    value = np.where(kept.is_allowed & competes[kept.customer], kept.value, -np.inf)
    options = options_of(kept, touch_cost, value)
    is_open = chosen_templates(options, priced(options, limits, free.allocation.prices), allowed, len(view.assets))
    limited = np.flatnonzero(allowed >= 0)
    names = [str(view.channels.keys[channel]) for channel in limited]
    within = settled_at((*limits, _closed(view, is_open, names)))
    loss = max(0.0, free.allocation.value - within.allocation.value)
    collapsed = tuple(
        Collapsed(names[place], int(wanted[channel]), int(allowed[channel]), loss)
        for place, channel in enumerate(limited)
        if wanted[channel] > allowed[channel]
    )
    return replace(within, allocation=replace(within.allocation, collapsed=collapsed))


def rendered(view: View, limits: Limits) -> dict[str, tuple[str, ...]]:
    """Keys of the assets that each channel renders, by channel; empty where none had to choose."""
    found = {}
    for family in limits:
        if family.name == TEMPLATES and family.asset_group is not None:
            for place, channel in enumerate(view.channels.positions(np.array(family.asset_names, dtype=object))):
                is_open = family.asset_group[:, channel] != place
                found[family.asset_names[place]] = tuple(str(key) for key in view.assets.keys[is_open])
    return found


def _opened(view: View, known: Mapping[str, tuple[str, ...]]) -> Flags:
    is_open = np.ones((len(view.assets), len(view.channels)), dtype=np.bool_)
    for channel_id, assets in known.items():
        channel = view.channels.positions(np.array([channel_id], dtype=object))[0]
        is_open[:, channel] = np.isin(view.assets.keys.astype(str), assets)
    return is_open


def _closed(view: View, is_open: Flags, channels: Sequence[str]) -> Family:
    """The limits that nothing may be used of: assets that a channel does not render."""
    group = np.full((len(view.assets), len(view.channels)), -1, dtype=np.int32)
    for place, channel in enumerate(view.channels.positions(np.array(channels, dtype=object))):
        group[~is_open[:, channel], channel] = place
    none = np.zeros(len(channels))
    return Family(TEMPLATES, "touches", none, none.copy(), group, asset_names=channels)


def chosen_templates(
    options: Options, worth: Floats, allowed: npt.NDArray[np.int64], asset_count: int
) -> npt.NDArray[np.bool_]:
    """Which assets stay open on which channels, shape (assets, channels).

    Args:
        options: What may be chosen, of all customers.
        worth: What each is worth at the prices, shape (n,).
        allowed: How many assets each channel renders, -1 for any number, shape (channels,).
        asset_count: How many assets there are.
    """
    channels = len(allowed)
    place = options.asset.astype(np.int64) * channels + options.channel
    is_limited = allowed[options.channel] >= 0
    can = np.isfinite(worth)
    is_open = np.zeros(asset_count * channels, dtype=np.bool_)
    left = np.where(allowed >= 0, allowed, 0)
    # At the prices first; where places are left, by value alone, since fewer assets leave more room for each.
    for measure in (worth, options.value):
        has = np.zeros(int(options.customer.max(initial=-1)) + 1)
        known = can & (~is_limited | is_open[place])
        np.maximum.at(has, options.customer[known], measure[known])
        rows = np.flatnonzero(can & is_limited & ~is_open[place])
        while left.any() and len(rows):
            above = measure[rows] - has[options.customer[rows]]
            rows, above = rows[above > 0], above[above > 0]
            rows_open = left[options.channel[rows]] > 0
            rows, above = rows[rows_open], above[rows_open]
            if not len(rows):
                break
            best = int(np.argmax(np.bincount(place[rows], above, minlength=len(is_open))))
            is_open[best] = True
            left[best % channels] -= 1
            mine = rows[place[rows] == best]
            np.maximum.at(has, options.customer[mine], measure[mine])
    return is_open.reshape(asset_count, channels)


def _allowed(view: View, settings: DecisionSettings) -> npt.NDArray[np.int64]:
    stated = {each.channel_id: each.template_limit for each in settings.channels}
    limits = [stated[key] for key in view.channels.keys]
    return np.array([-1 if limit is None else limit for limit in limits], dtype=np.int64)


def _different(
    asset: Positions, channel: Positions, chosen: npt.NDArray[np.int64], channels: int
) -> npt.NDArray[np.int64]:
    """How many different assets are sent on each channel, shape (channels,)."""
    rows = chosen[chosen >= 0]
    different = np.unique(np.column_stack([channel[rows], asset[rows]]), axis=0)
    return np.bincount(different[:, 0], minlength=channels).astype(np.int64)
