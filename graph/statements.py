"""The Cypher that follows from the schema: constraints, indexes, upserts, deletions, counts and reads in columns.

Plain openCypher that both servers run. Rows are bound as `$rows`, other values as parameters; only names that the
schema declares, or checked attribute names, are ever put into a text.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from graph.declarations import Kind, Node, Property, PropertyType, Relationship
from graph.schema import NODE, NODES

MARKER_LABEL: Final = "LoadedLayer"

MARKER_CONSTRAINT: Final = """
CREATE CONSTRAINT loaded_layer_key IF NOT EXISTS FOR (marker:LoadedLayer) REQUIRE marker.layer IS UNIQUE
"""

READ_MARKER: Final = """
MATCH (marker:LoadedLayer {layer: $layer})
RETURN marker.token AS token, marker.loading AS loading, marker.attributes AS attributes
"""

SET_MARKER: Final = """
MERGE (marker:LoadedLayer {layer: $layer})
SET marker.token = $token, marker.loading = $loading, marker.attributes = $attributes
"""

DELETE_MARKER: Final = """
MATCH (marker:LoadedLayer {layer: $layer}) DELETE marker
"""

WIPE_ROWS: Final = 20_000

NO_NUMBER: Final = -1.7976931348623157e308
NO_INTEGER: Final = -(2**53)
NO_BOOLEAN: Final = -1
_STAND_INS: Final[Mapping[PropertyType, str]] = {
    "text": "''",
    "number": str(NO_NUMBER),
    "integer": str(NO_INTEGER),
    "boolean": str(NO_BOOLEAN),
    "time": str(NO_INTEGER),
    "texts": "[]",
}
"""For missing values, since collect() leaves nulls out; no content has them: empty texts and lists count as missing."""


def definitions() -> Iterator[str]:
    """A uniqueness constraint per label and a range index per indexed property."""
    yield MARKER_CONSTRAINT
    for node in NODES:
        name = node.label.lower()
        yield f"CREATE CONSTRAINT {name}_key IF NOT EXISTS FOR (n:{node.label}) REQUIRE n.{node.key} IS UNIQUE"
        for one in node.properties:
            if one.is_indexed:
                yield f"CREATE INDEX {name}_{one.name} IF NOT EXISTS FOR (n:{node.label}) ON (n.{one.name})"


def upsert(kind: Kind) -> str:
    """Create or replace the rows of `$rows`: the properties afterwards are exactly those of the row."""
    if isinstance(kind, Node):
        return f"UNWIND $rows AS row MERGE (n:{kind.label} {{{kind.key}: row.{kind.key}}}) SET n = row"
    identity = ", ".join(f"{name}: row.{name}" for name in kind.identity)
    named = f"r:{kind.type} {{{identity}}}" if identity else f"r:{kind.type}"
    facts = ", ".join(f"r.{one.name} = row.{one.name}" for one in kind.properties if one.name not in kind.identity)
    return f"UNWIND $rows AS row MATCH {_source(kind)} MATCH {_target(kind)} MERGE (source)-[{named}]->(target)" + (
        f" SET {facts}" if facts else ""
    )


def create(relationship: Relationship) -> str:
    """Create relationships that are not there yet: nine times as fast as MERGE, which looks through all of a node's."""
    facts = ", ".join(f"{one.name}: row.{one.name}" for one in relationship.properties)
    named = f"r:{relationship.type} {{{facts}}}" if facts else f"r:{relationship.type}"
    return (
        f"UNWIND $rows AS row MATCH {_source(relationship)} MATCH {_target(relationship)} "
        f"CREATE (source)-[{named}]->(target)"
    )


def delete(kind: Kind) -> str:
    """Delete the rows of `$rows`; a node goes with whatever still hangs on it."""
    if isinstance(kind, Node):
        return f"UNWIND $rows AS row MATCH (n:{kind.label} {{{kind.key}: row.{kind.key}}}) DETACH DELETE n"
    identity = " AND ".join(f"r.{name} = row.{name}" for name in kind.identity)
    return (
        f"UNWIND $rows AS row MATCH {_source(kind)}-[r:{kind.type}]->{_target(kind)}"
        + (f" WHERE {identity}" if identity else "")
        + " DELETE r"
    )


def wipe(kind: Kind) -> str:
    """Delete some of a kind; to be repeated until nothing is left."""
    if isinstance(kind, Node):
        return f"MATCH (n:{kind.label}) WITH n LIMIT {WIPE_ROWS} DETACH DELETE n"
    return f"MATCH (:{kind.source})-[r:{kind.type}]->(:{kind.target}) WITH r LIMIT {WIPE_ROWS} DELETE r"


def count(kind: Kind) -> str:
    """How many there are, as `number`."""
    if isinstance(kind, Node):
        return f"MATCH (n:{kind.label}) RETURN count(n) AS number"
    return f"MATCH (:{kind.source})-[r:{kind.type}]->(:{kind.target}) RETURN count(r) AS number"


def count_hanging(relationship: Relationship, node: Node) -> str:
    """How many of these relationships hang on the nodes of `$keys`, as `number`."""
    ends = {"source": relationship.source, "target": relationship.target}
    source, target = (
        f"(n:{label})" if end == next(e for e in ends if ends[e] == node.label) else f"(:{label})"
        for end, label in ends.items()
    )
    return f"MATCH {source}-[r:{relationship.type}]->{target} WHERE n.{node.key} IN $keys RETURN count(r) AS number"


def read_nodes(node: Node, attributes: Sequence[Property]) -> str:
    """Every node of a label, in columns; times as microseconds since 1970."""
    columns = [f"collect(n.{node.key}) AS {node.key}"]
    columns += [_collected("n", one) for one in (*node.properties, *attributes)]
    return f"MATCH (n:{node.label}) RETURN {', '.join(columns)}"


def read_relationships(relationship: Relationship, *, is_open: bool = False) -> str:
    """Every relationship of a kind in columns, grouped by its smaller side; times as microseconds since 1970.

    Args:
        relationship: What to read.
        is_open: Only beliefs that are still held.
    """
    small = relationship.collect_by
    large = "source" if small == "target" else "target"
    keys = {"source": NODE[relationship.source].key, "target": NODE[relationship.target].key}
    facts = [_collected("r", one) for one in relationship.properties]
    names = {"source": "from_key", "target": "to_key"}
    columns = [f"{small}.{keys[small]} AS {names[small]}", f"collect({large}.{keys[large]}) AS {names[large]}", *facts]
    return (
        f"MATCH (target:{relationship.target})<-[r:{relationship.type}]-(source:{relationship.source}) "
        f"{'WHERE r.valid_to IS NULL ' if is_open else ''}RETURN {', '.join(columns)}"
    )


def _collected(name: str, one: Property) -> str:
    # quoted, because the playbook's own columns may be named like a word of Cypher
    value = f"{name}.`{one.name}`"
    if one.type == "time":
        # the driver takes ten times as long to turn a time of the server into one of Python's
        value = f"{value}.epochSeconds * 1000000 + {value}.microsecond"
    return f"collect({value if one.is_required else f'coalesce({value}, {_STAND_INS[one.type]})'}) AS `{one.name}`"


def _source(relationship: Relationship) -> str:
    return f"(source:{relationship.source} {{{NODE[relationship.source].key}: row.from_key}})"


def _target(relationship: Relationship) -> str:
    return f"(target:{relationship.target} {{{NODE[relationship.target].key}: row.to_key}})"
