"""What health measures on a live graph, on both servers: orphans, outdated beliefs, confidence, drift."""

from datetime import UTC, datetime, timedelta

from graph import statements
from graph.declarations import LAYERS, Layer
from graph.health.state import read_state
from graph.loaded import Marker, set_marker
from graph.store import GraphStore

AS_OF = datetime(2026, 3, 6, tzinfo=UTC)


def define(store: GraphStore, *layers: Layer) -> None:
    """Constraints, indexes and markers of layers, as loading them makes them."""
    for layer in layers or LAYERS:
        for definition in statements.definitions(layer):
            store.write(definition.statement)
        set_marker(store, layer, Marker("content"))


def test_an_empty_graph_with_its_schema_has_no_drift(graph_store: GraphStore) -> None:
    define(graph_store)
    state = read_state(graph_store, AS_OF)
    assert (state.missing_definitions, state.undeclared) == ((), ())
    assert sum(state.nodes.values()) == sum(state.relationships.values()) == 0


def test_a_layer_that_was_never_loaded_lacks_nothing(graph_store: GraphStore) -> None:
    define(graph_store, "knowledge")
    assert read_state(graph_store, AS_OF).missing_definitions == ()
    define(graph_store, "decisions")
    graph_store.write("DROP CONSTRAINT motive_key IF EXISTS")
    assert read_state(graph_store, AS_OF).missing_definitions == ("Motive.motive_id",)


def test_a_dropped_constraint_and_strange_names_are_drift(graph_store: GraphStore) -> None:
    define(graph_store)
    graph_store.write("DROP CONSTRAINT asset_key IF EXISTS")
    graph_store.write("CREATE (:Stray {name: 'left over'})-[:`ODD ONE`]->(:Category {category_id: 'tea'})")
    state = read_state(graph_store, AS_OF)
    assert state.missing_definitions == ("Asset.asset_id",)
    assert state.undeclared == ("-[:ODD ONE]-", ":Stray")
    graph_store.write("MATCH (n:Stray) DETACH DELETE n")
    assert read_state(graph_store, AS_OF).undeclared == (), "a name that nothing bears any more is no drift"


def test_orphans_are_counted_by_label(graph_store: GraphStore) -> None:
    define(graph_store)
    graph_store.write(
        "CREATE (:Product {product_id: 'a'})-[:IN_CATEGORY]->(:Category {category_id: 'tea'}), "
        "(:Product {product_id: 'b'}), (:Product {product_id: 'c'}), (:Customer {customer_id: 'alone'})"
    )
    state = read_state(graph_store, AS_OF)
    assert state.orphans == {"Product": 2}, "a customer may well be alone; a product without category is a fault"
    assert state.nodes["Product"] == 3
    assert state.relationships["Product IN_CATEGORY Category"] == 1


def test_a_belief_that_ends_at_the_moment_asked_holds_no_more(graph_store: GraphStore) -> None:
    define(graph_store)
    for customer, ends in (("ends-now", AS_OF), ("ends-later", AS_OF + timedelta(microseconds=1)), ("open", None)):
        graph_store.write(
            "MERGE (t:Category {category_id: 'tea'}) "
            "CREATE (:Customer {customer_id: $customer})-[r:INTERESTED_IN {confidence: 0.55}]->(t) "
            "SET r.valid_to = $ends",
            customer=customer,
            ends=ends,
        )
    state = read_state(graph_store, AS_OF)
    assert (state.believed, state.outdated) == (3, 1)
    assert state.confidence["Customer INTERESTED_IN Category"] == (0, 0, 0, 0, 0, 2, 0, 0, 0, 0)


def test_certainty_is_in_the_last_tenth(graph_store: GraphStore) -> None:
    define(graph_store)
    graph_store.write(
        "CREATE (:Customer {customer_id: 'sure'})-[:INTERESTED_IN {confidence: 1.0}]->(:Category {category_id: 'tea'})"
    )
    assert read_state(graph_store, AS_OF).confidence["Customer INTERESTED_IN Category"][-1] == 1


def test_observations_expire_at_the_moment_they_say(graph_store: GraphStore) -> None:
    define(graph_store)
    for key, until in (("past", AS_OF), ("valid", AS_OF + timedelta(days=1)), ("always", None)):
        graph_store.write(
            "CREATE (o:Observation {observation_id: $key}) SET o.valid_until = $until", key=key, until=until
        )
    state = read_state(graph_store, AS_OF)
    assert (state.observations, state.outdated_observations) == (3, 1)
