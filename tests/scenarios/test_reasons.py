"""Every decision can say why: when, from what, by which path, within which rules, with which confidence."""

from tests.scenarios.world import TODAY, Document, World, days_before, moment

DUE, NOT_DUE = days_before(TODAY, 13), days_before(TODAY, 1)
KEYS = {
    "Customer": "customer_id",
    "Category": "category_id",
    "Motive": "motive_id",
    "Asset": "asset_id",
    "Channel": "channel_id",
}


def coffee_shop(world: World) -> None:
    """A note and a coupon about coffee; the coupon is deeper than the shop allows."""
    world.play("replenishment-due")
    world.policy("no-deep-discounts", deny="offer.discount_pct > 20")
    world.asset("coffee-note", categories=["coffee"])
    world.offer("deep", discount_pct=40).asset("deep-coupon", kind="coupon", categories=["coffee"], offer_id="deep")


def test_b057_every_action_has_timestamp_reasoning_inputs_and_outcome(world: World) -> None:
    coffee_shop(world)
    world.setting(holdout_share=0.5)
    due = [f"due-{number}" for number in range(8)]
    for customer in due:
        world.customer(customer).buys(customer, "coffee", every=14, last=DUE)
    world.customer("not-due").buys("not-due", "coffee", every=14, last=NOT_DUE)
    world.customer("unreachable", consents=False).buys("unreachable", "coffee", every=14, last=DUE)

    day = world.run()

    cards = {customer: world.why(customer) for customer in (*due, "not-due", "unreachable")}
    sent = {customer for customer in due if not cards[customer]["action"]["is_ghost"]}
    assert set() < sent < set(due), "some are held out, and have a record all the same"
    for card in cards.values():
        assert card["run_id"] == day["run_id"]
        assert moment(card["as_of"]) == moment(day["as_of"])
        assert {"code", "playbook", "policies", "view", "table purchases", "table consents"} <= set(card["versions"])
    for customer in due:
        card = cards[customer]
        assert card["action"]["verb"] == "send"
        assert moment(card["action"]["send_at"]).date() == TODAY
        assert "14 days" in card["motive"]["sentence"]
        assert card["motive"]["facts"]["shopping_days"] == 8
        assert card["value"]["total"] > 0
    for customer, because in (("not-due", "motive"), ("unreachable", "consent")):
        assert cards[customer]["action"]["verb"] == "none"
        assert because in cards[customer]["action"]["none_reason"]
    exported = {row["customer_id"]: row["decision_id"] for row in world.exported(day)}
    assert exported == {customer: cards[customer]["decision_id"] for customer in sent}


def test_b141_a_trace_shows_signals_confidence_constraints_and_paths(world: World) -> None:
    coffee_shop(world)
    world.customer("due").buys("due", "coffee", every=14, last=DUE)
    world.run()

    card = world.why("due")

    (evidence,) = card["motive"]["evidence"]
    assert evidence.startswith(f"(Customer/due)-[:BOUGHT {{count: 8, last_at: {DUE}T09:00:00")
    assert evidence.endswith("]->(Category/coffee)")
    assert 0 < card["confidence"] <= 0.60, "an assumed effect is never surer than its cap"
    assert card["evidence_grade"] == "assumed"
    assert card["refused_by"] == {"no-deep-discounts": 1}
    (refused,) = card["alternatives"]
    assert refused["asset_id"] == "deep-coupon"
    assert "no-deep-discounts" in refused["why_not"]
    assert [(step["from"], step["type"], step["to"]) for step in card["path"]] == [
        ("Customer/due", "BOUGHT", "Category/coffee"),
        ("Customer/due", "HAS_MOTIVE", "Motive/replenishment-due:category/coffee"),
        ("Motive/replenishment-due:category/coffee", "CONCERNS", "Category/coffee"),
        ("Asset/coffee-note", "ABOUT", "Category/coffee"),
        ("Asset/coffee-note", "FITS", "Channel/email"),
    ]
    for step in card["path"]:
        assert is_in_the_graph(world, step), "the path can be walked by whoever asks the graph"


def is_in_the_graph(world: World, step: Document) -> bool:
    start, end = (matched(step[side]) for side in ("from", "to"))
    (found,) = world.query(f"MATCH ({start})-[:{step['type']}]->({end}) RETURN count(*) AS steps")
    return bool(found["steps"] == 1)


def matched(node: str) -> str:
    label, _, key = node.partition("/")
    return f":{label} {{{KEYS[label]}: '{key}'}}"
