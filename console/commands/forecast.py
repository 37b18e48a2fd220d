"""`warrant forecast`: what will happen, as a table with intervals, for whoever plans with it."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from console.commands.arguments import ActorOption, AsOfOption, PlaybookArgument, open_command_day
from console.output import Format, FormatOption, people_screen, show_json
from console.watching import watch

LONGEST_CELL = 48
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


class What(StrEnum):
    """The forecasts there are."""

    DEMAND = "demand"
    RESPONSE = "response"
    VALUE = "value"
    CADENCE = "cadence"
    TIMING = "timing"
    MEDIA = "media"
    LANGUAGE = "language"
    SCORES = "scores"


WhatOption = Annotated[What, typer.Option("--what", help="Which forecast.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    epilog = "Example: warrant forecast examples/grocer --what demand --file demand.csv"
    app.command("forecast", rich_help_panel="Forecasts", epilog=epilog)(forecast)


def forecast(
    playbook: PlaybookArgument = None,
    *,
    what: WhatOption,
    as_of: AsOfOption = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Write the table into this file too: .csv, .parquet or .json.")
    ] = None,
    actor: ActorOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Forecast, and keep the table in the lake. Decides nothing."""
    import os

    from pipelines.forecasts.catalogue import part
    from pipelines.forecasts.making import make_forecast
    from pipelines.people import acting

    with watch() as progress:
        day = open_command_day(playbook, as_of, progress)
        who = acting(day.playbook, actor, os.environ)
        made = make_forecast(day, part(what.value), who, file)
    if output == Format.JSON:
        show_json(made)
        return
    _show(made)


def _show(made: Mapping[str, Any]) -> None:
    screen = people_screen()
    screen.print(f"[bold]{made['what']}[/]  {made['about']}", highlight=False)
    screen.print(f"{made['rows']:,} rows as of {made['as_of'][:10]}; {made['model']}", markup=False, highlight=False)
    for name, value in made["same_for_all"].items():
        screen.print(f"  {name.replace('_', ' ')}: {_said(value)}", style="dim", markup=False, highlight=False)
    screen.print()
    table = Table(box=None, pad_edge=False, header_style="bold")
    columns = [
        name for name in (made["sample"][0] if made["sample"] else made["columns"]) if _fits(made["sample"], name)
    ]
    for name in columns:
        is_number = all(isinstance(row[name], int | float) for row in made["sample"] if row[name] is not None)
        is_time = any(isinstance(row[name], str) and TIME.match(row[name]) for row in made["sample"])
        side: JustifyMethod = "right" if is_number else "left"
        table.add_column(name.replace("_", " "), justify=side, overflow="fold", no_wrap=is_time)
    for row in made["sample"]:
        table.add_row(*(Text(_said(row[name])) for name in columns))
    screen.print(table)
    if made["rows"] > len(made["sample"]):
        screen.print(f"… and {made['rows'] - len(made['sample']):,} more, in the lake as {made['table']}.")
    if made["file"]:
        screen.print(f"File: {made['file']}", markup=False, highlight=False, soft_wrap=True)


def _fits(sample: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Whether a column has room in a terminal; long sentences are read in the file."""
    return all(len(str(row[name])) <= LONGEST_CELL for row in sample)


def _said(value: Any) -> str:
    """A cell: numbers as short as they stay useful, times to the minute."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    return f"{value[:10]} {value[11:16]}" if isinstance(value, str) and TIME.match(value) else str(value)
