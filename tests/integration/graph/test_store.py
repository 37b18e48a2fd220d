"""The store does the same on the embedded server and on Neo4j."""

import dataclasses
import datetime as dt
import multiprocessing
import socketserver
import threading
from collections.abc import Iterator
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import (
    GraphAuthenticationFailed,
    GraphError,
    GraphRefused,
    GraphStatementFailed,
    GraphUnreachable,
)
from graph.ownership import insist_on_owner
from graph.read_only import refuse_writes
from graph.store import Counters, GraphStore, Target, claim

NOON = dt.datetime(2026, 3, 29, 12, 0, 0, 123456, tzinfo=dt.UTC)
CREATE_ROWS = "UNWIND $rows AS row CREATE (n:Row) SET n = row"
COUNT_ALL = "MATCH (n) RETURN count(n) AS nodes"
ENDLESS = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a, b WHERE a * b % 7 = 8 RETURN count(*)"


def nodes(store: GraphStore) -> int:
    return int(store.read(COUNT_ALL)[0]["nodes"])


def test_a_written_row_is_read_back_with_its_types(graph_store: GraphStore) -> None:
    row = {
        "text": "ä",
        "whole": 2**53 + 1,
        "part": 0.1,
        "is": True,
        "at": NOON,
        "on": dt.date(2026, 1, 31),
        "all": ["a"],
    }
    graph_store.write("CREATE (n:Row) SET n = $row", row=row)
    assert graph_store.read("MATCH (n:Row) RETURN properties(n) AS row") == [{"row": row}]
    assert graph_store.read("MATCH (n:Row) RETURN n") == [{"n": {"labels": ["Row"], "properties": row}}]


def test_a_daylight_saving_time_is_stored_as_its_moment(graph_store: GraphStore) -> None:
    graph_store.write("CREATE (:Row {at: $at})", at=pd.Timestamp(NOON.astimezone(ZoneInfo("America/New_York"))))
    assert graph_store.read("MATCH (n:Row) RETURN n.at AS at, n.at = $same AS same", same=NOON) == [
        {"at": NOON, "same": True}
    ]


def test_missing_values_are_not_stored(graph_store: GraphStore) -> None:
    table = pd.DataFrame(
        {"id": [1, 2], "spend": [1.5, np.nan], "at": pd.Series([NOON, None], dtype="datetime64[us, UTC]")}
    )
    graph_store.write_batches(CREATE_ROWS, table)
    assert graph_store.read("MATCH (n:Row {id: 2}) RETURN properties(n) AS row") == [{"row": {"id": 2}}]


def test_the_server_s_counters_tell_what_changed(graph_store: GraphStore) -> None:
    created = graph_store.write("CREATE (:Customer {id: 1})-[:LIKES {weight: 0.5}]->(:Topic {id: 2})")
    assert created == Counters(nodes_created=2, relationships_created=1, properties_set=3, labels_added=2)
    again = graph_store.write("MERGE (c:Customer {id: 1})")
    assert not again.has_changes
    assert graph_store.write("MATCH (c:Customer) SET c.region = 'north'").properties_set == 1
    deleted = graph_store.write("MATCH (n) DETACH DELETE n")
    assert (deleted.nodes_deleted, deleted.relationships_deleted) == (2, 1)
    constraint = "CREATE CONSTRAINT counted IF NOT EXISTS FOR (c:Customer) REQUIRE c.id IS UNIQUE"
    assert graph_store.write(constraint).constraints_added == 1
    assert not graph_store.write(constraint).has_changes


def test_batches_write_every_row_once_and_report_on_the_way(graph_store: GraphStore) -> None:
    written: list[int] = []
    rows = [{"id": number} for number in range(25)]
    counters = graph_store.write_batches(CREATE_ROWS, rows, size=10, report=written.append)
    assert (counters.nodes_created, counters.properties_set) == (25, 25)
    assert written == [10, 20, 25]
    assert graph_store.read("MATCH (n:Row) RETURN count(DISTINCT n.id) AS ids") == [{"ids": 25}]


def test_batches_of_a_table_take_further_parameters(graph_store: GraphStore) -> None:
    table = pd.DataFrame({"id": pd.Series(["a", "b"], dtype=object)})
    statement = "UNWIND $rows AS row CREATE (:Row {id: row.id, source: $source})"
    graph_store.write_batches(statement, table, source="test")
    assert graph_store.read("MATCH (n:Row) RETURN n.id AS id, n.source AS source ORDER BY id") == [
        {"id": "a", "source": "test"},
        {"id": "b", "source": "test"},
    ]


def test_no_rows_write_nothing_and_a_statement_without_rows_is_an_error(graph_store: GraphStore) -> None:
    assert graph_store.write_batches(CREATE_ROWS, []) == Counters()
    with pytest.raises(GraphError, match=r"\$rows"):
        graph_store.write_batches("CREATE (:Row)", [{"id": 1}])


def test_a_failing_batch_leaves_nothing_of_itself(graph_store: GraphStore) -> None:
    graph_store.write("CREATE CONSTRAINT one IF NOT EXISTS FOR (n:Row) REQUIRE n.id IS UNIQUE")
    with pytest.raises(GraphError, match="ConstraintValidationFailed"):
        graph_store.write_batches(CREATE_ROWS, [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 1}], size=2)
    assert graph_store.read("MATCH (n:Row) RETURN n.id AS id ORDER BY id") == [{"id": 1}, {"id": 2}]


def test_columns_hold_what_the_rows_hold(graph_store: GraphStore) -> None:
    graph_store.write_batches(CREATE_ROWS, [{"id": 1, "at": NOON}, {"id": 2}])
    statement = "MATCH (n:Row) RETURN n.id AS id, n.at AS at ORDER BY id"
    assert graph_store.read_columns(statement) == {"id": [1, 2], "at": [NOON, None]}
    assert graph_store.read_columns("MATCH (n:Nothing) RETURN n.id AS id") == {"id": []}


EMPTY = [
    ("MATCH (n:Nothing) RETURN n.id AS id, collect(n.at) AS `at`", ["id", "at"]),
    ("MATCH (n:Nothing) RETURN DISTINCT n.id, n.order AS limit ORDER BY limit LIMIT 3", ["n.id", "limit"]),
    ("MATCH (n:Nothing) WITH n RETURN {a: 1, b: n.b} AS map, [n.x, 2] AS list", ["map", "list"]),
    ("MATCH (n:Nothing) RETURN n.id AS id UNION MATCH (m:None) RETURN m.id AS id", ["id"]),
    ("CALL { MATCH (n:Nothing) RETURN n.id AS inner } RETURN inner AS outer // RETURN no", ["outer"]),
    ("UNWIND [] AS x RETURN x, 'a, b' AS text, x + 1", ["x", "text", "x + 1"]),
]


@pytest.mark.parametrize(("statement", "names"), EMPTY)
def test_columns_are_named_even_without_rows(graph_store: GraphStore, statement: str, names: list[str]) -> None:
    assert graph_store.read_columns(statement) == {name: [] for name in names}
    assert list(graph_store.read_collected(statement)) == names
    assert graph_store.query_as_person(statement).columns == tuple(names)


def test_collected_columns_are_flat_arrays(graph_store: GraphStore) -> None:
    links = [
        {"topic": topic, "customer": f"{topic}{n}", "weight": n / 4, "at": NOON} for topic in "ab" for n in range(3)
    ]
    graph_store.write_batches(
        "UNWIND $rows AS row MERGE (t:Topic {id: row.topic}) "
        "CREATE (:Customer {id: row.customer})-[:LIKES {weight: row.weight, at: row.at}]->(t)",
        links,
    )
    flat = graph_store.read_collected(
        "MATCH (t:Topic)<-[r:LIKES]-(c:Customer) "
        "RETURN t.id AS topic, collect(c.id) AS customer, collect(r.weight) AS weight, collect(r.at) AS at"
    )
    table = pd.DataFrame(flat).sort_values("customer", ignore_index=True)
    assert {name: str(values.dtype) for name, values in flat.items()} == {
        "topic": "object",
        "customer": "object",
        "weight": "float64",
        "at": "datetime64[us]",
    }
    expected = pd.DataFrame(links).assign(at=np.datetime64("2026-03-29T12:00:00.123456"))
    pd.testing.assert_frame_equal(table, expected, check_dtype=False)


def test_a_null_that_collect_leaves_out_is_an_error_instead_of_a_shifted_column(graph_store: GraphStore) -> None:
    graph_store.write_batches(CREATE_ROWS, [{"id": 1, "weight": 0.5}, {"id": 2}])
    with pytest.raises(GraphError, match="leaves nulls out"):
        graph_store.read_collected("MATCH (n:Row) RETURN collect(n.id) AS id, collect(n.weight) AS weight")
    flat = graph_store.read_collected(
        "MATCH (n:Row) RETURN collect(n.id) AS id, collect(coalesce(n.weight, -1.0)) AS weight"
    )
    assert sorted(zip(flat["id"].tolist(), flat["weight"].tolist(), strict=True)) == [(1, 0.5), (2, -1.0)]


def test_a_read_that_writes_is_refused_and_leaves_nothing(graph_store: GraphStore) -> None:
    with pytest.raises(GraphRefused, match="run as one that reads"):
        graph_store.read("CREATE (n:Row) RETURN n.id AS id")
    assert nodes(graph_store) == 0


def test_writers_at_once_lose_no_update(graph_store: GraphStore) -> None:
    def count_up() -> None:
        for _ in range(20):
            graph_store.write("MERGE (c:Counter {id: 1}) ON CREATE SET c.value = 0 SET c.value = c.value + 1")

    graph_store.write("CREATE CONSTRAINT counter IF NOT EXISTS FOR (c:Counter) REQUIRE c.id IS UNIQUE")
    writers = [threading.Thread(target=count_up) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert graph_store.read("MATCH (c:Counter) RETURN c.value AS value") == [{"value": 80}]


def _write_rows(target: Target, writer: int) -> None:
    with GraphStore.connect(target) as store:
        for _ in range(10):
            store.write("MERGE (c:Counter {id: 1}) ON CREATE SET c.value = 0 SET c.value = c.value + 1")
            store.write("CREATE (:Row {writer: $writer})", writer=writer)


def test_processes_that_write_at_once_lose_no_update(graph_store: GraphStore) -> None:
    graph_store.write("CREATE CONSTRAINT counter IF NOT EXISTS FOR (c:Counter) REQUIRE c.id IS UNIQUE")
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.starmap(_write_rows, [(graph_store.target, writer) for writer in range(2)])
    assert graph_store.read("MATCH (c:Counter) RETURN c.value AS value") == [{"value": 20}]


def test_a_wrong_password_is_told_apart_from_a_silent_server(graph_store: GraphStore) -> None:
    with pytest.raises(GraphAuthenticationFailed, match=f"does not accept user `{graph_store.target.user}`"):
        GraphStore.connect(dataclasses.replace(graph_store.target, password="wrong password"))  # noqa: S106


def test_a_database_that_is_not_there_is_named(graph_store: GraphStore) -> None:
    with pytest.raises(GraphError, match="has no database `nowhere`"):
        GraphStore.connect(dataclasses.replace(graph_store.target, database="nowhere"))


@pytest.mark.parametrize(("kind", "remedy"), [("embedded", "warrant graph up"), ("neo4j", "WARRANT_GRAPH")])
def test_a_server_that_is_not_there_is_unreachable_and_the_remedy_fits_its_kind(
    kind: Literal["embedded", "neo4j"], remedy: str
) -> None:
    nobody = Target(uri="bolt://127.0.0.1:1", user="a", password="b", database=None, kind=kind)  # noqa: S106
    with pytest.raises(GraphUnreachable, match="No graph server answers") as error:
        GraphStore.connect(nobody)
    assert remedy in error.value.remedy
    assert error.value.exit_code == 4


class _Stranger(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(64)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.fixture
def stranger() -> Iterator[str]:
    """Address of something that answers, and not in Bolt."""
    with socketserver.TCPServer(("127.0.0.1", 0), _Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"bolt://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_something_that_does_not_speak_bolt_is_told_apart(stranger: str) -> None:
    with pytest.raises(GraphUnreachable, match="does not speak Bolt"):
        GraphStore.connect(Target(uri=stranger, user="a", password="b", database=None, kind="neo4j"))  # noqa: S106


def test_an_empty_database_is_claimed_once_and_for_one_playbook(graph_store: GraphStore) -> None:
    claim(graph_store, "grocer")
    claim(graph_store, "grocer")
    with pytest.raises(GraphRefused, match="belongs to the playbook `grocer`, not to `saas`"):
        claim(graph_store, "saas")
    assert graph_store.read("MATCH (g:WarrantGraph) RETURN g.playbook AS playbook") == [{"playbook": "grocer"}]


def test_who_only_asks_takes_no_possession_of_a_database(graph_store: GraphStore) -> None:
    insist_on_owner(graph_store, "grocer")
    assert nodes(graph_store) == 0
    claim(graph_store, "saas")
    with pytest.raises(GraphRefused, match="saas"):
        insist_on_owner(graph_store, "grocer")


def test_a_database_with_nodes_of_others_is_not_claimed(graph_store: GraphStore) -> None:
    graph_store.write("CREATE (:Invoice {id: 1})")
    with pytest.raises(GraphRefused, match="Invoice"):
        claim(graph_store, "grocer")
    assert nodes(graph_store) == 1


def test_playbooks_that_claim_at_once_get_one_owner(graph_store: GraphStore) -> None:
    refused: list[str] = []
    playbooks = ["a", "b", "c", "d", "e", "f", "g", "h"]
    together = threading.Barrier(len(playbooks))

    def try_to_claim(playbook: str) -> None:
        together.wait()
        try:
            claim(graph_store, playbook)
        except GraphRefused:
            refused.append(playbook)

    claimers = [threading.Thread(target=try_to_claim, args=(playbook,)) for playbook in playbooks]
    for claimer in claimers:
        claimer.start()
    for claimer in claimers:
        claimer.join()
    owners = graph_store.read("MATCH (g:WarrantGraph) RETURN g.playbook AS playbook")
    assert len(owners) == 1
    assert sorted([*refused, owners[0]["playbook"]]) == playbooks


def test_a_person_s_question_is_answered_with_columns_and_rows(graph_store: GraphStore) -> None:
    graph_store.write("CREATE (:Customer {id: '1', at: $at})-[:LIKES {weight: 0.5}]->(:Topic {id: 'a'})", at=NOON)
    answer = graph_store.query_as_person(
        "MATCH (c:Customer {id: $id})-[r]->(t) RETURN c.at AS at, r, t;", {"id": np.str_("1")}
    )
    assert answer.columns == ("at", "r", "t")
    assert answer.rows == (
        {
            "at": NOON,
            "r": {"type": "LIKES", "properties": {"weight": 0.5}},
            "t": {"labels": ["Topic"], "properties": {"id": "a"}},
        },
    )
    assert not answer.is_truncated


def test_a_path_is_answered_as_its_nodes_and_relationships_in_turn(graph_store: GraphStore) -> None:
    graph_store.write("CREATE (:A)-[:TO]->(:B)")
    path = graph_store.query_as_person("MATCH p = (:A)-->(:B) RETURN p").rows[0]["p"]
    assert [part.get("labels", part.get("type")) for part in path] == [["A"], "TO", ["B"]]


@pytest.mark.parametrize(("limit", "is_truncated"), [(9, True), (10, False), (11, False)])
def test_an_answer_says_when_there_is_more(graph_store: GraphStore, limit: int, *, is_truncated: bool) -> None:
    answer = graph_store.query_as_person("UNWIND range(1, 10) AS n RETURN n", limit_rows=limit)
    assert [row["n"] for row in answer.rows] == list(range(1, min(limit, 10) + 1))
    assert answer.is_truncated is is_truncated


def test_a_question_that_takes_too_long_is_ended_on_the_server_too(graph_store: GraphStore) -> None:
    with pytest.raises(GraphStatementFailed, match="took too long"):
        graph_store.query_as_person(ENDLESS, timeout=1)
    running = graph_store.read("SHOW TRANSACTIONS YIELD currentQuery, status RETURN currentQuery AS text, status")
    assert not [row for row in running if ENDLESS in row["text"] and row["status"] == "Running"]


@pytest.mark.parametrize("statement", ["MATCH (n RETURN n", "RETURN $missing", "MATCH (n) RETURN m"])
def test_a_question_that_the_server_cannot_run_is_the_person_s_to_correct(
    graph_store: GraphStore, statement: str
) -> None:
    with pytest.raises(GraphStatementFailed) as error:
        graph_store.query_as_person(statement)
    assert error.value.where == statement
    assert error.value.exit_code == 2


ATTEMPTS = [
    "MATCH (n) SET n.x = 2",
    "MATCH (n) DETACH DELETE n",
    "CREATE (:Row)",
    "INSERT (:Row)",
    "MERGE (:Row {x: 5})",
    "CALL { CREATE (:Row) } RETURN 1",
    "MATCH (n) FOREACH (i IN [1] | SET n.x = 2)",
    "CREATE INDEX sly FOR (n:Row) ON (n.x)",
    "CREATE CONSTRAINT sly FOR (n:Row) REQUIRE n.x IS UNIQUE",
    "LOAD CSV FROM 'file:///etc/hostname' AS line RETURN line",
    "RETURN 1 AS one // \r CREATE (:Row)",
    "RETURN '\\u0027 AS a, count { CREATE (:Row) } AS b //'",
    "MATCH (n)\u00a0SET\u00a0n.x = 2",
]


@pytest.mark.parametrize("statement", ATTEMPTS)
def test_a_question_that_would_write_is_refused_and_changes_nothing(graph_store: GraphStore, statement: str) -> None:
    graph_store.write("CREATE (:Row {x: 1})")
    schema = graph_store.read("SHOW INDEXES YIELD name RETURN name ORDER BY name")
    with pytest.raises(GraphRefused) as error:
        graph_store.query_as_person(statement)
    assert error.value.exit_code == 5
    assert graph_store.read("MATCH (n) RETURN n.x AS x") == [{"x": 1}]
    assert graph_store.read("SHOW INDEXES YIELD name RETURN name ORDER BY name") == schema


def test_files_stay_closed_even_to_warrant_itself(graph_store: GraphStore) -> None:
    with pytest.raises(GraphError, match=r"(?i)(disabled|is false)"):
        graph_store.read("LOAD CSV FROM 'file:///etc/hostname' AS line RETURN line")


PIECES = st.sampled_from(
    [
        *(
            " ",
            "\n",
            "\r",
            "\t",
            ".",
            ":",
            ",",
            "|",
            "&",
            "$",
            "{",
            "}",
            ";",
            "//",
            "// x\n",
            "/*",
            "*/",
            "/* x */",
            "\\",
        ),
        *("'", '"', "`", "1", "1.", "1e", "0x", "..", "\u00a0", "\u2028", "\u0085", "\u200b", "\x0b", "\u20ac", "\\'"),
        *("MATCH (n)", "WITH n", "RETURN n", "RETURN 1 AS one", "WHERE n.x = 1", "WHERE n", "WITH n, 1", "LIMIT 1"),
        *(
            "RETURN {",
            "RETURN n{",
            "RETURN 'x'",
            "CALL {",
            "COUNT {",
            "(",
            ")",
            "$p",
            "FINISH",
            "n.x = 2",
            "n.x",
            "AS a",
        ),
        *("SET", "CREATE", "MERGE", "REMOVE", "DELETE", "SET n.x = 2", "CREATE (:E)", "REMOVE n.x", "DETACH DELETE n"),
    ]
)
SOUPS = st.builds(
    lambda start, pieces: start + "".join(pieces),
    st.sampled_from(
        ["MATCH (n)", "MATCH (n) WHERE n", "MATCH (n) WITH n, 1", "RETURN 'x'", "MATCH (n) RETURN n.x AS x"]
    ),
    st.lists(PIECES, min_size=1, max_size=6),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statement=SOUPS)
def test_nothing_that_passes_as_a_question_changes_the_graph_even_with_all_rights(
    graph_store: GraphStore, statement: str
) -> None:
    """Whatever the words let pass is run as a write, past the other walls."""
    try:
        refuse_writes(statement)
        changed = graph_store.write(statement, p=1)
    except GraphError:
        return  # refused by us, or no Cypher
    assert not changed.has_changes
