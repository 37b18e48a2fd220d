"""The step `deliver` as an asset."""

from typing import Any

import dagster as dg

from pipelines import steps
from pipelines.defs.days import DAYS
from pipelines.defs.steps import run_step
from pipelines.opening import DayOpener


@dg.asset(
    deps=["decision_graph"],
    partitions_def=DAYS,
    group_name="deliver",
    kinds={"file"},
    description="A file per channel with its manifest; nothing is delivered twice.",
)
def exports(context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]) -> dg.MaterializeResult[Any]:
    """A file per channel with its manifest; nothing is delivered twice."""
    return run_step(context, opener, steps.deliver)
