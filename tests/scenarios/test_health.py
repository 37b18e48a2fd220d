"""The graph says how well it is: it grows, sources go stale, facts expire, and confidence follows."""

import pytest

from graph import local
from graph.store import GraphStore
from graph.target import database_name, embedded_target
from tests.scenarios.world import TODAY, World, days_before

DUE = days_before(TODAY, 13)


def coffee_drinker(world: World) -> None:
    world.play("replenishment-due")
    world.customer("regular").buys("regular", "coffee", every=14, last=DUE)


def test_b024_logic_compounding_is_the_growth_rate_of_the_graphs_complexity(world: World) -> None:
    coffee_drinker(world)
    world.run(as_of=days_before(TODAY, 2))
    before = world.query("MATCH (:Customer)-[r]->(:Category) RETURN count(r) AS facts")[0]["facts"]
    first = world.health()
    assert first["growth"][-1]["growth_pct"] is None, "one moment has no growth"

    for newcomer in ("anna", "ben"):
        world.customer(newcomer).purchase(newcomer, "tea", on=days_before(TODAY, 1))
    world.run()

    assert world.query("MATCH (:Customer)-[r]->(:Category) RETURN count(r) AS facts")[0]["facts"] > before
    measured = world.health()
    earlier, later = measured["growth"]
    assert measured["relationships"] >= later["relationships"] > earlier["relationships"]
    factor = later["relationships"] / earlier["relationships"]
    assert later["growth_pct"] == pytest.approx(100 * (factor - 1))
    assert later["per_day_pct"] == pytest.approx(100 * (factor**0.5 - 1)), "two days lie between the runs"
    assert later["relationships_per_node"] == pytest.approx(later["relationships"] / later["nodes"])


def test_b042_a_source_that_falls_silent_shows_in_the_profile_and_lowers_confidence(world: World) -> None:
    coffee_drinker(world)
    world.views("regular", "coffee-standard", times=60, last=days_before(TODAY, 1))
    signals = list(world.rows["signals"])
    world.run()
    current = world.why("regular")
    assert current["health"] == {"level": "ok", "trust": 1.0, "findings": []}

    world.rows["signals"] = signals[3:]  # the newest is now of four days ago at 10:00, and two days are usual
    world.run()

    stale = world.why("regular")
    (finding,) = stale["health"]["findings"]
    assert (finding["name"], finding["subject"], finding["level"]) == ("freshness", "signals", "warning")
    age = finding["measure"]
    assert age == pytest.approx(4 - 10 / 24)
    assert stale["action"]["asset_id"] == current["action"]["asset_id"] == "coffee-reminder"
    assert stale["confidence"] == pytest.approx(current["confidence"] * 2 / age)


def test_b146_orphans_and_expired_facts_raise_the_alarm_and_lower_confidence(
    world: World, embedded_server: local.Server
) -> None:
    coffee_drinker(world)
    world.run(as_of=days_before(TODAY, 1))
    assert world.health()["level"] == "ok"

    with GraphStore.connect(embedded_target(embedded_server, database_name(world.name))) as store:
        store.write("UNWIND range(1, 9) AS number CREATE (:Product {product_id: 'stray-' + number})")
        alarm = world.health(exit_code=6)
        (orphans,) = (one for one in alarm["findings"] if one["name"] == "orphans" and one["level"] == "alarm")
        assert (orphans["subject"], orphans["measure"]) == ("Product", 0.9)
        stopped = world.command("run", str(world.playbook))
        assert stopped.exit_code == 6, "nothing is decided from a graph that holds what no table says"
        assert "10 in the graph, 1 in the tables" in stopped.error["what"]

        store.write("MATCH (n:Product) WHERE n.product_id STARTS WITH 'stray-' DETACH DELETE n")
        store.write("CREATE (:Leftover {name: 'of another program'})")
        world.run()

    card = world.why("regular")
    (drift,) = card["health"]["findings"]
    assert (drift["name"], drift["level"]) == ("schema_drift", "alarm")
    assert ":Leftover" in drift["sentence"]
    assert card["confidence"] == pytest.approx(0.7 * 0.6), "capped as an assumed effect, then lowered by the alarm"
