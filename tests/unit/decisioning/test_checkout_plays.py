"""What is left in carts and at the checkout: when it is a motive, what it rests on, and what it says."""

import json
from typing import Any

import pytest

from decisioning.settings import PlaySettings
from tests.unit.decisioning.world import World

HOUR, MINUTE = 1 / 24, 1 / 1440


@pytest.fixture
def bags(world: World) -> World:
    """A shop with bags; somebody who bought nothing lately."""
    world.customer("1", last_purchase_at=None).category("BAGS").topic("durability", "style", "shipping", "weather")
    world.product("pack", "BAGS", price=50.0).product("tote", "BAGS", price=20.0)
    return world.channel("email").rhythm("1", "BAGS", due_in=40.0, interval_days=60.0)


def motives(world: World, play: str, **thresholds: float) -> dict[str, dict[str, Any]]:
    """Subject to motive of the one customer, by one play."""
    world.plays = (PlaySettings(play, thresholds=thresholds),)
    rows: list[dict[str, Any]] = world.propose().frame.to_dict("records")  # type: ignore[assignment]
    return {row["subject"]: row for row in rows}


def steps(motive: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(step["from"], step["type"], step["to"]) for step in json.loads(motive["evidence"])]


def in_cart(world: World, product: str = "pack", **facts: Any) -> World:
    told = {"quantity": 1.0, "came_for": None, "campaign_id": None, "days_ago": 1.0}
    return world.link("carts", "1", product, **(told | facts))


@pytest.mark.parametrize(
    ("days_ago", "is_left"),
    [(4 * HOUR, True), (4 * HOUR - MINUTE, False), (14.0, True), (14.0 + MINUTE, False)],
)
def test_a_cart_is_left_from_four_hours_to_a_fortnight_after_it_was_filled(
    bags: World, *, days_ago: float, is_left: bool
) -> None:
    found = motives(in_cart(bags, days_ago=days_ago), "abandoned-intent")
    assert set(found) == ({"product/pack", "category/BAGS"} if is_left else set())


def test_what_an_ad_promised_is_told_and_leads(bags: World) -> None:
    found = motives(in_cart(bags, came_for="durability", campaign_id="ad"), "abandoned-intent")
    assert found["product/pack"]["leads_with"] == "topic/durability"
    assert found["product/pack"]["sentence"] == (
        "Left pack in the cart on 2017-11-12, having come from the campaign ad about durability."
    )
    assert steps(found["category/BAGS"]) == [("Customer/1", "HAS_IN_CART", "Product/pack")]
    plain = motives(in_cart(bags, "tote"), "abandoned-intent")["product/tote"]
    assert (plain["leads_with"], plain["sentence"]) == (None, "Left tote in the cart on 2017-11-12.")


def test_of_many_products_those_added_last_are_told_and_none_that_is_out_of_stock(bags: World) -> None:
    bags.product("gone", "BAGS", stock=0.0)
    for product, days_ago in (("pack", 3.0), ("tote", 2.0), ("gone", 1.0)):
        in_cart(bags, product, days_ago=days_ago)
    assert set(motives(bags, "abandoned-intent", most=1)) == {"product/tote", "category/BAGS"}


@pytest.mark.parametrize(("quantity", "is_bulk"), [(9.0, False), (10.0, True)])
def test_ten_units_that_wait_are_a_bulk_order_and_concede_step_by_step(
    bags: World, *, quantity: float, is_bulk: bool
) -> None:
    found = motives(in_cart(bags, quantity=quantity), "bulk-wavering")
    assert set(found) == ({"product/pack", "category/BAGS"} if is_bulk else set())
    if is_bulk:
        assert found["product/pack"]["leads_with"] == "order/0"
        assert "Put 10 of pack into the cart on 2017-11-12 and has not ordered" in found["product/pack"]["sentence"]
        assert json.loads(found["product/pack"]["facts"])["list_value"] == 500.0


@pytest.mark.parametrize(("days_ago", "wavers"), [(1.0, True), (1.0 - MINUTE, False), (30.0, True), (30.1, False)])
def test_a_bulk_order_wavers_from_a_day_to_a_month_after_it_was_put_together(
    bags: World, *, days_ago: float, wavers: bool
) -> None:
    assert bool(motives(in_cart(bags, quantity=10.0, days_ago=days_ago), "bulk-wavering")) == wavers


def at_checkout(world: World, *, minutes: float = 8.0, pages: int = 2, weather: bool = False) -> World:
    """A checkout that was left yesterday after so many minutes, with so many pages of doubt."""
    world.signal("Checkout Started", "1", days_ago=1.0, product="pack", session_id="v")
    world.signal("Checkout Step Completed", "1", days_ago=1.0 - minutes * MINUTE, session_id="v")
    for page in range(pages):
        name = ("Shipping Page Viewed", "Returns Page Viewed")[page % 2]
        world.signal(name, "1", days_ago=1.0 - page * MINUTE / 10, session_id="v")
    if weather:
        world.link("topic_triggers", "1", "weather", rule="observed", source="observations")
    return world


@pytest.mark.parametrize(
    ("signs", "hesitates"),
    [
        ({"minutes": 5.0}, True),
        ({"minutes": 4.9}, False),
        ({"minutes": 4.9, "weather": True}, True),
        ({"pages": 1}, False),
        ({"pages": 1, "weather": True}, True),
        ({"minutes": 1.0, "pages": 0, "weather": True}, False),
    ],
)
def test_two_signs_of_minutes_pages_and_weather_make_hesitation(
    bags: World, *, signs: dict[str, Any], hesitates: bool
) -> None:
    found = motives(at_checkout(bags, **signs), "hesitation-at-checkout")
    assert set(found) == ({"product/pack", "category/BAGS", "topic/shipping"} if hesitates else set())


def test_hesitation_names_its_signs_and_rests_on_the_signals_themselves(bags: World) -> None:
    found = motives(at_checkout(bags, weather=True), "hesitation-at-checkout")["product/pack"]
    assert found["sentence"] == (
        "8 minutes at the checkout on 2017-11-12, shipping and returns read 2 times, severe weather where they live: "
        "certainty about the delivery is missing, not a lower price."
    )
    assert steps(found) == [
        ("Signal/s0001", "BY", "Customer/1"),
        ("Signal/s0003", "BY", "Customer/1"),
        ("Signal/s0002", "BY", "Customer/1"),
        ("Customer/1", "TRIGGERED_BY", "Topic/weather"),
    ]
    assert found["leads_with"] == "order/0"


def test_whoever_ordered_after_the_checkout_does_not_hesitate(bags: World) -> None:
    at_checkout(bags).signal("Order Completed", "1", days_ago=0.5)
    assert motives(bags, "hesitation-at-checkout") == {}


def test_a_checkout_of_last_week_is_no_motive_any_more(bags: World) -> None:
    at_checkout(bags)
    assert motives(bags, "hesitation-at-checkout", fresh_days=0.9) == {}


def test_a_doubt_about_shipping_is_answered_and_no_objection_to_hear_about_it(bags: World) -> None:
    bags.asset("guaranteed", products=("pack",), topics=("shipping",))
    at_checkout(bags).link("topic_objections", "1", "shipping", rule="hesitated")
    bags.plays = (PlaySettings("hesitation-at-checkout"),)
    assert bags.record("1")["asset_id"] == "guaranteed"
    bags.link("topic_objections", "1", "shipping", rule="refused")
    assert bags.record("1")["none_reason"] == "refused by policy: objection"
