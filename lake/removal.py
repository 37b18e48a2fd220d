"""Taking one person out of rows: which rows are about them, and what of other people's texts names them."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lake.erasure import SUBJECT, person_columns

ERASED: Final = "[erased]"
TELLING_LENGTH: Final = 4
OWNING_COLUMNS: Final = ("decision_id", "alias", "customers", "holder")
"""Columns of results and logs that say about whom a row is, beside those of the canonical tables."""
JSON_LISTS: Final = ("customers",)
WRITTEN: Final = ("text", "properties", "statement", "reason", "because", "row", "payload", "evidence", "value")
GROUPED: Final = ("bids", "rounds", "common")
"""What stays of erased records names the groups that limits counted, and a group may be one person."""
FREE_TEXTS: Final = (*WRITTEN, *GROUPED)
"""Columns in which people and systems write what they like; a name in them is blotted out."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Removal:
    """One person, by everything that names them and nobody else.

    Attributes:
        identifiers: Ids, aliases, addresses.
        belongings: Ids of their touches and decisions: rows that state one are theirs, and no text is searched for it.
    """

    identifiers: tuple[str, ...]
    belongings: tuple[str, ...] = ()

    @cached_property
    def telling(self) -> tuple[str, ...]:
        """Identifiers that say who is meant wherever they stand; `17` or `ann` may mean anything."""
        return tuple(one for one in self.identifiers if len(one) >= TELLING_LENGTH and not one.isdigit())

    @cached_property
    def _names(self) -> pa.Array:
        named = [*self.identifiers, *(f"{SUBJECT}{one}" for one in self.identifiers)]
        return pa.array([*named, *self.belongings], pa.string())

    @cached_property
    def _mention(self) -> str:
        """A regular expression for RE2 and for Python: what stands before, the identifier, what stands behind."""
        # the longest first, so that an address is not taken for the name it begins with
        telling = sorted(self.telling, key=len, reverse=True)
        about = [re.escape(f"{SUBJECT}{one}") for one in sorted(self.identifiers, key=len, reverse=True)]
        return rf"(?i)(^|[^0-9A-Za-z_-])({'|'.join([*about, *map(re.escape, telling)])})($|[^0-9A-Za-z_-])"

    def mentioned_in(self, text: str) -> bool:
        """Whether a text names the person."""
        return re.search(self._mention, text) is not None

    def blotted(self, text: str) -> str:
        """A text without the person's names."""
        before = None
        while before != text:  # names side by side share what stands between them
            before, text = text, re.sub(self._mention, rf"\1{ERASED}\3", text)
        return text

    def wholly_blotted(self, text: str) -> str:
        """A text without any of the person's identifiers, also those that may mean something else."""
        names = "|".join(re.escape(one) for one in sorted(self.identifiers, key=len, reverse=True))
        return re.sub(rf"(?i)(?<![0-9A-Za-z_-])({names})(?![0-9A-Za-z_-])", ERASED, text)

    def rows_of(self, table: str, rows: pa.Table) -> Mask:
        """Which rows are about the person, shape (rows,)."""
        about = np.zeros(rows.num_rows, dtype=np.bool_)
        owning = [name for name in OWNING_COLUMNS if name in rows.column_names]
        for name in dict.fromkeys([*person_columns(table, rows.column_names), *owning]):
            about |= self._holds(_opened(rows[name]) if name in JSON_LISTS else rows[name])
        if "row" in rows.column_names:
            about |= self._quarantined(rows)
        return about

    def without(self, table: str, rows: pa.Table) -> pa.Table:
        """The rows of other people, with the person's names blotted out; the very same table if nothing changes."""
        about = self.rows_of(table, rows)
        kept = rows.filter(pa.array(~about)) if about.any() else rows
        for name in FREE_TEXTS:
            if name in kept.column_names:
                kept = self._column_blotted(kept, name)
        return kept

    def payload_names(self, value: Any) -> bool:
        """Whether a JSON value is about the person: some text in it is one of the identifiers, or names one."""
        if isinstance(value, dict):
            return any(self.payload_names(each) for pair in value.items() for each in pair)
        if isinstance(value, list):
            return any(self.payload_names(each) for each in value)
        if not isinstance(value, str):
            return False  # a count or a place in the journal may be the same number as somebody's id
        return value.removeprefix(SUBJECT) in self.identifiers or self.mentioned_in(value)

    def _holds(self, column: pa.ChunkedArray) -> Mask:
        values = column.combine_chunks()
        if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
            holds = np.zeros(len(values), dtype=np.bool_)
            inside = _is_in(values.flatten(), self._names)
            holds[pc.list_parent_indices(values).to_numpy(zero_copy_only=False)[inside]] = True
            return holds
        return _is_in(values, self._names) if _is_text(values.type) else np.zeros(len(values), dtype=np.bool_)

    def _quarantined(self, rows: pa.Table) -> Mask:
        """Rows put aside as JSON with an identifier in a column about persons, or with a telling one anywhere."""
        about = np.zeros(rows.num_rows, dtype=np.bool_)
        tables = rows["table"].to_pylist() if "table" in rows.column_names else [""] * rows.num_rows
        for place, (table, text) in enumerate(zip(tables, rows["row"].to_pylist(), strict=True)):
            values = json.loads(text) if text else {}
            columns = person_columns(str(table), values)
            named = {str(values[name]).strip() for name in columns}
            anything = {str(value).strip() for value in values.values()}
            about[place] = bool(named & self._all or anything & self._all_telling)
        return about

    @cached_property
    def _all(self) -> frozenset[str]:
        return frozenset(self._names.to_pylist())

    @cached_property
    def _all_telling(self) -> frozenset[str]:
        return frozenset(self.telling)

    def _column_blotted(self, rows: pa.Table, name: str) -> pa.Table:
        if not _is_text(rows[name].type) or not pc.any(pc.match_substring_regex(rows[name], self._mention)).as_py():
            return rows
        texts = [None if text is None else self.blotted(text) for text in rows[name].to_pylist()]
        return rows.set_column(rows.column_names.index(name), name, pa.array(texts, rows[name].type))


def _opened(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Lists of texts that were stored as JSON."""
    if not _is_text(column.type):
        return column
    return pa.chunked_array(
        [pa.array([json.loads(text) if text else [] for text in column.to_pylist()], pa.list_(pa.string()))]
    )


def _is_in(values: pa.Array, names: pa.Array) -> Mask:
    return np.asarray(
        pc.is_in(values.cast(pa.string()), value_set=names).to_numpy(zero_copy_only=False), dtype=np.bool_
    )


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
