"""Visitors without a name: what they come back for is what the site talks about."""

from tests.scenarios.world import TODAY, World, days_before

ASSUMED = {"assumed": "legitimate_interest", "because": "A message on our own pages.", "by": "person:dpo"}


def test_b102_an_anonymous_visitors_third_return_to_similar_content_changes_the_message_on_the_site(
    world: World,
) -> None:
    world.play("high-intent").channel("website", consent=ASSUMED)
    world.asset("trails-nearby", categories=["shoes"], kind="story", topics=["trail-running"])
    world.asset("city-runs", categories=["shoes"], kind="story", topics=["trail-running", "running"])
    world.asset("chess-club", categories=["games"], kind="story", topics=["chess"])
    # Somebody has to buy shoes and games, or no margin is known there.
    world.customer("runner").buys("runner", "shoes", every=30, last=days_before(TODAY, 20))
    world.customer("player").buys("player", "games", every=30, last=days_before(TODAY, 20))

    def reads(visitor: str, topic: str, days_ago: int) -> None:
        visit = f"{visitor}-{days_ago}"
        when = days_before(TODAY, days_ago)
        world.signal("Content Viewed", on=when, anonymous_id=visitor, session_id=visit, topic=topic)

    reads("returning", "trail-running", 8)
    reads("returning", "running", 5)
    reads("wandering", "trail-running", 8)
    reads("wandering", "chess", 5)
    before = world.run(as_of=days_before(TODAY, 1))
    assert world.exported(before, "website") == []

    reads("returning", "trail-running", 2)
    reads("wandering", "trail-running", 2)
    day = world.run()

    shown = {row["customer_id"]: row["asset_id"] for row in world.exported(day, "website")}
    assert set(shown) == {"anonymous/returning"}, "two visits about the same and one about something else are no three"
    assert shown["anonymous/returning"] in {"trails-nearby", "city-runs"}
    card = world.why("anonymous/returning")
    assert card["motive"]["play"] == "high-intent"
    assert card["motive"]["subject"].startswith("topic/")
    assert card["motive"]["sentence"].startswith("A visitor who is not known yet")
    assert any("TRIGGERED_BY" in evidence for evidence in card["motive"]["evidence"])
    assert card["path"][-2]["from"] == f"Asset/{shown['anonymous/returning']}"
    assert card["value"]["total"] > 0
