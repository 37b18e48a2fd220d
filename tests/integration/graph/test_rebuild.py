"""The graph comes back from the lake: as it stood, with what was believed before, and as it was on a past day."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from graph import local as graph_server
from graph.read_content import read_kind
from graph.schema import kinds_of
from graph.store import GraphStore
from graph.target import database_name, embedded_target
from tests.scenarios.world import TODAY, World, days_before, fresh_world, local

YESTERDAY = days_before(TODAY, 1)
USAGE_ERROR, REFUSED = 2, 5

Content = dict[str, list[dict[str, object]]]


@pytest.fixture
def world(tmp_path: Path, embedded_server: graph_server.Server) -> Iterator[World]:
    with fresh_world(tmp_path, embedded_server) as made:
        yield made


def content(server: graph_server.Server, name: str, layer: str = "knowledge") -> Content:
    """Every row of a layer as the server has it, in order of its key."""
    with GraphStore.connect(embedded_target(server, database_name(name))) as store:
        kinds = list(kinds_of("knowledge" if layer == "knowledge" else "decisions"))
        tables = {
            kind.kind: read_kind(store, kind).sort_by([(key, "ascending") for key in kind.key_columns])
            for kind in kinds
        }
    return {
        name: [{column: value for column, value in row.items() if value is not None} for row in table.to_pylist()]
        for name, table in tables.items()
        if len(table)
    }


def shop(world: World) -> None:
    """Two customers with habits; one of them buys again on the day before today."""
    world.customer("anna").buys("anna", "coffee", every=14, last=days_before(TODAY, 15))
    world.customer("ben").buys("ben", "tea", every=10, last=days_before(TODAY, 3))


def test_a_graph_that_somebody_spoilt_comes_back_with_beliefs_that_were_closed(
    world: World, embedded_server: graph_server.Server
) -> None:
    shop(world)
    world.customer("anna-again")
    for customer_id in ("anna", "anna-again"):
        world.identity("email", "anna@example.org", customer_id, on=days_before(TODAY, 100))
    world.run(as_of=YESTERDAY)
    world.purchase("anna", "coffee", on=YESTERDAY)
    world.run()
    knowledge, decisions = (content(embedded_server, world.name, layer) for layer in ("knowledge", "decisions"))
    closed = [one for one in knowledge["Customer INTERESTED_IN Category"] if one["from_key"] == "anna"]
    assert len({one["valid_from"] for one in closed}) > 1, "the belief of before the last purchase is still there"
    assert [one.get("aliases") for one in knowledge["Customer"]] == [["anna-again"], None]

    with GraphStore.connect(embedded_target(embedded_server, database_name(world.name))) as store:
        store.write("MATCH (c:Customer) DETACH DELETE c")
        store.write("CREATE (:Stray {name: 'of another program'})")
    built = world.command("graph", "rebuild").document

    assert built["runs"] == 2
    assert content(embedded_server, world.name) == knowledge
    assert content(embedded_server, world.name, "decisions") == decisions
    assert world.query("MATCH (n:Stray) RETURN count(n) AS strays") == [{"strays": 0}]
    assert world.health()["level"] == "ok"


def test_a_past_day_is_read_as_it_was_known_then_or_as_it_is_known_now(
    world: World, embedded_server: graph_server.Server
) -> None:
    shop(world)
    for row in world.rows["purchases"]:
        row["received_at"] = row["occurred_at"]
    world.run(as_of=YESTERDAY, until="relate")
    as_it_was = content(embedded_server, world.name)

    late = local(YESTERDAY) + timedelta(hours=5)
    world.purchase("anna", "tea", on=days_before(TODAY, 4), received_at=late)
    world.purchase("ben", "tea", on=YESTERDAY, received_at=late)
    world.run(until="relate")
    assert content(embedded_server, world.name) != as_it_was

    past = f"{world.name}-as-of-{YESTERDAY}"
    day = ["graph", "rebuild", "--as-of", str(YESTERDAY)]
    try:
        known_then = world.command(*day, "--known-at", f"{local(YESTERDAY, '00:00:00'):%Y-%m-%dT%H:%M:%S}").document
        assert (known_then["database"], known_then["as_of_day"]) == (database_name(past), str(YESTERDAY))
        assert content(embedded_server, past) == as_it_was
        spent = (
            "MATCH (:Customer {customer_id: 'ben'})-[r:BOUGHT]->(:Category {category_id: 'tea'}) RETURN r.count AS n"
        )
        assert world.query(spent) == [{"n": 9}]
        assert world.command("query", spent, "--past", str(YESTERDAY)).document["rows"] == [{"n": 8}]
        believed = world.command("query", "RETURN $as_of AS moment", "--past", str(YESTERDAY)).document["rows"]
        assert believed == [{"moment": local(YESTERDAY, "00:00:00").isoformat()}]
        never_built = world.command("query", spent, "--past", str(days_before(TODAY, 9)))
        assert (never_built.exit_code, str(YESTERDAY) in never_built.error["remedy"]) == (USAGE_ERROR, True)

        world.command(*day)
        known_now = content(embedded_server, past)
        bought = {(one["from_key"], one["to_key"], one["count"]) for one in known_now["Customer BOUGHT Category"]}
        assert bought == {("anna", "coffee", 8), ("anna", "tea", 1), ("ben", "tea", 8)}, (
            "late, and yet of before that day"
        )
    finally:
        graph_server.drop_database(embedded_server, database_name(past))


def test_a_rebuild_that_was_cut_short_is_mended_by_the_next(world: World, embedded_server: graph_server.Server) -> None:
    shop(world)
    world.run(until="relate")
    knowledge = content(embedded_server, world.name)
    with GraphStore.connect(embedded_target(embedded_server, database_name(world.name))) as store:
        store.write("MATCH (marker:LoadedLayer) DELETE marker")
        store.write("MATCH (n:Category) DETACH DELETE n")
    assert world.command("graph", "rebuild").exit_code == 0
    assert content(embedded_server, world.name) == knowledge


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--as-of", str(days_before(TODAY, -1))], "lies after what is known"),
        (["--known-at", str(YESTERDAY)], "about a past graph"),
        (["--into", "bolt://127.0.0.1:1"], "about a past graph"),
    ],
)
def test_what_cannot_be_rebuilt_is_said(world: World, arguments: list[str], what: str) -> None:
    shop(world)
    if "--as-of" in arguments:
        world.run(until="relate")
    answer = world.command("graph", "rebuild", *arguments)
    assert (answer.exit_code, what in answer.error["what"]) == (USAGE_ERROR, True)


def test_before_anything_was_related_there_is_nothing_to_rebuild(world: World) -> None:
    shop(world)
    answer = world.command("graph", "rebuild")
    assert answer.exit_code == USAGE_ERROR
    assert "warrant run" in answer.error["remedy"]


def test_only_an_owner_empties_the_graph_and_an_analyst_may_look_at_a_past_one(world: World) -> None:
    shop(world)
    world.write()
    people = "people:\n  ina: {name: Ina, role: analyst}\n  otto: {name: Otto, role: owner}\n"
    (world.playbook / "people.yaml").write_text(people, encoding="utf-8")
    refused = world.command("graph", "rebuild", "--actor", "person:ina")
    assert refused.exit_code == REFUSED
    assert refused.error["what"] == "to rebuild takes the role owner, and person:ina is analyst."
    for actor, options in (("person:otto", ()), ("person:ina", ("--as-of", str(YESTERDAY)))):
        answer = world.command("graph", "rebuild", "--actor", actor, *options)
        assert answer.exit_code == USAGE_ERROR, "nothing has been related yet: the right was not what was missing"
    assert world.command("graph", "rebuild", "--as-of", str(YESTERDAY)).exit_code == REFUSED
