"""`language.yaml` and `language.csv`: what is asked of every inbound message, and labelled examples of it."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import pandas as pd
from pydantic import Field, model_validator

from forecasting.language.settings import HAND, SURE_FROM, TEXT, LanguageSettings, Task
from pipelines.errors import PlaybookError
from pipelines.playbook_files import Strict

FILE: Final = "language.yaml"
EXAMPLES: Final = "language.csv"

TaskName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Label = Annotated[str, Field(min_length=1, max_length=40)]


class LanguageFile(Strict):
    """`language.yaml`."""

    tasks: Annotated[dict[TaskName, dict[Label, tuple[str, ...]]], Field(min_length=1)]
    sure_from: Annotated[float, Field(gt=0, lt=1)] = SURE_FROM

    @model_validator(mode="after")
    def _labels_to_tell_apart(self) -> "LanguageFile":
        for task, labels in self.tasks.items():
            if task in {TEXT, HAND}:
                raise ValueError(f"`{task}` is a column of {EXAMPLES} and no task")
            if len(labels) < 2:  # noqa: PLR2004 - one label leaves nothing to tell apart
                raise ValueError(f"`{task}` needs two labels or more")
            for label, keywords in labels.items():
                if any(not keyword.removesuffix("*").strip() for keyword in keywords):
                    raise ValueError(f"`{label}` of `{task}` has an empty keyword")
        return self


def read_language(folder: Path, stated: LanguageFile) -> LanguageSettings:
    """The tasks with their labelled examples; without `language.csv` there are none, and nothing is ever sure.

    Raises:
        PlaybookError: A column is missing, a row is not as long as the header, or a label is unknown, with its line.
    """
    tasks = tuple(Task(name, dict(labels), stated.sure_from) for name, labels in stated.tasks.items())
    path = folder / EXAMPLES
    names = [TEXT, HAND, *(task.name for task in tasks)]
    if not path.is_file():
        return LanguageSettings(tasks, pd.DataFrame({name: pd.Series(dtype=object) for name in names}))
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [(reader.line_num, row) for reader in [csv.reader(file)] for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise PlaybookError(
            f"cannot be read as CSV in UTF-8: {error}.", where=str(path), remedy="Save it as CSV, UTF-8."
        ) from error
    header = rows[0][1] if rows else []
    if missing := [name for name in names if name not in header]:
        raise PlaybookError(
            f"the column {', '.join(missing)} is missing.",
            where=f"{path}:1",
            remedy=f"The header is: {','.join(names)}.",
        )
    known = {task.name: task.labels for task in tasks}
    examples = [_example(path, line, header, row, known) for line, row in rows[1:] if row]
    return LanguageSettings(tasks, pd.DataFrame(examples, columns=names, dtype=object))


def _example(
    path: Path, line: int, header: list[str], row: list[str], known: Mapping[str, tuple[str, ...]]
) -> dict[str, str | None]:
    if len(row) != len(header):
        raise PlaybookError(
            f"{len(row)} cells stand under {len(header)} columns.",
            where=f"{path}:{line}",
            remedy="Put a text with commas in quotes.",
        )
    cells = {name: cell.strip() or None for name, cell in zip(header, row, strict=True)}
    for name in (TEXT, HAND):
        if cells[name] is None:
            raise PlaybookError(
                f"the example has no {name}.", where=f"{path}:{line}", remedy="Fill it, or drop the row."
            )
    for task, labels in known.items():
        if cells[task] is not None and cells[task] not in labels:
            raise PlaybookError(
                f"`{cells[task]}` is no label of {task}.",
                where=f"{path}:{line}",
                remedy=f"Known: {', '.join(labels)}. Leave the cell empty where none fits.",
            )
    return cells
