"""Each rule of belief: from which evidence it speaks, about what, and when it keeps still."""

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from graph.beliefs import RULES, BeliefSettings, believe, parse_statement
from graph.beliefs.fidelity import SIGNAL_FIDELITY
from tests.unit.graph.belief_world import AS_OF, Tables, ago

INTEREST = "INTERESTED_IN Category"
TOPIC_INTEREST = "INTERESTED_IN Topic"


# ---- repeat-purchase


def test_four_shopping_days_make_an_interest_and_three_do_not() -> None:
    assert Tables().buys(30, 20, 10).believe(INTEREST, "repeat-purchase") == []
    (belief,) = Tables().buys(40, 30, 20, 10).believe(INTEREST, "repeat-purchase")
    assert (belief["from_key"], belief["to_key"], belief["source"]) == ("anna", "tea", "purchases")
    assert belief["valid_from"] == belief["observed_at"] == pd.Timestamp(ago(10))


def test_several_lines_of_one_day_are_one_shopping_day() -> None:
    assert Tables().buys(30, 20.1, 20.2, 20.3).believe(INTEREST, "repeat-purchase") == []


@pytest.mark.parametrize(
    "columns", [{"kind": "return"}, {"net_value": 0.0}, {"quantity": 0.0}, {"product_id": "loose"}]
)
def test_what_is_no_sale_of_something_in_a_category_makes_no_shopping_day(columns: dict[str, Any]) -> None:
    assert Tables().buys(40, 30, 20, 10, **columns).believe(INTEREST) == []


def test_each_shopping_day_halves_per_half_life() -> None:
    (belief,) = Tables().buys(30, 20, 10, 0.5).believe(INTEREST, "repeat-purchase", half_life_days=10)
    assert belief["weight"] == pytest.approx(1 + 2**-0.95 + 2**-1.95 + 2**-2.95)


def test_a_belief_ends_when_its_weight_has_faded() -> None:
    (belief,) = (
        Tables()
        .buys(30, 20, 10, 0.5)
        .believe(INTEREST, "repeat-purchase", half_lives={"repeat-purchase": 1e6}, expires_below=2.0)
    )
    assert belief["weight"] == pytest.approx(4.0, abs=1e-3)
    lasting = (belief["valid_to"] - belief["valid_from"]) / timedelta(days=1)
    assert lasting == pytest.approx(1e6, rel=1e-3), "from 4 to 2 is one half-life"


def test_evidence_are_the_five_newest_pieces_newest_first() -> None:
    (belief,) = Tables().buys(70, 60, 50, 40, 30, 20).believe(INTEREST, "repeat-purchase")
    assert list(belief["evidence"]) == [f"purchases/p{number}/1" for number in (5, 4, 3, 2, 1)]


def test_who_always_comes_back_within_four_weeks_is_surer_to_come_than_who_never_does() -> None:
    (often,) = Tables().buys(40, 30, 20, 10).believe(INTEREST, "repeat-purchase")
    (seldom,) = Tables().buys(200, 150, 100, 50).believe(INTEREST, "repeat-purchase")
    assert often["confidence"] > seldom["confidence"]


def test_what_was_learnt_late_was_observed_late() -> None:
    tables = Tables().buys(40, 30, 10).buys(20, received_at=ago(1))
    (belief,) = tables.believe(INTEREST, "repeat-purchase")
    assert belief["valid_from"] == pd.Timestamp(ago(10))
    assert belief["observed_at"] == pd.Timestamp(ago(1))


# ---- most-browsed


def test_three_views_of_a_category_make_a_belief_and_two_do_not() -> None:
    two = Tables().signal("Product Viewed", 3, product_id="green").signal("Product Viewed", 2, product_id="black")
    assert two.believe(INTEREST, "most-browsed") == []
    (belief,) = two.signal("Product Clicked", 1, product_id="green").believe(INTEREST, "most-browsed")
    assert (belief["from_key"], belief["to_key"], belief["source"]) == ("anna", "tea", "signals")
    assert belief["valid_from"] == pd.Timestamp(ago(1))


def test_views_halve_per_half_life_and_count_less_on_one_day() -> None:
    views = Tables().signal("Product Viewed", 21, 11, 1, product_id="green")
    (belief,) = views.believe(INTEREST, "most-browsed", half_life_days=10)
    assert belief["weight"] == pytest.approx(1 + 1 / 2 + 1 / 4)
    (burst,) = Tables().signal("Product Viewed", 1, 1, 1, product_id="green").believe(INTEREST, "most-browsed")
    assert burst["weight"] == pytest.approx(1 + 1 / 2 + 1 / 3)


@pytest.mark.parametrize(
    ("days", "columns"),
    [
        ((3, 2, 0), {"product_id": "green"}),
        ((3, 2, 1), {"product_id": "green", "name": "Order Updated"}),
        ((3, 2, 1), {"product_id": "green", "customer": None}),
        ((3, 2, 1), {"product_id": "green", "customer": "nobody we know"}),
        ((3, 2, 1), {"product_id": "unknown"}),
    ],
)
def test_what_is_no_view_of_a_known_customer_before_as_of_makes_no_belief(
    days: tuple[float, ...], columns: dict[str, Any]
) -> None:
    name = columns.pop("name", "Product Viewed")
    assert Tables().signal(name, *days, **columns).believe(INTEREST, "most-browsed") == []


# ---- engaged: interest from acts, by fidelity


def test_one_demo_request_is_an_interest_in_its_topic() -> None:
    (belief,) = Tables().signal("Demo Requested", 1, topic="analytics").believe(TOPIC_INTEREST, "engaged")
    assert (belief["to_key"], belief["weight"]) == ("analytics", SIGNAL_FIDELITY["Demo Requested"])
    assert list(belief["evidence"]) == ["signals/s0"]


@pytest.mark.parametrize("days", [[1.0] * 100, [1 + number / 200 for number in range(100)], list(range(1, 101))])
def test_one_demo_request_outweighs_a_hundred_page_views(days: list[float]) -> None:
    tables = Tables().signal("Page Viewed", *days, topic="noise").signal("Demo Requested", 1, topic="analytics")
    weights = {row["to_key"]: row["weight"] for row in tables.believe(TOPIC_INTEREST, "engaged", expires_below=1e-6)}
    assert weights["noise"] < weights["analytics"]
    assert [row["to_key"] for row in tables.believe(TOPIC_INTEREST, "engaged")] == ["analytics"]


def test_a_flood_within_an_hour_counts_no_more_than_what_anybody_can_read() -> None:
    flood = [1.001 + number / 1e5 for number in range(600)]
    tables = Tables()
    for number, day in enumerate(flood):
        tables.signal("Products Searched", day, topic=f"topic-{number}")
    weights = [row["weight"] for row in tables.believe(TOPIC_INTEREST, expires_below=1e-6)]
    assert sum(weights) == pytest.approx(60 * SIGNAL_FIDELITY["Products Searched"])


def test_fidelity_comes_from_the_playbook_first_of_all_by_source() -> None:
    tables = Tables().signal("Chat Opened", 1, topic="analytics", source="site")
    weight = [
        tables.believe(TOPIC_INTEREST, expires_below=1e-6, fidelity=stated)[0]["weight"]
        for stated in ({}, {"Chat Opened": 0.4}, {"Chat Opened": 0.4, "site/Chat Opened": 0.7})
    ]
    assert weight == [0.05, 0.4, 0.7]


def test_an_answered_message_is_an_interest_in_what_it_was_about() -> None:
    tables = Tables().touch(3).outcome("clicked", 2, touch="t0")
    ((topic,), (category,)) = tables.believe(TOPIC_INTEREST, "engaged"), tables.believe(INTEREST, "engaged")
    assert (topic["to_key"], category["to_key"]) == ("brewing", "tea")
    assert list(topic["evidence"]) == ["outcomes/o0"]


def test_an_unknown_category_is_believed_of_nobody() -> None:
    tables = Tables()
    tables.rows["categories"] = [{"category_id": "dishes"}]
    assert tables.signal("Product Added", 1, product_id="green").believe(INTEREST) == []


# ---- preferences


def test_what_half_of_all_visits_are_about_is_preferred() -> None:
    tables = Tables().signal("Content Viewed", 9, 7, 5, topic="analytics").signal("Content Viewed", 3, topic="security")
    (belief,) = tables.believe("PREFERS Topic", "chosen-most")
    assert (belief["to_key"], belief["source"]) == ("analytics", "signals, outcomes")
    tables.signal("Content Viewed", 4, 2, 1, topic="design")
    assert tables.believe("PREFERS Topic", "chosen-most") == []


def test_one_long_visit_is_no_preference() -> None:
    tables = Tables().signal("Content Viewed", 1.3, 1.2, 1.1, topic="analytics", session_id="one")
    assert tables.believe("PREFERS Topic", "chosen-most") == []


def test_the_channel_on_which_most_is_answered_is_preferred() -> None:
    tables = Tables().touch(60, 50, 40).touch(55, 45, 35, channel_id="post")
    for touch, day in (("t0", 59), ("t1", 49), ("t3", 54)):
        tables.outcome("clicked", day, touch=touch)
    (belief,) = tables.believe("PREFERS Channel", "answers-on")
    assert (belief["to_key"], belief["valid_from"]) == ("email", pd.Timestamp(ago(26))), (
        "40 days ago, and 14 of silence"
    )
    assert list(belief["evidence"]) == ["outcomes/o1", "outcomes/o0"]


def test_an_opened_message_is_not_answered_and_a_young_one_not_unanswered() -> None:
    opened = Tables().touch(60, 50).outcome("opened", 59, touch="t0").outcome("opened", 49, touch="t1")
    assert opened.believe("PREFERS Channel") == []
    answered = Tables().touch(60, 50).outcome("clicked", 59, touch="t0").outcome("clicked", 49, touch="t1")
    (before,) = answered.believe("PREFERS Channel")
    (young,) = answered.touch(13).believe("PREFERS Channel")
    assert young["confidence"] == before["confidence"]
    (older,) = answered.touch(15).believe("PREFERS Channel")
    assert older["confidence"] < before["confidence"]


# ---- triggers


def test_a_checkout_without_order_is_a_trigger_after_four_hours() -> None:
    tables = Tables().signal("Product Added", 1, product_id="green", session_id="s")
    tables.signal("Checkout Started", 0.9, session_id="s")
    triggers = [*tables.believe("TRIGGERED_BY Topic"), *tables.believe("TRIGGERED_BY Category")]
    assert [row["to_key"] for row in triggers] == ["checkout", "tea"]
    assert triggers[0]["observed_at"] == pd.Timestamp(ago(0.9) + timedelta(hours=4))
    early = ago(0.9) + timedelta(hours=4)
    assert tables.believe("TRIGGERED_BY Topic", as_of=early) == []
    assert len(tables.believe("TRIGGERED_BY Topic", as_of=early + timedelta(microseconds=2))) == 1


def test_an_order_soon_after_leaves_no_trigger_and_a_later_one_ends_it() -> None:
    ordered = Tables().signal("Checkout Started", 5).signal("Order Completed", 4.9)
    assert ordered.believe("TRIGGERED_BY Topic", "checkout-left") == []
    (belief,) = Tables().signal("Checkout Started", 5).buys(3).believe("TRIGGERED_BY Topic", "checkout-left")
    assert belief["valid_to"] == pd.Timestamp(ago(3))


@pytest.mark.parametrize("signal", [("Pricing Page Viewed", None), ("Page Viewed", "pricing")])
def test_the_third_look_at_prices_within_a_fortnight_is_a_trigger(signal: tuple[str, str | None]) -> None:
    name, topic = signal
    assert Tables().signal(name, 20, 5, 1, topic=topic).believe("TRIGGERED_BY Topic", "pricing-visited") == []
    (belief,) = Tables().signal(name, 13, 5, 1, topic=topic).believe("TRIGGERED_BY Topic", "pricing-visited")
    assert belief["to_key"] == "pricing"
    assert list(belief["evidence"]) == ["signals/s2", "signals/s1", "signals/s0"]


def test_the_third_visit_about_a_topic_or_a_similar_one_is_a_return() -> None:
    tables = Tables().signal("Content Viewed", 20, 10, topic="analytics").signal("Content Viewed", 1, topic="reporting")
    similar = pd.DataFrame({"from_key": ["reporting"], "to_key": ["analytics"], "similarity": [0.8]})
    assert tables.believe("TRIGGERED_BY Topic", "returning-visitor") == []
    found = believe(tables.frames(), as_of=AS_OF, timezone="UTC", similar_topics=similar)["Customer TRIGGERED_BY Topic"]
    assert found["to_key"].tolist() == ["analytics"]
    assert list(found["evidence"][0]) == ["signals/s2", "signals/s1", "signals/s0"]
    again = Tables().signal("Content Viewed", 20, 10, 1, topic="analytics")
    assert len(again.believe("TRIGGERED_BY Topic", "returning-visitor")) == 1


def test_of_two_similar_topics_in_one_visit_the_same_one_counts_whatever_the_order() -> None:
    tables = Tables().signal("Content Viewed", 20, 10, topic="analytics")
    for topic in ("reporting", "charts"):
        tables.signal("Content Viewed", 1, topic=topic)
    similar = pd.DataFrame({"from_key": ["reporting", "charts"], "to_key": "analytics", "similarity": 0.8})
    found = [
        believe(tables.frames(), as_of=AS_OF, timezone="UTC", similar_topics=rows)["Customer TRIGGERED_BY Topic"]
        for rows in (similar, similar.iloc[::-1].reset_index(drop=True))
    ]
    pd.testing.assert_frame_equal(found[0], found[1], check_exact=True)
    assert list(found[0]["evidence"][0]) == ["signals/s2", "signals/s1", "signals/s0"]


def test_what_is_observed_in_a_region_or_at_an_account_moves_those_who_are_there() -> None:
    tables = Tables().observes(2, "region", "north", valid_until=ago(-5), confidence=0.7)
    tables.observes(1, "account", "somebody else").observes(1, "category", "tea")
    (belief,) = tables.believe("TRIGGERED_BY Topic", "observed")
    assert (belief["from_key"], belief["to_key"], belief["confidence"]) == ("anna", "weather", 0.7)
    assert belief["valid_to"] == pd.Timestamp(ago(-5))
    assert list(belief["evidence"]) == ["observations/o0"]


# ---- objections


def ignored(orders: int, **columns: Any) -> Tables:
    tables = Tables().touch(90, 60, 30, asset="coupon")
    return tables.buys(*range(10, 10 + orders), discount=0.0, **columns)


def test_unused_offers_and_purchases_at_full_price_are_an_objection_to_discounts() -> None:
    assert ignored(1).believe("OBJECTS_TO Topic") == []
    (belief,) = ignored(2).believe("OBJECTS_TO Topic", "offers-ignored")
    assert belief["to_key"] == "discounts"
    assert list(belief["evidence"])[:3] == ["purchases/p0/1", "purchases/p1/1", "touches/t2"]


def test_a_used_offer_a_discounted_purchase_or_an_unknown_discount_is_no_objection() -> None:
    used = ignored(3).outcome("redeemed", 80, touch="t0")
    assert used.believe("OBJECTS_TO Topic") == []
    by_asset = ignored(3).outcome("redeemed", 80, customer_id="anna", asset_id="coupon")
    assert by_asset.believe("OBJECTS_TO Topic") == []
    tables = Tables().touch(90, 60, 30, asset="coupon")
    assert tables.buys(12, 11, discount=1.0).buys(10, 9).believe("OBJECTS_TO Topic") == []


@pytest.mark.parametrize("name", ["unsubscribed", "complained"])
def test_a_refusal_is_an_objection_to_what_the_message_was_about(name: str) -> None:
    tables = Tables().touch(3).outcome(name, 2, touch="t0")
    ((topic,), (category,)) = tables.believe("OBJECTS_TO Topic"), tables.believe("OBJECTS_TO Category")
    assert (topic["to_key"], category["to_key"], topic["rule"]) == ("brewing", "tea", "refused")
    (nothing,) = Tables().touch(3, asset="plain").outcome(name, 2, touch="t0").believe("OBJECTS_TO Topic")
    assert nothing["to_key"] == "messages"


def test_two_returns_in_a_category_are_an_objection_to_it() -> None:
    tables = Tables().buys(60, 50, 40).buys(45, kind="return", original_order_id="p1", net_value=-3.0)
    assert tables.believe("OBJECTS_TO Category") == []
    tables.buys(44, kind="return", original_order_id="p1", net_value=-3.0)
    assert tables.believe("OBJECTS_TO Category") == [], "one order, sent back in two parcels"
    tables.buys(35, kind="return", original_order_id="p2", net_value=-3.0)
    (belief,) = tables.believe("OBJECTS_TO Category", "returned")
    assert (belief["to_key"], belief["weight"]) == ("tea", pytest.approx(0.5 * (1 + 2 ** (-9 / 120))))


def test_who_keeps_reading_about_shipping_without_buying_hesitates() -> None:
    (belief,) = Tables().signal("Shipping Page Viewed", 6, 4, 2).believe("OBJECTS_TO Topic", "hesitated")
    assert belief["to_key"] == "shipping"
    (ended,) = Tables().signal("Shipping Page Viewed", 6, 4, 2).buys(1).believe("OBJECTS_TO Topic", "hesitated")
    assert ended["valid_to"] == pd.Timestamp(ago(1))


# ---- stated facts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("objects_to topic/discounts", ("Customer OBJECTS_TO Topic", "discounts", None, None)),
        ("prefers channel/email until 2026-05-01", ("Customer PREFERS Channel", "email", "2026-05-01", None)),
        (
            "interested_in category/FOOD/ICE CREAM until 2026-05-01 confidence 0.7",
            ("Customer INTERESTED_IN Category", "FOOD/ICE CREAM", "2026-05-01", 0.7),
        ),
    ],
)
def test_a_statement_is_understood(text: str, expected: tuple[Any, ...]) -> None:
    read = parse_statement(text)
    assert read is not None
    assert (read.kind, read.key, read.until and str(read.until), read.confidence) == expected


@pytest.mark.parametrize(
    "text",
    [
        "likes tea",
        "objects_to channel/email",
        "prefers topic/x until soon",
        "prefers topic/",
        "prefers topic/x until 2026-02-30",
    ],
)
def test_another_wording_is_a_note(text: str) -> None:
    found = parse_statement(text)
    assert found is None or found.key == "x until soon"


def test_a_stated_fact_shows_its_author_and_reason_and_holds_until_its_end() -> None:
    (belief,) = (
        Tables().says("objects_to topic/discounts until 2026-03-04 confidence 0.8", 2).believe("OBJECTS_TO Topic")
    )
    assert (belief["author"], belief["reason"], belief["rule"]) == ("person:eva", "met them", "stated")
    assert (belief["confidence"], belief["source"]) == (0.8, "assertions")
    assert belief["valid_to"] == pd.Timestamp("2026-03-05", tz="UTC"), "the day named is the last one"


@pytest.mark.parametrize(("until", "ends"), [("2199-12-31", "2200-01-01"), ("9999-12-31", "2200-01-01")])
def test_a_stated_fact_may_hold_for_good(until: str, ends: str) -> None:
    (belief,) = Tables().says(f"objects_to topic/discounts until {until}", 2).believe("OBJECTS_TO Topic")
    assert belief["valid_to"] == pd.Timestamp(ends, tz="UTC")


def test_a_stated_fact_that_ended_before_times_begin_is_none() -> None:
    assert Tables().says("objects_to topic/discounts until 0001-01-01", 2).believe("OBJECTS_TO Topic") == []


def test_a_stated_fact_wins_over_what_is_inferred_about_the_same() -> None:
    tables = Tables().signal("Demo Requested", 9, topic="analytics").signal("Demo Requested", 9, topic="security")
    tables.says("objects_to topic/analytics", 5)
    before, other = tables.believe(TOPIC_INTEREST)
    assert (before["to_key"], before["valid_to"]) == ("analytics", pd.Timestamp(ago(5)))
    assert other["to_key"] == "security"
    assert other["valid_to"] > AS_OF
    tables.signal("Demo Requested", 1, topic="analytics")
    assert [row["to_key"] for row in tables.believe(TOPIC_INTEREST)] == ["security"]


def test_evidence_from_after_a_statements_end_is_believed_again() -> None:
    tables = Tables().says("objects_to topic/analytics until 2026-02-20", 20)
    tables.signal("Demo Requested", 1, topic="analytics")
    (belief,) = tables.believe(TOPIC_INTEREST)
    assert belief["valid_from"] == pd.Timestamp(ago(1))


def test_of_two_statements_about_the_same_the_newer_one_follows_the_older() -> None:
    tables = Tables().says("prefers topic/analytics confidence 0.6", 9).says("prefers topic/analytics", 4)
    older, newer = tables.believe("PREFERS Topic")
    assert older["valid_to"] == newer["valid_from"] == pd.Timestamp(ago(4))


# ---- all of them


def test_every_rule_has_an_event_that_its_confidence_speaks_of() -> None:
    for name, rule in RULES.items():
        assert rule.event, name
        assert (rule.curve is None) == (name in ("stated", "observed"))


def test_nothing_is_believed_without_evidence() -> None:
    assert believe(Tables().frames(), as_of=AS_OF, timezone="UTC", settings=BeliefSettings()) == {}
    bare = {"customers": pd.DataFrame({"customer_id": ["anna"]})}
    assert believe(bare, as_of=AS_OF, timezone="UTC") == {}
