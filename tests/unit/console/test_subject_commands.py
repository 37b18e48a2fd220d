"""The commands about a person as people meet them: words on the screen, questions before what cannot be undone."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from console.command_line import app
from pipelines.day import open_day
from pipelines.steps import perceive_and_open

FILES = {
    "warrant.yaml": "name: corner-shop\ncurrency: EUR\ntimezone: UTC\n"
    "objective: {margin_pct: 30, value_window_days: 28}\n",
    "channels.yaml": "channels:\n  email: {kind: file, cost_per_touch: 0.01}\n",
    "people.yaml": "people:\n  otto: {name: Otto, role: owner}\n  ina: {name: Ina, role: analyst}\n",
    "content/hello.md": "---\nasset_id: hello\ntitle: Hello\nkind: reminder\n---\nGood morning.\n",
    "sources/customers.sql": "FROM 'customers.csv'\n",
    "data/customers.csv": "customer_id,region\nc-willow,North\nc-maple,South\n",
}
NOW = "2026-03-06T09:00:00+00:00"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str | None]:
    for name, text in FILES.items():
        path = tmp_path / "playbook" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    variables = {
        "WARRANT_HOME": str(tmp_path / "state"),
        "WARRANT_NOW": NOW,
        "WARRANT_PLAYBOOK": str(tmp_path / "playbook"),
    }
    perceive_and_open(open_day(None, variables))
    return {**variables, "WARRANT_ACTOR": "person:otto", "COLUMNS": "200"}


def warrant(environment: dict[str, str | None], *arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), env=environment, input=answer)


def test_an_assertion_is_answered_with_its_id_and_from_when_it_counts(environment: dict[str, str | None]) -> None:
    said = warrant(environment, "assert", "customer/c-willow", "objects_to topic/discounts", "--because", "told us")
    assert said.exit_code == 0
    assert "asserted customer/c-willow objects_to topic/discounts" in said.stdout
    assert "by       person:otto" in said.stdout
    assert "It counts in every run as of a moment after 2026-03-06 09:00:00 UTC." in said.stdout
    (identifier,) = [line.split()[1] for line in said.stdout.splitlines() if line.strip().startswith("id ")]
    taken_back = warrant(environment, "assert", "--retract", identifier, "--because", "a mistake")
    assert "retracted customer/c-willow objects_to topic/discounts" in taken_back.stdout


def test_a_note_is_said_to_be_one(environment: dict[str, str | None]) -> None:
    said = warrant(environment, "assert", "customer/c-willow", "objects to discounts", "--because", "told us")
    assert "nothing is decided from it" in said.stdout


def test_half_a_fact_is_refused(environment: dict[str, str | None]) -> None:
    said = warrant(environment, "assert", "customer/c-willow", "--because", "told us", "--format", "json")
    assert said.exit_code == 2
    assert json.loads(said.stdout)["error"]["what"] == "a fact is a subject and a statement."
    both = warrant(environment, "assert", "customer/c-willow", "--retract", "1", "--because", "x", "--format", "json")
    assert both.exit_code == 2


def test_a_person_is_shown_with_what_each_table_is_used_for(environment: dict[str, str | None]) -> None:
    warrant(environment, "subject", "correct", "c-willow", "--set", "region=West", "--because", "they moved")
    shown = warrant(environment, "subject", "show", "c-willow")
    assert shown.exit_code == 0
    for words in ("Everything held about c-willow", "customers: 1 row, used for", "region North", "they moved", "none"):
        assert words in shown.stdout
    assert "c-maple" not in shown.stdout


def test_a_correction_says_from_when_it_counts(environment: dict[str, str | None]) -> None:
    said = warrant(environment, "subject", "correct", "c-willow", "--set", "region=", "--because", "unknown")
    assert "c-willow: customers region is nothing" in said.stdout
    assert "by person:otto, because unknown" in said.stdout


def test_who_may_not_is_told_who_may(environment: dict[str, str | None]) -> None:
    ina = environment | {"WARRANT_ACTOR": "person:ina"}
    said = warrant(ina, "subject", "erase", "c-willow", "--because", "asked", "--yes", "--format", "json")
    assert said.exit_code == 5
    assert "person:otto" in json.loads(said.stdout)["error"]["remedy"]


def test_erasing_asks_first_and_no_is_no(environment: dict[str, str | None]) -> None:
    said = warrant(environment, "subject", "erase", "c-willow", "--because", "asked", answer="n\n")
    assert said.exit_code == 2
    assert "c-willow goes by c-willow" in said.stdout
    assert warrant(environment, "subject", "show", "c-willow").exit_code == 0
    as_json = warrant(environment, "subject", "erase", "c-willow", "--because", "asked", "--format", "json")
    assert as_json.exit_code == 2
    assert "--yes" in json.loads(as_json.stdout)["error"]["remedy"]


def test_an_erasure_ends_with_its_receipt_and_what_is_out_of_reach(environment: dict[str, str | None]) -> None:
    said = warrant(environment, "subject", "erase", "c-willow", "--because", "asked", answer="y\n")
    assert said.exit_code == 0
    for words in ("rewritten     tables/customers", "Out of reach", "the sources: customers", "backups"):
        assert words in said.stdout
    (path,) = [line.split()[1] for line in said.stdout.splitlines() if line.strip().startswith("receipt")]
    assert "c-willow" not in Path(path).read_text()
    assert warrant(environment, "subject", "show", "c-willow").exit_code == 2


def test_a_file_that_still_names_the_person_is_listed_with_exit_code_6(environment: dict[str, str | None]) -> None:
    note = Path(str(environment["WARRANT_HOME"])) / "a-note-of-mine"
    note.write_text("c-willow")
    said = warrant(environment, "subject", "erase", "c-willow", "--because", "asked", "--yes")
    assert said.exit_code == 6
    assert str(note) in said.stdout
