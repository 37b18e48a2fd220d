"""What a person gives for `$parameters`, as the values that the server takes."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from graph.questions.declaration import TIMES, Parameter, ParameterType, Question, QuestionError, Value, as_text

_DAYS: Final = re.compile(r"([+-])(\d{1,5})d")
_GIVEN: Final = re.compile(r"(?P<name>[A-Za-z_]\w*)(?P<sign>:?=)(?P<value>.*)", re.DOTALL)
_WORDS: Final = {"true": True, "false": False}
_LONGEST_WHOLE_NUMBER: Final = 2**63
_NO_DAY: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Moments:
    """The two times of a question, and the zone in which people write dates.

    Attributes:
        as_of: Valid time: what held at this moment.
        known_at: What we knew at this moment.
        timezone: IANA time zone of the playbook; a date means its 00:00 there.
    """

    as_of: datetime
    known_at: datetime
    timezone: str


def given_values(texts: Sequence[str]) -> dict[str, Any]:
    """What stands after every `--param`: `name=text`, or `name:=JSON` for what is no text.

    >>> given_values(["customer=1773", "least:=2.5", "is_known:=true"])
    {'customer': '1773', 'least': 2.5, 'is_known': True}

    Raises:
        QuestionError: It has another form, or a name comes twice.
    """
    values: dict[str, Any] = {}
    for text in texts:
        parts = _GIVEN.fullmatch(text)
        if parts is None:
            raise QuestionError(
                f"`{text}` gives no parameter a value.",
                where="--param",
                remedy="Write name=value, such as customer=1773; or name:=JSON for a number, such as least:=2.5.",
            )
        name = parts["name"]
        if name in values:
            raise QuestionError(f"`{name}` is given twice.", where="--param", remedy="Give it once.")
        values[name] = parts["value"] if parts["sign"] == "=" else _json(name, parts["value"])
    return values


def bind_question(
    question: Question, given: Mapping[str, Any], used: frozenset[str], moments: Moments
) -> dict[str, Any]:
    """Values for all parameters of a saved question.

    Args:
        question: The question.
        given: What the person gave, by name.
        used: The parameters that its statement uses.
        moments: For `$as_of` and `$known_at`, where the statement uses them, and for times.

    Raises:
        QuestionError: A name is unknown, a value has the wrong type, or one is missing.
    """
    names = [one.name for one in question.parameters]
    if strange := sorted(set(given) - set(names)):
        raise _strange(question, strange[0], names)
    if missing := [one for one in question.parameters if one.is_required and one.name not in given]:
        raise QuestionError(
            f"The question needs `{missing[0].name}`: {missing[0].doc}",
            where=question.name,
            remedy=f"Ask such as: {question.example}",
        )
    values = {one.name: bind_value(one, given.get(one.name, one.default), moments) for one in question.parameters}
    return values | bind_moments(used, moments)


def bind_statement(given: Mapping[str, Any], used: frozenset[str], moments: Moments) -> dict[str, Any]:
    """Values for the parameters of a person's own statement.

    Raises:
        QuestionError: One is missing, or one is given that the statement does not use.
    """
    if missing := sorted(used - set(given) - set(TIMES)):
        raise QuestionError(
            f"The statement uses `${missing[0]}`, which was not given.",
            where="--param",
            remedy=f"Add --param {missing[0]}=…",
        )
    if told := sorted(set(given) & set(TIMES)):
        raise QuestionError(
            f"`{told[0]}` is no parameter of yours.",
            where="--param",
            remedy=f"Give it as --{told[0].replace('_', '-')}.",
        )
    if idle := sorted(set(given) - used):
        raise QuestionError(
            f"The statement does not use `${idle[0]}`.", where="--param", remedy="Leave it out, or correct its name."
        )
    return bind_moments(used, moments) | dict(given)


def bind_moments(used: frozenset[str], moments: Moments) -> dict[str, datetime]:
    """The two times, as far as the statement uses them."""
    times = {"as_of": moments.as_of, "known_at": moments.known_at}
    return {name: times[name] for name in TIMES if name in used}


def bind_value(parameter: Parameter, value: Any, moments: Moments) -> Any:
    """A value of the parameter's type, from a text of the command line or a value of the header.

    Raises:
        QuestionError: It is none.
    """
    text = as_text(value).strip() if not isinstance(value, list) else ",".join(map(str, value))
    try:
        return _READERS[parameter.type](text, moments)
    except (ValueError, OverflowError) as error:
        raise QuestionError(
            f"`{parameter.name}` is no {_NAMES[parameter.type]}: `{text}`.",
            where="--param",
            remedy=f"Write it such as {parameter.name}={as_text(_shown(parameter))}.",
        ) from error


def check_value(parameter: Parameter, value: Value) -> None:
    """Refuse a default or an example that is not of the parameter's type."""
    bind_value(parameter, value, Moments(_NO_DAY, _NO_DAY, "UTC"))


def read_time(text: str, moments: Moments) -> datetime:
    """A time in UTC: `2026-03-01` (00:00 in the playbook's zone), `2026-03-01T09:00+01:00`, or `-28d` from as-of.

    Raises:
        ValueError: It is none of them.
    """
    if days := _DAYS.fullmatch(text):
        return moments.as_of + timedelta(days=int(days[1] + days[2]))
    zone = ZoneInfo(moments.timezone)
    try:
        moment = datetime.combine(date.fromisoformat(text), time())
    except ValueError:
        moment = datetime.fromisoformat(text)
    return (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(UTC)


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise QuestionError(
            f"`{name}` is no JSON: `{text}`.",
            where="--param",
            remedy=f"Write {name}=… for a text, {name}:=… for a number, true, false, or a list.",
        ) from error


def _integer(text: str, _: Moments) -> int:
    number = int(text)
    if abs(number) >= _LONGEST_WHOLE_NUMBER:
        raise OverflowError(text)
    return number


def _number(text: str, _: Moments) -> float:
    number = float(text)
    if number != number or number in (float("inf"), float("-inf")):  # noqa: PLR0124  (only NaN differs from itself)
        raise ValueError(text)
    return number


def _boolean(text: str, _: Moments) -> bool:
    if text.lower() not in _WORDS:
        raise ValueError(text)
    return _WORDS[text.lower()]


_NAMES: Final = {
    "text": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "time": "time",
    "texts": "list of texts",
}
_READERS: Final[Mapping[ParameterType, Callable[[str, Moments], Any]]] = {
    "text": lambda text, _: text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "time": read_time,
    "texts": lambda text, _: [part.strip() for part in text.split(",") if part.strip()],
}


def _shown(parameter: Parameter) -> Value | None:
    return parameter.default if parameter.example is None else parameter.example


def _strange(question: Question, name: str, names: Sequence[str]) -> QuestionError:
    takes = f"It takes {', '.join(f'`{one}`' for one in names)}." if names else "It takes none."
    if name in TIMES:
        takes = f"Give the time as --{name.replace('_', '-')}."
    return QuestionError(f"The question takes no `{name}`.", where=question.name, remedy=takes)
