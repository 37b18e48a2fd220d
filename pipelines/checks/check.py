"""What a check is, what it finds, and the error that a failing one becomes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lake.runs import RunRow
from pipelines.day import Day
from pipelines.errors import PipelineError, VerificationError

SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """What a check has found.

    Attributes:
        holds: Whether its sentence is true.
        facts: Numbers it rests on, and a few counterexamples when there are any; plain JSON values.
    """

    holds: bool
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """A sentence about a run that is true when the check passes.

    Attributes:
        name: What Dagster calls it: the sentence in short, with underscores.
        sentence: What must hold.
        examine: Looks whether it does, from what the run has stored.
        remedy: What to do when it does not.
        is_blocking: Whether the day stops when it does not; otherwise it is a warning.
        error: What it becomes on the command line, and so the exit code.
        is_done_again: Whether the step is taken back when it does not hold: its cause lies outside, and what the step
            left would otherwise stand once the cause is gone.
    """

    name: str
    sentence: str
    examine: Callable[[Day, RunRow], Finding]
    remedy: str
    is_blocking: bool = True
    error: type[PipelineError] = VerificationError
    is_done_again: bool = False


def found(counterexamples: Mapping[str, Any], **numbers: Any) -> Finding:
    """A finding that holds when there is no counterexample; of many, the first few are named.

    Args:
        counterexamples: By what is wrong with them: a list of keys, a mapping of numbers, or a text.
        numbers: Stated in any case.
    """
    wrong = {name: _few(values) for name, values in counterexamples.items() if len(values)}
    return Finding(not wrong, {**numbers, **wrong})


def insist(check: Check, finding: Finding, *, step: str, run: RunRow) -> None:
    """Stop the day when a blocking check has failed.

    Raises:
        PipelineError: Of the check's own kind, with what was found.
    """
    if finding.holds or not check.is_blocking:
        return
    facts = "; ".join(f"{name}: {_text(value)}" for name, value in finding.facts.items())
    raise check.error(
        f"the check {check.name} failed. It says: “{check.sentence}” Found: {facts or 'the opposite'}.",
        where=f"run {run.run_id}, after the step {step}",
        remedy=check.remedy,
    )


def _few(values: Any) -> Any:
    if isinstance(values, str | Mapping):
        return values
    shown = [str(value) for value in values[:SHOWN]]
    return [*shown, f"and {len(values) - SHOWN:,} more"] if len(values) > SHOWN else shown


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
