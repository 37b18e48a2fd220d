"""Perceive as an asset per canonical table, and the run that their content opens."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from lake.tables import TABLES
from pipelines import steps
from pipelines.defs.days import DAYS
from pipelines.opening import DayOpener, LogProgress

RUN = "run"


def _column_schema(name: str) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                column.type,
                description=column.doc,
                constraints=dg.TableColumnConstraints(nullable=not column.required),
            )
            for column in TABLES[name].columns
        ]
    )


@dg.multi_asset(
    specs=[
        *(
            dg.AssetSpec(
                name,
                group_name="perceive",
                kinds={"duckdb", "deltalake"},
                skippable=True,
                description=f"Canonical table `{name}` of this day; rows that fail are in quarantine.",
                metadata={"dagster/column_schema": _column_schema(name)},
            )
            for name in TABLES
        ),
        dg.AssetSpec(
            RUN,
            deps=list(TABLES),
            group_name="perceive",
            kinds={"deltalake"},
            description="The run that the tables' content opens; its id is a hash of what went in.",
        ),
    ],
    partitions_def=DAYS,
    name="perceive",
)
def perceive(
    context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]
) -> Iterator[dg.MaterializeResult[Any]]:
    """Load every source of the playbook into the lake and open the run."""
    day = opener.open(context.partition_key, LogProgress(context.log.info))
    perceived = steps.perceive_and_open(day)
    for name, rows in perceived.rows.items():
        yield dg.MaterializeResult(
            asset_key=name,
            metadata={
                "dagster/row_count": rows,
                "quarantined": perceived.quarantined.get(name, 0),
                "later than as-of": perceived.later.get(name, 0),
                "content digest": perceived.pins[name].digest,
            },
            data_version=dg.DataVersion(perceived.pins[name].digest),
        )
    yield dg.MaterializeResult(asset_key=RUN, metadata={"run_id": day.current_run().run_id})


@dg.asset_check(asset=RUN, blocking=True, description="Every source had at least one row that can be used.")
def every_source_has_usable_rows(
    context: dg.AssetCheckExecutionContext, opener: dg.ResourceParam[DayOpener]
) -> dg.AssetCheckResult:
    """A source whose rows all went to quarantine stops the day."""
    about = opener.open(context.partition_key, LogProgress(context.log.info)).current_run().about
    unusable = [name for name, rows in about["rows"].items() if rows == 0 and about["quarantined"].get(name, 0) > 0]
    return dg.AssetCheckResult(passed=not unusable, metadata={"tables without a usable row": unusable})
