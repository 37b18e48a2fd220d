"""Projecting runs into the graph: what the lake says about a run, and what later runs have said since."""

from collections.abc import Callable, Collection
from datetime import datetime

import pandas as pd

from graph.decision_outcomes import outcomes_by_decision
from graph.decisions import Findings, Retention, RunFacts, project_run
from graph.load import LoadReport
from graph.store import GraphStore
from lake.runs import RunRow
from pipelines.acting import stored_actions
from pipelines.day import Day
from pipelines.stored import DECISIONS, MOTIVES, canonical_tables, graph_state, stored_records

Report = Callable[[str], None]


def project(
    day: Day, run: RunRow, store: GraphStore, *, asked_for: Collection[str] = (), report: Report | None = None
) -> LoadReport:
    """Write the motives and decisions of a run into the graph.

    Args:
        day: Of the run.
        run: A decided run.
        store: The graph.
        asked_for: Ids of decisions to write whatever the playbook keeps.
        report: Told, in sentences, what is being written.
    """
    return project_run(
        store,
        graph_state(day),
        run_facts(run),
        findings(day, run, asked_for),
        retention=retention(day),
        report=report,
    )


def run_facts(run: RunRow) -> RunFacts:
    """What the graph says about a run."""
    decided = run.steps["decide"]["facts"]
    return RunFacts(
        run_id=run.run_id,
        as_of=run.identity.as_of,
        code_version=run.identity.code_version,
        playbook_digest=run.identity.playbook_digest,
        tables=run.identity.tables,
        policies=tuple(sorted(decided["summary"]["refused_by_policy"])),
        policy_digest=decided["bundle"],
        models=run.steps["forecast"]["facts"]["models"],
    )


def findings(day: Day, run: RunRow, asked_for: Collection[str] = ()) -> Findings:
    """What a run leaves for the graph, with the newest word on outcomes and on who was decided later."""
    later = later_runs(day, run.identity.as_of)
    newest = max([run, *later], key=lambda one: one.identity.as_of)
    tables = canonical_tables(day, newest, ("outcomes", "touches"))
    decided_later = [day.lake.read_slice(DECISIONS, one.run_id, ["customer_id", "run_id"]) for one in later]
    return Findings(
        motives=day.lake.read_slice(MOTIVES, run.run_id),
        records=stored_records(day, run),
        outcomes=outcomes_by_decision(tables["outcomes"], tables["touches"]),
        decided_later=frozenset(pd.concat(decided_later)["customer_id"]) if decided_later else (),
        asked_for=asked_for,
        actions=stored_actions(day, run),
    )


def later_runs(day: Day, as_of: datetime) -> list[RunRow]:
    """The runs in the graph that know a later day."""
    return [run for run in day.ledger.having("project") if run.identity.as_of > as_of]


def retention(day: Day) -> Retention:
    """Which decisions the playbook keeps in the graph."""
    stated = day.playbook.warrant.graph.decisions
    return Retention(
        kept_days=stated.kept_days,
        sample_share=stated.sample_share,
        small_world=stated.small_world,
        seed=day.playbook.warrant.seed,
    )
