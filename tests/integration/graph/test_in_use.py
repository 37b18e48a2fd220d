"""What a database knows and holds is asked at once, and agrees with what asking one by one would say."""

import pytest

from graph import statements
from graph.declarations import LAYERS
from graph.errors import GraphError, GraphRefused
from graph.in_use import counted, missing_definitions, names_in_use
from graph.schema import KINDS, NODE, RELATIONSHIP
from graph.store import GraphStore

BOUGHT = RELATIONSHIP["Customer BOUGHT Category"]
SOME = """
CREATE (a:Customer {customer_id: 'a'})-[:BOUGHT]->(t:Category {category_id: 'tea'})
CREATE (:Customer {customer_id: 'b'})-[:BOUGHT]->(t)
CREATE (:Asset {asset_id: 'note'})-[:ABOUT]->(t)
"""


def test_an_empty_database_bears_nothing_and_lacks_every_definition(graph_store: GraphStore) -> None:
    assert not any(names_in_use(graph_store).may_bear(kind) for kind in KINDS.values())
    assert set(counted(graph_store, KINDS.values()).values()) == {0}
    declared = {one.statement for layer in LAYERS for one in statements.definitions(layer)}
    assert set(missing_definitions(graph_store, LAYERS).values()) == declared


def test_every_kind_is_counted_with_and_without_rows(graph_store: GraphStore) -> None:
    graph_store.write(SOME)
    expected = {"Customer": 2, "Category": 1, "Asset": 1, "Customer BOUGHT Category": 2, "Asset ABOUT Category": 1}
    assert counted(graph_store, KINDS.values()) == dict.fromkeys(KINDS, 0) | expected


def test_a_name_that_appears_is_known_at_once(graph_store: GraphStore) -> None:
    assert not names_in_use(graph_store).may_bear(BOUGHT)
    graph_store.write(SOME)
    names = names_in_use(graph_store)
    assert names.may_bear(BOUGHT)
    assert names.may_bear(NODE["Asset"])
    assert not names.may_bear(RELATIONSHIP["Customer HAS_IN_CART Product"])


def test_only_what_is_missing_is_defined_again(graph_store: GraphStore) -> None:
    for statement in missing_definitions(graph_store, ["knowledge"]).values():
        graph_store.write(statement)
    assert missing_definitions(graph_store, ["knowledge"]) == {}
    graph_store.write("DROP CONSTRAINT category_key IF EXISTS")
    graph_store.write("DROP INDEX customer_region IF EXISTS")
    assert set(missing_definitions(graph_store, ["knowledge"])) == {("Category", "category_id"), ("Customer", "region")}


def test_several_questions_get_an_answer_each_in_their_order(graph_store: GraphStore) -> None:
    graph_store.write(SOME)
    asked = ["MATCH (n:Customer) WHERE n.customer_id = $id RETURN n.customer_id AS id", "MATCH (n:Nobody) RETURN n"]
    assert graph_store.read_each([*asked, "RETURN $id AS id"], id="b") == [[{"id": "b"}], [], [{"id": "b"}]]
    assert graph_store.read_each([]) == []


def test_one_question_that_cannot_be_answered_is_an_error_and_none_may_write(graph_store: GraphStore) -> None:
    with pytest.raises(GraphError, match="refused a statement"):
        graph_store.read_each(["RETURN 1 AS one", "MATCH (n:Customer RETURN n"])
    with pytest.raises(GraphRefused):
        graph_store.read_each(["RETURN 1 AS one", "CREATE (:Customer {customer_id: 'c'})"])
    assert counted(graph_store, [NODE["Customer"]]) == {"Customer": 0}
