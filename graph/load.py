"""Loading a layer of the graph: only rows whose content changed are written, and a load that was cut short heals.

The content loaded last lies in the state folder under its digest, the token; a marker node in the graph says which
token it holds, and which one is being loaded. The same token means that there is nothing to do. A known token is the
base to compare with, also when the very same load was cut short and is repeated. In any other case the layer is wiped
and loaded in full.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graph import statements
from graph.beliefs import closed_table, earlier
from graph.content import Content, as_rows, check_endpoints, column_types, normal_form, whole_layer
from graph.declarations import Kind, Layer, Node
from graph.difference import Difference, difference
from graph.errors import GraphConflict, GraphError
from graph.in_use import counted, missing_definitions, names_in_use
from graph.loaded import (
    Marker,
    Shelf,
    Shelved,
    attributes_in,
    layers_above,
    layers_below,
    parts_of,
    read_marker,
    require_loaded,
    set_marker,
)
from graph.parts import Part
from graph.read_content import read_kinds
from graph.schema import KINDS, NODE, RELATIONSHIPS, kinds_of
from graph.store import BATCH_ROWS, Counters, GraphStore

Report = Callable[[str], None]


@dataclass(frozen=True)
class LoadReport:
    """What a load did, in rows (a node or a relationship each).

    Attributes:
        created: Rows that were not there.
        updated: Rows whose properties changed; a closed belief is one of them.
        deleted: Rows that are gone.
        unchanged: Rows that were not touched.
        counters: What the server itself counted, all statements together.
    """

    created: int
    updated: int
    deleted: int
    unchanged: int
    counters: Counters

    def __str__(self) -> str:
        if not (self.created or self.updated or self.deleted):
            return f"nothing to write, {self.unchanged:,} rows unchanged"
        parts = ("created", "updated", "deleted", "unchanged")
        return ", ".join(f"{getattr(self, part):,} {part}" for part in parts)


def load(
    store: GraphStore,
    state_folder: Path,
    layer: Layer,
    tables: Mapping[str, pd.DataFrame],
    *,
    report: Report | None = None,
) -> LoadReport:
    """Make a layer of the graph hold exactly these rows, writing only what differs; beliefs that are gone are closed.

    Args:
        store: The graph.
        state_folder: Where the content loaded last is kept; one per graph.
        layer: `knowledge` or `decisions`.
        tables: One table per kind of the layer (`graph.schema.KINDS`); a kind without table has no rows.
        report: Told, in sentences, what is being written.

    Raises:
        GraphContentError: The rows do not fit the schema, or a relationship has no node to start or end at.
        GraphFromNewerVersion: A newer version of Warrant has loaded the layer.
        GraphConflict: Somebody else has put a key there twice.
        GraphError: A layer below is not loaded completely, or the graph does not hold afterwards what was written.
    """
    shelf = Shelf(state_folder, layer)
    marker = read_marker(store, layer)
    parts = _with_earlier_beliefs(store, shelf.latest(marker), parts_of(whole_layer(layer, tables)))
    wanted = {name: part.table for name, part in parts.items()}
    check_endpoints(wanted, _loaded_below(store, state_folder, layer))
    token = shelf.put(parts)
    if marker == Marker(token):
        shelf.remember(token)
        return LoadReport(0, 0, 0, _size(wanted), Counters())
    loading = _Loading(store, layer, report or _silently)
    base = shelf.get(marker.token) if marker.loading in (None, token) else None
    if base is None:
        loading.wipe()
    loading.define()
    loading.mark(Marker(None if base is None else marker.token, token))
    changes = _changes(parts, base)
    loading.write(changes, is_repeated=base is not None and marker.loading is not None)
    loading.check_counts(changes, wanted)
    loading.mark(Marker(token, attributes=attributes_in(wanted)))
    shelf.remember(token)
    created, updated, deleted = (
        sum(len(getattr(change, part)) for change in changes.values()) for part in ("created", "updated", "deleted")
    )
    return LoadReport(created, updated, deleted, _size(wanted) - created - updated, loading.counters)


def loaded_tables(store: GraphStore, state_folder: Path, layer: Layer) -> dict[str, pd.DataFrame]:
    """The rows that a layer was given last, one table per kind; none when nothing was ever loaded."""
    content = Shelf(state_folder, layer).latest(read_marker(store, layer))
    return {name: table.to_pandas(integer_object_nulls=True) for name, table in (content or {}).items()}


def loaded_rows(store: GraphStore, state_folder: Path, layer: Layer) -> dict[str, int]:
    """How many rows of each kind a layer was given last; nothing when nothing was ever loaded."""
    content = Shelf(state_folder, layer).latest(read_marker(store, layer))
    return {} if content is None else content.rows


class _Loading:
    """The statements of one load and what the server counted."""

    def __init__(self, store: GraphStore, layer: Layer, report: Report) -> None:
        self.counters = Counters()
        self._store = store
        self._layer = layer
        self._report = report

    def mark(self, marker: Marker) -> None:
        self.counters += set_marker(self._store, self._layer, marker)

    def define(self) -> None:
        """Make sure of constraints and indexes: without them, every MERGE would look at every node."""
        try:
            for statement in missing_definitions(self._store, [self._layer]).values():
                self.counters += self._store.write(statement)
        except GraphConflict as twice:
            # somebody took a constraint away and wrote a key again: the next load starts from nothing
            self._forget(self._layer)
            raise GraphConflict(
                f"Somebody else has written to the graph: a key of the layer `{self._layer}` is there twice.",
                where=twice.where,
                remedy="Make sure that nobody else writes to this graph, then run the day again: it is loaded anew.",
            ) from twice

    def wipe(self) -> None:
        """Delete whatever the layer holds; the marker goes first, so that half a wipe is never taken for a content."""
        self._forget(self._layer)
        for layer in layers_above(self._layer):
            self._forget(layer)
        names = names_in_use(self._store)
        for kind in reversed([kind for kind in kinds_of(self._layer) if names.may_bear(kind)]):
            while (deleted := self._store.write(statements.wipe(kind))).has_changes:
                self.counters += deleted
                self._report(f"deleting {kind.kind}")

    def write(self, changes: Mapping[str, Difference], *, is_repeated: bool) -> None:
        """Nodes first, so that relationships find their ends; then what is gone, nodes last.

        Args:
            changes: What to change per kind.
            is_repeated: Whether some of it may have been written before, by a load that was cut short.
        """
        kinds = [KINDS[name] for name in changes]
        for kind in kinds:
            change = changes[kind.kind]
            upsert = statements.upsert(kind, column_types(change.created))
            create = upsert if is_repeated or isinstance(kind, Node) else statements.create(kind)
            self._in_batches("creating", kind, create, change.created)
            self._in_batches("updating", kind, upsert, change.updated)
        for kind in reversed(kinds):
            gone = changes[kind.kind].deleted
            if isinstance(kind, Node) and len(gone):
                self._release(kind, gone[kind.key].to_pylist())
            self._in_batches("deleting", kind, statements.delete(kind), gone.select(list(kind.key_columns)))

    def check_counts(self, changes: Mapping[str, Difference], wanted: Content) -> None:
        """Make sure that the graph holds as many of each kind that was touched as it should."""
        touched = [KINDS[name] for name, change in changes.items() if change.is_any]
        for name, found in counted(self._store, touched).items():
            if found != len(wanted[name]):
                # nobody knows what is in there, so that the next load starts from nothing
                self._forget(self._layer)
                raise GraphError(
                    f"The graph holds {found:,} rows of {name} after the load, not {len(wanted[name]):,}.",
                    where=self._store.target.uri,
                    remedy="Make sure that nobody else writes to this graph, then run the day again.",
                )

    def _in_batches(self, doing: str, kind: Kind, statement: str, rows: pa.Table) -> None:
        # a batch at a time becomes Python's own values, which take ten times the room
        for start in range(0, len(rows), BATCH_ROWS):
            batch = rows.slice(start, BATCH_ROWS)
            self.counters += self._store.write_batches(statement, as_rows(batch))
            self._report(f"{doing} {kind.kind}: {start + len(batch):,} of {len(rows):,}")

    def _release(self, node: Node, keys: list[str]) -> None:
        """Deleting a node takes the relationships of the layers above with it: those are then loaded anew."""
        for relationship in RELATIONSHIPS:
            is_above = relationship.layer in layers_above(self._layer)
            if is_above and node.label in (relationship.source, relationship.target):
                hanging = self._store.read(statements.count_hanging(relationship, node), keys=keys)[0]["number"]
                if hanging:
                    self._forget(relationship.layer)

    def _forget(self, layer: Layer) -> None:
        self.counters += self._store.write(statements.DELETE_MARKER, layer=layer)


def _changes(wanted: Mapping[str, Part], base: Shelved | None) -> dict[str, Difference]:
    """What is to change, for each kind that differs: two of one digest hold the same rows, which nobody has to read.

    A digest is SHA-256 of the whole content: that one change of a kind goes unseen has a chance of 2 ** -256.

    Args:
        wanted: The content to be.
        base: What the graph holds; None for nothing.
    """
    known = {} if base is None else base.digests
    changes = {}
    for name, part in wanted.items():
        if known.get(name) != part.digest:
            present = normal_form(KINDS[name], pd.DataFrame()) if base is None else base[name]
            changes[name] = difference(KINDS[name], present, part.table)
    return changes


def _with_earlier_beliefs(store: GraphStore, latest: Shelved | None, wanted: dict[str, Part]) -> dict[str, Part]:
    """The wanted content with the beliefs that were held before, closed where they no longer hold."""
    beliefs = [kind for kind in RELATIONSHIPS if kind.is_belief and kind.kind in wanted]
    if not beliefs:
        return wanted
    # the graph itself is asked when our own notes are gone
    held = read_kinds(store, beliefs) if latest is None else latest
    known = {} if latest is None else latest.digests
    complete = dict(wanted)
    for kind in beliefs:
        believed = wanted[kind.kind].table
        if known.get(kind.kind) == wanted[kind.kind].digest:
            continue  # exactly this was held before
        past = earlier(kind, held[kind.kind], believed)
        for label, end in ((kind.source, "from_key"), (kind.target, "to_key")):
            if len(past):  # looking up nothing would still cost a table of all nodes
                keys = wanted[label].table[NODE[label].key].combine_chunks()
                past = past.filter(pc.is_in(past[end], value_set=keys))
        if len(past):
            newest = _newest_evidence(wanted["Customer"].table, believed)
            complete[kind.kind] = Part(closed_table(kind, past, believed, newest), kind.key_columns)
    return complete


def _newest_evidence(customers: pa.Table, believed: pa.Table) -> pd.Timestamp | None:
    """The latest time in the evidence: the last purchase of all, or what the newest belief rests on."""
    newest = [pc.max(times).as_py() for times in (customers["last_purchase_at"], believed["valid_from"])]
    return max((pd.Timestamp(time) for time in newest if time is not None), default=None)


def _loaded_below(store: GraphStore, state_folder: Path, layer: Layer) -> Content:
    """The content of the layers below, as far as our notes go."""
    below: dict[str, pa.Table] = {}
    for other in layers_below(layer):
        below |= Shelf(state_folder, other).get(require_loaded(store, other).token) or {}
    return below


def _size(content: Content) -> int:
    return sum(len(table) for table in content.values())


def _silently(_: str) -> None:
    pass
