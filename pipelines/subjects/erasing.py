"""`warrant subject erase`: a person leaves every file of the state folder, and a receipt says what was done.

The order matters. Tombstones come first, so that no perceive takes the person in again meanwhile. What replays need of
the person's records, digests and bids, is kept before the records go. A note with the identifiers lies in the lake's
folder until all is done: a process that is killed is completed by the next call, whomever it is about.
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from lake.erasure import bury, salted_digest
from lake.journal import EMPTYING, JOURNAL, Actor, Journal
from lake.removal import Removal
from lake.reservations import RESERVATIONS, Reservations
from lake.rewriting import mend, replace_log, rewrite_all
from lake.runs import playbook_lock
from lake.store import arrow_table
from pipelines.acting import ACTIONS, keep_action_digests
from pipelines.channels.erasing import clear_exports
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.people import insist_on, said_by
from pipelines.stored import DECISIONS, views
from pipelines.subjects.graph_part import drop_past_graphs, erase_from_graph
from pipelines.subjects.kept_records import keep_digests
from pipelines.subjects.out_of_reach import out_of_reach
from pipelines.subjects.persons import current_table, person_of, receipts, result_table
from pipelines.subjects.traces import Traces, blot_out

ERASED: Final = "erased"
NOTE: Final = "erasing.json"


@dataclass
class Erasure:
    """One erasure under way; written down after every part of it.

    Attributes:
        erasure_id: Names it in journal and receipt; says nothing about the person.
        customer_id: Whom.
        identifiers: All that names them and nobody else.
        shared: How many identifiers others have too; they stay.
        belongings: Ids of their touches and decisions.
        because: Why, without any of the identifiers.
        found: What was done so far, by part.
    """

    erasure_id: str
    customer_id: str
    identifiers: list[str]
    shared: int
    belongings: list[str]
    because: str
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def removal(self) -> Removal:
        """The person, as rows and files are searched for them."""
        return Removal(tuple(self.identifiers), tuple(self.belongings))


def who_would_be_erased(day: Day, actor: Actor, identifier: str) -> dict[str, Any]:
    """What `erase` would take: shown before anybody says yes.

    Raises:
        UnknownPersonError: Nobody goes by this identifier.
        RefusedError: The actor may not erase.
    """
    insist_on(actor, "erase", day.playbook)
    person = person_of(day, identifier)
    return {
        "customer_id": person.customer_id,
        "identifiers": list(person.identifiers),
        "shared": list(person.shared),
        "decisions": len(_decisions_of(day, person.identifiers)),
    }


def erase(day: Day, actor: Actor, identifier: str, *, because: str) -> dict[str, Any]:
    """Erase a person from the state of a playbook, or complete an erasure that was cut short.

    Returns:
        The receipt, with `path` where it lies.

    Raises:
        UnknownPersonError: Nobody goes by this identifier.
        RefusedError: The actor may not erase.
        PlaybookBusyError: A run is under way.
        GraphError: The graph's server cannot be reached; all else is done, and a repeated call completes it.
    """
    insist_on(actor, "erase", day.playbook)
    with playbook_lock(day.lake.root):
        mend(day.lake)
        day.progress.started("erase")
        unfinished = _read_note(day)
        if unfinished is not None:
            receipt = _complete(day, actor, unfinished)
            if identifier in unfinished.identifiers:
                return receipt
        return _complete(day, actor, _begin(day, identifier, because))


def _begin(day: Day, identifier: str, because: str) -> Erasure:
    if not because.strip():
        raise UsageError("there is no reason.", where="--because", remedy="Say why: it stands in journal and receipt.")
    person = person_of(day, identifier)
    removal = Removal(person.identifiers)
    erasure = Erasure(
        erasure_id=secrets.token_hex(8),
        customer_id=person.customer_id,
        identifiers=list(person.identifiers),
        shared=len(person.shared),
        belongings=_belongings(day, person.identifiers),
        because=removal.wholly_blotted(because.strip()),
    )
    _write_note(day, erasure)
    return erasure


def _complete(day: Day, actor: Actor, erasure: Erasure) -> dict[str, Any]:
    """Every part can be repeated: what is gone already is not found again."""
    tombstones = bury(day.lake, [*erasure.identifiers, *erasure.belongings])
    parts: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("journal_events", lambda: _forget_in_journal(day, actor, erasure)),
        ("records", lambda: keep_digests(day, frozenset(erasure.identifiers))),
        ("actions", lambda: keep_action_digests(day, frozenset(erasure.identifiers))),
        ("tables", lambda: _rewrite_tables(day, erasure)),
        ("reservations", lambda: Reservations(day.lake).forget(erasure.identifiers)),
        ("views", lambda: _rewrite_views(day, erasure)),
        ("exports", lambda: _clear_exports(day, erasure)),
        ("graph", lambda: erase_from_graph(day, erasure.identifiers)),
        ("past_graphs", lambda: drop_past_graphs(day)),
        ("files", lambda: _blot_files(day, erasure)),
    )
    for name, part in parts:
        if name not in erasure.found:
            day.progress.doing("erase", name.replace("_", " "))
            erasure.found[name] = part()
            _write_note(day, erasure)
    day.progress.doing("erase", "searching what is left")
    left = [str(path) for path in Traces(erasure.removal).below(day.home.root, leave=_not_ours(day))]
    receipt = _receipt(day, actor, erasure, salted_digest(tombstones.salt, erasure.customer_id), left)
    _note_path(day).unlink()
    return receipt


def _forget_in_journal(day: Day, actor: Actor, erasure: Erasure) -> dict[str, list[int]]:
    """First the event that says which texts go, then the texts."""
    journal, removal = Journal(day.lake), erasure.removal
    events = journal.events()
    before = events.loc[events["kind"] == EMPTYING, "payload"].tolist()
    ours = next((payload for payload in before if payload["erasure_id"] == erasure.erasure_id), None)
    if ours is None:
        # what erasures note of themselves names nobody, and the chain rests on it
        told = events[~events["kind"].isin((EMPTYING, ERASED))].to_dict("records")
        about = [int(row["position"]) for row in told if row["payload"] and removal.payload_names(row["payload"])]
        mentions = [int(row["position"]) for row in told if row["because"] and removal.mentioned_in(row["because"])]
        ours = {
            "erasure_id": erasure.erasure_id,
            "without_payload": about,
            "without_because": sorted({*about, *mentions}),
        }
        journal.append(EMPTYING, actor, ours, at=day.clock.now, because=erasure.because)
    forgotten = {name: [int(place) for place in ours[f"without_{name}"]] for name in ("payload", "because")}
    if any(forgotten.values()):
        with journal.unmoved():
            rows = journal.forgotten(payloads=forgotten["payload"], reasons=forgotten["because"])
            replace_log(day.lake, JOURNAL, arrow_table(rows))
    return forgotten


def _rewrite_tables(day: Day, erasure: Erasure) -> list[dict[str, Any]]:
    done = erasure.found.setdefault("tables_so_far", [])
    for rewritten in rewrite_all(day.lake, erasure.removal, leave=(f"logs/{JOURNAL}", f"logs/{RESERVATIONS}")):
        done.append(asdict(rewritten))
        _write_note(day, erasure)
    return list(erasure.found.pop("tables_so_far"))


def _rewrite_views(day: Day, erasure: Erasure) -> dict[str, int]:
    from graph.erase import erase_from_views

    replaced, dropped = erase_from_views(views(day), erasure.identifiers)
    return {"replaced": replaced, "dropped": dropped}


def _clear_exports(day: Day, erasure: Erasure) -> list[dict[str, Any]]:
    cleared = clear_exports(day.home.exports(day.playbook.name), [*erasure.identifiers, *erasure.belongings])
    return [{"manifest": str(one.manifest), "channel": one.channel, "rows": one.rows_removed} for one in cleared]


def _blot_files(day: Day, erasure: Erasure) -> list[str]:
    """Dagster's history, and what the graph's server said."""
    folders = (day.home.dagster, day.home.graph)
    changed = [path for folder in folders for path in blot_out(erasure.removal, folder, leave=_not_ours(day))]
    return [str(path) for path in changed]


def _receipt(day: Day, actor: Actor, erasure: Erasure, subject: str, left: list[str]) -> dict[str, Any]:
    receipt = {
        "erasure_id": erasure.erasure_id,
        "playbook": day.playbook.name,
        "at": day.clock.now.isoformat(),
        "by": said_by(actor),
        "because": erasure.because,
        "subject_digest": subject,
        "identifiers": len(erasure.identifiers),
        "shared_identifiers_kept": erasure.shared,
        **erasure.found,
        "out_of_reach": out_of_reach(day, erasure.found),
        "still_found": left,
    }
    text = json.dumps(receipt, indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n"
    path = receipts(day) / f"{erasure.erasure_id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    payload = {
        "erasure_id": erasure.erasure_id,
        "subject_digest": subject,
        "receipt": hashlib.sha256(text.encode()).hexdigest(),
        "tables": [table["table"] for table in erasure.found["tables"]],
        "records": len(erasure.found["records"]),
        "still_found": len(left),
    }
    journal = Journal(day.lake)
    told = journal.events(ERASED)["payload"]
    if not any(each["erasure_id"] == erasure.erasure_id for each in told):
        journal.append(ERASED, actor, payload, at=day.clock.now, because=erasure.because)
    return {**receipt, "path": str(path)}


def _belongings(day: Day, identifiers: tuple[str, ...]) -> list[str]:
    """Ids of the person's decisions and touches; a touch of ours is its decision."""
    touches = current_table(day, "touches")
    theirs = touches.loc[touches["customer_id"].isin(identifiers), "touch_id"]
    reserved = Reservations(day.lake).of_customers(identifiers)
    return list(dict.fromkeys([*_decisions_of(day, identifiers), *reserved, *theirs]))


def _decisions_of(day: Day, identifiers: tuple[str, ...]) -> list[str]:
    decisions = result_table(day, DECISIONS)
    actions = result_table(day, ACTIONS)
    return [
        str(each)
        for rows, name in ((decisions, "decision_id"), (actions, "action_id"))
        if len(rows)
        for each in rows.loc[rows["customer_id"].isin(identifiers), name]
    ]


def _not_ours(day: Day) -> frozenset[Path]:
    """What is not looked at: other playbooks' files, which are about other customers, and the note of this erasure."""
    from graph.target import database_name

    own = {"lake": day.playbook.name, "exports": day.playbook.name, "receipts": day.playbook.name}
    others = [path for room, name in own.items() for path in (day.home.root / room).glob("*") if path.name != name]
    databases = day.home.graph.resolve() / "data" / "databases"
    own_name = database_name(day.playbook.name)
    others += [path for path in databases.glob("*") if path.name.split("-as-of-")[0] != own_name]
    return frozenset(path.resolve() for path in (*others, _note_path(day)))


def _note_path(day: Day) -> Path:
    return day.lake.root / NOTE


def _read_note(day: Day) -> Erasure | None:
    path = _note_path(day)
    return Erasure(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def _write_note(day: Day, erasure: Erasure) -> None:
    path = _note_path(day)
    draft = path.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(erasure), ensure_ascii=False, default=str), encoding="utf-8")
    draft.replace(path)
