"""Reaching the graph of a playbook: the server that the environment, the playbook or the state folder names."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.day import Day

if TYPE_CHECKING:
    from graph.store import GraphStore


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
    from graph.store import GraphStore, resolve_target

    target = resolve_target(
        day.home.graph,
        day.playbook.name,
        day.environment,
        day.playbook.warrant.graph.uri,
        report=lambda text: day.progress.doing(step, text),
    )
    with GraphStore.connect(target) as store:
        (insist_on_owner if for_reading else claim)(store, day.playbook.name)
        yield store
