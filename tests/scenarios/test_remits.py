"""Agents act under remits: what these do not permit is refused, what they ask for waits for a person."""

from datetime import timedelta
from typing import Any

import pytest
import yaml

from tests.scenarios.world import TODAY, Document, World, days_before, local

DUE = days_before(TODAY, 13)  # the last purchase of somebody who buys every 14 days and is due tomorrow
SENDING: Document = {"verbs": ["send"], "channels": ["email"], "plays": ["replenishment-due"]}


def due(world: World, *customers: str, **attributes: Any) -> World:
    """Customers who are due, each in a category of their own."""
    for customer in customers:
        world.customer(customer, **attributes).buys(customer, f"{customer}-tea", every=14, last=DUE)
    return world


def receivers(world: World, day: Document) -> set[str]:
    """Who is in the delivered file."""
    return {row["customer_id"] for row in world.exported(day)}


@pytest.mark.parametrize(
    ("remit", "what"),
    [
        ({"agent": None}, "`agent`: is missing."),
        ({"may": SENDING | {"verbs": ["send", "hypnotise"]}}, "permits `hypnotise`, which no verb is called"),
    ],
)
def test_b055_an_agent_without_identity_or_with_an_undeclared_action_is_refused(
    world: World, remit: Document, what: str
) -> None:
    due(world, "ann").agent("promotions", **remit)

    answer = world.command("run", str(world.playbook))

    assert answer.exit_code == 3
    assert what in answer.error["what"]
    assert "remits/promotions.yaml:" in answer.error["where"]
    assert world.command("remit", "check").exit_code == 3


@pytest.mark.parametrize("is_on", [True, False])
def test_b061_with_the_checkpoint_on_outreach_waits_and_with_it_off_it_executes(world: World, *, is_on: bool) -> None:
    due(world, "ann", "bob").agent("outreach", ask=["send"] if is_on else [])

    day = world.run()

    assert receivers(world, day) == (set() if is_on else {"ann", "bob"})
    card = world.why("ann")
    assert card["action"]["verb"] == "send"
    waits = {"needs": ["person:ops-manager"], "by": ["remit-outreach-ask-send"]}
    assert card["held"] == (waits if is_on else None)


def test_b065_a_net_new_variant_needs_approval_and_an_approved_one_passes(world: World) -> None:
    due(world, "new", "approved").agent("creative", ask=["net_new_asset"])
    world.asset("new-variant", categories=["new-tea"], readiness="reviewed")
    world.asset("approved-variant", categories=["approved-tea"], readiness="approved")

    day = world.run()

    assert receivers(world, day) == {"approved"}
    assert world.why("new")["remit"]["triggers"] == ["net_new_asset"]
    assert world.why("approved")["remit"]["triggers"] == []


def test_b088_first_outreach_at_c_level_is_never_autonomous(world: World) -> None:
    due(world, "chief", seniority="c-level").agent("outreach", ask=["contact_c_level"])
    due(world, "lead", seniority="lead")
    due(world, "unknown", seniority=None)

    day = world.run()

    assert receivers(world, day) == {"lead"}
    for customer in ("chief", "unknown"):
        assert world.why(customer)["held"]["needs"] == ["person:ops-manager"]


@pytest.mark.parametrize(("confidence", "may_act"), [(0.699, False), (0.70, True)])
def test_b093_below_seventy_percent_confidence_escalates_and_exactly_seventy_may_act(
    world: World, confidence: float, *, may_act: bool
) -> None:
    # what is as good as certain is as sure as its evidence lets it be
    world.setting(
        confidence_caps={"assumed": confidence}, uplift={"reminder": {"mean": 0.05, "low": 0.049, "high": 0.051}}
    )
    due(world, "ann", "bob").agent("promotions", escalate={"confidence_below": 0.70})

    day = world.run()

    card = world.why("ann")
    assert card["confidence"] == confidence
    assert card["remit"]["triggers"] == ([] if may_act else ["confidence_below"])
    assert receivers(world, day) == ({"ann", "bob"} if may_act else set())


def test_b094_spend_over_five_thousand_of_the_nurture_mandate_escalates(world: World) -> None:
    world.today = days_before(TODAY, -25)  # the last of the month, so that all that is left of it may be used
    last = days_before(world.today, 13)
    for customer in ("ann", "bob"):
        world.customer(customer).buys(customer, "tea", every=14, last=last)
    world.customer("past").touch("past", at=local(days_before(world.today, 20)), cost=4_999.999)
    world.agent(
        "nurture", limits={"spend_per_month": 10_000}, escalate={"budget_used_pct": 50}
    )  # a touch costs 0.001: the first brings the month to 5,000 exactly

    day = world.run()

    assert day["remits"] == {"nurture": 2}
    assert len(receivers(world, day)) == 1
    (held,) = {"ann", "bob"} - receivers(world, day)
    assert world.why(held)["remit"]["triggers"] == ["budget_used_pct"]


def test_b100_a_mandate_that_is_an_abdication_is_rejected_with_all_its_reasons(world: World) -> None:
    due(world, "ann").agent("growth", owner=None, goal={"metric": "value"}, limits={}, review={}, escalate={})
    world.agents["growth"]["may"] = {"verbs": ["do-marketing"]}

    answer = world.command("remit", "check")

    assert answer.exit_code == 3
    (remit,) = answer.document["remits"]
    said = " ".join(finding["what"] for finding in remit["findings"])
    for reason in (
        "a goal without a direction",
        "a goal without an amount",
        "a goal without a deadline",
        "no counter-metric",
        "permits `do-marketing`, which no verb is called",
        "has no limit",
        "has no escalation",
        "has no review",
        "has no owner",
    ):
        assert reason in said
    assert all(finding["where"] and finding["remedy"] for finding in remit["findings"])
    refused = world.command("run", str(world.playbook))
    assert refused.exit_code == 3
    assert "growth" in refused.error["what"]


def test_b111_the_boundaries_of_an_agent_are_each_refused(world: World) -> None:
    limits = {"touches_per_customer": {"count": 3, "days": 7}, "discount_pct": 15}
    world.agent("pipeline", limits=limits, ask=["contact_c_level"], never=["change_price"])
    due(world, "chief", seniority="c-level")
    due(world, "wearied", "fresh", "deep", "fair", seniority="lead")
    for customer, touches in (("wearied", 3), ("fresh", 2)):
        for back in range(1, touches + 1):
            world.touch(customer, at=local(TODAY) - timedelta(days=back))
    for customer, discount_pct in (("deep", 15.01), ("fair", 15)):
        world.offer(f"{customer}-off", discount_pct=discount_pct)
        world.asset(f"{customer}-coupon", kind="coupon", categories=[f"{customer}-tea"], offer_id=f"{customer}-off")

    day = world.run()

    assert receivers(world, day) == {"fresh", "fair"}
    assert world.why("wearied")["refused_by"] == {"remit-pipeline-touches": 1}
    assert world.why("deep")["refused_by"] == {"remit-pipeline-discount": 1}
    assert world.why("chief")["held"]["needs"] == ["person:ops-manager"]

    rule = {"verb": "change_price", "for": "campaign", "because": "It would sell more."}
    (world.playbook / "actions.yaml").write_text(yaml.safe_dump({"rules": {"cheaper": rule}}), encoding="utf-8")
    refused = world.command("run", str(world.playbook))
    assert refused.exit_code == 3
    assert "no verb `change_price` is declared" in refused.error["what"]
