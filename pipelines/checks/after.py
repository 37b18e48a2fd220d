"""Which checks belong to which step, and what they find for a run."""

from collections.abc import Mapping

from lake.runs import RunRow
from pipelines.checks.check import Check, Finding
from pipelines.checks.data import OF_FORECAST, OF_PERCEIVE, OF_RELATE
from pipelines.checks.decisions import OF_DECIDE, OF_PROJECT, OF_PROPOSE
from pipelines.checks.delivery import OF_DELIVER
from pipelines.checks.health import OF_HEALTH
from pipelines.day import Day
from pipelines.steps import STEPS

CHECKS: Mapping[str, tuple[Check, ...]] = {
    "perceive": OF_PERCEIVE,
    "relate": (*OF_RELATE, *OF_HEALTH),
    "forecast": OF_FORECAST,
    "propose": OF_PROPOSE,
    "decide": OF_DECIDE,
    "project": OF_PROJECT,
    "deliver": OF_DELIVER,
}
PASSED_BEFORE = Finding(holds=True, facts={"found": "passed before a later step began"})


def findings(day: Day, run: RunRow, step: str) -> list[tuple[Check, Finding]]:
    """What the checks of a step find for a run.

    A blocking check is asked again until a later step is done: no later step begins while it fails. So a repeated run
    neither gets past a failed check nor pays for those that passed, and needs no graph once all is done.
    """
    is_past = any(later in run.steps for later in STEPS[STEPS.index(step) + 1 :])
    return [
        (check, PASSED_BEFORE if is_past and check.is_blocking and step != STEPS[0] else check.examine(day, run))
        for check in CHECKS[step]
    ]
