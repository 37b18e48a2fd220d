"""What is used up, what closes a gap, what is new, what has stalled, who surges, and where interest moves."""

import json
from datetime import timedelta
from typing import Any

import pytest

from decisioning.errors import DecisioningError
from decisioning.settings import PlaySettings
from tests.unit.decisioning.world import World

INSTANT = timedelta(microseconds=1)


def motives(world: World, play: str, **settings: Any) -> dict[str, dict[str, Any]]:
    """Subject to motive of the one customer, by one play."""
    world.plays = (PlaySettings(play, **settings),)
    rows: list[dict[str, Any]] = world.propose().frame.to_dict("records")  # type: ignore[assignment]
    return {row["subject"]: row for row in rows}


def facts(motive: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(motive["facts"])
    return found


def steps(motive: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(step["from"], step["type"], step["to"]) for step in json.loads(motive["evidence"])]


@pytest.fixture
def bathroom(world: World) -> World:
    """A cleanser that lasts 30 days."""
    world.customer("1").category("SKIN").channel("email").product("cleanser", "SKIN", price=10.0, depletion_days=30.0)
    return world


@pytest.mark.parametrize(
    ("days_ago", "is_due"), [(25.0, False), (25.001, True), (30.0, True), (43.999, True), (44.0, False)]
)
def test_a_first_purchase_is_due_around_the_day_it_is_used_up(
    bathroom: World, *, days_ago: float, is_due: bool
) -> None:
    bathroom.bought("1", "cleanser", days_ago=days_ago)
    assert set(motives(bathroom, "depletion")) == ({"product/cleanser", "category/SKIN"} if is_due else set())


def test_who_has_a_rhythm_there_or_bought_something_else_since_is_not_told_of_depletion(bathroom: World) -> None:
    bathroom.bought("1", "cleanser", days_ago=30.0)
    assert motives(bathroom, "depletion")
    bathroom.rhythm("1", "SKIN", shopping_days=1, interval_days=30.0, due_in=25.0)
    assert motives(bathroom, "depletion") == {}, "bought in the category five days ago"
    bathroom.rhythms.clear()
    bathroom.rhythm("1", "SKIN", shopping_days=4, interval_days=40.0, due_in=5.0)
    assert motives(bathroom, "depletion") == {}, "a rhythm of four days speaks for itself"


@pytest.fixture
def club(world: World) -> World:
    """A member who likes two categories."""
    world.customer("1").category("SKIN", "HAIR").channel("email").rhythm("1", "SKIN", shopping_days=9)
    world.rhythm("1", "HAIR", shopping_days=5)
    for product, category, price in (
        ("soap", "SKIN", 5.0),
        ("serum", "SKIN", 49.9),
        ("cream", "SKIN", 120.0),
        ("dryer", "HAIR", 60.0),
    ):
        world.product(product, category, price=price)
    world.programmes["club"] = {}
    return world


def short_of(world: World, missing: float, *, rate: float = 1.0, deadline_in: float = 20.0) -> World:
    told = {"points": 100.0, "points_missing": missing, "points_per_unit": rate, "next_tier": "Gold"}
    return world.link("memberships", "1", "club", days_ago=-deadline_in, **told)


@pytest.mark.parametrize(
    ("missing", "rate", "closing"),
    [
        (49.0, 1.0, {"serum": (1, 49), "dryer": (1, 60)}),
        (50.0, 1.0, {"cream": (1, 120), "dryer": (1, 60)}),
        (121.0, 1.0, {"cream": (2, 240), "dryer": (3, 180)}),
        (49.5, 1.0, {"cream": (1, 120), "dryer": (1, 60)}),
        (99.0, 2.0, {"serum": (1, 99), "dryer": (1, 120)}),
        (361.0, 1.0, {}),
    ],
)
def test_the_cheapest_product_of_each_category_closes_the_gap_counted_in_full_points(
    club: World, missing: float, rate: float, closing: dict[str, tuple[int, int]]
) -> None:
    found = motives(short_of(club, missing, rate=rate), "loyalty-gap")
    told = {subject.partition("/")[2]: facts(motive) for subject, motive in found.items()}
    assert {product: (fact["units"], fact["points_earned"]) for product, fact in told.items()} == closing


def test_the_sentence_of_a_gap_has_points_deadline_and_product(club: World) -> None:
    found = motives(short_of(club, 49.0), "loyalty-gap")["product/serum"]
    assert found["sentence"] == (
        "49 points short of Gold until 2017-12-03: 1 x serum at 49.90 earns 49 points, at 1 per unit of currency."
    )
    assert steps(found) == [
        ("Customer/1", "ENROLLED_IN", "Programme/club"),
        ("Customer/1", "BOUGHT", "Category/SKIN"),
        ("Product/serum", "IN_CATEGORY", "Category/SKIN"),
    ]


@pytest.mark.parametrize(("deadline_in", "is_near"), [(45.0, True), (45.001, False), (0.001, True), (0.0, False)])
def test_a_gap_is_a_motive_while_the_deadline_is_near(club: World, *, deadline_in: float, is_near: bool) -> None:
    assert bool(motives(short_of(club, 10.0, deadline_in=deadline_in), "loyalty-gap")) == is_near


def test_what_is_preferred_comes_before_what_is_bought_often(club: World) -> None:
    club.link("preferences", "1", "HAIR")
    found = motives(short_of(club, 10.0), "loyalty-gap", thresholds={"categories": 1})
    assert set(found) == {"product/dryer"}


@pytest.mark.parametrize(("age", "is_new"), [(-0.001, False), (0.0, True), (13.999, True), (14.0, False)])
def test_content_is_new_for_a_fortnight_after_its_start(world: World, *, age: float, is_new: bool) -> None:
    world.customer("1").topic("tea", "rum").channel("email").link("topic_interests", "1", "tea", rule="engaged")
    world.asset("guide", topics=("tea",), starts_at=world.as_of - timedelta(days=age))
    world.asset("old", topics=("tea",)).asset("other", topics=("rum",), starts_at=world.as_of)
    found = motives(world, "new-content")
    assert set(found) == ({"asset/guide"} if is_new else set())
    if is_new:
        assert steps(found["asset/guide"]) == [
            ("Customer/1", "INTERESTED_IN", "Topic/tea"),
            ("Asset/guide", "ABOUT", "Topic/tea"),
        ]
        assert "Guide, about tea, an interest as of 2017-11-08" in found["asset/guide"]["sentence"]


@pytest.mark.parametrize(
    ("started", "seen", "is_stalled"), [(9.0, 4.0, True), (9.0, 3.9, False), (30.0, 10.0, False), (29.9, 10.0, True)]
)
def test_a_trial_has_stalled_after_four_silent_days_while_it_lasts(
    world: World, *, started: float, seen: float, is_stalled: bool
) -> None:
    world.customer("1", last_purchase_at=None).topic("analytics").channel("email")
    world.signal("Trial Started", "1", days_ago=started, topic="analytics").signal("Report Built", "1", days_ago=seen)
    found = motives(world, "trial-stalled")
    assert set(found) == ({"topic/analytics"} if is_stalled else set())
    world.signal("Order Completed", "1", days_ago=5.0)
    assert motives(world, "trial-stalled") == {}, "who bought has no trial any more"


def test_everybody_at_an_account_with_a_surge_has_the_motive_and_its_industry_is_answered(world: World) -> None:
    world.category("SOFTWARE").channel("email").account("acme", industry="steel", tier="1").account("other")
    for who, account, is_on in (("ann", "acme", True), ("bob", "acme", True), ("cy", "other", False)):
        world.customer(who, is_buying_surge=is_on).link("workplaces", who, account)
    world.signal("Demo Requested", "ann", days_ago=2.0)
    world.plays = (PlaySettings("account-surge"),)
    found = world.propose().frame.set_index("customer_id")
    assert set(found.index) == {"ann", "bob"}
    assert found.loc["bob", "sentence"] == (
        "Buying interest surges at Acme (tier 1, steel): engaged within a fortnight are 1 of its people, 0 of the "
        "buying group."
    )
    assert found.loc["ann", "subject"] == "account/acme"


@pytest.fixture
def kitchen(world: World) -> World:
    """Somebody who bought performance food regularly and has stopped."""
    world.customer("1").category("PERFORMANCE", "GROCERY").category("PRE", parent="PERFORMANCE")
    world.category("DECAF", parent="GROCERY").topic("sleep", "calm").channel("email")
    gone = {"survival": 0.1, "interval_days": 20.0, "due_in": -40.0, "shopping_days": 9, "recent_days": 0}
    return world.rhythm("1", "PRE", **gone)


RECOVERY = {"recovery": ("sleep", "calm", "DECAF")}


def test_interest_moves_when_one_theme_is_left_and_another_shows_two_signs(kitchen: World) -> None:
    kitchen.link("topic_interests", "1", "sleep", rule="engaged", days_ago=2.0)
    assert motives(kitchen, "shift-of-interest", themes=RECOVERY) == {}, "one sign is none"
    kitchen.link("topic_triggers", "1", "calm", rule="returning-visitor", days_ago=1.0)
    kitchen.signal("Content Downloaded", "1", days_ago=1.0, topic="calm")
    found = motives(kitchen, "shift-of-interest", themes=RECOVERY)
    assert set(found) == {"topic/sleep", "topic/calm"}
    assert found["topic/calm"]["sentence"] == (
        "Interest has moved from performance to recovery: pre was bought on 9 days, last on 2017-09-14; since then 2 "
        "signs of recovery, the newest on 2017-11-12. No unnecessary discount: it is not the price that has changed."
    )
    assert steps(found["topic/calm"]) == [
        ("Customer/1", "BOUGHT", "Category/PRE"),
        ("Customer/1", "TRIGGERED_BY", "Topic/calm"),
        ("Signal/s0000", "ABOUT", "Topic/calm"),
    ]


def test_a_category_that_is_bought_only_of_late_is_a_sign(kitchen: World) -> None:
    kitchen.link("topic_interests", "1", "sleep", rule="engaged", days_ago=2.0)
    kitchen.rhythm("1", "DECAF", shopping_days=3, recent_days=3, interval_days=9.0, due_in=5.0)
    found = motives(kitchen, "shift-of-interest", themes=RECOVERY)
    assert set(found) == {"topic/sleep", "category/DECAF"}
    assert ("Customer/1", "BOUGHT", "Category/DECAF") in steps(found["topic/sleep"])
    assert facts(found["topic/sleep"])["margin_reason"].startswith("No unnecessary discount")
    kitchen.rhythms[-1]["shopping_days"] = 5
    assert motives(kitchen, "shift-of-interest", themes=RECOVERY) == {}, "three of five is no rise"


def test_who_goes_on_buying_has_not_moved(kitchen: World) -> None:
    for topic in ("sleep", "calm"):
        kitchen.link("topic_interests", "1", topic, rule="engaged", days_ago=2.0)
    kitchen.category("BARS", parent="PERFORMANCE").rhythm("1", "BARS", survival=0.9)
    assert motives(kitchen, "shift-of-interest", themes=RECOVERY) == {}


def test_a_theme_of_what_is_not_there_is_refused(kitchen: World) -> None:
    with pytest.raises(DecisioningError, match="names `nap`, which is neither a category nor a topic"):
        motives(kitchen, "shift-of-interest", themes={"recovery": ("nap",)})
