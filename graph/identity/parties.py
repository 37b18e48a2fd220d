"""Everybody who may turn out to be somebody else: customers and visitors, as numbers in order of seniority.

The smaller number survives: customers known by name come before those who are not, these before visitors; within each
the oldest first (joined, or first seen with an identifier), ties by id. Whoever has no date comes last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.identity.values import VISITOR

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NEVER = np.iinfo(np.int64).max
"""The moment of what has no date, in microseconds; after all others."""


@dataclass(frozen=True, eq=False)
class Parties:
    """All ids, in order of seniority.

    Attributes:
        ids: Ids; visitors begin with `anonymous/`.
        is_known: Customers that are known by name, shape (ids,).
        is_visitor: Visitors without a row in customers, shape (ids,).
    """

    ids: pa.Array
    is_known: Mask
    is_visitor: Mask

    def __len__(self) -> int:
        """How many there are."""
        return len(self.ids)

    def codes(self, of: pa.Array | pa.ChunkedArray) -> Codes:
        """Number of each id, -1 for strangers."""
        if len(of) == 0:
            return np.zeros(0, dtype=np.int64)
        distinct = of.combine_chunks() if isinstance(of, pa.ChunkedArray) else of
        encoded = distinct.dictionary_encode()
        number = _filled(pc.index_in(encoded.dictionary, value_set=self.ids))
        return np.append(number, -1)[_filled(encoded.indices)]  # the position -1 reads the last entry

    def code(self, of: Sequence[str]) -> Codes:
        """Numbers of a few ids, -1 for strangers."""
        return self.codes(pa.array(list(of), pa.string()))

    def texts(self, of: Codes) -> npt.NDArray[np.object_]:
        """Ids of numbers."""
        return np.asarray(self.ids.take(pa.array(of)).to_numpy(zero_copy_only=False), dtype=object)


def parties_of(customers: pa.Table, seen: pa.Table, visits: pa.Table) -> Parties:
    """Number all customers and visitors.

    Args:
        customers: customer_id; is_known and joined_at where there are any.
        seen: When identifiers were seen with customers: `customer_id`, `at`.
        visits: When visitors were seen: `anonymous_id`, `at`.
    """
    keys = customers["customer_id"].combine_chunks()
    first_visits = _first(pc.binary_join_element_wise(VISITOR, visits["anonymous_id"], ""), visits["at"])
    strangers = first_visits.filter(pc.invert(pc.is_in(first_visits["id"], value_set=keys)))
    known = ~_flags(customers, "is_known", missing=True)
    rows = pa.table(
        {
            "id": pa.concat_arrays([keys, strangers["id"].combine_chunks().cast(keys.type)]),
            "rank": np.concatenate([known.astype(np.int8), np.full(strangers.num_rows, 2, dtype=np.int8)]),
            "since": np.concatenate([_since(customers, keys, seen), _micros(strangers["since"])]),
        }
    )
    order = pc.sort_indices(rows, sort_keys=[("rank", "ascending"), ("since", "ascending"), ("id", "ascending")])
    rows = rows.take(order)
    rank = rows["rank"].to_numpy()
    return Parties(rows["id"].combine_chunks(), np.asarray(rank == 0), np.asarray(rank == 2))  # noqa: PLR2004


def _since(customers: pa.Table, keys: pa.Array, seen: pa.Table) -> Codes:
    since = _micros(customers["joined_at"]) if "joined_at" in customers.column_names else np.full(len(keys), NEVER)
    since = since.copy()
    if seen.num_rows:
        place = _filled(pc.index_in(seen["customer_id"], value_set=keys))
        is_ours = place >= 0
        np.minimum.at(since, place[is_ours], _micros(seen["at"])[is_ours])
    return since


def _first(ids: pa.ChunkedArray, at: pa.ChunkedArray) -> pa.Table:
    grouped = pa.table({"id": ids, "since": at}).group_by("id").aggregate([("since", "min")])
    return grouped.rename_columns({"since_min": "since"})


def _flags(customers: pa.Table, name: str, *, missing: bool) -> Mask:
    if name not in customers.column_names:
        return np.full(customers.num_rows, missing)
    return np.asarray(pc.fill_null(customers[name].cast(pa.bool_()), missing).to_numpy())


def _micros(times: pa.Array | pa.ChunkedArray) -> Codes:
    moments = times.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    return np.asarray(pc.fill_null(moments, NEVER).to_numpy(), dtype=np.int64)


def _filled(positions: Any) -> Codes:
    if isinstance(positions, pa.ChunkedArray):
        positions = positions.combine_chunks()
    return np.asarray(pc.fill_null(positions, -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def micros(times: pa.Array | pa.ChunkedArray) -> Codes:
    """Moments in microseconds; `NEVER` where there is none."""
    return _micros(times)
