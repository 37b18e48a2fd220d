"""Drift of the live models' inputs, as an asset of every day; where there is any, a challenger is trained."""

import dagster as dg

from pipelines.defs.days import DAYS
from pipelines.defs.steps import Results
from pipelines.opening import DayOpener, LogProgress

DRIFT = "model_drift"
DRIFTED = "drifted"
AS_LEARNT = "inputs_are_as_learnt"


@dg.asset(
    name=DRIFT,
    deps=["run"],
    check_specs=[dg.AssetCheckSpec(AS_LEARNT, asset=DRIFT, description="The live models see what they learnt from.")],
    partitions_def=DAYS,
    group_name="forecast",
    kinds={"scipy"},
)
def model_drift(context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]) -> Results:
    """Whether what the live models see is still distributed as what they learnt from, column by column."""
    from pipelines.forecasts.catalogue import trainable
    from pipelines.forecasts.drifting import drift_of

    with opener.working(context.partition_key, LogProgress(context.log.info)) as day:
        found = drift_of(day, day.current_run(), trainable())
    drifted = [model["what"] for model in found["models"] if model["has_drifted"]]
    yield dg.MaterializeResult(
        metadata={DRIFTED: dg.MetadataValue.json(drifted), "found": dg.MetadataValue.json(found)},
        check_results=[
            dg.AssetCheckResult(check_name=AS_LEARNT, passed=not drifted, severity=dg.AssetCheckSeverity.WARN)
        ],
    )
