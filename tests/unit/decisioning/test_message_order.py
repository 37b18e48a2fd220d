"""What comes first in the order of a play, what waits, and until when."""

from datetime import timedelta
from typing import Any

import pytest

from decisioning.errors import DecisioningError
from decisioning.explain import refusals_of
from decisioning.policies.builtin import MESSAGE_ORDER
from decisioning.settings import OrderSettings, PlaySettings
from tests.unit.decisioning.world import World

ADDED, CUT = "because value comes first", "a price cut comes last"


@pytest.fixture
def shop(world: World) -> World:
    """A customer due for chairs; a plain note, a warranty, free shipping and a discount, which is worth most."""
    world.customer("1").category("CHAIRS").channel("email").rhythm("1", "CHAIRS", margin_none=100.0, p_purchase=0.5)
    world.uplift = {"reminder": (0.02, 0.02), "offer": (0.05, 0.02), "coupon": (0.20, 0.05)}
    world.offer("warranty", kind="value_add", unit_cost=0.1).offer("freight", kind="shipping", unit_cost=0.1)
    world.offer("cut", kind="discount", unit_cost=0.1)
    world.asset("add-warranty", "CHAIRS", kind="offer", offer="warranty")
    world.asset("ship-free", "CHAIRS", kind="offer", offer="freight")
    return world.asset("cut-price", "CHAIRS", kind="coupon", offer="cut")


def ordered(world: World, *orders: OrderSettings) -> World:
    world.plays = (PlaySettings("replenishment-due", orders=orders),)
    return world


STEPWISE = OrderSettings(because=ADDED, is_stepwise=True)


def refused(record: dict[str, Any]) -> int:
    return int(refusals_of(record).get(MESSAGE_ORDER, 0))


def test_without_an_order_the_most_valuable_message_is_sent(shop: World) -> None:
    record = ordered(shop).record("1")
    assert (record["asset_id"], refused(record)) == ("cut-price", 0)


def test_concessions_are_made_one_step_after_the_other(shop: World) -> None:
    record = ordered(shop, STEPWISE).record("1")
    assert (record["asset_id"], refused(record)) == ("add-warranty", 2)


@pytest.mark.parametrize(
    ("tried", "expected"),
    [
        ((), "add-warranty"),
        (("add-warranty",), "ship-free"),
        (("add-warranty", "ship-free"), "cut-price"),
        (("cut-price",), "cut-price"),
    ],
)
def test_the_next_step_is_open_once_the_one_before_was_tried(
    shop: World, tried: tuple[str, ...], expected: str
) -> None:
    for asset in tried:
        shop.touch("1", "email", shop.as_of - timedelta(days=3), asset)
    shop.uplift["offer"] = (0.05, 0.02)
    shop.assets["ship-free"]["kind"] = "coupon"
    shop.offers["cut"]["unit_cost"] = 0.0
    assert ordered(shop, STEPWISE).record("1")["asset_id"] == expected


@pytest.mark.parametrize(("days_ago", "expected"), [(13.999, "cut-price"), (14.0, "add-warranty")])
def test_what_was_tried_a_fortnight_ago_counts_no_more(shop: World, days_ago: float, expected: str) -> None:
    del shop.assets["ship-free"]
    shop.touch("1", "email", shop.as_of - timedelta(days=days_ago), "add-warranty")
    assert ordered(shop, STEPWISE).record("1")["asset_id"] == expected


def test_the_order_that_offers_state_goes_before_that_of_their_kinds(shop: World) -> None:
    for offer, place in (("cut", 1.0), ("freight", 2.0), ("warranty", 3.0)):
        shop.offers[offer]["concession_order"] = place
    assert ordered(shop, STEPWISE).record("1")["asset_id"] == "cut-price"


def test_what_is_not_allowed_or_not_worth_it_holds_nothing_back(shop: World) -> None:
    shop.assets["add-warranty"]["status"] = "paused"
    shop.offers["freight"]["unit_cost"] = 1000.0
    assert ordered(shop, STEPWISE).record("1")["asset_id"] == "cut-price"


@pytest.mark.parametrize("name", ["shipping", "ship-free", "delivery"])
def test_messages_are_named_by_kind_of_offer_by_id_or_by_topic(shop: World, name: str) -> None:
    shop.topic("delivery").assets["ship-free"]["topics"] = ("delivery",)
    record = ordered(shop, OrderSettings(because=ADDED, first=(name,))).record("1")
    assert (record["asset_id"], refused(record)) == ("ship-free", 2)


def test_the_first_order_whose_condition_holds_is_taken(shop: World) -> None:
    shop.customers["1"]["pclv"] = 12.0
    calm, hurried = (
        OrderSettings(because=ADDED, when=condition, first=(kind,))
        for condition, kind in (("customer.pclv < 10", "value_add"), ("customer.pclv >= 10", "shipping"))
    )
    assert ordered(shop, calm, hurried).record("1")["asset_id"] == "ship-free"
    assert ordered(shop, calm).record("1")["asset_id"] == "cut-price", "no order holds"


def test_what_an_order_puts_last_waits_behind_it_by_whatever_door_it_comes(shop: World) -> None:
    shop.category("DESKS").rhythm("1", "DESKS", margin_none=100.0).asset(
        "cut-desks", "DESKS", kind="coupon", offer="cut"
    )
    shop.interest("1", "DESKS", days_ago=20.0)
    shop.uplift["coupon"] = (0.5, 0.05)
    last = OrderSettings(because=CUT, last=("discount",))
    shop.plays = (PlaySettings("replenishment-due", orders=(last,)), PlaySettings("favourites"))
    shop.rhythms[-1]["due_in"] = 60.0
    assert shop.record("1")["asset_id"] in {"add-warranty", "ship-free"}
    shop.plays = (PlaySettings("replenishment-due"), PlaySettings("favourites"))
    assert shop.record("1")["asset_id"].startswith("cut")


def test_an_order_of_what_is_not_there_is_refused(shop: World) -> None:
    ordered(shop, OrderSettings(because=ADDED, first=("hugs",)))
    with pytest.raises(DecisioningError, match="`hugs` is no asset, no kind of offer or asset, and no topic"):
        shop.decide()
