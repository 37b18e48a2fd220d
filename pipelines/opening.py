"""How an asset gets its day: from the command that runs it, or from the environment when Dagster starts it."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from lake.runs import playbook_lock
from pipelines.day import Day, open_day
from pipelines.home import find_home, find_playbook
from pipelines.pacing import Paced
from pipelines.playbook_reading import load_playbook
from pipelines.progress import Progress

MORNING_HOUR = 4
TRAINING_HOUR = 5
MONDAY = 0


class DayOpener(Protocol):
    """Opens the day of a partition."""

    def working(self, partition: str, progress: Progress) -> AbstractContextManager[Day]:
        """The day of `partition` (an ISO date), with the right to write to its playbook's lake and graph."""


@dataclass(frozen=True)
class OpenedDay:
    """The day that a command has opened already; its steps share what is in memory, and the command holds the lock."""

    day: Day

    def working(self, partition: str, progress: Progress) -> AbstractContextManager[Day]:  # noqa: ARG002 -- it watches
        """The command's own day."""
        if partition != self.day.clock.day.isoformat():
            raise ValueError(f"this command runs {self.day.clock.day}, not {partition}")
        return nullcontext(self.day)


@dataclass(frozen=True)
class DayFromEnvironment:
    """The playbook of `WARRANT_PLAYBOOK`, else of the last run, for runs that Dagster starts."""

    @contextmanager
    def working(self, partition: str, progress: Progress) -> Iterator[Day]:
        """The day of `partition`, read from the playbook's folder; nobody else works on it meanwhile."""
        day = open_day(None, os.environ, day=date.fromisoformat(partition), progress=Paced(progress))
        with playbook_lock(day.lake.root):
            yield day


@dataclass(frozen=True)
class Due:
    """What a schedule should do at a moment.

    Attributes:
        day: The local day that is to be run now, if any.
        reason: Why there is none.
    """

    day: date | None
    reason: str = ""


def day_due(environment: Mapping[str, str], moment: datetime) -> Due:
    """The day of the playbook that begins in the hour of `moment`: morning is when it is four in its own time zone.

    Args:
        environment: `WARRANT_HOME` and `WARRANT_PLAYBOOK`.
        moment: When the schedule ticks, with a time zone.

    Raises:
        WarrantError: The playbook cannot be read or is not named.
    """
    return _due(environment, moment, MORNING_HOUR, "the day is run")


def training_due(environment: Mapping[str, str], moment: datetime) -> Due:
    """The Monday whose models are to be trained in the hour of `moment`: an hour after its day was run.

    Args:
        environment: `WARRANT_HOME` and `WARRANT_PLAYBOOK`.
        moment: When the schedule ticks, with a time zone.

    Raises:
        WarrantError: The playbook cannot be read or is not named.
    """
    due = _due(environment, moment, TRAINING_HOUR, "models are trained on Mondays")
    if due.day is not None and due.day.weekday() != MONDAY:
        return Due(None, f"It is {due.day:%A}; models are trained on Mondays.")
    return due


def _due(environment: Mapping[str, str], moment: datetime, hour: int, what: str) -> Due:
    playbook = load_playbook(find_playbook(None, find_home(environment), environment))
    if playbook.warrant.as_of is not None:
        return Due(None, f"`{playbook.name}` is about the past: its as_of is {playbook.warrant.as_of}.")
    local = moment.astimezone(ZoneInfo(playbook.timezone))
    if local.hour != hour:
        return Due(None, f"It is {local:%H:%M} in {playbook.timezone}; {what} at {hour:02}:00.")
    return Due(local.date())


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
