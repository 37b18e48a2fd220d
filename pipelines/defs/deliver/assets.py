"""The step `deliver` as an asset."""

from typing import Any

import dagster as dg

from lake.runs import RunRow
from pipelines import steps
from pipelines.channels.files import STANDARD_COLUMNS
from pipelines.day import Day
from pipelines.defs.days import DAYS
from pipelines.defs.steps import Results, check_specs, lineage, run_step, schema
from pipelines.opening import DayOpener

TYPES = {"send_at": "time", "expires_at": "time"}


@dg.asset(
    deps=["decision_graph"],
    check_specs=check_specs("deliver", "exports"),
    partitions_def=DAYS,
    group_name="deliver",
    kinds={"file"},
    metadata={"dagster/column_schema": schema({name: TYPES.get(name, "text") for name in STANDARD_COLUMNS})},
)
def exports(context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]) -> Results:
    """A file per channel with its manifest, after consent and caps were checked once more; nothing leaves twice.

    The schema is the standard one; `columns` in channels.yaml may choose and rename.
    """
    yield from run_step(context, opener, steps.deliver, name="deliver", show=_show)


def _show(day: Day, run: RunRow) -> dict[str, Any]:
    delivery = run.steps["deliver"]["facts"]
    return {
        "dagster/row_count": sum(delivery["by_channel"].values()),
        "dagster/column_lineage": lineage({name: ("decisions", name) for name in STANDARD_COLUMNS}),
        "folder": dg.MetadataValue.path(str(day.home.exports(day.playbook.name) / run.run_id)),
    }
