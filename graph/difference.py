"""What has to change: two tables of one kind compared row by row, exactly and without a loop over rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.declarations import Kind

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SEPARATOR, _ESCAPE = "\x1f", "\x1e"
_CODES = 2**62
"""Codes of keys stay below it."""


@dataclass(frozen=True, eq=False)
class Difference:
    """What turns the rows of `base` into the wanted ones.

    Attributes:
        created: Wanted rows whose key is new.
        updated: Wanted rows whose key is known and whose properties differ.
        deleted: Rows of the base whose key is no longer wanted.
        unchanged: How many wanted rows are already there.
    """

    created: pa.Table
    updated: pa.Table
    deleted: pa.Table
    unchanged: int

    @property
    def is_any(self) -> bool:
        """Whether anything has to change at all."""
        return len(self.created) + len(self.updated) + len(self.deleted) > 0


def shares_key(rows: pa.Table, others: pa.Table, columns: Sequence[str]) -> Mask:
    """Which rows have the values of these columns, none of them missing, in common with any of the others."""
    codes, other_codes = _codes(columns, rows, others)
    return _positions(other_codes, codes) >= 0


def difference(kind: Kind, base: pa.Table, wanted: pa.Table) -> Difference:
    """Compare two tables of one kind, both in normal form (`graph.content`)."""
    base_codes, wanted_codes = _codes(kind.key_columns, base, wanted)
    position = _positions(base_codes, wanted_codes)
    is_known = position >= 0
    is_kept = np.zeros(len(base), dtype=bool)
    is_kept[position[is_known]] = True
    known = _Pairs(base, wanted, position[is_known], np.flatnonzero(is_known))
    has_changed = known.have_changed(sorted({*base.column_names, *wanted.column_names} - set(kind.key_columns)))
    return Difference(
        created=wanted.filter(pa.array(~is_known)),
        updated=wanted.take(pa.array(known.in_wanted[has_changed])),
        deleted=base.filter(pa.array(~is_kept)),
        unchanged=int(len(has_changed) - has_changed.sum()),
    )


@dataclass(frozen=True, eq=False)
class _Pairs:
    """The rows that both tables have, in order of the wanted one: their positions in each, shape (rows,)."""

    base: pa.Table
    wanted: pa.Table
    in_base: Integers
    in_wanted: Integers

    def have_changed(self, names: Sequence[str]) -> Mask:
        """Whether any of these columns differs, a column at a time, so that no second table of them is ever made."""
        has_changed = np.zeros(len(self.in_base), dtype=bool)
        for name in names:
            old, new = _values(self.base, name, self.in_base), _values(self.wanted, name, self.in_wanted)
            if old is None or new is None or old.type != new.type:  # an attribute came, went, or changed its type
                has_value = [pc.is_valid(values) for values in (old, new) if values is not None]
                differs = has_value[0] if len(has_value) == 1 else pc.or_(*has_value)
            elif old.equals(new):
                continue
            else:
                is_only_one_missing = pc.xor(pc.is_null(old), pc.is_null(new))
                differs = pc.or_(is_only_one_missing, pc.fill_null(pc.not_equal(old, new), False))
            has_changed |= differs.to_numpy(zero_copy_only=False)
        return has_changed


def _codes(columns: Sequence[str], base: pa.Table, wanted: pa.Table) -> tuple[Integers, Integers]:
    """One number per key, the same in both tables; it ascends as the key does."""
    if all(base[name].equals(wanted[name]) for name in columns):
        return np.arange(len(base)), np.arange(len(base))
    codes, number = np.zeros(len(base) + len(wanted), dtype=np.int64), 1
    for name in columns:
        both = pa.chunked_array([*base[name].chunks, *wanted[name].chunks], base[name].type)
        ranks, different = _ranks(both.combine_chunks())
        if number * different >= _CODES:  # the codes themselves are ranked, so that the product never leaves int64
            known, codes = np.unique(codes, return_inverse=True)
            number = len(known)
        codes, number = codes * different + ranks, number * different
    return codes[: len(base)], codes[len(base) :]


def _ranks(values: pa.Array) -> tuple[Integers, int]:
    """The place of each value among the different ones in ascending order, and how many different ones there are.

    Of neighbours that are equal only the first is looked up: tables are sorted, and a leading column has long runs.
    """
    is_first = np.ones(len(values), dtype=bool)
    is_other = pc.fill_null(pc.not_equal(values.slice(1), values.slice(0, max(len(values) - 1, 0))), True)
    is_first[1:] = is_other.to_numpy(zero_copy_only=False)
    has_runs = 2 * is_first.sum() < len(values)
    encoded = (values.filter(pa.array(is_first)) if has_runs else values).dictionary_encode()
    rank = np.empty(len(encoded.dictionary), dtype=np.int64)
    rank[pc.sort_indices(encoded.dictionary).to_numpy()] = np.arange(len(rank))
    ranks = rank[encoded.indices.to_numpy()]
    return ranks[np.cumsum(is_first) - 1] if has_runs else ranks, max(1, len(rank))


def _positions(codes: Integers, wanted: Integers) -> Integers:
    """Where each wanted code stands among the codes, -1 for nowhere; of equal ones, any."""
    if not len(codes):
        return np.full(len(wanted), -1, dtype=np.int64)
    order = None if (codes[1:] >= codes[:-1]).all() else np.argsort(codes)
    place = np.minimum(np.searchsorted(codes, wanted, sorter=order), len(codes) - 1)
    place = place if order is None else order[place]
    return np.where(codes[place] == wanted, place, -1)


def _values(table: pa.Table, name: str, rows: Integers) -> pa.Array | None:
    if name not in table.column_names:
        return None
    values = table[name].combine_chunks()
    if len(rows) < len(values) or (rows[1:] < rows[:-1]).any():
        values = values.take(pa.array(rows))
    return _joined(values) if pa.types.is_list(values.type) else values


def _joined(lists: pa.ListArray) -> pa.Array:
    """Each list as one text, different for different lists: lists have no comparison of their own."""
    texts = pc.replace_substring(lists.flatten(), _ESCAPE, _ESCAPE + "0")
    texts = pc.replace_substring(texts, _SEPARATOR, _ESCAPE + "1")
    ends = np.cumsum(pc.fill_null(pc.list_value_length(lists), 0).to_numpy())
    offsets = pa.array(np.append(0, ends), pa.int32())
    return pc.if_else(pc.is_valid(lists), pc.binary_join(pa.ListArray.from_arrays(offsets, texts), _SEPARATOR), None)
