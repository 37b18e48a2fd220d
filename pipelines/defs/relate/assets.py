"""The step `relate` as an asset."""

from typing import Any

import dagster as dg

from pipelines import steps
from pipelines.defs.days import DAYS
from pipelines.defs.steps import run_step
from pipelines.opening import DayOpener


@dg.asset(
    deps=["run"],
    partitions_def=DAYS,
    group_name="relate",
    kinds={"neo4j"},
    description="The reasoning graph up to date, and the view that the run decides from.",
)
def knowledge(context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]) -> dg.MaterializeResult[Any]:
    """The reasoning graph up to date, and the view that the run decides from."""
    return run_step(context, opener, steps.relate)
