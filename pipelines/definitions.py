"""The code location: all assets, their job, its schedule. Loading it reads no playbook, no database and no file."""

from pathlib import Path

import dagster as dg

from lake.tables import TABLES
from pipelines.day import Day
from pipelines.defs.perceive.assets import RUN
from pipelines.home import Home
from pipelines.opening import DayFromEnvironment, DayOpener, OpenedDay

JOB = "daily"
ASSETS_OF_STEP = {
    "relate": "knowledge",
    "forecast": "forecasts",
    "propose": "motives",
    "decide": "decisions",
    "project": "decision_graph",
    "deliver": "exports",
}
DAGSTER_SETTINGS = "telemetry:\n  enabled: false\nconcurrency:\n  runs:\n    max_concurrent_runs: 1\n"


@dg.definitions
def defs() -> dg.Definitions:
    """What `dg dev` and `dagster dev -w workspace.yaml` load."""
    return build_definitions(DayFromEnvironment())


def build_definitions(opener: DayOpener) -> dg.Definitions:
    """All definitions, with assets that get their day from `opener`."""
    everything = dg.define_asset_job(JOB, selection=dg.AssetSelection.all(), description="The whole day, step by step.")
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        dg.Definitions(
            jobs=[everything],
            schedules=[dg.build_schedule_from_partitioned_job(everything, hour_of_day=4, name="every_morning")],
            resources={"opener": opener},
            executor=dg.in_process_executor,
        ),
    )


def run_job(day: Day, steps: list[str]) -> None:
    """Materialise the assets of `steps` for the day, in this process, with Dagster's own record of it.

    Raises:
        WarrantError: Whatever a step raises.
    """
    job = build_definitions(OpenedDay(day)).resolve_job_def(JOB)
    wanted = [key for name in steps for key in _asset_keys(name)]
    with dg.DagsterInstance.from_config(str(prepare_storage(day.home))) as instance:
        job.execute_in_process(
            instance=instance,
            partition_key=day.clock.day.isoformat(),
            asset_selection=wanted,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


def prepare_storage(home: Home) -> Path:
    """Dagster's folder inside the state folder, with settings that send nothing anywhere."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    settings = home.dagster / "dagster.yaml"
    if not settings.exists():
        settings.write_text(DAGSTER_SETTINGS, encoding="utf-8")
    return home.dagster


def _asset_keys(step: str) -> list[dg.AssetKey]:
    names = [*TABLES, RUN] if step == "perceive" else [ASSETS_OF_STEP[step]]
    return [dg.AssetKey(name) for name in names]
