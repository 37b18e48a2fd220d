"""What would happen if: the last decided run decided again under changed settings, compared, and nothing written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from decisioning.comparison import compare
from decisioning.settings import DecisionSettings
from pipelines.code_version import code_version
from pipelines.day import Day
from pipelines.deciding import decide_from, settings_of
from pipelines.errors import UsageError
from pipelines.playbook_reading import load_playbook
from pipelines.playbook_settings import decision_settings
from pipelines.running import day_of_run
from pipelines.settings_changes import Change, changed, settable
from pipelines.stored import stored_forecasts, stored_records, stored_view

Document = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What is asked.

    Attributes:
        assignments: Each `NAME=VALUE`.
        other: Folder of a changed copy of the playbook, whose settings are taken instead.
        run_id: Of a decided run; None for the one decided last.
    """

    assignments: Sequence[str] = ()
    other: Path | None = None
    run_id: str | None = None


def simulate(day: Day, asked: Asked) -> Document:
    """Decide a run again under changed settings.

    Its stored view, forecasts, touches and motives' makers stay; nothing is written anywhere. What is compared with is
    the run as it was decided, or, when code or playbook are not those any more, the run as they would decide it now.

    Returns:
        As `compare` gives it, with `run_id`, `as_of_day`, `playbook`, `currency`, `changes` (setting, from, to) and
        `is_as_decided`.

    Raises:
        UsageError: Nothing is changed, there is no such setting, or nothing has been decided yet.
    """
    day = day_of_run(day, asked.run_id)
    run = day.current_run()
    present = settings_of(day, run)
    settings, changes = _changed(present, asked)
    view, forecasts = stored_view(day, run), stored_forecasts(day, run)
    day.progress.doing("decide", "deciding as it is")
    is_as_decided = run.identity.playbook_digest == day.playbook.digest and run.identity.code_version == code_version()
    if is_as_decided:
        before, summary_before = stored_records(day, run), run.steps["decide"]["facts"]["summary"]
    else:
        again = decide_from(day, run, view, forecasts)
        before, summary_before = again.sealed.frame, again.summary
    day.progress.doing("decide", "deciding as it would be")
    made = decide_from(day, run, view, forecasts, settings)
    return {
        "run_id": run.run_id,
        "playbook": day.playbook.name,
        "as_of_day": run.about["day"],
        "currency": day.playbook.warrant.currency,
        "changes": [change.facts() for change in changes],
        "with": str(asked.other.resolve()) if asked.other else None,
        "is_as_decided": is_as_decided,
        **compare(_plain(before), _plain(made.sealed.frame), summary_before, made.summary),
    }


def settings_that_may_change(day: Day, run_id: str | None) -> dict[str, Any]:
    """Every setting that `simulate` may change, with its present value."""
    day = day_of_run(day, run_id)
    return settable(settings_of(day, day.current_run()))


def _changed(present: DecisionSettings, asked: Asked) -> tuple[DecisionSettings, list[Change]]:
    if not asked.assignments and asked.other is None:
        raise UsageError(
            "nothing is changed.",
            where="warrant simulate",
            remedy="Give --set NAME=VALUE (warrant simulate --list names them), or --with FOLDER.",
        )
    settings, changes = present, []
    if asked.other is not None:
        from dataclasses import replace

        settings = replace(decision_settings(load_playbook(asked.other.expanduser().resolve())), trust=present.trust)
        changes = _differing(present, settings)
    settings, made = changed(settings, asked.assignments)
    return settings, [*changes, *made]


def _differing(present: DecisionSettings, other: DecisionSettings) -> list[Change]:
    """The settings in which another playbook differs."""
    was, becomes = settable(present), settable(other)
    return [
        Change(name, was.get(name), becomes.get(name))
        for name in sorted(was.keys() | becomes.keys())
        if was.get(name) != becomes.get(name)
    ]


def _plain(records: pd.DataFrame) -> pd.DataFrame:
    return records.sort_values("customer_id", ignore_index=True)
