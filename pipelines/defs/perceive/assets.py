"""Perceive as an asset per canonical table, and the run that their content opens."""

from typing import Any

import dagster as dg

from lake.columns import Table
from lake.tables import TABLES
from pipelines import steps
from pipelines.day import Day
from pipelines.defs.days import DAYS
from pipelines.defs.steps import Results, check_specs, checked
from pipelines.opening import DayOpener, LogProgress
from pipelines.perceive import Perceived

RUN = "run"


def _column_schema(table: Table) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                column.type,
                description=column.doc,
                constraints=dg.TableColumnConstraints(nullable=not column.required, unique=table.key == (column.name,)),
            )
            for column in table.columns
        ]
    )


def _table_spec(table: Table) -> dg.AssetSpec:
    return dg.AssetSpec(
        table.name,
        group_name="perceive",
        kinds={"duckdb", "deltalake"},
        skippable=True,  # a playbook has a source for some of them
        description=(
            f"The canonical table `{table.name}`, one row per {', '.join(table.key)}: what its source says about the "
            "time before this day. Rows that fail a check are in quarantine, each with its reason."
        ),
        metadata={"dagster/column_schema": _column_schema(table)},
    )


@dg.multi_asset(
    specs=[
        *(_table_spec(table) for table in TABLES.values()),
        dg.AssetSpec(
            RUN,
            deps=list(TABLES),
            group_name="perceive",
            kinds={"deltalake"},
            description="The run that the tables' content opens; its id is a hash of what goes into it.",
        ),
    ],
    check_specs=check_specs("perceive", RUN),
    partitions_def=DAYS,
    name="perceive",
)
def perceive(context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]) -> Results:
    """Load every source of the playbook into the lake and open the run."""
    from pipelines.checking import check_before_running

    with opener.working(context.partition_key, LogProgress(context.log.info)) as day:
        check_before_running(day.playbook, day.clock.day)
        perceived = steps.perceive_and_open(day)
        for name in perceived.rows:
            yield _table_result(day, perceived, name)
        run = day.current_run()
        metadata = {"run_id": run.run_id, "tables": _overview(perceived)}
        yield from checked(day, run, "perceive", metadata=metadata, asset=RUN)


def _table_result(day: Day, perceived: Perceived, name: str) -> dg.MaterializeResult[Any]:
    pin = perceived.pins[name]
    return dg.MaterializeResult(
        asset_key=name,
        metadata={
            "dagster/row_count": pin.rows,
            "dagster/uri": dg.MetadataValue.path(str(day.lake.root / "tables" / name)),
            "version": pin.version,
            "quarantined": perceived.quarantined.get(name, 0),
            "later than as-of": perceived.later.get(name, 0),
        },
        data_version=dg.DataVersion(pin.digest),
    )


def _overview(perceived: Perceived) -> dg.TableMetadataValue:
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "table": name,
                    "rows": rows,
                    "quarantined": perceived.quarantined.get(name, 0),
                    "later than as-of": perceived.later.get(name, 0),
                }
            )
            for name, rows in perceived.rows.items()
        ]
    )
