"""What the thin assets after perceive share: run the step of the partition's day, show its numbers, ask its checks."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dagster as dg

from lake.runs import RunRow
from pipelines.checks.after import CHECKS, findings
from pipelines.checks.check import Check, Finding, insist
from pipelines.code_version import code_version
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.opening import DayOpener, LogProgress
from pipelines.step import Outcome

Results = Iterator[dg.MaterializeResult[Any]]
Showing = Callable[[Day, RunRow], Mapping[str, Any]]


def check_specs(step: str, asset: str) -> list[dg.AssetCheckSpec]:
    """The checks of a step, on the asset that it makes."""
    return [
        dg.AssetCheckSpec(check.name, asset=asset, description=check.sentence, blocking=check.is_blocking)
        for check in CHECKS[step]
    ]


def run_step(
    context: dg.AssetExecutionContext,
    opener: DayOpener,
    step: Callable[[Day], Outcome],
    *,
    name: str,
    show: Showing | None = None,
    data_version: str | None = None,
) -> Results:
    """Run one step; its facts become metadata, beside what `show` adds; then ask what must hold after it.

    Args:
        context: Dagster's.
        opener: Opens the day of the partition.
        step: The step.
        name: Its name in the ledger.
        show: Further metadata: pictures, schemas, row counts.
        data_version: The fact whose value says which content the asset has.

    Raises:
        WarrantError: What the step raises, or a blocking check that fails.
    """
    with opener.working(context.partition_key, LogProgress(context.log.info)) as day:
        _insist_on_same_makers(day, day.current_run())
        outcome = step(day)
        run = day.current_run()
        metadata = {"run_id": run.run_id, "summary": outcome.text, **_plain(outcome.facts)}
        version = None if data_version is None else dg.DataVersion(str(outcome.facts[data_version]))
        metadata |= show(day, run) if show else {}
        yield from checked(day, run, name, metadata=metadata, data_version=version)


def checked(
    day: Day,
    run: RunRow,
    step: str,
    *,
    metadata: Mapping[str, Any],
    data_version: dg.DataVersion | None = None,
    asset: str | None = None,
) -> Results:
    """The materialisation of a step's asset together with what the step's checks found.

    Raises:
        PipelineError: A blocking check fails; materialisation and findings are recorded first.
    """
    asked = findings(day, run, step)
    results = [_check_result(check, finding) for check, finding in asked]
    yield dg.MaterializeResult(asset_key=asset, metadata=metadata, data_version=data_version, check_results=results)
    if any(check.is_done_again and not finding.holds for check, finding in asked):
        day.ledger.undo(run.run_id, step)
    for check, finding in asked:
        insist(check, finding, step=step, run=run)


def schema(columns: Mapping[str, Any]) -> dg.TableSchema:
    """A table's columns and their types, as Dagster shows them."""
    return dg.TableSchema(columns=[dg.TableColumn(name, _kind(kind)) for name, kind in columns.items()])


def _kind(kind: str | Mapping[str, str]) -> str:
    return kind if isinstance(kind, str) else f"list of {', '.join(kind)}"


def lineage(origins: Mapping[str, tuple[str, str]]) -> dg.TableColumnLineage:
    """Which asset's column each column comes from."""
    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(asset_key=dg.AssetKey(asset), column_name=origin)]
            for column, (asset, origin) in origins.items()
        }
    )


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: dg.MetadataValue.json(value) if isinstance(value, dict | list) else value for name, value in facts.items()
    }


def _check_result(check: Check, finding: Finding) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=check.name,
        passed=finding.holds,
        severity=dg.AssetCheckSeverity.ERROR if check.is_blocking else dg.AssetCheckSeverity.WARN,
        description=check.sentence if finding.holds else f"Not so: {check.sentence} {check.remedy}",
        metadata=_plain(finding.facts),
    )


def _insist_on_same_makers(day: Day, run: RunRow) -> None:
    """An asset may be materialised long after its run was opened; a run is decided by what it was opened with."""
    changed = [name for name, is_same in _sameness(day, run).items() if not is_same]
    if changed and "decide" not in run.steps:
        raise UsageError(
            f"the {' and the '.join(changed)} changed since the run {run.run_id} was opened.",
            where=str(day.playbook.folder),
            remedy="Materialise the asset `run` first: it opens a run for what is there now.",
        )


def _sameness(day: Day, run: RunRow) -> dict[str, bool]:
    return {
        "playbook": run.identity.playbook_digest == day.playbook.digest,
        "code": run.identity.code_version == code_version(),
    }
