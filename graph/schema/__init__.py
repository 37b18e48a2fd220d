"""What the reasoning graph holds, declared once: labels, keys, typed properties, sensitivity, relationship types.

Constraints, indexes and write statements (`graph.statements`), checks (`graph.content`) and the page
`docs/reference/graph.md` (`graph.schema_page`) derive from here; `python -m graph.schema` writes that page anew. The
embedded server keeps labels and relationship types in one namespace: no label may be named like a type.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from graph.declarations import Kind, Layer, Node, Relationship
from graph.schema import beliefs, catalogue, content, decisions, market, people

NODES: tuple[Node, ...] = (*people.NODES, *catalogue.NODES, *content.NODES, *market.NODES, *decisions.NODES)
"""Every label, nodes of the layer `knowledge` first."""

RELATIONSHIPS: tuple[Relationship, ...] = (
    *people.RELATIONSHIPS,
    *catalogue.RELATIONSHIPS,
    *content.RELATIONSHIPS,
    *market.RELATIONSHIPS,
    *beliefs.RELATIONSHIPS,
    *decisions.RELATIONSHIPS,
)
"""Every relationship type between two labels, those of the layer `knowledge` first."""

NODE: Mapping[str, Node] = MappingProxyType({node.label: node for node in NODES})
"""Every node by its label."""

RELATIONSHIP: Mapping[str, Relationship] = MappingProxyType({one.kind: one for one in RELATIONSHIPS})
"""Every relationship by the name of its table."""

_ALL: tuple[Kind, ...] = (*NODES, *RELATIONSHIPS)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.kind: kind for kind in _ALL})
"""Every node and relationship by the name of its table."""


def kinds_of(layer: Layer) -> Iterator[Kind]:
    """Nodes, then relationships, that a layer owns."""
    return (kind for kind in KINDS.values() if kind.layer == layer)
