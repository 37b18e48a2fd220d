"""Delivering: what has changed since a run decided can keep a send back, and two runs of one day share its limits."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines import steps
from pipelines.day import open_day
from tests.scenarios.world import TODAY, World, days_before, local

DUE = days_before(TODAY, 13)
REFUSED, VERIFICATION_FAILED = 5, 6


def due(world: World, *customers: str, spend: float) -> None:
    for customer in customers:
        world.customer(customer).buys(customer, "coffee", every=14, last=DUE, spend=spend)


def reached(world: World, *documents: dict[str, object]) -> list[str]:
    return sorted(row["customer_id"] for document in documents for row in world.exported(document))


def test_two_runs_of_one_day_never_use_more_than_the_limits_of_the_day(world: World) -> None:
    world.channel("email", capacity=2)
    due(world, "anna", spend=20)
    first = world.run()
    due(world, "bert", "carl", spend=90)
    second = world.run()
    assert second["run_id"] != first["run_id"]
    assert (first["sends"], second["sends"]) == (1, 2)
    assert len(reached(world, first, second)) == 2
    assert second["withheld"] == {"limits: email capacity": 1}
    again = world.deliver(first["run_id"])
    assert reached(world, again) == ["anna"], "what has left already is not delivered anew, nor taken back"


def test_what_has_changed_since_the_decision_keeps_sends_back(world: World) -> None:
    world.channel("email", quiet_hours={"from": "21:00", "until": "08:00"})
    due(world, "anna", "bert", "carl", spend=20)
    world.product("tea-standard", "tea")
    decided = world.run(until="authorise")
    assert decided["sends"] == 3

    world.policy("nobody", deny="customer.shopping_days_91d >= 0")
    answer = world.command("deliver", decided["run_id"])
    assert answer.exit_code == REFUSED
    assert "playbook has changed" in answer.error["what"]
    assert "warrant run" in answer.error["remedy"]
    world.policies.clear()
    (world.playbook / "policies/scenario.yaml").unlink()

    world.at = "21:30:00"
    world.purchase("anna", "coffee", on=TODAY, occurred_at=local(TODAY, "00:00:00"))
    world.purchase("bert", "tea", on=TODAY)
    world.purchase("carl", "coffee", on=TODAY, occurred_at=local(TODAY, "21:30:01"))
    delivered = world.deliver(decided["run_id"])
    assert reached(world, delivered) == []
    assert delivered["withheld"] == {"bought since": 1, "sending-hours": 2}


def test_an_order_ends_carts_trials_and_topics_that_were_to_be_talked_about(world: World) -> None:
    world.has_default_reminders = False
    world.play("abandoned-intent").play("trial-stalled").play("high-intent")
    world.product("backpack", "bags").product("shoes", "running").product("mug", "kitchen")
    world.asset("bag-waits", products=["backpack"]).asset("try-on", categories=["kitchen"], topics=["analytics"])
    world.asset("trails", categories=["running"], topics=["trail-running"])
    world.customer("regular")
    for product in ("backpack", "shoes", "mug"):  # or no margin is known there
        world.buys("regular", product, every=30, last=days_before(TODAY, 20))
    people = {"cart": "bag-waits", "trial": "try-on", "topic": "trails"}
    for kind in people:
        for end in ("waits", "ordered", "bought-else", "bought"):
            world.customer(f"{kind}-{end}")
    for end in ("waits", "ordered", "bought-else", "bought"):
        world.signal("Product Added", on=days_before(TODAY, 1), customer_id=f"cart-{end}", product_id="backpack")
        trial = {"customer_id": f"trial-{end}", "topic": "analytics"}
        world.signal("Trial Started", on=days_before(TODAY, 9), **trial)
        for back in (3, 2, 1):
            visit = {"customer_id": f"topic-{end}", "session_id": f"topic-{end}-{back}", "topic": "trail-running"}
            world.signal("Content Viewed", on=days_before(TODAY, back), **visit)
    decided = world.run(until="authorise")
    assert decided["sends"] == 12, decided["none_by_reason"]

    world.at = "08:00:00"
    at = local(TODAY, "07:30:00")
    for kind, own in (("cart", "backpack"), ("trial", "mug"), ("topic", "shoes")):
        other = "shoes" if kind != "topic" else "mug"
        world.signal("Order Completed", on=TODAY, at="07:00:00", customer_id=f"{kind}-ordered")
        world.purchase(f"{kind}-bought", own, on=TODAY, occurred_at=at)
        world.purchase(f"{kind}-bought-else", other, on=TODAY, occurred_at=at)
    delivered = world.deliver(decided["run_id"])

    left = {row["customer_id"]: row["asset_id"] for row in world.exported(delivered)}
    stays = {"cart-waits", "trial-waits", "topic-waits", "topic-ordered", "topic-bought-else"}
    assert left == {customer: people[customer.split("-")[0]] for customer in stays}
    assert delivered["withheld"] == {"bought since": 7}


@pytest.mark.parametrize("change", [{"asset_id": "tea-reminder"}, {"is_ghost": False}, {"digest": "0" * 64}])
def test_records_that_are_not_those_decided_are_not_delivered(world: World, change: dict[str, Any]) -> None:
    world.setting(holdout_share=0.5)
    due(world, *(f"customer-{number}" for number in range(8)), spend=20)
    world.product("tea-standard", "tea")
    run_id = world.run(until="authorise")["run_id"]
    lake = open_day(world.playbook, world.environment).lake
    records = lake.read_slice("decisions", run_id)
    lake.write_slice("decisions", run_id, records.assign(**change))
    answer = world.command("deliver", run_id)
    assert answer.exit_code == VERIFICATION_FAILED
    assert run_id in answer.error["what"]
    assert not list((world.folder / "state").glob("exports/**/*.csv"))


def test_a_run_is_delivered_after_the_graph_has_moved_on_and_not_to_who_is_gone(world: World) -> None:
    due(world, "anna", "bert", spend=20)
    world.write()
    day = open_day(world.playbook, world.environment | {"WARRANT_NOW": ""}, day=TODAY)
    steps.perceive_and_open(day)
    for step in (steps.relate, steps.forecast, steps.propose, steps.decide):
        step(day)
    earlier = day.current_run().run_id

    for rows in world.rows.values():
        rows[:] = [row for row in rows if row.get("customer_id") != "anna"]
    later = world.run(until="authorise")
    assert later["run_id"] != earlier

    delivered = world.deliver(earlier)
    assert delivered["run_id"] == earlier
    assert delivered["sends"] == 2
    assert reached(world, delivered) == ["bert"]
    assert delivered["withheld"] == {"consent": 1}
    (manifest,) = [Path(name) for name in delivered["files"] if name.endswith(".manifest.json")]
    assert json.loads(manifest.read_bytes())["clock_is_simulated"], "decided by the real clock, delivered by a told one"
    told = world.query("MATCH (d:Decision)-[:FOR]->(c:Customer) RETURN d.run_id AS run, c.customer_id AS customer")
    assert {(row["run"], row["customer"]) for row in told} == {(earlier, "bert"), (later["run_id"], "bert")}
