"""`warrant query` as people and programs use it: saved questions, parameters, times, formats, and who asks."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from graph import local as graph_server
from tests.integration.test_command_line import DONE, REFUSED, USAGE, people
from tests.scenarios.world import TODAY, World, days_before, fresh_world, local, moment

CUSTOMERS = (
    "MATCH (c:Customer) RETURN c.customer_id AS customer, c.pclv AS pclv, c.last_purchase_at AS last ORDER BY customer"
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, embedded_server: graph_server.Server) -> Iterator[World]:
    with fresh_world(tmp_path_factory.mktemp("asked"), embedded_server) as world:
        world.play("replenishment-due")
        for number in range(6):
            name = f'due, "{number}"'
            world.customer(name).buys(name, "coffee", every=14, last=days_before(TODAY, 13))
        world.run()
        yield world


def test_saved_questions_are_listed_for_people_and_programs(shop: World) -> None:
    told = people(shop, "query", "--list")
    assert told.exit_code == DONE
    assert "who-is-drifting-from-their-rhythm" in told.stdout
    listed = shop.command("query", "--list").document["questions"]
    assert len(listed) >= 20
    assert {"name", "question", "asked_by", "parameters", "columns", "example"} == set(listed[0])
    rows = list(csv.DictReader(io.StringIO(people(shop, "query", "--list", "--format", "csv").stdout)))
    assert [row["name"] for row in rows] == [one["name"] for one in listed]


def test_a_saved_question_is_asked_by_name_with_its_parameters(shop: World) -> None:
    answer = shop.command("query", "what-was-decided-for", "--param", 'customer=due, "1"').document
    assert answer["question"] == "what-was-decided-for"
    (row,) = answer["rows"]
    assert row["verb"] == "send"
    assert moment(row["as_of"]).date() in (TODAY, TODAY - timedelta(days=1))
    said = people(shop, "query", "what-was-said", COLUMNS="160").stdout
    assert "coffee-reminder" in said
    assert "1 row" in said


def test_what_came_of_decisions_has_rows_once_a_channel_has_reported_back(
    tmp_path: Path, embedded_server: graph_server.Server
) -> None:
    with fresh_world(tmp_path, embedded_server) as world:
        world.today = days_before(TODAY, 1)
        world.play("replenishment-due").customer("ann").buys("ann", "coffee", every=14, last=days_before(TODAY, 14))
        (sent,) = world.exported(world.run())
        assert world.command("query", "what-came-of-decisions").document["rows"] == []
        world.today = TODAY
        world.outcome(sent["decision_id"], "opened", at=local(days_before(TODAY, 1), "12:00:00"))
        world.run()
        (row,) = world.command("query", "what-came-of-decisions").document["rows"]
    wanted = {"play": "replenishment-due", "outcome": "opened", "people": 1, "outcomes": 1}
    assert {name: row[name] for name in wanted} == wanted
    assert moment(row["last_at"]) == local(days_before(TODAY, 1), "12:00:00")


def test_an_answer_as_csv_is_read_back_as_it_was(shop: World) -> None:
    text = people(shop, "query", CUSTOMERS, "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert text.splitlines()[0] == "customer,pclv,last"
    assert [row["customer"] for row in rows] == [f'due, "{number}"' for number in range(6)]
    assert {row["pclv"] for row in rows} == {""}
    assert {moment(row["last"]).date() for row in rows} == {days_before(TODAY, 13)}
    lists = people(shop, "query", "RETURN [1, 'a'] AS list, true AS yes, null AS none", "--format", "csv")
    assert list(csv.DictReader(io.StringIO(lists.stdout))) == [{"list": '[1, "a"]', "yes": "true", "none": ""}]
    cut = people(shop, "query", CUSTOMERS, "--format", "csv", "--limit", "2")
    assert len(list(csv.reader(io.StringIO(cut.stdout)))) == 3
    assert "stopped at --limit 2" in cut.stderr


def test_an_answer_without_rows_still_has_its_header(shop: World) -> None:
    nobody = "MATCH (c:Customer {customer_id: 'nobody'}) RETURN c.customer_id AS customer, c.pclv AS pclv"
    assert people(shop, "query", nobody, "--format", "csv").stdout == "customer,pclv\n"
    assert shop.command("query", nobody).document["columns"] == ["customer", "pclv"]


def test_a_saved_question_without_an_answer_says_what_it_was_asked_with(shop: World) -> None:
    said = people(shop, "query", "who-objects-to-discounts", "--param", "topic=nothing-at-all", COLUMNS="160").stdout
    assert "0 rows" in said
    assert "topic=nothing-at-all, least_confidence=0.0" in said


def test_times_are_those_of_the_last_run_unless_told(shop: World) -> None:
    asked = "RETURN $as_of AS as_of, $known_at AS known_at"
    (row,) = shop.command("query", asked).document["rows"]
    assert row["as_of"] == row["known_at"]
    (earlier,) = shop.command("query", asked, "--as-of", "2026-02-01", "--known-at", "-7d").document["rows"]
    assert moment(earlier["as_of"]).isoformat() == "2026-01-31T23:00:00+00:00"
    assert moment(earlier["known_at"]) == moment(row["as_of"]) - timedelta(days=7)
    assert shop.command("query", "what-did-the-runs-do", "--as-of", "2020-01-01").document["rows"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (("who-objects-to-discount",), USAGE, "no saved question"),
        ((), USAGE, "no question"),
        (("--list", "RETURN 1"), USAGE, "--list stands alone"),
        (("what-was-decided-for",), USAGE, "needs `customer`"),
        (("what-was-said", "--param", "runs=1"), USAGE, "no `runs`"),
        (("what-expired", "--param", "since=soon"), USAGE, "no time"),
        (("RETURN $x AS x",), USAGE, "`$x`"),
        (("RETURN 1 AS x", "--param", "y=1"), USAGE, "does not use `$y`"),
        (("RETURN 1 AS x", "--param", "y"), USAGE, "gives no parameter"),
        (("RETURN 1 AS x", "--as-of", "2026-01-01"), USAGE, "does not ask for a time"),
        (("RETURN $as_of AS x", "--as-of", "tomorrow"), USAGE, "not a time"),
        (("RETURN util.sleep(1) AS x",), REFUSED, "not known to only compute"),
        (("RETURN x",), USAGE, "refused a statement"),
        (("RETURN 1 AS x", "--actor", "bob"), USAGE, "no person"),
    ],
)
def test_what_cannot_be_asked_says_what_to_do(shop: World, arguments: tuple[str, ...], code: int, what: str) -> None:
    answer = shop.command("query", *arguments)
    assert answer.exit_code == code
    assert what in answer.error["what"]
    assert answer.error["remedy"]


def test_a_text_and_a_number_are_told_apart_in_ones_own_cypher(shop: World) -> None:
    (row,) = shop.command("query", "RETURN $a AS a, $b AS b", "--param", "a=1", "--param", "b:=1").document["rows"]
    assert row == {"a": "1", "b": 1}


def test_a_question_that_takes_too_long_says_so(shop: World) -> None:
    slow = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN count(*) AS n"
    answer = shop.command("query", slow, "--timeout", "0.5")
    assert answer.exit_code == USAGE
    assert "too long" in answer.error["what"]
    assert "LIMIT" in answer.error["remedy"]


def test_who_may_not_see_personal_data_replays_nothing(shop: World) -> None:
    people = shop.playbook / "people.yaml"
    people.write_text(
        "people:\n  vic: {name: Vic, role: viewer}\n  ana: {name: Ana, role: analyst}\n", encoding="utf-8"
    )
    try:
        for asking in ((), ("--actor", "person:vic")):
            refused = shop.command("replay", "no such run", *asking)
            assert refused.exit_code == REFUSED
            assert "person:ana" in refused.error["remedy"]
        assert shop.command("replay", "no such run", "--actor", "person:ana").exit_code == USAGE
    finally:
        people.unlink()
