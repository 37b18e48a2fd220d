"""High intent about topics and categories, and objections, which refuse."""

import json
from typing import Any

import pytest

from decisioning.explain import path_of, refusals_of
from decisioning.settings import PlaySettings
from tests.unit.decisioning.world import World


@pytest.fixture
def site(world: World) -> World:
    """A site about running and hiking that sells shoes; somebody buys them, a visitor has no name."""
    world.customer("known", is_known=True).category("OUTDOOR").category("SHOES", parent="OUTDOOR").channel("website")
    world.customer("buyer", is_known=True).rhythm("buyer", "SHOES", due_in=60.0, interval_days=90.0)
    nothing = {"shopping_days_28d": 0, "shopping_days_91d": 0, "last_purchase_at": None}
    world.customer("anonymous/7", is_known=False, **nothing)
    world.topic("run", "trail", "hike")
    world.asset("running", "SHOES", topics=("run",)).asset("hiking", "SHOES", topics=("hike",))
    world.plays = (PlaySettings("high-intent"),)
    return world


def found(world: World) -> dict[tuple[str, str], dict[str, Any]]:
    """Customer and subject to motive."""
    frame = world.propose().frame
    rows: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]
    return {(row["customer_id"], row["subject"]): row for row in rows}


def test_a_stranger_who_comes_back_is_answered_about_the_topic(site: World) -> None:
    site.link("topic_triggers", "anonymous/7", "run", rule="returning-visitor", days_ago=2.0)
    motive = found(site)["anonymous/7", "topic/run"]
    assert motive["sentence"].startswith("A visitor who is not known yet wants something about run now")
    assert json.loads(motive["facts"])["is_known"] is False
    record = site.record("anonymous/7")
    assert (record["verb"], record["asset_id"], record["subject"]) == ("send", "running", "topic/run")
    assert [(step["type"], step["to"]) for step in path_of(record)] == [
        ("TRIGGERED_BY", "Topic/run"),
        ("HAS_MOTIVE", "Motive/high-intent:topic/run"),
        ("CONCERNS", "Topic/run"),
        ("ABOUT", "Topic/run"),
        ("FITS", "Channel/website"),
    ]


def test_a_topic_without_content_is_answered_by_what_is_most_like_it_and_the_path_says_so(site: World) -> None:
    for other, similarity in (("run", 0.5), ("hike", 0.499)):
        site.link("similar_topics", "trail", other, similarity=similarity)
    site.link("topic_triggers", "anonymous/7", "trail")
    record = site.record("anonymous/7")
    assert record["asset_id"] == "running"
    assert record["candidates"] == 1
    steps = [(step["from"], step["type"], step["to"]) for step in path_of(record)]
    assert ("Topic/trail", "SIMILAR_TO", "Topic/run") in steps
    assert ("Asset/running", "ABOUT", "Topic/run") in steps


def test_content_about_a_topic_alone_is_worth_nothing_and_not_sent(site: World) -> None:
    site.assets.clear()
    site.asset("essay", topics=("run",)).link("topic_triggers", "anonymous/7", "run")
    record = site.record("anonymous/7")
    assert (record["verb"], record["none_reason"]) == ("none", "not worth it")


@pytest.mark.parametrize(
    ("facts", "is_high"),
    [
        ({}, True),
        ({"days_ago": 14.0}, True),
        ({"days_ago": 14.001}, False),
        ({"confidence": 0.3}, True),
        ({"confidence": 0.299}, False),
        ({"weight": 0.1}, True),
        ({"source": "signals, outcomes"}, True),
        ({"source": "assertions"}, False),
    ],
)
def test_what_moves_to_act_is_high_intent_while_it_is_fresh_sure_and_from_signals(
    site: World, facts: dict[str, Any], is_high: bool
) -> None:
    told: dict[str, Any] = {"rule": "checkout-left", "days_ago": 1.0}
    site.link("triggers", "known", "SHOES", **(told | facts))
    assert (("known", "category/SHOES") in found(site)) == is_high


@pytest.mark.parametrize(
    ("facts", "is_high"),
    [
        ({"weight": 1.0, "days_ago": 0.0}, True),
        ({"weight": 0.999, "days_ago": 0.0}, False),
        ({"weight": 1.0, "days_ago": 0.0, "half_life_days": float("nan")}, True),
        ({"weight": 2.0, "days_ago": 10.0, "half_life_days": 10.0}, True),
        ({"weight": 1.999, "days_ago": 10.0, "half_life_days": 10.0}, False),
        ({"weight": 9.0, "rule": "most-browsed"}, False),
    ],
)
def test_an_interest_needs_the_weight_of_a_deed_that_is_left_of_it(
    site: World, facts: dict[str, Any], is_high: bool
) -> None:
    told: dict[str, Any] = {"rule": "engaged", "days_ago": 1.0}
    site.link("topic_interests", "known", "run", **(told | facts))
    assert (("known", "topic/run") in found(site)) == is_high


def test_a_customer_has_three_at_most_and_each_subject_once(site: World) -> None:
    for topic in ("run", "trail", "hike"):
        site.link("topic_triggers", "known", topic, days_ago=1.0).link("topic_interests", "known", topic, days_ago=9.0)
    site.link("triggers", "known", "SHOES", days_ago=5.0)
    assert {subject for _, subject in found(site)} == {"topic/run", "topic/trail", "topic/hike"}


@pytest.mark.parametrize(("name", "subject"), [("triggers", "SHOES"), ("topic_triggers", "run")])
def test_who_is_moved_by_what_they_never_bought_is_taken_for_a_typical_customer(
    site: World, name: str, subject: str
) -> None:
    site.link("topic_interests", "known", "run", rule="engaged")
    assert site.record("known")["none_reason"] == "not worth it", "a rich history without shoes means none"
    site.link(name, "known", subject, rule="checkout-left")
    record = site.record("known")
    assert record["verb"] == "send"
    typical = record["margin_none"]
    assert typical == pytest.approx(5.0), "what the only buyer of shoes spends, divided by one"


# ---- objections


@pytest.fixture
def wanting(site: World) -> World:
    """The visitor wants to hear about running."""
    return site.link("topic_triggers", "anonymous/7", "run")


def refusals(world: World, who: str = "anonymous/7") -> dict[str, int]:
    """What refused how many candidates of a customer."""
    return refusals_of(world.record(who))


@pytest.mark.parametrize(
    ("name", "subject"), [("topic_objections", "run"), ("objections", "SHOES"), ("objections", "OUTDOOR")]
)
def test_nobody_is_sent_what_they_object_to(wanting: World, name: str, subject: str) -> None:
    wanting.link(name, "anonymous/7", subject, rule="refused", source="outcomes")
    assert refusals(wanting) == {"objection": 1}
    assert wanting.record("anonymous/7")["none_reason"] == "refused by policy: objection"


def test_an_objection_refuses_nothing_else_and_nobody_else(wanting: World) -> None:
    wanting.link("topic_objections", "anonymous/7", "hike").link("topic_objections", "known", "run")
    assert refusals(wanting) == {}
    assert wanting.record("anonymous/7")["asset_id"] == "running"


def test_an_objection_to_a_part_leaves_what_is_about_the_whole(wanting: World) -> None:
    wanting.assets.clear()
    wanting.asset("all-outdoor", "OUTDOOR", topics=("run",)).link("objections", "anonymous/7", "SHOES")
    assert refusals(wanting) == {}
    wanting.product("boot", "SHOES").asset("boots", products=("boot",), topics=("run",))
    assert refusals(wanting) == {"objection": 1}


@pytest.mark.parametrize(("message_class", "is_refused"), [("service", False), ("transactional", False), (None, True)])
def test_services_are_no_matter_of_objections(wanting: World, message_class: str | None, is_refused: bool) -> None:
    wanting.assets["running"]["message_class"] = message_class
    wanting.link("topic_objections", "anonymous/7", "run")
    assert ("objection" in refusals(wanting)) == is_refused
