"""Verifying what is on record: the journal's chain, the records of every run, files that left, and a published head."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from decisioning.acting.records import verify_actions
from decisioning.decision_log import verify
from lake.journal import Journal, JournalBrokenError
from lake.runs import RunRow
from lake.signing import VARIABLE, SignedHead, public_key_of, read_anchor
from pipelines.acting import erased_places, stored_actions
from pipelines.audit.sealing import roots_in, sealed_roots
from pipelines.day import Day
from pipelines.stored import stored_records
from pipelines.subjects.erased import erased_digests

MANIFESTS: Final = "*.manifest.json"
SHOWN: Final = 5


@dataclass(frozen=True)
class Check:
    """Something that was held against something else.

    Attributes:
        what: journal, records, files or anchor.
        is_intact: Whether everything is as it was written.
        said: What was looked at, or what is wrong and where.
    """

    what: str
    is_intact: bool
    said: str


def verify_everything(day: Day, *, anchor: Path | None = None, public_key: str | None = None) -> dict[str, Any]:
    """Hold everything on record to itself, and the journal to a published head.

    Args:
        day: Of the playbook.
        anchor: A file that holds a head that was published: of `warrant audit head`, or the manifest of a batch.
        public_key: Whose signature heads must bear; None for that of the environment's private key, if there is one.

    Returns:
        `is_intact`; `events` and `head` of the journal; `checks` in the order in which they were made; `unproven`: what
        this cannot show, a sentence each.

    Raises:
        SigningError: The anchor or a key cannot be read.
    """
    published = read_anchor(anchor) if anchor else None
    key = public_key or (public_key_of(day.environment[VARIABLE]) if day.environment.get(VARIABLE) else "")
    journal = Journal(day.lake)
    checks = [_chain(journal), *_runs(day, journal), *_files(day, journal, key)]
    if published is not None:
        checks.append(_anchored(day, journal, published, key))
    head = journal.head()
    return {
        "playbook": day.playbook.name,
        "is_intact": all(check.is_intact for check in checks),
        "events": 0 if head is None else head.position + 1,
        "head": None if head is None else {"position": head.position, "digest": head.digest},
        "checks": [{"what": one.what, "is_intact": one.is_intact, "said": one.said} for one in checks],
        "unproven": _unproven(published, key),
    }


def _chain(journal: Journal) -> Check:
    try:
        journal.verify()
    except JournalBrokenError as error:
        return Check("journal", False, error.what)
    head = journal.head()
    count = 0 if head is None else head.position + 1
    return Check("journal", True, f"{count:,} event{'' if count == 1 else 's'}, each chained to the one before it")


def _runs(day: Day, journal: Journal) -> Iterator[Check]:
    """Every decided run: the journal's roots are the ledger's, and lead to its records as they are."""
    sealed = sealed_roots(journal)
    runs = [*day.ledger.having("decide"), *day.ledger.backfills()]
    counted = 0
    for run in runs:
        day.progress.doing("verify", f"records of run {run.run_id}")
        wrong = _wrong_with(day, run, sealed.pop(run.run_id, None))
        if wrong:
            yield Check("records", False, f"run {run.run_id} of {run.about['day']}: {wrong}")
        counted += not wrong
    for run_id in sealed:
        yield Check("records", False, f"run {run_id} is in the journal and not in the ledger of runs any more")
    said = f"{counted} of {len(runs)} runs: every record has its digest, and all lead to the roots in the journal"
    if counted or not runs:
        yield Check("records", True, said)


def _wrong_with(day: Day, run: RunRow, roots: Any) -> str:
    if roots is None:
        return "the journal has no event of it: it has lost its end, or was begun anew"
    told = roots_in(run.steps["decide"]["facts"])
    if dict(roots) != told:
        return "its roots in the ledger are not those in the journal"
    found = verify(stored_records(day, run), told["decisions"], erased_digests(day, run))
    if not found.is_intact:
        return f"records are not those that were decided{_such_as(found.changed)}"
    actions = stored_actions(day, run)
    if actions is not None:
        acted = verify_actions(actions, told["actions"], erased_places(day, run))
        if not acted.is_intact:
            return f"actions are not those that were decided{_such_as(acted.changed)}"
    return ""


def _such_as(changed: tuple[str, ...]) -> str:
    return f": {', '.join(changed[:SHOWN])}{' …' if len(changed) > SHOWN else ''}" if changed else ", some are missing"


def _files(day: Day, journal: Journal, key: str) -> Iterator[Check]:
    """Files that have not been fetched yet: as their manifests say, whose heads are in the chain."""
    folder = day.home.exports(day.playbook.name)
    manifests = sorted(folder.rglob(MANIFESTS)) if folder.is_dir() else []
    counted = 0
    for path in manifests:
        manifest = json.loads(path.read_bytes())
        for name, digest in manifest["sha256"].items():
            file = path.with_name(name)
            if not file.is_file():
                continue
            counted += 1
            if hashlib.sha256(file.read_bytes()).hexdigest() != digest:
                yield Check("files", False, f"{file} is not what its manifest says")
        if "journal" in manifest:
            found = _anchored(day, journal, read_anchor(path), key)
            if not found.is_intact:
                yield Check("files", False, f"{path}: {found.said}")
    yield Check("files", True, f"{counted} files of {len(manifests)} manifests looked at")


def _anchored(day: Day, journal: Journal, published: SignedHead, key: str) -> Check:
    if published.playbook != day.playbook.name:
        return Check("anchor", False, f"the published head is of the playbook {published.playbook}")
    if key and not published.signature:
        return Check("anchor", False, "the published head is not signed, though a key is known")
    if key and not published.is_signed_by(key):
        return Check("anchor", False, "the signature of the published head is not by the key that is known")
    try:
        journal.verify(published.head)
    except JournalBrokenError as error:
        return Check("anchor", False, error.what)
    who = "signed, " if key else ""
    return Check("anchor", True, f"{who}event {published.position} is the one that was published")


def _unproven(published: SignedHead | None, key: str) -> list[str]:
    """What hashes that lie on one machine cannot show."""
    found = []
    if published is None:
        found.append(
            "Without a head that was published elsewhere (--anchor), nobody can tell this journal from one whose end "
            "was cut off together with its runs, or that was computed anew throughout."
        )
    else:
        found.append(f"Events after {published.position} are held to themselves only; publish a newer head.")
    if not key:
        found.append("Without the public key of whoever publishes (--key), a head may be anybody's.")
    return found
