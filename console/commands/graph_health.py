"""`warrant graph health`: how whole and how current the reasoning graph is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from console.commands.arguments import PlaybookOption, open_command_day
from console.output import Format, FormatOption, people_screen, show_json
from console.watching import watch
from pipelines.errors import VerificationError

STYLES = {"ok": "green", "warning": "yellow", "alarm": "bold red"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("health", epilog="Example: warrant graph health --page health.html")(health)


def health(
    playbook: PlaybookOption = None,
    page: Annotated[
        Path | None, typer.Option("--page", metavar="FILE", help="Write it as a page with pictures, too.")
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Freshness of sources, orphans, outdated beliefs, contested identities, schema drift, confidence, growth.

    Ends with exit code 6 while anything is at the level alarm.
    """
    from pipelines.health import health_now
    from pipelines.pages.health import write_health_page

    with watch() as progress:
        day = open_command_day(playbook, None, progress)
        measured = health_now(day)
    written = write_health_page(day.playbook.name, measured, page) if page else None
    if output == Format.JSON:
        show_json({**measured, "page": str(written) if written else None})
    else:
        _show(measured)
        if written:
            people_screen().print(f"Page: {written}", markup=False, highlight=False, soft_wrap=True)
    if measured["level"] == "alarm":
        raise typer.Exit(VerificationError.exit_code)


def _show(measured: Mapping[str, Any]) -> None:
    from pipelines.health import LEVELS

    screen = people_screen()
    style = STYLES[measured["level"]]
    screen.print(f"The graph's health as of {measured['as_of']}: [{style}]{measured['level']}[/]", highlight=False)
    screen.print(
        f"{measured['nodes']:,} nodes, {measured['relationships']:,} relationships, "
        f"{measured['relationships_per_node']:.2f} per node{_grown(measured)}",
        highlight=False,
    )
    if measured["trust"] < 1:
        screen.print(f"The confidence of every decision is multiplied by {measured['trust']:.2f}.", highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("level", "what", "about", "found"):
        table.add_column(name, overflow="fold")
    for one in sorted(measured["findings"], key=lambda one: -LEVELS.index(one["level"])):
        level = f"[{STYLES[one['level']]}]{one['level']}[/]"
        table.add_row(level, one["name"].replace("_", " "), Text(one["subject"]), Text(one["sentence"]))
    screen.print(table)


def _grown(measured: Mapping[str, Any]) -> str:
    newest = measured["growth"][-1] if measured["growth"] else {}
    growth = newest.get("growth_pct")
    return "" if growth is None else f"; relationships grew by {growth:+.2f} % since the run before"
