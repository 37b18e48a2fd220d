"""Every decision can say why: when, from what, by which path, within which rules, with which confidence."""

from tests.scenarios.world import TODAY, World, days_before, moment

DUE = days_before(TODAY, 13)


def coffee_and_a_forbidden_coupon(world: World) -> None:
    world.policy("no-deep-discounts", deny="offer.discount_pct > 20")
    world.asset("coffee-note", categories=["coffee"])
    world.offer("deep", discount_pct=40).asset("deep-coupon", kind="coupon", categories=["coffee"], offer_id="deep")
    world.customer("sent-to").buys("sent-to", "coffee", every=14, last=DUE)
    world.customer("left-in-peace").buys("left-in-peace", "coffee", every=14, last=days_before(TODAY, 1))


def test_b057_every_action_has_timestamp_reasoning_inputs_and_outcome(world: World) -> None:
    coffee_and_a_forbidden_coupon(world)
    world.setting(holdout_share=0)
    day = world.run()

    for customer in ("sent-to", "left-in-peace"):
        card = world.why(customer)
        assert card["run_id"] == day["run_id"]
        assert card["decision_id"]
        assert moment(card["as_of"])
        assert card["versions"]
    sent = world.why("sent-to")
    assert moment(sent["action"]["send_at"]).date() == TODAY
    assert sent["motive"]["sentence"]
    assert sent["motive"]["evidence"]
    assert sent["action"]["verb"] == "send"
    quiet = world.why("left-in-peace")
    assert quiet["action"]["verb"] == "none"
    assert quiet["action"]["none_reason"]


def test_b141_a_trace_shows_signals_confidence_constraints_and_paths(world: World) -> None:
    coffee_and_a_forbidden_coupon(world)
    world.run()

    card = world.why("sent-to")

    assert any("coffee" in fact for fact in card["motive"]["evidence"])
    assert 0 < card["confidence"] <= 0.60, "an assumed effect is never surer than its cap"
    assert card["evidence_grade"] == "assumed"
    assert card["refused_by"] == {"no-deep-discounts": 1}
    path = [(step["from"], step["type"], step["to"]) for step in card["path"]]
    for start, kind, end in path:
        assert start
        assert kind
        assert end
    assert path[0][0].endswith("sent-to")
    assert path[-1][2].endswith("email")
