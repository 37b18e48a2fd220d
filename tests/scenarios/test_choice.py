"""What is said fits what the customer buys, knows and may be offered."""

import itertools
import math
from typing import Any, NamedTuple

import pytest

from tests.scenarios.world import TODAY, World, days_before, local, moment

DUE = days_before(TODAY, 13)
UPLIFT = {
    "coupon": {"mean": 0.2, "low": 0.1, "high": 0.3},
    "service": {"mean": 0.07, "low": 0.0, "high": 0.14},
    "story": {"mean": 0.04, "low": 0.0, "high": 0.08},
}


class Weighed(NamedTuple):
    """One candidate, as `warrant why` shows it."""

    value: float
    cost: float
    refused_by: tuple[str, ...] = ()
    is_chosen: bool = False


NOTHING = Weighed(0.0, 0.0)


def candidates(card: dict[str, Any]) -> dict[tuple[str, str], Weighed]:
    """Everything that was weighed for a customer, by asset and channel."""
    found = {
        (other["asset_id"], other["channel"]): Weighed(
            other["value"], -other["parts"]["touch"], tuple(other["refused_by"])
        )
        for other in card["alternatives"]
    }
    action = card["action"]
    if action["verb"] == "send":
        parts = card["value"]
        chosen = Weighed(parts["total"], -parts["touch"], is_chosen=True)
        found[action["asset_id"], action["channel"]] = chosen
    return found


def test_b034_bestsellers_come_from_bought_categories_without_bought_products(world: World) -> None:
    world.has_default_reminders = False
    world.setting(graph={"product_threshold_days": 1})
    world.play("favourites")
    shelf = {"arabica": "coffee", "robusta": "coffee", "assam": "tea", "darjeeling": "tea"}
    for product, category in shelf.items():
        world.product(product, category).asset(f"bestseller-{product}", products=[product], kind="story")
        customer = f"buys-{product}"
        world.customer(customer).buys(customer, product, every=10, times=10, last=days_before(TODAY, 4))
    world.customer("knows-all-coffee").buys("knows-all-coffee", "arabica", every=10, times=10, last=DUE)
    world.purchase("knows-all-coffee", "robusta", on=days_before(TODAY, 100))
    world.customer("buys-nothing")

    day = world.run()

    assert {row["customer_id"]: row["asset_id"] for row in world.exported(day)} == {
        "buys-arabica": "bestseller-robusta",
        "buys-robusta": "bestseller-arabica",
        "buys-assam": "bestseller-darjeeling",
        "buys-darjeeling": "bestseller-assam",
    }


def test_b048_two_leads_over_score_80_get_different_next_actions(world: World) -> None:
    world.policy("only-hot-leads", require="customer.score > 80")
    for customer, category, score in (
        ("hot-coffee-lead", "coffee", 85),
        ("hot-tea-lead", "tea", 85),
        ("lukewarm-tea-lead", "tea", 80),
    ):
        world.customer(customer, score=score).buys(customer, category, every=14, last=DUE)

    world.run()

    coffee, tea, lukewarm = (world.why(lead) for lead in ("hot-coffee-lead", "hot-tea-lead", "lukewarm-tea-lead"))
    assert coffee["action"]["asset_id"] == "coffee-reminder"
    assert tea["action"]["asset_id"] == "tea-reminder"
    assert coffee["motive"]["subject"] == "category/coffee"
    assert tea["motive"]["subject"] == "category/tea"
    assert "Coffee" in coffee["motive"]["sentence"]
    assert "Tea" in tea["motive"]["sentence"]
    assert lukewarm["action"]["verb"] == "none"
    assert lukewarm["refused_by"]["only-hot-leads"] >= 1


def test_b134_variants_channels_and_times_are_weighed_and_the_best_within_all_guardrails_is_chosen(
    world: World,
) -> None:
    budget = 0.9
    world.play("replenishment-due").setting(uplift=UPLIFT, budget_per_day=budget)
    world.policy("small-accounts", when="customer.pclv < 500", deny="offer.discount_pct > 10")
    world.policy("one-a-week", cap={"count": 1, "days": 7})
    afternoons = {"from": "20:00", "until": "16:00"}
    world.channel("email", cost_per_touch=0.1).channel("letter", cost_per_touch=0.6, quiet_hours=afternoons)
    world.has_default_reminders = False
    world.offer("off", discount_pct=20, unit_cost=1.0, is_automatic=True)
    world.asset("coupon", kind="coupon", categories=["coffee"], offer_id="off")
    world.asset("guide", kind="service", categories=["coffee"], channels=["letter"])
    world.asset("story", kind="story", categories=["coffee"], ends_at=local(TODAY, "12:00:00"))
    for customer, pclv, spend in (
        ("small", 499.99, 60.0),
        ("large", 500, 60.0),
        ("recent", 900, 40.0),
        ("thin", 900, 15.0),
    ):
        world.customer(customer).buys(customer, "coffee", every=14, last=DUE, spend=spend)
        world.estimate(customer, "pclv", pclv)
    world.touch("recent", at=local(days_before(TODAY, 7), "12:00:00"))

    day = world.run()

    cards = {customer: world.why(customer) for customer in ("small", "large", "recent", "thin")}
    weighed = {customer: candidates(card) for customer, card in cards.items()}
    for customer, card in cards.items():
        assert len(weighed[customer]) == card["funnel"]["candidates"] == 5, "two variants on both channels, one on one"
    # policy: what it forbids by attribute, by the hour of the channel, and by the window up to that hour
    refused = {
        customer: {what: one.refused_by for what, one in found.items() if one.refused_by}
        for customer, found in weighed.items()
    }
    too_late = {("story", "letter"): ("asset-out-of-dates",)}
    discounts = dict.fromkeys([("coupon", "email"), ("coupon", "letter")], ("small-accounts",))
    too_early = dict.fromkeys([("coupon", "email"), ("story", "email")], ("one-a-week",))
    assert refused == {
        "small": too_late | discounts,
        "large": too_late,
        "recent": too_late | too_early,
        "thin": too_late,
    }
    assert moment(cards["recent"]["action"]["send_at"]) == local(TODAY, "16:00:00"), "the same day, in the afternoon"
    # forecast return less cost, and no better choice of one each within budget and policies
    chosen = [one for found in weighed.values() for one in found.values() if one.is_chosen]
    best = max(
        math.fsum(one.value for one in choice)
        for choice in itertools.product(*([NOTHING, *found.values()] for found in weighed.values()))
        if not any(one.refused_by for one in choice) and math.fsum(one.cost for one in choice) <= budget + 1e-9
    )
    assert math.fsum(one.value for one in chosen) == pytest.approx(best)
    assert day["value"] == pytest.approx(best)
    assert math.fsum(one.cost for one in chosen) == pytest.approx(day["cost"])
    unlimited = math.fsum(max(one.value for one in found.values() if not one.refused_by) for found in weighed.values())
    assert best < unlimited, "the budget leaves somebody without"


def test_a_coupon_that_only_subsidises_people_who_buy_anyway_comes_out_negative_and_is_not_sent(world: World) -> None:
    world.has_default_reminders = False
    world.play("replenishment-due").setting(uplift={"coupon": {"mean": 0.04, "low": 0.0, "high": 0.08}})
    world.offer("one-off", discount_pct=5, unit_cost=1.0, is_automatic=True)
    world.asset("coupon", kind="coupon", categories=["coffee"], offer_id="one-off")
    world.customer("regular").buys("regular", "coffee", every=14, last=DUE, times=20, spend=8.0)

    world.run()

    card = world.why("regular")
    assert card["action"]["none_reason"] == "not worth it"
    (coupon,) = card["alternatives"]
    parts = coupon["parts"]
    gain = parts["expected_margin_with_touch"] + parts["expected_margin_without"]
    assert gain > 0
    assert gain == pytest.approx(-0.04 * parts["expected_margin_without"]), "4 % of what they would bring anyway"
    assert -1.0 <= parts["offer_redeemed"] < -0.7, "1.00 on each of the redemptions that come without it too"
    assert coupon["value"] == pytest.approx(gain + parts["offer_redeemed"] - 0.001)
    assert coupon["value"] < 0
