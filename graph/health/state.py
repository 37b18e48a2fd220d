"""What is measured on the live graph, in a few aggregating statements that both servers answer by label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from graph import statements
from graph.in_use import Names, counted, missing_definitions, names_in_use
from graph.ownership import MARKER_LABEL as OWNER_LABEL
from graph.schema import KINDS, NODE, RELATIONSHIPS

if TYPE_CHECKING:
    from graph.store import GraphStore

LINKED_LABELS: Final = ("Asset", "Product", "Topic", "BuyingGroup", "Signal", "Motive", "Decision")
"""Labels whose nodes mean nothing alone: a product without category, a topic that nobody speaks about. Observations are
none of them: one that has expired is kept for a while without what it affected."""

TENTHS: Final = 10

_LAYERS: Final = f"MATCH (marker:{statements.MARKER_LABEL}) RETURN marker.layer AS layer"

_OUTDATED_OBSERVATIONS: Final = """
MATCH (n:Observation)
RETURN count(n) AS number, count(CASE WHEN n.valid_until <= $as_of THEN 1 END) AS outdated
"""

_BELIEVED: Final = f"""
MATCH (c:Customer)-[r:{"|".join(sorted({one.type for one in RELATIONSHIPS if one.is_belief}))}]->()
WITH c, count(CASE WHEN r.valid_to IS NULL OR r.valid_to > $as_of THEN 1 END) AS current
RETURN count(c) AS believed, count(CASE WHEN current = 0 THEN 1 END) AS outdated
"""
"""One pass over the beliefs of each customer."""


@dataclass(frozen=True)
class GraphState:
    """What the graph holds at one moment.

    Attributes:
        nodes: Number of nodes by label.
        relationships: Number of relationships by kind.
        orphans: Nodes without any relationship, by label; of labels whose nodes mean nothing alone.
        believed: Customers of whom anything was ever believed.
        outdated: Of these, customers of whom nothing is believed any more.
        observations: Observations that are kept.
        outdated_observations: Of these, those whose validity has ended.
        confidence: Open beliefs by kind: how many in each tenth of confidence, ten numbers from [0, 0.1) to [0.9, 1].
        missing_definitions: Constraints and indexes that the schema declares and the database lacks.
        undeclared: Labels and relationship types in use that the schema does not know.
    """

    nodes: Mapping[str, int]
    relationships: Mapping[str, int]
    orphans: Mapping[str, int]
    believed: int
    outdated: int
    observations: int
    outdated_observations: int
    confidence: Mapping[str, tuple[int, ...]]
    missing_definitions: tuple[str, ...]
    undeclared: tuple[str, ...]


def read_state(store: "GraphStore", as_of: datetime) -> GraphState:
    """Measure the graph.

    Args:
        store: Where it is.
        as_of: The moment at which facts must hold to be current.
    """
    names = names_in_use(store)
    number = counted(store, KINDS.values(), names)
    nodes = {label: number[label] for label in NODE}
    linked = [label for label in LINKED_LABELS if nodes[label]]
    held = [belief.kind for belief in RELATIONSHIPS if belief.is_belief and number[belief.kind]]
    asked = [_BELIEVED, _OUTDATED_OBSERVATIONS, *map(_orphans, linked), *map(_confidence, held)]
    believed, observed, *rows = store.read_each(asked, as_of=as_of)
    return GraphState(
        nodes=nodes,
        relationships={name: count for name, count in number.items() if name not in NODE},
        orphans={label: int(found[0]["number"]) for label, found in zip(linked, rows, strict=False)},
        believed=believed[0]["believed"],
        outdated=believed[0]["outdated"],
        observations=observed[0]["number"],
        outdated_observations=observed[0]["outdated"],
        confidence={kind: _tenths(found) for kind, found in zip(held, rows[len(linked) :], strict=True)},
        missing_definitions=_missing_definitions(store),
        undeclared=_undeclared(store, names),
    )


def _orphans(label: str) -> str:
    return f"MATCH (n:{label}) WHERE NOT (n)--() RETURN count(n) AS number"


def _confidence(kind: str) -> str:
    source, belief, target = kind.split()
    return f"""
        MATCH (:{source})-[r:{belief}]->(:{target})
        WHERE r.valid_to IS NULL OR r.valid_to > $as_of
        RETURN toInteger(r.confidence * {TENTHS}) AS tenth, count(*) AS number
    """


def _tenths(rows: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    number = [0] * TENTHS
    for row in rows:
        number[min(max(int(row["tenth"]), 0), TENTHS - 1)] += int(row["number"])
    return tuple(number)


def _missing_definitions(store: "GraphStore") -> tuple[str, ...]:
    loaded = sorted(row["layer"] for row in store.read(_LAYERS))  # what was never loaded has not been defined yet
    return tuple(f"{label}.{name}" for label, name in missing_definitions(store, loaded))


def _undeclared(store: "GraphStore", names: Names) -> tuple[str, ...]:
    """A server may remember names that nothing bears any more, so each of them is looked for."""
    labels = sorted(names.labels - {*NODE, OWNER_LABEL, statements.MARKER_LABEL})
    types = sorted(names.types - {one.type for one in RELATIONSHIPS})
    found = [f":{name}" for name in labels if store.read(f"MATCH (n:{_quoted(name)}) RETURN 1 AS one LIMIT 1")]
    found += [
        f"-[:{name}]-" for name in types if store.read(f"MATCH ()-[r:{_quoted(name)}]->() RETURN 1 AS one LIMIT 1")
    ]
    return tuple(sorted(found))


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"
