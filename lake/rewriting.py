"""Rewriting Delta tables without some of their rows, in folders of their own.

Deleting rows from a Delta table leaves them behind: in the files of earlier versions, and in the log, whose statistics
hold the least and greatest key of every file and survive a vacuum. So a table is written anew beside the old one, every
version under its own number, since runs pin versions; then the folders change places and the old one is removed.

A process that is killed leaves `<table>.rewritten` (not complete, and dropped) or `<table>.outdated` (complete, and the
change of places is finished) behind; `mend` brings either to its end.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError
from pyarrow import parquet

from lake.digest import content_digest
from lake.errors import LakeError
from lake.removal import Removal
from lake.store import DIGEST, KEEP_EVERY_VERSION, ROWS, Lake, rows_of
from lake.tables import TABLES

NEW: Final = ".rewritten"
OLD: Final = ".outdated"
CANONICAL: Final = "tables"
KEYS: Final = {"quarantine": ("table", "source_row")}
"""Keys of what lies beside the canonical tables."""


@dataclass(frozen=True)
class Rewritten:
    """What was written anew.

    Attributes:
        table: Its folder and name, such as `tables/customers`.
        versions: How many versions it has.
        rows_removed: Rows that are gone, all versions together.
        digest: Content digest of its latest version before, for a canonical table.
        new_digest: The same afterwards.
        unreadable: Versions that could not be read any more; they are empty now.
    """

    table: str
    versions: int
    rows_removed: int
    digest: str | None = None
    new_digest: str | None = None
    unreadable: tuple[int, ...] = ()


def mend(lake: Lake) -> None:
    """Bring what a killed process left half done to its end."""
    for room in _rooms(lake):
        for old in room.glob(f"*{OLD}"):
            path, new = old.with_name(old.name.removesuffix(OLD)), old.with_name(old.name.removesuffix(OLD) + NEW)
            if not path.exists():
                new.rename(path)
            shutil.rmtree(old)
        for new in room.glob(f"*{NEW}"):
            shutil.rmtree(new)


def rewrite_all(lake: Lake, removal: Removal, *, leave: Sequence[str] = ()) -> Iterator[Rewritten]:
    """Rewrite every table that holds something of a person, in whatever version, one after the other.

    Args:
        lake: The tables of one playbook; nobody else may write to them meanwhile.
        removal: Whom to take out.
        leave: Tables that are not looked at, such as `logs/journal`.
    """
    for room in _rooms(lake):
        for path in sorted(room.iterdir()):
            name = f"{room.name}/{path.name}"
            if (path / "_delta_log").is_dir() and name not in leave:
                done = _rewrite(name, path, removal, is_canonical=room.name == CANONICAL)
                if done is not None:
                    yield done


def replace_log(lake: Lake, name: str, rows: pa.Table) -> None:
    """Put other rows in the place of a log's, in a new folder."""
    path = lake.root / "logs" / name
    new = path.with_name(path.name + NEW)
    shutil.rmtree(new, ignore_errors=True)
    write_deltalake(str(new), rows, configuration=KEEP_EVERY_VERSION)
    _change_places(path, new)


def every_version(lake: Lake, name: str) -> Iterator[pa.Table]:
    """The rows of each version of a canonical table that can still be read, the latest first."""
    path = lake.root / CANONICAL / name
    if not (path / "_delta_log").is_dir():
        return
    for version in range(DeltaTable(str(path)).version(), -1, -1):
        rows = _read(path, version)
        if rows is not None:
            yield rows


def _rewrite(name: str, path: Path, removal: Removal, *, is_canonical: bool) -> Rewritten | None:
    table = DeltaTable(str(path))
    versions = range(table.version() + 1) if is_canonical else [table.version()]
    if not _is_affected(path, removal, table):
        return None
    new = path.with_name(path.name + NEW)
    shutil.rmtree(new, ignore_errors=True)
    commits = {commit["version"]: commit for commit in table.history()}
    partitions = table.metadata().partition_columns
    removed, unreadable, digests = 0, [], []
    for number, version in enumerate(versions):
        rows = _read(path, version)
        if rows is None:
            unreadable.append(version)
            rows = pa.schema(table.schema().to_arrow()).empty_table()
        kept = removal.without(path.name, rows)
        removed += rows.num_rows - kept.num_rows
        about = _about(path.name, kept, commits.get(version, {}), is_same=kept is rows) if is_canonical else {}
        digests.append(about.get(DIGEST))
        _commit(new, kept, number, about, partitions)
    _change_places(path, new)
    before = commits.get(table.version(), {}).get(DIGEST)
    return Rewritten(name, len(versions), removed, before, digests[-1], tuple(unreadable))


def _is_affected(path: Path, removal: Removal, table: DeltaTable) -> bool:
    """Whether any file of the folder, of whatever version, holds something of the person."""
    if any(str(commit["operation"]).startswith("VACUUM") for commit in table.history()):
        return True  # the files are gone, and the log still names the extremes of what was in them
    for file in path.rglob("*.parquet"):
        if "_delta_log" not in file.parts:
            rows = parquet.ParquetFile(file).read()
            if removal.without(path.name, rows) is not rows:
                return True
    return False


def _commit(new: Path, kept: pa.Table, number: int, about: dict[str, str], partitions: list[str]) -> None:
    options: dict[str, Any] = {"partition_by": partitions} if partitions else {}
    write_deltalake(
        str(new),
        kept,
        mode="overwrite",
        schema_mode="overwrite",
        configuration=KEEP_EVERY_VERSION,
        commit_properties=CommitProperties(custom_metadata=about),
        **options,
    )
    if (written := DeltaTable(str(new)).version()) != number:
        raise LakeError(
            f"version {number} was to be written and became {written}.",
            where=str(new),
            remedy="Nothing was changed yet; write the table by nobody else meanwhile and try again.",
        )


def _about(name: str, kept: pa.Table, commit: dict[str, Any], *, is_same: bool) -> dict[str, str]:
    """What perceive would note with this content; the digest of what changed is computed anew."""
    if is_same and DIGEST in commit:
        return {DIGEST: str(commit[DIGEST]), ROWS: str(kept.num_rows)}
    key = TABLES[name].key if name in TABLES else KEYS[name]
    return {DIGEST: content_digest(kept, key), ROWS: str(kept.num_rows)}


def _read(path: Path, version: int) -> pa.Table | None:
    """The rows of a version; None when its files are gone."""
    try:
        table = DeltaTable(str(path), version=version)
        return rows_of(table, path)
    except (DeltaError, LakeError):
        return None


def _change_places(path: Path, new: Path) -> None:
    old = path.with_name(path.name + OLD)
    shutil.rmtree(old, ignore_errors=True)
    path.rename(old)
    new.rename(path)
    shutil.rmtree(old)


def _rooms(lake: Lake) -> list[Path]:
    return [room for room in (lake.root / name for name in (CANONICAL, "results", "logs")) if room.is_dir()]
