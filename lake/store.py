"""The lake of one playbook: Delta tables on disk, in three kinds.

`tables/` holds canonical tables (each version the content of one day), `results/` what runs produced (a slice per run,
which only that run overwrites), `logs/` append-only tables (ledger, reservations).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from lake.errors import LakeError

DIGEST = "content_digest"
ROWS = "rows"


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
    """All tables of one playbook below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, content: pa.Table, *, digest: str) -> Pin:
        """Write a canonical table, unless its latest version has this digest already."""
        latest = self.latest(name)
        if latest is not None and latest.digest == digest:
            return latest
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
        commit = table.history(1)[0]
        return Pin(table.version(), str(commit[DIGEST]), int(commit[ROWS]))

    def read(self, name: str, version: int | None = None, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """A canonical table, of one version or the latest.

        Raises:
            LakeError: It is not there, or no longer in this version.
        """
        table = self._require(self._table(name), version)
        return _frame(table, columns=list(columns) if columns is not None else None)

    def write_slice(self, name: str, run_id: str, frame: pd.DataFrame) -> None:
        """Write what a run produced; writing again replaces only this run's slice."""
        content = arrow_table(frame.assign(run_id=run_id))
        path = self._result(name)
        if self._open(path) is None:
            self._write(path, content, mode="overwrite", partition_by=["run_id"])
        else:
            self._write(path, content, mode="overwrite", predicate=f"run_id = '{run_id}'", schema_mode="merge")

    def read_slice(self, name: str, run_id: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """What a run produced, without the column `run_id`.

        Raises:
            LakeError: Nothing of this name was ever produced.
        """
        table = self._require(self._result(name), None)
        return _frame(table, columns=columns, filters=[("run_id", "=", run_id)]).drop(
            columns="run_id", errors="ignore"
        )

    def append_log(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows to a log that one process writes at a time; `position` counts them."""
        known = self.read_log(name)
        first = 0 if known is None else len(known)
        frame = pd.DataFrame(list(rows)).assign(position=range(first, first + len(rows)))
        self._write(self._log(name), arrow_table(frame), mode="append")

    def append_log_at(self, name: str, frame: pd.DataFrame, version: int | None) -> bool:
        """Append rows if the log is still at this version; False when somebody else was quicker."""
        path = self._log(name)
        if version is None:
            return self._create_log(path, frame)
        if self.log_version(name) != version:
            return False
        table = self._require(path, version)
        try:
            write_deltalake(
                table,
                arrow_table(frame),
                mode="append",
                commit_properties=CommitProperties(max_commit_retries=0),
            )
        except CommitFailedError:
            return False
        return True

    def log_version(self, name: str) -> int | None:
        """The version of a log, or None when it does not exist yet."""
        table = self._open(self._log(name))
        return None if table is None else table.version()

    def read_log(self, name: str, *, version: int | None = None) -> pd.DataFrame | None:
        """All rows of a log, or None when it does not exist yet."""
        path = self._log(name)
        if self._open(path) is None:
            return None
        return _frame(self._require(path, version))

    def _create_log(self, path: Path, frame: pd.DataFrame) -> bool:
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
    def _write(path: Path, content: pa.Table, **options: Any) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write_deltalake(str(path), content, **options)
        except DeltaError as error:
            raise LakeError(
                f"the table could not be written: {error}.", where=str(path), remedy="Check disk space and rights."
            ) from error

    @staticmethod
    def _open(path: Path) -> DeltaTable | None:
        try:
            return DeltaTable(str(path))
        except TableNotFoundError:
            return None

    def _require(self, path: Path, version: int | None) -> DeltaTable:
        try:
            return DeltaTable(str(path), version=version)
        except DeltaError as error:
            raise LakeError(
                f"the table `{path.name}`{'' if version is None else f', version {version},'} cannot be read: {error}.",
                where=str(path),
                remedy="Run the playbook again; it writes its tables anew.",
            ) from error


def arrow_table(frame: pd.DataFrame) -> pa.Table:
    """A frame as Arrow without pandas' own metadata; where only nulls tell no type, it is text."""
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    return table.cast(pa.schema([column.with_type(_stored_type(column.type)) for column in table.schema]))


def _stored_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_list(kind):
        return pa.list_(_stored_type(kind.value_type))
    return pa.string() if pa.types.is_null(kind) else kind


def _frame(table: DeltaTable, **options: Any) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(**options)
    return frame
