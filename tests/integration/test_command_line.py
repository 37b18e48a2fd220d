"""The command line as people and programs use it: pages, documents, exit codes, and nothing that only we understand."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console.command_line import app
from graph import local as graph_server
from tests.scenarios.world import TODAY, Answer, World, days_before, fresh_world

DONE, DEFECT, USAGE, BAD_PLAYBOOK, UNREACHABLE, REFUSED = 0, 1, 2, 3, 4, 5
WRITES_NOTHING = {"WARRANT_HOME", "WARRANT_PLAYBOOK"}


@dataclass(frozen=True)
class Shop:
    """A delivered day: somebody was sent something, somebody held out, somebody left in peace.

    Attributes:
        world: The world.
        document: What `warrant run` printed.
        sent: A customer who is sent something.
        ghost: One who would have been.
        silent: One who is not due.
    """

    world: World
    document: dict[str, Any]
    sent: str
    ghost: str
    silent: str


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, embedded_server: graph_server.Server) -> Iterator[Shop]:
    with fresh_world(tmp_path_factory.mktemp("shop"), embedded_server) as world:
        world.setting(holdout_share=0.4).play("replenishment-due")
        world.policy("no-tea", deny='asset.asset_id == "tea-reminder"', because="Tea is out.")
        for number in range(10):
            customer = f"due-{number}"
            world.customer(customer).buys(customer, "coffee", every=14, last=days_before(TODAY, 13))
        world.customer("not-due").buys("not-due", "coffee", every=14, last=days_before(TODAY, 1))
        world.customer("tea-drinker").buys("tea-drinker", "tea", every=14, last=days_before(TODAY, 13))
        document = world.run()
        sent = {row["customer_id"] for row in world.exported(document)}
        due = {f"due-{number}" for number in range(10)}
        assert set() < sent < due
        yield Shop(world, document, min(sent), min(due - sent), "not-due")


def people(world: World, *arguments: str, **environment: str) -> Answer:
    """What a command prints to a person on a terminal of 80 columns."""
    world.write()
    outside = {name: None for name in os.environ if name.startswith("WARRANT_")}
    variables: dict[str, str | None] = {**outside, **world.environment, "COLUMNS": "80", **environment}
    result = CliRunner().invoke(app, list(arguments), env=variables)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


def words(text: str) -> str:
    """The text without line breaks, frames and runs of spaces."""
    return " ".join(re.sub(r"[│╭╮╰╯─┃━]", " ", text).split())


# ---- the day


def test_a_day_is_one_page_for_people(shop: Shop) -> None:
    answer = people(shop.world, "run", str(shop.world.playbook))
    assert answer.exit_code == DONE
    text = words(answer.stdout)
    assert f"12 customers: {shop.document['sends']} are sent something" in text
    assert "replenishment-due email" in text
    assert "Why now Buys Coffee about every 14 days" in text
    assert "1 no motive there was no reason to talk to them today" in text
    assert "no-tea Tea is out." in text
    assert f"email {shop.document['sends']} sends: email.csv, email.parquet, email.manifest.json" in text
    assert "…" not in answer.stdout


def test_a_day_is_one_document_for_programs_and_its_progress_goes_elsewhere(shop: Shop) -> None:
    answer = shop.world.command("run", str(shop.world.playbook))
    assert answer.document == shop.document
    assert answer.document["policy_reasons"]["no-tea"] == "Tea is out."
    lines = answer.stderr.splitlines()
    assert lines[0] == "step perceive started"
    assert all(line.startswith("step ") for line in lines)
    for step in ("relate", "forecast", "propose", "decide", "project", "deliver"):
        assert any(line.startswith(f"step {step} skipped: ") for line in lines)


def test_a_day_that_is_stopped_early_says_how_far_it_is(world: World) -> None:
    world.customer("anna").buys("anna", "coffee", every=14, last=days_before(TODAY, 13))
    answer = people(world, "run", str(world.playbook), "--until", "perceive")
    assert answer.exit_code == DONE
    assert "nothing has been decided yet" in words(answer.stdout)
    for command in (("why", "--customer", "anna"), ("replay", "0123")):
        assert people(world, *command).exit_code == USAGE


# ---- one customer


def test_why_somebody_is_sent_something(shop: Shop) -> None:
    card = shop.world.why(shop.sent)
    text = words(people(shop.world, "why", "--customer", shop.sent).stdout)
    assert card["action"]["verb"] == "send"
    assert f"Decision Send “{card['action']['title']}” by email" in text
    assert f"(Customer/{shop.sent})-[:HAS_MOTIVE]->(Motive/replenishment-due:category/coffee)" in text
    assert "worth of the message" in text


def test_why_a_held_out_customer_is_sent_nothing(shop: Shop) -> None:
    card = shop.world.why(shop.ghost)
    text = words(people(shop.world, "why", "--customer", shop.ghost).stdout)
    assert card["action"]["is_ghost"]
    assert "Decision Would send" in text
    assert "recorded to measure the effect, never sent" in text


def test_why_a_customer_is_left_in_peace(shop: Shop) -> None:
    card = shop.world.why(shop.silent)
    text = words(people(shop.world, "why", "--customer", shop.silent).stdout)
    assert card["action"] == {"verb": "none", "is_ghost": card["action"]["is_ghost"], "none_reason": "no motive"}
    assert "Say nothing: there was no reason to talk to them today." in text


def test_why_a_policy_kept_somebody_from_being_written_to(shop: Shop) -> None:
    card = shop.world.why("tea-drinker")
    text = words(people(shop.world, "why", "--customer", "tea-drinker").stdout)
    assert card["policy_reasons"]["no-tea"] == "Tea is out."
    assert "no-tea Tea is out." in text
    assert "refused by no-tea" in text


def test_why_an_unknown_customer_is_a_question_about_nobody(shop: Shop) -> None:
    answer = shop.world.command("why", "--customer", "nobody")
    assert answer.exit_code == USAGE
    assert "`nobody`" in answer.error["what"]
    assert "due-0" in answer.error["remedy"]
    told = people(shop.world, "why", "--customer", "nobody")
    assert told.exit_code == USAGE
    assert told.stdout == ""
    assert told.stderr.startswith("error ")
    assert "to do  Customers have ids such as" in told.stderr


# ---- asking and proving


def test_answers_of_the_graph_are_a_table_of_what_it_says_and_no_markup(shop: Shop) -> None:
    question = "MATCH (c:Customer) RETURN c.customer_id AS customer, '[bold]x[/bold]' AS text ORDER BY customer LIMIT 1"
    text = people(shop.world, "query", question).stdout
    assert "[bold]x[/bold]" in text
    assert "1 row" in text
    cut = people(shop.world, "query", "MATCH (c:Customer) RETURN c.customer_id", "--limit", "2").stdout
    assert "2 rows; there are more, stopped at --limit 2" in cut


def test_a_statement_that_writes_is_refused(shop: Shop) -> None:
    assert people(shop.world, "query", "MATCH (c:Customer) DETACH DELETE c").exit_code == REFUSED


def test_a_replay_says_that_it_is_the_same(shop: Shop) -> None:
    text = people(shop.world, "replay", shop.document["run_id"]).stdout
    assert "12 records, the same to the byte" in text


def test_a_check_says_what_it_read_and_what_can_work(shop: Shop) -> None:
    answer = people(shop.world, "check", str(shop.world.playbook))
    assert answer.exit_code == DONE
    text = words(answer.stdout)
    assert "ready to run" in text
    assert "replenishment-due" in text
    assert "customers ┃" not in text
    assert shop.world.command("check").document["errors"] == []


# ---- usage


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("run", "--bogus"), "--bogus"),
        (("deliver",), "RUN"),
        (("why",), "whose decision"),
        (("frobnicate",), "frobnicate"),
        (("run", "--as-of", "yesterday"), "yesterday"),
        (("run", "--until", "midnight"), "midnight"),
        (("query", "RETURN 1", "--limit", "0"), "--limit"),
        (("graph", "up", "--port", "0"), "--port"),
        (("graph", "sideways"), "sideways"),
    ],
)
def test_what_cannot_be_asked_is_an_error_of_usage(world: World, arguments: tuple[str, ...], what: str) -> None:
    answer = world.command(*arguments)
    assert answer.exit_code == USAGE
    assert what in answer.error["what"]
    assert "--help" in answer.error["remedy"]
    told = people(world, *arguments)
    assert told.exit_code == USAGE
    assert told.stdout == ""
    assert what in told.stderr


def test_without_a_playbook_a_command_says_how_to_name_one(tmp_path: Path, world: World) -> None:
    nowhere = {"WARRANT_HOME": str(tmp_path / "nowhere"), "WARRANT_PLAYBOOK": ""}
    answer = world.command("why", "--customer", "anna", environment=nowhere)
    assert answer.exit_code == USAGE
    assert "WARRANT_PLAYBOOK" in answer.error["remedy"]


# ---- defects


BROKEN = """
import sys
from console.command_line import app, main

@app.command()
def broken() -> None:
    raise RuntimeError("the moon is full")

sys.argv = ["warrant", *sys.argv[1:]]
main()
"""


def broken(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The program with a command that nobody has thought through."""
    return subprocess.run(
        [sys.executable, "-c", BROKEN, "broken", *arguments],
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
    )


def test_a_defect_of_ours_is_three_lines_and_exit_code_1() -> None:
    finished = broken()
    assert finished.returncode == DEFECT
    assert finished.stdout == ""
    assert len(finished.stderr.splitlines()) == 3
    assert "RuntimeError: the moon is full" in finished.stderr
    assert "WARRANT_TRACEBACK=1" in finished.stderr


def test_the_traceback_of_a_defect_is_there_for_whoever_asks() -> None:
    finished = broken(WARRANT_TRACEBACK="1")
    assert finished.returncode == DEFECT
    assert "Traceback (most recent call last)" in finished.stderr


# ---- the graph's server


def test_the_servers_status_is_told_without_starting_one(tmp_path: Path, world: World) -> None:
    nothing = {"WARRANT_HOME": str(tmp_path / "nothing")}
    told = people(world, "graph", "status", **nothing)
    assert told.exit_code == DONE
    assert "does not run" in told.stdout
    assert "warrant graph up" in told.stdout
    stopped = world.command("graph", "down", environment=nothing)
    assert stopped.exit_code == DONE
    assert not stopped.document["is_running"]
    assert stopped.document["address"] is None
    assert not (tmp_path / "nothing").exists()


def test_a_running_server_is_found_and_shown(world: World, embedded_server: graph_server.Server) -> None:
    for command in ("up", "status"):
        document = world.command("graph", command).document
        assert document["is_running"]
        assert document["pid"] == embedded_server.pid
        assert document["address"] == embedded_server.uri
        assert embedded_server.password not in json.dumps(document)
    text = people(world, "graph", "status").stdout
    assert embedded_server.uri in text
    assert f"process   {embedded_server.pid}, " in text
    assert embedded_server.password not in text


def test_whoever_names_another_graph_is_told_that_this_server_is_not_used(world: World) -> None:
    text = people(world, "graph", "status", WARRANT_GRAPH="bolt://elsewhere:7687").stdout
    assert "WARRANT_GRAPH is set: commands use bolt://elsewhere:7687 and not this server." in words(text)


def test_a_port_that_is_taken_is_said_to_be(tmp_path: Path, world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = world.command("graph", "up", "--port", port, environment={"WARRANT_HOME": str(tmp_path / "new")})
    assert answer.exit_code == UNREACHABLE
    assert port in answer.error["what"]


def test_a_server_does_not_move_to_another_port_while_it_runs(world: World) -> None:
    answer = world.command("graph", "up", "--port", "1")
    assert answer.exit_code == USAGE
    assert "graph down" in answer.error["remedy"]
