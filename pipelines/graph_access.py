"""Reaching the graph of a playbook: the server that the environment, the playbook or the state folder names."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.day import Day

if TYPE_CHECKING:
    from graph.store import GraphStore
    from graph.target import Target


def playbook_target(day: Day, step: str = "graph", *, name: str | None = None, address: str | None = None) -> "Target":
    """Where the graph of the day's playbook is; the embedded server is started on demand.

    Args:
        day: Whose playbook.
        step: Who is told of the server's start.
        name: Of the graph; without it the playbook's.
        address: Bolt address or `embedded`; without it what the environment says, then the playbook.

    Raises:
        GraphMisconfigured: The address is none.
        GraphUnreachable: The embedded server does not start.
    """
    from graph.target import resolve_target

    told = {} if address is None else {"WARRANT_GRAPH": address}
    return resolve_target(
        day.home.graph,
        name or day.playbook.name,
        {**day.environment, **told},
        day.playbook.warrant.graph.uri,
        report=lambda text: day.progress.doing(step, text),
    )


@contextmanager
def playbook_graph(day: Day, step: str = "graph", *, for_reading: bool = False) -> Iterator["GraphStore"]:
    """The store of the day's playbook; the embedded server is started on demand.

    Args:
        day: Whose playbook.
        step: Who is told of the server's start.
        for_reading: Take no possession of an empty database: whoever only asks writes nothing.

    Raises:
        GraphUnreachable: No server answers.
        GraphRefused: The database belongs to another playbook.
    """
    from graph.ownership import claim, insist_on_owner
    from graph.store import GraphStore

    with GraphStore.connect(playbook_target(day, step)) as store:
        (insist_on_owner if for_reading else claim)(store, day.playbook.name)
        yield store
