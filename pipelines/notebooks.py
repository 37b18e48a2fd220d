"""Opening a playbook's graph in a notebook or script: the handle only reads, and knows the times of the last run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.asking import last_moments
from pipelines.day import open_day
from pipelines.graph_access import playbook_graph
from pipelines.people import acting, insist_on

if TYPE_CHECKING:
    from graph.reader import GraphReader


@contextmanager
def open_graph(playbook: Path | str | None = None, *, actor: str | None = None) -> Iterator["GraphReader"]:
    """The graph of a playbook, for reading.

    Args:
        playbook: Its folder; without it WARRANT_PLAYBOOK, else that of the last run.
        actor: Who reads, as `person:<key>`; without it WARRANT_ACTOR.

    Raises:
        RefusedError: The role may not see personal data, which nothing masks here.
        GraphUnreachable: No server answers.
    """
    from graph.reader import GraphReader

    day = open_day(Path(playbook) if playbook is not None else None, os.environ)
    insist_on(acting(day.playbook, actor, day.environment), "see personal data", day.playbook)
    with playbook_graph(day, for_reading=True) as store:
        yield GraphReader(store, last_moments(day))
