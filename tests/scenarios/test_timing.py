"""When somebody hears again: sliding windows, exact to the second, whatever the channel."""

from datetime import timedelta

from tests.scenarios.world import TODAY, World, days_before, moment


def test_b113_no_promotion_13_days_after_one_and_allowed_on_day_14_across_channels(world: World) -> None:
    world.policy("one-promotion-a-fortnight", cap={"count": 1, "days": 14, "of": 'asset.kind == "coupon"'})
    world.channel("email").channel("letter", cost_per_touch=0.01)
    world.offer("coffee-off", discount_pct=10)
    world.asset("coffee-coupon", kind="coupon", categories=["coffee"], offer_id="coffee-off")
    world.asset("coffee-news", kind="reminder", categories=["coffee"], status="retired")
    world.has_default_reminders = False
    ago = {
        "13-days": timedelta(days=13),
        "day-14": timedelta(days=14),
        "a-second-short": timedelta(days=14) - timedelta(seconds=1),
    }
    for customer in (*ago, "never", "other-message"):
        world.customer(customer).buys(customer, "coffee", every=14, last=days_before(TODAY, 13))
    world.run(until="authorise")
    sends_at = {customer: moment(world.why(customer)["action"]["send_at"]) for customer in (*ago, "other-message")}
    for customer, since in ago.items():
        world.touch(customer, at=sends_at[customer] - since, channel_id="letter", asset_id="coffee-coupon")
    world.touch("other-message", at=sends_at["other-message"] - timedelta(days=1), asset_id="coffee-news")

    day = world.run()

    sent = {row["customer_id"]: row["asset_id"] for row in world.exported(day)}
    assert sent == dict.fromkeys(["never", "day-14", "other-message"], "coffee-coupon")
    assert moment(world.why("day-14")["action"]["send_at"]) == sends_at["day-14"]
    for customer in ("13-days", "a-second-short"):
        card = world.why(customer)
        assert card["action"]["verb"] == "none"
        assert card["refused_by"]["one-promotion-a-fortnight"] == 2, "by e-mail as by letter"
