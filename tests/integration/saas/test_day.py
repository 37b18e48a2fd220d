"""The software company's Monday after a Friday that people answered, run as the guide says, on the session's server."""

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.worlds.saas import main as write_world
from console.command_line import app
from graph import local as graph_server
from graph.questions.library import all_questions
from graph.store import GraphStore
from graph.target import embedded_target
from lake.store import Lake

SAAS = Path(__file__).parents[3] / "examples" / "saas"
CHANNELS = {"email", "sales", "website"}
CAPACITY = {"email": 250, "sales": 12}


@dataclass(frozen=True)
class Day:
    """A finished day.

    Attributes:
        home: Its state folder.
        server: Where its graph is.
        friday: What `warrant run --format json` printed of the Friday before.
        document: What it printed of the day.
        exports: Rows of each channel's file.
    """

    home: Path
    server: graph_server.Server
    friday: dict[str, Any]
    document: dict[str, Any]
    exports: dict[str, list[dict[str, str]]]

    def command(self, *arguments: str) -> dict[str, Any]:
        """What a command prints as JSON for an analyst."""
        return run_command(self.home, *arguments, "--actor", "person:analyst")

    def ask(self, statement: str) -> list[dict[str, Any]]:
        """Rows of a statement on the graph."""
        with GraphStore.connect(embedded_target(self.server, "saas")) as store:
            return list(store.read(statement))


def run_command(home: Path, *arguments: str, **environment: str) -> dict[str, Any]:
    outside: dict[str, str | None] = {name: None for name in os.environ if name.startswith("WARRANT_")}
    variables = {**outside, "WARRANT_HOME": str(home), "WARRANT_PLAYBOOK": str(SAAS), **environment}
    result = CliRunner().invoke(app, [*arguments, "--format", "json"], env=variables)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.stdout + result.stderr
    read: dict[str, Any] = json.loads(result.stdout)
    return read


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, embedded_server: graph_server.Server) -> Iterator[Day]:
    home = tmp_path_factory.mktemp("saas") / "state"
    home.mkdir()
    (home / "graph").symlink_to(embedded_server.home, target_is_directory=True)
    friday = run_command(home, "run", str(SAAS), "--as-of", "2025-10-03")
    files, answered = home / "exports" / "saas" / friday["run_id"], home.parent / "answered"
    assert write_world(["--answering", str(files), "--to", str(answered)]) == 0
    document = run_command(home, "run", str(SAAS), WARRANT_DATA=str(answered))
    folder = home / "exports" / "saas" / document["run_id"]
    # beside the channels' files lies what the run has committed of their limits
    exports = {path.stem: rows_of(path) for path in folder.glob("*.csv") if path.stem != "commitments"}
    yield Day(home, embedded_server, friday, document, exports)
    graph_server.drop_database(embedded_server, str(embedded_target(embedded_server, "saas").database))


def test_every_row_of_the_data_is_used(day: Day) -> None:
    assert sum(day.friday["quarantined"].values()) == 0
    # a visitor who was drawn on Friday may turn out to be a customer who was drawn too
    assert {name for name, rows in day.document["quarantined"].items() if rows} <= {"assignments"}


def test_people_with_two_records_are_one_customer_and_strangers_are_customers_too(day: Day) -> None:
    lake = Lake(day.home / "lake" / "saas")
    customers = lake.read("customers")
    is_visitor = customers["customer_id"].str.startswith("anonymous/")
    assert (~is_visitor).sum() == 2_000 - 30  # 30 people stand in the books twice
    assert is_visitor.sum() > 500
    assert not customers.loc[is_visitor, "is_known"].any()
    assert day.document["customers"] == len(customers)


def test_some_are_sent_something_most_are_left_in_peace_and_accounts_are_held_out_whole(day: Day) -> None:
    assert 300 < day.document["sends"] < 1_200
    held_out = day.ask(
        "MATCH (c:Customer)-[:WORKS_AT]->(a:Account) WITH a, collect(DISTINCT c.is_held_out) AS answers "
        "WHERE size(answers) > 1 RETURN a.account_id AS account"
    )
    assert held_out == []


def test_every_channel_gets_its_file_within_its_limits_and_nobody_twice(day: Day) -> None:
    assert set(day.exports) == CHANNELS
    assert sum(len(rows) for rows in day.exports.values()) == day.document["sends"]
    for channel, most in CAPACITY.items():
        assert 0 < len(day.exports[channel]) <= most
    keys = [
        row["visitor" if channel == "website" else "contact"] for channel, rows in day.exports.items() for row in rows
    ]
    assert len(keys) == len(set(keys))


def test_whoever_has_not_said_who_they_are_meets_us_on_our_own_pages_only(day: Day) -> None:
    visitors = [row["visitor"] for row in day.exports["website"] if row["visitor"].startswith("anonymous/")]
    assert visitors
    elsewhere = [row["contact"] for channel in ("email", "sales") for row in day.exports[channel]]
    assert [key for key in elsewhere if key.startswith("anonymous/")] == []


def test_there_are_reasons_of_several_plays(day: Day) -> None:
    found = day.ask(
        "MATCH (c:Customer)-[:HAS_MOTIVE]->(m:Motive) RETURN m.play AS play, count(DISTINCT c) AS customers"
    )
    motives = {row["play"]: row["customers"] for row in found}
    assert set(motives) >= {"replenishment-due", "cadence-broken", "favourites", "campaign", "high-intent"}
    assert all(customers > 0 for customers in motives.values())


def test_only_buyers_are_reminded_and_offered_discounts(day: Day) -> None:
    customers = Lake(day.home / "lake" / "saas").read("customers", columns=["customer_id", "stage"])
    stage = customers.set_index("customer_id")["stage"]
    sent = [(row["contact"], row["template"]) for row in day.exports["email"]]
    sent += [(row["visitor"], row["slot_content"]) for row in day.exports["website"]]
    for_buyers = [key for key, asset in sent if asset.startswith(("reminder-", "ten-percent-", "thirty-percent-"))]
    assert for_buyers
    assert set(stage[for_buyers]) == {"customer"}


def test_what_sellers_heard_is_believed_and_nobody_is_written_to_about_it(day: Day) -> None:
    objections = day.ask(
        "MATCH (:Customer)-[o:OBJECTS_TO]->(t:Topic) WHERE o.rule = 'stated' AND o.author IS NOT NULL "
        "RETURN t.topic_id AS topic, count(*) AS people ORDER BY topic"
    )
    assert {row["topic"] for row in objections} == {"migration", "pricing", "security"}
    assert day.document["refused_by_policy"]["objection"] > 0


def test_accounts_groups_opportunities_and_observations_hang_together(day: Day) -> None:
    counted = day.ask(
        "MATCH (c:Customer)-[:MEMBER_OF]->(:BuyingGroup)-[:PART_OF]->(a:Account)<-[:WITH]-(o:Opportunity) "
        "RETURN count(DISTINCT c) AS people, count(DISTINCT a) AS accounts, count(DISTINCT o) AS opportunities"
    )[0]
    assert min(counted.values()) > 20
    assert day.ask("MATCH (:Observation)-[:AFFECTS]->(a:Account) RETURN count(a) AS accounts")[0]["accounts"] > 0


def test_shared_devices_are_contested_and_open_carts_are_known(day: Day) -> None:
    contested = day.command("identity", "contested")["contested"]
    assert len(contested) == 9
    assert all(row["n_customers"] == 3 for row in contested)  # two colleagues, and the device
    carts = day.command("query", "whose-cart-is-open")["rows"]
    assert len(carts) == 37
    assert all(row["quantity"] >= 1 and row["worth"] > 0 for row in carts)


def test_the_graph_is_well_and_no_confidence_is_lowered(day: Day) -> None:
    health = run_command(day.home, "graph", "health")
    assert [finding for finding in health["findings"] if finding["level"] != "ok"] == []
    sent = day.exports["email"][0]
    card = day.command("why", "--customer", sent["contact"])
    assert card["health"] == {"level": "ok", "trust": 1.0, "findings": []}


def test_who_is_close_to_the_next_tier_is_asked_without_a_day(day: Day) -> None:
    close = day.command("query", "who-is-close-to-the-next-tier")["rows"]
    assert close
    assert {row["programme"] for row in close} == {"partners"}
    assert all(row["deadline"] == "2025-12-31T23:00:00+00:00" for row in close)


def test_why_a_visitor_is_shown_something_names_their_own_visits(day: Day) -> None:
    visitor = next(row["visitor"] for row in day.exports["website"] if row["visitor"].startswith("anonymous/"))
    card = day.command("why", "--customer", visitor)
    assert card["action"]["verb"] == "send"
    assert card["action"]["channel"] == "website"
    assert "signals/sig-" in json.dumps(card)


def test_the_decisions_can_be_made_again_to_the_byte(day: Day) -> None:
    assert day.command("replay", day.document["run_id"])["is_equal"] is True


def test_every_saved_question_has_rows(day: Day) -> None:
    sent = day.exports["email"][0]
    given = {
        "what-do-we-believe-about": f"customer={sent['contact']}",
        "how-a-belief-changed": f"customer={sent['contact']}",
        "what-was-decided-for": f"customer={sent['contact']}",
        "why-was-this-decided": f"decision={sent['decision_id']}",
        "which-facts-did-a-decision-use": f"decision={sent['decision_id']}",
        "which-decisions-touched": "what=monitoring",
        "who-decides-at-an-account": "account=acc-00133",
        "who-objects-to-discounts": "topic=pricing",
    }
    rows = {
        name: len(day.command("query", name, *(("--param", given[name]) if name in given else ()))["rows"])
        for name in all_questions()
    }
    assert [name for name, number in rows.items() if number == 0] == []


def test_what_people_did_with_fridays_messages_is_told_by_play(day: Day) -> None:
    came = day.command("query", "what-came-of-decisions")["rows"]
    assert {row["outcome"] for row in came} >= {"opened", "clicked"}
    assert all(row["people"] > 0 and row["play"] for row in came)
