"""Tombstones: who was erased, as salted digests, so that a source that still has them does not bring them back.

A digest says that an identifier was erased to whoever has the identifier, and nothing to whoever has not. Whoever holds
both table and salt can still try identifiers one by one; it is a pseudonym, and is kept for this one purpose.
"""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lake.coercion import coerce
from lake.store import Lake

TOMBSTONES: Final = "tombstones"
PERSON_COLUMNS: Final[tuple[str, ...]] = ("customer_id", "anonymous_id", "touch_id")
"""Columns that say, in whatever table, about whom a row is; a touch is somebody's too."""
PERSON_COLUMNS_OF: Final[dict[str, tuple[str, ...]]] = {
    "identities": ("value",),
    "suppressions": ("value",),
    "estimates": ("subject_id",),
    "assertions": ("subject",),
}
"""Further ones of some tables."""
SUBJECT: Final = "customer/"


def person_columns(table: str, columns: Collection[str]) -> list[str]:
    """The columns of a table, of those it has, that may say about whom a row is."""
    return [name for name in (*PERSON_COLUMNS, *PERSON_COLUMNS_OF.get(table, ())) if name in columns]


def salted_digest(salt: str, identifier: str) -> str:
    """SHA-256 of an identifier behind a salt, hexadecimal."""
    return hashlib.sha256(f"{salt}\0{identifier}".encode()).hexdigest()


@dataclass(frozen=True)
class Tombstones:
    """The erased of one playbook.

    Attributes:
        salt: Drawn once, with the first of them; empty before.
        digests: One per identifier.
    """

    salt: str = ""
    digests: frozenset[str] = frozenset()

    @classmethod
    def of(cls, lake: Lake) -> "Tombstones":
        """Those that the lake holds."""
        rows = lake.read_log(TOMBSTONES)
        return cls() if rows is None else cls(str(rows["salt"].iloc[0]), frozenset(rows["digest"]))

    @cached_property
    def any(self) -> bool:
        """Whether anybody was erased."""
        return bool(self.digests)

    def names(self, identifier: str) -> bool:
        """Whether this identifier was erased."""
        return self.any and salted_digest(self.salt, identifier) in self.digests

    def rows_of(self, table: str, rows: pa.Table) -> npt.NDArray[np.bool_]:
        """Which rows are about somebody erased, shape (rows,).

        Args:
            table: The canonical table that they are to become.
            rows: As the source returned them, of any type.
        """
        erased = np.zeros(rows.num_rows, dtype=np.bool_)
        if not self.any:
            return erased
        for name in person_columns(table, rows.column_names):
            texts = coerce(rows[name], "text", "").typed
            values = pc.unique(texts).drop_null().to_pylist()
            gone = [value for value in values if self.names(value.removeprefix(SUBJECT))]
            erased |= pc.is_in(texts, value_set=pa.array(gone, pa.string())).to_numpy(zero_copy_only=False)
        return erased


def bury(lake: Lake, identifiers: Sequence[str]) -> Tombstones:
    """Add tombstones; those that are there already are not repeated."""
    before = Tombstones.of(lake)
    salt = before.salt or secrets.token_hex(16)
    digests = [salted_digest(salt, identifier) for identifier in dict.fromkeys(identifiers)]
    fresh = [digest for digest in digests if digest not in before.digests]
    if fresh:
        lake.append_log(TOMBSTONES, [{"salt": salt, "digest": digest} for digest in fresh])
    return Tombstones.of(lake)
