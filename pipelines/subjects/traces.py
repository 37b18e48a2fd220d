"""Finding and blotting out what names a person in files of all kinds: plain, compressed, in columns, in databases."""

import contextlib
import gzip
import os
import re
import sqlite3
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import feather, parquet

from lake.removal import Removal
from pipelines.errors import PipelineError

SQLITE: Final = b"SQLite format 3\x00"
DECISION_ID: Final = re.compile(rb"[0-9a-f]{32}")


class Traces:
    """A search for one person.

    Telling identifiers are searched for in every byte; those that may mean anything, such as a number, only where a
    column says about whom a row is.
    """

    def __init__(self, removal: Removal) -> None:
        self._removal = removal

    def below(self, folder: Path, *, leave: frozenset[Path] = frozenset()) -> Iterator[Path]:
        """Files below a folder that still name the person.

        Args:
            folder: Where to look.
            leave: Folders and files that are not looked at.
        """
        for root, folders, files in os.walk(folder.resolve(), followlinks=True):
            here = Path(root).resolve()
            folders[:] = sorted(name for name in folders if (here / name).resolve() not in leave)
            for path in (here / name for name in sorted(files)):
                if path.resolve() not in leave and self.stand_in(path):
                    yield path

    def stand_in(self, path: Path) -> bool:
        """Whether a file names the person.

        One that its owner has just deleted does not; one that is damaged may, and is said to.
        """
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return False
        if self._in_bytes(content):
            return True
        try:
            if content[:2] == b"\x1f\x8b":
                return self._in_bytes(gzip.decompress(content))
            table = _columns_of(path, content)
        except (OSError, EOFError, zlib.error, pa.ArrowInvalid):
            return True  # nobody can say what is in it
        return table is not None and self._in_columns(path, table)

    @cached_property
    def _pattern(self) -> re.Pattern[bytes] | None:
        telling = sorted(self._removal.telling, key=len, reverse=True)
        if not telling:
            return None
        names = b"|".join(re.escape(one.encode()) for one in telling)
        return re.compile(rb"(?i)(?<![0-9A-Za-z_-])(?:" + names + rb")(?![0-9A-Za-z_-])")

    @cached_property
    def _decisions(self) -> frozenset[bytes]:
        return frozenset(one.encode() for one in self._removal.belongings if DECISION_ID.fullmatch(one.encode()))

    def _in_bytes(self, content: bytes) -> bool:
        if self._pattern is not None and self._pattern.search(content):
            return True
        return bool(self._decisions and self._decisions.intersection(DECISION_ID.findall(content)))

    def _in_columns(self, path: Path, table: pa.Table) -> bool:
        """A dictionary or a compressed page hides texts from a search of bytes."""
        if self._removal.rows_of(_table_name(path), table).any():
            return True
        texts = [_flat(table[name]) for name in table.column_names]
        return any(self._in_bytes("\n".join(_unique_texts(values)).encode()) for values in texts if values is not None)


def blot_out(
    removal: Removal, folder: Path, *, leave: frozenset[Path] = frozenset(), patience_seconds: float = 30.0
) -> list[Path]:
    """Blot out the person's names in the text files and SQLite databases below a folder; which files it concerned.

    Args:
        removal: Whom.
        folder: Where.
        leave: Folders and files that are not looked at.
        patience_seconds: How long to wait for a database that somebody is using.

    Raises:
        PipelineError: A database is still in use after that.
    """
    changed = []
    for path in list(Traces(removal).below(folder, leave=leave)):
        content = path.read_bytes() if path.exists() else b""
        if content.startswith(SQLITE):
            _blot_database(removal, path, patience_seconds)
        elif (database := _database_of(path)) is not None:
            _blot_database(removal, database, patience_seconds)
        elif content and b"\0" not in content:
            _blot_text(removal, path)
        else:
            continue  # what only its owner can write is found again by the search that ends an erasure
        changed.append(path)
    return changed


def _database_of(path: Path) -> Path | None:
    """The database that a file beside it belongs to: what was written lately is not yet in the database itself."""
    for ending in ("-wal", "-shm", "-journal"):
        if path.name.endswith(ending):
            return path.with_name(path.name.removesuffix(ending))
    return None


def _blot_text(removal: Removal, path: Path) -> None:
    """In place: a log may be open in a running process, which goes on appending to it."""
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    with path.open("r+b") as file:
        file.write(removal.blotted(text).encode("utf-8", "surrogateescape"))
        file.truncate()


def _blot_database(removal: Removal, path: Path, patience_seconds: float) -> None:
    """Every text of every table, then the whole file anew, since freed pages keep what was in them."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=patience_seconds)) as database:
            _blot_tables(removal, database)
            database.commit()
            for statement in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                database.execute(statement)
    except sqlite3.OperationalError as busy:
        raise PipelineError(
            f"the database cannot be written: {busy}.",
            where=str(path),
            remedy="Stop what uses it, such as Dagster's pages, and erase again: the rest is done.",
        ) from busy


def _blot_tables(removal: Removal, database: sqlite3.Connection) -> None:
    database.create_function("blotted", 1, lambda value: removal.blotted(value) if isinstance(value, str) else value)
    tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        named = _quoted(table)
        columns = [_quoted(row[1]) for row in database.execute(f"PRAGMA table_info({named})")]
        for column in columns:
            database.execute(
                f"UPDATE {named} SET {column} = blotted({column}) "  # noqa: S608 -- quoted names of its own schema
                f"WHERE typeof({column}) = 'text' AND {column} <> blotted({column})"
            )


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _columns_of(path: Path, content: bytes) -> pa.Table | None:
    source = pa.BufferReader(content)
    if content[:4] == b"PAR1":
        return parquet.ParquetFile(source).read()
    if content[:6] == b"ARROW1" or path.suffix == ".feather":
        return feather.read_table(source)
    return None


def _table_name(path: Path) -> str:
    """The table that a data file belongs to: its folder, above folders of partitions."""
    return next((parent.name for parent in path.parents if "=" not in parent.name), "")


def _flat(column: pa.ChunkedArray) -> pa.Array | None:
    values = column.combine_chunks()
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        values = values.flatten()
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    return values if pa.types.is_string(values.type) or pa.types.is_large_string(values.type) else None


def _unique_texts(values: pa.Array) -> list[str]:
    return [str(one) for one in np.asarray(pc.unique(values).drop_null().to_pylist(), dtype=object)]
