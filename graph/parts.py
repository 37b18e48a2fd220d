"""A folder of Arrow tables under the digest of their content: equal tables are stored once, and none is ever changed.

A set of named tables is a manifest, named by its own digest. Files appear in one step, so that no reader sees half of
one, and nothing in them is ever run: they are plain Arrow files.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import feather

from graph.errors import GraphError
from lake.digest import content_digest, text_digest


class GraphPartsError(GraphError):
    """A stored table is missing or is not what its name says."""

    exit_code = 6


@dataclass(frozen=True, eq=False)
class Part:
    """A table and the columns that identify its rows."""

    table: pa.Table
    key: Sequence[str]

    @cached_property
    def digest(self) -> str:
        """The digest of its content, worked out once."""
        return content_digest(self.table, self.key)


@dataclass(frozen=True)
class Entry:
    """A stored table: the digest of its content, and the columns that identify its rows."""

    digest: str
    key: tuple[str, ...]


@dataclass(frozen=True)
class Parts:
    """The folder.

    Attributes:
        folder: Where the files are; created when something is stored.
    """

    folder: Path

    def store(self, parts: Mapping[str, Part], about: Mapping[str, str] | None = None) -> str:
        """Store a set of tables and return the digest of its manifest; what is there already is not written again.

        Args:
            parts: The tables by name.
            about: Texts that belong to the set.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        listed = {}
        for name, part in sorted(parts.items()):
            listed[name] = {"digest": part.digest, "key": list(part.key)}
            if not self._part(part.digest).exists():
                draft = self._draft(part.digest)
                feather.write_feather(part.table, str(draft), compression="lz4")
                draft.replace(self._part(part.digest))
        manifest = json.dumps({"about": dict(about or {}), "tables": listed}, sort_keys=True, indent=1)
        token = text_digest(manifest)
        if not self.holds(token):
            draft = self._draft(token)
            draft.write_text(manifest, encoding="utf-8")
            draft.replace(self._manifest(token))
        return token

    def holds(self, token: str) -> bool:
        """Whether the set is stored."""
        return self._manifest(token).exists()

    def load(self, token: str) -> tuple[dict[str, pa.Table], dict[str, str]]:
        """The tables of a set and the texts about it, checked against their digests.

        Raises:
            GraphPartsError: A file is missing or its content is not what its name says.
        """
        content = self._read_manifest(token)
        tables = {name: self._load_part(entry["digest"], entry["key"]) for name, entry in content["tables"].items()}
        return tables, content["about"]

    def entries(self, token: str) -> dict[str, Entry]:
        """What the manifest of a set says of its tables.

        Raises:
            GraphPartsError: The manifest is missing or is not what its name says.
        """
        listed = self._read_manifest(token)["tables"]
        return {name: Entry(entry["digest"], tuple(entry["key"])) for name, entry in listed.items()}

    def columns(self, entry: Entry) -> list[str]:
        """The columns of a stored table, without reading its rows.

        Raises:
            GraphPartsError: The file is missing or is none.
        """
        with self._opened(entry) as file:
            return list(file.schema.names)

    def rows(self, entry: Entry) -> int:
        """How many rows a stored table has; only its first column is read, and not checked.

        Raises:
            GraphPartsError: The file is missing or is none.
        """
        with self._opened(entry, pa.ipc.IpcReadOptions(included_fields=[0])) as file:
            return sum(file.get_batch(number).num_rows for number in range(file.num_record_batches))

    def read(self, entry: Entry) -> pa.Table:
        """A stored table, checked as by `load`."""
        return self._load_part(entry.digest, entry.key)

    def keep_only(self, tokens: Iterable[str]) -> None:
        """Delete every set but these, and the tables that only the deleted ones had."""
        kept = {self._manifest(token) for token in tokens if self.holds(token)}
        for manifest in tuple(kept):
            listed = json.loads(manifest.read_text(encoding="utf-8"))["tables"].values()
            kept |= {self._part(entry["digest"]) for entry in listed}
        for pattern in ("*.json", "*.feather", "*.draft"):
            for path in self.folder.glob(pattern):
                if path not in kept:
                    path.unlink(missing_ok=True)

    @contextmanager
    def _opened(self, entry: Entry, options: pa.ipc.IpcReadOptions | None = None) -> Iterator[Any]:
        path = self._part(entry.digest)
        try:
            with pa.memory_map(str(path)) as file:
                yield pa.ipc.open_file(file, options=options)
        except (FileNotFoundError, pa.ArrowInvalid) as error:
            raise _damaged(path) from error

    def _read_manifest(self, token: str) -> dict[str, Any]:
        path = self._manifest(token)
        if not self.holds(token):
            raise _damaged(path)
        manifest = path.read_text(encoding="utf-8")
        if text_digest(manifest) != token:
            raise _damaged(path)
        content: dict[str, Any] = json.loads(manifest)
        return content

    def _load_part(self, digest: str, key: Sequence[str]) -> pa.Table:
        path = self._part(digest)
        try:
            table = feather.read_table(str(path), memory_map=False).combine_chunks()
        except (FileNotFoundError, pa.ArrowInvalid) as error:
            raise _damaged(path) from error
        if content_digest(table, key) != digest:
            raise _damaged(path)
        return table

    def _part(self, digest: str) -> Path:
        return self.folder / f"{digest}.feather"

    def _manifest(self, token: str) -> Path:
        return self.folder / f"{token}.json"

    def _draft(self, name: str) -> Path:
        return self.folder / f"{name}.{os.getpid()}.draft"


def _damaged(path: Path) -> GraphPartsError:
    return GraphPartsError(
        "The file is missing or its content is not what its name says.",
        where=str(path),
        remedy="Delete it and run the day again; it is made anew from the lake.",
    )
