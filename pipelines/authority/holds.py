"""Holds: what people have stopped, or want to be asked about first, until they let it go on.

A hold is an event of the journal and works on the very next delivery, also on what is decided already. It changes no
decision: what it keeps back stays on record with the reason.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Literal, get_args

import pandas as pd

from decisioning.plays import available as all_plays
from lake.errors import LakeError
from lake.journal import Actor, Journal
from pipelines.clock import local_midnight
from pipelines.day import Day
from pipelines.errors import RefusedError, UsageError
from pipelines.people import insist_on, said_by
from pipelines.subjects.persons import current_table, known_customer

Mode = Literal["stop", "ask"]
PAUSED, RESUMED = "paused", "resumed"

EVERYTHING, AUTONOMY, PROMOTIONS = "all", "autonomy", "promotions"
WIDE: Final = (EVERYTHING, PROMOTIONS)
NAMED: Final = ("agent", "channel", "campaign", "play", "account", "customer")
MODES: Final = get_args(Mode)


@dataclass(frozen=True)
class Hold:
    """Something that is held.

    Attributes:
        scope: `all`, `promotions`, `autonomy`, or a kind and a key such as `channel/email`.
        mode: `stop` lets nothing leave; `ask` lets leave what a person has agreed to.
        by: Who said so.
        because: Why.
        at: Since when.
        until: When it ends by itself, None where somebody must end it.
        position: Its event in the journal.
    """

    scope: str
    mode: Mode
    by: str
    because: str
    at: datetime
    until: datetime | None
    position: int

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        until = None if self.until is None else self.until.isoformat()
        return {
            "scope": self.scope,
            "mode": self.mode,
            "by": self.by,
            "because": self.because,
            "at": self.at.isoformat(),
            "until": until,
            "position": self.position,
        }


def standing_holds(day: Day, now: datetime) -> tuple[Hold, ...]:
    """What is held at a moment, by scope.

    Raises:
        RefusedError: It cannot be read what is held, so nothing may leave.
    """
    journal = Journal(day.lake)
    try:
        journal.verify()
        events = journal.events()
    except LakeError as error:
        raise RefusedError(
            f"it cannot be read what people hold back, so nothing may leave: {error.what}",
            where=error.where,
            remedy="See what is wrong with the journal: warrant audit verify.",
        ) from error
    return holds_in(events, now)


def holds_in(events: pd.DataFrame, now: datetime) -> tuple[Hold, ...]:
    """The holds that events leave standing; of each scope the last word counts."""
    standing: dict[str, Hold] = {}
    for event in events[events["kind"].isin([PAUSED, RESUMED])].to_dict("records"):
        told = event["payload"]
        standing.pop(told["scope"], None)
        if event["kind"] == PAUSED:
            until = None if told["until"] is None else datetime.fromisoformat(told["until"])
            actor = Actor(event["person"], event["role"], event["system_user"])
            standing[told["scope"]] = Hold(
                told["scope"], told["mode"], said_by(actor), event["because"], event["at"], until, event["position"]
            )
    return tuple(hold for _, hold in sorted(standing.items()) if hold.until is None or now < hold.until)


def pause(
    day: Day, actor: Actor, scope: str, *, because: str, mode: Mode = "stop", until: date | None = None
) -> dict[str, Any]:
    """Hold a scope from now on; said twice alike it is held once.

    Args:
        day: Of the playbook.
        actor: Who says so.
        scope: What, see `Hold.scope`.
        because: Why.
        mode: Whether nothing leaves, or what a person agrees to.
        until: The day with whose beginning it ends.

    Raises:
        UsageError: There is no such scope.
        RefusedError: The actor may not pause.
    """
    insist_on(actor, "pause", day.playbook)
    scope = read_scope(day, scope)
    ends = None if until is None else local_midnight(until, day.playbook.timezone).astimezone(UTC)
    if ends is not None and ends <= day.clock.now:
        raise UsageError(f"{until} has begun already.", where="--until", remedy="Name a later day, or leave it out.")
    for hold in standing_holds(day, day.clock.now):
        if (hold.scope, hold.mode, hold.until) == (scope, mode, ends):
            return {**hold.as_json(), "is_new": False}
    payload = {"scope": scope, "mode": mode, "until": None if ends is None else ends.isoformat()}
    event = Journal(day.lake).append(PAUSED, actor, payload, at=day.clock.now, because=because)
    hold = Hold(scope, mode, said_by(actor), event.because, event.at, ends, event.position)
    return {**hold.as_json(), "is_new": True}


def resume(day: Day, actor: Actor, scope: str, *, because: str) -> dict[str, Any]:
    """Let a scope go on; what is held by another scope too stays held by that.

    Raises:
        UsageError: The scope is not held.
        RefusedError: The actor may not resume it: of an agent only its owner may, or an admin.
    """
    insist_on(actor, "resume", day.playbook)
    holds = {hold.scope: hold for hold in standing_holds(day, day.clock.now)}
    if scope not in holds:
        held = ", ".join(holds) or "nothing"
        raise UsageError(f"`{scope}` is not held.", where="SCOPE", remedy=f"Held at this moment: {held}.")
    _insist_on_its_owner(day, actor, scope)
    event = Journal(day.lake).append(RESUMED, actor, {"scope": scope}, at=day.clock.now, because=because)
    return {"scope": scope, "was": holds[scope].as_json(), "by": said_by(actor), "position": event.position}


def read_scope(day: Day, text: str) -> str:
    """A scope as it is recorded.

    Raises:
        UsageError: There is nothing of that name, and a pause that holds nothing would be worse than none.
    """
    kind, _, key = text.partition("/")
    if text in (*WIDE, AUTONOMY):
        return text
    if kind not in NAMED or not key:
        known = ", ".join((*WIDE, *(f"{kind}/…" for kind in NAMED)))
        raise UsageError(f"`{text}` is no scope.", where="SCOPE", remedy=f"Scopes are {known}.")
    if kind == "customer":
        return f"customer/{known_customer(day, key)}"
    keys = _keys(day, kind)
    if key not in keys:
        nearest = difflib.get_close_matches(key, keys, n=1)
        hint = f"Did you mean {kind}/{nearest[0]}? " if nearest else ""
        raise UsageError(
            f"there is no {kind} `{key}`.",
            where="SCOPE",
            remedy=f"{hint}Known: {', '.join(sorted(keys)[:10]) or 'none'}.",
        )
    return text


def _keys(day: Day, kind: str) -> Iterable[str]:
    if kind == "agent":
        return [remit.agent for remit in day.playbook.remits]
    if kind == "channel":
        return list(day.playbook.channels.channels)
    if kind == "play":
        return list(all_plays())
    table = current_table(day, "campaigns" if kind == "campaign" else "accounts")
    return [str(key) for key in table.iloc[:, 0].tolist()]


def _insist_on_its_owner(day: Day, actor: Actor, scope: str) -> None:
    owners = {f"agent/{remit.agent}": str(remit.owner) for remit in day.playbook.remits}
    if scope in owners and actor.role and actor.role != "admin" and actor.person != owners[scope]:
        raise RefusedError(
            f"the agent's owner lets it go on, and {said_by(actor)} is not.",
            where=scope,
            remedy=f"Ask {owners[scope]}, or an admin.",
        )
