"""The step `decide` as an asset."""

from typing import Any

import dagster as dg

from decisioning.record_columns import RECORD_COLUMNS
from lake.runs import RunRow
from pipelines import steps
from pipelines.day import Day
from pipelines.defs.days import DAYS
from pipelines.defs.steps import Results, check_specs, lineage, run_step, schema
from pipelines.opening import DayOpener
from pipelines.pictures import decisions_picture

ORIGINS = {
    "run_id": ("run", "run_id"),
    "customer_id": ("customers", "customer_id"),
    "play": ("motives", "play"),
    "subject": ("motives", "subject"),
    "motive_sentence": ("motives", "sentence"),
    "facts": ("motives", "facts"),
    "asset_id": ("assets", "asset_id"),
    "asset_version": ("assets", "version"),
    "title": ("assets", "title"),
    "offer_id": ("offers", "offer_id"),
    "channel_id": ("channels", "channel_id"),
    "touch_cost": ("channels", "cost_per_touch"),
    "value": ("forecasts", "margin_none"),
}


@dg.asset(
    deps=["motives"],
    check_specs=check_specs("decide", "decisions"),
    partitions_def=DAYS,
    group_name="decide",
    kinds={"pandas", "scipy"},
    metadata={"dagster/column_schema": schema({**RECORD_COLUMNS, "digest": "text"})},
)
def decisions(context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]) -> Results:
    """One decision per customer, doing nothing included, within policies and limits, sealed under one root."""
    yield from run_step(context, opener, steps.decide, name="decide", show=_show, data_version="root")


def _show(_day: Day, run: RunRow) -> dict[str, Any]:
    summary = run.steps["decide"]["facts"]["summary"]
    return {
        "dagster/row_count": summary["customers"],
        "dagster/column_lineage": lineage(ORIGINS),
        "sends": summary["sends"],
        "held out": summary["held_out"],
        "value": summary["value"],
        "bound": summary["bound"],
        "picture": dg.MetadataValue.md(f"![]({decisions_picture(summary['plays'])})"),
    }
