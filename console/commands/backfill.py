"""`warrant backfill`: past days decided in hindsight, to learn from them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from console.commands.arguments import PlaybookArgument, open_command_day
from console.output import Format, FormatOption, people_screen, show_json
from console.watching import watch
from console.wording import cents


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "backfill",
        rich_help_panel="The day",
        epilog="Example: warrant backfill examples/grocer --from 2017-11-07 --to 2017-11-13",
    )(backfill)


def backfill(
    playbook: PlaybookArgument = None,
    *,
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The first day to decide.")
    ],
    last: Annotated[
        datetime, typer.Option("--to", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The last day, included.")
    ],
    output: FormatOption = Format.TABLE,
) -> None:
    """Decide past days as they would be decided now, one run a day. Nothing is delivered, and the graph stays as it is.

    Each day knows what was known before it, and what had really been sent by then. Doing it again repeats nothing.
    """
    from pipelines.backfilling import backfill as decide_again

    with watch() as progress:
        found = decide_again(open_command_day(playbook, progress=progress), first.date(), last.date())
    if output == Format.JSON:
        show_json(found)
    else:
        _show(people_screen(), found)


def _show(screen: Console, found: Mapping[str, Any]) -> None:
    screen.rule(f"[bold]{escape(found['playbook'])}[/] · {found['from']} to {found['to']} · in hindsight")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for heading in (
        "day",
        "run",
        "customers",
        "sends",
        f"value, {found['currency']}",
        f"cost, {found['currency']}",
        "",
    ):
        table.add_column(heading, justify="left" if heading in ("day", "run", "") else "right", no_wrap=True)
    for day in found["days"]:
        numbers = (f"{day['customers']:,}", f"{day['sends']:,}", cents(day["value"]), cents(day["cost"]))
        table.add_row(day["day"], day["run_id"], *numbers, "" if day["is_new"] else "decided before")
    table.add_row("all", "", "", f"{found['sends']:,}", cents(found["value"]), cents(found["cost"]), "")
    screen.print(table)
    screen.print("\nDecided to learn from; none of it is ever delivered.", style="dim")
