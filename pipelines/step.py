"""What every step after perceive shares: it is done once per run, told, timed, and committed in the ledger."""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lake.runs import RunRow
from pipelines.day import Day


@dataclass(frozen=True)
class Outcome:
    """What a step has done.

    Attributes:
        text: One line for people.
        facts: Numbers and digests for the ledger; plain JSON values.
    """

    text: str
    facts: dict[str, Any] = field(default_factory=dict)


def step(
    name: str, *, state: str | None = None
) -> Callable[[Callable[[Day, RunRow], Outcome]], Callable[[Day], Outcome]]:
    """Make a function a step of a run.

    The step is skipped when the ledger says it is done; its ledger entry is its commit, so a run that was killed
    anywhere goes on with the first step that has none.

    Args:
        name: The step's name in ledger, progress and `--until`.
        state: The run's state from this step on, if it changes it.
    """

    def decorate(function: Callable[[Day, RunRow], Outcome]) -> Callable[[Day], Outcome]:
        @functools.wraps(function)
        def run_once(day: Day) -> Outcome:
            run = day.current_run()
            if name in run.steps:
                before = run.steps[name]
                day.progress.skipped(name, before["text"])
                return Outcome(before["text"], before["facts"])
            day.progress.started(name)
            began = time.perf_counter()
            outcome = function(day, run)
            seconds = time.perf_counter() - began
            payload = {"text": outcome.text, "facts": outcome.facts, "seconds": round(seconds, 3)}
            day.ledger.mark(run.run_id, step=name, state=state, payload=payload)
            day.progress.finished(name, seconds, outcome.text)
            return outcome

        return run_once

    return decorate
