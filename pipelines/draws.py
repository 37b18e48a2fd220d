"""Draws of a run: kept with it when it is decided, and written down as assignments when it goes out.

A run that never goes out assigns nobody to anything. What is withheld at delivery stays assigned: the comparison is by
assignment, and why something was withheld may depend on what it was.
"""

from zoneinfo import ZoneInfo

import pandas as pd

from decisioning.assignments import COLUMNS, holdout_experiment
from decisioning.times import day_bounds, moment
from lake.assignments import Assignments
from lake.reservations import Reservations
from lake.runs import RunRow
from pipelines.day import SLOT, Day

DRAWN = "assignments_drawn"


def store_draws(day: Day, run: RunRow, drawn: pd.DataFrame) -> None:
    """Keep what deciding a run drew."""
    if len(drawn) or _has_any(day):
        day.lake.write_slice(DRAWN, run.run_id, drawn)


def record_draws(day: Day, run: RunRow, records: pd.DataFrame) -> int:
    """Write down whom a run that goes out has assigned to what.

    Nobody is assigned by a run whose day is over, nor whose place in the slot belongs to another run.

    Args:
        day: Of the playbook.
        run: The run, whose sends have been claimed.
        records: Its records: customer_id, decision_id.

    Returns:
        The number of new assignments.
    """
    if not _has_any(day) or _is_over(day, run):
        return 0
    drawn = day.lake.read_slice(DRAWN, run.run_id)[COLUMNS]
    held = Reservations(day.lake).held_on(day.clock.day)
    theirs = held[(held["slot"] == SLOT) & ~held["decision_id"].isin(records["decision_id"])]
    warrant = day.playbook.warrant
    once = frozenset({holdout_experiment(warrant.holdout_share, warrant.holdout_salt)})
    return Assignments(day.lake).record(drawn[~drawn["customer_id"].isin(theirs["customer_id"])], once=once)


def _has_any(day: Day) -> bool:
    return (day.lake.root / "results" / DRAWN).exists()


def _is_over(day: Day, run: RunRow) -> bool:
    ends = day_bounds(moment(run.identity.as_of), ZoneInfo(day.playbook.timezone))[1]
    return bool(moment(day.clock.now) >= ends)
