"""The step `relate` as an asset."""

from typing import Any

import dagster as dg

from lake.runs import RunRow
from pipelines import steps
from pipelines.affinity_map import audiences_apart, map_picture
from pipelines.day import Day
from pipelines.defs.days import DAYS
from pipelines.defs.steps import Results, check_specs, run_step
from pipelines.opening import DayOpener
from pipelines.playbook_settings import decision_settings
from pipelines.stored import stored_view


@dg.asset(
    deps=["run"],
    check_specs=check_specs("relate", "knowledge"),
    partitions_def=DAYS,
    group_name="relate",
    kinds={"neo4j"},
)
def knowledge(context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]) -> Results:
    """The reasoning graph up to date with the tables, and the view of it that the run decides from."""
    yield from run_step(context, opener, steps.relate, name="relate", show=_show, data_version="view")


def _show(day: Day, run: RunRow) -> dict[str, Any]:
    view = stored_view(day, run)
    picture = map_picture(view)
    return {
        "audiences": dg.MetadataValue.json(audiences_apart(view, decision_settings(day.playbook))),
        **({"picture": dg.MetadataValue.md(f"![]({picture})")} if picture else {}),
    }
