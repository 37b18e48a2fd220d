"""Answering requests: who may, once each, with a reason; and passing them on."""

import difflib
from typing import Any

from lake.journal import Actor, Journal
from pipelines.authority.requests import ANSWERED, ASSIGNED, Request, Verdict, requests_in
from pipelines.day import Day
from pipelines.errors import RefusedError, UsageError
from pipelines.people import PREFIX, insist_on, said_by

SHORTEST = 4


def find_requests(day: Day, *, is_all: bool = False) -> list[Request]:
    """The open requests, overdue ones first, or all in the order in which they were opened."""
    found = requests_in(Journal(day.lake).events(), day.clock.now)
    if is_all:
        return found
    waiting = [one for one in found if one.state == "open"]
    return sorted(waiting, key=lambda one: (not one.is_overdue, str(one.about["due_at"])))


def find_request(day: Day, request_id: str) -> Request:
    """The request of an id, or of the only one that starts so.

    Raises:
        UsageError: None does, or several do.
    """
    every = find_requests(day, is_all=True)
    found = [one for one in every if one.request_id.startswith(request_id)]
    if len(found) != 1 or len(request_id) < SHORTEST:
        near = difflib.get_close_matches(request_id, [one.request_id for one in every], n=3)
        waiting = near or [one.request_id for one in find_requests(day)][:3]
        raise UsageError(
            f"{len(found) or 'no'} requests start with `{request_id}`.",
            where="REQUEST",
            remedy=f"Give {SHORTEST} digits or more; such as {', '.join(waiting) or 'none, nothing waits'}.",
        )
    return found[0]


def answer(day: Day, actor: Actor, request_id: str, verdict: Verdict, *, because: str) -> dict[str, Any]:
    """Approve or refuse a request; what was approved leaves with the next delivery of its run.

    Returns:
        The request as it is then, and `is_new`: False where this person had said the same before.

    Raises:
        UsageError: There is no such request.
        RefusedError: The person may not answer it, it has expired, or the answer was another one before.
    """
    request = find_request(day, request_id)
    insist_on(actor, "answer", day.playbook)
    standing = _in_whose_place(request, actor)
    before = [request.answers[name] for name in standing if name in request.answers]
    if before and all(one["verdict"] == verdict for one in before):
        return {**request.as_json(), "is_new": False}
    _insist_that_it_is_open(request, before)
    for name in standing:
        payload = {"request_id": request.request_id, "verdict": verdict, "for": name}
        Journal(day.lake).append(ANSWERED, actor, payload, at=day.clock.now, because=because)
    now = find_request(day, request.request_id)
    theirs = [now.answers[name] for name in standing]
    if any(one["by"] != said_by(actor) or one["verdict"] != verdict for one in theirs):
        _insist_that_it_is_open(now, theirs)  # another answer stands before this one in the chain
    return {**now.as_json(), "is_new": True}


def assign(day: Day, actor: Actor, request_id: str, to: str, *, because: str) -> dict[str, Any]:
    """Pass an open request on to somebody to look at; whose word it takes stays the same.

    Raises:
        UsageError: There is no such request or person.
        RefusedError: It is not open any more, or the actor may not.
    """
    insist_on(actor, "answer", day.playbook)
    request = find_request(day, request_id)
    _insist_that_it_is_open(request, [])
    people = {} if day.playbook.people is None else day.playbook.people.people
    if not to.startswith(PREFIX) or (people and to.removeprefix(PREFIX) not in people):
        known = ", ".join(f"{PREFIX}{key}" for key in people) or "anybody, written like person:ann"
        raise UsageError(f"there is no person `{to}`.", where="--to", remedy=f"Known: {known}.")
    payload = {"request_id": request.request_id, "to": to}
    Journal(day.lake).append(ASSIGNED, actor, payload, at=day.clock.now, because=because)
    return find_request(day, request.request_id).as_json()


def _in_whose_place(request: Request, actor: Actor) -> list[str]:
    """Which of those whom a request needs this person speaks for.

    Themselves, and a team that is no person of `people.yaml`; an admin for all, and so everybody without the file.
    """
    if not actor.role or actor.role == "admin":
        return list(request.needs)
    mine = [name for name in request.needs if name == actor.person or not name.startswith(PREFIX)]
    if not mine:
        raise RefusedError(
            f"this takes the word of {', '.join(request.needs)}, and {said_by(actor)} is {actor.role}.",
            where=f"request {request.request_id}",
            remedy="Ask them, or an admin.",
        )
    return mine


def _insist_that_it_is_open(request: Request, before: list[Any]) -> None:
    if request.state == "expired":
        raise RefusedError(
            f"the request expired at {request.about['expires_at'][:16].replace('T', ' ')} UTC.",
            where=f"request {request.request_id}",
            remedy="Nothing leaves of it any more; the next run decides anew.",
        )
    if request.state != "open" or before:
        said = "; ".join(f"{one['by']}: {one['verdict']}, {one['because']}" for one in request.answers.values())
        raise RefusedError(
            f"the request is answered already: {said}.",
            where=f"request {request.request_id}",
            remedy="An answer stands. Hold back what was approved and has not left with `warrant pause`.",
        )
