"""The step `decide` as an asset."""

from typing import Any

import dagster as dg

from pipelines import steps
from pipelines.defs.days import DAYS
from pipelines.defs.steps import run_step
from pipelines.opening import DayOpener
from pipelines.pictures import decisions_picture_of


@dg.asset(
    deps=["motives"],
    partitions_def=DAYS,
    group_name="decide",
    kinds={"pandas", "scipy"},
    description="One decision per customer, within policies and limits, sealed under one root.",
)
def decisions(context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]) -> dg.MaterializeResult[Any]:
    """One decision per customer, within policies and limits, sealed under one root."""
    return run_step(context, opener, steps.decide, decisions_picture_of)
