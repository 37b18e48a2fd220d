"""Why somebody is written to now, and in which order things are tried: carts, checkouts, tiers, moods, surges."""

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.scenarios.world import TODAY, Document, World, days_before, local

YESTERDAY = days_before(TODAY, 1)
DEEP_DISCOUNTS_SELL = {"coupon": {"mean": 0.5, "low": 0.4, "high": 0.6}, "because": "Discounts sell most here."}


def shelf(world: World, category: str, product: str, **columns: Any) -> World:
    """A product, and somebody else who buys in its category, or nothing would be known of what it brings."""
    world.product(product, category, **columns)
    regular = f"regular-of-{category}"
    return world.customer(regular, consents=False).buys(regular, product, every=10, times=10, last=YESTERDAY)


def free_shipping(world: World) -> World:
    world.row("offers", offer_id="ships-free", kind="shipping", discount_pct=0, unit_cost=0.0)
    return world


def refused(card: Document) -> dict[str, list[str]]:
    """Message to what refuses it."""
    return {one["asset_id"]: one["refused_by"] for one in card["alternatives"]}


# ---- interest that moves


def athlete(world: World) -> World:
    """Mara bought supplements for performance and stopped; what she does since is about recovery."""
    world.has_default_reminders = False
    world.setting(beliefs={"signal_fidelity": 0.1}, uplift=DEEP_DISCOUNTS_SELL)
    shelf(world, "sleep", "sleep-tonic").product("pre-workout", "performance").product("decaf", "decaf")
    world.customer("mara").buys("mara", "pre-workout", every=20, times=9, last=days_before(TODAY, 100))
    for back in (21, 12, 4):
        world.purchase("mara", "decaf", on=days_before(TODAY, back))
    for back in (9, 5, 2):
        world.signal("Content Viewed", on=days_before(TODAY, back), customer_id="mara", topic="natural sleep aids")
    world.signal("Content Downloaded", on=days_before(TODAY, 3), customer_id="mara", topic="nervous system regulation")
    topics = ["natural sleep aids", "nervous system regulation"]
    world.asset("sleep-tonic-guide", kind="story", products=["sleep-tonic"], topics=topics)
    world.offer("ten-off", discount_pct=10)
    world.asset("win-back", kind="coupon", categories=["performance"], offer_id="ten-off")
    campaign = {"name": "win-back", "assets": ["win-back"], "from": days_before(TODAY, 5), "until": TODAY}
    world.play("campaign", campaigns=[campaign])
    recovery = [*topics, "decaf"]
    return world.play("shift-of-interest", themes={"performance": ["performance"], "recovery": recovery})


def test_b001_a_shift_of_interest_is_answered_and_not_the_win_back_discount(world: World) -> None:
    athlete(world)

    world.run()

    card = world.why("mara")
    assert card["action"]["asset_id"] == "sleep-tonic-guide"
    assert card["motive"]["play"] == "shift-of-interest"
    assert "win-back" in refused(card), "the discount was there to be sent"
    assert card["refused_by"] == {"message-order": 1}


def test_b002_the_trace_names_the_shift_and_the_reason_of_margin_with_their_signals(world: World) -> None:
    athlete(world)

    world.run()

    card = world.why("mara")
    motive = card["motive"]
    assert "from performance to recovery" in motive["sentence"]
    assert (motive["facts"]["theme_left"], motive["facts"]["theme"]) == ("performance", "recovery")
    assert "no unnecessary discount" in motive["sentence"].lower()
    assert motive["facts"]["margin_reason"].startswith("No unnecessary discount")
    evidence = card["blocks"]["input"]["evidence"]
    told = [step for step in evidence if step["from"].startswith("Signal/")]
    assert {step["to"] for step in told} == {"Topic/natural sleep aids", "Topic/nervous system regulation"}
    for step in told:
        signal, topic = (step[end].partition("/")[2] for end in ("from", "to"))
        there = f"(:Signal {{signal_id: '{signal}'}})-[:ABOUT]->(:Topic {{topic_id: '{topic}'}})"
        (found,) = world.query(f"MATCH {there} RETURN count(*) AS signals")
        assert found["signals"] == 1, "the node is there for whoever asks the graph"
        (row,) = step["rests_on"]
        assert (row["row"]["customer_id"], row["row"]["topic"]) == ("mara", topic)
    bought = {step["to"]: step["properties"]["count"] for step in evidence if step["type"] == "BOUGHT"}
    assert bought == {"Category/performance": 9, "Category/decaf": 3}


# ---- the cart and the checkout


def checkout(world: World, customer: str, product: str, session: str) -> None:
    """Eight minutes at the checkout, with a look at shipping and at returns."""
    about = {"customer_id": customer, "session_id": session}
    world.signal("Checkout Started", on=YESTERDAY, at="18:00:00", product_id=product, **about)
    world.signal("Page Viewed", on=YESTERDAY, at="18:03:00", topic="shipping", **about)
    world.signal("Returns Page Viewed", on=YESTERDAY, at="18:05:00", **about)
    world.signal("Checkout Step Completed", on=YESTERDAY, at="18:08:00", **about)


def test_b003_who_hesitates_at_checkout_in_bad_weather_gets_shipping_and_no_discount(world: World) -> None:
    world.has_default_reminders = False
    world.setting(uplift=DEEP_DISCOUNTS_SELL)
    shelf(world, "outdoor", "tent")
    world.customer("ben", region="harz")
    checkout(world, "ben", "tent", "visit")
    world.row(
        "observations",
        observation_id="storm",
        kind="weather",
        about_kind="region",
        about_id="harz",
        observed_at=local(YESTERDAY, "12:00:00"),
        text="Severe storm until the weekend.",
        confidence=0.9,
    )
    free_shipping(world).offer("ten-off", discount_pct=10)
    world.asset("guaranteed-delivery", kind="offer", products=["tent"], offer_id="ships-free")
    world.asset("ten-percent", kind="coupon", products=["tent"], offer_id="ten-off")
    world.play("hesitation-at-checkout").play("abandoned-intent")

    world.run()

    card = world.why("ben")
    assert card["action"]["asset_id"] == "guaranteed-delivery"
    assert refused(card) == {"ten-percent": ["message-order"]}
    assert "8 minutes at the checkout" in card["motive"]["sentence"]
    assert "shipping and returns read 2 times, severe weather where they live" in card["motive"]["sentence"]


def test_b030_a_cart_from_a_search_ad_is_followed_up_with_what_the_ad_was_about(world: World) -> None:
    world.has_default_reminders = False
    world.setting(uplift={"story": {"mean": 0.2, "low": 0.1, "high": 0.3}})
    shelf(world, "bags", "backpack")
    for attribute in ("durability", "sustainability", "use case"):
        customer = f"came-for-{attribute.replace(' ', '-')}"
        about = {"customer_id": customer, "session_id": customer}
        world.customer(customer)
        world.signal("Promotion Clicked", on=YESTERDAY, at="17:00:00", topic=attribute, campaign_id="search", **about)
        world.signal("Product Added", on=YESTERDAY, at="17:05:00", product_id="backpack", **about)
        world.asset(f"about-{attribute.replace(' ', '-')}", kind="reminder", products=["backpack"], topics=[attribute])
    world.asset("lookbook", kind="story", products=["backpack"], topics=["style"])
    world.play("abandoned-intent")

    day = world.run()

    assert {row["customer_id"]: row["asset_id"] for row in world.exported(day)} == {
        f"came-for-{attribute}": f"about-{attribute}" for attribute in ("durability", "sustainability", "use-case")
    }
    card = world.why("came-for-durability")
    assert "having come from the campaign search about durability" in card["motive"]["sentence"]
    assert refused(card)["lookbook"] == ["message-order"], "worth more, and yet not what the ad was about"


def test_b019_a_wavering_bulk_buyer_gets_value_before_price_and_never_under_the_margin_floor(world: World) -> None:
    world.has_default_reminders = False
    world.setting(uplift=DEEP_DISCOUNTS_SELL)
    # of a margin of 30 % of the price, 15 must be left
    world.policy("margin-floor", deny="30 - offer.discount_pct < 15")
    shelf(world, "furniture", "chair")
    for offer_id, kind in (("warranty", "value_add"), ("samples", "value_add")):
        world.row("offers", offer_id=offer_id, kind=kind, discount_pct=0, unit_cost=0.0)
        world.asset(offer_id, kind="offer", products=["chair"], offer_id=offer_id)
    for discount in (10, 15.01, 30):
        world.offer(f"{discount}-off", discount_pct=discount)
        world.asset(f"{discount}-percent", kind="coupon", products=["chair"], offer_id=f"{discount}-off")
    for customer in ("new-here", "had-warranty"):
        world.customer(customer)
        world.signal("Product Added", on=days_before(TODAY, 4), customer_id=customer, product_id="chair", value=40)
    world.touch("had-warranty", at=local(days_before(TODAY, 2)), asset_id="warranty")
    world.play("bulk-wavering").play("abandoned-intent")

    world.run()

    first, second = world.why("new-here"), world.why("had-warranty")
    assert first["action"]["asset_id"] in {"warranty", "samples"}
    assert refused(first)["10-percent"] == ["message-order"]
    assert "margin-floor" in refused(first)["30-percent"]
    assert "Put 40 of Chair into the cart" in first["motive"]["sentence"]
    assert second["action"]["asset_id"] == "10-percent", "value was added before, and the price may be cut now"
    for discount in (15.01, 30):
        assert "margin-floor" in refused(second)[f"{discount}-percent"], "yet never under the floor"


# ---- moods

MOODS = """
scores:
  urgency:
    dimensions:
      scroll: {events: [Page Scrolled], weight: 10}
      hover: {events: [Delivery Date Hovered], weight: 20}
      referrer: {events: [Page Viewed], sources: [express-search], weight: 10}
  price_sensitivity:
    dimensions:
      sorted: {events: [Product List Filtered], topics: [price], weight: 20}
  research:
    dimensions:
      read: {events: [Content Viewed], weight: 10}
      compared: {events: [Product List Filtered], topics: [comparison], weight: 20}
"""


def moody_shop(world: World) -> World:
    """A machine in two carts, and six things to say about it; the plain reminder is worth most."""
    world.has_default_reminders = False
    world.setting(uplift={"reminder": {"mean": 0.2, "low": 0.1, "high": 0.3}})
    shelf(world, "coffee", "machine")
    for customer in ("hurried", "studious"):
        world.customer(customer)
        world.signal("Product Added", on=YESTERDAY, customer_id=customer, product_id="machine")
    free_shipping(world)
    world.row("offers", offer_id="set", kind="bundle", discount_pct=0, unit_cost=0.0)
    world.asset("by-tomorrow", kind="offer", products=["machine"], offer_id="ships-free")
    world.asset("with-grinder", kind="offer", products=["machine"], offer_id="set")
    world.asset("data-sheet", kind="story", products=["machine"], topics=["specs"])
    world.asset("what-others-say", kind="story", products=["machine"], topics=["social proof"])
    world.asset("still-there", kind="reminder", products=["machine"])
    for name, times, more in (
        ("Page Scrolled", 3, {}),
        ("Delivery Date Hovered", 2, {}),
        ("Page Viewed", 1, {"source": "express-search"}),
    ):
        for number in range(times):
            at = f"19:0{number}:00"
            world.signal(name, on=YESTERDAY, at=at, customer_id="hurried", **({"source": "web"} | more))
    for number in range(4):
        world.signal("Content Viewed", on=YESTERDAY, at=f"20:0{number}:00", customer_id="studious", source="web")
    for topic in ("comparison", "comparison", "price"):
        world.signal(
            "Product List Filtered", on=YESTERDAY, at="20:10:00", customer_id="studious", topic=topic, source="web"
        )
    urgent = "customer.urgency_score >= 50 and customer.price_sensitivity_score < 10"
    order = [
        {"when": urgent, "first": ["shipping", "bundle"], "because": "In a hurry, and not for the price."},
        {
            "when": "customer.research_score >= 50",
            "first": ["specs", "social proof"],
            "because": "Still finding out which one is right.",
        },
    ]
    world.play("abandoned-intent", order=order)
    world.write()
    (world.playbook / "scores.yaml").write_text(MOODS, encoding="utf-8")
    return world


def test_b017_in_a_hurry_fast_shipping_and_bundles_rank_first(world: World) -> None:
    moody_shop(world).run()

    assert ranked(world.why("hurried")) == (
        {"by-tomorrow", "with-grinder"},
        {"data-sheet", "what-others-say", "still-there"},
    )


def test_b018_in_research_specifications_and_social_proof_rank_first(world: World) -> None:
    moody_shop(world).run()

    assert ranked(world.why("studious")) == (
        {"data-sheet", "what-others-say"},
        {"by-tomorrow", "with-grinder", "still-there"},
    )


def ranked(card: Document) -> tuple[set[str], set[str]]:
    """What is sent or could be, and what waits behind that in the order of the play."""
    waiting = {one["asset_id"] for one in card["alternatives"] if one["refused_by"] == ["message-order"]}
    others = {one["asset_id"] for one in card["alternatives"]} - waiting
    return {card["action"]["asset_id"], *others}, waiting


# ---- tiers


def test_b029_a_member_short_of_a_tier_is_told_points_deadline_and_what_closes_the_gap(world: World) -> None:
    world.has_default_reminders = False
    deadline = local(days_before(TODAY, -20), "00:00:00")
    columns = {
        "customer_id": "customer_id",
        "points": "fact.points_missing",
        "until": "fact.deadline",
        "product": "fact.product",
        "units": "fact.units",
        "price": "fact.price",
        "earns": "fact.points_earned",
    }
    world.channel("email", columns=columns)
    prices = {"soap": 9.5, "serum": 61.0, "cream": 124.9, "dryer": 80.0}
    for product, price in prices.items():
        shelf(world, "hair" if product == "dryer" else "skin", product, price=price)
        world.asset(f"about-{product}", products=[product], kind="story")
    for customer, missing in (("near", 120), ("nearer", 60), ("there", 0)):
        world.customer(customer).buys(customer, "soap", every=30, times=5, last=days_before(TODAY, 10))
        world.row(
            "memberships",
            customer_id=customer,
            programme_id="club",
            tier="Silver",
            points=500 - missing,
            next_tier="Gold",
            points_missing=missing,
            deadline=deadline,
            points_per_unit=1,
        )
    world.play("loyalty-gap")

    day = world.run()

    told = {row["customer_id"]: row for row in exported(day)}
    assert set(told) == {"near", "nearer"}, "who has reached the tier is short of nothing"
    for row, missing in ((told["near"], 120), (told["nearer"], 60)):
        assert float(row["points"]) == missing
        assert datetime.fromisoformat(row["until"]) == deadline
        price = prices[row["product"].lower()]
        assert row["product"].lower() in {"soap", "serum", "cream"}, "they buy skin care, and nothing for hair"
        assert float(row["price"]) == price
        assert float(row["earns"]) == int(price * float(row["units"])) >= missing
    assert (told["near"]["product"], told["nearer"]["product"]) == ("Cream", "Serum")
    assert (
        "120 points short of Gold until 2026-03-26: 1 x Cream at 124.90 earns 124 points"
        in (world.why("near")["motive"]["sentence"])
    )


def exported(day: Document) -> list[dict[str, str]]:
    (path,) = [Path(name) for name in day["files"] if Path(name).name == "email.csv"]
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# ---- accounts

SURGES = """
surges:
  buying:
    events: [Demo Requested, Pricing Page Viewed]
    people: 2
    days: 8
"""


def test_b080_a_routed_account_gets_the_sequence_of_its_tier_industry_and_engagement(world: World) -> None:
    world.has_default_reminders = False
    world.rows["accounts"] = []
    shelf(world, "software", "suite")
    sequences = ("executive-industry", "industry", "general", "nurture")
    for sequence in sequences:
        world.asset(sequence, kind="story", products=["suite"])
    for account, tier, industry, engaged in (
        ("steelworks", "1", "manufacturing", 3),
        ("foundry", "1", "manufacturing", 2),
        ("hospital", "1", "healthcare", 3),
        ("workshop", "3", "manufacturing", 3),
    ):
        world.row("accounts", account_id=account, name=account.title(), tier=tier, industry=industry)
        for number in range(3):
            person = f"{account}-{number}"
            world.customer(person, account_id=account, buying_group="it")
            if number < engaged:
                world.signal("Demo Requested", on=YESTERDAY, customer_id=person)
    tier_1, steel = 'customer.account_tier == "1"', 'customer.account_industry == "manufacturing"'
    order = [
        {
            "when": f"{tier_1} and {steel} and customer.buying_group_engaged >= 3",
            "first": ["executive-industry"],
            "because": "The whole buying group of a large manufacturer is engaged.",
        },
        {"when": f"{tier_1} and {steel}", "first": ["industry"], "because": "A large manufacturer."},
        {"when": tier_1, "first": ["general"], "because": "Large."},
        {"first": ["nurture"], "because": "All others."},
    ]
    world.play("account-surge", answers=list(sequences), order=order)
    world.write()
    (world.playbook / "scores.yaml").write_text(SURGES, encoding="utf-8")

    world.run()

    picked = {account: world.why(f"{account}-0") for account in ("steelworks", "foundry", "hospital", "workshop")}
    assert {account: card["action"]["asset_id"] for account, card in picked.items()} == {
        "steelworks": "executive-industry",
        "foundry": "industry",
        "hospital": "general",
        "workshop": "nurture",
    }
    assert picked["steelworks"]["motive"]["sentence"] == (
        "Buying interest surges at Steelworks (tier 1, manufacturing): engaged within a fortnight are 3 of its people, "
        "3 of the buying group."
    )
