"""What has to change: two tables of one kind compared row by row, exactly and without a loop over rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graph.declarations import Kind

_SEPARATOR, _ESCAPE = "\x1f", "\x1e"


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


def shares_key(rows: pa.Table, others: pa.Table, columns: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which rows have the values of these columns, none of them missing, in common with any of the others."""
    codes, other_codes = _codes(columns, rows, others)
    return np.isin(codes, other_codes)


def difference(kind: Kind, base: pa.Table, wanted: pa.Table) -> Difference:
    """Compare two tables of one kind, both in normal form (`graph.content`)."""
    base_codes, wanted_codes = _codes(kind.key_columns, base, wanted)
    position = pd.Index(base_codes).get_indexer(pd.Index(wanted_codes))
    is_known = position >= 0
    found = base.take(pa.array(position[is_known]))
    known = wanted.filter(pa.array(is_known))
    has_changed = _has_changed(kind, found, known)
    is_kept = np.zeros(len(base), dtype=bool)
    is_kept[position[is_known]] = True
    return Difference(
        created=wanted.filter(pa.array(~is_known)),
        updated=known.filter(pa.array(has_changed)),
        deleted=base.filter(pa.array(~is_kept)),
        unchanged=int(len(known) - has_changed.sum()),
    )


def _codes(
    columns: Sequence[str], base: pa.Table, wanted: pa.Table
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """One number per key, the same in both tables."""
    codes = np.zeros(len(base) + len(wanted), dtype=np.int64)
    for name in columns:
        both = pa.chunked_array([*base[name].chunks, *wanted[name].chunks], base[name].type)
        encoded = both.combine_chunks().dictionary_encode()
        # factorised anew after every column, so that the product never leaves int64
        codes = pd.factorize(codes * len(encoded.dictionary) + encoded.indices.to_numpy(zero_copy_only=False))[0]
    return codes[: len(base)], codes[len(base) :]


def _has_changed(kind: Kind, found: pa.Table, known: pa.Table) -> npt.NDArray[np.bool_]:
    has_changed = np.zeros(len(known), dtype=bool)
    for name in sorted({*found.column_names, *known.column_names} - set(kind.key_columns)):
        old, new = _values(found, name), _values(known, name)
        if old is None or new is None or old.type != new.type:  # an attribute came, went, or changed its type
            has_value = [pc.is_valid(values) for values in (old, new) if values is not None]
            differs = has_value[0] if len(has_value) == 1 else pc.or_(*has_value)
        else:
            is_only_one_missing = pc.xor(pc.is_null(old), pc.is_null(new))
            differs = pc.or_(is_only_one_missing, pc.fill_null(pc.not_equal(old, new), False))
        has_changed |= differs.to_numpy(zero_copy_only=False)
    return has_changed


def _values(table: pa.Table, name: str) -> pa.Array | None:
    if name not in table.column_names:
        return None
    values = table[name].combine_chunks()
    return _joined(values) if pa.types.is_list(values.type) else values


def _joined(lists: pa.ListArray) -> pa.Array:
    """Each list as one text, different for different lists: lists have no comparison of their own."""
    texts = pc.replace_substring(lists.flatten(), _ESCAPE, _ESCAPE + "0")
    texts = pc.replace_substring(texts, _SEPARATOR, _ESCAPE + "1")
    ends = np.cumsum(pc.fill_null(pc.list_value_length(lists), 0).to_numpy())
    offsets = pa.array(np.append(0, ends), pa.int32())
    return pc.if_else(pc.is_valid(lists), pc.binary_join(pa.ListArray.from_arrays(offsets, texts), _SEPARATOR), None)
