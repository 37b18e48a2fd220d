"""Asking the graph: a saved question by its name, or a person's own Cypher; both only read, and both can be masked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pipelines.clock import local_midnight
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.graph_access import past_graph, playbook_graph
from pipelines.people import acting, may

if TYPE_CHECKING:
    from graph.questions.binding import Moments
    from graph.questions.declaration import Question


@dataclass(frozen=True)
class Asked:
    """What a person asks.

    Attributes:
        text: The name of a saved question, or Cypher.
        given: What they gave for parameters: `name=text`, or `name:=JSON`.
        as_of: Valid time, as they wrote it; None for the as-of of the run that decided last.
        known_at: What we knew when, as they wrote it; None for the same.
        limit: At most so many rows.
        seconds: Give up after so many.
        past: Ask the graph that was built for this day instead of the present one; `as_of` is then that day.
        actor: Who asks, as `person:<key>`; None for whom the environment names.
    """

    text: str
    given: tuple[str, ...] = ()
    as_of: str | None = None
    known_at: str | None = None
    limit: int = 1000
    seconds: float = 60.0
    actor: str | None = None
    past: date | None = None


def ask(day: Day, asked: Asked) -> dict[str, Any]:
    """Answer what somebody asks, as far as their role may see it.

    Returns:
        `question` (its name, or None), `parameters` as they were bound, `columns`, `rows` (one mapping each), `is_cut`
        when there are more rows than the limit, `is_masked` for a role that may not see personal data, and `withheld`:
        rows that such a role is not shown, because they are about too few people.

    Raises:
        GraphRefused: The statement would write, or show what this role may not see.
        UsageError: No graph was built for the past day.
        QuestionError: There is no such question, or it does not take what was given.
    """
    from graph.masking import mask_for
    from graph.questions.library import find_question, is_name

    who = acting(day.playbook, asked.actor, day.environment)
    question = find_question(asked.text.strip()) if is_name(asked.text.strip()) else None
    statement = question.statement if question else asked.text
    mask = None if may(who, "see personal data") else mask_for(question, statement)
    bound = _bound(day, asked, question, statement)
    graph = past_graph(day, asked.past) if asked.past else playbook_graph(day, for_reading=True)
    with graph as store:
        answer = store.query_as_person(statement, bound, limit_rows=asked.limit, timeout=asked.seconds)
    rows = answer.rows if mask is None else mask.rows(answer)
    return {
        "question": question.name if question else None,
        "parameters": _plain(bound),
        "columns": list(answer.columns),
        "rows": [_plain(row) for row in rows],
        "is_cut": answer.is_truncated,
        "is_masked": mask is not None,
        "withheld": len(answer.rows) - len(rows),
    }


def list_questions() -> list[dict[str, Any]]:
    """Every saved question, as `warrant query --list` tells of it."""
    from graph.questions.declaration import as_text
    from graph.questions.library import all_questions

    return [
        {
            "name": one.name,
            "question": one.sentence,
            "asked_by": list(one.asked_by),
            "parameters": [
                {
                    "name": parameter.name,
                    "type": parameter.type,
                    "default": None if parameter.is_required else as_text(parameter.default),
                    "doc": parameter.doc,
                }
                for parameter in one.parameters
            ],
            "columns": [column.name for column in one.columns],
            "example": one.example,
        }
        for one in all_questions().values()
    ]


def _bound(day: Day, asked: Asked, question: "Question | None", statement: str) -> dict[str, Any]:
    """Values for the parameters; a time that nothing uses is an error, because the answer would not mean it."""
    from graph.questions.binding import bind_question, bind_statement, given_values
    from graph.tokens import parameters_of

    used = parameters_of(statement)
    takes_times = question is not None and any(one.type == "time" for one in question.parameters)
    for name, told in (("as_of", asked.as_of), ("known_at", asked.known_at)):
        if told is not None and name not in used and not (name == "as_of" and takes_times):
            raise UsageError(
                f"the question does not ask for a time ({name}), so the answer would be the same.",
                where=f"--{name.replace('_', '-')}",
                remedy=f"Leave it out, or use ${name} in the statement.",
            )
    given = given_values(asked.given)
    moments = _moments(day, asked)
    return bind_question(question, given, used, moments) if question else bind_statement(given, used, moments)


def last_moments(day: Day) -> "Moments":
    """Both times as they are without being told: those of the run that decided last, which is what the graph knows."""
    from graph.questions.binding import Moments

    last = day.ledger.latest(step="decide")
    newest = last.identity.as_of if last else day.clock.as_of
    return Moments(newest, newest, day.playbook.timezone)


def _moments(day: Day, asked: Asked) -> "Moments":
    """Both times, as told."""
    last = last_moments(day)
    if asked.past is not None:
        moment = local_midnight(asked.past, day.playbook.timezone)
        last = replace(last, as_of=moment, known_at=max(moment, last.known_at))
    return replace(
        last,
        as_of=_time(asked.as_of, "--as-of", last) if asked.as_of else last.as_of,
        known_at=_time(asked.known_at, "--known-at", last) if asked.known_at else last.known_at,
    )


def _time(text: str, option: str, moments: "Moments") -> datetime:
    from graph.questions.binding import read_time

    try:
        return read_time(text, moments)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"`{text}` is not a time.",
            where=option,
            remedy="Write it like 2026-03-01, 2026-03-01T09:00:00+00:00, or -7d for days before the last run.",
        ) from error


def _plain(value: Any) -> Any:
    """The value as JSON can say it: times in ISO form, numbers that are none as texts."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
