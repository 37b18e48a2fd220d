"""The step `project` as an asset."""

import dagster as dg

from pipelines import steps
from pipelines.defs.days import DAYS
from pipelines.defs.steps import Results, check_specs, run_step
from pipelines.opening import DayOpener


@dg.asset(
    deps=["decisions"],
    check_specs=check_specs("project", "decision_graph"),
    partitions_def=DAYS,
    group_name="project",
    kinds={"neo4j"},
)
def decision_graph(context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]) -> Results:
    """Motives and decisions in the graph, beside the runs before, with the versions that each run used."""
    yield from run_step(context, opener, steps.project, name="project")
