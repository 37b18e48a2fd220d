"""The code location: all assets, their job, its schedule. Loading it reads no playbook, no database and no file."""

import functools
import os
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from lake.tables import TABLES
from pipelines.dagster_history import opened_instance
from pipelines.dagster_home import prepare_storage
from pipelines.day import Day
from pipelines.defs.days import DAYS, FIRST_DAY
from pipelines.defs.perceive.assets import RUN
from pipelines.defs.train.drift import DRIFT, DRIFTED
from pipelines.errors import UsageError
from pipelines.opening import DayFromEnvironment, DayOpener, OpenedDay, day_due, training_due

JOB = "daily"
TRAINING_JOB = "retrain"
TRAINED = dg.AssetSelection.groups("train")
ASSETS_OF_STEP = {
    "relate": "knowledge",
    "forecast": "forecasts",
    "propose": "motives",
    "decide": "decisions",
    "project": "decision_graph",
    "deliver": "exports",
}


@dg.schedule(
    job_name=JOB,
    cron_schedule="0 * * * *",
    description="Runs the day at four in the morning of the playbook's own time zone; it looks once an hour.",
)
def every_morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Ask for the day that is due, if one is."""
    due = day_due(os.environ, context.scheduled_execution_time)
    if due.day is None:
        return dg.SkipReason(due.reason)
    return dg.RunRequest(run_key=due.day.isoformat(), partition_key=due.day.isoformat())


@dg.schedule(
    job_name=TRAINING_JOB,
    cron_schedule="30 * * * *",
    description="Trains challengers on Mondays at half past five of the playbook's own time zone, after the day's run.",
)
def every_monday(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Ask for the training that is due, if one is."""
    due = training_due(os.environ, context.scheduled_execution_time)
    if due.day is None:
        return dg.SkipReason(due.reason)
    return dg.RunRequest(run_key=f"train-{due.day.isoformat()}", partition_key=due.day.isoformat())


@dg.asset_sensor(
    asset_key=dg.AssetKey(DRIFT),
    job_name=TRAINING_JOB,
    description="Trains a challenger of every live model whose inputs have drifted; the gate decides what goes live.",
)
def drift_opens_training(context: dg.SensorEvaluationContext, event: dg.EventLogEntry) -> dg.RunRequest | dg.SkipReason:
    """Ask for the training of what has drifted on the day that was looked at."""
    del context
    materialization = event.asset_materialization
    drifted = materialization.metadata[DRIFTED].value if materialization else []
    if materialization is None or not isinstance(drifted, list) or not drifted:
        return dg.SkipReason("The live models see what they learnt from.")
    return dg.RunRequest(
        run_key=f"drift-{materialization.partition}",
        partition_key=materialization.partition,
        asset_selection=[dg.AssetKey(f"model_{what}") for what in drifted],
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What `dg dev` and `dagster dev -w workspace.yaml` load."""
    return build_definitions(DayFromEnvironment())


def build_definitions(opener: DayOpener) -> dg.Definitions:
    """All definitions, with assets that get their day from `opener`."""
    everything = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all() - TRAINED,
        description="The whole day, step by step; what `warrant run` does.",
    )
    training = dg.define_asset_job(
        TRAINING_JOB,
        selection=TRAINED,
        description="Challengers of the live models, judged at the gate; what `warrant models train` does.",
    )
    return dg.Definitions.merge(
        _assets(),
        dg.Definitions(
            jobs=[everything, training],
            schedules=[every_morning, every_monday],
            sensors=[drift_opens_training],
            resources={"opener": opener},
            # The steps follow one another and share what was imported; a process for each would only cost time.
            executor=dg.in_process_executor,
        ),
    )


def run_job(day: Day, steps: Sequence[str]) -> None:
    """Materialise the assets of `steps` for the day, in this process, with Dagster's own record of it.

    Raises:
        UsageError: The day is none that Dagster counts.
        WarrantError: Whatever a step raises, or a blocking check that fails.
    """
    partition = day.clock.day.isoformat()
    if not DAYS.has_partition_key(partition):
        raise UsageError(
            f"{partition} is no day that can be decided.",
            where="--as-of",
            remedy=f"Name one from {FIRST_DAY} until today.",
        )
    job = build_definitions(OpenedDay(day)).resolve_job_def(JOB)
    wanted = [key for name in steps for key in _asset_keys(name)]
    with opened_instance(prepare_storage(day.home)) as instance:
        job.execute_in_process(
            instance=instance,
            partition_key=partition,
            asset_selection=wanted,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


@functools.cache
def _assets() -> dg.Definitions:
    """The assets of all steps; they are the same for every opener, and finding them takes a while."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)


def _asset_keys(step: str) -> list[dg.AssetKey]:
    names = [*TABLES, RUN] if step == "perceive" else [ASSETS_OF_STEP[step]]
    return [dg.AssetKey(name) for name in names]
