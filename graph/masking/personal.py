"""Which labels and relationship types say nothing about a person, as the schema declares it; all others may."""

from typing import Final

from graph.schema import NODE, NODES, RELATIONSHIPS

_PERSONAL_TYPES: Final = frozenset(one.type for one in RELATIONSHIPS if one.sensitivity != "business")

OPEN_LABELS: Final = frozenset(
    node.label for node in NODES if node.sensitivity == "business" and not node.has_attributes
) | {"Run"}
"""Labels whose every property is about nobody; a run's further properties are counts."""

OPEN_TYPES: Final = frozenset(one.type for one in RELATIONSHIPS) - _PERSONAL_TYPES
"""Relationship types that are about nobody, whatever they join."""


def key_of(labels: frozenset[str]) -> str | None:
    """The property that identifies a node with this one label, if the schema declares it."""
    declared = [NODE[label].key for label in labels if label in NODE]
    return declared[0] if len(labels) == len(declared) == 1 else None
