"""What a saved question says about itself: its sentence, its parameters and what its columns mean."""

from dataclasses import dataclass
from typing import Literal

from graph.errors import GraphError

ParameterType = Literal["text", "integer", "number", "boolean", "time", "texts"]

Shows = Literal["business", "person", "personal"]
"""What a column holds: nothing about a single person; the key of one; or something else about one."""

Value = str | int | float | bool | tuple[str, ...]
"""A default or an example, as written in the header; a time stays the text it is."""

TIMES = ("as_of", "known_at")
"""Parameters that every statement may use without declaring them: valid time, and what we knew when."""


class QuestionError(GraphError):
    """There is no such question, or it does not take what it was given."""

    exit_code = 2


class QuestionLibraryError(GraphError):
    """A file of the library is not what it should be: a defect, found by reading the library."""


@dataclass(frozen=True)
class Parameter:
    """What a question lets a person choose.

    Attributes:
        name: Its name, without the `$`.
        type: A time is a date, a time, or days from as-of such as `-28d`.
        doc: What it means, in one sentence.
        default: What holds when nothing is given; None when something has to be.
        example: A value to try, in the words of the command line.
        is_personal: Whether it names a person, so that only who may see personal data can ask.
    """

    name: str
    type: ParameterType
    doc: str
    default: Value | None = None
    example: Value | None = None
    is_personal: bool = False

    @property
    def is_required(self) -> bool:
        """Whether something has to be given."""
        return self.default is None


@dataclass(frozen=True)
class Column:
    """A column of the answer: its name, what it means, and whether it says something about a single person."""

    name: str
    doc: str
    shows: Shows = "business"


@dataclass(frozen=True)
class Question:
    """A saved question.

    Attributes:
        name: As it is asked for: the name of its file.
        sentence: What it answers, as a question.
        asked_by: Who would ask it: analyst, owner or DPO (data protection officer).
        parameters: What can be chosen, in the order of the header.
        columns: What comes out, in the order of the statement.
        people: The column that counts the people behind a row, where rows are about groups of people.
        note: What one has to know to read the answer, or nothing.
        statement: The Cypher, without the header.
    """

    name: str
    sentence: str
    asked_by: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    columns: tuple[Column, ...]
    people: str | None
    note: str
    statement: str

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of this name, if there is one."""
        return next((one for one in self.parameters if one.name == name), None)

    @property
    def is_about_somebody(self) -> bool:
        """Whether it is asked about one person, whom the asker names."""
        return any(one.is_personal for one in self.parameters)

    @property
    def example(self) -> str:
        """How to ask it on the command line."""
        given = [one for one in self.parameters if one.is_required]
        options = "".join(f" --param {_quoted(f'{one.name}={as_text(one.example)}')}" for one in given)
        return f"warrant query {self.name}{options}"


def as_text(value: Value | None) -> str:
    """A default or example as one writes it after `--param name=`."""
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _quoted(text: str) -> str:
    return f'"{text}"' if any(letter in text for letter in " &|;<>()$`'*?") else text
