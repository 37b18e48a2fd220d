"""What a policy, a cap or a withdrawn consent forbids is not sent, to the exact boundary."""

from datetime import timedelta

from tests.scenarios.world import TODAY, World, days_before, local, moment

DUE = days_before(TODAY, 13)  # the last purchase of somebody who buys every 14 days and is due tomorrow


def test_b011_margin_protection_boundary(world: World) -> None:
    world.policy("margin-protection", when="customer.pclv < 500", deny="offer.discount_pct > 10")
    for category, discount_pct in (("coffee", 10.01), ("tea", 10), ("cocoa", 25)):
        world.offer(f"{category}-off", discount_pct=discount_pct)
        world.asset(f"{category}-coupon", kind="coupon", categories=[category], offer_id=f"{category}-off")
    small, large = 499.99, 500
    for customer, category, pclv in (
        ("small-coffee", "coffee", small),
        ("large-coffee", "coffee", large),
        ("small-tea", "tea", small),
        ("small-cocoa", "cocoa", small),
        ("large-cocoa", "cocoa", large),
    ):
        world.customer(customer).buys(customer, category, every=14, last=DUE).estimate(customer, "pclv", pclv)

    day = world.run()

    sent = {row["customer_id"]: row["asset_id"] for row in world.exported(day)}
    assert sent == {"large-coffee": "coffee-coupon", "small-tea": "tea-coupon", "large-cocoa": "cocoa-coupon"}
    for customer in ("small-coffee", "small-cocoa"):
        card = world.why(customer)
        assert card["action"]["verb"] == "none"
        assert card["refused_by"] == {"margin-protection": 1}
    for customer in ("large-coffee", "small-tea", "large-cocoa"):
        assert "margin-protection" not in world.why(customer)["refused_by"]


def test_b067_contact_at_the_cap_gets_no_send(world: World) -> None:
    world.policy("three-touches-a-week", cap={"count": 3, "days": 7})
    for customer in ("two-touches", "three-touches", "third-just-outside", "third-just-inside"):
        world.customer(customer).buys(customer, "coffee", every=14, last=DUE)
        for days in (1, 2):
            world.touch(customer, at=local(days_before(TODAY, days)))
    world.touch("three-touches", at=local(days_before(TODAY, 3)))
    world.run(until="authorise")
    send_at = moment(world.why("two-touches")["action"]["send_at"])
    week_before = send_at - timedelta(days=7)
    world.touch("third-just-outside", at=week_before)
    world.touch("third-just-inside", at=week_before + timedelta(seconds=1))

    day = world.run()

    assert {row["customer_id"] for row in world.exported(day)} == {"two-touches", "third-just-outside"}
    for customer in ("three-touches", "third-just-inside"):
        card = world.why(customer)
        assert card["action"]["verb"] == "none"
        assert card["refused_by"]["three-touches-a-week"] >= 1
    assert moment(world.why("third-just-outside")["action"]["send_at"]) == send_at


def test_b068_an_unsubscribe_between_deciding_and_exporting_is_obeyed(world: World) -> None:
    for customer in ("leaves", "stays"):
        world.customer(customer).buys(customer, "coffee", every=14, last=DUE)
    decided = world.run(until="authorise")
    assert decided["sends"] == 2
    assert decided["files"] == []
    assert world.why("leaves")["action"]["verb"] == "send"

    world.at = "08:00:00"
    world.withdraws("leaves", at=local(TODAY, "07:30:00"))
    delivered = world.deliver(decided["run_id"])

    assert delivered["run_id"] == decided["run_id"]
    assert [row["customer_id"] for row in world.exported(delivered)] == ["stays"]
    assert sum(delivered["withheld"].values()) == 1


def test_an_unsubscribe_among_the_outcomes_is_a_refusal_for_the_day_and_at_export(world: World) -> None:
    for customer in ("stays", "left-before", "leaves-now"):
        world.customer(customer).buys(customer, "coffee", every=14, last=days_before(TODAY, 13))
        world.touch(customer, at=local(days_before(TODAY, 20)))
    world.outcome("touch-2", "unsubscribed", at=local(days_before(TODAY, 19)))

    day = world.run(until="authorise")
    assert world.why("left-before")["refused_by"]["consent"] >= 1
    world.at = "08:00:00"
    world.outcome("touch-3", "unsubscribed", at=local(TODAY, "00:30:00"))
    delivered = world.deliver(day["run_id"])

    assert {row["customer_id"] for row in world.exported(delivered)} == {"stays"}
