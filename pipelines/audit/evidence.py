"""An evidence pack: journal and records as the bytes that were hashed, for somebody who trusts nobody here.

`docs/verify_evidence.py` checks a pack with nothing but Python, and says in its text what the pack holds.
"""

import json
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pandas as pd

from decisioning.acting.records import action_lines
from decisioning.decision_log import encode, in_order
from decisioning.record_columns import RECORD_COLUMNS, record_table
from lake.journal import Journal
from lake.runs import RunRow
from lake.signing import signed
from pipelines.acting import erased_places, stored_actions
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.stored import stored_records
from pipelines.subjects.erased import erased_digests

FORMAT: Final = "warrant evidence 1"
ERASED: Final = 0xFFFFFFFF
"""In the place of a record's length: its 32 bytes of digest follow instead."""
EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def export_evidence(day: Day, path: Path, *, run_id: str | None = None) -> dict[str, Any]:
    """Write a pack; the same state gives the same bytes.

    Args:
        day: Of the playbook.
        path: A file that is not there yet.
        run_id: One run's records only; None for those of all runs. The journal is whole in any case.

    Returns:
        `file`, `events`, `runs`, `records`.

    Raises:
        UsageError: The file is there already, or the journal has no event.
        UnknownRunError: No run goes by this id.
    """
    if path.exists():
        raise UsageError("this file is there already.", where=str(path), remedy="Name another one.")
    journal = Journal(day.lake)
    head = journal.head()
    if head is None:
        raise UsageError(
            "the journal has no event yet.", where=str(day.lake.root), remedy="It begins with the first run."
        )
    every = [*day.ledger.having("decide"), *day.ledger.backfills()]
    runs = [day.ledger.get(run_id)] if run_id else every
    about: dict[str, Any] = {"format": FORMAT, "playbook": day.playbook.name, "runs": [run.run_id for run in runs]}
    about["head"] = signed(head, day.playbook.name, day.environment).as_json()
    records = 0
    unfinished = path.with_name(f".{path.name}.unfinished")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as pack:
        _put(pack, "about.json", json.dumps(about, indent=2).encode())
        _put(pack, "columns.json", json.dumps(dict(RECORD_COLUMNS), indent=2).encode())
        _put(pack, "journal.jsonl", "".join(_journal_lines(journal)).encode())
        for run in runs:
            day.progress.doing("export", f"records of run {run.run_id}")
            parts = list(_records(day, run))
            records += len(parts)
            _put(pack, f"runs/{run.run_id}.records", b"".join(parts))
            _put(pack, f"runs/{run.run_id}.actions", "".join(_actions(day, run)).encode())
    unfinished.replace(path)
    return {"file": str(path.resolve()), "events": head.position + 1, "runs": len(runs), "records": records}


def _put(pack: zipfile.ZipFile, name: str, content: bytes) -> None:
    pack.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)


def _journal_lines(journal: Journal) -> Iterator[str]:
    for row in journal.forgotten(payloads=(), reasons=()).to_dict("records"):
        plain = {name: _plain(value) for name, value in row.items()}
        yield json.dumps(plain, sort_keys=True, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.isoformat(timespec="microseconds")
    return value if value is None or isinstance(value, str) else int(value)


def _records(day: Day, run: RunRow) -> Iterator[bytes]:
    """Every record in order of customer, behind its length; of an erased one its digest."""
    present = iter(encode(in_order(record_table(stored_records(day, run)))))
    erased = erased_digests(day, run)
    count = len(stored_records(day, run)) + len(erased)
    for place in range(count):
        if place in erased:
            yield struct.pack("<I", ERASED) + bytes.fromhex(erased[place])
        else:
            content = next(present)
            yield struct.pack("<I", len(content)) + content


def _actions(day: Day, run: RunRow) -> Iterator[str]:
    """Every action in order of id as canonical JSON, a line each; of an erased one its digest."""
    actions = stored_actions(day, run)
    if actions is None:
        return
    lines, erased = iter(action_lines(actions)), erased_places(day, run)
    for place in range(len(actions) + len(erased)):
        yield (f'{{"erased":"{erased[place]}"}}' if place in erased else next(lines)) + "\n"
