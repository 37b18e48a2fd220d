"""Reaching the graph of a playbook: the server that the environment, the playbook or the state folder names."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.day import Day
from pipelines.errors import UsageError

if TYPE_CHECKING:
    from graph.store import GraphStore
    from graph.target import Target

EMBEDDED: Final = "embedded"
ADDRESS: Final = "address"


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


@contextmanager
def past_graph(day: Day, moment: date) -> Iterator["GraphStore"]:
    """The store of a graph that `warrant graph rebuild --as-of` built, for reading.

    Raises:
        UsageError: None was built for that day.
        GraphUnreachable: No server answers.
    """
    from graph.ownership import insist_on_owner
    from graph.store import GraphStore

    note = past_state(day, moment) / ADDRESS
    if not note.is_file():
        built = sorted(path.parent.name[-len(str(moment)) :] for path in note.parents[1].glob(f"*/{ADDRESS}"))
        raise UsageError(
            f"no graph has been built for {moment}.",
            where="--past",
            remedy=f"Build it: warrant graph rebuild --as-of {moment}. There are: {', '.join(built) or 'none'}.",
        )
    name = past_name(day, moment)
    target = playbook_target(day, name=name, address=note.read_text(encoding="utf-8").strip())
    with GraphStore.connect(target) as store:
        insist_on_owner(store, name)
        yield store


def past_name(day: Day, moment: date) -> str:
    """What the graph of a past day is called: the playbook and the day."""
    return f"{day.playbook.name}-as-of-{moment}"


def past_state(day: Day, moment: date) -> Path:
    """Where it is noted what was loaded into the graph of a past day, and where that is."""
    return day.lake.root / "graph_state_past" / past_name(day, moment)
