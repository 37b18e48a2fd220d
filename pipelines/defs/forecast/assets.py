"""The step `forecast` as an asset."""

from typing import Any

import dagster as dg

from pipelines import steps
from pipelines.defs.days import DAYS
from pipelines.defs.steps import run_step
from pipelines.opening import DayOpener
from pipelines.pictures import rhythm_picture_of


@dg.asset(
    deps=["knowledge"],
    partitions_def=DAYS,
    group_name="forecast",
    kinds={"scikitlearn"},
    description="Rhythm, baseline, uplift and redemption, each with its interval and evidence grade.",
)
def forecasts(context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]) -> dg.MaterializeResult[Any]:
    """Rhythm, baseline, uplift and redemption, each with its interval and evidence grade."""
    return run_step(context, opener, steps.forecast, rhythm_picture_of)
