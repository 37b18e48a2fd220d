"""Running a day: the Dagster job in this process, and the one object that says what came out."""

from typing import Any

from lake.runs import RunRow, playbook_lock
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.steps import STEPS

STOP_AFTER = {
    "perceive": "perceive",
    "relate": "relate",
    "forecast": "forecast",
    "propose": "propose",
    "authorise": "project",
    "deliver": "deliver",
}


def run_day(day: Day, until: str) -> dict[str, Any]:
    """Run the steps of the day up to `until`, and describe the run.

    Args:
        day: The opened day.
        until: A key of `STOP_AFTER`.

    Raises:
        WarrantError: What a step raises; what was committed before stays and is not repeated.
    """
    from pipelines.definitions import run_job

    day.home.remember_playbook(day.playbook.folder)
    wanted = STEPS[: STEPS.index(STOP_AFTER[until]) + 1]
    with playbook_lock(day.lake.root):
        run_job(day, list(wanted))
    return describe_run(day, day.current_run())


def deliver_run(day: Day, run_id: str) -> dict[str, Any]:
    """Deliver a run that has been decided.

    Raises:
        UsageError: There is no such run, or it has not been decided.
    """
    from pipelines.definitions import run_job

    found = find_run(day, run_id)
    if "decide" not in found.steps:
        raise UsageError(
            f"the run {found.run_id} is only {found.state}.",
            where=str(day.lake.root),
            remedy=f"Finish it first: warrant run {day.playbook.folder} --until authorise.",
        )
    day = at_day_of(day, found)
    with playbook_lock(day.lake.root):
        run_job(day, ["project", "deliver"])
    return describe_run(day, day.current_run())
