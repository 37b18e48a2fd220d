"""All deliveries of a run together: the first, and those of what could not leave at first and may go by now."""

from typing import Any, Final

from lake.runs import RunRow

STEP: Final = "deliver"


def step_of(number: int) -> str:
    """What the ledger calls the delivery of this number, from 1."""
    return STEP if number == 1 else f"{STEP} {number}"


def deliveries(run: RunRow) -> list[dict[str, Any]]:
    """The facts of each delivery of a run, in their order; none before it is delivered."""
    found: list[dict[str, Any]] = []
    while step_of(len(found) + 1) in run.steps:
        found.append(dict(run.steps[step_of(len(found) + 1)]["facts"]))
    return found


def delivered(run: RunRow) -> dict[str, Any]:
    """What has left in all: `by_channel`, `files`; and of the last delivery what is still `withheld`, by reason."""
    every = deliveries(run)
    channels = sorted({channel for facts in every for channel in facts["by_channel"]})
    return {
        "by_channel": {key: sum(facts["by_channel"].get(key, 0) for facts in every) for key in channels},
        "withheld": every[-1]["withheld"] if every else {},
        "files": [file for facts in every for file in facts["files"]],
    }
