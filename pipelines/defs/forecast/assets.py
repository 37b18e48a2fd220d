"""The step `forecast` as an asset."""

from typing import Any

import dagster as dg

from forecasting.frames import CADENCE_COLUMNS, COUNTS, TEXTS, TIMES
from lake.runs import RunRow
from pipelines import steps
from pipelines.day import Day
from pipelines.defs.days import DAYS
from pipelines.defs.steps import Results, check_specs, lineage, run_step, schema
from pipelines.opening import DayOpener
from pipelines.pictures import rhythm_picture
from pipelines.stored import stored_forecasts

ORIGINS = {
    "customer_id": ("customers", "customer_id"),
    "category_id": ("categories", "category_id"),
    "shopping_days": ("purchases", "occurred_at"),
    "last_at": ("purchases", "occurred_at"),
    "margin_none": ("purchases", "net_value"),
    "purchase_spend": ("purchases", "net_value"),
}


def _type_of(column: str) -> str:
    types = {"text": TEXTS, "time": TIMES, "integer": COUNTS}
    return next((kind for kind, columns in types.items() if column in columns), "number")


@dg.asset(
    deps=["knowledge"],
    check_specs=check_specs("forecast", "forecasts"),
    partitions_def=DAYS,
    group_name="forecast",
    kinds={"scikitlearn"},
    metadata={"dagster/column_schema": schema({name: _type_of(name) for name in CADENCE_COLUMNS})},
)
def forecasts(context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]) -> Results:
    """What will happen without and with a touch: a row per customer and category, each effect with its evidence grade.

    Rhythm, baseline margin, uplift and chance of redemption. The schema is that of the rhythms.
    """
    yield from run_step(context, opener, steps.forecast, name="forecast", show=_show)


def _show(day: Day, run: RunRow) -> dict[str, Any]:
    cadence = stored_forecasts(day, run).cadence
    return {
        "dagster/row_count": len(cadence.customer_id),
        "dagster/column_lineage": lineage(ORIGINS),
        "picture": dg.MetadataValue.md(f"![]({rhythm_picture(cadence, run.identity.as_of)})"),
    }
