from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from decisioning.explain import refusals_of
from decisioning.settings import ChannelSettings, PlaySettings, PolicySpecification
from decisioning.times import at_local, day_bounds, moment
from tests.unit.decisioning.world import World

NEW_YORK = ZoneInfo("America/New_York")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def send_at(world: World, customer: str = "1") -> datetime:
    record = world.record(customer)
    assert record["verb"] == "send", record["none_reason"]
    sent: datetime = record["send_at"].to_pydatetime()
    return sent


# ---- the hour of sending


def test_a_send_goes_out_at_the_channels_local_hour_of_the_day(shop: World) -> None:
    shop.channel("email", send_hour=11)
    assert send_at(shop) == utc(2017, 11, 13, 16)


def test_nothing_is_sent_before_as_of(shop: World) -> None:
    shop.as_of = utc(2017, 11, 13, 20)
    shop.customer("1")
    assert send_at(shop) == shop.as_of


def test_a_send_expires_with_the_local_day(shop: World) -> None:
    assert shop.record("1")["expires_at"] == utc(2017, 11, 14, 5)


def test_a_send_expires_with_its_motive_asset_and_offer(shop: World) -> None:
    shop.assets["milk-reminder"] |= {"ends_at": utc(2017, 11, 13, 20), "offer": "off"}
    shop.offer("off", unit_cost=0.0, ends_at=utc(2017, 11, 13, 18))
    assert shop.record("1")["expires_at"] == utc(2017, 11, 13, 18)
    shop.rhythms[0] |= {"due_in": -3 + 10 / 24}  # grace ends ten hours after as-of
    assert shop.record("1")["expires_at"] == utc(2017, 11, 13, 15)


def test_a_send_waits_for_a_motive_that_begins_later_in_the_day(shop: World) -> None:
    shop.plays = (PlaySettings("replenishment-due", thresholds={"lead_days": 8, "lead_share": 1}),)
    motives = shop.propose()
    motives.table["starts_at"] = shop.as_of + timedelta(hours=12)
    record = shop.decide(motives).records.iloc[0]
    assert record["send_at"] == shop.as_of + timedelta(hours=12)


def test_a_motive_that_ends_before_the_hour_of_sending_has_no_hour_left(shop: World) -> None:
    shop.rhythms[0] |= {"due_in": -3 + 8 / 24}
    record = shop.record("1")
    assert record["none_reason"] == "refused by policy: sending-hours"
    assert refusals_of(record) == {"sending-hours": 1}


# ---- quiet hours


@pytest.mark.parametrize(
    ("quiet_from", "quiet_until", "hour", "sent"),
    [
        (time(21), time(8), 9, utc(2017, 11, 13, 14)),
        (time(21), time(8), 7, utc(2017, 11, 13, 13)),
        (time(21), time(8), 8, utc(2017, 11, 13, 13)),
        (time(12), time(14), 12, utc(2017, 11, 13, 19)),
        (time(12), time(14), 14, utc(2017, 11, 13, 19)),
        (time(21), time(8), 22, utc(2017, 11, 14, 1, 59)),
    ],
)
def test_quiet_hours_move_a_send_to_the_next_allowed_moment_of_the_day(
    shop: World, quiet_from: time, quiet_until: time, hour: int, sent: datetime
) -> None:
    shop.channel("email", send_hour=hour, quiet_from=quiet_from, quiet_until=quiet_until)
    assert send_at(shop) == sent


def test_quiet_hours_from_a_time_to_the_same_time_last_all_day(shop: World) -> None:
    shop.channel("email", quiet_from=time(9), quiet_until=time(9))
    assert shop.record("1")["none_reason"] == "refused by policy: sending-hours"


def test_hours_are_those_of_the_customers_own_clock(shop: World) -> None:
    shop.customer("1", timezone="America/Los_Angeles")
    assert send_at(shop) == utc(2017, 11, 13, 17)
    shop.customer("1", timezone="Asia/Tokyo")
    shop.channel("email", quiet_from=time(21), quiet_until=time(8))
    assert send_at(shop) == utc(2017, 11, 14, 0), "the first nine o'clock in Tokyo within the shop's day"


def test_a_time_zone_that_does_not_exist_has_quiet_hours_all_day(shop: World) -> None:
    shop.customer("1", timezone="Mars/Olympus")
    assert shop.record("1")["verb"] == "send"
    shop.channel("email", quiet_from=time(21), quiet_until=time(8))
    assert shop.record("1")["none_reason"] == "refused by policy: sending-hours"


# ---- clock changes


def test_the_hour_of_sending_follows_the_wall_clock_through_a_clock_change(shop: World) -> None:
    for as_of, sent in (
        (utc(2017, 3, 11, 5), utc(2017, 3, 11, 14)),  # the day before the clocks go forward
        (utc(2017, 3, 12, 5), utc(2017, 3, 12, 13)),  # 23 hours long
        (utc(2017, 11, 5, 4), utc(2017, 11, 5, 14)),  # 25 hours long
    ):
        shop.as_of = as_of
        shop.customer("1")
        assert send_at(shop) == sent


def test_an_hour_that_a_clock_change_skips_becomes_the_next_one(shop: World) -> None:
    shop.as_of = utc(2017, 3, 12, 5)
    shop.customer("1").channel("email", send_hour=2)
    assert send_at(shop) == utc(2017, 3, 12, 7), "02:00 does not exist; 03:00 summer time is the same moment"


def test_of_an_hour_that_comes_twice_the_first_is_taken_and_quiet_hours_end_with_the_second() -> None:
    day = datetime(2017, 11, 5).date()  # noqa: DTZ001 -- a local day
    assert at_local(day, time(1, 30), NEW_YORK) == moment(utc(2017, 11, 5, 5, 30))
    assert at_local(day, time(1, 30), NEW_YORK, is_second=True) == moment(utc(2017, 11, 5, 6, 30))
    assert at_local(day, time(4), NEW_YORK, is_second=True) == moment(utc(2017, 11, 5, 9))


def test_quiet_hours_hold_both_times_an_hour_comes(shop: World) -> None:
    shop.as_of = utc(2017, 11, 5, 4)
    shop.customer("1").channel("email", send_hour=1, quiet_from=time(0), quiet_until=time(1, 30))
    assert send_at(shop) == utc(2017, 11, 5, 6, 30)


def test_a_local_day_is_23_or_25_hours_long_when_clocks_change() -> None:
    for as_of, hours in ((utc(2017, 3, 12, 12), 23), (utc(2017, 11, 5, 12), 25), (utc(2017, 11, 13, 12), 24)):
        start, end = day_bounds(moment(as_of), NEW_YORK)
        assert (end - start) / np.timedelta64(1, "h") == hours


# ---- caps


def capped(world: World, count: int, days: float, of: str | None = None, when: str | None = None) -> World:
    world.options["policies"] = (
        PolicySpecification("at-most", "cap", "Nobody likes to be flooded.", when, of, count=count, days=days),
    )
    return world


SENT_AT = utc(2017, 11, 13, 14)  # when the shop's e-mail of the day goes out


@pytest.mark.parametrize(
    ("ago", "is_allowed"),
    [
        (timedelta(days=14), True),
        (timedelta(days=14) - timedelta(seconds=1), False),
        (timedelta(days=13), False),
        (timedelta(days=14, seconds=1), True),
        (timedelta(days=15), True),
    ],
)
def test_a_cap_is_a_sliding_window_exact_to_the_second(shop: World, ago: timedelta, is_allowed: bool) -> None:
    capped(shop, 1, 14).touch("1", "email", SENT_AT - ago, "milk-reminder")
    record = shop.record("1")
    assert (record["verb"] == "send") is is_allowed
    assert refusals_of(record) == ({} if is_allowed else {"at-most": 1})


def test_a_cap_counts_up_to_its_count_across_channels_and_per_customer(shop: World) -> None:
    shop.channel("mail").customer("2").rhythm("2", "MILK")
    capped(shop, 3, 7)
    shop.touch("1", "email", SENT_AT - timedelta(days=1)).touch("1", "mail", SENT_AT - timedelta(days=2))
    assert shop.record("1")["verb"] == "send"
    shop.touch("2", "mail", SENT_AT - timedelta(days=3))
    assert shop.record("1")["verb"] == "send", "somebody else's touch"
    shop.touch("1", "mail", SENT_AT - timedelta(days=3))
    assert shop.record("1")["none_reason"] == "refused by policy: at-most"


def test_a_cap_of_none_refuses_everything(shop: World) -> None:
    assert capped(shop, 0, 7).record("1")["verb"] == "none"


def test_a_cap_with_an_expression_counts_and_refuses_only_what_it_names(shop: World) -> None:
    shop.asset("milk-coupon", "MILK", kind="coupon")
    capped(shop, 1, 14, of='asset.kind == "coupon"')
    assert shop.record("1")["asset_id"] == "milk-coupon"
    shop.touch("1", "email", SENT_AT - timedelta(days=2), "milk-reminder")
    assert shop.record("1")["asset_id"] == "milk-coupon", "a reminder is no coupon"
    shop.touch("1", "email", SENT_AT - timedelta(days=2), "milk-coupon")
    record = shop.record("1")
    assert record["asset_id"] == "milk-reminder"
    assert refusals_of(record) == {"at-most": 1}


@pytest.mark.parametrize(("channel", "asset"), [("email", None), ("email", "long-gone"), ("fax", "milk-reminder")])
def test_a_touch_whose_asset_or_channel_is_unknown_counts_for_every_cap(
    shop: World, channel: str, asset: str | None
) -> None:
    shop.asset("milk-coupon", "MILK", kind="coupon")
    capped(shop, 1, 14, of='asset.kind == "coupon"').touch("1", channel, SENT_AT - timedelta(days=2), asset)
    assert shop.record("1")["asset_id"] == "milk-reminder"


def test_a_touch_of_somebody_unknown_counts_for_nobody(shop: World) -> None:
    capped(shop, 1, 14).touch("stranger", "email", SENT_AT - timedelta(days=2))
    assert shop.record("1")["verb"] == "send"


def test_the_window_ends_when_the_channel_sends(shop: World) -> None:
    """The same touch is too close for the early channel, and just far enough for the late one."""
    shop.channels = {
        "early": ChannelSettings("early", "file", 0.0, send_hour=8),
        "late": ChannelSettings("late", "file", 0.05, send_hour=20),
    }
    capped(shop, 1, 7).touch("1", "early", utc(2017, 11, 6, 14))
    assert shop.record("1")["channel_id"] == "late"
