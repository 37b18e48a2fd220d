"""What of a layer is loaded: the marker node in the graph, and the content behind it in the state folder."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow as pa

from graph import statements
from graph.content import ARROW_TYPES, Content, attributes_of, declared_types, normal_form
from graph.declarations import LAYERS, Layer, PropertyType
from graph.errors import GraphError, GraphFromNewerVersion
from graph.parts import Entry, Part, Parts
from graph.schema import KINDS, kinds_of
from graph.store import Counters, GraphStore
from lake.format import FORMAT

Attributes = Mapping[str, Mapping[str, PropertyType]]
"""Types of the attributes that came with the data, per label and name."""


@dataclass(frozen=True)
class Marker:
    """What the graph says about a layer.

    Attributes:
        token: The content it holds, or held when the load under way began; None when nobody knows.
        loading: The content that a load under way, or one that was cut short, is writing.
        attributes: Types of the attributes in the loaded content, also of those that nobody has.
    """

    token: str | None = None
    loading: str | None = None
    attributes: Attributes = field(default_factory=dict, compare=False)


def read_marker(store: GraphStore, layer: Layer) -> Marker:
    """The marker of a layer; one that says nothing when there is none.

    Raises:
        GraphFromNewerVersion: A newer version of Warrant has loaded the layer.
    """
    rows = store.read(statements.READ_MARKER, layer=layer)
    if not rows:
        return Marker()
    if (loaded_with := rows[0]["format"] or 0) > FORMAT:
        raise GraphFromNewerVersion(
            f"A newer version of Warrant has loaded the layer `{layer}` "
            f"(format {loaded_with}; this version reads up to {FORMAT}).",
            where=store.target.uri,
            remedy="Install that version or a newer one, or point WARRANT_GRAPH to another database.",
        )
    return Marker(rows[0]["token"], rows[0]["loading"], json.loads(rows[0]["attributes"] or "{}"))


def set_marker(store: GraphStore, layer: Layer, marker: Marker) -> Counters:
    """Write the marker of a layer."""
    return store.write(
        statements.SET_MARKER,
        layer=layer,
        token=marker.token,
        loading=marker.loading,
        attributes=json.dumps(marker.attributes, sort_keys=True),
        format=FORMAT,
    )


def require_loaded(store: GraphStore, layer: Layer) -> Marker:
    """The marker of a layer that is loaded completely.

    Raises:
        GraphError: It is not.
    """
    marker = read_marker(store, layer)
    if marker.token is None or marker.loading is not None:
        raise GraphError(
            f"The layer `{layer}` of the graph is not loaded completely.",
            where=store.target.uri,
            remedy="Run the day again: the step relate loads what is missing.",
        )
    return marker


def attributes_in(content: Content) -> Attributes:
    """The attributes that came with the data."""
    found = {name: attributes_of(table, KINDS[name]) for name, table in content.items()}
    return {name: types for name, types in found.items() if types}


def layers_below(layer: Layer) -> tuple[Layer, ...]:
    """The layers whose nodes its relationships may hang on."""
    return LAYERS[: LAYERS.index(layer)]


def layers_above(layer: Layer) -> tuple[Layer, ...]:
    """The layers whose relationships may hang on its nodes."""
    return LAYERS[LAYERS.index(layer) + 1 :]


def parts_of(content: Content) -> dict[str, Part]:
    """The tables of a content as they are stored: each with the columns that identify its rows, and its digest."""
    return {name: Part(table, KINDS[name].key_columns) for name, table in content.items()}


class Shelved(Mapping[str, pa.Table]):
    """A content that was loaded, with a place in today's schema for all of it; a kind is read when it is asked for.

    Kinds and properties that were added to the schema since are there without values.
    """

    def __init__(self, parts: Parts, entries: Mapping[str, Entry], layer: Layer) -> None:
        self._parts = parts
        self._entries = entries
        self._kinds = {kind.kind: kind for kind in kinds_of(layer)}
        self._read: dict[str, pa.Table] = {}

    def __getitem__(self, name: str) -> pa.Table:
        if name not in self._read:
            self._read[name] = self._of_today(name)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    @property
    def digests(self) -> dict[str, str]:
        """The digest of each kind as it was stored."""
        return {name: entry.digest for name, entry in self._entries.items()}

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each kind has, without reading them all."""
        return {name: self._parts.rows(self._entries[name]) if name in self._entries else 0 for name in self}

    @cached_property
    def has_a_place(self) -> bool:
        """Whether today's schema has all of its kinds and properties: nobody could take others out row by row."""
        return set(self._entries) <= set(self._kinds) and all(map(self._is_declared, self._entries))

    def _is_declared(self, name: str) -> bool:
        kind, columns = self._kinds[name], self._parts.columns(self._entries[name])
        return getattr(kind, "has_attributes", False) or set(columns) <= set(declared_types(kind))

    def _of_today(self, name: str) -> pa.Table:
        kind = self._kinds[name]
        if name not in self._entries:
            return normal_form(kind, pd.DataFrame())
        table, types = self._parts.read(self._entries[name]), declared_types(kind)
        for added in (one for one in types if one not in table.column_names):
            type_ = ARROW_TYPES[types[added]]
            table = table.append_column(pa.field(added, type_), pa.nulls(len(table), type_))
        return table


class Shelf:
    """The contents of a layer that were loaded, in the state folder of a graph."""

    def __init__(self, state_folder: Path, layer: Layer) -> None:
        self._layer = layer
        self._parts = Parts(state_folder / layer)
        self._pointer = state_folder / layer / "latest"
        self._found: dict[str, Shelved] = {}

    def put(self, parts: Mapping[str, Part]) -> str:
        """Store a content, as `parts_of` gives it; its token."""
        return self._parts.store(parts)

    def get(self, token: str | None) -> Shelved | None:
        """The content of a token, if it is here and today's schema has a place for all of it."""
        if token is None or not self._parts.holds(token):
            return None
        if token not in self._found:
            self._found[token] = Shelved(self._parts, self._parts.entries(token), self._layer)
        return self._found[token] if self._found[token].has_a_place else None

    def latest(self, marker: Marker) -> Shelved | None:
        """The content that was loaded last: by the graph's own word, or by ours where it has none that is complete."""
        if marker.loading is None and (found := self.get(marker.token)) is not None:
            return found
        return self.get(self._pointer.read_text(encoding="utf-8")) if self._pointer.exists() else None

    def kind(self, name: str) -> pa.Table | None:
        """One kind of what was loaded last, by our own notes and without asking the graph; None without a note."""
        if not self._pointer.exists():
            return None
        entry = self._parts.entries(self._pointer.read_text(encoding="utf-8")).get(name)
        return None if entry is None else self._parts.read(entry)

    def remember(self, token: str) -> None:
        """Note that this content was loaded last, and drop all others."""
        draft = self._pointer.with_suffix(".draft")
        draft.write_text(token, encoding="utf-8")
        draft.replace(self._pointer)
        self._parts.keep_only([token])
