"""The journal: what people and agents did, one hash-chained event after the other, with who, when and why.

An append-only Delta table. Every event holds the digest of the one before it, so that whoever edits, removes or moves
one in the middle breaks the chain there, and `verify` names the place. **What a chain cannot show by itself is a
rewritten end**: whoever may write the table can drop the last events, or compute their digests anew. Only a head that
was published elsewhere (mailed, tagged, printed) shows that; `head` gives it, and `verify(published=…)` holds the
table to it.

Content can be forgotten without breaking the chain. The chain runs over commitments to payload and reason, the digests
of these texts behind random salts, and not over the texts. Where a person must be forgotten, text and salt are removed;
the commitment stays and says nothing without them. Which events were emptied stands in a later event of the chain, so
that a text that is missing otherwise is found to be missing.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd
from filelock import FileLock

from lake.errors import LakeError
from lake.store import Lake

JOURNAL: Final = "journal"
TEXTS: Final = ("payload", "because")
EMPTYING: Final = "erasing"
"""The kind of event that says which earlier ones lose their texts: it lists `without_payload`, `without_because`."""

CHAINED: Final = (
    "position",
    "kind",
    "person",
    "role",
    "system_user",
    "at",
    "payload_digest",
    "because_digest",
    "previous",
)
FIRST: Final = "0" * 64
TRIES: Final = 200


class JournalBrokenError(LakeError):
    """The chain does not hold; `position` is that of the first event that is not as it was written."""

    exit_code = 6

    def __init__(self, what: str, *, position: int, where: str) -> None:
        self.position = position
        super().__init__(
            what,
            where=where,
            remedy="Restore the table from a backup whose head you know; what comes after this event is not proven.",
        )


@dataclass(frozen=True)
class Actor:
    """Who does something.

    Attributes:
        person: `person:<name>`, or empty when nobody was named.
        role: The role that `people.yaml` gives, or empty without one.
        system_user: The operating system's user, recorded beside.
    """

    person: str
    role: str = ""
    system_user: str = ""


@dataclass(frozen=True)
class Head:
    """The end of the chain: publish it elsewhere, and a rewritten end can be shown."""

    position: int
    digest: str


@dataclass(frozen=True)
class Event:
    """One event.

    Attributes:
        position: How many events came before it.
        kind: asserted, retracted, merged, split, corrected, erasing, erased, promoted, ….
        actor: Who did it.
        at: When, UTC.
        because: Why, in the actor's words.
        payload: What was done; plain JSON values.
        digest: Its place in the chain.
    """

    position: int
    kind: str
    actor: Actor
    at: datetime
    because: str
    digest: str
    payload: Mapping[str, Any] = field(default_factory=dict)


class Journal:
    """The journal of one playbook; any number of processes may append at once."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._lock = lake.root / "logs" / f"{JOURNAL}.lock"

    def append(self, kind: str, actor: Actor, payload: Mapping[str, Any], *, at: datetime, because: str) -> Event:
        """Append an event to the end of the chain.

        The commit succeeds only behind the head that it was chained to; after a conflict the head is read again.

        Raises:
            LakeError: A value is no JSON or no text that can be written, there is no reason, or other processes kept
                writing. Nothing was appended then.
        """
        texts = {"payload": canonical_json(payload), "because": _reason(because)}
        with self.unmoved():
            for _ in range(TRIES):
                version = self._lake.log_version(JOURNAL)
                row = _chained(_rows(self._lake, version), kind, actor, at, texts)
                if self._lake.append_log_at(JOURNAL, pd.DataFrame([row]), version):
                    return _event(row)
        raise LakeError(
            "other processes kept writing to the journal at the same time.",
            where=str(self._lake.root),
            remedy="Try again; nothing was written by this attempt.",
        )

    def events(self, kind: str | None = None) -> pd.DataFrame:
        """Events in their order, all or those of a kind.

        Returns:
            `position`, `kind`, `person`, `role`, `system_user`, `at`, `because`, `payload` (a mapping), `digest`.
            Reason and payload are None where they were forgotten.
        """
        rows = _rows(self._lake, self._lake.log_version(JOURNAL))
        if kind is not None:
            rows = rows[rows["kind"] == kind]
        payloads = [None if text is None else json.loads(text) for text in rows["payload"]]
        wanted = ["position", "kind", "person", "role", "system_user", "at", "because"]
        return rows[wanted].assign(payload=pd.Series(payloads, index=rows.index, dtype=object), digest=rows["digest"])

    def head(self) -> Head | None:
        """The last event's position and digest; None before the first event."""
        rows = _rows(self._lake, self._lake.log_version(JOURNAL))
        return None if rows.empty else Head(int(rows["position"].iloc[-1]), str(rows["digest"].iloc[-1]))

    def verify(self, published: Head | None = None) -> None:
        """Hold the chain to itself, and to a head that was published when it was shorter or as long.

        Raises:
            JournalBrokenError: Names the first event that is not as it was written. Without a published head, a chain
                whose end was cut off or written anew is not told from a shorter or another one.
        """
        rows = _rows(self._lake, self._lake.log_version(JOURNAL))
        broken = first_break(rows)
        where = str(self._lake.root / "logs" / JOURNAL)
        if broken is not None:
            position, what = broken
            raise JournalBrokenError(f"event {position} of the journal {what}.", position=position, where=where)
        if published is None:
            return
        if published.position >= len(rows):
            what = f"the journal has lost its end: event {published.position} was published, and {len(rows)} are here."
            raise JournalBrokenError(what, position=len(rows), where=where)
        if rows["digest"].iloc[published.position] != published.digest:
            what = f"event {published.position} of the journal is not the one that was published."
            raise JournalBrokenError(what, position=published.position, where=where)

    def forgotten(self, *, payloads: Iterable[int], reasons: Iterable[int]) -> pd.DataFrame:
        """All rows as they are stored, without the texts and salts of these events: what to rewrite the table with."""
        rows = _rows(self._lake, self._lake.log_version(JOURNAL))
        for name, positions in (("payload", payloads), ("because", reasons)):
            is_chosen = rows["position"].isin(list(positions))
            rows.loc[is_chosen, [name, f"{name}_salt"]] = None
        return rows

    @contextmanager
    def unmoved(self) -> Iterator[None]:
        """The table's folder stays where it is: appending and rewriting exclude each other on this machine."""
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._lock):
            yield


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces, the same text for the same value.

    Raises:
        LakeError: A value is no plain JSON: not a number, infinite, an object of another type, or half a character.
    """
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError) as error:
        raise LakeError(
            f"this cannot be recorded: {error}.", where="journal", remedy="Give plain texts, numbers and lists."
        ) from error
    return text


def first_break(rows: pd.DataFrame) -> tuple[int, str] | None:
    """The first event of a chain that is not as it was written, and what is wrong with it.

    Args:
        rows: All events with the columns that are stored, in order of position.
    """
    previous = FIRST
    emptied = _emptied(rows)
    for expected, row in enumerate(rows.to_dict("records")):
        if row["position"] != expected:
            return expected, "is missing" if row["position"] > expected else "is there twice"
        if row["previous"] != previous:
            return expected, "does not follow the one before it"
        if row["digest"] != _digest(row):
            return expected, "is not what was written"
        for name in TEXTS:
            if row[name] is None and expected not in emptied[name]:
                return expected, f"has lost its {name}, and no later event says that it was forgotten"
            if row[name] is not None and _commitment(row[name], row[f"{name}_salt"]) != row[f"{name}_digest"]:
                return expected, f"has another {name} than was written"
        previous = row["digest"]
    return None


def _emptied(rows: pd.DataFrame) -> dict[str, set[int]]:
    emptied: dict[str, set[int]] = {name: set() for name in TEXTS}
    for row in rows[rows["kind"] == EMPTYING].to_dict("records"):
        if row["payload"] is None or _commitment(row["payload"], row["payload_salt"]) != row["payload_digest"]:
            continue  # whatever stands there now excuses nothing
        said = json.loads(row["payload"])
        for name in TEXTS:
            emptied[name] |= {place for place in said.get(f"without_{name}", []) if place < row["position"]}
    return emptied


def _rows(lake: Lake, version: int | None) -> pd.DataFrame:
    rows = None if version is None else lake.read_log(JOURNAL, version=version)
    if rows is None:
        stored = [*CHAINED, *(f"{name}{part}" for name in TEXTS for part in ("", "_salt")), "digest"]
        return pd.DataFrame(columns=stored)
    texts = [f"{name}{part}" for name in TEXTS for part in ("", "_salt")]
    rows[texts] = rows[texts].astype(object).where(rows[texts].notna(), None)
    return rows.sort_values("position", kind="stable", ignore_index=True)


def _chained(rows: pd.DataFrame, kind: str, actor: Actor, at: datetime, texts: Mapping[str, str]) -> dict[str, Any]:
    salts = {name: secrets.token_hex(16) for name in TEXTS}
    row: dict[str, Any] = {
        "position": len(rows),
        "kind": kind,
        "person": actor.person,
        "role": actor.role,
        "system_user": actor.system_user,
        "at": pd.Timestamp(at.astimezone(UTC)).floor("us"),
        "previous": FIRST if rows.empty else str(rows["digest"].iloc[-1]),
    }
    for name in TEXTS:
        row |= {name: texts[name], f"{name}_salt": salts[name]}
        row[f"{name}_digest"] = _commitment(texts[name], salts[name])
    return row | {"digest": _digest(row)}


def _digest(row: Mapping[Any, Any]) -> str:
    chained = [int(row["position"]), *(str(row[name]) for name in CHAINED[1:] if name != "at")]
    text = canonical_json([*chained, pd.Timestamp(row["at"]).isoformat(timespec="microseconds")])
    return hashlib.sha256(text.encode()).hexdigest()


def _commitment(text: str, salt: object) -> str:
    return hashlib.sha256(f"{salt}\0{text}".encode()).hexdigest()


def _event(row: Mapping[str, Any]) -> Event:
    return Event(
        position=int(row["position"]),
        kind=str(row["kind"]),
        actor=Actor(row["person"], row["role"], row["system_user"]),
        at=row["at"].to_pydatetime(),
        because=str(row["because"]),
        digest=str(row["digest"]),
        payload=json.loads(row["payload"]),
    )


def _reason(because: str) -> str:
    """A reason that can be stored."""
    if not because.strip():
        raise LakeError("there is no reason.", where="journal", remedy="Say why: it is what people read afterwards.")
    canonical_json(because)
    return because.strip()
