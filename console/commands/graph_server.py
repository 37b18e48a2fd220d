"""`warrant graph up|down|status`: the embedded graph server, for people who operate it."""

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.output import Format, FormatOption, WarrantGroup, people_screen, show_json
from console.watching import watch
from pipelines.home import find_home

if TYPE_CHECKING:
    from graph.local import Status

MEBIBYTE = 1024 * 1024

app = typer.Typer(cls=WarrantGroup, no_args_is_help=True, help="The embedded graph server: start it, stop it, look.")


@app.command("up", epilog="Example: warrant graph up --port 7687")
def up(
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port on this machine; without it a free one.")
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Start the embedded graph server, or find it running. Other commands start it by themselves when they need it."""
    from graph.local import start, status

    home = find_home(os.environ).graph
    with watch() as progress:
        start(home, port=port, report=lambda text: progress.doing("graph", text))
    _show(status(home), output)


@app.command("down", epilog="Example: warrant graph down")
def down(output: FormatOption = Format.TABLE) -> None:
    """Stop the embedded graph server, after it has finished what it is at. Its data stays."""
    from graph.local import status, stop

    home = find_home(os.environ).graph
    stop(home)
    _show(status(home), output)


@app.command("status", epilog="Example: warrant graph status --format json")
def show_status(output: FormatOption = Format.TABLE) -> None:
    """Say whether the embedded graph server runs, and where; never starts one."""
    from graph.local import status

    _show(status(find_home(os.environ).graph), output)


def _show(found: "Status", output: Format) -> None:
    document = _document(found)
    if output == Format.JSON:
        show_json(document)
        return
    screen = people_screen()
    for line in _lines(document):
        screen.print(line, markup=False, highlight=False, soft_wrap=True)
    if named := os.environ.get("WARRANT_GRAPH"):
        screen.print(f"WARRANT_GRAPH is set: commands use {named} and not this server.", style="yellow", markup=False)


def _document(found: "Status") -> dict[str, Any]:
    from graph.embedded_process import Files
    from graph.local import USER

    address = f"bolt://127.0.0.1:{found.port}" if found.is_running else None
    return {
        "is_running": found.is_running,
        "address": address,
        "user": USER,
        "password_file": str(Files(found.home).password),
        "home": str(found.home),
        "pid": found.pid,
        "port": found.port,
        "version": found.version,
        "resident_bytes": found.resident_bytes,
    }


def _lines(document: dict[str, Any]) -> list[str]:
    if not document["is_running"]:
        return [
            "The embedded graph server does not run.",
            f"  files     {document['home']}",
            "  start it  warrant graph up",
        ]
    return [
        f"The embedded graph server runs at {document['address']}",
        f"  version   {document['version']}",
        f"  process   {document['pid']}, {document['resident_bytes'] / MEBIBYTE:,.0f} MiB",
        f"  files     {document['home']}",
        f"  sign in   user {document['user']}, password in {document['password_file']}",
    ]
