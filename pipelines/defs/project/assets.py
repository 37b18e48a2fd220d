"""The step `project` as an asset."""

from typing import Any

import dagster as dg

from pipelines import steps
from pipelines.defs.days import DAYS
from pipelines.defs.steps import run_step
from pipelines.opening import DayOpener


@dg.asset(
    deps=["decisions"],
    partitions_def=DAYS,
    group_name="project",
    kinds={"neo4j"},
    description="Motives and decisions in the graph, with their provenance.",
)
def decision_graph(context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]) -> dg.MaterializeResult[Any]:
    """Motives and decisions in the graph, with their provenance."""
    return run_step(context, opener, steps.project)
