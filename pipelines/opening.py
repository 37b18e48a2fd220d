"""How an asset gets its day: from the command that runs it, or from the environment when Dagster starts it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from pipelines.day import Day, open_day
from pipelines.progress import Progress


class DayOpener(Protocol):
    """Opens the day of a partition."""

    def open(self, partition: str, progress: Progress) -> Day:
        """The day of `partition` (an ISO date)."""


@dataclass(frozen=True)
class OpenedDay:
    """The day that a command has opened already; its steps share what is in memory."""

    day: Day

    def open(self, partition: str, progress: Progress) -> Day:  # noqa: ARG002 -- the command watches by itself
        """The command's own day."""
        if partition != self.day.clock.day.isoformat():
            raise ValueError(f"this command runs {self.day.clock.day}, not {partition}")
        return self.day


@dataclass(frozen=True)
class DayFromEnvironment:
    """The playbook of `WARRANT_PLAYBOOK`, else of the last run, for runs that Dagster starts."""

    def open(self, partition: str, progress: Progress) -> Day:
        """The day of `partition`, read from the playbook's folder."""
        return open_day(None, os.environ, day=date.fromisoformat(partition), progress=progress)


@dataclass(frozen=True)
class LogProgress:
    """Progress as lines of a log."""

    write: Callable[[str], None]

    def started(self, step: str) -> None:
        """Log that the step begins."""
        self.write(f"{step} started")

    def doing(self, step: str, text: str) -> None:
        """Log what the step is at."""
        self.write(f"{step}: {text}")

    def finished(self, step: str, seconds: float, text: str) -> None:
        """Log what came out."""
        self.write(f"{step} finished in {seconds:.1f} s: {text}")

    def skipped(self, step: str, text: str) -> None:
        """Log that the step was done before."""
        self.write(f"{step} skipped: {text}")
