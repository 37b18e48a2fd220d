"""People's say: what is paused does not leave, what waits leaves once with everybody's word, and the journal tells."""

import csv
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from graph import local as graph_server
from lake.journal import Journal
from lake.runs import Ledger
from lake.store import Lake
from tests.scenarios.world import TODAY, Answer, World, days_before, fresh_world, moment

REFUSED, USAGE = 5, 2
ANN, BEN, EVA = "person:ann", "person:ben", "person:eva"
PEOPLE = {
    "ann": {"name": "Ann", "role": "owner"},
    "ben": {"name": "Ben", "role": "approver"},
    "eva": {"name": "Eva", "role": "viewer"},
}


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory, embedded_server: graph_server.Server) -> Iterator[World]:
    """Four customers who are due: coffee waits for Ben's word, tea does not; decided and not delivered yet."""
    with fresh_world(tmp_path_factory.mktemp("authority"), embedded_server) as world:
        world.play("replenishment-due")
        world.policy(
            "coffee-asks", when='asset.asset_id == "coffee-reminder"', require={"approval": BEN}, because="Ben knows."
        )
        for name, what in (("cora", "coffee"), ("carl", "coffee"), ("tess", "tea"), ("theo", "tea")):
            world.customer(name).buys(name, what, every=14, last=days_before(TODAY, 13))
        world.write()
        (world.playbook / "people.yaml").write_text(yaml.safe_dump({"people": PEOPLE}))
        world.run(until="authorise")
        yield world


@pytest.fixture
def shop(decided: World, tmp_path: Path) -> World:
    """The same, in a state folder of its own."""
    folder = Path(shutil.copytree(decided.folder, tmp_path / "shop", symlinks=True))
    return replace(decided, folder=folder, today=TODAY, at="06:00:00")


def run_of(world: World) -> str:
    """The run that was decided."""
    lake = Lake(Path(world.environment["WARRANT_HOME"]) / "lake" / world.name)
    return str(Ledger(lake).having("decide")[-1].run_id)


def say(world: World, *arguments: str, actor: str = ANN) -> Answer:
    return world.command(*arguments, "--actor", actor)


def sent(world: World, run_id: str) -> set[str]:
    """Everybody in any file of a run."""
    files = (Path(world.environment["WARRANT_HOME"]) / "exports").glob(f"*/{run_id}/**/email.csv")
    return {row["customer_id"] for file in files for row in rows_of(file)}


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def kinds(world: World) -> list[str]:
    lake = Lake(Path(world.environment["WARRANT_HOME"]) / "lake" / world.name)
    return [str(kind) for kind in Journal(lake).events()["kind"]]


def test_b108_rules_suspended_stops_all_promotion_at_once_also_what_is_decided_already(shop: World) -> None:
    run_id = run_of(shop)
    paused = say(shop, "pause", "promotions", "--why", "the press writes about us", actor=BEN)
    assert paused.document["mode"] == "stop"
    assert shop.deliver(run_id)["withheld"] == {"paused: promotions": 4}
    assert sent(shop, run_id) == set()
    refused = say(shop, "resume", "promotions", "--why", "over", actor=BEN)
    assert (refused.exit_code, refused.error["what"].split(",")[0]) == (REFUSED, "to resume takes the role owner")
    assert say(shop, "resume", "promotions", "--why", "it is over").exit_code == 0
    again = shop.deliver(run_id)
    assert sent(shop, run_id) == {"tess", "theo"}
    assert again["delivered"] == {"email": 2}
    assert again["withheld"] == {f"held: needs {BEN}": 2}
    assert kinds(shop) == ["decided", "paused", "resumed", "requested"]


@pytest.mark.parametrize(
    ("scope", "left"),
    [("all", set()), ("channel/email", set()), ("play/replenishment-due", set()), ("customer/tess", {"theo"})],
)
def test_every_scope_holds_exactly_what_it_names(shop: World, scope: str, left: set[str]) -> None:
    run_id = run_of(shop)
    assert say(shop, "pause", scope, "--why", "wait").exit_code == 0
    withheld = shop.deliver(run_id)["withheld"]
    assert sent(shop, run_id) == left
    assert withheld[f"paused: {scope}"] == 4 if not left else 1


def test_a_pause_of_nothing_there_is_refused(shop: World) -> None:
    for scope, hint in (("channel/emial", "channel/email"), ("agent/nobody", "none"), ("promotion", "promotions")):
        answer = say(shop, "pause", scope, "--why", "wait")
        assert answer.exit_code == USAGE
        assert hint in answer.error["remedy"]


def test_a_pause_ends_with_the_day_it_names_and_said_twice_is_one_event(shop: World) -> None:
    until = (TODAY + timedelta(days=2)).isoformat()
    first = say(shop, "pause", "all", "--why", "wait", "--until", until)
    assert (
        say(shop, "pause", "all", "--why", "wait", "--until", until).document["position"] == first.document["position"]
    )
    assert [hold["scope"] for hold in shop.command("holds").document["holds"]] == ["all"]
    shop.today, shop.at = TODAY + timedelta(days=1), "23:59:59"
    assert len(shop.command("holds").document["holds"]) == 1
    shop.today, shop.at = TODAY + timedelta(days=2), "00:00:00"
    assert shop.command("holds").document["holds"] == []


def test_b148_one_command_takes_every_agents_autonomy(shop: World) -> None:
    run_id = run_of(shop)
    assert say(shop, "autonomy", "off", "--why", "data looks wrong").document["scope"] == "autonomy"
    assert shop.deliver(run_id)["withheld"] == {f"held: needs {ANN}": 2, f"held: needs {BEN}, {ANN}": 2}
    tea = next(one for one in shop.command("requests", "list").document["requests"] if "tea" in one["asset_id"])
    assert say(shop, "requests", "approve", tea["request_id"], "--why", "looked at it").exit_code == 0
    shop.deliver(run_id)
    assert sent(shop, run_id) == {"tess", "theo"}
    assert say(shop, "autonomy", "on", "--why", "it is right again").exit_code == 0


def test_a_request_says_all_and_what_is_approved_leaves_once(shop: World) -> None:
    run = shop.deliver(run_of(shop))
    assert sent(shop, run["run_id"]) == {"tess", "theo"}
    (request,) = shop.command("requests", "list").document["requests"]
    assert (request["count"], request["needs"], request["because"]) == (2, [BEN], ["Ben knows."])
    assert (request["play"], request["asset_id"]) == ("replenishment-due", "coffee-reminder")
    assert moment(request["due_at"]) - moment(request["opened_at"]) == timedelta(hours=4)
    assert len(request["samples"]) == 2
    assert say(shop, "requests", "approve", request["request_id"], "--why", "fine", actor=ANN).exit_code == REFUSED
    assert say(shop, "requests", "approve", request["request_id"], "--why", "fine", actor=EVA).exit_code == REFUSED
    approved = say(shop, "requests", "approve", request["request_id"][:6], "--why", "seen it", actor=BEN).document
    assert (approved["state"], approved["is_new"]) == ("approved", True)
    again = say(shop, "requests", "approve", request["request_id"], "--why", "seen it", actor=BEN).document
    assert (again["state"], again["is_new"]) == ("approved", False)
    assert kinds(shop).count("answered") == 1
    shop.deliver(run["run_id"])
    assert sent(shop, run["run_id"]) == {"tess", "theo", "cora", "carl"}
    files = shop.deliver(run["run_id"])["files"]
    rows = [row["customer_id"] for file in files if file.endswith("email.csv") for row in rows_of(Path(file))]
    assert sorted(rows) == ["carl", "cora", "tess", "theo"], "each once, however often it is delivered"
    assert shop.command("audit", "verify").exit_code == 0
    (asked, answered) = say(shop, "audit", "trail", "--person", BEN).document["trail"]
    assert (asked["kind"], answered["kind"], answered["because"]) == ("requested", "answered", "seen it")


def test_what_is_refused_never_leaves_and_an_answer_stands(shop: World) -> None:
    run = shop.deliver(run_of(shop))
    (request,) = shop.command("requests", "list").document["requests"]
    refused = say(shop, "requests", "refuse", request["request_id"], "--why", "not now", actor=BEN)
    assert refused.document["state"] == "refused"
    changed = say(shop, "requests", "approve", request["request_id"], "--why", "after all", actor=BEN)
    assert changed.exit_code == REFUSED
    assert "answered already" in changed.error["what"]
    assert shop.deliver(run["run_id"])["withheld"] == {f"refused by {BEN}": 2}
    assert sent(shop, run["run_id"]) == {"tess", "theo"}


def test_b116_a_request_unanswered_at_four_hours_is_overdue_and_stays_held(shop: World) -> None:
    run = shop.deliver(run_of(shop))
    shop.at = "09:59:59"
    assert shop.command("requests", "list").document["overdue"] == 0
    shop.at = "10:00:00"
    assert shop.command("requests", "list").document["overdue"] == 1
    assert shop.deliver(run["run_id"])["withheld"] == {f"held: needs {BEN}": 2}
    (request,) = shop.command("requests", "list").document["requests"]
    shop.today = TODAY + timedelta(days=1)
    expired = say(shop, "requests", "approve", request["request_id"], "--why", "late", actor=BEN)
    assert expired.exit_code == REFUSED
    assert "expired" in expired.error["what"]
    assert shop.command("requests", "list").document["requests"] == []


def test_when_holds_cannot_be_read_nothing_leaves(shop: World) -> None:
    run_id = run_of(shop)
    say(shop, "pause", "customer/tess", "--why", "wait")
    (log,) = Path(shop.environment["WARRANT_HOME"]).glob("lake/*/logs/journal/_delta_log/*1.json")
    log.write_text("half a li")
    answer = shop.command("deliver", run_id)
    assert answer.exit_code != 0
    assert "journal" in answer.error["what"]
    assert sent(shop, run_id) == set()
