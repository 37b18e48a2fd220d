"""Vowpal Wabbit's C++ driver on text and cache files, in an environment of its own.

An example is a shared line about the customer and a line for each action; features are names, with a number where one
is known. `-q ca` crosses all of the customer's with all of the action's, which is what lets the best action depend on
who is asked.
"""

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.environments import VOWPAL_WABBIT, python_with

EXPLORE = ("--cb_explore_adf", "-q", "ca", "--quiet")


@dataclass(frozen=True)
class Example:
    """One decision.

    Attributes:
        customer: Features of who is asked, as written.
        actions: Features of each action, as written.
        taken: Place of the action that was taken; None where nothing is known of it.
        cost: What came of it, the less the better.
        propensity: Probability with which it was taken.
    """

    customer: str
    actions: Sequence[str]
    taken: int | None = None
    cost: float = 0.0
    propensity: float = 1.0

    def text(self) -> str:
        """As the driver reads it."""
        lines = [f"shared |c {self.customer}"]
        for place, action in enumerate(self.actions):
            label = f"0:{self.cost:g}:{self.propensity:g} " if place == self.taken else ""
            lines.append(f"{label}|a {action}")
        return "\n".join(lines) + "\n\n"


def write(path: Path, examples: Iterator[Example]) -> tuple[int, int]:
    """Write examples as text; how many there are, and how many actions they have."""
    count, actions = 0, 0
    with path.open("w", encoding="utf-8") as file:
        for example in examples:
            file.write(example.text())
            count, actions = count + 1, actions + len(example.actions)
    return count, actions


def drive(arguments: Sequence[str | Path]) -> float:
    """Run the driver; seconds by the clock, the start of its process not counted."""
    python = python_with("vowpalwabbit", VOWPAL_WABBIT)
    program = "import sys, time, vowpalwabbit; t = time.perf_counter(); vowpalwabbit.Workspace(arg_list=sys.argv[1:])"
    program += ".finish(); print(time.perf_counter() - t)"
    command = [str(python), "-c", program, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def train(data: Path, model: Path, options: Sequence[str] = ()) -> float:
    """Learn from a file of examples; seconds."""
    return drive([*EXPLORE, *options, "-d", data, "-f", model])


def score(data: Path, model: Path, predictions: Path, *, cache: Path | None = None) -> float:
    """Give every action of a file a probability; seconds. With a cache, that is read where it exists and else made."""
    cached = () if cache is None else ("--cache_file", cache)
    return drive(["--quiet", "-t", "-i", model, "-d", data, *cached, "-p", predictions])


def chosen(predictions: Path) -> npt.NDArray[np.int64]:
    """The place of the action with the highest probability of each example, the lower one among equals."""
    best = []
    for line in predictions.read_text(encoding="utf-8").splitlines():
        if line.strip():
            given = [part.split(":") for part in line.split(",")]
            best.append(min((-float(probability), int(place)) for place, probability in given)[1])
    return np.array(best, dtype=np.int64)
