"""The lake of one playbook: Delta tables on disk, in three kinds.

`tables/` holds canonical tables (each version the content of one day), `results/` what runs produced (a slice per run,
which only that run overwrites), `logs/` append-only tables (ledger, reservations).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.fs as pafs
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from lake.errors import LakeError
from lake.format import refuse_newer, stamp
from lake.stored_types import arrow_table, differing, fitted

__all__ = ["Lake", "Pin", "arrow_table"]

Only = Mapping[str, Collection[str]]
"""Values that a row's columns may hold, per column."""

DIGEST = "content_digest"
ROWS = "rows"
TRIES = 20
MAINTENANCE = ("OPTIMIZE", "SET TBLPROPERTIES", "VACUUM START", "VACUUM END")
"""Operations that add a version and change no content."""
KEEP_EVERY_VERSION = {"delta.enableExpiredLogCleanup": "false", "delta.logRetentionDuration": "interval 36500 days"}
"""Runs pin versions and are explained and replayed from them, whereas Delta by itself forgets them after 30 days."""


@dataclass(frozen=True)
class Pin:
    """One version of one canonical table.

    Attributes:
        version: Delta's number of it.
        digest: Digest of its content.
        rows: Number of rows.
    """

    version: int
    digest: str
    rows: int


class Lake:
    """All tables of one playbook below one folder.

    Raises:
        NewerFormatError: A newer version of Warrant has written there.
    """

    def __init__(self, root: Path) -> None:
        refuse_newer(root)
        self.root = root

    def write(self, name: str, content: pa.Table, *, digest: str) -> Pin:
        """Write a canonical table, unless its latest version has this digest already."""
        latest = self.latest(name)
        if latest is not None and latest.digest == digest:
            return latest
        stamp(self.root)
        self._write(
            self._table(name),
            content,
            mode="overwrite",
            schema_mode="overwrite",
            commit_properties=CommitProperties(custom_metadata={DIGEST: digest, ROWS: str(content.num_rows)}),
        )
        written = self.latest(name)
        if written is None:
            raise LakeError("the table is not there after it was written.", where=str(self._table(name)))
        return written

    def latest(self, name: str) -> Pin | None:
        """The latest version of a canonical table, or None when it was never written."""
        table = self._open(self._table(name))
        if table is None:
            return None
        for commit in (commit for limit in (1, None) for commit in table.history(limit)):
            if DIGEST in commit:
                return Pin(table.version(), str(commit[DIGEST]), int(commit[ROWS]))
            if commit["operation"] not in MAINTENANCE:
                break
        raise LakeError(
            f"another program has changed the table `{name}`.",
            where=str(self._table(name)),
            remedy="Only perceive writes here; move the folder away and run the playbook again.",
        )

    def newest_tables(self) -> dict[str, Pin]:
        """The latest version of every canonical table that was ever written, by name."""
        folder = self.root / "tables"
        names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
        return {name: pin for name in names if (pin := self.latest(name)) is not None}

    def bring_back(self, name: str, pin: Pin) -> Pin:
        """Make an earlier content of a canonical table its latest version again; nothing is done when it is.

        Raises:
            LakeError: That version is not there any more.
        """
        latest = self.latest(name)
        if latest is not None and latest.digest == pin.digest:
            return latest
        path = self._table(name)
        return self.write(name, rows_of(self._require(path, pin.version), path), digest=pin.digest)

    def read(
        self,
        name: str,
        version: int | None = None,
        columns: Sequence[str] | None = None,
        *,
        only: Only | None = None,
    ) -> pd.DataFrame:
        """A canonical table, of one version or the latest.

        Args:
            name: The table.
            version: None for the latest.
            columns: None for all.
            only: Rows whose columns hold one of these values; files without any are not read.

        Raises:
            LakeError: It is not there, or no longer in this version.
        """
        table = self._require(self._table(name), version)
        return _frame(table, self._table(name), columns, _filters(only))

    def write_slice(self, name: str, run_id: str, frame: pd.DataFrame) -> None:
        """Write what a run produced; writing again replaces only this run's slice.

        A column without any value tells no type; it takes that of the other runs, now or once one has values.

        Raises:
            LakeError: A column has another type than in the runs before.
        """
        content = arrow_table(frame.assign(run_id=run_id))
        path = self._result(name)
        before = self._open(path)
        if before is None:
            stamp(self.root)
            self._write(path, content, mode="overwrite", partition_by=["run_id"])
            return
        stored = pa.schema(before.schema().to_arrow())
        content, others = fitted(content, stored)
        if others:
            self._retype(before, path, others)
        self._write(path, content, mode="overwrite", predicate=f"run_id = '{run_id}'", schema_mode="merge")

    def write_stream(self, name: str, run_id: str, chunks: Iterable[pa.Table]) -> None:
        """Write what a run produced a chunk at a time, so that it is never in memory as a whole; else as `write_slice`.

        Args:
            name: The table.
            run_id: The run.
            chunks: Tables of one schema with a column `run_id`, at least one; every column has a type of its own.

        Raises:
            LakeError: A column has another type than in the runs before.
        """
        parts = iter(chunks)
        first = next(parts)
        path = self._result(name)
        before = self._open(path)
        if before is None:
            stamp(self.root)
            options: dict[str, Any] = {"partition_by": ["run_id"]}
        else:
            others = differing(first.schema, pa.schema(before.schema().to_arrow()))
            if others:
                self._retype(before, path, others)
            options = {"predicate": f"run_id = '{run_id}'", "schema_mode": "merge"}
        batches = (batch for part in chain([first], parts) for batch in part.to_batches())
        self._write(path, pa.RecordBatchReader.from_batches(first.schema, batches), mode="overwrite", **options)

    def read_slice(self, name: str, run_id: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """What a run produced, without the column `run_id`.

        Raises:
            LakeError: Nothing of this name was ever produced.
        """
        return self.read_results(name, columns, only={"run_id": [run_id]}).drop(columns="run_id", errors="ignore")

    def read_results(
        self, name: str, columns: Sequence[str] | None = None, *, only: Only | None = None
    ) -> pd.DataFrame:
        """What all runs produced, with the column `run_id`; with `only` as in `read`.

        Raises:
            LakeError: Nothing of this name was ever produced.
        """
        table = self._require(self._result(name), None)
        return _frame(table, self._result(name), columns, _filters(only))

    def read_result(self, name: str) -> pd.DataFrame:
        """What all runs produced under this name, with the column `run_id`.

        Raises:
            LakeError: Nothing of this name was ever produced.
        """
        return _frame(self._require(self._result(name), None), self._result(name))

    def append_log(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows to a log; `position` counts all of its rows.

        Raises:
            LakeError: Other processes kept appending; nothing was appended by this call.
        """
        path = self._log(name)
        for _ in range(TRIES):
            table = self._open(path)
            first = 0 if table is None else rows_of(table, path, ["position"]).num_rows
            frame = pd.DataFrame(list(rows)).assign(position=range(first, first + len(rows)))
            if self._append(path, frame, table):
                return
        raise LakeError(
            "other processes kept writing at the same time.",
            where=str(path),
            remedy="Try again; nothing was written by this attempt.",
        )

    def append_log_at(self, name: str, frame: pd.DataFrame, version: int | None) -> bool:
        """Append rows if the log is still at this version; False when somebody else was quicker."""
        path = self._log(name)
        table = self._open(path)
        if (None if table is None else table.version()) != version:
            return False
        return self._append(path, frame, table)

    def log_version(self, name: str) -> int | None:
        """The version of a log, or None when it does not exist yet."""
        table = self._open(self._log(name))
        return None if table is None else table.version()

    def read_log(self, name: str, *, version: int | None = None) -> pd.DataFrame | None:
        """All rows of a log, or None when it does not exist yet."""
        path = self._log(name)
        table = self._open(path, version)
        return None if table is None else _frame(table, path)

    def _append(self, path: Path, frame: pd.DataFrame, table: DeltaTable | None) -> bool:
        """Append rows to a log as it was opened, None before it exists; False when somebody else was quicker."""
        if table is None:
            return self._create_log(path, frame)
        try:
            write_deltalake(
                table,
                arrow_table(frame),
                mode="append",
                schema_mode="merge",  # a log may have grown columns since
                commit_properties=CommitProperties(max_commit_retries=0),
            )
        except CommitFailedError:
            return False
        except (DeltaError, OSError) as error:
            raise _unwritable(path, error) from error
        return True

    def _create_log(self, path: Path, frame: pd.DataFrame) -> bool:
        stamp(self.root)
        try:
            self._write(
                path, arrow_table(frame), mode="error", commit_properties=CommitProperties(max_commit_retries=0)
            )
        except LakeError:
            if self._open(path) is None:
                raise
            return False
        return True

    def _table(self, name: str) -> Path:
        return self.root / "tables" / name

    def _result(self, name: str) -> Path:
        return self.root / "results" / name

    def _log(self, name: str) -> Path:
        return self.root / "logs" / name

    @staticmethod
    def _write(path: Path, content: "pa.Table | pa.RecordBatchReader", **options: Any) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_deltalake(str(path), content, configuration=KEEP_EVERY_VERSION, **options)
        except (DeltaError, OSError) as error:
            raise _unwritable(path, error) from error

    def _retype(self, stored: DeltaTable, path: Path, types: Mapping[str, pa.DataType]) -> None:
        """Give columns that no run has put a value into the type that a run now knows."""
        rows = rows_of(stored, path)
        for name, kind in types.items():
            if rows[name].null_count < rows.num_rows:
                raise LakeError(
                    f"`{name}` of `{path.name}` is {rows[name].type} in the runs before and {kind} now.",
                    where=str(path),
                    remedy="Move the folder away to begin it anew; the runs in it cannot be explained then.",
                )
            place = rows.column_names.index(name)
            rows = rows.set_column(place, pa.field(name, kind), pa.nulls(rows.num_rows, kind))
        self._write(path, rows, mode="overwrite", schema_mode="overwrite", partition_by=["run_id"])

    @staticmethod
    def _open(path: Path, version: int | None = None) -> DeltaTable | None:
        try:
            return DeltaTable(str(path), version=version)
        except TableNotFoundError:
            return None
        except DeltaError as error:
            raise _unreadable(path, version, error) from error

    @staticmethod
    def _require(path: Path, version: int | None) -> DeltaTable:
        try:
            return DeltaTable(str(path), version=version)
        except DeltaError as error:
            raise _unreadable(path, version, error) from error


def rows_of(table: DeltaTable, path: Path, columns: Sequence[str] | None = None, filters: Any = None) -> pa.Table:
    """The rows of a Delta table; `path` is its folder.

    Raises:
        LakeError: Its files cannot be read.
    """
    # Without a file system of Arrow's own, its threads call into Python and may abort the process while it ends.
    files = pafs.SubTreeFileSystem(str(path), pafs.LocalFileSystem())
    wanted = None if columns is None else list(columns)
    try:
        return table.to_pyarrow_table(columns=wanted, filters=filters, filesystem=files)
    except (DeltaError, OSError, pa.ArrowInvalid) as error:
        raise _unreadable(path, table.version(), error) from error


def _frame(table: DeltaTable, path: Path, columns: Sequence[str] | None = None, filters: Any = None) -> pd.DataFrame:
    frame: pd.DataFrame = rows_of(table, path, columns, filters).to_pandas()
    return frame


def _filters(only: Only | None) -> list[tuple[str, str, list[str]]] | None:
    return [(name, "in", list(values)) for name, values in only.items()] if only else None


def _unwritable(path: Path, error: Exception) -> LakeError:
    return LakeError(
        f"the table could not be written: {_first_line(error)}.", where=str(path), remedy="Check disk space and rights."
    )


def _unreadable(path: Path, version: int | None, error: Exception) -> LakeError:
    said = f"`{path.name}`" + ("" if version is None else f" in version {version}")
    return LakeError(
        f"the table {said} cannot be read: {_first_line(error)}.",
        where=str(path),
        remedy="Restore the folder from a backup, or move it away and run the playbook again.",
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0].rstrip(".")
