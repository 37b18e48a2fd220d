"""What the registry of a playbook holds: its models, which of them are live, and how they came to be."""

from dataclasses import asdict
from typing import Any

from lake.journal import Actor, Journal
from lake.models import ModelStore
from lake.promotions import champion, promote, promotions
from lake.runs import playbook_lock
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.people import insist_on


def model_store(day: Day) -> ModelStore:
    """The models of the day's playbook."""
    return ModelStore(day.home.models(day.playbook.name))


def models_of(day: Day) -> list[dict[str, Any]]:
    """All registered models: `name`, `hash`, `is_live`, `was_live`, `trained_until`, `is_better`, `subject`."""
    store, told = model_store(day), promotions(Journal(day.lake))
    live = {one.name: one.digest for one in told}
    been = {(one.name, one.digest) for one in told}
    return [
        {
            "name": name,
            "hash": digest,
            "is_live": live.get(name) == digest,
            "was_live": (name, digest) in been,
            "trained_until": card.trained_until,
            "is_better": card.is_better,
            "subject": card.subject,
        }
        for name in store.names()
        for digest in store.hashes(name)
        for card in [store.card(name, digest)]
    ]


def model_of(day: Day, name: str, digest: str | None) -> dict[str, Any]:
    """One model: its card, `hash`, `is_live`, its promotions and the files.

    Raises:
        UsageError: No hash is given and no model of this name is live, or the start of a hash fits none or several.
    """
    journal, store = Journal(day.lake), model_store(day)
    live = champion(journal, name)
    if digest is None and live is None:
        raise UsageError(
            f"no model of {name} is live.",
            where=str(store.root),
            remedy=f"Train one: warrant models train {day.playbook.folder} --what {name}.",
        )
    chosen = _whole(store, name, digest) if digest else str(live.digest if live else "")
    card = store.card(name, chosen)
    story = [asdict(one) | {"at": one.at.isoformat()} for one in promotions(journal, name) if one.digest == chosen]
    return {
        "hash": chosen,
        "is_live": live is not None and live.digest == chosen,
        "card": asdict(card),
        "promotions": story,
        "folder": str((store.root / name / chosen).resolve()),
    }


def restore(day: Day, name: str, digest: str, actor: Actor, *, because: str) -> dict[str, Any]:
    """Go back to a model that was live before.

    Raises:
        RefusedError: The actor may not promote.
        UsageError: The model has never been live: only the gate lets a new one through.
        LakeError: Its files are not what was saved, or there is no reason.
    """
    insist_on(actor, "promote", day.playbook)
    store = model_store(day)
    chosen = _whole(store, name, digest)
    with playbook_lock(day.lake.root):
        journal = Journal(day.lake)
        if chosen not in {one.digest for one in promotions(journal, name)}:
            raise UsageError(
                f"{name} {chosen} has never been live.",
                where=str(store.root),
                remedy="A new model goes live by winning: warrant models train.",
            )
        store.load(name, chosen)  # a damaged model must not go live
        promote(journal, name, chosen, {}, actor=actor, at=day.clock.now, because=because)
    return model_of(day, name, chosen)


def _whole(store: ModelStore, name: str, start: str) -> str:
    fitting = [digest for digest in store.hashes(name) if digest.startswith(start)]
    if len(fitting) != 1:
        known = ", ".join(store.hashes(name)) or "none"
        raise UsageError(
            f"{len(fitting)} models of {name} begin with `{start}`.",
            where=str(store.root),
            remedy=f"There are: {known}.",
        )
    return fitting[0]
