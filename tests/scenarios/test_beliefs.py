"""What people do becomes what is believed of them: with the rule, its evidence, and more for what tells more."""

import pytest

from tests.scenarios.world import TODAY, Row, World, days_before, local, moment

YESTERDAY = days_before(TODAY, 1)
SCORES = """
scores:
  intent:
    half_life_days: none
    dimensions:
      acts: {events: [Page Viewed, Content Viewed, Pricing Page Viewed, Demo Requested], weight: fidelity}
"""


def tea_house(world: World) -> None:
    """A shop that writes about brewing, and a regular who keeps its purchases from being none."""
    world.play("replenishment-due")
    world.asset("brewing-note", categories=["tea"], topics=["brewing"])
    world.customer("regular").buys("regular", "tea", every=14, last=days_before(TODAY, 13))


def beliefs(world: World, customer: str, relation: str) -> list[Row]:
    return world.query(
        f"MATCH (c:Customer {{customer_id: '{customer}'}})-[b:{relation}]->(about) RETURN about.topic_id AS about, "
        "b.rule AS rule, b.weight AS weight, b.confidence AS confidence, b.valid_from AS valid_from, "
        "b.valid_to AS valid_to, b.observed_at AS observed_at, b.source AS source, b.evidence AS evidence "
        "ORDER BY about, rule, valid_from"
    )


def about(found: list[Row], topic: str, rule: str) -> list[Row]:
    return [row for row in found if (row["about"], row["rule"]) == (topic, rule)]


def test_b020_an_interaction_becomes_preference_trigger_and_objection_with_provenance(world: World) -> None:
    tea_house(world)
    world.customer("anna")
    for back in (9, 7, 5):
        day = days_before(TODAY, back)
        world.signal("Content Viewed", on=day, customer_id="anna", topic="brewing", session_id=f"visit-{back}")
    for back in (3, 2):
        world.signal("Pricing Page Viewed", on=days_before(TODAY, back), customer_id="anna")
    world.touch("anna", at=local(days_before(TODAY, 4)), asset_id="brewing-note")
    world.run()
    (before,) = about(beliefs(world, "anna", "PREFERS"), "brewing", "chosen-most")
    assert about(beliefs(world, "anna", "TRIGGERED_BY"), "pricing", "pricing-visited") == []
    assert about(beliefs(world, "anna", "OBJECTS_TO"), "brewing", "refused") == []

    # she comes back: reads again, looks at prices for the third time, and has enough of the messages
    world.signal("Content Viewed", on=TODAY, customer_id="anna", topic="brewing", session_id="visit-0")
    world.signal("Pricing Page Viewed", on=TODAY, at="11:00:00", customer_id="anna")
    world.outcome("touch-1", "unsubscribed", at=local(TODAY, "12:00:00"))
    world.today = days_before(TODAY, -1)
    world.run()

    closed, preference = about(beliefs(world, "anna", "PREFERS"), "brewing", "chosen-most")
    assert moment(closed["valid_from"]) == moment(before["valid_from"])
    assert moment(closed["valid_to"]) == moment(preference["valid_from"]), "closed where the next one begins"
    assert preference["weight"] > 0
    (trigger,) = about(beliefs(world, "anna", "TRIGGERED_BY"), "pricing", "pricing-visited")
    (objection,) = about(beliefs(world, "anna", "OBJECTS_TO"), "brewing", "refused")
    learnt = (preference, "signals, outcomes"), (trigger, "signals"), (objection, "touches, outcomes")
    for belief, source in learnt:
        assert belief["source"] == source
        assert 0 < belief["confidence"] < 1
        assert moment(belief["valid_from"]).date() == moment(belief["observed_at"]).date() == TODAY
        assert moment(belief["valid_to"]) > moment(belief["valid_from"]), "it ends when it has faded"
    assert len(preference["evidence"]) == 4
    assert [key.split("/")[0] for key in trigger["evidence"]] == ["signals"] * 3
    assert objection["evidence"] == ["outcomes/outcome-1"]


def test_b049_high_fidelity_intent_outweighs_noise_by_score(world: World) -> None:
    tea_house(world)
    world.customer("anna")
    for number in range(100):
        day = days_before(TODAY, 1 + number % 20)
        world.signal("Page Viewed", on=day, at=f"10:{number % 60:02}:00", customer_id="anna", topic="gadgets")
    for number in range(6):
        day = days_before(TODAY, 1 + number)
        world.signal("Content Viewed", on=day, customer_id="anna", topic="brewing")
    world.signal("Demo Requested", on=YESTERDAY, customer_id="anna", topic="machines")
    for back in (3, 2, 1):
        world.signal("Pricing Page Viewed", on=days_before(TODAY, back), customer_id="anna", topic="pricing")
    world.customer("noisy")
    for number in range(100):
        day = days_before(TODAY, 1 + number % 20)
        world.signal("Page Viewed", on=day, at=f"11:{number % 60:02}:00", customer_id="noisy", topic="gadgets")
    world.write()
    (world.playbook / "scores.yaml").write_text(SCORES, encoding="utf-8")
    world.run()

    weights = {row["about"]: row["weight"] for row in beliefs(world, "anna", "INTERESTED_IN")}
    assert "gadgets" not in weights, "a hundred page views are not enough to believe anything"
    assert weights["machines"] > weights["brewing"] > 0
    assert weights["pricing"] > weights["brewing"]
    scored = world.query("MATCH (c:Customer) RETURN c.customer_id AS customer, c.intent_score AS score ORDER BY score")
    assert [row["customer"] for row in scored] == ["regular", "noisy", "anna"]
    assert scored[1]["score"] == pytest.approx(100 * 0.5)
    assert scored[2]["score"] > 100, "a demo and three looks at prices against a hundred pages"
    kept = world.query("MATCH (s:Signal)-[:BY]->(:Customer {customer_id: 'anna'}) RETURN DISTINCT s.name AS name")
    assert sorted(row["name"] for row in kept) == ["Demo Requested", "Pricing Page Viewed"], "noise stays in the lake"


def test_b062_engagement_with_what_was_sent_updates_the_signal_layer(world: World) -> None:
    tea_house(world)
    day = world.run()
    (sent,) = world.exported(day)
    assert signals(world) == []
    assert about(beliefs(world, "regular", "INTERESTED_IN"), "brewing", "engaged") == []

    world.outcome(sent["decision_id"], "clicked", at=local(TODAY, "12:00:00"))
    world.signal("Content Downloaded", on=TODAY, at="12:05:00", customer_id="regular", asset_id="brewing-note")
    world.today = days_before(TODAY, -1)
    world.run()

    assert signals(world) == [
        {"about": "brewing", "name": "Content Downloaded"},
        {"about": "brewing", "name": "clicked"},
    ]
    (interest,) = about(beliefs(world, "regular", "INTERESTED_IN"), "brewing", "engaged")
    assert [key.split("/")[0] for key in interest["evidence"]] == ["signals", "outcomes"]
    assert moment(interest["valid_from"]) == local(TODAY, "12:05:00")


def signals(world: World) -> list[Row]:
    return world.query(
        "MATCH (s:Signal)-[:BY]->(:Customer {customer_id: 'regular'}) MATCH (s)-[:ABOUT]->(t:Topic) "
        "RETURN t.topic_id AS about, s.name AS name ORDER BY name"
    )
