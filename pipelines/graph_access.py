"""Reaching the graph of a playbook: the server that the environment, the playbook or the state folder names."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

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


def ask_graph(day: Day, statement: str, *, limit: int, seconds: float) -> dict[str, Any]:
    """Answer a person's read-only question.

    Returns:
        `columns`, `rows` (one mapping each) and `is_cut` when there are more rows than `limit`.

    Raises:
        GraphRefused: The statement would write.
    """
    from graph.read_only import refuse_writes

    refuse_writes(statement)
    with playbook_graph(day, for_reading=True) as store:
        answer = store.query_as_person(statement, limit_rows=limit, timeout=seconds)
    return {
        "columns": list(answer.columns),
        "rows": [{name: _plain(value) for name, value in row.items()} for row in answer.rows],
        "is_cut": answer.is_truncated,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
