"""The ledger of runs: an append-only Delta table whose rows are the commits of a run's steps.

A run's id is a hash of what goes into it, so the same input finds the same run. The state of a run is the fold of its
rows: `opened`, then one row per finished step, some of which change the state to decided, projected and delivered.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
from filelock import FileLock, Timeout

from lake.errors import LakeError
from lake.format import NewerFormatError
from lake.store import Lake, Pin

OPENED = "opened"
REOPENED = "reopened"
STEP = "step"
UNDONE = "undone"
LEDGER = "runs"
PURPOSE = "purpose"
BACKFILL = "backfill"
"""Scope of a run that was decided in hindsight; its opening row has this as its state."""
MINIMUM_PREFIX = 4


class UnknownRunError(LakeError):
    """No run, or more than one, goes by that id."""

    exit_code = 2


class PlaybookBusyError(LakeError):
    """Another process is running this playbook."""

    exit_code = 5


@dataclass(frozen=True)
class RunIdentity:
    """Everything that makes a run what it is; no versions, paths or times of day.

    Attributes:
        as_of: The moment the run knows the world at, UTC.
        scope: Which customers and slot it decides.
        seed: Seed of everything random.
        playbook_digest: Content of the playbook.
        code_version: Content of the code.
        tables: Content digest per canonical table.
        reservations: Digest of what earlier slots have reserved and sent.
        models: Hash of each live model it decides with, by name; without any they do not count for the id.
    """

    as_of: datetime
    scope: Mapping[str, str]
    seed: int
    playbook_digest: str
    code_version: str
    tables: Mapping[str, str]
    reservations: str
    models: Mapping[str, str] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of the identity's canonical JSON."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()[:16]

    def canonical(self) -> str:
        """The identity as JSON with sorted keys."""
        plain = asdict(self) | {"as_of": _moment(self.as_of)}
        if not self.models:
            del plain["models"]
        return json.dumps(plain, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True)
class RunRow:
    """What the ledger knows of one run.

    Attributes:
        run_id: Its id.
        identity: What went into it.
        pins: Version of every table it decides from.
        about: What was seen while opening it: rows, quarantine, clock.
        state: opened, decided, projected or delivered.
        steps: Payload of every finished step, in order.
    """

    run_id: str
    identity: RunIdentity
    pins: Mapping[str, Pin]
    about: Mapping[str, Any]
    state: str = OPENED
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def is_backfill(self) -> bool:
        """Whether it was decided in hindsight, to learn from it; such a run is never delivered."""
        return self.identity.scope.get(PURPOSE) == BACKFILL


class Ledger:
    """The runs of one playbook."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def open(self, identity: RunIdentity, pins: Mapping[str, Pin], about: Mapping[str, Any]) -> RunRow:
        """Open a run, or find the one that the same input has opened before, with its own pins.

        A run that is found again becomes the latest of its as-of.
        """
        rows = self._rows()
        known = rows["run_id"].eq(identity.run_id) & rows["kind"].eq(OPENED)
        if not known.any():
            payload = {
                "identity": json.loads(identity.canonical()),
                "pins": {name: asdict(pin) for name, pin in pins.items()},
                "about": dict(about),
            }
            state = BACKFILL if identity.scope.get(PURPOSE) == BACKFILL else None
            self._append(identity.run_id, OPENED, _moment(identity.as_of), state, payload)
        elif identity.scope.get(PURPOSE) == BACKFILL:
            pass  # a run in hindsight is never the latest of anything
        elif (latest := self.latest(as_of=identity.as_of)) is not None and latest.run_id != identity.run_id:
            self._append(identity.run_id, REOPENED, _moment(identity.as_of), None, {})
        return self.get(identity.run_id)

    def mark(self, run_id: str, *, step: str, state: str | None, payload: Mapping[str, Any]) -> None:
        """Commit a step of a run."""
        self._append(run_id, STEP, step, state, payload)

    def undo(self, run_id: str, step: str) -> None:
        """Take a step back: what it left is not to be relied on, and the run does it again when it goes on."""
        self._append(run_id, UNDONE, step, None, {})

    def get(self, run_id: str) -> RunRow:
        """The run of this id, or of the only id that starts so.

        Raises:
            UnknownRunError: None does, or several do.
        """
        rows = self._rows()
        ids = [found for found in dict.fromkeys(rows["run_id"]) if found.startswith(run_id)]
        if len(ids) != 1 or len(run_id) < MINIMUM_PREFIX:
            raise UnknownRunError(
                f"{len(ids) or 'no'} runs start with `{run_id}`.",
                where=str(self._lake.root),
                remedy=f"Give {MINIMUM_PREFIX} digits or more; lately: {', '.join(self._recent(rows)) or 'none yet'}.",
            )
        return self._fold(rows[rows["run_id"] == ids[0]])

    def latest(self, *, as_of: datetime | None = None, step: str | None = None) -> RunRow | None:
        """The run that was opened last; with `step`, of those that have done it the one that was opened or did it last.

        Runs in hindsight are left aside.

        Args:
            as_of: Look at runs of this as-of only.
            step: Look at runs only that have done this step.
        """
        rows = _of_the_day(self._rows())
        is_opened = rows["kind"].isin([OPENED, REOPENED])
        is_done = rows.index.isin(_standing(rows).index) & rows["name"].eq(step or "")
        if as_of is not None:
            of_day = rows["run_id"].isin(rows["run_id"][is_opened & rows["name"].eq(_moment(as_of))])
            is_opened, is_done = is_opened & of_day, is_done & of_day
        if step is not None:
            is_opened &= rows["run_id"].isin(rows["run_id"][is_done])
        ids = rows["run_id"][is_opened | is_done]
        return self._fold(rows[rows["run_id"] == ids.iloc[-1]]) if len(ids) else None

    def having(self, step: str) -> list[RunRow]:
        """Every run that has done this step, in the order in which they did it; runs in hindsight are left aside."""
        return self._having(step, _of_the_day(self._rows()))

    def backfills(self) -> list[RunRow]:
        """Every run in hindsight that has been decided, in the order in which they were."""
        rows = self._rows()
        return self._having("decide", rows[~rows.index.isin(_of_the_day(rows).index)])

    def _having(self, step: str, rows: pd.DataFrame) -> list[RunRow]:
        marks = _standing(rows)
        ids = marks.loc[marks["name"] == step, "run_id"].drop_duplicates(keep="last")
        by_run = rows.groupby("run_id", sort=False)
        return [self._fold(by_run.get_group(run_id)) for run_id in ids]

    def _fold(self, rows: pd.DataFrame) -> RunRow:
        return _fold(rows, where=str(self._lake.root))

    def _rows(self) -> pd.DataFrame:
        rows = self._lake.read_log(LEDGER)
        if rows is None:
            return pd.DataFrame(columns=["position", "run_id", "kind", "name", "state", "payload"])
        return rows.sort_values("position", ignore_index=True)

    def _append(self, run_id: str, kind: str, name: str, state: str | None, payload: Mapping[str, Any]) -> None:
        text = json.dumps(payload, sort_keys=True, allow_nan=False, default=str)
        row = {"run_id": run_id, "kind": kind, "name": name, "state": state, "payload": text}
        self._lake.append_log(LEDGER, [row])

    @staticmethod
    def _recent(rows: pd.DataFrame) -> list[str]:
        return list(dict.fromkeys(rows["run_id"][::-1]))[:5]


def _of_the_day(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without those of runs in hindsight."""
    past = rows.loc[(rows["kind"] == OPENED) & (rows["state"] == BACKFILL), "run_id"]
    return rows[~rows["run_id"].isin(past)]


def _moment(as_of: datetime) -> str:
    return as_of.astimezone(UTC).isoformat()


def _fold(rows: pd.DataFrame, *, where: str) -> RunRow:
    opening = json.loads(rows.loc[rows["kind"] == OPENED, "payload"].iloc[0])
    stated = opening["identity"]
    if not set(stated) <= {one.name for one in fields(RunIdentity)}:
        raise NewerFormatError(f"the run {rows['run_id'].iloc[0]}", where=where)
    identity = RunIdentity(**(stated | {"as_of": datetime.fromisoformat(stated["as_of"])}))
    steps = _standing(rows)
    states = [state for state in steps["state"] if isinstance(state, str)]
    return RunRow(
        run_id=str(rows["run_id"].iloc[0]),
        identity=identity,
        pins={name: Pin(**pin) for name, pin in opening["pins"].items()},
        about=opening["about"],
        state=states[-1] if states else OPENED,
        steps={name: json.loads(payload) for name, payload in zip(steps["name"], steps["payload"], strict=True)},
    )


def _standing(rows: pd.DataFrame) -> pd.DataFrame:
    """The marks of steps, in order, without those that were taken back."""
    marks = rows[rows["kind"].isin([STEP, UNDONE])]
    position = marks["position"].where(marks["kind"] == UNDONE)
    undone_last = position.groupby([marks["run_id"], marks["name"]]).transform("max")
    return marks[(marks["kind"] == STEP) & ~(marks["position"] < undone_last)]


@contextmanager
def playbook_lock(root: Path) -> Iterator[None]:
    """The right to run a playbook: one process at a time.

    Raises:
        PlaybookBusyError: Says which process holds it.
    """
    root.mkdir(parents=True, exist_ok=True)
    holder = root / "running.pid"
    lock = FileLock(root / "running.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as held:
        raise PlaybookBusyError(
            f"another process ({_read_holder(holder)}) is running this playbook.",
            where=str(root),
            remedy="Wait until it has finished; a run that was killed holds nothing.",
        ) from held
    try:
        holder.write_text(str(psutil.Process().pid), encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _read_holder(holder: Path) -> str:
    return f"pid {holder.read_text(encoding='utf-8')}" if holder.is_file() else "just starting"
