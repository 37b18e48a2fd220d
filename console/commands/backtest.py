"""`warrant backtest`: every forecast beside what one would use instead, on days that its fit did not see."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.commands.arguments import AsOfOption, PlaybookArgument, open_command_day
from console.commands.forecast import What
from console.output import Format, FormatOption, people_screen, show_json
from console.watching import watch


def register(app: typer.Typer) -> None:
    """Add the command."""
    epilog = "Example: warrant backtest examples/grocer --what cadence --as-of 2018-01-01"
    app.command("backtest", rich_help_panel="Forecasts", epilog=epilog)(backtest)


def backtest(
    playbook: PlaybookArgument = None,
    what: Annotated[
        What | None, typer.Option("--what", help="Which forecast; without it all that the data suffice for.")
    ] = None,
    as_of: AsOfOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Score forecasts against their rivals, by rolling origin, with intervals and a picture. Decides nothing."""
    from pipelines.forecasts.backtesting import backtest_all
    from pipelines.forecasts.catalogue import PARTS, part

    with watch() as progress:
        day = open_command_day(playbook, as_of, progress)
        wanted = [part(what.value)] if what else [one for one in map(part, PARTS) if one.backtest is not None]
        found = backtest_all(day, wanted)
    if output == Format.JSON:
        show_json(found)
        return
    screen = people_screen()
    for one in found["backtests"]:
        _show(screen, one)
    for refused in found["not_possible"]:
        screen.print(f"{refused['what']}: not possible. {refused['why']}", markup=False, highlight=False)
        screen.print(f"  to do  {refused['remedy']}\n", markup=False, highlight=False)


def _show(screen: Console, found: Mapping[str, Any]) -> None:
    style = "green" if found["is_better"] else "yellow"
    screen.print(f"[bold]{found['what']}[/]  [{style}]{found['verdict']}[/]", highlight=False)
    screen.print(found["subject"], markup=False, highlight=False)
    screen.print(f"{found['splits']}; seed {found['seed']}\n", style="dim", markup=False, highlight=False)
    screen.print(_scores(found))
    if found["against"]:
        screen.print(_against(found))
    for note in found["notes"]:
        screen.print(f"· {note}", markup=False, highlight=False)
    screen.print(f"Picture: {found['picture']}\n", markup=False, highlight=False, soft_wrap=True)


def _scores(found: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("metric", "model"):
        table.add_column(name, overflow="fold")
    for name in ("value", "95 % interval", "rows"):
        table.add_column(name, justify="right")
    ordered = sorted(found["scores"], key=lambda row: row["metric"])  # stable: models stay as the backtest lists them
    before = ""
    for row in ordered:
        model = Text(words(row["model"]), style="bold" if row["is_ours"] else "")
        table.add_row(
            "" if row["metric"] == before else words(row["metric"]),
            model,
            number(row["value"]),
            interval(row),
            f"{row['rows']:,}",
        )
        before = row["metric"]
    return table


def _against(found: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("ours against", "metric"):
        table.add_column(name, overflow="fold")
    for name in ("difference", "95 % interval", "wins"):
        table.add_column(name, justify="right")
    for row in found["against"]:
        wins = Text("yes", style="green") if row["wins"] else Text("no", style="yellow")
        table.add_row(words(row["rival"]), words(row["metric"]), number(row["difference"]), interval(row), wins)
    return table


def words(name: str) -> str:
    """A name as people read it."""
    return name.replace("_", " ")


def number(value: float | None) -> str:
    """A score with four digits that mean something; nothing where none was computed."""
    return "" if value is None else f"{value:.4g}"


def interval(row: Mapping[str, Any]) -> str:
    """Low to high, or nothing where none was computed."""
    return "" if row["low"] is None or row["high"] is None else f"{row['low']:.4g} to {row['high']:.4g}"
