"""Masking what comes out of the graph: pseudonyms for people, a mark for everything else about them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from graph.masking.personal import OPEN_LABELS, OPEN_TYPES, key_of
from graph.questions.declaration import Question

MASK: Final = "•••"
"""Stands for a personal value, also for one that is missing."""

LEAST_PEOPLE: Final = 5
"""Rows of a saved question about fewer people than this, and not about nobody, are withheld."""

Treatment = Literal["as it is", "things", "pseudonym", "mask"]


@dataclass(frozen=True)
class Shown:
    """How a column is shown: its values as they are, masked inside, replaced by pseudonyms, or masked.

    Attributes:
        treatment: Which of these.
        called: What pseudonyms begin with, such as `customer`.
    """

    treatment: Treatment
    called: str = ""


@dataclass
class _Pseudonyms:
    """Names such as `customer-1` within one answer; another answer numbers anew, so that nothing links the two."""

    given: dict[tuple[str, Any], str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def of(self, called: str, key: Any) -> str:
        if (called, key) not in self.given:
            self.numbers[called] = self.numbers.get(called, 0) + 1
            self.given[called, key] = f"{called}-{self.numbers[called]}"
        return self.given[called, key]


def mask_rows(
    columns: Sequence[str], shown: Sequence[Shown], rows: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The rows of an answer as somebody sees them who may not see personal data.

    Args:
        columns: Names of the columns.
        shown: How each of them is shown.
        rows: Plain values, as `Answer` has them.
    """
    names = _Pseudonyms()
    pairs = list(zip(columns, shown, strict=True))
    return [{name: _masked(row[name], how, names) for name, how in pairs} for row in rows]


def question_columns(question: Question) -> list[Shown]:
    """How the columns of a saved question are shown, by its header."""
    treatments: dict[str, Treatment] = {"business": "as it is", "person": "pseudonym", "personal": "mask"}
    return [Shown(treatments[column.shows], column.name) for column in question.columns]


def enough_people(question: Question, rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows that are about nobody, or about enough people that none of them is told about."""
    if question.people is None:
        return list(rows)
    people = question.people
    return [row for row in rows if not 0 < row[people] < LEAST_PEOPLE]


def _masked(value: Any, how: Shown, names: _Pseudonyms) -> Any:
    if how.treatment == "as it is":
        return value
    if how.treatment == "mask":
        return MASK
    if how.treatment == "pseudonym":
        return MASK if value is None else names.of(how.called, value)
    return _thing(value, names)


def _thing(value: Any, names: _Pseudonyms) -> Any:
    """Nodes, relationships, paths and lists of them."""
    if value is None:
        return None
    if isinstance(value, list):
        return [_thing(item, names) for item in value]
    if isinstance(value, dict) and set(value) == {"labels", "properties"}:
        return {"labels": value["labels"], "properties": _node_properties(value, names)}
    if isinstance(value, dict) and set(value) == {"type", "properties"}:
        is_open = value["type"] in OPEN_TYPES
        return {"type": value["type"], "properties": value["properties"] if is_open else {}}
    return MASK


def _node_properties(node: Mapping[str, Any], names: _Pseudonyms) -> dict[str, Any]:
    labels = frozenset(node["labels"])
    if labels and labels <= OPEN_LABELS:
        return dict(node["properties"])
    key = key_of(labels)
    if key is None or key not in node["properties"]:
        return {}
    return {key: names.of(min(labels).lower(), node["properties"][key])}
