"""Which playbook a database belongs to: a marker node says so, since Neo4j Community has one database for everybody."""

from typing import TYPE_CHECKING, Final

from graph.errors import GraphRefused

if TYPE_CHECKING:
    from graph.store import GraphStore

MARKER_LABEL: Final = "WarrantGraph"

_ONE_OWNER: Final = """
CREATE CONSTRAINT warrant_graph_owner IF NOT EXISTS FOR (graph:WarrantGraph) REQUIRE graph.key IS UNIQUE
"""

_OWNER: Final = """
MATCH (graph:WarrantGraph {key: 'owner'}) RETURN graph.playbook AS playbook
"""

_FOREIGN_NODE: Final = """
MATCH (foreign) RETURN labels(foreign) AS labels LIMIT 1
"""

_CLAIM: Final = """
MERGE (graph:WarrantGraph {key: 'owner'})
ON CREATE SET graph.playbook = $playbook
"""


def owner(store: "GraphStore") -> str | None:
    """The playbook that the database belongs to, if any."""
    rows = store.read(_OWNER)
    return str(rows[0]["playbook"]) if rows else None


def claim(store: "GraphStore", playbook: str) -> None:
    """Make sure that the database belongs to this playbook; an empty one is taken.

    Raises:
        GraphRefused: When it belongs to another playbook, or holds nodes that no playbook put there.
    """
    if insist_on_owner(store, playbook) is None:
        store.write(_ONE_OWNER)
        store.write(_CLAIM, playbook=playbook)
        insist_on_owner(store, playbook)


def insist_on_owner(store: "GraphStore", playbook: str) -> str | None:
    """Make sure that the database belongs to this playbook or to nobody, without writing to it; whose it is.

    Whoever goes on must go on from this one answer: asked once more, another playbook may have come in between.

    Raises:
        GraphRefused: When it belongs to another playbook, or holds nodes that no playbook put there.
    """
    holder = owner(store)
    if holder is None and (foreign := store.read(_FOREIGN_NODE)):
        raise GraphRefused(
            f"The database holds nodes that Warrant did not write, such as one with labels {foreign[0]['labels']}.",
            where=store.target.uri,
            remedy="Give Warrant an empty database: it replaces what is in it.",
        )
    if holder not in (None, playbook):
        raise GraphRefused(
            f"The database belongs to the playbook `{holder}`, not to `{playbook}`.",
            where=store.target.uri,
            remedy="Use another Neo4j server for this playbook, or the embedded one, which has a database for each.",
        )
    return holder
