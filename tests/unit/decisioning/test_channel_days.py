from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisioning.channel_days import ChannelDays, allowed_spans, channel_days
from decisioning.policies.builtin import SENDING_HOURS
from decisioning.settings import ChannelSettings, PolicySpecification
from decisioning.times import moment, to_datetime
from tests.unit.decisioning.world import World

ZONES = ("America/New_York", "Europe/Berlin", "Asia/Tokyo", "Pacific/Auckland", "America/St_Johns", "Asia/Kolkata")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def days(world: World) -> ChannelDays:
    timing = world.send_windows() if world.best_hours else None
    return channel_days(world.view(), world.settings(), moment(world.as_of), timing)


def test_a_customer_is_sent_to_at_their_own_best_hour_and_the_others_at_the_channels(shop: World) -> None:
    shop.channel("email", send_hour=11).customer("2").rhythm("2", "MILK").best_hour("2", 20, weekday=3)
    records = shop.decide().records.set_index("customer_id")
    assert records.loc["1", "send_at"] == utc(2017, 11, 13, 16)
    assert records.loc["2", "send_at"] == utc(2017, 11, 14, 1), "20:00 in New York, whichever day of the week it is"
    assert days(shop).is_personal.tolist() == [False, True]


def test_a_best_hour_is_one_of_the_customers_own_clock(shop: World) -> None:
    shop.customer("1", timezone="America/Los_Angeles").best_hour("1", 7)
    assert shop.record("1")["send_at"] == utc(2017, 11, 13, 15)


def test_a_best_hour_within_quiet_hours_becomes_the_next_allowed_moment(shop: World) -> None:
    shop.channel("email", quiet_from=time(21), quiet_until=time(8)).best_hour("1", 6)
    assert shop.record("1")["send_at"] == utc(2017, 11, 13, 13)
    shop.best_hour("1", 22)
    assert shop.record("1")["send_at"] == utc(2017, 11, 14, 1, 59), "the last minute before they begin"


def test_a_best_hour_of_somebody_unknown_is_nobodys(shop: World) -> None:
    shop.best_hour("stranger", 20)
    assert shop.record("1")["send_at"] == utc(2017, 11, 13, 14)


def test_a_cap_is_counted_up_to_the_customers_own_hour(shop: World) -> None:
    """A touch at noon a week ago is far enough away from a send in the evening, not from one in the morning."""
    shop.options["policies"] = (PolicySpecification("at-most", "cap", "Enough.", count=1, days=7),)
    shop.touch("1", "email", utc(2017, 11, 6, 17)).best_hour("1", 11)
    assert shop.record("1")["none_reason"] == "refused by policy: at-most"
    assert shop.best_hour("1", 12).record("1")["verb"] == "send", "after exactly seven days"
    shop.touches[0]["sent_at"] += timedelta(seconds=1)
    assert shop.record("1")["none_reason"] == "refused by policy: at-most"


def test_a_best_hour_that_comes_twice_is_its_first_and_one_that_is_skipped_the_next(shop: World) -> None:
    shop.as_of = utc(2017, 11, 5, 4)
    shop.customer("1").best_hour("1", 1)
    assert shop.record("1")["send_at"] == utc(2017, 11, 5, 5), "01:00 summer time; an hour later it is 01:00 again"
    shop.as_of = utc(2017, 3, 12, 5)
    shop.customer("1").best_hour("1", 2)
    assert shop.record("1")["send_at"] == utc(2017, 3, 12, 7), "02:00 does not exist; 03:00 is the same moment"


def test_where_the_whole_day_is_quiet_there_is_no_span_and_no_send(shop: World) -> None:
    shop.channel("email", quiet_from=time(9), quiet_until=time(9)).best_hour("1", 20)
    day = days(shop)
    assert (day.spans[..., 0] >= day.spans[..., 1]).all()
    assert shop.record("1")["none_reason"] == f"refused by policy: {SENDING_HOURS}"


def test_a_view_without_customers_or_channels_has_days_all_the_same() -> None:
    empty = days(World())
    assert empty.preferred.shape == (0, 0)
    assert not len(empty.first_allowed(*(np.zeros(0, dtype=np.int64),) * 2, *(np.zeros(0, "datetime64[us]"),) * 2))


@pytest.mark.parametrize("zone", ZONES)
def test_the_first_allowed_moment_is_the_one_that_a_search_minute_by_minute_finds(zone: str, shop: World) -> None:
    shop.as_of = utc(2017, 11, 5, 4)  # 25 hours in New York
    shop.customer("1", timezone=zone).channel("email", quiet_from=time(20, 30), quiet_until=time(7, 15))
    day = days(shop)
    begins, ends = day.day
    minute = np.timedelta64(1, "m")
    earliest = np.arange(begins, ends, 37 * minute)
    none = np.zeros(len(earliest), dtype=np.int64)
    found = day.first_allowed(none, none, earliest, np.full(len(earliest), ends))
    for start, allowed in zip(earliest, found, strict=True):
        tried = np.arange(start, ends, minute)
        open_ones = [at for at in tried if not is_quiet(at, zone, time(20, 30), time(7, 15))]
        assert (not open_ones and np.isnat(allowed)) or allowed == open_ones[0]


def is_quiet(at: np.datetime64, zone: str, quiet_from: time, quiet_until: time) -> bool:
    clock = to_datetime(at).astimezone(ZoneInfo(zone)).time()
    if quiet_from < quiet_until:
        return quiet_from <= clock < quiet_until
    return clock >= quiet_from or clock < quiet_until


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.integers(0, 365 * 3),
    st.integers(0, 24 * 60 - 1),
    st.integers(0, 24 * 60 - 1),
    st.data(),
)
def test_no_moment_of_an_allowed_span_is_quiet_on_any_clock_of_any_day(
    zone: str, ahead: int, first: int, last: int, data: Any
) -> None:
    quiet = [time(minutes // 60, minutes % 60) for minutes in (first, last)]
    channel = ChannelSettings("email", "file", 0.0, quiet_from=quiet[0], quiet_until=quiet[1])
    start = np.datetime64("2024-01-01T05:00", "us") + np.timedelta64(ahead, "D")
    within = (start, start + np.timedelta64(24, "h"))
    spans = allowed_spans(channel, ZoneInfo(zone), within)
    for begins, ends in spans:
        assert within[0] <= begins < ends <= within[1]
        offset = data.draw(st.integers(0, int((ends - begins).astype(np.int64)) - 1))
        assert not is_quiet(begins + np.timedelta64(offset, "us"), zone, quiet[0], quiet[1])
    if first == last:
        assert not spans
