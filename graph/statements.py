"""The Cypher that follows from the schema: constraints, indexes, upserts, deletions, counts and reads in columns.

Plain openCypher that both servers run. Rows are bound as `$rows`, other values as parameters; only names that the
schema declares, or that `graph.content` has checked, are ever put into a text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from graph.declarations import Kind, Layer, Node, Property, PropertyType, Relationship
from graph.schema import NODE, NODES

MARKER_LABEL: Final = "LoadedLayer"

MARKER_CONSTRAINT: Final = """
CREATE CONSTRAINT loaded_layer_key IF NOT EXISTS FOR (marker:LoadedLayer) REQUIRE marker.layer IS UNIQUE
"""

READ_MARKER: Final = """
MATCH (marker:LoadedLayer {layer: $layer})
RETURN marker.token AS token, marker.loading AS loading, marker.attributes AS attributes, marker.format AS format
"""

SET_MARKER: Final = """
MERGE (marker:LoadedLayer {layer: $layer})
SET marker.token = $token, marker.loading = $loading, marker.attributes = $attributes, marker.format = $format
"""

DELETE_MARKER: Final = """
MATCH (marker:LoadedLayer {layer: $layer}) DELETE marker
"""

HELD: Final = "WHERE r.valid_from <= $as_of AND (r.valid_to IS NULL OR r.valid_to > $as_of) "

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


@dataclass(frozen=True)
class Definition:
    """A constraint or an index on a property of a label, and the statement that makes it where it is missing."""

    label: str
    name: str
    is_unique: bool
    statement: str


def definitions(layer: Layer) -> Iterator[Definition]:
    """A uniqueness constraint per label, and a range index per indexed property, of one layer; that of its marker."""
    yield Definition(MARKER_LABEL, "layer", is_unique=True, statement=MARKER_CONSTRAINT)
    for node in (node for node in NODES if node.layer == layer):
        name, on = node.label.lower(), f"IF NOT EXISTS FOR (n:{node.label})"
        unique = f"CREATE CONSTRAINT {name}_key {on} REQUIRE n.{node.key} IS UNIQUE"
        yield Definition(node.label, node.key, is_unique=True, statement=unique)
        for one in (one for one in node.properties if one.is_indexed):
            index = f"CREATE INDEX {name}_{one.name} {on} ON (n.{one.name})"
            yield Definition(node.label, one.name, is_unique=False, statement=index)


def upsert(kind: Kind, types: Mapping[str, PropertyType]) -> str:
    """Create or replace the rows of `$rows`: the properties afterwards are exactly those of the row.

    Args:
        kind: What the rows are.
        types: Its columns with their types, as `graph.content.column_types` gives them.
    """
    if isinstance(kind, Node):
        return f"UNWIND $rows AS row MERGE (n:{kind.label} {{{kind.key}: row.{kind.key}}}) SET n = {_facts(types)}"
    identity = {name: types[name] for name in kind.identity}
    named = f"r:{kind.type} {_facts(identity)}" if identity else f"r:{kind.type}"
    facts = _facts({one.name: one.type for one in kind.properties})
    return f"UNWIND $rows AS row MATCH {_source(kind)} MATCH {_target(kind)} MERGE (source)-[{named}]->(target)" + (
        f" SET r = {facts}" if kind.properties else ""
    )


def create(relationship: Relationship) -> str:
    """Create relationships that are not there yet: nine times as fast as MERGE, which looks through all of a node's."""
    facts = _facts({one.name: one.type for one in relationship.properties})
    return (
        f"UNWIND $rows AS row MATCH {_source(relationship)} MATCH {_target(relationship)} "
        f"CREATE (source)-[:{relationship.type} {facts}]->(target)"
    )


def delete(kind: Kind) -> str:
    """Delete the rows of `$rows`; a node goes with whatever still hangs on it."""
    if isinstance(kind, Node):
        return f"UNWIND $rows AS row MATCH (n:{kind.label} {{{kind.key}: row.{kind.key}}}) DETACH DELETE n"
    types = {one.name: one.type for one in kind.properties}
    identity = " AND ".join(f"r.{name} = {_bound(name, types[name])}" for name in kind.identity)
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
    # the embedded server begins at the first node, and the smaller side has fewer to begin at: fifteen times as fast
    if kind.collect_by == "target":
        pattern = f"(:{kind.target})<-[r:{kind.type}]-(:{kind.source})"
    else:
        pattern = f"(:{kind.source})-[r:{kind.type}]->(:{kind.target})"
    return f"MATCH {pattern} RETURN count(r) AS number"


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


def read_relationships(relationship: Relationship, *, is_held: bool = False) -> str:
    """Every relationship of a kind in columns, grouped by its smaller side; times as microseconds since 1970.

    Args:
        relationship: What to read.
        is_held: Only beliefs that are held at `$as_of`.
    """
    small = relationship.collect_by
    large = "source" if small == "target" else "target"
    keys = {"source": NODE[relationship.source].key, "target": NODE[relationship.target].key}
    facts = [_collected("r", one) for one in relationship.properties]
    names = {"source": "from_key", "target": "to_key"}
    columns = [f"{small}.{keys[small]} AS {names[small]}", f"collect({large}.{keys[large]}) AS {names[large]}", *facts]
    return (
        f"MATCH (target:{relationship.target})<-[r:{relationship.type}]-(source:{relationship.source}) "
        f"{HELD if is_held else ''}RETURN {', '.join(columns)}"
    )


def _collected(name: str, one: Property) -> str:
    value = f"{name}.`{one.name}`"
    if one.type == "time":
        # the driver takes ten times as long to turn a time of the server into one of Python's
        value = f"{value}.epochSeconds * 1000000 + {value}.microsecond"
    return f"collect({value if one.is_required else f'coalesce({value}, {_STAND_INS[one.type]})'}) AS `{one.name}`"


def _facts(types: Mapping[str, PropertyType]) -> str:
    """A map of the row's properties; a property without value is left out by the server."""
    # quoted, because the playbook's own columns may be named like a word of Cypher
    return "{" + ", ".join(f"`{name}`: {_bound(name, type_)}" for name, type_ in types.items()) + "}"


def _bound(name: str, type_: PropertyType) -> str:
    """The value of a row; a time is put together by the server, which is many times as fast as binding one."""
    if type_ != "time":
        return f"row.`{name}`"
    seconds, nanoseconds = (f"row.`{part}`" for part in time_columns(name))
    time = f"datetime({{epochSeconds: {seconds}, nanosecond: {nanoseconds}}})"
    return f"CASE WHEN {seconds} IS NULL THEN null ELSE {time} END"


def time_columns(name: str) -> tuple[str, str]:
    """The two columns of a row that hold a time: whole seconds since 1970, and nanoseconds of the second."""
    return f"{name} seconds", f"{name} nanoseconds"  # with a space, which no property's name has


def _source(relationship: Relationship) -> str:
    return f"(source:{relationship.source} {{{NODE[relationship.source].key}: row.from_key}})"


def _target(relationship: Relationship) -> str:
    return f"(target:{relationship.target} {{{NODE[relationship.target].key}: row.to_key}})"
