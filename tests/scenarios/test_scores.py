"""What a marketer declares in scores.yaml routes, qualifies and alarms, and how long people wait is told."""

import pytest

from tests.scenarios.world import TODAY, Document, World, days_before, local

INTENT = """
scores:
  intent:
    half_life_days: none
    threshold: 40
    dimensions:
      page_views: {weight: 1, at_most: 15}
      session_depth: {weight: 1, at_most: 10}
      add_to_cart: {weight: 20, at_most: 40}
      return_visits: {weight: 5, at_most: 15}
"""

STAGES = """
scores:
  engagement:
    half_life_days: none
    threshold: 30
    dimensions:
      read: {events: [Content Viewed], weight: 10}
  intent:
    half_life_days: none
    threshold: 50
    dimensions:
      asked: {events: [Demo Requested], weight: 50}
  fit:
    threshold: 60
    dimensions:
      tier: {attribute: account.tier, in: [strategic], weight: 40}
      decides: {attribute: customer.seniority, in: [director], weight: 20}
stages:
  MQL: {reaches: [engagement]}
  AQL: {reaches: [intent, fit]}
"""

SURGE = """
surges:
  comparing:
    topics: [comparison]
    people: 3
    days: 8
    accounts: {tier: ["1"]}
"""

LATENCY = """
intent_latency: {events: [Demo Requested], within_hours: 6}
"""


def declared(world: World, text: str) -> World:
    world.write()
    (world.playbook / "scores.yaml").write_text(text, encoding="utf-8")
    return world


def shop(world: World) -> None:
    """Somebody who buys, and something to say, without which no playbook decides anything."""
    world.play("campaign")
    world.customer("regular").buys("regular", "tea", every=14, last=days_before(TODAY, 13))


def scores(world: World, *options: str) -> Document:
    answer = world.command("scores", str(world.playbook), *options)
    assert answer.exit_code == 0, answer.stdout + answer.stderr
    return answer.document


def test_b031_declared_dimensions_route_high_intent_apart_from_browse_only_without_code(world: World) -> None:
    shop(world)
    campaign = {"from": days_before(TODAY, 3), "until": TODAY}
    routed = {"name": "wanting", "audience": "wanting", "assets": ["talk-to-us"]} | campaign
    looking = {"name": "looking", "audience": "looking", "assets": ["stories"]} | campaign
    world.plays["campaign"] = {"campaigns": [routed, looking]}
    world.audience("wanting", "customer.intent_score >= 40").audience(
        "looking", "customer.intent_score > 0 and customer.intent_score < 40"
    )
    world.asset("talk-to-us", categories=["tea"]).asset("stories", categories=["tea"])
    for who in ("browser", "buyer"):
        world.customer(who).buys(who, "tea", every=14, last=days_before(TODAY, 13))
    for number in range(30):
        day = days_before(TODAY, 1 + number % 2)
        world.signal("Page Viewed", on=day, at=f"10:{number:02}:00", customer_id="browser", session_id=f"b{number % 2}")
    for back in (3, 2, 1):
        world.signal("Page Viewed", on=days_before(TODAY, back), customer_id="buyer", session_id=f"visit-{back}")
    world.signal("Product Added", on=days_before(TODAY, 1), at="10:05:00", customer_id="buyer", session_id="visit-1")
    declared(world, INTENT)

    sent = {row["customer_id"]: row["asset_id"] for row in world.exported(world.run())}

    shown = {row["customer_id"]: row for row in scores(world)["customers"]}
    # pages limited to 15, a deepest visit of 15 limited to 10, one return
    assert shown["browser"]["scores"] == {"intent": 15 + 10 + 5}
    # three pages, one page deep, one thing in the cart, two returns
    assert shown["buyer"]["scores"] == {"intent": 3 + 1 + 20 + 10}
    assert sent == {"browser": "stories", "buyer": "stories"}, "34 points are no high intent yet"

    world.signal("Product Added", on=TODAY, customer_id="buyer", session_id="visit-0")
    world.today = days_before(TODAY, -1)
    for one in world.plays["campaign"]["campaigns"]:
        one["until"] = world.today
    sent = {row["customer_id"]: row["asset_id"] for row in world.exported(world.run())}
    (found,) = world.query("MATCH (c:Customer {customer_id: 'buyer'}) RETURN c.intent_score AS score")
    assert found["score"] == 3 + 1 + 40 + 15
    assert sent == {"browser": "stories", "buyer": "talk-to-us"}


def test_b082_intent_and_fit_make_aql_and_engagement_alone_makes_mql(world: World) -> None:
    shop(world)
    world.row("accounts", account_id="big", name="Big", tier="strategic")
    world.row("accounts", account_id="small", name="Small", tier="standard")
    people = {"reader": ("big", "director"), "asker": ("big", "director"), "unfit": ("small", "director")}
    for who, (account_id, seniority) in people.items():
        world.customer(who, account_id=account_id, seniority=seniority)
    world.customer("silent", account_id="big", seniority="director")
    for who in ("reader", "asker", "unfit"):
        for back in (3, 2, 1):
            world.signal("Content Viewed", on=days_before(TODAY, back), customer_id=who)
    for who in ("asker", "unfit"):
        world.signal("Demo Requested", on=days_before(TODAY, 1), at="12:00:00", customer_id=who)
    declared(world, STAGES).run()

    found = world.query(
        "MATCH (c:Customer) WHERE c.account_id IS NOT NULL OR c.seniority IS NOT NULL "
        "RETURN c.customer_id AS customer, c.qualification AS stage ORDER BY customer"
    )
    assert {row["customer"]: row["stage"] for row in found} == {
        "asker": "AQL",
        "reader": "MQL",
        "silent": None,
        "unfit": "MQL",
    }
    assert [row["customer_id"] for row in scores(world, "--stage", "AQL")["customers"]] == ["asker"]
    assert {row["stage"]: row["count"] for row in scores(world)["stages"]} == {"AQL": 1, "MQL": 2}


def test_b059_three_contacts_of_a_tier_1_account_on_comparison_content_within_8_days_are_a_surge(world: World) -> None:
    shop(world)
    accounts = {
        "surging": ("1", 3, (8, 4, 1)),
        "two-people": ("1", 2, (8, 4, 1)),
        "ninth-day": ("1", 3, (9, 4, 1)),
        "tier-2": ("2", 3, (8, 4, 1)),
        "other-topic": ("1", 3, (8, 4, 1)),
    }
    for account_id, (tier, people, days) in accounts.items():
        world.row("accounts", account_id=account_id, name=account_id, tier=tier)
        for number, back in enumerate(days):
            who = f"{account_id}-{number % people}"
            if number < people:
                world.customer(who, account_id=account_id)
            topic = "prices" if account_id == "other-topic" else "comparison"
            world.signal("Content Viewed", on=days_before(TODAY, back), customer_id=who, topic=topic)
    declared(world, SURGE).run()

    (surge,) = scores(world)["surges"]
    assert (surge["account_id"], surge["people"]) == ("surging", 3)
    assert surge["customers"] == ["surging-0", "surging-1", "surging-2"]
    marked = world.query("MATCH (c:Customer) WHERE c.is_comparing_surge RETURN c.customer_id AS customer")
    assert sorted(row["customer"] for row in marked) == surge["customers"]

    world.today = days_before(TODAY, -1)
    world.run()
    assert scores(world)["surges"] == [], "the first of them is the ninth day by then"


def test_b016_the_time_from_signal_to_action_is_told_as_a_kpi(world: World) -> None:
    shop(world)
    world.asset("note", categories=["tea"])
    for who in ("fast", "slow", "waiting"):
        world.customer(who)
        world.signal("Demo Requested", on=days_before(TODAY, 2), at="09:00:00", customer_id=who)
    world.signal("Demo Requested", on=days_before(TODAY, 2), at="09:30:00", customer_id="fast")  # the same wait
    world.touch("fast", at=local(days_before(TODAY, 2), "11:00:00"), asset_id="note")
    world.touch("slow", at=local(days_before(TODAY, 1), "09:00:00"), asset_id="note")
    declared(world, LATENCY).run()

    latency = scores(world)["intent_latency"]
    assert (latency["waits"], latency["answered"], latency["waiting"]) == (3, 2, 1)
    assert latency["median_hours"] == pytest.approx((2 + 24) / 2)
    assert latency["share_within"] == pytest.approx(1 / 3, abs=1e-4), "one of three within six hours"


def test_scores_hide_single_people_from_a_viewer(world: World) -> None:
    shop(world)
    world.signal("Demo Requested", on=days_before(TODAY, 2), customer_id="regular")
    declared(world, STAGES.replace("account.tier, in: [strategic]", "customer.region, in: [north]"))
    world.rows["customers"][0]["region"] = "north"
    world.rows["customers"][0]["seniority"] = "director"
    (world.playbook / "people.yaml").write_text("people:\n  ann: {name: Ann, role: analyst}\n", encoding="utf-8")
    world.run()
    masked, seen = scores(world), scores(world, "--actor", "person:ann")
    assert (masked["is_masked"], masked["customers"]) == (True, [])
    assert {row["stage"]: row["count"] for row in masked["stages"]} == {"AQL": None, "MQL": 0}
    assert masked["withheld"] > 0
    assert [row["customer_id"] for row in seen["customers"]] == ["regular"]
