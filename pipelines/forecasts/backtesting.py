"""Scoring forecasts against their rivals, on the data of a playbook, without deciding anything."""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from forecasting.backtest import Backtest
from forecasting.errors import TooLittleDataError
from lake.runs import RunRow
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.forecasts.parts import Part, Tables
from pipelines.forecasts.pictures import save_backtest_picture
from pipelines.running import run_day
from pipelines.stored import canonical_tables


@dataclass(frozen=True)
class Refused:
    """A forecast that this playbook's data cannot score, and what is missing."""

    what: str
    why: str
    remedy: str


def perceived_run(day: Day) -> RunRow:
    """The run that the sources of the day open, perceived and not decided; the same sources find the same run.

    Raises:
        WarrantError: As the step `perceive`.
    """
    run_day(day, "perceive")
    return day.current_run()


def backtest_all(day: Day, parts: Sequence[Part]) -> dict[str, Any]:
    """Score each forecast; those that the data do not suffice for are named with what they lack.

    Returns:
        `as_of`, `playbook`, `run_id`, `backtests` (documents with `picture`), `not_possible`.

    Raises:
        TooLittleDataError: One forecast was asked for, and it cannot be scored.
        WarrantError: As the step `perceive`, or what a backtest finds wrong with a table.
    """
    run = perceived_run(day)
    documents, refused = [], []
    for part in parts:
        day.progress.started(f"backtest {part.what}")
        began = time.perf_counter()
        try:
            backtest = backtest_part(day, part, canonical_tables(day, run, part.tables))
        except TooLittleDataError as error:
            if len(parts) == 1:
                raise
            refused.append(Refused(part.what, error.what, error.remedy))
            day.progress.finished(f"backtest {part.what}", time.perf_counter() - began, f"not possible: {error.what}")
            continue
        picture = save_backtest_picture(backtest, _picture_path(day, part.what))
        seconds = time.perf_counter() - began
        documents.append({**document(backtest), "picture": str(picture), "seconds": round(seconds, 1)})
        day.progress.finished(f"backtest {part.what}", seconds, verdict(backtest))
    return {
        "playbook": day.playbook.name,
        "as_of": day.clock.as_of.isoformat(),
        "run_id": run.run_id,
        "backtests": documents,
        "not_possible": [asdict(one) for one in refused],
    }


def backtest_part(day: Day, part: Part, tables: Tables) -> Backtest:
    """Score one forecast on the canonical tables it reads.

    Raises:
        TooLittleDataError: The data do not suffice.
        UsageError: This forecast has no backtest.
    """
    if part.backtest is None:
        raise UsageError(
            f"{part.what} has no backtest.", where="--what", remedy="Its benchmark simulates what data cannot show."
        )
    return part.backtest(
        tables,
        part.settings(day.playbook),
        as_of=day.clock.as_of,
        timezone=day.playbook.timezone,
        seed=day.playbook.warrant.seed,
        report=lambda text: day.progress.doing(f"backtest {part.what}", text),
    )


def verdict(backtest: Backtest) -> str:
    """One line: does it beat what it has to beat."""
    lost = sorted({str(row["rival"]) for row in rows_of(backtest.against) if not row["wins"]})
    if backtest.is_better:
        return "beats what it has to beat"
    return f"does not beat {', '.join(lost)}" if lost else "does not beat what it has to beat"


def document(backtest: Backtest) -> dict[str, Any]:
    """A backtest as plain JSON values; a number that was not computed is null."""
    return {
        "what": backtest.what,
        "subject": backtest.subject,
        "splits": backtest.splits,
        "seed": backtest.seed,
        "is_better": backtest.is_better,
        "verdict": verdict(backtest),
        "scores": rows_of(backtest.scores),
        "against": rows_of(backtest.against),
        "by_origin": rows_of(backtest.by_origin),
        "notes": list(backtest.notes),
    }


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain JSON values."""
    return [{str(name): plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def plain(value: Any) -> Any:
    """A scalar as JSON has it: numpy's types as Python's, times as ISO texts, what is not a number as null."""
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _picture_path(day: Day, what: str) -> Path:
    return day.home.models(day.playbook.name) / "backtests" / f"{what}-{day.clock.day.isoformat()}.svg"
