"""Backfill: past days decided in hindsight, to learn from them. Nothing of it is ever delivered.

A day is decided as `warrant run --as-of` would decide it: from what was known before that day, after what had really
been sent until then. Days do not build on each other, since what one of them would have sent was not sent. The graph
stays as it is: the view of a past day is made from the tables alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from lake.runs import BACKFILL, RunRow, playbook_lock
from pipelines.day import Day, open_day
from pipelines.deciding import decide_run
from pipelines.errors import UsageError
from pipelines.progress import Progress, Silence
from pipelines.step import Outcome, step
from pipelines.steps import RELATED_TABLES, forecast, knowledge, perceive_and_open, propose
from pipelines.stored import DECISIONS, canonical_tables, views

MOST_DAYS = 366


def backfill(day: Day, first: date, last: date) -> dict[str, Any]:
    """Decide every day from `first` to `last`, both included; days that are decided already are not decided again.

    Returns:
        `playbook`, `currency`, `from`, `to`; `days`: per day `day`, `run_id`, `is_new`, `customers`, `sends`, `value`,
        `bound`, `cost`, `refused_by_policy`; and the sums `sends`, `value` and `cost`.

    Raises:
        UsageError: The days are the wrong way round, too many, or have not begun.
        PlaybookBusyError: A run is under way.
    """
    runs = backfilled(day, first, last)
    days = [_told(run, is_new=is_new) for run, is_new in runs]
    return {
        "playbook": day.playbook.name,
        "currency": day.playbook.warrant.currency,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "days": days,
        **{name: sum(each[name] for each in days) for name in ("sends", "value", "cost")},
    }


def backfilled(day: Day, first: date, last: date) -> list[tuple[RunRow, bool]]:
    """The runs in hindsight of every day from `first` to `last`, and whether each was decided just now."""
    _insist_on_days(day, first, last)
    from pipelines.checking import check_before_running

    check_before_running(day.playbook, day.clock.day)
    with playbook_lock(day.lake.root), _tables_kept(day):
        return [_decided(day, first + timedelta(days=number)) for number in range((last - first).days + 1)]


def _insist_on_days(day: Day, first: date, last: date) -> None:
    if last < first:
        raise UsageError(f"{last} lies before {first}.", where="--from, --to", remedy="Give the earlier day first.")
    if (last - first).days >= MOST_DAYS:
        what = f"{(last - first).days + 1:,} days are more than a year."
        raise UsageError(what, where="--from, --to", remedy="Backfill a year at a time.")
    if last > day.clock.day:
        raise UsageError(
            f"{last} lies after {day.clock.day}, the day that it is.",
            where="--to",
            remedy="A backfill is about the past; decide a day that comes with warrant run when it has begun.",
        )


def _decided(day: Day, when: date) -> tuple[RunRow, bool]:
    """The run in hindsight of one day."""
    day.progress.started("backfill")
    past = open_day(day.playbook.folder, day.environment, day=when, progress=_OfDay(day.progress, when))
    perceive_and_open(past, purpose=BACKFILL)
    is_new = "decide" not in past.current_run().steps
    relate_in_hindsight(past)
    forecast(past)
    propose(past)
    decide_in_hindsight(past)
    return past.current_run(), is_new


@step("relate")
def relate_in_hindsight(day: Day, run: RunRow) -> Outcome:
    """Make and store the view that the run decides from, without touching the graph."""
    from graph.build_view import view_from_tables
    from graph.read_view import store_view

    wanted = knowledge(day, run, canonical_tables(day, run, RELATED_TABLES), as_of=day.clock.as_of)
    view = view_from_tables(wanted, day.clock.as_of)
    return Outcome(f"{len(view.customers):,} customers", {"view": store_view(view, views(day))})


@step("decide", state="decided")
def decide_in_hindsight(day: Day, run: RunRow) -> Outcome:
    """Screen, value and allocate; the records are kept, and nothing else is written."""
    decided = decide_run(day, run)
    day.lake.write_stream(DECISIONS, run.run_id, decided.sealed.chunks())
    said = f"{decided.summary['sends']:,} sends for {decided.summary['customers']:,} customers"
    facts = {"root": decided.sealed.root, "bundle": decided.bundle_hash, "summary": decided.summary}
    return Outcome(f"{said}, in hindsight", facts)


@contextmanager
def _tables_kept(day: Day) -> Iterator[None]:
    """Afterwards the newest version of every table has the content that it had before: that of the present."""
    before = day.lake.newest_tables()
    try:
        yield
    finally:
        for name, pin in before.items():
            day.lake.bring_back(name, pin)


class _OfDay(Silence):
    """Progress that names the day it is about."""

    def __init__(self, progress: Progress, when: date) -> None:
        self._progress, self._when = progress, when

    def doing(self, step: str, text: str) -> None:
        """Tell what is being done for the day."""
        self._progress.doing("backfill", f"{self._when}: {step}: {text}")

    def started(self, step: str) -> None:
        """Tell that a step of the day begins."""
        self._progress.doing("backfill", f"{self._when}: {step}")

    def finished(self, step: str, seconds: float, text: str) -> None:
        """Tell what a day came to; its other steps are told while they run."""
        if step == "decide":
            self._progress.finished("backfill", seconds, f"{self._when}: {text}")

    def skipped(self, step: str, text: str) -> None:
        """Tell that a day was decided before."""
        if step == "decide":
            self._progress.skipped("backfill", f"{self._when}: {text}")


def _told(run: RunRow, *, is_new: bool) -> dict[str, Any]:
    summary = run.steps["decide"]["facts"]["summary"]
    kept = {name: summary[name] for name in ("customers", "sends", "value", "bound", "cost", "refused_by_policy")}
    return {"day": run.about["day"], "run_id": run.run_id, "is_new": is_new, **kept}
