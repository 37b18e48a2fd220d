"""What the thin assets after perceive share: run the step of the partition's day and show its numbers."""

from collections.abc import Callable
from typing import Any

import dagster as dg

from pipelines.day import Day
from pipelines.opening import DayOpener, LogProgress
from pipelines.step import Outcome


def run_step(
    context: dg.AssetExecutionContext,
    opener: DayOpener,
    step: Callable[[Day], Outcome],
    picture: Callable[[Day], str] | None = None,
) -> dg.MaterializeResult[Any]:
    """Run one step; its facts become metadata, beside a picture where people would rather look."""
    day = opener.open(context.partition_key, LogProgress(context.log.info))
    outcome = step(day)
    metadata: dict[str, Any] = {"run_id": day.current_run().run_id, "summary": outcome.text}
    metadata.update(
        {
            name: dg.MetadataValue.json(value) if isinstance(value, dict | list) else value
            for name, value in outcome.facts.items()
        }
    )
    if "rows" in outcome.facts and isinstance(outcome.facts["rows"], int):
        metadata["dagster/row_count"] = outcome.facts["rows"]
    if picture is not None:
        metadata["picture"] = dg.MetadataValue.md(f"![]({picture(day)})")
    return dg.MaterializeResult(metadata=metadata)
