"""A run that is killed anywhere, or repeated, ends like one that nobody disturbed, and delivers nothing twice."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from graph import local as graph_server
from graph.target import database_name
from lake.store import Lake
from tests.scenarios.world import TODAY, Document, World, days_before, local

STEPS_AFTER_PERCEIVE = ("relate", "forecast", "propose", "decide", "project", "deliver")
KILLED_AT = (  # the first word from within a step, where it says one
    "step perceive:",
    "step relate:",
    "step forecast started",
    "step propose started",
    "step decide started",
    "step project:",
    "step deliver:",
)
CUSTOMERS = [f"customer-{number:02}" for number in range(12)]


@pytest.fixture
def shop(world: World) -> World:
    """A dozen customers with rhythms of their own, a third of them held out, half of the rest due."""
    world.setting(holdout_share=0.3)
    world.channel("email", capacity=5)
    for number, customer in enumerate(CUSTOMERS):
        category = ("coffee", "tea", "cocoa")[number % 3]
        world.customer(customer).buys(customer, category, every=[13, 15, 14], last=days_before(TODAY, 6 + number % 8))
    return world


def result(world: World, document: Document) -> Document:
    """All that a run leaves for people and channels, without what depends on where and how fast it ran."""
    kept = {name: value for name, value in document.items() if name not in ("seconds", "files", "folder")}
    kept["records"] = decided(world, document)
    # everybody's record is compared, and of each kind of decision also what a person reads about one of them
    one_of_each = {(row["verb"], row["is_ghost"]): row["customer_id"] for row in kept["records"]}
    kept["cards"] = [world.why(customer) for customer in one_of_each.values()]
    kept["exports"] = {Path(name).name: told_outside(Path(name)) for name in document["files"]}
    return kept


def told_outside(file: Path) -> bytes | Document:
    """What a file that leaves holds; the journal's end has another digest each time, since its texts are salted."""
    if file.suffix != ".json":
        return file.read_bytes()
    manifest: Document = json.loads(file.read_text(encoding="utf-8"))
    assert manifest["journal"].pop("digest")
    return manifest


def start_afresh(world: World, server: graph_server.Server) -> None:
    """Forget everything but the playbook."""
    shutil.rmtree(world.folder / "state")
    graph_server.drop_database(server, database_name(world.name))


def started(world: World) -> "subprocess.Popen[str]":
    """`warrant run` as a program of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WARRANT_")}
    return subprocess.Popen(
        [sys.executable, "-m", "console.command_line", "run", str(world.playbook), "--format", "json"],
        env=environment | world.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(program: "subprocess.Popen[str]", line: str) -> list[str]:
    """Read what the program says until it says this line."""
    assert program.stderr is not None
    said: list[str] = []
    for text in program.stderr:
        said.append(text)
        if text.startswith(line):
            return said
    pytest.fail(f"it never said `{line}`:\n{''.join(said)}")


def run_killed_at(world: World, line: str) -> list[str]:
    """Start `warrant run` and kill it as soon as it says this line; what it said until then."""
    with started(world) as program:
        said = wait_for(program, line)
        program.kill()
        program.wait()
    assert program.returncode == -signal.SIGKILL, "it was over before it could be killed"
    return said


def exported_decisions(world: World) -> list[str]:
    """Every decision id in every export file of the playbook, over all runs."""
    lines = [
        line
        for path in sorted((world.folder / "state" / "exports").rglob("*.csv"))
        for line in path.read_text(encoding="utf-8").splitlines()[1:]
    ]
    return [line.split(",")[0].strip('"') for line in lines]


def test_a_run_killed_in_every_step_ends_like_one_that_nobody_disturbed(
    shop: World, embedded_server: graph_server.Server
) -> None:
    undisturbed = result(shop, shop.run())
    assert undisturbed["sends"] > 0
    assert undisturbed["held_out"] > 0
    start_afresh(shop, embedded_server)

    said = [line for kill in KILLED_AT for line in run_killed_at(shop, kill)]
    last = shop.command("run", str(shop.playbook))
    said += last.stderr.splitlines()

    assert result(shop, last.document) == undisturbed
    assert max(Counter(exported_decisions(shop)).values()) == 1, "nothing is delivered twice"
    for step in STEPS_AFTER_PERCEIVE:
        assert sum(line.startswith(f"step {step} finished") for line in said) == 1, "what is committed is not repeated"


def test_a_finished_run_can_be_repeated_and_replayed_and_nothing_is_written(shop: World) -> None:
    first = shop.run()
    before = contents(shop)

    again = shop.run()
    replayed = shop.command("replay", first["run_id"])

    assert again == first
    assert replayed.exit_code == 0
    assert replayed.document["is_equal"]
    assert replayed.document["records"] == len(CUSTOMERS)
    assert contents(shop) == before


def test_only_what_happened_before_as_of_changes_decisions(shop: World) -> None:
    shop.at = "20:00:00"
    untold = comparable(shop)
    for customer in CUSTOMERS:
        for moment in (local(TODAY, "00:00:00"), local(TODAY, "11:00:00")):
            shop.purchase(customer, "coffee", on=TODAY, spend=500, occurred_at=moment)
            shop.touch(customer, at=moment)
            shop.outcome(f"touch-{len(shop.rows['touches'])}", "redeemed", at=moment)
    assert comparable(shop) == untold

    for customer in CUSTOMERS:
        shop.purchase(customer, "coffee", on=TODAY, occurred_at=local(days_before(TODAY, 1), "23:59:59"))
    assert comparable(shop) != untold


def test_another_run_of_the_same_day_leaves_out_whom_the_first_has_written_to(shop: World) -> None:
    first = shop.run()
    assert len(shop.exported(first)) == 5
    shop.channel("email", capacity=6)

    second = shop.run()

    assert second["run_id"] != first["run_id"]
    assert second["sends"] == 6, "what this slot has sent is no input of its decisions"
    assert second["withheld"] == {"already sent to in this slot": 5}
    reached = [row["customer_id"] for document in (first, second) for row in shop.exported(document)]
    assert len(set(reached)) == len(reached) == 6, "the channel's capacity is one day's, not one run's"


def test_a_delivery_that_breaks_off_after_reserving_is_made_up_for_by_the_next_run(shop: World) -> None:
    in_the_way = Path(shop.environment["WARRANT_HOME"]) / "exports"
    in_the_way.write_text("no folder can be made here", encoding="utf-8")
    answer = shop.command("run", str(shop.playbook))
    assert (answer.exit_code, "cannot be written" in answer.error["what"]) == (3, True)
    in_the_way.unlink()

    document = shop.run()

    assert document["state"] == "delivered"
    assert document["withheld"] == {}, "what this very run reserved is its own"
    assert len(shop.exported(document)) == document["sends"] == 5


def test_two_runs_of_one_playbook_at_once_are_refused(shop: World) -> None:
    shop.write()
    with started(shop) as program:
        wait_for(program, "step perceive started")
        program.send_signal(signal.SIGSTOP)
        answer = shop.command("run", str(shop.playbook))
        program.kill()
    assert answer.exit_code not in (0, 1)
    assert str(program.pid) in answer.error["what"] + answer.error["where"]
    assert shop.run()["state"] == "delivered", "a lock dies with the process that held it"


def contents(world: World) -> dict[str, tuple[int, bytes]]:
    """Time of change and bytes of every file of tables and exports; who runs at the moment is no part of them."""
    state = world.folder / "state"
    files = [path for room in ("lake", "exports") for path in (state / room).rglob("*") if path.is_file()]
    assert files
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files if path.stem != "running"}


def comparable(world: World) -> list[Document]:
    """Everybody's decision with all that is recorded of it, without what is named after its run."""
    named_after_the_run = ("decision_id", "run_id", "digest")
    records = decided(world, world.run(until="authorise"))
    return [{name: row[name] for name in row if name not in named_after_the_run} for row in records]


def decided(world: World, document: Document) -> list[Document]:
    """The sealed records of a run, in order of customer."""
    lake = Lake(world.folder / "state" / "lake" / world.name)
    stored = lake.read_results("decisions", only={"run_id": [document["run_id"]]})
    records: list[Document] = pa.Table.from_pandas(stored, preserve_index=False).to_pylist()
    assert sorted(row["customer_id"] for row in records) == CUSTOMERS
    return sorted(records, key=lambda row: str(row["customer_id"]))
