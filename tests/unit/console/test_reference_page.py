"""The reference page is written from the commands, so that none is missing and each says what it needs to."""

import json
import subprocess
import sys

import click
import pytest
import typer

from console.command_line import app
from console.reference_page import PAGE, commands, page

COMMANDS = dict(commands(typer.main.get_command(app)))


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again: python -m console.reference_page"


def test_every_command_and_every_parameter_is_on_the_page() -> None:
    sections = dict(section.split("\n", 1) for section in page().split("\n## ")[1:])
    for path, command in COMMANDS.items():
        for parameter in command.params:
            names = parameter.opts if isinstance(parameter, click.Option) else [parameter.metavar or ""]
            for name in names:
                assert f"`{name.strip('[]')}`" in sections[path], f"{path} {name}"


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_says_what_it_does_with_an_example(path: str) -> None:
    command = COMMANDS[path]
    assert command.help
    assert command.help.endswith(".")
    assert (command.epilog or "").startswith(f"Example: {path}")
    unexplained = [parameter.name for parameter in command.params if not getattr(parameter, "help", None)]
    assert unexplained == []


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_can_answer_as_json(path: str) -> None:
    assert "--format" in [name for parameter in COMMANDS[path].params for name in parameter.opts]


def test_asking_for_help_waits_for_no_tables_and_no_dagster() -> None:
    program = "import json, sys, console.command_line; print(json.dumps(sorted(sys.modules)))"
    finished = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert {"pandas", "dagster", "duckdb", "neo4j"} & set(json.loads(finished.stdout)) == set()
