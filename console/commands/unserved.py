"""`warrant unserved`: what was not said, by motive and by what stood in the way, with the cheapest fix."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.commands.arguments import ActorOption, PlaybookArgument, open_command_day
from console.output import Format, FormatOption, people_screen, show_json
from console.watching import watch
from console.wording import cents, day_name, money

SHOWN = 15


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("unserved", rich_help_panel="Asking", epilog="Example: warrant unserved examples/grocer --limit 30")(
        unserved
    )


def unserved(
    playbook: PlaybookArgument = None,
    *,
    run_id: Annotated[str | None, typer.Option("--run", help="A run's id; without it the last decided one.")] = None,
    actor: ActorOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show at most this many rows; JSON has all.")] = SHOWN,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show the value of what was not said: motive by cause, customers, value lost, and the cheapest fix.

    Every customer who was sent nothing is counted once, under the message that would have brought most.
    """
    from pipelines.people import acting, may
    from pipelines.unserving import unserved_value

    with watch() as progress:
        day = open_command_day(playbook, progress=progress)
        document = unserved_value(day, run_id)
        if not may(acting(day.playbook, actor, day.environment), "see personal data"):
            document["rows"] = [row | {"samples": []} for row in document["rows"]]
    if output == Format.JSON:
        show_json(document)
    else:
        _show(people_screen(), document, limit)


def _show(screen: Console, found: Mapping[str, Any], limit: int) -> None:
    currency = found["currency"]
    screen.print()
    screen.rule(f"[bold]{found['playbook']}[/] · {day_name(found['as_of_day'])} · what was not said")
    kept = money(found["value"], currency)
    said = f"\n{found['customers']:,} customers were sent nothing; what stood in the way kept {kept}."
    screen.print(said, highlight=False)
    show_causes(screen, found, currency)
    rows = [row for row in found["rows"] if row["play"]][:limit]
    if not rows:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column("motive", overflow="fold", ratio=3)
    table.add_column("what stood in the way", overflow="fold", ratio=2)
    table.add_column("customers", justify="right", no_wrap=True)
    table.add_column(f"worth {currency}", justify="right", no_wrap=True)
    table.add_column("cheapest fix", overflow="fold", ratio=4)
    for row in rows:
        cause = f"{row['cause']}: {row['detail']}" if row["detail"] and row["detail"] != row["cause"] else row["cause"]
        worth = f"{'~' if row['is_estimate'] else ''}{cents(row['value'])}"
        motive = f"{row['play']}: {row['subject']}"
        table.add_row(Text(motive), Text(cause), f"{row['customers']:,}", worth, Text(row["fix"]))
    screen.print()
    screen.print(table)
    rest = len([row for row in found["rows"] if row["play"]]) - len(rows)
    if rest > 0:
        screen.print(f"\n{rest:,} more rows: --limit, or --format json.", style="dim", highlight=False)


def show_causes(screen: Console, found: Mapping[str, Any], currency: str) -> None:
    """Customers without a message and value lost, by cause."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column()
    for row in found["by_cause"]:
        grid.add_row(f"{row['customers']:,}", money(row["value"], currency), row["cause"])
    screen.print()
    screen.print(grid)
