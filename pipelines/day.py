"""One day of one playbook: what every step needs to know, opened once per command or Dagster run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from lake.runs import Ledger, RunRow
from lake.store import Lake
from pipelines.clock import Clock, read_clock
from pipelines.errors import UsageError
from pipelines.home import Home, find_home, find_playbook
from pipelines.playbook import Playbook
from pipelines.playbook_reading import load_playbook
from pipelines.progress import Progress, Silence

SLOT = "daily"


@dataclass
class Day:
    """The playbook, its state and the clock of one command.

    Attributes:
        run: The open run, once perceive has committed and it is known.
    """

    playbook: Playbook
    home: Home
    clock: Clock
    lake: Lake
    ledger: Ledger
    environment: Mapping[str, str]
    progress: Progress = field(default_factory=Silence)
    run: RunRow | None = None

    def current_run(self) -> RunRow:
        """The run that steps after perceive work on: the one opened here, else the last one opened for this as-of.

        Raises:
            UsageError: There is none; perceive first.
        """
        found = self.run or self.ledger.latest(as_of=self.clock.as_of)
        if found is None:
            raise UsageError(
                f"no run of `{self.playbook.name}` has been opened for {self.clock.day}.",
                where=str(self.lake.root),
                remedy="Perceive first: `warrant run`, or materialise the asset `run` in Dagster.",
            )
        self.run = self.ledger.get(found.run_id)
        return self.run

    def related_run(self) -> RunRow:
        """The run that was related last: what the graph was loaded from.

        Raises:
            UsageError: Nothing has been related yet.
        """
        return self.newest_run("relate", otherwise=f"nothing has been related for `{self.playbook.name}` yet.")

    def newest_run(self, step: str | None = None, *, otherwise: str) -> RunRow:
        """The run that was opened last, or of those that have done a step the one that came last.

        Raises:
            UsageError: There is none; it says `otherwise`.
        """
        found = self.ledger.latest(step=step)
        if found is None:
            remedy = f"Run it: warrant run {self.playbook.folder}."
            raise UsageError(otherwise, where=str(self.lake.root), remedy=remedy)
        return found


def open_day(
    folder: Path | None,
    environment: Mapping[str, str],
    *,
    day: date | None = None,
    progress: Progress | None = None,
) -> Day:
    """Open a day.

    Args:
        folder: The playbook; None for that of the environment or of the last run.
        environment: `WARRANT_HOME`, `WARRANT_PLAYBOOK`, `WARRANT_NOW`, ….
        day: What `--as-of` says.
        progress: Who watches.

    Raises:
        WarrantError: The playbook cannot be read or is not named.
    """
    home = find_home(environment)
    playbook = load_playbook(find_playbook(folder, home, environment))
    clock = read_clock(
        day=day,
        playbook_day=playbook.warrant.as_of,
        timezone=playbook.timezone,
        environment=environment,
        skew=playbook.warrant.clock_skew,
    )
    lake = Lake(home.lake(playbook.name))
    return Day(playbook, home, clock, lake, Ledger(lake), environment, progress or Silence())
