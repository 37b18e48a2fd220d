"""What of a layer is loaded: the marker node in the graph, and the content behind it in the state folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa

from graph import statements
from graph.content import ARROW_TYPES, Content, attributes_of, declared_types, normal_form
from graph.declarations import LAYERS, Layer, PropertyType
from graph.errors import GraphError, GraphFromNewerVersion
from graph.parts import Part, Parts
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


class Shelf:
    """The contents of a layer that were loaded, in the state folder of a graph."""

    def __init__(self, state_folder: Path, layer: Layer) -> None:
        self._layer = layer
        self._parts = Parts(state_folder / layer)
        self._pointer = state_folder / layer / "latest"

    def put(self, content: Content) -> str:
        """Store a content; its token."""
        return self._parts.store({name: Part(table, KINDS[name].key_columns) for name, table in content.items()})

    def get(self, token: str | None) -> Content | None:
        """The content of a token, if it is here and today's schema has a place for all of it."""
        if token is None or not self._parts.holds(token):
            return None
        return _of_today(self._parts.load(token)[0], self._layer)

    def latest(self, marker: Marker) -> Content | None:
        """The content that was loaded last: by the graph's own word, or by ours where it has none that is complete."""
        if marker.loading is None and (found := self.get(marker.token)) is not None:
            return found
        return self.get(self._pointer.read_text(encoding="utf-8")) if self._pointer.exists() else None

    def kind(self, name: str) -> pa.Table | None:
        """One kind of what was loaded last, by our own notes and without asking the graph; None without a note."""
        if not self._pointer.exists():
            return None
        return self._parts.load_one(self._pointer.read_text(encoding="utf-8"), name)

    def remember(self, token: str) -> None:
        """Note that this content was loaded last, and drop all others."""
        draft = self._pointer.with_suffix(".draft")
        draft.write_text(token, encoding="utf-8")
        draft.replace(self._pointer)
        self._parts.keep_only([token])


def _of_today(content: Content, layer: Layer) -> Content | None:
    """A content that an older schema made, with the kinds and properties that were added since, without values.

    None when it holds what the schema no longer has: nobody could take that out of the graph row by row.
    """
    owned = {kind.kind: kind for kind in kinds_of(layer)}
    if not set(content) <= set(owned):
        return None
    complete = {name: content.get(name, normal_form(kind, pd.DataFrame())) for name, kind in owned.items()}
    for name, table in complete.items():
        types, has_attributes = declared_types(owned[name]), getattr(owned[name], "has_attributes", False)
        if not (has_attributes or set(table.column_names) <= set(types)):
            return None
        for added in (one for one in types if one not in table.column_names):
            complete[name] = complete[name].append_column(
                pa.field(added, ARROW_TYPES[types[added]]), pa.nulls(len(table), ARROW_TYPES[types[added]])
            )
    return complete
