"""Runs as events of the journal: what was decided, under which root, at which place of the chain."""

from collections.abc import Mapping
from typing import Any, Final

from lake.journal import Head, Journal
from lake.runs import RunRow
from lake.signing import signed
from pipelines.day import Day
from pipelines.people import schedule

DECIDED: Final = "decided"
BECAUSE: Final = "the run has decided"


def seal_in_journal(day: Day, run: RunRow, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Make what a run decided an event of the journal, once, and sign the chain's end as it is then.

    A run that was cut short and decides again finds its own event, so that its manifests state the same head.

    Args:
        day: Of the run.
        run: That has decided, and is not yet committed.
        facts: Of its step decide, for the ledger.

    Returns:
        One more fact: the head as manifests state it.

    Raises:
        SigningError: The environment's key is none.
    """
    journal = Journal(day.lake)
    payload = {"run_id": run.run_id, "as_of": run.identity.as_of.isoformat(), "roots": roots_in(facts)}
    head = next((head for head, known in _sealed(journal) if known == payload), None)
    if head is None:
        event = journal.append(DECIDED, schedule(), payload, at=day.clock.now, because=BECAUSE)
        head = Head(event.position, event.digest)
    return {"journal": signed(head, day.playbook.name, day.environment).as_json()}


def roots_in(facts: Mapping[str, Any]) -> dict[str, str]:
    """The root of each kind of records that a step decide has left, by its name."""
    acted = facts.get("actions")
    return {"decisions": str(facts["root"])} | ({"actions": str(acted["root"])} if acted else {})


def _sealed(journal: Journal) -> list[tuple[Head, Mapping[str, Any]]]:
    events = journal.events(DECIDED)
    heads = [Head(int(at), str(digest)) for at, digest in zip(events["position"], events["digest"], strict=True)]
    return list(zip(heads, events["payload"], strict=True))


def sealed_roots(journal: Journal) -> dict[str, Mapping[str, str]]:
    """Roots of every run that the journal tells of, by run id; what was decided last counts."""
    return {str(payload["run_id"]): payload["roots"] for _, payload in _sealed(journal)}


def stated_head(run: RunRow) -> dict[str, Any]:
    """What a run's manifests say of the journal: the head behind the event that the run decided."""
    return {"journal": run.steps["decide"]["facts"]["journal"]}
