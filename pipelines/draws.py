"""Draws of a run: kept with it when it is decided, and written down as assignments when it goes out.

Who is held out stands in the records themselves. A run that never goes out assigns nobody to anything. What is withheld
at delivery stays assigned: the comparison is by assignment, and why something was withheld may depend on what it was.
"""

from zoneinfo import ZoneInfo

import pandas as pd

from decisioning.assignments import COLUMNS, holdout_assignments, holdout_experiment
from decisioning.experiments import HELD_OUT
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
        records: Its records in order of customer: customer_id, decision_id, arm.

    Returns:
        The number of new assignments.
    """
    if _is_over(day, run):
        return 0
    share, salt = day.playbook.warrant.holdout_share, day.playbook.warrant.holdout_salt
    held_out = holdout_assignments(
        records["customer_id"].to_numpy(dtype=object),
        (records["arm"] == HELD_OUT).to_numpy(),
        share=share,
        salt=salt,
        as_of=moment(run.identity.as_of),
    )
    explored = day.lake.read_slice(DRAWN, run.run_id)[COLUMNS] if _has_any(day) else held_out[:0]
    drawn = pd.concat([part for part in (held_out, explored) if len(part)] or [explored], ignore_index=True)
    if drawn.empty:
        return 0
    held = Reservations(day.lake).held_on(day.clock.day)
    theirs = held[(held["slot"] == SLOT) & ~held["decision_id"].isin(records["decision_id"])]
    mine = drawn[~drawn["customer_id"].isin(theirs["customer_id"])]
    return Assignments(day.lake).record(mine, once=frozenset({holdout_experiment(share, salt)}))


def _has_any(day: Day) -> bool:
    return (day.lake.root / "results" / DRAWN).exists()


def _is_over(day: Day, run: RunRow) -> bool:
    ends = day_bounds(moment(run.identity.as_of), ZoneInfo(day.playbook.timezone))[1]
    return bool(moment(day.clock.now) >= ends)
