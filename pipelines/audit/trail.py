"""The trail: what people and agents did, in the order in which it was done, for whoever asks about one of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import pandas as pd

from lake.journal import Actor, Journal
from pipelines.acting import ACTIONS
from pipelines.authority.holds import PAUSED, RESUMED
from pipelines.authority.requests import ANSWERED, ASSIGNED, REQUESTED
from pipelines.clock import local_midnight
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.people import PREFIX, said_by
from pipelines.stored import DECISIONS

Payload = Mapping[str, Any]

WORDS: Final[Mapping[str, Callable[[Payload], str]]] = {
    "decided": lambda told: f"the run {told['run_id']} as of {str(told['as_of'])[:10]} was decided and sealed",
    PAUSED: lambda told: f"paused {told['scope']}" + ("" if told["mode"] == "stop" else ", to be asked first"),
    RESUMED: lambda told: f"resumed {told['scope']}",
    REQUESTED: lambda told: f"{len(told['requests'])} requests opened by the run {told['run_id']}",
    ANSWERED: lambda told: f"answered the request {told['request_id']}: {told['verdict']}, for {told['for']}",
    ASSIGNED: lambda told: f"passed the request {told['request_id']} on to {told['to']}",
    "asserted": lambda told: f"asserted: {told['subject']} {told['statement']}",
    "retracted": lambda told: f"took back the assertion {told['assertion_id']}",
}
"""What an event of a kind says; others say their kind."""
BY_ITSELF: Final = ("decided", REQUESTED)
"""Kinds that runs append, whose reason says no more than the event."""
DECISION_COLUMNS: Final = (
    "run_id", "decision_id", "customer_id", "as_of", "verb", "is_ghost", "asset_id", "title", "channel_id", "play",
    "remit", "needs", "none_reason", "value",
)  # fmt: skip
ACTION_COLUMNS: Final = ("run_id", "action_id", "as_of", "verb", "subject_kind", "subject_id", "status", "reason")


@dataclass(frozen=True)
class Asked:
    """Whom or what the trail is about; None asks for all.

    Attributes:
        person: `person:<key>`: what they did, and what was asked of them.
        agent: What was decided in its name, and what people did about it.
        customer: What was decided about them, and what people did.
        campaign: What was done about it.
        run: One run's events and decisions.
        since: From the beginning of this day on.
    """

    person: str | None = None
    agent: str | None = None
    customer: str | None = None
    campaign: str | None = None
    run: str | None = None
    since: date | None = None


def trail(day: Day, asked: Asked) -> list[dict[str, Any]]:
    """Events of the journal and decisions on record, oldest first.

    Returns:
        For each `at`, `who`, `what` (in words), `because`, `kind`, and `source`: `journal/<position>`,
        `decision/<id>`, `action/<id>` or `run/<id>`.

    Raises:
        UsageError: A person is not written as `person:<key>`.
    """
    if asked.person is not None and not asked.person.startswith(PREFIX):
        raise UsageError(
            f"`{asked.person}` is no person.", where="--person", remedy=f"Write it like {PREFIX}{asked.person}."
        )
    rows = [*_events(day, asked), *_decisions(day, asked), *_actions(day, asked)]
    since = local_midnight(asked.since, day.playbook.timezone) if asked.since else datetime.min.replace(tzinfo=UTC)
    return sorted((row for row in rows if row["at"] >= since), key=lambda row: (row["at"], row["source"]))


def _events(day: Day, asked: Asked) -> Iterator[dict[str, Any]]:
    for event in Journal(day.lake).events().to_dict("records"):
        told = event["payload"]
        if not _is_about(event, told or {}, asked):
            continue
        words = WORDS.get(event["kind"])
        yield {
            "at": event["at"].to_pydatetime(),
            "who": said_by(Actor(event["person"], event["role"], event["system_user"])),
            "what": words(told) if words and told else event["kind"],
            "because": None if event["kind"] in BY_ITSELF else event["because"],
            "kind": event["kind"],
            "source": f"journal/{event['position']}",
        }


def _is_about(event: Mapping[Any, Any], told: Payload, asked: Asked) -> bool:
    """Whether an event concerns everything that was asked for."""
    requests = told.get("requests", [])
    scope = told.get("scope", "")
    subjects = {scope, told.get("subject", "")}
    by_agent = {f"agent/{one['agent']}" for one in requests}
    wants = (
        (asked.person, {event["person"], told.get("for"), told.get("to"), *_needed(requests)}),
        (asked.agent and f"agent/{asked.agent}", subjects | by_agent),
        (asked.customer and f"customer/{asked.customer}", subjects),
        (asked.campaign and f"campaign/{asked.campaign}", subjects),
        (asked.run, {told.get("run_id")}),
    )
    return all(wanted is None or wanted in found for wanted, found in wants)


def _needed(requests: list[Payload]) -> set[str]:
    return {name for one in requests for name in one["needs"]}


def _decisions(day: Day, asked: Asked) -> Iterator[dict[str, Any]]:
    """Of a customer every decision; of an agent, how many each run decided in its name."""
    only = {name: [value] for name, value in (("customer_id", asked.customer), ("remit", asked.agent)) if value}
    if not only or asked.person or asked.campaign or not (day.lake.root / "results" / DECISIONS).exists():
        return
    if asked.run:
        only["run_id"] = [asked.run]
    records = day.lake.read_results(DECISIONS, [*DECISION_COLUMNS], only=only)
    if asked.customer is None:
        for (run_id, as_of), mine in records.groupby(["run_id", "as_of"], sort=True):
            waits = int(mine["needs"].notna().sum())
            said = f"{len(mine):,} messages in the name of {asked.agent}" + (f", {waits:,} wait" if waits else "")
            yield _row(as_of, f"agent:{asked.agent}", said, "decided", f"run/{run_id}")
        return
    for one in records.to_dict("records"):
        who = f"agent:{one['remit']}" if one["remit"] else f"run:{one['run_id']}"
        said = f"would have been sent {_message(one)}, held out" if one["is_ghost"] else f"send {_message(one)}"
        said = said if one["asset_id"] else f"nothing: {one['none_reason']}"
        said += f"; takes the word of {one['needs']}" if one["needs"] else ""
        yield _row(one["as_of"], who, said, "decided", f"decision/{one['decision_id']}")


def _message(one: Mapping[Any, Any]) -> str:
    return f"“{one['title'] or one['asset_id']}” by {one['channel_id']} ({one['play']})"


def _actions(day: Day, asked: Asked) -> Iterator[dict[str, Any]]:
    given = (("customer_id", asked.customer), ("campaign_id", asked.campaign))
    wanted = {name: [value] for name, value in given if value}
    if not wanted or asked.person or asked.agent or not (day.lake.root / "results" / ACTIONS).exists():
        return
    if asked.run:
        wanted["run_id"] = [asked.run]
    for one in day.lake.read_results(ACTIONS, [*ACTION_COLUMNS], only=wanted).to_dict("records"):
        said = f"{one['verb']} on {one['subject_kind']} {one['subject_id']}: {one['status']}"
        yield _row(one["as_of"], f"run:{one['run_id']}", said, "acted", f"action/{one['action_id']}", one["reason"])


def _row(  # noqa: PLR0917 -- the columns of the trail
    at: Any, who: str, what: str, kind: str, source: str, because: str | None = None
) -> dict[str, Any]:
    when = pd.Timestamp(at)
    when = when.tz_localize("UTC") if when.tzinfo is None else when
    return {"at": when.to_pydatetime(), "who": who, "what": what, "because": because, "kind": kind, "source": source}
