"""What every command has in common: formats, errors with exit codes, one JSON document on stdout."""

import inspect
import json
import os
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, get_type_hints

import click
import typer
from rich.console import Console
from typer.core import TyperGroup
from typer.models import ArgumentInfo

from lake.errors import WarrantError


class Format(StrEnum):
    """How a command prints its result."""

    TABLE = "table"
    JSON = "json"


def remember_format(context: typer.Context, value: Any) -> Any:
    """Note a command's format, one of this or another list, so that an error is told in it."""
    context.find_root().meta["warrant.format"] = value
    return value


FormatOption = Annotated[
    Format,
    typer.Option(
        "--format", help="`table` for people, `json` for programs: one document on stdout.", callback=remember_format
    ),
]


class WarrantGroup(TyperGroup):
    """Commands whose errors are sentences with an exit code, never a traceback for what a person can mend."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for command in self.commands.values():
            _restore_argument_help(command)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn our errors into what the contract says."""
        arguments = [*ctx._protected_args, *ctx.args]  # noqa: SLF001  (parsing may fail before `--format` is reached)
        try:
            return super().invoke(ctx)
        except WarrantError as error:
            show_error(error, as_json=ctx.find_root().meta.get("warrant.format") == Format.JSON)
            raise typer.Exit(error.exit_code) from error
        except MemoryError as error:
            told = _out_of_memory(error, ctx)
            show_error(told, as_json=ctx.find_root().meta.get("warrant.format") == Format.JSON)
            raise typer.Exit(told.exit_code) from error
        except click.UsageError as error:
            if not asks_for_json(arguments):
                raise
            command = error.ctx.command_path if error.ctx else ctx.command_path
            show_json({"error": {"what": error.format_message(), "where": command, "remedy": f"See {command} --help."}})
            raise typer.Exit(error.exit_code) from error


def _out_of_memory(error: MemoryError, ctx: click.Context) -> WarrantError:
    return WarrantError(
        f"there is not enough memory: {error or 'the machine gave no more'}.",
        where=ctx.command_path,
        remedy="Stop other programs or take a larger machine, then repeat the command: nothing is left half done.",
    )


def asks_for_json(arguments: list[str]) -> bool:
    """Whether a command line says `--format json`."""
    return f"--format={Format.JSON}" in arguments or ("--format", Format.JSON.value) in pairwise(arguments)


def show_error(error: WarrantError, *, as_json: bool) -> None:
    """Print what is wrong, where, and what to do: JSON to stdout, text to stderr."""
    if as_json:
        show_json({"error": {"what": error.what, "where": error.where, "remedy": error.remedy}})
        return
    screen = people_screen(stderr=True)
    screen.print("[bold red]error[/] ", end="")
    screen.print(error.what, markup=False, highlight=False, soft_wrap=True)
    if error.where:
        screen.print(f"  where  {error.where}", markup=False, highlight=False, soft_wrap=True)
    if error.remedy:
        screen.print(f"  to do  {error.remedy}", markup=False, highlight=False, soft_wrap=True)


def show_json(document: Any) -> None:
    """Print one JSON document to stdout."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False, default=str))


def people_screen(*, stderr: bool = False) -> Console:
    """Where text for people goes; as wide as the terminal, 120 columns when there is none."""
    console = Console(stderr=stderr)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        return Console(stderr=stderr, width=120)
    return console


def _restore_argument_help(command: click.Command) -> None:
    """Say again what the arguments are: typer before 0.26 lets click 8.5 forget it."""
    if command.callback is None:
        return
    hints = get_type_hints(inspect.unwrap(command.callback), include_extras=True)
    for parameter in command.params:
        for note in getattr(hints.get(str(parameter.name)), "__metadata__", ()):
            if isinstance(note, ArgumentInfo) and isinstance(parameter, click.Argument):
                parameter.help = note.help
