"""One thing that was to be shown, and whether a result shows it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
Found = tuple[str, bool]


@dataclass(frozen=True)
class Aim:
    """One line.

    Attributes:
        about: What it is about: a forecast, or a part of deciding.
        aim: What it was to show.
        results: Name of the file in benchmarks/results.
        read: What was measured, in words, and whether the aim is met.
    """

    about: str
    aim: str
    results: str
    read: Callable[[Mapping[str, Any]], Found]


def line_of(aim: Aim) -> tuple[str, str, str, str]:
    """What it is about, the aim, whether it is met, and what was measured."""
    path = RESULTS / f"{aim.results}.json"
    if not path.is_file():
        return aim.about, aim.aim, "open", f"not measured here: python -m benchmarks.{aim.results}"
    measured, is_met = aim.read(json.loads(path.read_text(encoding="utf-8")))
    return aim.about, aim.aim, "met" if is_met else "MISSED", measured
