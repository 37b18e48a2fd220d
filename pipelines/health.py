"""The health of a playbook's graph: measured when it is related, kept with the run, and asked again by people."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from lake.freshness import freshness
from lake.runs import RunRow
from lake.tables import TABLES
from pipelines.day import Day
from pipelines.errors import PlaybookError
from pipelines.graph_access import playbook_graph
from pipelines.identities import stored_contested
from pipelines.playbook import Playbook
from pipelines.stored import canonical_tables

if TYPE_CHECKING:
    from graph.health.judge import Health, HealthSettings
    from graph.store import GraphStore

FRESHNESS_TABLES = tuple(sorted(name for name, table in TABLES.items() if table.event_time is not None))
LEVELS = ("ok", "warning", "alarm")
NOT_MEASURED: Mapping[str, Any] = MappingProxyType({"level": "ok", "trust": 1.0, "findings": ()})


def health_settings(playbook: Playbook) -> "HealthSettings":
    """The thresholds of the playbook; where it states none, the defaults.

    Raises:
        PlaybookError: A freshness is stated for a table whose rows do not happen at a time.
    """
    from graph.health.judge import HealthSettings, Threshold

    stated = playbook.warrant.health
    for name in stated.freshness_days:
        if name not in FRESHNESS_TABLES:
            raise PlaybookError(
                f"there is no freshness to judge of a table `{name}`.",
                where=playbook.files["warrant.yaml"].where(("health", "freshness_days", name)),
                remedy=f"Known: {', '.join(FRESHNESS_TABLES)}.",
            )
    given = stated.model_dump(exclude={"freshness_days"}, exclude_none=True)
    thresholds = {name: Threshold(**value) for name, value in given.items() if isinstance(value, dict)}
    return replace(HealthSettings(), **{**given, **thresholds})


def measure_health(day: Day, run: RunRow, store: "GraphStore", tables: Mapping[str, pd.DataFrame]) -> "Health":
    """Measure the graph and the sources that it was loaded from, as of the run.

    Args:
        day: Of the playbook, whose thresholds count.
        run: Whose tables and identities the graph was loaded from.
        store: The graph.
        tables: Canonical tables.
    """
    from graph.health.judge import judge
    from graph.health.state import read_state

    as_of = run.identity.as_of
    sources = freshness(tables, as_of=as_of, limits=day.playbook.warrant.health.freshness_days)
    contested = stored_contested(day.lake, run.run_id)["customers"].explode().nunique()
    return judge(read_state(store, as_of), sources, health_settings(day.playbook), contested_customers=contested)


def health_facts(health: "Health") -> dict[str, Any]:
    """A measurement as the ledger keeps it: plain JSON values."""
    state = health.state
    nodes, relationships = sum(state.nodes.values()), sum(state.relationships.values())
    return {
        "level": health.level,
        "trust": health.trust,
        "nodes": nodes,
        "relationships": relationships,
        "relationships_per_node": relationships / nodes if nodes else 0.0,
        "by_label": {name: count for name, count in state.nodes.items() if count},
        "by_kind": {name: count for name, count in state.relationships.items() if count},
        "confidence": {kind: list(tenths) for kind, tenths in state.confidence.items()},
        "findings": [asdict(finding) for finding in health.findings],
    }


def health_of(run: RunRow) -> Mapping[str, Any]:
    """What was measured when the run was related; of one from before anything was measured, that nothing was found."""
    measured: Mapping[str, Any] = run.steps["relate"]["facts"].get("health", NOT_MEASURED)
    return measured


def health_in_short(run: RunRow) -> dict[str, Any]:
    """Level and trust as they were measured for a run, and the findings that are worth a look, the worst first."""
    measured = health_of(run)
    return {"level": measured["level"], "trust": measured["trust"], "findings": not_well(measured)}


def trust_in(run: RunRow) -> float:
    """What the confidence of the run's decisions is multiplied with."""
    return float(health_of(run)["trust"])


def not_well(measured: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The findings that are worth a look, the worst first."""
    found = [one for one in measured["findings"] if one["level"] != "ok"]
    return sorted(found, key=lambda one: -LEVELS.index(one["level"]))


def growth(day: Day) -> list[dict[str, Any]]:
    """Logic compounding: how the graph grew from run to run, oldest first.

    Growth is that of relationships, the graph's complexity, against the run before; `per_day_pct` is the rate that
    gives it when compounded daily, None for the first run.

    Returns:
        `run_id`, `as_of`, `nodes`, `relationships`, `relationships_per_node`, `growth_pct`, `per_day_pct` each; of
        several runs of one moment the last.
    """
    rows: dict[datetime, dict[str, Any]] = {}
    for run in day.ledger.having("relate"):
        measured = run.steps["relate"]["facts"].get("health")
        if measured is None:  # related before health was measured
            continue
        kept = {name: measured[name] for name in ("nodes", "relationships", "relationships_per_node")}
        rows[run.identity.as_of] = {"run_id": run.run_id, "as_of": run.identity.as_of.isoformat(), **kept}
    moments = sorted(rows)
    for earlier, later in zip([None, *moments], moments, strict=False):
        before = rows[earlier]["relationships"] if earlier is not None else 0
        factor = rows[later]["relationships"] / before if before else None
        days = (later - earlier).total_seconds() / 86_400 if earlier is not None else 0.0
        rows[later]["growth_pct"] = None if factor is None else 100 * (factor - 1)
        rows[later]["per_day_pct"] = 100 * (factor ** (1 / days) - 1) if factor and days else None
    return [rows[moment] for moment in moments]


def health_now(day: Day) -> dict[str, Any]:
    """Measure the graph as it stands, with the tables of the newest run.

    Returns:
        As `health_facts`, with `run_id`, `as_of` and `growth`.

    Raises:
        UsageError: Nothing has been related yet.
    """
    run = day.related_run()
    as_of = run.identity.as_of
    tables = canonical_tables(day, run, FRESHNESS_TABLES)
    with playbook_graph(day, for_reading=True) as store:
        health = measure_health(day, run, store, tables)
    return {"run_id": run.run_id, "as_of": as_of.isoformat(), **health_facts(health), "growth": growth(day)}
