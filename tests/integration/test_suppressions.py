"""Whom nobody may write to is heeded under every name a person has, when deciding and again when files leave."""

import pytest

from tests.scenarios.world import TODAY, World, days_before

ASSUMED = {"assumed": "legitimate_interest", "because": "A message on our own pages.", "by": "person:dpo"}


@pytest.mark.parametrize(("household", "is_sent"), [("attic", False), ("cellar", False), ("another", True)])
def test_who_has_two_records_is_not_decided_for_when_either_household_is_suppressed(
    world: World, household: str, *, is_sent: bool
) -> None:
    world.play("replenishment-due")
    for name, lives in (("ann", "attic"), ("anna", "cellar")):
        world.customer(name, household_id=lives).identity("email", "ann@example.com", name, on="2025-01-01")
    world.buys("ann", "coffee", every=14, last=days_before(TODAY, 13))
    world.row(
        "suppressions", kind="household", value=household, scope="*", reason="asked", starts_at="2026-01-01", ends_at=""
    )
    day = world.run(until="authorise")
    assert day["sends"] == int(is_sent)


def test_a_visitor_who_is_suppressed_after_the_decision_is_shown_nothing(world: World) -> None:
    world.play("high-intent").channel("website", consent=ASSUMED)
    world.asset("trails-nearby", categories=["shoes"], kind="story", topics=["trail-running"])
    world.customer("runner").buys("runner", "shoes", every=30, last=days_before(TODAY, 20))
    for visitor in ("asking", "silent"):
        for days_ago in (8, 5, 2):
            world.signal(
                "Content Viewed",
                on=days_before(TODAY, days_ago),
                anonymous_id=visitor,
                session_id=f"{visitor}-{days_ago}",
                topic="trail-running",
            )
    closed = {"kind": "customer", "scope": "*", "reason": "asked", "starts_at": "2026-01-01", "ends_at": ""}
    world.row("suppressions", **closed | {"value": "somebody else"})
    decided = world.run(until="authorise")
    world.row("suppressions", **closed | {"value": "anonymous/asking"})
    world.write()
    delivered = world.deliver(decided["run_id"])
    shown = {row["customer_id"] for row in world.exported(delivered, "website")}
    assert shown == {"anonymous/silent"}
