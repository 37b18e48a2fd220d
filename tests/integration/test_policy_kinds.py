"""Policies that hold, withhold and compare, from the playbook to what leaves."""

from tests.scenarios.world import TODAY, World, days_before

REFUSED = 5
DUE = days_before(TODAY, 13)


def test_a_send_that_needs_a_person_is_decided_recorded_and_not_delivered(world: World) -> None:
    world.customer("small").buys("small", "coffee", every=14, last=DUE)
    world.customer("large").buys("large", "tea", every=14, last=DUE)
    world.offer("coffee-off", discount_pct=20).offer("tea-off", discount_pct=30)
    world.asset("coffee-coupon", kind="coupon", categories=["coffee"], offer_id="coffee-off")
    world.asset("tea-coupon", kind="coupon", categories=["tea"], offer_id="tea-off")
    world.policy("deep-discounts", escalate="offer.discount_pct > 25", to="the ops manager")

    day = world.run()

    assert {row["customer_id"] for row in world.exported(day)} == {"small"}
    assert day["withheld"] == {"held: needs the ops manager": 1}
    assert day["held"] == {"the ops manager": 1}
    card = world.why("large")
    assert card["action"]["asset_id"] == "tea-coupon"
    assert card["held"] == {"needs": ["the ops manager"], "by": ["deep-discounts"]}
    assert world.why("small")["held"] is None


def test_an_approval_and_a_sign_off_name_whom_they_wait_for(world: World) -> None:
    world.customer("one").buys("one", "coffee", every=14, last=DUE)
    world.policy("approved", when="customer.customer_id == 'one'", require={"approval": "owner"})
    world.policy("signed", when="asset.kind == 'reminder'", require={"sign_off": "legal"})
    day = world.run()
    assert world.exported(day) == []
    assert day["withheld"] == {"held: needs owner, legal": 1}


def test_uneven_groups_block_the_run_before_anything_leaves(world: World) -> None:
    for number in range(8):
        customer = f"customer-{number}"
        world.customer(customer, gender="f" if number < 4 else "m")
        if number < 4 or number == 7:
            world.buys(customer, "coffee", every=14, last=DUE)
        else:
            world.buys(customer, "coffee", every=14, last=days_before(TODAY, 1))
    rule = {"by": "customer.gender", "within": 0.5, "least": 4}
    world.policy("even", parity=rule)
    answer = world.command("run", str(world.playbook))
    assert answer.exit_code == REFUSED
    assert "100.0% of f (4 of 4) and 25.0% of m (1 of 4): 75.0 points apart, 50 allowed." in answer.error["what"]

    world.policies.clear()
    world.policy("even", parity=rule | {"within": 0.75})
    day = world.run()
    assert len(world.exported(day)) == 5
    (found,) = day["parity"]
    assert not found["is_breached"]
