"""The declaration of the graph hangs together, and its page in the documentation is current."""

from graph.declarations import LAYERS
from graph.schema import KINDS, NODE, NODES, RELATIONSHIPS, kinds_of
from graph.schema_page import PAGE, page
from graph.statements import definitions


def test_the_reference_page_is_the_one_that_the_schema_gives() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m graph.schema"


def test_every_relationship_joins_two_declared_labels() -> None:
    ends = {label for one in RELATIONSHIPS for label in (one.source, one.target)}
    assert ends <= set(NODE)


def test_knowledge_never_hangs_on_decisions() -> None:
    labels = {node.label for node in NODES if node.layer == "knowledge"}
    assert {end for one in RELATIONSHIPS if one.layer == "knowledge" for end in (one.source, one.target)} <= labels


def test_labels_and_relationship_types_share_no_name() -> None:
    # the embedded server keeps both in one namespace
    labels = {node.label.lower() for node in NODES}
    assert labels.isdisjoint(one.type.lower() for one in RELATIONSHIPS)


def test_every_key_is_unique_by_constraint_and_every_marked_property_has_an_index() -> None:
    text = "\n".join(one.statement for layer in LAYERS for one in definitions(layer))
    for node in NODES:
        assert f"FOR (n:{node.label}) REQUIRE n.{node.key} IS UNIQUE" in text
        for one in node.properties:
            assert (f"FOR (n:{node.label}) ON (n.{one.name})" in text) == one.is_indexed


def test_what_identifies_a_relationship_is_a_property_that_is_always_there() -> None:
    for one in RELATIONSHIPS:
        required = {fact.name for fact in one.properties if fact.is_required}
        assert set(one.identity) <= required


def test_a_belief_can_be_opened_and_closed() -> None:
    for one in RELATIONSHIPS:
        if one.is_belief:
            assert {"rule", "valid_from", "valid_to"} <= {fact.name for fact in one.properties}


def test_every_kind_belongs_to_one_layer() -> None:
    assert len(KINDS) == len(NODES) + len(RELATIONSHIPS)
    assert [kind.kind for layer in ("knowledge", "decisions") for kind in kinds_of(layer)] != []
    assert sorted(kind.kind for layer in ("knowledge", "decisions") for kind in kinds_of(layer)) == sorted(KINDS)
