"""What a database has names, definitions and rows for: asked at once, instead of a question for each kind.

Most of the schema's kinds have no rows in most graphs. A server tells in one answer which labels and relationship types
it knows; it may know some that nothing bears any more, but none is borne that it does not know.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graph import statements
from graph.declarations import Kind, Layer, Node

if TYPE_CHECKING:
    from graph.store import GraphStore

_LABELS: Final = "CALL db.labels() YIELD label RETURN label"
_TYPES: Final = "CALL db.relationshipTypes() YIELD relationshipType RETURN relationshipType AS type"
_CONSTRAINTS: Final = "SHOW CONSTRAINTS YIELD labelsOrTypes, properties RETURN labelsOrTypes, properties"
_INDEXES: Final = "SHOW INDEXES YIELD labelsOrTypes, properties RETURN labelsOrTypes, properties"

Place = tuple[str, str]
"""A label and one of its properties."""


@dataclass(frozen=True)
class Names:
    """The labels and the relationship types that a database knows."""

    labels: frozenset[str]
    types: frozenset[str]

    def may_bear(self, kind: Kind) -> bool:
        """Whether there may be rows of a kind; where not, there are none."""
        if isinstance(kind, Node):
            return kind.label in self.labels
        return kind.type in self.types and kind.source in self.labels and kind.target in self.labels


def names_in_use(store: "GraphStore") -> Names:
    """Ask a database for its names."""
    labels, types = store.read_each([_LABELS, _TYPES])
    return Names(frozenset(row["label"] for row in labels), frozenset(row["type"] for row in types))


def counted(store: "GraphStore", kinds: Iterable[Kind], names: Names | None = None) -> dict[str, int]:
    """How many rows of each kind a database has.

    Args:
        store: The database.
        kinds: What to count.
        names: Its names, where they are known already.
    """
    asked = tuple(kinds)
    known = names or names_in_use(store)
    borne = [kind for kind in asked if known.may_bear(kind)]
    answers = store.read_each([statements.count(kind) for kind in borne])
    number = {kind.kind: int(rows[0]["number"]) for kind, rows in zip(borne, answers, strict=True)}
    return {kind.kind: number.get(kind.kind, 0) for kind in asked}


def missing_definitions(store: "GraphStore", layers: Iterable[Layer]) -> dict[Place, str]:
    """Constraints and indexes that layers declare and the database lacks: where, and the statement that makes it."""
    constraints, indexes = (
        {(label, name) for row in rows for label in row["labelsOrTypes"] or () for name in row["properties"] or ()}
        for rows in store.read_each([_CONSTRAINTS, _INDEXES])
    )
    declared = [one for layer in layers for one in statements.definitions(layer)]
    return {
        (one.label, one.name): one.statement
        for one in declared
        if (one.label, one.name) not in (constraints if one.is_unique else constraints | indexes)
    }
