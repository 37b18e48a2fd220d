"""`warrant graph up|down|status`: the embedded graph server, for people who operate it."""

import os
from dataclasses import asdict
from typing import Any

import typer

from console.output import Format, FormatOption, WarrantGroup, people_screen, show_json
from console.watching import watch
from pipelines.home import find_home

app = typer.Typer(cls=WarrantGroup, no_args_is_help=True, help="The embedded graph server: start, stop, look.")


@app.command("up", epilog="Example: warrant graph up")
def up(output: FormatOption = Format.TABLE) -> None:
    """Start the embedded graph server, or find it running."""
    from graph.local import start, status

    home = find_home(os.environ).graph
    with watch() as progress:
        start(home, report=lambda text: progress.doing("graph", text))
    _show(asdict(status(home)), output)


@app.command("down", epilog="Example: warrant graph down")
def down(output: FormatOption = Format.TABLE) -> None:
    """Stop the embedded graph server; its data stays."""
    from graph.local import status, stop

    home = find_home(os.environ).graph
    stop(home)
    _show(asdict(status(home)), output)


@app.command("status", epilog="Example: warrant graph status --format json")
def show_status(output: FormatOption = Format.TABLE) -> None:
    """Say whether the embedded graph server runs, and where."""
    from graph.local import status

    _show(asdict(status(find_home(os.environ).graph)), output)


def _show(facts: dict[str, Any], output: Format) -> None:
    if output == Format.JSON:
        show_json(facts)
        return
    screen = people_screen()
    for name, value in facts.items():
        screen.print(f"{name.replace('_', ' '):<16} {value}", markup=False, highlight=False, soft_wrap=True)
