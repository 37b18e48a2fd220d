"""When: each channel's hour of sending outside quiet hours, and the sliding-window caps on touches.

A send belongs to the local day of as-of in the playbook's time zone (the daily slot) and expires with it. Hours of
sending and quiet hours are the customer's local time where the customers' table says it, else the playbook's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.candidates import Candidates
from decisioning.policies.columns import AttributeTable
from decisioning.policies.compile import Cap, CompiledPolicies
from decisioning.policies.screen import counted
from decisioning.settings import ChannelSettings, DecisionSettings
from decisioning.subjects import asset_window
from decisioning.times import NEVER, Times, at_local, day_bounds, days, local_date, naive
from graph.view import View

Flags = npt.NDArray[np.bool_]
Span = tuple[np.datetime64, np.datetime64]

LAST_MINUTE = np.timedelta64(60_000_000, "us")


@dataclass(frozen=True, eq=False)
class Schedule:
    """What may be sent when.

    Attributes:
        send_at: When each candidate would be sent; NaT where no hour of the day is allowed, shape (n,).
        expires_at: From when on it must not be sent any more, shape (n,).
    """

    send_at: Times
    expires_at: Times

    @property
    def is_possible(self) -> Flags:
        """Whether the day has an hour for the candidate."""
        return ~np.isnat(self.send_at)


def schedule(
    view: View,
    candidates: Candidates,
    settings: DecisionSettings,
    *,
    starts_at: Times,
    until: Times,
    as_of: np.datetime64,
) -> Schedule:
    """The best time of every candidate.

    The channel's time of the day, or the first allowed moment after it within the motive's window and the asset's and
    offer's dates. Never before as-of, and never before the channel's time, since caps are counted up to that.

    Args:
        view: The view.
        candidates: The candidates, n of them.
        settings: Channels with their hours; the playbook's time zone.
        starts_at: From when on each candidate's motive holds, shape (n,).
        until: Until when (excluded), shape (n,).
        as_of: The moment the run knows the world at.
    """
    zones, zone_of = customer_zones(view, settings)
    day = day_bounds(as_of, ZoneInfo(settings.timezone))
    opens, closes = asset_window(view)
    earliest = np.maximum(np.maximum(starts_at, as_of), _or(opens, as_of)[candidates.asset])
    expires_at = np.minimum(np.minimum(until, day[1]), _or(closes, day[1])[candidates.asset])
    send_at = np.full(len(candidates), NEVER)
    for place, channel_id in enumerate(view.channels.keys):
        channel = _channel(settings, channel_id)
        for number, zone in enumerate(zones):
            here = np.flatnonzero((candidates.channel == place) & (zone_of[candidates.customer] == number))
            spans = allowed_spans(channel, zone, (max(as_of, day[0]), day[1]))
            normal = _time_of_channel(channel, zone, day, spans)
            send_at[here] = _first_allowed(np.maximum(earliest[here], normal), expires_at[here], spans)
    return Schedule(send_at, expires_at)


def earliest_sends(view: View, settings: DecisionSettings, as_of: np.datetime64) -> Times:
    """Each channel's time of the day on each customer's clock, shape (customers, channels); no send is earlier.

    Windows of caps end here. Where the day has no allowed hour it is as-of.
    """
    zones, zone_of = customer_zones(view, settings)
    day = day_bounds(as_of, ZoneInfo(settings.timezone))
    by_zone = np.empty((max(1, len(zones)), len(view.channels)), dtype="datetime64[us]")
    for place, channel_id in enumerate(view.channels.keys):
        channel = _channel(settings, channel_id)
        for number, zone in enumerate(zones):
            spans = allowed_spans(channel, zone, (max(as_of, day[0]), day[1]))
            by_zone[number, place] = _time_of_channel(channel, zone, day, spans)
    return by_zone[zone_of]


def customer_zones(view: View, settings: DecisionSettings) -> tuple[list[ZoneInfo | None], npt.NDArray[np.int64]]:
    """The distinct time zones of the customers, and which of them each customer has.

    None is a time zone that does not exist: nobody knows when quiet hours are there.
    """
    frame = view.customers.frame
    if "timezone" not in frame.columns:
        return [ZoneInfo(settings.timezone)], np.zeros(len(frame), dtype=np.int64)
    stated = frame["timezone"].to_numpy(dtype=object)
    names = np.where(pd.isna(stated), settings.timezone, stated).astype(str)
    distinct, zone_of = np.unique(names, return_inverse=True)
    return [_zone(str(name)) for name in distinct], zone_of.astype(np.int64)


def allowed_spans(channel: ChannelSettings, zone: ZoneInfo | None, within: Span) -> list[Span]:
    """The stretches of `within` that are outside the channel's quiet hours, in order; ends are excluded.

    Quiet hours from one time to the same time last all day. A local time that comes twice counts as quiet both times.
    """
    if channel.quiet_from is None or channel.quiet_until is None:
        return [within]
    if zone is None or channel.quiet_from == channel.quiet_until:
        return []
    spans, start = [], within[0]
    for quiet_start, quiet_end in sorted(_quiet_spans(channel.quiet_from, channel.quiet_until, zone, within)):
        if quiet_start > start:
            spans.append((start, min(quiet_start, within[1])))
        start = max(start, quiet_end)
    if start < within[1]:
        spans.append((start, within[1]))
    return [span for span in spans if span[0] < span[1]]


def caps_reached(
    compiled: CompiledPolicies, asset_side: AttributeTable, touches: pd.DataFrame, view: View, sends_at: Times
) -> Mapping[str, Flags]:
    """Where each cap is reached, as the values of `cap.<id>.reached`, each of shape (customers, channels).

    A touch at t counts for a send at s when s - t is less than the cap's days, exact to the microsecond; after exactly
    that long it does not. A touch still to come at t counts in every window of those days that holds it and the send:
    the cap is reached when any such window is full. One whose asset or channel is unknown counts for every cap.

    Args:
        compiled: The policies, for their caps.
        asset_side: The attributes of assets × channels, for what a cap counts.
        touches: What was sent before, by anyone, and what is planned: customer_id, channel_id, sent_at, asset_id (None
            when not known).
        view: The view.
        sends_at: When the next send would be, shape (customers, channels).
    """
    customer = view.customers.positions(touches["customer_id"].to_numpy(dtype=object))
    ours = np.flatnonzero(customer >= 0)
    customer, sent_at = customer[ours], naive(touches["sent_at"])[ours]
    asset = _positions_or_unknown(view.assets.positions, touches, "asset_id")[ours]
    channel = _positions_or_unknown(view.channels.positions, touches, "channel_id")[ours]
    is_known = (asset >= 0) & (channel >= 0)
    reached = {}
    for cap in compiled.caps:
        counts = ~is_known | counted(cap, asset_side)[asset, channel]
        reached[f"cap.{cap.identifier}.reached"] = _is_reached(cap, customer[counts], sent_at[counts], sends_at)
    return reached


def _is_reached(cap: Cap, customer: npt.NDArray[np.int32], sent_at: Times, sends_at: Times) -> Flags:
    window = days(cap.days)
    reached = np.zeros(sends_at.shape, dtype=np.bool_)
    for channel in range(sends_at.shape[1]):
        send = sends_at[customer, channel]
        is_before = (sent_at <= send) & (send - sent_at < window)
        reached[:, channel] = np.bincount(customer[is_before], minlength=len(sends_at)) >= cap.count
        to_come = np.flatnonzero((sent_at > send) & (sent_at - send < window))
        is_full = _in_window_up_to(to_come, customer, sent_at, window) >= cap.count
        reached[customer[to_come[is_full]], channel] = True
    return reached


def _in_window_up_to(
    ends: npt.NDArray[np.intp], customer: npt.NDArray[np.int32], sent_at: Times, window: np.timedelta64
) -> npt.NDArray[np.intp]:
    """How many touches of the same customer lie in the window that ends with each touch of `ends`, itself included."""
    if not len(ends):
        return np.zeros(0, dtype=np.intp)
    # ranks instead of microseconds, so that customer and time fit one sortable integer
    moments, rank = np.unique(np.concatenate([sent_at, sent_at[ends] - window]), return_inverse=True)
    key = customer.astype(np.int64) * len(moments)
    at = np.sort(key + rank[: len(sent_at)])
    last = np.searchsorted(at, key[ends] + rank[ends], side="right")
    before = np.searchsorted(at, key[ends] + rank[len(sent_at) :], side="right")
    return np.asarray(last - before, dtype=np.intp)


def _positions_or_unknown(find: Any, touches: pd.DataFrame, column: str) -> npt.NDArray[np.int32]:
    if column not in touches.columns:
        return np.full(len(touches), -1, dtype=np.int32)
    return np.asarray(find(touches[column].to_numpy(dtype=object)), dtype=np.int32)


def _first_allowed(earliest: Times, latest: Times, spans: list[Span]) -> Times:
    """The first moment in [earliest, latest) that is in one of the spans, NaT where there is none."""
    found = np.full(len(earliest), NEVER)
    for start, end in spans:
        at = np.maximum(earliest, start)
        found = np.where(np.isnat(found) & (at < np.minimum(latest, end)), at, found)
    return found


def _time_of_channel(channel: ChannelSettings, zone: ZoneInfo | None, day: Span, spans: list[Span]) -> np.datetime64:
    """The channel's hour on the customer's clock, else the next allowed moment, else the last allowed minute."""
    if zone is None or not spans:
        return spans[0][0] if spans else day[0]
    first = local_date(day[0], zone)
    hours = [at_local(first + timedelta(days=ahead), time(channel.send_hour), zone) for ahead in (0, 1)]
    wanted = next((hour for hour in hours if day[0] <= hour < day[1]), day[0])
    after = [max(start, wanted) for start, end in spans if wanted < end]
    return after[0] if after else max(spans[-1][0], spans[-1][1] - LAST_MINUTE)


def _quiet_spans(quiet_from: time, quiet_until: time, zone: ZoneInfo, within: Span) -> list[Span]:
    first, last = local_date(within[0], zone) - timedelta(days=1), local_date(within[1], zone)
    return [
        _quiet_span(first + timedelta(days=ahead), quiet_from, quiet_until, zone)
        for ahead in range((last - first).days + 1)
    ]


def _quiet_span(day: date, quiet_from: time, quiet_until: time, zone: ZoneInfo) -> Span:
    end_day = day if quiet_from < quiet_until else day + timedelta(days=1)
    return at_local(day, quiet_from, zone), at_local(end_day, quiet_until, zone, is_second=True)


def _or(times: Times, otherwise: np.datetime64) -> Times:
    return np.where(np.isnat(times), otherwise, times)


def _channel(settings: DecisionSettings, channel_id: str) -> ChannelSettings:
    return next(each for each in settings.channels if each.channel_id == channel_id)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None
