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
    world.setting(holdout_share=0.5)
    world.play("favourites", thresholds={"rest_days": 0})
    due = [f"due-{number}" for number in range(6)]
    for customer in due:
        world.customer(customer).buys(customer, "coffee", every=14, last=DUE)
    world.customer("fond").buys("fond", "coffee", every=[2, 5, 1, 9], last=NOT_DUE)
    world.customer("browsing").purchase("browsing", "tea", on=days_before(TODAY, 40))
    world.views("browsing", "coffee-standard", times=6, last=NOT_DUE)
    world.customer("unreachable", consents=False).buys("unreachable", "coffee", every=14, last=DUE)
    world.run()

    cards = {customer: world.why(customer) for customer in (*due, "fond", "browsing", "unreachable")}

    assert {card["action"]["is_ghost"] for card in cards.values()} == {False, True}, "ghosts have a trace as well"
    for customer, card in cards.items():
        assert list(card["blocks"]) == ["input", "reasoning", "action", "economic_impact"]
        reasoning, evidence = card["blocks"]["reasoning"], card["blocks"]["input"]["evidence"]
        assert card["blocks"]["input"]["health"]["level"] in ("ok", "warning", "alarm")
        assert reasoning["assumed"], "what nobody measured is said to be assumed"
        if customer == "unreachable":
            assert "consent" in [one["policy"] for one in reasoning["constraints"]]
            assert (evidence, reasoning["motive"], reasoning["path"]) == ([], None, [])
            assert card["blocks"]["economic_impact"]["expected"] == 0.0
            continue
        # input signals, down to single rows
        assert evidence
        for step in evidence:
            rows = step["rests_on"]
            assert rows, "evidence rests on rows that anybody may look up"
            table = "signals/browsing-" if customer == "browsing" else "purchases/order-"
            assert all(row["key"].startswith(table) for row in rows)
            assert {row["row"]["customer_id"] for row in rows} == {customer}
        # confidence
        assert 0 < reasoning["confidence"] <= 0.60, "an assumed effect is never surer than its cap"
        assert reasoning["evidence_grade"] == "assumed"
        # policy constraints
        assert reasoning["constraints"] == [
            {
                "policy": "no-deep-discounts",
                "refused": len(reasoning["alternatives"]),
                "because": "The scenario says so.",
            }
        ]
        assert {other["asset_id"] for other in reasoning["alternatives"]} == {"deep-coupon"}
        assert all("no-deep-discounts" in other["why_not"] for other in reasoning["alternatives"])

    # paths, which can be walked by whoever asks the graph
    for step in (*cards["due-0"]["path"], *cards["fond"]["path"], *cards["browsing"]["path"]):
        assert is_in_the_graph(world, step)
    for customer in ("fond", "unreachable"):
        asked = world.why_decision(cards[customer]["decision_id"][:12])
        assert asked["blocks"] == cards[customer]["blocks"], "whichever way one asks"
    assert steps_of(cards["due-0"]) == [
        ("Customer/due-0", "BOUGHT", "Category/coffee"),
        ("Customer/due-0", "HAS_MOTIVE", "Motive/replenishment-due:category/coffee"),
        ("Motive/replenishment-due:category/coffee", "CONCERNS", "Category/coffee"),
        ("Asset/coffee-note", "ABOUT", "Category/coffee"),
        ("Asset/coffee-note", "FITS", "Channel/email"),
    ]
    (bought,) = cards["due-0"]["motive"]["evidence"]
    assert bought.startswith(f"(Customer/due-0)-[:BOUGHT {{count: 8, last_at: {DUE}T09:00:00")
    (interest,) = cards["fond"]["blocks"]["input"]["evidence"]
    assert (interest["type"], interest["properties"]["rule"]) == ("INTERESTED_IN", "repeat-purchase")
    assert interest["confidence"] == interest["properties"]["confidence"], "evidence has a confidence of its own"


def steps_of(card: Document) -> list[tuple[str, str, str]]:
    return [(step["from"], step["type"], step["to"]) for step in card["path"]]


def is_in_the_graph(world: World, step: Document) -> bool:
    start, end = (matched(step[side]) for side in ("from", "to"))
    (found,) = world.query(f"MATCH ({start})-[:{step['type']}]->({end}) RETURN count(*) AS steps")
    return bool(found["steps"] == 1)


def matched(node: str) -> str:
    label, _, key = node.partition("/")
    return f":{label} {{{KEYS[label]}: '{key}'}}"
