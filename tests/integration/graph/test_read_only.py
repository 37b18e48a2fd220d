"""People cannot change the graph, on either server: whatever they write, nodes and relationships stay what they are."""

import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings

from graph import store as store_module
from graph.errors import GraphError, GraphRefused, GraphStatementFailed
from graph.store import GraphStore
from tests.unit.graph.disguises import disguised_writes, reading_statements

IN_ONE_EXPRESSION = "RETURN reduce(a = 0, x IN range(1, 900000) | a + size([y IN range(1, 4000) WHERE y % 7 = 1])) AS n"
COUNTS = "MATCH (n) OPTIONAL MATCH (n)-[r]->() RETURN count(DISTINCT n) AS nodes, count(r) AS links, sum(n.x) AS sum"

KEEPS_ITS_STORE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def counted(graph_store: GraphStore) -> Callable[[], object]:
    """What is in a graph of three nodes, and its schema."""
    graph_store.write("CREATE (a:Row {x: 1})-[:TO]->(:Row {x: 1})-[:TO]->(:Row {x: 1})")

    def count() -> object:
        return graph_store.read(COUNTS), graph_store.read("SHOW INDEXES YIELD name RETURN name ORDER BY name")

    return count


def test_whatever_disguise_people_write_in_nothing_changes(
    graph_store: GraphStore, counted: Callable[[], object]
) -> None:
    before = counted()

    @KEEPS_ITS_STORE
    @given(disguised_writes())
    def ask(statement: str) -> None:
        with pytest.raises(GraphRefused):
            graph_store.query_as_person(statement, timeout=5)

    ask()
    assert counted() == before


def test_what_people_read_changes_nothing_either(graph_store: GraphStore, counted: Callable[[], object]) -> None:
    before = counted()
    answered = 0

    @KEEPS_ITS_STORE
    @given(reading_statements())
    def ask(statement: str) -> None:
        nonlocal answered
        try:
            graph_store.query_as_person(statement, timeout=5)
        except GraphRefused:
            raise
        except GraphError:
            return  # a date that is none, or a parameter that was not given
        answered += 1

    ask()
    assert counted() == before
    assert answered > 0


def test_a_statement_that_the_server_cannot_end_is_left_alone(
    graph_store: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "ABANDON_SECONDS", 0.5)
    started = time.monotonic()
    with pytest.raises(GraphStatementFailed) as late:
        graph_store.query_as_person(IN_ONE_EXPRESSION, timeout=0.5)
    assert time.monotonic() - started < 60, "the statement itself would take minutes"
    assert "0.5 seconds" in late.value.what
    assert late.value.remedy
    assert graph_store.query_as_person("RETURN 1 AS one").rows == ({"one": 1},)
