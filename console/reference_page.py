"""The reference page of the command line, written from the commands themselves: `python -m console.reference_page`."""

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import click
import typer

from console.command_line import app

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "command-line.md"

_HEAD = """\
# The command line

*Written from the commands by `python -m console.reference_page`. Do not edit this page; edit the commands.*

```sh
warrant check examples/grocer     # everything about a playbook that can be known before it runs
warrant run examples/grocer       # from the sources to files for the channels
warrant why --customer 1609       # what was decided for somebody, and why
```

Every command has `--help`, which ends with an example.

## What all commands share

**The playbook** a command works on is its argument or `--playbook`, else `WARRANT_PLAYBOOK`, else that of the last run.

**The state** lies in `WARRANT_HOME`, by default `.warrant` in the current folder: tables (`lake/`), the graph's files
(`graph/`), Dagster's history (`dagster/`), files for the channels (`exports/`), receipts of
erasures (`receipts/`), and the last playbook (`current`).

**Output** on stdout is text for people. With `--format json` it is one JSON document, and an error is one too:

```json
{"error": {"what": "…", "where": "…", "remedy": "…"}}
```

Progress goes to stderr: a live view on a terminal; elsewhere a line when a step starts, when it is skipped because the
run has done it before, and when it finishes, with at most one line a second in between.

**Exit codes** mean the same everywhere.

| code | meaning |
|---|---|
| 0 | done |
| 1 | a defect of Warrant; `WARRANT_TRACEBACK=1` shows how it came about |
| 2 | usage: no such option, run or customer, or a setting that cannot be |
| 3 | the playbook or the data is wrong |
| 4 | the graph's server cannot be reached |
| 5 | refused by policy or authority, or another process is running this playbook |
| 6 | verification failed: a replay, or a check of what a step has left |

**Environment variables**

| variable | meaning |
|---|---|
| `WARRANT_HOME` | the state folder |
| `WARRANT_PLAYBOOK` | the playbook's folder |
| `WARRANT_DATA` | the folder in which source queries look for files, in place of the playbook's `data` |
| `WARRANT_NOW` | simulates the clock, such as `2026-03-01T09:00:00+00:00`; only for channels that are files |
| `WARRANT_ACTOR` | who acts, such as `person:ops-manager`, where a command does not say `--actor` |
| `WARRANT_GRAPH` | a Bolt address such as `bolt://localhost:7687`, in place of the embedded server |
| `WARRANT_GRAPH_USER`, `WARRANT_GRAPH_PASSWORD` | how to sign in there |
| `WARRANT_GRAPH_MEMORY` | the most memory that the embedded server takes, such as `1g` |
| `WARRANT_TRACEBACK` | `1` prints the traceback of a defect |
"""


def page() -> str:
    """The text of the page."""
    return "\n".join(_lines())


def write_page() -> None:
    """Write the page to its place in the documentation."""
    PAGE.write_text(page(), encoding="utf-8")


def commands(root: click.Command, path: str = "warrant") -> Iterator[tuple[str, click.Command]]:
    """Every command that can be called, with all its words."""
    if not isinstance(root, click.Group):
        yield path, root
        return
    for name, command in root.commands.items():
        yield from commands(command, f"{path} {name}")


def _lines() -> Iterator[str]:
    yield _HEAD
    for path, command in commands(typer.main.get_command(app)):
        yield from _command(path, command)


def _command(path: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    yield f"## {path}\n"
    yield f"{command.help}\n"
    yield "```sh"
    yield f"{path} {' '.join(command.collect_usage_pieces(context))}"
    if command.epilog:
        yield command.epilog.removeprefix("Example: ")
    yield "```\n"
    yield "| | |"
    yield "|---|---|"
    for parameter in command.params:
        yield f"| {_name(parameter)} | {_meaning(parameter)} |"
    yield ""


def _name(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        return f"`{(parameter.metavar or str(parameter.name)).strip('[]')}`"
    return ", ".join(f"`{name}`" for name in parameter.opts)


def _meaning(parameter: click.Parameter) -> str:
    text = str(getattr(parameter, "help", None) or "")
    if isinstance(parameter.type, click.Choice):
        text += f" One of {', '.join(f'`{_plain(choice)}`' for choice in parameter.type.choices)}."
    default = parameter.default
    if isinstance(default, str | int | float) and not isinstance(default, bool):
        text += f" Default: `{_plain(default)}`."
    return text + (" Required." if parameter.required else "")


def _plain(value: Any) -> str:
    return str(value.value if isinstance(value, Enum) else value)


if __name__ == "__main__":
    write_page()
