"""What can be wrong with a row: each check notes its reason for the rows that fail it and have none yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lake.coercion import Coerced, Mask, mask
from lake.columns import LARGEST_NUMBER, LONGEST_PROSE, Column, ColumnType, Table, too_large, too_long
from lake.ordering import order_by, runs_of_equal_keys

SAME_ROW_TWICE = "the same row twice"

Known = Mapping[str, "pd.Index | pa.Array"]


@dataclass(frozen=True, eq=False)
class Faults:
    """The first thing found wrong with each row.

    Attributes:
        code: Position in `reasons` of each row, -1 while nothing is wrong; shape (rows,).
        reasons: Reasons in the order in which they were found.
        columns: The column each of them is about, None for several.
    """

    code: np.ndarray
    reasons: list[str] = field(default_factory=list)
    columns: list[str | None] = field(default_factory=list)

    @classmethod
    def none(cls, rows: int) -> "Faults":
        """Nothing wrong with any of so many rows."""
        return cls(np.full(rows, -1, dtype=np.int32))

    @property
    def is_bad(self) -> Mask:
        """Rows with something wrong, shape (rows,)."""
        return np.asarray(self.code >= 0)

    def note(self, is_bad: Mask, reason: str, column: str | None = None) -> None:
        """Give the reason to rows that are bad and have none yet."""
        fresh = is_bad & (self.code < 0)
        if fresh.any():
            self.code[fresh] = len(self.reasons)
            self.reasons.append(reason)
            self.columns.append(column)


def note_unreadable_and_missing(
    table: Table, columns: Mapping[str, Coerced], types: Mapping[str, ColumnType], faults: Faults
) -> None:
    """Note values that cannot be read, attributes too, then required ones that are missing."""
    for name, kind in types.items():
        faults.note(columns[name].is_unreadable, f"{name} is no {kind}", name)
    for column in table.columns:
        if column.required:
            faults.note(mask(pc.is_null(columns[column.name].typed)), f"{column.name} is missing", column.name)


def note_future(table: Table, content: pa.Table, latest_known: datetime, faults: Faults) -> None:
    """Note rows that happened, or that we learnt of, after the latest moment anybody can know of."""
    latest = pa.scalar(latest_known, pa.timestamp("us", "UTC"))
    for name in (table.event_time, *table.learnt):
        if name is not None:
            faults.note(mask(pc.greater(content[name], latest)), "a date in the future", name)


def note_oversized(table: Table, content: pa.Table, faults: Faults) -> None:
    """Note texts that are too long to be a key or name, and numbers that are too large to count with."""
    for name in content.column_names:
        column, values = table.column(name), content[name].combine_chunks()
        longest = LONGEST_PROSE if column is None else column.longest
        if pa.types.is_floating(values.type):
            faults.note(mask(pc.greater(pc.abs(values), LARGEST_NUMBER)), too_large(name), name)
        elif longest is not None and pa.types.is_string(values.type):
            faults.note(mask(pc.greater(pc.utf8_length(values), longest)), too_long(name, longest), name)
        elif longest is not None and pa.types.is_list(values.type):
            is_long = mask(pc.greater(pc.utf8_length(values.flatten()), longest))
            faults.note(_owners(values, is_long), too_long(name, longest), name)


def note_outside(table: Table, content: pa.Table, faults: Faults) -> None:
    """Note values outside their closed list or range."""
    for column in table.columns:
        values = content[column.name].combine_chunks()
        if column.closed_list:
            is_listed = pc.is_in(values, value_set=pa.array(column.closed_list))
            faults.note(mask(pc.is_valid(values)) & ~mask(is_listed), column.outside_list, column.name)
        if column.minimum is not None:
            faults.note(mask(pc.less(values, column.minimum)), column.below_minimum, column.name)
        if column.maximum is not None:
            faults.note(mask(pc.greater(values, column.maximum)), column.above_maximum, column.name)


def note_broken_rules(table: Table, content: pa.Table, faults: Faults) -> None:
    """Note rows that break a rule over several columns."""
    for rule in table.rules:
        keeps = rule.keeps(content.select(list(rule.reads)).to_pandas())
        faults.note(~keeps.to_numpy(), rule.reason)


def note_unknown(table: Table, content: pa.Table, known: Known, faults: Faults) -> None:
    """Note references that lead nowhere.

    A reference to a table that is not in `known` is not checked; one to the row's own table always is.
    """
    own = _to_own_table(table)
    for column in table.columns:
        if column.references is not None and column.references in known and column not in own:
            _note_strangers(content, column, known[column.references], faults)
    _note_orphans(table, content, faults)


def note_circles(table: Table, content: pa.Table, faults: Faults) -> None:
    """Note rows that lie above themselves, then those below what was put aside; the keys of the others are unique."""
    for column in _to_own_table(table):
        usable = np.flatnonzero(~faults.is_bad)
        keys, above = (content[name].combine_chunks().take(pa.array(usable)) for name in (table.key[0], column.name))
        reached = np.append(pc.index_in(above, value_set=keys).fill_null(-1).to_numpy(zero_copy_only=False), -1)
        for _ in range(len(reached).bit_length()):  # twice as far up each time; whoever still is somewhere, circles
            reached = reached[reached]
        is_bad = np.zeros(content.num_rows, dtype=np.bool_)
        is_bad[usable[np.unique(reached[reached >= 0])]] = True
        faults.note(is_bad, f"{column.name} leads back to the row itself", column.name)
    _note_orphans(table, content, faults)


def _to_own_table(table: Table) -> list[Column]:
    return [column for column in table.columns if column.references == f"{table.name}.{table.key[0]}"]


def _note_orphans(table: Table, content: pa.Table, faults: Faults) -> None:
    """What refers to its own table may lose what it refers to, again and again."""
    own = _to_own_table(table)
    before = -1
    while own and before != (before := int(faults.is_bad.sum())):
        keys = content[table.key[0]].filter(pa.array(~faults.is_bad))
        for column in own:
            _note_strangers(content, column, keys, faults)


def _note_strangers(content: pa.Table, column: Column, known: "pd.Index | pa.Array", faults: Faults) -> None:
    keys = pa.array(known, pa.string()) if isinstance(known, pd.Index) else known
    values = content[column.name].combine_chunks()
    reason = f"unknown {str(column.references).split('.')[-1].removesuffix('_id')}"
    if column.type == "texts":
        is_bad = _owners(values, ~mask(pc.is_in(values.flatten(), value_set=keys)))
    else:
        is_bad = mask(pc.is_valid(values)) & ~mask(pc.is_in(values, value_set=keys))
    faults.note(is_bad, reason, column.name)


def _owners(lists: pa.Array, is_meant: Mask) -> Mask:
    """Rows with one of these entries in their list."""
    is_owner = np.zeros(len(lists), dtype=np.bool_)
    is_owner[pc.list_parent_indices(lists).to_numpy()[is_meant]] = True
    return is_owner


def note_repeated(table: Table, content: pa.Table, faults: Faults) -> pa.Array:
    """Note rows that share a key; the positions of all rows without fault, in order of the key."""
    usable = np.flatnonzero(~faults.is_bad)
    keys = content.select(list(table.key)).take(pa.array(usable))
    order = order_by(keys, table.key)
    ordered = usable[order]
    group = runs_of_equal_keys(keys.take(pa.array(order)), table.key)
    is_repeated = np.bincount(group, minlength=1)[group] > 1 if len(group) else np.zeros(0, dtype=np.bool_)
    if is_repeated.any():
        _note_group_members(table, content, ordered[is_repeated], group[is_repeated], faults)
    return pa.array(ordered[~faults.is_bad[ordered]])


def _note_group_members(table: Table, content: pa.Table, rows: np.ndarray, group: np.ndarray, faults: Faults) -> None:
    """Of rows that say the same the first one stays; of rows with one key that contradict each other none does."""
    said = content.take(pa.array(rows)).to_pandas()
    for column in table.columns:
        if column.type == "texts":  # lists cannot be compared as a whole
            said[column.name] = said[column.name].map(lambda parts: None if parts is None else tuple(parts))
    first_in_source = np.argsort(rows, kind="stable")
    said = said.assign(group=group).iloc[first_in_source]
    is_copy = said.duplicated()
    different = said.loc[~is_copy, "group"].value_counts()
    is_conflict = said["group"].map(different).gt(1)
    key = ", ".join(table.key)
    for chosen, reason in (
        (is_conflict, f"several different rows with one key ({key})"),
        (is_copy, f"{SAME_ROW_TWICE} ({key})"),
    ):
        is_bad = np.zeros(content.num_rows, dtype=np.bool_)
        is_bad[rows[first_in_source][chosen.to_numpy()]] = True
        faults.note(is_bad, reason)
