"""Limits of every kind hold, across campaigns, accounts, offers and templates, and what they cost is said."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

from tests.scenarios.world import TODAY, World, days_before, local

MONTH_END = date(2026, 3, 31)
DUE = days_before(TODAY, 13)  # the last purchase of somebody who buys every 14 days and is due tomorrow


def test_b037_ten_thousand_variants_collapse_to_the_templates_of_the_provider(world: World) -> None:
    templates, categories, each = 20, 40, 250
    world.has_default_reminders = False
    world.channel("email", template_limit=templates)
    for number in range(categories):
        category = f"c{number:02}"
        world.category(category)
        world.customer(f"buys-{category}").buys(f"buys-{category}", category, every=14, last=DUE, spend=10.0 + number)
        for variant in range(each):
            keys = {"asset_id": f"{category}-{variant:03}", "version": "1", "title": f"Variant {variant}"}
            facts = {"kind": "reminder", "message_class": "marketing", "categories": category}
            world.row("assets", **keys, **facts)
    world.source("assets", "SELECT * REPLACE ([categories] AS categories) FROM 'assets.csv'\n")

    day = world.run()

    exported = world.exported(day)
    sent = {row["asset_id"] for row in exported}
    assert len(sent) == templates
    assert {row["customer_id"] for row in exported} == {f"buys-c{number}" for number in range(20, 40)}
    (collapsed,) = day["templates"]
    assert (collapsed["channel"], collapsed["wanted"], collapsed["allowed"]) == ("email", categories, templates)
    assert 0 < collapsed["loss"] < day["value"]
    assert world.why("buys-c00")["action"]["none_reason"] == "limits: email templates"
    rendered = {row["asset_id"] for row in exported if row["title"]}
    assert rendered == sent


def test_b063_daily_caps_of_campaigns_and_accounts_both_hold(world: World) -> None:
    world.channel("email", cost_per_touch=1.0)
    world.setting(
        limits=[{"name": "touches a day", "unit": "touches", "scope": {"each": "account"}, "amount": 2}],
    )
    world.row("campaigns", campaign_id="autumn", kind="newsletter", channel_id="email", daily_cap=4.0)
    world.row("campaigns", campaign_id="winter", kind="newsletter", channel_id="email")
    world.asset("autumn-coffee", categories=["coffee"], campaign_id="autumn")
    world.asset("winter-tea", categories=["tea"], campaign_id="winter")
    for account in ("acme", "bolt", "core", "dune"):
        world.row("accounts", account_id=account, name=account.title())
        for number in range(4):
            customer, category = f"{account}-{number}", "coffee" if number % 2 else "tea"
            world.customer(customer, account_id=account)
            world.buys(customer, category, every=14, last=DUE, spend=2000.0 + (100 if category == "coffee" else 0))

    day = world.run()

    sent = world.exported(day)
    per_campaign = [row["asset_id"] for row in sent]
    assert per_campaign.count("autumn-coffee") == 4, "4.00 a day at 1.00 each"
    assert len(sent) == 8, "what the campaign may not send, the other one does"
    for account in ("acme", "bolt", "core", "dune"):
        assert sum(row["customer_id"].startswith(account) for row in sent) == 2
    reasons = {world.why(row)["action"].get("none_reason") for row in ("acme-0", "acme-1", "acme-2", "acme-3")}
    assert any(reason and reason.startswith("limits: acme touches a day") for reason in reasons)


def test_b112_the_largest_discount_and_ten_thousand_a_month_both_hold(world: World) -> None:
    world.today = MONTH_END
    due = days_before(MONTH_END, 13)
    world.policy("max-discount", deny="offer.discount_pct > 20")
    monthly = {"name": "offers", "unit": "exposure", "scope": {"offers": "any"}, "amount": 10_000, "per": "month"}
    world.setting(limits=[monthly], uplift={"coupon": {"mean": 0.9, "low": 0.8, "high": 1.0}})
    world.has_default_reminders = False
    for category, discount in (("coffee", 20), ("tea", 20.01)):
        world.offer(f"{category}-off", discount_pct=discount, unit_cost=400.0)
        world.asset(f"{category}-coupon", kind="coupon", categories=[category], offer_id=f"{category}-off")
    for number in range(6):
        spend = 2000.0 + number
        world.customer(f"coffee-{number}").buys(f"coffee-{number}", "coffee", every=14, last=due, spend=spend)
    world.customer("tea").buys("tea", "tea", every=14, last=due, spend=3000.0)
    world.customer("has-had-them").customer("last-month")
    for number in range(23):  # 23 × 400 = 9,200 of the 10,000 of this month
        world.touch("has-had-them", at=local(MONTH_END.replace(day=1 + number)), asset_id="coffee-coupon")
    world.touch("last-month", at=local("2026-02-28"), asset_id="coffee-coupon")

    day = world.run()

    assert [row["customer_id"] for row in world.exported(day)] == ["coffee-4", "coffee-5"], "800 are left: two coupons"
    assert world.why("tea")["refused_by"] == {"max-discount": 1}
    assert world.why("coffee-0")["action"]["none_reason"] == "limits: offers"
    (row,) = committed(day)
    assert (row["month"], row["sends"], row["offers_reserved"], row["exposure"]) == ("2026-03", "2", "2", "800.0")


def test_b038_an_objective_and_limits_alone_give_a_plan_for_every_customer(world: World) -> None:
    world.setting(objective={"margin_pct": 30, "value_window_days": 28}, budget_per_day=0.003)
    world.channel("email", capacity=3)
    for number in range(5):
        world.customer(f"buys-{number}").buys(f"buys-{number}", "coffee", every=14, last=DUE, spend=20.0 + number)
    world.customer("never-bought")
    assert world.policies == []

    day = world.run()

    assert [row["customer_id"] for row in world.exported(day)] == ["buys-2", "buys-3", "buys-4"]
    for number in range(5):
        action = world.why(f"buys-{number}")["action"]
        if number >= 2:
            assert action["verb"] == "send"
            assert action["asset_id"] == "coffee-reminder"
            assert action["send_at"]
        else:
            assert action["none_reason"].startswith("limits: ")
    assert world.why("never-bought")["action"]["none_reason"] == "no motive"
    assert day["value"] <= day["bound"] <= day["value"] * 1.0001
    planned = world.command("plan", "--horizon", "7")
    assert planned.exit_code == 0, planned.stdout


def committed(day: dict[str, Any]) -> list[dict[str, str]]:
    """The rows of commitments.csv."""
    (path,) = [Path(name) for name in day["files"] if Path(name).name == "commitments.csv"]
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
