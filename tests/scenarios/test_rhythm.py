"""Each customer is talked to in their own rhythm: when they are due, and when they break it."""

from tests.scenarios.world import TODAY, World, days_before

FORTNIGHT, QUARTER = 14, 90


def staggered(world: World, every: int, days: range, *, times: int) -> None:
    """Customers with the same rhythm, who bought coffee for the last time so many days ago."""
    for day in days:
        customer = f"{every}-day-buyer-{day}"
        world.customer(customer).buys(customer, "coffee", every=every, last=days_before(TODAY, day), times=times)


def days_with(world: World, play: str, every: int, days: range) -> list[int]:
    """Days since the last purchase on which the graph holds a motive of the play about coffee for such a customer."""
    rows = world.query(
        f"MATCH (c:Customer)-[:HAS_MOTIVE]->(m:Motive {{play: '{play}', subject: 'category/coffee'}}) "
        "RETURN c.customer_id AS customer"
    )
    found = {str(row["customer"]) for row in rows}
    return [day for day in days if f"{every}-day-buyer-{day}" in found]


def test_b026_replenishment_nudge_falls_near_the_customers_own_day(world: World) -> None:
    days = range(1, 46)
    world.play("replenishment-due")
    staggered(world, FORTNIGHT, days, times=10)

    day = world.run()

    sent = {row["customer_id"]: row for row in world.exported(day)}
    nudged = [day for day in days if f"{FORTNIGHT}-day-buyer-{day}" in sent]
    assert nudged == days_with(world, "replenishment-due", FORTNIGHT, days)
    assert nudged == list(range(nudged[0], nudged[-1] + 1)), "one nudge each time, not several"
    assert FORTNIGHT in nudged
    assert all(abs(day - FORTNIGHT) < FORTNIGHT / 2 for day in nudged), "nearer to this day than to any other due day"
    assert 30 not in nudged
    for row in sent.values():
        assert row["asset_id"] == "coffee-reminder"
        assert row["send_at"].startswith(TODAY.isoformat())


def test_b027_no_nudge_at_day_30_for_a_90_day_buyer(world: World) -> None:
    days = range(20, 101, 5)
    world.play("replenishment-due")
    staggered(world, QUARTER, days, times=6)
    staggered(world, FORTNIGHT, range(1, 21), times=20)

    world.run()

    nudged = days_with(world, "replenishment-due", QUARTER, days)
    assert 30 not in nudged
    assert nudged, "the rhythm is known: a nudge comes when its own day comes"
    assert all(abs(day - QUARTER) < 10 for day in nudged)
    assert world.why(f"{QUARTER}-day-buyer-30")["action"]["verb"] == "none"


def test_b028_reengagement_fires_at_the_start_of_a_deviation(world: World) -> None:
    days = range(1, 71)
    # Also customers who are gone altogether are meant, not only those who still buy something else.
    world.play("cadence-broken", thresholds={"active_days": 365, "active_shopping_days": 0})
    staggered(world, FORTNIGHT, days, times=12)
    staggered(world, QUARTER, days, times=6)
    for day in days[::2]:
        for every in (FORTNIGHT, QUARTER):
            world.buys(f"{every}-day-buyer-{day}", "bread", every=7, last=days_before(TODAY, 3), times=10)

    world.run()

    fired = days_with(world, "cadence-broken", FORTNIGHT, days)
    assert fired == list(range(fired[0], fired[-1] + 1))
    assert FORTNIGHT < fired[0] <= 1.5 * FORTNIGHT, "not before the customer is late, and soon after"
    assert len(fired) <= 7, "at the start of the deviation, not weeks into it"
    assert days_with(world, "cadence-broken", QUARTER, days) == [], "late by another's rhythm is not late by one's own"
    card = world.why(f"{FORTNIGHT}-day-buyer-{fired[0]}")
    assert card["motive"]["play"] == "cadence-broken"
    assert card["action"]["verb"] == "send"
    assert card["action"]["asset_id"] == "coffee-reminder"
