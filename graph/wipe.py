"""Emptying a database that is ours, down to what nobody declared: before it is built anew."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from graph.ownership import MARKER_LABEL as OWNER_LABEL
from graph.statements import MARKER_LABEL

if TYPE_CHECKING:
    from graph.store import GraphStore

BATCH: Final = 20_000

_RELATIONSHIPS: Final = f"MATCH ()-[r]->() WITH r LIMIT {BATCH} DELETE r"
_NODES: Final = f"MATCH (n) WHERE NOT n:{OWNER_LABEL} WITH n LIMIT {BATCH} DELETE n"


def wipe(store: "GraphStore", *, report: Callable[[str], None]) -> None:
    """Delete every relationship and every node, in transactions of 20,000; constraints and indexes stay.

    What tells that a layer is loaded goes first of all, so that half a wipe is never taken for a content; what tells
    whose the database is stays, so that the rest of a wipe that was cut short is still ours.

    Args:
        store: The database; whether it is ours is for the caller to know.
        report: Told, in sentences, what is being deleted.
    """
    store.write(f"MATCH (marker:{MARKER_LABEL}) DELETE marker")
    for what, statement in (("relationships", _RELATIONSHIPS), ("nodes", _NODES)):
        done = 0
        while store.write(statement).has_changes:
            done += BATCH
            report(f"deleting {what}: {done:,}")
