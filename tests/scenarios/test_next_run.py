"""What changes in the world changes what is said next, and nobody hears two things at once."""

from tests.scenarios.world import TODAY, Document, World, days_before, local

DUE = days_before(TODAY, 13)
WITH_COMPETITORS = """
SELECT customers.*, coalesce(nearby.gap_pct, 0) AS competitor_gap_pct
FROM 'customers.csv' AS customers
LEFT JOIN (
  SELECT about_id AS region, max(value) AS gap_pct FROM 'observations.csv'
  WHERE kind = 'competitor' AND observed_at < getvariable('as_of') GROUP BY about_id
) AS nearby USING (region)
"""


def test_b033_a_repeat_purchase_before_the_send_ends_it_and_nothing_is_exported(world: World) -> None:
    for customer in ("buys-again", "buys-something-else", "stays"):
        world.customer(customer).buys(customer, "coffee", every=14, last=DUE)
    world.category("tea")
    decided = world.run(until="authorise")
    assert decided["sends"] == 3
    send_at = world.why("buys-again")["action"]["send_at_local"]

    world.at = "08:00:00"
    assert send_at > f"{TODAY} 08:00", "it was bought before it was to be sent"
    at = local(TODAY, "07:30:00")
    world.purchase("buys-again", "coffee", on=TODAY, occurred_at=at)
    world.purchase("buys-something-else", "tea", on=TODAY, occurred_at=at)
    delivered = world.deliver(decided["run_id"])

    assert {row["customer_id"] for row in world.exported(delivered)} == {"buys-something-else", "stays"}
    assert delivered["withheld"] == {"bought since": 1}
    world.today, world.at = days_before(TODAY, -1), "06:00:00"
    world.run(until="authorise")
    assert world.why("buys-again")["action"]["none_reason"] == "no motive", "they are out until they are due again"


def test_b135_intent_inventory_and_competitors_change_the_next_run_and_a_customer_hears_one_thing(world: World) -> None:
    world.channel("app").channel("email")
    world.has_default_reminders = False
    world.play("replenishment-due").play("high-intent").play("substitution")
    world.source("customers", WITH_COMPETITORS)
    world.row("observations", observation_id="none", kind="trend", about_kind="region", about_id="south", value=0)
    world.rows["observations"][0]["observed_at"] = local(days_before(TODAY, 30))
    world.policy("match-competitors", when="customer.competitor_gap_pct > 10", require='asset.kind == "story"')
    world.policy("one-a-week", cap={"count": 1, "days": 7})
    alike = {"brand": "green", "size": "1 l", "price": 2.0}
    world.product("oat", "drinks", stock=5, **alike).product("soy", "drinks", stock=5, **alike)
    world.product("bike", "sports", stock=5)
    world.asset("coffee-note", categories=["coffee"]).asset("coffee-value", categories=["coffee"], kind="story")
    for product in ("oat", "soy", "bike"):
        world.asset(f"see-{product}", products=[product], kind="story")
    world.customer("intent", region="north").buys("intent", "coffee", every=90, last=days_before(TODAY, 40))
    world.customer("stock", region="north").buys("stock", "oat", every=14, last=DUE)
    world.customer("cyclist", consents=False, region="north").buys("cyclist", "bike", every=20, last=DUE, spend=90.0)
    world.customer("rival", region="south").buys("rival", "coffee", every=14, last=DUE)

    world.run(until="authorise")
    before = said(world)
    world.views("intent", "bike", times=8, last=days_before(TODAY, 1))
    for name in ("Product Added", "Product Added to Wishlist", "Checkout Started"):
        world.signal(name, on=days_before(TODAY, 1), customer_id="intent", product_id="bike")
    next(row for row in world.rows["products"] if row["product_id"] == "oat")["stock"] = 0
    seen = {"observed_at": local(days_before(TODAY, 1)), "about_kind": "region", "about_id": "south", "value": 15}
    world.row("observations", observation_id="undercut", kind="competitor", **seen)
    day = world.run()

    after = said(world)
    assert before == {"intent": None, "stock": "see-oat", "rival": "coffee-note"}
    assert after == {"intent": "see-bike", "stock": "see-soy", "rival": "coffee-value"}
    assert world.why("rival")["refused_by"].keys() == {"match-competitors"}
    heard = [row["customer_id"] for channel in ("app", "email") for row in world.exported(day, channel)]
    assert sorted(heard) == ["intent", "rival", "stock"], "on one channel each, whatever there would be on the other"
    world.today = days_before(TODAY, -1)
    assert world.run(until="authorise")["sends"] == 0, "what one channel said counts on every channel"


def said(world: World) -> Document:
    return {who: world.why(who)["action"].get("asset_id") for who in ("intent", "stock", "rival")}
