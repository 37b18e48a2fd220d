"""Arguments and options that several commands take, so that they read the same everywhere."""

import os
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.progress import Progress

if TYPE_CHECKING:
    from pipelines.day import Day

PlaybookArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[PLAYBOOK]", help="Folder of the playbook; without it WARRANT_PLAYBOOK, else that of the last run."
    ),
]
PlaybookOption = Annotated[
    Path | None,
    typer.Option("--playbook", help="Folder of the playbook; without it WARRANT_PLAYBOOK, else that of the last run."),
]
ActorOption = Annotated[
    str | None,
    typer.Option("--actor", metavar="person:NAME", help="Who does this, as in people.yaml; without it WARRANT_ACTOR."),
]
AsOfOption = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        metavar="YYYY-MM-DD",
        help="Decide as of 00:00 of this day in the playbook's time zone; without it today, or the playbook's own day.",
    ),
]


def open_command_day(folder: Path | None, as_of: datetime | None = None, progress: Progress | None = None) -> "Day":
    """The day of a command."""
    from pipelines.day import open_day

    day: date | None = as_of.date() if as_of else None
    return open_day(folder, os.environ, day=day, progress=progress)
