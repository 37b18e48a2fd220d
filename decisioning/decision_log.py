"""The record of decisions and its seal: canonical bytes per record, digests in leaves of 1,024, one Merkle root.

Whoever changes a byte of a record changes the root. Leaves, inner nodes and the empty log are hashed under different
prefixes, so that none can pass for another; the number of records is part of the root. How a record is spelt as bytes:
`decisioning.record_bytes`.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from json.encoder import encode_basestring
from typing import TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from decisioning.canonical import json_text
from decisioning.errors import DecisioningError
from decisioning.record_bytes import DIGEST_SIZE, digests_of, hexadecimal, record_bytes
from decisioning.record_columns import RECORD_COLUMNS, frame_of, insist_on_columns, plain, record_table

LEAF_SIZE = 1_024
CHUNK = 32 * LEAF_SIZE
"""Records whose bytes are in memory at a time."""
SLOT = "daily"
ID_SIZE = 16

Records: TypeAlias = "pd.DataFrame | pa.Table"


@dataclass(frozen=True, eq=False)
class Sealed:
    """Records with their digests, and the root over all of them.

    Attributes:
        table: The columns of `RECORD_COLUMNS` and `digest`, in order of customer; texts that come often as
            dictionaries.
        root: Merkle root, hexadecimal.
    """

    table: pa.Table
    root: str

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The same for readers, see `record_columns.frame_of`."""
        return frame_of(self.table)

    def chunks(self) -> Iterator[pa.Table]:
        """The same as it is stored, some records at a time."""
        for start in range(0, max(1, len(self.table)), CHUNK):
            yield plain(self.table.slice(start, CHUNK))


@dataclass(frozen=True)
class Verification:
    """Whether sealed records are what they were.

    Attributes:
        is_intact: Every record has its digest, and all of them the expected root.
        changed: decision_id of the records that do not have their digest.
        root: The root of the records as they are.
    """

    is_intact: bool
    changed: tuple[str, ...]
    root: str


def decision_id(run_id: str, customer_id: str, slot: str = SLOT) -> str:
    """The first 32 hexadecimal digits of sha256 over run, customer and slot."""
    return hashlib.sha256(json_text([run_id, customer_id, slot]).encode()).hexdigest()[:32]


def decision_ids(run_id: str, customer_ids: Sequence[str], slot: str = SLOT) -> pa.Array:
    """`decision_id` of every customer."""
    before, after, sha256 = f"[{json_text(run_id)},", f",{json_text(slot)}]", hashlib.sha256
    raw = b"".join([
        sha256(f"{before}{encode_basestring(customer)}{after}".encode()).digest()[:ID_SIZE] for customer in customer_ids
    ])  # fmt: skip
    return hexadecimal(raw, ID_SIZE)


def seal(records: Records, *, run_id: str, slot: str = SLOT) -> Sealed:
    """Give records their identity and their digests.

    Args:
        records: As `decide` returns them, in any order.
        run_id: The run that decided.
        slot: The slot it decided for.

    Raises:
        DecisioningError: A column is missing or holds something else than declared, or a customer comes twice.
    """
    table = in_order(record_table(records))
    customers = table["customer_id"].to_pylist()
    again = next((one for one, other in pairwise(customers) if one == other), None)
    if again is not None:
        raise DecisioningError(f"The customer {again} has two records.", where="seal", remedy="Decide once.")
    columns = {name: table[name] for name in table.column_names}
    columns["run_id"] = constant(run_id, len(table))
    columns["decision_id"] = decision_ids(run_id, customers, slot)
    table = pa.table(columns)
    insist_on_columns(table)
    sealed = table.select([*RECORD_COLUMNS])
    raw = _raw_digests(sealed)
    return Sealed(sealed.append_column("digest", hexadecimal(raw)), _root(raw))


def verify(records: Records, root: str, erased: Mapping[int, str] | None = None) -> Verification:
    """Whether records that were sealed still have their digests and root.

    Args:
        records: Sealed records, in any order.
        root: The root that was published.
        erased: Digests of records that were erased since, by their place among all records in order of customer.
    """
    table = record_table(records)
    stated = records["digest"] if isinstance(records, pa.Table) else pa.chunked_array([pa.array(records["digest"])])
    table = in_order(table.append_column("digest", stated.cast(pa.string())))
    now = digests(table)
    was = table["digest"].to_pylist()
    is_changed = [one != other for one, other in zip(was, now, strict=True)]
    changed = tuple(table["decision_id"].filter(pa.array(is_changed, pa.bool_())).to_pylist())
    found_root = merkle_root(with_erased(now, erased or {}))
    return Verification(not changed and found_root == root, changed, found_root)


def in_order(table: pa.Table) -> pa.Table:
    """Records in order of customer."""
    keys = table["customer_id"].combine_chunks()
    if isinstance(keys, pa.ChunkedArray) or pa.types.is_dictionary(keys.type):
        keys = keys.cast(pa.string())
    if pc.all(pc.less_equal(keys[:-1], keys[1:])).as_py() is not False:
        return table
    return table.take(pc.sort_indices(keys))


def with_erased(present: Sequence[str], erased: Mapping[int, str]) -> list[str]:
    """All digests of a run in their places: those of records that are here, and of those that were erased since."""
    rest = iter(present)
    return [erased[place] if place in erased else next(rest) for place in range(len(present) + len(erased))]


def digests(records: Records) -> list[str]:
    """sha256 of the canonical bytes of every record, hexadecimal."""
    return list(hexadecimal(_raw_digests(record_table(records))).to_pylist())


def encode(records: Records) -> list[bytes]:
    """The canonical bytes of every record, see `record_bytes`.

    Raises:
        DecisioningError: A column is missing, or holds something else than declared.
    """
    return [record for chunk in _encoded(record_table(records)) for record in chunk.to_pylist()]


def _encoded(table: pa.Table) -> Iterator[pa.Array]:
    insist_on_columns(table)
    for start in range(0, len(table), CHUNK):
        part = table.slice(start, CHUNK).combine_chunks()
        columns = {name: _one(part[name]) for name in RECORD_COLUMNS}
        yield record_bytes(columns, RECORD_COLUMNS)


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def _raw_digests(table: pa.Table) -> bytes:
    return b"".join(digests_of(chunk) for chunk in _encoded(table))


def constant(text: str, count: int) -> pa.Array:
    """The same text for every record."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int8)), pa.array([text]))


def merkle_root(record_digests: Sequence[str]) -> str:
    """The root over digests in leaves of 1,024; a node without a partner moves up as it is."""
    return _root(bytes.fromhex("".join(record_digests)))


def _root(raw: bytes) -> str:
    width = LEAF_SIZE * DIGEST_SIZE
    level = [
        hashlib.sha256(b"leaf\0" + raw[start : start + width]).digest() for start in range(0, len(raw), width)
    ] or [hashlib.sha256(b"empty\0").digest()]
    while len(level) > 1:
        left, right = level[::2], level[1::2]
        nodes = [hashlib.sha256(b"node\0" + one + other).digest() for one, other in zip(left, right, strict=False)]
        level = [*nodes, *left[len(right) :]]
    count = len(raw) // DIGEST_SIZE
    return hashlib.sha256(b"root\0" + count.to_bytes(8, "big") + level[0]).hexdigest()
