"""The day of each channel on each customer's clock: when sending is allowed, and when it is best.

Hours of sending and quiet hours are the customer's local time where the customers' table says it, else the playbook's.
The best hour is the customer's own where the timing forecast knows one, else the channel's. Every (time zone, channel,
hour) is worked out once, whatever the number of customers; a local day of 23 or 25 hours is as long as it is.
"""

from dataclasses import dataclass
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.settings import ChannelSettings, DecisionSettings
from decisioning.times import NEVER, Times, at_local, day_bounds, local_date
from forecasting.values.timing import SendWindows
from graph.view import View

Span = tuple[np.datetime64, np.datetime64]

HOURS_PER_DAY = 24
CHANNELS_HOUR = HOURS_PER_DAY
"""Stands for the channel's own hour where a customer has none."""

LAST_MINUTE = np.timedelta64(60_000_000, "us")


@dataclass(frozen=True, eq=False)
class ChannelDays:
    """When each customer may be sent something on each channel within one day, and when that is best.

    Attributes:
        day: Start and end (excluded) of the day, never before as-of.
        zones: The distinct time zones; None for one that does not exist.
        zone_of: Which of them each customer has, shape (customers,).
        spans: Stretches in which sending is allowed, in order; the end is excluded, and what fills the last axis but
            one where there are fewer is empty. Shape (zones, channels, spans, 2), naive UTC datetime64[us].
        preferred: When to send if nothing else matters; no send is earlier. As-of where the day has no allowed hour.
            Shape (customers, channels), naive UTC datetime64[us]; `.view("int64")` is microseconds.
        is_personal: Whose hours are their own, by the timing forecast, shape (customers,).
    """

    day: Span
    zones: tuple[ZoneInfo | None, ...]
    zone_of: npt.NDArray[np.int64]
    spans: Times
    preferred: Times
    is_personal: npt.NDArray[np.bool_]

    def first_allowed(
        self, customer: npt.NDArray[np.integer], channel: npt.NDArray[np.integer], earliest: Times, latest: Times
    ) -> Times:
        """The first allowed moment in [earliest, latest) for each customer and channel, NaT without one, shape (n,).

        Args:
            customer: Positions of customers, shape (n,).
            channel: Positions of channels, shape (n,).
            earliest: Shape (n,).
            latest: Shape (n,).
        """
        found = np.full(len(customer), NEVER)
        zone = self.zone_of[customer]
        for number in range(self.spans.shape[2]):
            starts, ends = (self.spans[zone, channel, number, side] for side in (0, 1))
            at = np.maximum(earliest, starts)
            found = np.where(np.isnat(found) & (at < np.minimum(latest, ends)), at, found)
        return found


def channel_days(
    view: View, settings: DecisionSettings, as_of: np.datetime64, timing: SendWindows | None = None
) -> ChannelDays:
    """The day that as-of lies in, for every customer and channel.

    Args:
        view: Customers, who may have a `timezone`, and channels.
        settings: Hours of the channels; the playbook's time zone.
        as_of: The moment the run knows the world at; nothing is sent before.
        timing: The best hours of customers; who is not in it is sent to at the channel's hour.
    """
    zones, zone_of = customer_zones(view, settings)
    channels = [_channel(settings, channel_id) for channel_id in view.channels.keys]
    day = day_bounds(as_of, ZoneInfo(settings.timezone))
    within = (max(as_of, day[0]), day[1])
    hours = _hours(view, timing)
    wanted = np.unique(hours)
    preferred = np.empty((max(1, len(zones)), len(channels), CHANNELS_HOUR + 1), dtype="datetime64[us]")
    spans = [[allowed_spans(channel, zone, within) for channel in channels] for zone in zones]
    for number, zone in enumerate(zones):
        for place, channel in enumerate(channels):
            for hour in wanted:
                clock = channel.send_hour if hour == CHANNELS_HOUR else int(hour)
                preferred[number, place, hour] = _best_time(clock, zone, day, spans[number][place])
    return ChannelDays(
        day=within,
        zones=tuple(zones),
        zone_of=zone_of,
        spans=_padded(spans, within[1], len(channels)),
        preferred=preferred[zone_of, :, hours],
        is_personal=hours != CHANNELS_HOUR,
    )


def customer_zones(view: View, settings: DecisionSettings) -> tuple[list[ZoneInfo | None], npt.NDArray[np.int64]]:
    """The distinct time zones of the customers, and which of them each customer has.

    None is a time zone that does not exist: nobody knows when quiet hours are there.
    """
    frame = view.customers.frame
    if "timezone" not in frame.columns:
        return [ZoneInfo(settings.timezone)], np.zeros(len(frame), dtype=np.int64)
    zone_of, names = pd.factorize(frame["timezone"].fillna(settings.timezone).astype(str), sort=True)
    return [_zone(str(name)) for name in names], np.asarray(zone_of, dtype=np.int64)


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


def _hours(view: View, timing: SendWindows | None) -> npt.NDArray[np.int64]:
    """Each customer's best hour of the day, `CHANNELS_HOUR` where nothing is known of it, shape (customers,)."""
    hours = np.full(len(view.customers), CHANNELS_HOUR, dtype=np.int64)
    if timing is None:
        return hours
    place = view.customers.positions(timing.customer_id)
    known = place >= 0
    hours[place[known]] = timing.hour_of_week[known] % HOURS_PER_DAY
    return hours


def _best_time(hour: int, zone: ZoneInfo | None, day: Span, spans: list[Span]) -> np.datetime64:
    """The hour on the customer's clock, else the next allowed moment, else the last allowed minute."""
    if zone is None or not spans:
        return spans[0][0] if spans else day[0]
    first = local_date(day[0], zone)
    hours = [at_local(first + timedelta(days=ahead), time(hour), zone) for ahead in (0, 1)]
    wanted = next((at for at in hours if day[0] <= at < day[1]), day[0])
    after = [max(start, wanted) for start, end in spans if wanted < end]
    return after[0] if after else max(spans[-1][0], spans[-1][1] - LAST_MINUTE)


def _padded(spans: list[list[list[Span]]], end: np.datetime64, channels: int) -> Times:
    """Spans as one array, filled up with empty ones at the day's end."""
    most = max((len(each) for of_zone in spans for each in of_zone), default=0)
    padded = np.full((max(1, len(spans)), channels, most, 2), end, dtype="datetime64[us]")
    for number, of_zone in enumerate(spans):
        for place, each in enumerate(of_zone):
            if each:
                padded[number, place, : len(each)] = np.array(each)
    return padded


def _quiet_spans(quiet_from: time, quiet_until: time, zone: ZoneInfo, within: Span) -> list[Span]:
    first, last = local_date(within[0], zone) - timedelta(days=1), local_date(within[1], zone)
    return [
        _quiet_span(first + timedelta(days=ahead), quiet_from, quiet_until, zone)
        for ahead in range((last - first).days + 1)
    ]


def _quiet_span(day: date, quiet_from: time, quiet_until: time, zone: ZoneInfo) -> Span:
    end_day = day if quiet_from < quiet_until else day + timedelta(days=1)
    return at_local(day, quiet_from, zone), at_local(end_day, quiet_until, zone, is_second=True)


def _channel(settings: DecisionSettings, channel_id: str) -> ChannelSettings:
    return next(each for each in settings.channels if each.channel_id == channel_id)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None
