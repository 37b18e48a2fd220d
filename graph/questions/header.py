"""Reading one file of the library: a block comment of YAML, then the statement it describes."""

import re
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graph.errors import GraphRefused
from graph.questions.binding import check_value
from graph.questions.declaration import (
    TIMES,
    Column,
    Parameter,
    ParameterType,
    Question,
    QuestionError,
    QuestionLibraryError,
    Shows,
)
from graph.read_only import refuse_writes
from graph.tokens import parameters_of, returned_names

NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_FILE: Final = re.compile(r"\A/\*\n(?P<header>.*?)\n\*/\n(?P<statement>.*)\Z", re.DOTALL)
_SHAPE: Final = "Begin the file with /* on its own line, then YAML, then */ on its own line, then the statement."


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Parameter(_Strict):
    type: ParameterType
    doc: str = Field(min_length=3)
    default: str | int | float | bool | list[str] | None = None
    example: str | int | float | bool | list[str] | None = None
    personal: bool = False


class _Column(_Strict):
    doc: str = Field(min_length=3)
    shows: Shows = "business"


class _Header(_Strict):
    question: str = Field(pattern=r"\?$")
    asked_by: list[Literal["analyst", "owner", "DPO"]] = Field(min_length=1)
    parameters: dict[str, _Parameter] = Field(default_factory=dict)
    columns: dict[str, str | _Column]
    people: str | None = None
    note: str = ""


def read_question(path: Path) -> Question:
    """The question of a file.

    Raises:
        QuestionLibraryError: It has no header, or one that does not describe its statement.
    """
    if not NAME.fullmatch(path.stem):
        raise _broken(path, f"`{path.stem}` is no name of a question", "Name the file in lower case with hyphens.")
    parts = _FILE.match(path.read_text(encoding="utf-8"))
    if parts is None:
        raise _broken(path, "The file has no header", _SHAPE)
    header = _header(path, parts["header"])
    question = Question(
        name=path.stem,
        sentence=header.question,
        asked_by=tuple(header.asked_by),
        parameters=tuple(_parameter(name, one) for name, one in header.parameters.items()),
        columns=tuple(_column(name, one) for name, one in header.columns.items()),
        people=header.people,
        note=header.note,
        statement=parts["statement"].strip(),
    )
    _check(path, question)
    return question


def _header(path: Path, text: str) -> _Header:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 2}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "cannot be read"
        raise _broken(path, f"The header is no YAML{line}: {problem}", "Correct it.") from error
    try:
        return _Header.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the header"
        raise _broken(path, f"`{place}`: {first['msg']}", "See the other files of the library.") from error


def _parameter(name: str, declared: _Parameter) -> Parameter:
    return Parameter(
        name=name,
        type=declared.type,
        doc=declared.doc,
        default=_frozen(declared.default),
        example=_frozen(declared.example),
        is_personal=declared.personal,
    )


def _column(name: str, declared: str | _Column) -> Column:
    return Column(name, declared) if isinstance(declared, str) else Column(name, declared.doc, declared.shows)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _check(path: Path, question: Question) -> None:
    try:
        refuse_writes(question.statement)
        used, returned = parameters_of(question.statement), returned_names(question.statement)
    except GraphRefused as refused:
        raise _broken(path, f"The statement is refused: {refused.what}", refused.remedy) from refused
    declared = {one.name for one in question.parameters}
    columns = [one.name for one in question.columns]
    if both := declared & set(TIMES):
        raise _broken(path, f"`{min(both)}` is there without being declared", "Leave it out of the parameters.")
    if missing := used - declared - set(TIMES):
        raise _broken(path, f"The statement uses `${min(missing)}`, which the header lacks", "Declare it.")
    if idle := declared - used:
        raise _broken(path, f"The header declares `{min(idle)}`, which the statement does not use", "Remove it.")
    if columns != returned:
        said = ", ".join(returned)
        raise _broken(path, f"The statement returns {said}, the header says otherwise", "Describe these, in order.")
    if question.people is not None and question.people not in columns:
        raise _broken(path, f"`people` names `{question.people}`, which is no column", "Name the one that counts.")
    for one in question.parameters:
        _check_values(path, one)


def _check_values(path: Path, parameter: Parameter) -> None:
    if parameter.is_required and parameter.example is None:
        raise _broken(path, f"`{parameter.name}` has neither default nor example", "Give it one of them.")
    for value in (parameter.default, parameter.example):
        try:
            if value is not None:
                check_value(parameter, value)
        except QuestionError as error:
            raise _broken(path, error.what, error.remedy) from error


def _broken(path: Path, what: str, remedy: str) -> QuestionLibraryError:
    return QuestionLibraryError(f"{what.rstrip('.')}.", where=path.name, remedy=remedy)
