"""The channel kind `file`: one CSV and one Parquet file per run and channel, with a manifest that proves them.

The bytes depend on the rows alone, and files appear under their final name only when complete, so that a delivery that
was cut short and is repeated ends with the same files.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from pipelines.errors import PipelineError, PlaybookError

STANDARD_COLUMNS = (
    "decision_id",
    "customer_id",
    "channel_id",
    "asset_id",
    "asset_version",
    "title",
    "offer_id",
    "send_at",
    "expires_at",
    "play",
    "subject",
    "run_id",
)
OPTIONAL_COLUMNS = ("motive_sentence",)
"""Columns that only a channel gets that asks for them."""
FACT = "fact."
"""What stands before the name of a fact of the motive: `fact.points_missing` is what a message may be filled with."""
TIME_COLUMNS = ("send_at", "expires_at")
PERSON_COLUMNS = ("decision_id", "customer_id")
"""Columns that say about whom a row is."""
TIME = pa.timestamp("us", "UTC")


@dataclass(frozen=True)
class Batch:
    """What one channel receives from one run.

    Attributes:
        batch_id: Hash of the content; the same rows give the same id.
        rows: Number of decisions in it.
        files: Absolute paths: data files, then the manifest.
    """

    batch_id: str
    rows: int
    files: tuple[Path, ...]


def write_batch(
    folder: Path,
    channel_id: str,
    rows: pd.DataFrame,
    *,
    formats: Sequence[str],
    columns: Mapping[str, str],
    about: Mapping[str, Any],
) -> Batch:
    """Write the rows of one channel and their manifest.

    Args:
        folder: Where to; created when missing.
        channel_id: Names the files.
        rows: Columns of `STANDARD_COLUMNS`, one row per decision, in order of customer.
        formats: `csv`, `parquet` or both.
        columns: The channel's own column names to ours; empty for ours as they are.
        about: Versions and counts that the manifest states beside hashes.

    Raises:
        PipelineError: The folder cannot be written to. What was reserved stays reserved, and a repetition writes it.
    """
    with _told_when_unwritable(folder, channel_id):
        return _write_batch(folder, channel_id, rows, formats=formats, columns=columns, about=about)


@contextmanager
def _told_when_unwritable(folder: Path, channel_id: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PipelineError(
            f"the batch of the channel {channel_id} cannot be written: {error.strerror or error}.",
            where=str(error.filename or folder),
            remedy="Make the folder writable, or name another state folder with WARRANT_HOME, and deliver again.",
        ) from error


def _write_batch(
    folder: Path,
    channel_id: str,
    rows: pd.DataFrame,
    *,
    formats: Sequence[str],
    columns: Mapping[str, str],
    about: Mapping[str, Any],
) -> Batch:
    chosen = _chosen(channel_id, columns)
    table = _table(rows, chosen)
    folder.mkdir(parents=True, exist_ok=True)
    written = [replace_file(folder / f"{channel_id}.{kind}", encode(table, kind)) for kind in formats]
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in written}
    batch_id = hashlib.sha256(json.dumps([about["run_id"], channel_id, digests]).encode()).hexdigest()[:16]
    manifest = {
        "batch_id": batch_id,
        "channel": channel_id,
        "rows": table.num_rows,
        "columns": table.column_names,
        "person_columns": [theirs for theirs, ours in chosen.items() if ours in PERSON_COLUMNS],
        "sha256": digests,
        **about,
    }
    content = json.dumps(manifest, indent=2, sort_keys=True, default=str).encode() + b"\n"
    written.append(replace_file(folder / f"{channel_id}.manifest.json", content))
    return Batch(batch_id, table.num_rows, tuple(written))


def check_columns(columns: Mapping[str, str], where: str) -> None:
    """Refuse a column map that names something no export has.

    Raises:
        PlaybookError: With the known names.
    """
    for theirs, ours in columns.items():
        if ours not in (*STANDARD_COLUMNS, *OPTIONAL_COLUMNS) and not _is_fact(ours):
            raise PlaybookError(
                f"`{theirs}: {ours}`: no export has a column `{ours}`.",
                where=where,
                remedy=f"Known: {', '.join((*STANDARD_COLUMNS, *OPTIONAL_COLUMNS))}, and {FACT}<name> for a fact of "
                "the motive, such as fact.points_missing.",
            )
    if columns.get("decision_id", "decision_id") != "decision_id":
        raise PlaybookError(
            f"`decision_id: {columns['decision_id']}`: the decision's own id goes by this name.",
            where=where,
            remedy="Choose another name; outcomes come back under the decision's id.",
        )


def _is_fact(name: str) -> bool:
    return name.startswith(FACT) and name.removeprefix(FACT).isidentifier()


def _chosen(channel_id: str, columns: Mapping[str, str]) -> dict[str, str]:
    """The channel's own column names to ours, always with the decision's id."""
    chosen = dict(columns) or {name: name for name in STANDARD_COLUMNS}
    check_columns(chosen, channel_id)
    return chosen if "decision_id" in chosen.values() else {"decision_id": "decision_id", **chosen}


def _table(rows: pd.DataFrame, chosen: Mapping[str, str]) -> pa.Table:
    # Declared, since a column without a value tells no type, and every batch must have the same columns.
    schema = pa.schema([(theirs, TIME if ours in TIME_COLUMNS else pa.string()) for theirs, ours in chosen.items()])
    frame = pd.DataFrame({theirs: _told(rows, ours) for theirs, ours in chosen.items()})
    return pa.Table.from_pandas(frame, schema=schema, preserve_index=False).replace_schema_metadata(None)


def _told(rows: pd.DataFrame, ours: str) -> "pd.Series[Any]":
    """A column of the decisions, or a fact of their motives as text, empty where a motive has none of the name."""
    if not ours.startswith(FACT):
        return rows[ours]
    values = [json.loads(facts).get(ours.removeprefix(FACT)) for facts in rows["facts"]]
    told = [value if value is None or isinstance(value, str) else f"{value:.15g}" for value in values]
    return pd.Series(told, rows.index, dtype=object)


def encode(table: pa.Table, kind: str) -> bytes:
    """The bytes of a file of this kind, `csv` or `parquet`."""
    sink = pa.BufferOutputStream()
    if kind == "csv":
        pyarrow.csv.write_csv(table, sink)
    else:
        pyarrow.parquet.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def replace_file(path: Path, content: bytes) -> Path:
    """Write a file so that it appears in one step; its absolute path."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(path)
    return path.resolve()
