"""How answers of the graph are printed: a table for people, one JSON document, or CSV for other programs."""

import csv
import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import typer
from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from console.output import remember_format

DIGITS: Final = 4
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d:\d\d")
_WORDS: Final = {True: "true", False: "false", None: ""}


class AnswerFormat(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


AnswerFormatOption = Annotated[
    AnswerFormat,
    typer.Option(
        "--format",
        help="`table` for people, `json` for programs: one document on stdout, `csv` for sheets: a header, then rows.",
        callback=remember_format,
    ),
]


def write_csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a header and the rows to stdout; lists and maps as JSON, a missing value as nothing."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)


def show_rows(screen: Console, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the rows as a table; what it shortens (`_shown`), JSON and CSV have in full."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for column in columns:
        is_number = all(isinstance(row[column], int | float | None) for row in rows)
        is_time = not is_number and all(row[column] is None or _is_time(row[column]) for row in rows)
        justify: JustifyMethod = "right" if is_number else "left"
        table.add_column(Text(column), justify=justify, overflow="fold", no_wrap=is_time)
    for row in rows:
        table.add_row(*(Text(_shown(row[column])) for column in columns))
    screen.print(table)


def _shown(value: Any) -> str:
    """As `_cell`, yet shorter: times to the minute in UTC, numbers to four digits, of a list the first entry."""
    if _is_time(value):
        return f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%MZ}"
    if isinstance(value, float):
        return f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")
    if isinstance(value, list) and len(value) > 1:
        return f"{_cell(value[0])} and {len(value) - 1:,} more"
    return _cell(value[0]) if isinstance(value, list) and value else _cell(value)


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and _TIME.fullmatch(value) is not None


def _cell(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
