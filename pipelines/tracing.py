"""Tracing a subject through the lake: which runs, decisions, exports and outcomes its lineage is made of."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from decisioning.explain import evidence_steps, path_of, refusals_of
from graph.decision_outcomes import outcomes_by_decision
from graph.lineage import Direction, Traced, UnknownSubjectError, around, lineage
from graph.lineage_beliefs import rules_believing
from graph.lineage_sources import BELIEFS
from lake.reservations import Reservations
from lake.runs import RunRow
from lake.store import Only
from lake.tables import TABLES
from pipelines.day import Day
from pipelines.evidence import traced
from pipelines.explaining import find_decision
from pipelines.forecasts.deciding_with import FORECAST_TABLES
from pipelines.running import day_of_run
from pipelines.stored import DECISIONS, canonical_tables, graph_state

if TYPE_CHECKING:
    from networkx import DiGraph

SUBJECTS = ("customer", "decision", "run", "table", "asset", "policy")
COLUMNS = [
    "run_id",
    "decision_id",
    "customer_id",
    "verb",
    "is_ghost",
    "none_reason",
    "asset_id",
    "channel_id",
    "offer_id",
    "play",
    "subject",
    "evidence",
    "link",
    "candidates",
    "refusals",
]
OF_THE_PLAYBOOK: Mapping[str, tuple[str, ...]] = {
    "channels": ("channels.yaml",),
    "audiences": ("audiences.yaml",),
    "assets": ("content",),
    "consents": ("channels.yaml",),
    "touches": ("our own deliveries",),
    "assertions": ("journal",),
}
"""What tables are read from besides their source query."""


def trace(day: Day, subject: str, *, run_id: str | None = None, direction: Direction = "both") -> "DiGraph":
    """The lineage above and below a subject, with what a decision's or customer's evidence rests on.

    A customer and an asset are followed through all runs, a table and a policy through the last decided one; `run_id`
    says another.

    Args:
        day: Of the playbook.
        subject: `customer/…`, `decision/…`, `run/…`, `table/…`, `asset/…` or `policy/…`; ids of decisions and runs may
            be cut short.
        run_id: Follow this run only.
        direction: What to keep.

    Raises:
        UnknownSubjectError: Nothing goes by that name.
    """
    kind, _, key = subject.partition("/")
    if kind not in SUBJECTS or not key:
        raise UnknownSubjectError(
            f"`{subject}` is no subject.",
            where="warrant graph lineage",
            remedy=f"Write it like customer/1; kinds are {', '.join(SUBJECTS)}.",
        )
    if kind == "decision":
        run_id, key = find_decision(day, key)
        subject = f"decision/{key}"
    elif kind == "run":
        run_id = day.ledger.get(key).run_id
        subject = f"run/{run_id}"
    records = _records(day, kind, key, run_id)
    runs = [day_of_run(day, one).current_run() for one in records["run_id"].drop_duplicates()]
    if not runs:
        runs = [day_of_run(day, run_id).current_run()]
    rules = rules_believing(graph_state(day), BELIEFS)
    outcomes = _outcomes(day)
    is_traced = kind in ("decision", "customer")
    return around(
        lineage(
            _traced(day, run, records[records["run_id"] == run.run_id], rules, outcomes, is_traced=is_traced)
            for run in runs
        ),
        subject,
        direction,
    )


def _records(day: Day, kind: str, key: str, run_id: str | None) -> pd.DataFrame:
    """The records that matter for a subject: its own, or those of a run that made something of it."""
    only: dict[str, Sequence[str]] = {}
    if kind in ("customer", "asset", "decision"):
        only[f"{kind}_id"] = [key]
    elif kind in ("run", "table"):
        only["verb"] = ["send"]
    if run_id is not None or kind in ("table", "policy", "run"):
        only["run_id"] = [day_of_run(day, run_id).current_run().run_id]
    records = _decided(day, only)
    rows = records.to_dict("records")
    parsed = records.assign(
        refused_by=pd.Series([refusals_of(row) for row in rows], records.index, dtype=object),
        path=pd.Series([path_of(row) for row in rows], records.index, dtype=object),
    )
    if kind == "policy":
        policy = key.partition("@")[0]
        return parsed[[policy in refused for refused in parsed["refused_by"]]]
    return parsed


def _decided(day: Day, only: Only) -> pd.DataFrame:
    """Records of runs that did finish deciding."""
    decided = [run.run_id for run in day.ledger.having("decide")]
    if not decided:
        day_of_run(day, None)  # says that nothing has been decided yet
    found = day.lake.read_results(DECISIONS, COLUMNS, only=only)
    return found[found["run_id"].isin(decided)].sort_values(["run_id", "decision_id"], ignore_index=True)


def _traced(
    day: Day,
    run: RunRow,
    records: pd.DataFrame,
    rules: Mapping[str, Mapping[str, tuple[str, ...]]],
    outcomes: pd.DataFrame,
    *,
    is_traced: bool,
) -> Traced:
    related = run.steps["relate"]["facts"]
    measured = related.get("health", {})
    facts: dict[str, int] = dict(measured.get("by_label", {})) | dict(measured.get("by_kind", {}))
    decided = run.steps["decide"]["facts"]
    return Traced(
        run_id=run.run_id,
        as_of=run.identity.as_of,
        code=run.identity.code_version,
        playbook=run.identity.playbook_digest,
        tables={name: pin.digest for name, pin in run.pins.items()},
        sources={name: _sources(day, name) for name in run.pins},
        facts=facts,
        rules={kind: found for kind, found in rules.items() if kind in facts},
        view=str(related["view"]),
        models=run.steps["forecast"]["facts"]["models"],
        model_tables=FORECAST_TABLES,
        policies=tuple(sorted(decided["summary"]["refused_by_policy"])),
        policy_digest=str(decided["bundle"]),
        decisions=records,
        rows=_rows(day, run, records) if is_traced else {},
        batches=_batches(day, run, records),
        outcomes=outcomes[outcomes["decision_id"].isin(records["decision_id"])],
    )


def _sources(day: Day, table: str) -> tuple[str, ...]:
    """What a table is read from, relative to the playbook."""
    path = day.playbook.source_files.get(table)
    query = () if path is None else (path.relative_to(day.playbook.folder).as_posix(),)
    beside = OF_THE_PLAYBOOK.get(table, ())
    known = [one for one in beside if "." not in one or (day.playbook.folder / one).exists()]
    is_about_customers = (
        any(column.name == "customer_id" for column in TABLES[table].columns) if table in TABLES else False
    )
    identities = day.playbook.source_files.get("identities")
    if is_about_customers and identities is not None and table != "identities":
        known.append(identities.relative_to(day.playbook.folder).as_posix())  # says who is who
    return (*query, *known)


def _rows(day: Day, run: RunRow, records: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """The rows that the evidence of each decision rests on."""
    return {
        str(record["decision_id"]): tuple(
            dict.fromkeys(
                row["key"] for step in traced(day, run, evidence_steps(record["path"])) for row in step["rests_on"]
            )
        )
        for record in records.to_dict("records")
    }


def _batches(day: Day, run: RunRow, records: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """The batch that each delivered decision left in."""
    if "deliver" not in run.steps or records.empty:
        return {}
    batches: Mapping[str, Any] = run.steps["deliver"]["facts"]["batches"]
    held = Reservations(day.lake).held_on(date.fromisoformat(run.about["day"]))
    held = held[held["decision_id"].isin(records["decision_id"]) & held["channel_id"].isin(list(batches))]
    return {
        str(decision): (str(batches[channel]), str(channel))
        for decision, channel in zip(held["decision_id"], held["channel_id"], strict=True)
    }


def _outcomes(day: Day) -> pd.DataFrame:
    """What is known by now to have come of our touches."""
    newest = max(day.ledger.having("decide"), key=lambda run: run.identity.as_of)
    tables = canonical_tables(day, newest, ("outcomes", "touches"))
    return outcomes_by_decision(tables["outcomes"], tables["touches"])
