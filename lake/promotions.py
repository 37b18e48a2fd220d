"""Which model is live: the last event `promoted` of the journal says, with who, when, why and what it replaced."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lake.journal import Actor, Event, Journal

PROMOTED: Final = "promoted"


@dataclass(frozen=True)
class Promotion:
    """One model taking another's place.

    Attributes:
        name: What it forecasts.
        digest: The model that is live from here on.
        replaced: The one before, or None.
        at: When.
        by: `person:<name>`, or empty when a schedule did.
        because: Why.
        contest: What decided it: metric, difference with interval, units; empty for the first.
        position: Of the event in the journal.
    """

    name: str
    digest: str
    replaced: str | None
    at: datetime
    by: str
    because: str
    contest: Mapping[str, Any]
    position: int


def promotions(journal: Journal, name: str | None = None) -> list[Promotion]:
    """All promotions in their order, or those of one name."""
    found = [_promotion(row) for row in journal.events(PROMOTED).to_dict("records") if row["payload"] is not None]
    return [one for one in found if name in (None, one.name)]


def champion(journal: Journal, name: str) -> Promotion | None:
    """The promotion of the model that is live, if any."""
    found = promotions(journal, name)
    return found[-1] if found else None


def promote(
    journal: Journal,
    name: str,
    digest: str,
    contest: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime,
    because: str,
) -> Event:
    """Make a model the live one. Whether it may be is for the gate to say, before this.

    Raises:
        LakeError: There is no reason, or the journal cannot be written.
    """
    before = champion(journal, name)
    payload = {"model": name, "hash": digest, "replaced": before.digest if before else None, "contest": dict(contest)}
    return journal.append(PROMOTED, actor, payload, at=at, because=because)


def _promotion(row: Mapping[Any, Any]) -> Promotion:
    payload = row["payload"]
    return Promotion(
        name=str(payload["model"]),
        digest=str(payload["hash"]),
        replaced=payload["replaced"],
        at=row["at"].to_pydatetime(),
        by=str(row["person"]),
        because=str(row["because"]),
        contest=payload["contest"],
        position=int(row["position"]),
    )
