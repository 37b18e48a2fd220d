"""Taking people out of files that channels are given: rows go, and the manifest proves the files as they are then."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from pyarrow import parquet

from pipelines.channels.files import encode, replace_file

RECORD: Final = re.compile(rb'(?:"(?:[^"]|"")*"|[^"\n])+\n')
"""One record of a CSV file; a line may end inside quotes."""


@dataclass(frozen=True)
class Cleared:
    """A batch without some people.

    Attributes:
        manifest: Its manifest.
        channel: The channel it is for.
        rows_removed: How many rows are gone.
    """

    manifest: Path
    channel: str
    rows_removed: int


def clear_exports(folder: Path, names: Collection[str]) -> list[Cleared]:
    """Rewrite every batch below a folder that has rows about one of these names.

    Args:
        folder: The exports of a playbook.
        names: Ids of people and of their decisions.
    """
    done = [_cleared(manifest, frozenset(names)) for manifest in sorted(folder.rglob("*.manifest.json"))]
    return [one for one in done if one is not None]


def rows_naming(folder: Path, names: Collection[str]) -> list[dict[str, Any]]:
    """Rows of batches below a folder that are about one of these names: `file`, `channel` and the `row`."""
    found, wanted = [], frozenset(names)
    for manifest in sorted(folder.rglob("*.manifest.json")):
        content = json.loads(manifest.read_bytes())
        path = next((path for name in content["sha256"] if (path := manifest.with_name(name)).is_file()), None)
        if path is not None:
            table = _read(path)
            theirs = table.filter(pa.array(_is_named(table, wanted, content), pa.bool_()))
            found += [{"file": str(path), "channel": content["channel"], "row": row} for row in theirs.to_pylist()]
    return found


def _cleared(manifest: Path, names: frozenset[str]) -> Cleared | None:
    content = json.loads(manifest.read_bytes())
    digests, removed, left = {}, 0, int(content["rows"])
    for file in sorted(content["sha256"]):
        path = manifest.with_name(file)
        if not path.is_file():
            continue
        table = _read(path)
        is_theirs = _is_named(table, names, content)
        if is_theirs.any():
            removed = max(removed, int(is_theirs.sum()))
            replace_file(path, _without(path, table, is_theirs))
        left = int((~is_theirs).sum())
        digests[file] = hashlib.sha256(path.read_bytes()).hexdigest()
    if not removed and content["rows"] == left:
        return None
    content |= {"sha256": content["sha256"] | digests, "rows": left, "is_rewritten_after_erasure": True}
    replace_file(manifest, json.dumps(content, indent=2, sort_keys=True).encode() + b"\n")
    return Cleared(manifest, str(content["channel"]), removed)


def _read(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        return parquet.ParquetFile(path).read()
    header = pd.read_csv(path, nrows=0, dtype=str)
    options = pyarrow.csv.ConvertOptions(column_types={name: pa.string() for name in header}, strings_can_be_null=True)
    return pyarrow.csv.read_csv(path, convert_options=options)


def _without(path: Path, table: pa.Table, is_theirs: npt.NDArray[np.bool_]) -> bytes:
    """The file without some rows, all others as they were to the byte."""
    if path.suffix == ".parquet":
        return encode(table.filter(pa.array(~is_theirs)), "parquet")
    header, *records = RECORD.findall(path.read_bytes())
    kept = [record for record, is_gone in zip(records, is_theirs, strict=True) if not is_gone]
    return b"".join([header, *kept])


def _is_named(table: pa.Table, names: frozenset[str], manifest: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Rows in which one of the names is a value, where the manifest knows it of a column that says whom a row is about.

    Elsewhere the same text may be a version or an offer, of anybody's row.
    """
    is_theirs = np.zeros(table.num_rows, dtype=np.bool_)
    for column in manifest.get("person_columns", table.column_names):
        if pa.types.is_string(table[column].type):
            is_theirs |= table[column].to_pandas().isin(names).to_numpy(dtype=np.bool_)
    return is_theirs
