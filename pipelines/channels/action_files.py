"""Files in which actions beyond messages leave: a CSV and a Parquet file per run and kind of action, with a manifest.

Like the batches of channels, the bytes depend on the rows alone and files appear when complete.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from decisioning.actions import available
from pipelines.channels.files import Batch, encode, replace_file
from pipelines.errors import PipelineError

FOLDER: Final = "actions"
"""Below a run's exports, so that no file can be called like that of a channel."""
FORMATS: Final = ("csv", "parquet")
ABOUT: Final = ("action_id", "verb", "subject_kind", "subject_id")
BESIDE: Final = (
    "customer_id",
    "account_id",
    "campaign_id",
    "channel_id",
    "reason",
    "rule",
    "lawful_basis",
    "expires_at",
    "run_id",
)
PERSON_COLUMNS: Final = ("action_id", "subject_id", "customer_id")


def columns_of(file: str) -> dict[str, pa.DataType]:
    """The columns of a file of actions: what every action has, around the parameters of the verbs that leave in it."""
    parameters = {
        one.name: pa.float64() if one.kind == "number" else pa.string()
        for verb in available().values()
        if verb.leaves_through == file
        for one in verb.parameters
    }
    texts = {name: pa.string() for name in (*ABOUT, *BESIDE)}
    value = {"value": pa.float64()}
    return {
        **{name: texts[name] for name in ABOUT},
        **parameters,
        **value,
        **{name: kind for name, kind in texts.items() if name not in ABOUT and name not in parameters},
    }


def write_actions(folder: Path, file: str, rows: pd.DataFrame, *, about: Mapping[str, Any]) -> Batch:
    """Write the actions that leave in one file, and their manifest.

    Args:
        folder: Exports of the run.
        file: Name of the file without ending.
        rows: Records of actions with `expires_at`, in order of action_id.
        about: Versions and counts that the manifest states beside hashes.

    Raises:
        PipelineError: The folder cannot be written to. What was claimed stays claimed, and a repetition writes it.
    """
    into = folder / FOLDER
    try:
        into.mkdir(parents=True, exist_ok=True)
        table = _table(file, rows)
        written = [replace_file(into / f"{file}.{kind}", encode(table, kind)) for kind in FORMATS]
        digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in written}
        batch_id = hashlib.sha256(json.dumps([about["run_id"], FOLDER, file, digests]).encode()).hexdigest()[:16]
        manifest = {
            "batch_id": batch_id,
            "channel": f"{FOLDER}/{file}",
            "rows": table.num_rows,
            "columns": table.column_names,
            "person_columns": [name for name in table.column_names if name in PERSON_COLUMNS],
            "sha256": digests,
            **about,
        }
        content = json.dumps(manifest, indent=2, sort_keys=True, default=str).encode() + b"\n"
        written.append(replace_file(into / f"{file}.manifest.json", content))
    except OSError as error:
        raise PipelineError(
            f"the actions {file} cannot be written: {error.strerror or error}.",
            where=str(error.filename or into),
            remedy="Make the folder writable, or name another state folder with WARRANT_HOME, and deliver again.",
        ) from error
    return Batch(batch_id, table.num_rows, tuple(written))


def _table(file: str, rows: pd.DataFrame) -> pa.Table:
    told = [json.loads(text) for text in rows["parameters"]]
    columns = columns_of(file)
    arrays = []
    for name, kind in columns.items():
        values = rows[name].tolist() if name in rows else [None] * len(rows)
        values = [one.get(name, value) for one, value in zip(told, values, strict=True)]
        arrays.append(pa.array([None if pd.isna(value) else value for value in values], kind))
    return pa.table(arrays, schema=pa.schema(list(columns.items())))
