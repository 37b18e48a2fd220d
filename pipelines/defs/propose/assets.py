"""The step `propose` as an asset."""

from typing import Any

import dagster as dg

from decisioning.motives import MOTIVE_COLUMNS
from lake.runs import RunRow
from pipelines import steps
from pipelines.day import Day
from pipelines.defs.days import DAYS
from pipelines.defs.steps import Results, check_specs, lineage, run_step, schema
from pipelines.opening import DayOpener

TYPES = {"strength": "number", "starts_at": "time", "until": "time"}


@dg.asset(
    deps=["forecasts"],
    check_specs=check_specs("propose", "motives"),
    partitions_def=DAYS,
    group_name="propose",
    kinds={"pandas"},
    metadata={"dagster/column_schema": schema({name: TYPES.get(name, "text") for name in MOTIVE_COLUMNS})},
)
def motives(context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]) -> Results:
    """Reasons to talk to a customer now: a row per customer, play and subject, with its evidence and a sentence."""
    yield from run_step(context, opener, steps.propose, name="propose", show=_show)


def _show(_day: Day, run: RunRow) -> dict[str, Any]:
    return {
        "dagster/row_count": run.steps["propose"]["facts"]["rows"],
        "dagster/column_lineage": lineage({"customer_id": ("customers", "customer_id")}),
    }
