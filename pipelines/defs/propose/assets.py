"""The step `propose` as an asset."""

from typing import Any

import dagster as dg

from pipelines import steps
from pipelines.defs.days import DAYS
from pipelines.defs.steps import run_step
from pipelines.opening import DayOpener


@dg.asset(
    deps=["forecasts"],
    partitions_def=DAYS,
    group_name="propose",
    kinds={"pandas"},
    description="Reasons to talk to a customer now, each with evidence and a sentence.",
)
def motives(context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]) -> dg.MaterializeResult[Any]:
    """Reasons to talk to a customer now, each with evidence and a sentence."""
    return run_step(context, opener, steps.propose)
