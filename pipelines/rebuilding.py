"""Building the graph anew from the lake: as it should stand now, or in a second database as it was on a past day."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from lake.known import known_at
from lake.runs import playbook_lock
from pipelines.clock import local_midnight
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.graph_access import ADDRESS, EMBEDDED, past_name, past_state, playbook_target
from pipelines.projecting import project
from pipelines.steps import RELATED_TABLES, knowledge
from pipelines.stored import canonical_tables, graph_state

if TYPE_CHECKING:
    from graph.store import GraphStore
    from graph.target import Target


def rebuild_graph(day: Day) -> dict[str, Any]:
    """Empty the playbook's graph and load it again from the lake: what was related last, and every run projected.

    Beliefs that were closed come back as they were. A rebuild that is cut short is mended by the next rebuild or run.

    Returns:
        `run_id`, `as_of`, `runs` (projected), `nodes` and `relationships`.

    Raises:
        UsageError: Nothing has been related yet.
        PlaybookBusyError: A run is under way.
    """
    from graph.load import load

    run = day.related_run()
    with playbook_lock(day.lake.root):
        day.progress.started("rebuild")
        tables = canonical_tables(day, run, RELATED_TABLES)
        day.progress.doing("rebuild", "relating the tables")
        wanted = knowledge(day, run, tables, as_of=run.identity.as_of)
        with _emptied(day, playbook_target(day, "rebuild"), day.playbook.name) as store:
            load(store, graph_state(day), "knowledge", wanted, report=lambda text: day.progress.doing("rebuild", text))
            runs = sorted(day.ledger.having("project"), key=lambda one: one.identity.as_of)
            for number, projected in enumerate(runs, start=1):
                day.progress.doing("rebuild", f"projecting run {number} of {len(runs)}")
                project(day, projected, store)
            counted = _counted(store)
    return {"run_id": run.run_id, "as_of": run.identity.as_of.isoformat(), "runs": len(runs), **counted}


def rebuild_past(
    day: Day, moment: date, *, learnt_by: datetime | None = None, into: str | None = None
) -> dict[str, Any]:
    """Load the graph as it was at a past day into a database of its own, from the tables of the newest run.

    Args:
        day: The playbook.
        moment: The day, 00:00 in the playbook's time zone; what happened at or after it is left out.
        learnt_by: Count only what had been learnt by then. Without it, everything that is known by now counts from when
            it happened, however late it came.
        into: Bolt address of an empty Neo4j; without it a database of the embedded server, named after the day.

    Returns:
        `run_id` (whose tables), `as_of`, `as_of_day`, `known_at`, `database`, `address`, `nodes` and `relationships`.

    Raises:
        UsageError: Nothing has been related yet, or the day lies after what was; or the graph is a Neo4j, which has
            room for one, and no other is named.
        PlaybookBusyError: A run or an erasure is under way.
    """
    from graph.load import load

    run = day.related_run()
    as_of = local_midnight(moment, day.playbook.timezone)
    if as_of > run.identity.as_of:
        raise UsageError(
            f"{moment} lies after what is known, {run.about['day']}.", where="--as-of", remedy="Run that day first."
        )
    day.progress.started("rebuild")
    name = past_name(day, moment)
    target = past_target(day, moment, into)
    state = past_state(day, moment)
    with playbook_lock(day.lake.root):  # nobody is erased between reading the tables and noting where the graph is
        tables = known_at(canonical_tables(day, run, RELATED_TABLES), learnt_by or day.clock.now)
        day.progress.doing("rebuild", "relating the tables")
        wanted = knowledge(day, run, tables, as_of=as_of)
        with _emptied(day, target, name) as store:
            load(store, state, "knowledge", wanted, report=lambda text: day.progress.doing("rebuild", text))
            counted = _counted(store)
        (state / ADDRESS).write_text(f"{into or EMBEDDED}\n", encoding="utf-8")
    return {
        "run_id": run.run_id,
        "as_of": as_of.isoformat(),
        "as_of_day": str(moment),
        "known_at": learnt_by.isoformat() if learnt_by else None,
        "address": target.uri,
        "database": target.database,
        **counted,
    }


def past_target(day: Day, moment: date, into: str | None = None) -> "Target":
    """The database of a past graph.

    Raises:
        UsageError: The playbook's graph is a Neo4j, which has room for one, and no other is named.
    """
    if into is None and playbook_target(day, "rebuild").kind != "embedded":
        raise UsageError(
            "Neo4j has room for one graph, and it holds the present.",
            where="--into",
            remedy="Name the Bolt address of a second, empty Neo4j: --into bolt://…; or `--into embedded`.",
        )
    return playbook_target(day, "rebuild", name=past_name(day, moment), address=into or EMBEDDED)


@contextmanager
def _emptied(day: Day, target: "Target", owner: str) -> Iterator["GraphStore"]:
    """A store on a database of ours with nothing in it."""
    from graph.ownership import claim, insist_on_owner
    from graph.store import GraphStore
    from graph.wipe import wipe

    with GraphStore.connect(target) as store:
        insist_on_owner(store, owner)
        wipe(store, report=lambda text: day.progress.doing("rebuild", text))
        claim(store, owner)
        yield store


def _counted(store: "GraphStore") -> dict[str, int]:
    nodes = store.read("MATCH (n) RETURN count(n) AS number")[0]["number"]
    relationships = store.read("MATCH ()-[r]->() RETURN count(r) AS number")[0]["number"]
    return {"nodes": nodes, "relationships": relationships}
