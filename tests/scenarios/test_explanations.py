"""Why, why not, and what would have changed it: nothing is claimed that was not decided again."""

from tests.scenarios.world import TODAY, World, days_before, local

DUE = days_before(TODAY, 13)


def shop(world: World) -> None:
    world.play("replenishment-due")
    world.setting(uplift={"coupon": {"mean": 0.06, "low": 0.0, "high": 0.12}})
    world.policy("small-accounts", when="customer.pclv < 500", deny="offer.discount_pct > 10")
    world.policy("one-a-week", cap={"count": 1, "days": 7})
    world.offer("deep", discount_pct=40).asset("deep-coupon", kind="coupon", categories=["coffee"], offer_id="deep")
    world.asset("coffee-note", categories=["coffee"]).asset("tea-note", categories=["tea"])
    for customer, pclv in (("small", 499.99), ("large", 500)):
        world.customer(customer).buys(customer, "coffee", every=14, last=DUE).estimate(customer, "pclv", pclv)
    world.customer("capped").buys("capped", "coffee", every=14, last=DUE).estimate("capped", "pclv", 900)
    world.touch("capped", at=local(days_before(TODAY, 2)))
    world.customer("silent", consents=False).buys("silent", "coffee", every=14, last=DUE)
    world.customer("nothing")


def test_why_not_and_what_would_have_changed_it(world: World) -> None:
    shop(world)
    day = world.run()

    small = world.command("why", "--customer", "small", "--not", "deep-coupon").document
    assert small["is_reproduced"]
    assert small["not"]["stage"] == "refused by policy"
    assert [one["policy"] for one in small["not"]["refused_by"]] == ["small-accounts"]
    smallest, *others = small["not"]["flips"]
    assert {"kind": "attribute", "what": "pclv", "from": 499.99, "to": 500}.items() <= smallest.items()
    assert ("policy", "small-accounts") in {(flip["kind"], flip["what"]) for flip in others}
    large = world.command("why", "--customer", "large", "--not", "coffee-note@email").document
    assert large["action"]["asset_id"] == "deep-coupon"
    assert large["not"]["stage"] == "worth less"
    assert large["not"]["behind"] > 0
    assert large["runner_up"]["asset_id"] == "coffee-note"
    tea = world.command("why", "--customer", "large", "--not", "tea-note").document
    assert tea["not"]["stage"] == "no motive about it"
    capped = world.why("capped")
    assert {("cap", 2), ("touch", None)} <= {(flip["kind"], flip["to"]) for flip in capped["flips"]}
    assert capped["next_contact"]["at_local"][:10] == str(days_before(TODAY, -5))
    assert capped["next_contact"]["held_by"] == ["one-a-week"]
    silent = world.why("silent")
    assert ("consent", "given") in {(flip["kind"], flip["to"]) for flip in silent["flips"]}
    assert silent["next_contact"]["at"] is None
    for card in (small, large, capped, silent):
        assert all(flip["is_verified"] for flip in card["flips"])
        assert set(card["said"]) == {"marketer", "customer", "auditor"}
    wrong = world.command("why", "--customer", "small", "--not", "coffe-note")
    assert wrong.exit_code == 2
    assert "coffee-note" in wrong.error["remedy"]

    unserved = world.command("unserved").document
    assert unserved["customers"] == day["none"] == 3
    causes = {row["cause"]: row["customers"] for row in unserved["by_cause"]}
    assert causes == {"consent": 1, "cap": 1, "no reason to talk": 1}
    assert sum(row["customers"] for row in unserved["rows"]) == 3


def test_b004_a_high_stakes_decision_has_four_blocks_to_what_it_changes_and_keeps(world: World) -> None:
    world.play("replenishment-due")
    world.setting(uplift={kind: {"mean": 0.4, "low": 0.1, "high": 0.7} for kind in ("story", "coupon")})
    world.offer("ten-off", discount_pct=10, unit_cost=2.0, is_automatic=True)
    world.asset("why-decaf", categories=["coffee"], kind="story")
    world.asset("ten-off-coffee", categories=["coffee"], kind="coupon", offer_id="ten-off")
    world.customer("vip").buys("vip", "coffee", every=14, last=DUE, spend=200.0).estimate("vip", "pclv", 25_000)
    world.customer("unreachable", consents=False).buys("unreachable", "coffee", every=14, last=DUE, spend=200.0)
    world.run()

    vip, unreachable = world.why("vip"), world.why("unreachable")

    for card in (vip, unreachable):
        assert list(card["blocks"]) == ["input", "reasoning", "action", "economic_impact"]
    read, reasoning, action, impact = vip["blocks"].values()
    assert read["evidence"][0]["rests_on"], "input data, down to single rows"
    assert reasoning["motive"]["play"] == "replenishment-due"
    assert [other["asset_id"] for other in reasoning["alternatives"]] == ["ten-off-coffee"]
    assert (action["asset_id"], action["channel"]) == ("why-decaf", "email")
    conversion, kept = impact["conversion"], impact["margin_kept"]
    assert conversion["change_pct"] == 40
    assert 0 < conversion["without"] < conversion["with"] <= 1
    assert kept["without_offer_of"] == "ten-off-coffee"
    assert abs(kept["amount"] - 2.0 * conversion["without"]) < 1e-9, "it would have cost on every purchase"
    assert impact["low"] < impact["expected"] < impact["high"]
    nothing = unreachable["blocks"]["economic_impact"]
    assert (nothing["expected"], nothing["conversion"], nothing["margin_kept"]) == (0.0, None, None)
