"""`warrant assert`: what somebody knows about a customer and the data does not, with author and reason."""

import difflib
import secrets
from datetime import date
from typing import Any

from graph.beliefs.stated import TARGETS
from lake.journal import Actor, Journal
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.people import insist_on, said_by
from pipelines.subjects.memory import assertions_in
from pipelines.subjects.persons import current_table, known_customer
from pipelines.subjects.statements import Statement, read_statement, read_subject

TABLE_OF = {"category": "categories", "channel": "channels"}
ASSERTED, RETRACTED = "asserted", "retracted"


def assert_fact(
    day: Day,
    actor: Actor,
    subject: str,
    text: str,
    *,
    because: str,
    until: date | None = None,
    confidence: float | None = None,
) -> dict[str, Any]:
    """Record a fact about a customer; it is taken in by the next perceive of a day that begins later.

    Returns:
        `assertion_id`, `subject`, `statement`, `is_note`, `author`, `because`, `at` and `position` in the journal.

    Raises:
        UsageError: Nobody is known under this id, or it names a category or channel that is not there.
        RefusedError: The actor may not assert.
    """
    insist_on(actor, "assert", day.playbook)
    customer_id = known_customer(day, read_subject(subject))
    statement = read_statement(text, until=until, confidence=confidence)
    _insist_on_known_object(day, statement)
    payload = {
        "assertion_id": secrets.token_hex(6),
        "subject": f"customer/{customer_id}",
        "statement": statement.text,
    }
    event = Journal(day.lake).append(ASSERTED, actor, payload, at=day.clock.now, because=because)
    return {
        **payload,
        "is_note": statement.is_note,
        "author": said_by(actor),
        "because": event.because,
        "at": event.at.isoformat(),
        "position": event.position,
    }


def retract(day: Day, actor: Actor, assertion_id: str, *, because: str) -> dict[str, Any]:
    """Take back an assertion; the belief that rests on it is closed by the next perceive of a later day.

    Raises:
        UsageError: No assertion that stands has this id.
        RefusedError: The actor may not assert.
    """
    insist_on(actor, "assert", day.playbook)
    journal = Journal(day.lake)
    standing = assertions_in(journal.events())
    found = standing[standing["assertion_id"] == assertion_id]
    if found.empty:
        lately = ", ".join(standing["assertion_id"].tail(3)) or "none"
        raise UsageError(
            f"no assertion of ours that stands has the id `{assertion_id}`.",
            where="--retract",
            remedy=f"Those made lately: {lately}. What a source states is put right there.",
        )
    payload = {"assertion_id": assertion_id}
    event = journal.append(RETRACTED, actor, payload, at=day.clock.now, because=because)
    return {
        **payload,
        "subject": str(found["subject"].iloc[0]),
        "statement": str(found["statement"].iloc[0]),
        "author": said_by(actor),
        "because": event.because,
        "at": event.at.isoformat(),
        "position": event.position,
    }


def _insist_on_known_object(day: Day, statement: Statement) -> None:
    """A belief about a category or channel that is not there would be believed by nobody."""
    if statement.kind not in TABLE_OF or statement.key is None:
        return
    table = TABLE_OF[str(statement.kind)]
    keys = current_table(day, table).iloc[:, 0].astype(str).tolist()
    if statement.key in keys:
        return
    nearest = difflib.get_close_matches(statement.key, keys, n=1)
    raise UsageError(
        f"there is no {statement.kind} `{statement.key}`.",
        where="STATEMENT",
        remedy=(f"Did you mean {statement.kind}/{nearest[0]}? " if nearest else "")
        + f"Known: {', '.join(keys[:5]) or 'none yet'}. Topics are free; kinds are {', '.join(TARGETS)}.",
    )
