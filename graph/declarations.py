"""The shapes in which `graph.schema` declares the graph: properties, nodes, relationships."""

from dataclasses import dataclass, replace
from typing import Literal

PropertyType = Literal["text", "number", "integer", "boolean", "time", "texts"]
Sensitivity = Literal["business", "personal"]
Layer = Literal["knowledge", "decisions"]

LAYERS: tuple[Layer, ...] = ("knowledge", "decisions")
"""Layers are loaded separately; relationships of a layer may start or end at nodes of the layers before it."""


@dataclass(frozen=True)
class Property:
    """One property of a node or relationship.

    Attributes:
        name: Its name, lower_snake, unit included.
        type: Times are UTC to the microsecond; `texts` is a list of texts.
        doc: What it means.
        is_required: Whether it must have a value everywhere; a property without value is absent.
        is_indexed: Whether a range index is kept on it.
    """

    name: str
    type: PropertyType
    doc: str
    is_required: bool = False
    is_indexed: bool = False


@dataclass(frozen=True)
class Node:
    """One label.

    Attributes:
        label: PascalCase.
        key: The property that identifies a node; unique, a text.
        properties: All others.
        layer: The layer that owns it.
        sensitivity: `personal` when it describes a person, under a pseudonymous key.
        doc: What one node stands for.
        has_attributes: Whether further flat properties come with the data (the playbook's own columns).
    """

    label: str
    key: str
    properties: tuple[Property, ...]
    layer: Layer
    sensitivity: Sensitivity
    doc: str
    has_attributes: bool = False

    @property
    def kind(self) -> str:
        """Name of its table: the label."""
        return self.label

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns of its table that identify a row."""
        return (self.key,)

    @property
    def key_only(self) -> "Node":
        """The same label without its properties."""
        return replace(self, properties=())


@dataclass(frozen=True)
class Relationship:
    """One relationship type between two labels.

    Attributes:
        source: Label it starts at.
        type: UPPER_SNAKE.
        target: Label it ends at.
        layer: The layer that owns it.
        sensitivity: `personal` when it says something about a person.
        doc: What it says, read from source to target.
        properties: Its facts.
        identity: Properties that tell several relationships of one pair apart.
        collect_by: The smaller side, by which it is read in columns.
        is_belief: Whether rows that are gone are closed (`valid_to`) instead of deleted.
    """

    source: str
    type: str
    target: str
    layer: Layer
    sensitivity: Sensitivity
    doc: str
    properties: tuple[Property, ...] = ()
    identity: tuple[str, ...] = ()
    collect_by: Literal["source", "target"] = "target"
    is_belief: bool = False

    @property
    def kind(self) -> str:
        """Name of its table, such as `Customer BOUGHT Category`."""
        return f"{self.source} {self.type} {self.target}"

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns of its table that identify a row; the first two hold the keys of its two nodes."""
        return ("from_key", "to_key", *self.identity)


Kind = Node | Relationship
