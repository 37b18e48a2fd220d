"""Checks of the graph's health: warnings that a person sees before the decisions suffer."""

from lake.runs import RunRow
from pipelines.checks.check import Check, Finding, found
from pipelines.day import Day
from pipelines.health import health_of, not_well


def _sources_are_fresh(_day: Day, run: RunRow) -> Finding:
    measured = health_of(run)
    stale = {one["subject"]: one["sentence"] for one in not_well(measured) if one["name"] == "freshness"}
    return found({"stale": stale}, trust=measured["trust"])


def _graph_is_well(_day: Day, run: RunRow) -> Finding:
    measured = health_of(run)
    ill = {
        f"{one['name']} {one['subject']}": f"{one['level']}: {one['sentence']}"
        for one in not_well(measured)
        if one["name"] != "freshness"
    }
    return found(
        {"not well": ill},
        trust=measured["trust"],
        nodes=measured["nodes"],
        relationships=measured["relationships"],
        relationships_per_node=round(measured["relationships_per_node"], 3),
    )


OF_HEALTH = (
    Check(
        "sources_are_fresh",
        "Every source has brought rows as lately as it usually does, or as the playbook asks.",
        _sources_are_fresh,
        remedy="See when each last brought some: warrant graph health. Until it does, confidence is lower.",
        is_blocking=False,
    ),
    Check(
        "graph_is_well",
        "Orphans, outdated beliefs, contested identities and schema drift are below their thresholds.",
        _graph_is_well,
        remedy="Look closer: warrant graph health. Rebuild the graph from the lake: warrant graph rebuild.",
        is_blocking=False,
    ),
)
