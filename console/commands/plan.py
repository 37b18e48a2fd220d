"""`warrant plan`: who hears what on which day."""

from pathlib import Path
from typing import Annotated

import typer

from console.commands.arguments import ActorOption, PlaybookArgument, open_command_day
from console.output import Format, FormatOption, people_screen, show_json
from console.plan_sheet import show_plan
from console.watching import watch


def register(app: typer.Typer) -> None:
    """Add the command."""
    epilog = "Example: warrant plan examples/grocer --horizon 14 --customer 1609"
    app.command("plan", rich_help_panel="The day", epilog=epilog)(plan)


def plan(
    playbook: PlaybookArgument = None,
    *,
    horizon: Annotated[
        int, typer.Option("--horizon", min=1, max=92, metavar="DAYS", help="How many days, the first included.")
    ] = 14,
    customer: Annotated[
        str | None, typer.Option("--customer", help="Tell this customer's plan day by day; a customer's id.")
    ] = None,
    run_id: Annotated[str | None, typer.Option("--run", help="A run's id; without it the last decided one.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="Write everybody's plan into this file too: .csv, .parquet or .json."),
    ] = None,
    actor: ActorOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Plan the days after the last decided run: who would hear what, on which channel, on which day. Nothing is stored.

    Each day is decided like a run, with caps, limits and messages of the planned days before it. Only the first day is
    a decision; later days change with what happens until then.
    """
    import os

    from pipelines.people import acting
    from pipelines.planning import Asked, plan_days

    with watch() as progress:
        day = open_command_day(playbook, progress=progress)
        document = plan_days(day, acting(day.playbook, actor, os.environ), Asked(horizon, customer, run_id, file))
    if output == Format.JSON:
        show_json(document)
    else:
        show_plan(people_screen(), document)
