"""The step `relate` as an asset."""

import dagster as dg

from pipelines import steps
from pipelines.defs.days import DAYS
from pipelines.defs.steps import Results, check_specs, run_step
from pipelines.opening import DayOpener


@dg.asset(
    deps=["run"],
    check_specs=check_specs("relate", "knowledge"),
    partitions_def=DAYS,
    group_name="relate",
    kinds={"neo4j"},
)
def knowledge(context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]) -> Results:
    """The reasoning graph up to date with the tables, and the view of it that the run decides from."""
    yield from run_step(context, opener, steps.relate, name="relate", data_version="view")
