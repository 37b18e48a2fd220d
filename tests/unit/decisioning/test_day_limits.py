"""From what a playbook states to the families of limits of a day, less what has been used of them."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from decisioning.day_limits import limits_of
from decisioning.errors import DecisioningError
from decisioning.limits import Family, Limits
from decisioning.settings import LimitSettings
from tests.unit.decisioning.world import AS_OF, World


def shop() -> World:
    world = World().channel("email", cost=1.0, capacity=10).channel("mail", cost=2.0, budget=9.0)
    world.category("MILK", "CHEESE").offer("ten-off", face_value=10.0)
    world.asset("milk", "MILK").asset("cheese", "CHEESE", offer="ten-off", kind="coupon")
    for customer, household in (("1", "h1"), ("2", "h1"), ("3", "h2"), ("4", None)):
        world.customer(customer, household_id=household).rhythm(customer, "MILK")
    world.options["budget"] = 30.0
    return world


def limits(world: World, *stated: LimitSettings, touches: pd.DataFrame | None = None) -> Limits:
    world.options["limits"] = stated
    return limits_of(world.view(), world.settings(), touches, AS_OF)


def named(found: Limits) -> dict[str, float]:
    return {family.name_of(at): float(family.most[at]) for family in found for at in range(len(family))}


def sent(*rows: tuple[str, str, str | None, datetime, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "channel_id", "asset_id", "sent_at", "cost"])
    return frame.assign(touch_id=[str(row) for row in range(len(rows))])


def test_channels_and_money_are_three_families() -> None:
    assert named(limits(shop())) == {"email capacity": 10.0, "mail budget": 9.0, "total budget": 30.0}


def test_a_limit_of_each_household_counts_its_members_and_nobody_without_one() -> None:
    family = limits(shop(), LimitSettings("a day", most=1.0, each="household"))[-1]
    assert named((family,)) == {"h1 a day": 1.0, "h2 a day": 1.0}
    assert family.customer_group is not None
    assert family.customer_group.tolist() == [0, 0, 1, -1]


def test_a_limit_of_each_asset_takes_its_own_amount_or_the_usual_one() -> None:
    stated = LimitSettings("in stock", most=5.0, each="asset", amounts={"milk": 2.0})
    assert named(limits(shop(), stated)[-1:]) == {"cheese in stock": 5.0, "milk in stock": 2.0}
    with pytest.raises(DecisioningError, match="gone"):
        limits(shop(), LimitSettings("in stock", most=5.0, each="asset", amounts={"gone": 2.0}))


def test_a_limit_of_whatever_has_an_offer_counts_nothing_else() -> None:
    family = limits(shop(), LimitSettings("offers", "exposure", most=100.0, offers=("any",)))[-1]
    assert family.asset_group is not None
    assert family.asset_group.tolist() == [[0, 0], [-1, -1]], "cheese, milk"
    with pytest.raises(DecisioningError, match="nowhere"):
        limits(shop(), LimitSettings("offers", "exposure", most=100.0, offers=("nowhere",)))


def test_what_others_plan_for_today_uses_a_channel_and_an_account_up_first() -> None:
    noon, tomorrow = AS_OF.replace(hour=17), AS_OF.replace(day=14, hour=17)
    planned = sent(("1", "email", None, noon, 0.0), ("2", "email", None, tomorrow, 0.0))
    left = named(limits(shop(), LimitSettings("a day", most=2.0, each="household"), touches=planned))
    assert (left["email capacity"], left["h1 a day"], left["h2 a day"]) == (9.0, 1.0, 2.0)


def test_a_month_gives_each_day_its_share_of_what_is_left() -> None:
    stated = LimitSettings("mail money", "money", most=40.0, channels=("mail",), per="month")
    assert named(limits(shop(), stated))["mail money"] == pytest.approx(40 / 18), "13 to 30 November"
    before = sent(
        ("1", "mail", "milk", datetime(2017, 11, 1, 12, tzinfo=UTC), 4.0),
        ("1", "mail", "milk", datetime(2017, 10, 31, 12, tzinfo=UTC), 4.0),
        ("1", "email", "milk", datetime(2017, 11, 2, 12, tzinfo=UTC), 4.0),
    )
    assert named(limits(shop(), stated, touches=before))["mail money"] == pytest.approx(36 / 18)


def test_what_of_offers_may_still_be_claimed_leaves_less_room() -> None:
    stated = LimitSettings("out", "exposure", most=100.0, offers=("any",), per="standing")
    moment = datetime(2017, 9, 1, 12, tzinfo=UTC)
    rows = sent(*[("1", "email", "cheese", moment, 1.0)] * 3).assign(liability=["reserved", "redeemed", "reserved"])
    assert named(limits(shop(), stated, touches=rows))["out"] == 80.0


def test_a_share_kept_for_single_events_is_theirs_alone() -> None:
    world = shop()
    world.options["kept_share"] = 0.1
    assert named(limits(world))["email capacity"] == 9.0
    event = limits_of(world.view(), world.settings(), None, AS_OF, is_event_run=True)
    assert named(event)["email capacity"] == 10.0


def test_a_household_gets_no_more_than_its_limit_and_the_best_of_it() -> None:
    world = shop().channel("email", cost=0.001)
    world.options["limits"] = (LimitSettings("a day", most=1.0, each="household"),)
    made = world.decide()
    sends = made.records[made.records["verb"] == "send"]
    assert len(set(sends["customer_id"]) & {"1", "2"}) == 1
    assert {"3", "4"} <= set(sends["customer_id"])
    left_out = made.records[made.records["none_reason"].notna()]
    assert left_out["none_reason"].tolist() == ["limits: h1 a day"]


def test_a_guaranteed_reach_is_reached_where_it_can_be_and_named_where_not() -> None:
    world = shop()
    world.options["limits"] = (LimitSettings("reach", least=3.0, channels=("mail",)),)
    made = world.decide()
    assert (made.records["channel_id"] == "mail").sum() == 3, "at 2.00 each, though e-mail costs half"
    world.options["limits"] = (LimitSettings("reach", least=5.0, channels=("mail",)),)
    (short,) = world.decide().summary["shortfalls"]
    assert (short["name"], short["least"], short["reached"], short["possible"]) == ("reach", 5.0, 4.0, 4.0)


def test_limits_have_no_amount_for_what_is_not_counted() -> None:
    family = Family("a day", "touches", np.array([1.0]), np.zeros(1), np.array([[0, -1]], dtype=np.int32))
    places = (np.zeros(2, np.int32), np.zeros(2, np.int32), np.array([0, 1], dtype=np.int32))
    assert family.index(*places).tolist() == [0, -1]
