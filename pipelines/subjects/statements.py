"""What can be said about a customer so that it becomes a belief; everything else is kept as a note."""

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from graph.beliefs.stated import TARGETS, VERBS
from lake.columns import LONGEST_TEXT
from pipelines.errors import UsageError

CUSTOMER: Final = "customer/"
LONGEST_STATEMENT: Final = LONGEST_TEXT - 50
"""Characters, so that it still fits the table `assertions` with an end and a confidence behind it."""

EXAMPLE: Final = "objects_to topic/discounts"

_BELIEF: Final = re.compile(
    rf"(?P<verb>{'|'.join(VERBS)}) (?P<kind>{'|'.join(TARGETS)})/(?P<key>\S.*?)"
    r"(?: until (?P<until>\S+))?(?: confidence (?P<confidence>\S+))?"
)


@dataclass(frozen=True)
class Statement:
    """What somebody says about a customer.

    Attributes:
        text: As it is kept: `<verb> <kind>/<key>`, then `until <date>` and `confidence <0..1>`, or any other text.
        kind: topic, category or channel; None for a note.
        key: Of what it names; None for a note.
    """

    text: str
    kind: str | None = None
    key: str | None = None

    @property
    def is_note(self) -> bool:
        """Whether it says nothing that can be believed, and is only shown."""
        return self.kind is None


def read_statement(text: str, *, until: date | None, confidence: float | None) -> Statement:
    """Read what was said.

    Raises:
        UsageError: It is empty or too long, or a note that is to have an end or a confidence.
    """
    words = " ".join(text.split())
    if not words:
        raise UsageError("nothing is said.", where="STATEMENT", remedy=f"Say for example: {EXAMPLE}")
    if len(words) > LONGEST_STATEMENT:
        raise UsageError(
            f"the statement is longer than {LONGEST_STATEMENT:,} characters.",
            where="STATEMENT",
            remedy="Say what holds in a few words, and the rest with --because.",
        )
    found = _BELIEF.fullmatch(words)
    if found is None:
        if until is not None or confidence is not None:
            raise UsageError(
                f"`{words}` is a note, which has no end and no confidence.",
                where="STATEMENT",
                remedy=f"A statement that is believed reads {EXAMPLE}; its verb is one of {', '.join(VERBS)}.",
            )
        return Statement(words)
    verb, kind, key = found["verb"], found["kind"], found["key"]
    if verb != "prefers" and kind == "channel":
        said = verb.replace("_", " ")
        raise UsageError(f"nobody can {said} a channel.", where="STATEMENT", remedy="Say prefers channel/….")
    end = until or _date(found["until"])
    share = confidence if confidence is not None else _share(found["confidence"])
    ending = f" until {end.isoformat()}" if end is not None else ""
    certainty = f" confidence {_decimal(share)}" if share is not None else ""
    return Statement(f"{verb} {kind}/{key}{ending}{certainty}", kind, key)


def read_subject(text: str) -> str:
    """The customer's id in `customer/<id>`.

    Raises:
        UsageError: It is about something else.
    """
    identifier = text.removeprefix(CUSTOMER)
    if not text.startswith(CUSTOMER) or not identifier.strip():
        raise UsageError(f"`{text}` is no customer.", where="SUBJECT", remedy="Write it like customer/1609.")
    return identifier


def _decimal(share: float) -> str:
    """A share as people write it: `0.8`, `1.0`, never with an exponent."""
    whole, _, part = f"{share:.6f}".partition(".")
    return f"{whole}.{part.rstrip('0') or '0'}"


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"`{text}` is no date.", where="STATEMENT", remedy="Write it like 2026-12-31.") from error


def _share(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise UsageError(f"`{text}` is no confidence.", where="STATEMENT", remedy="Write a number from 0 to 1.")
    return share
