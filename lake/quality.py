"""Which rows can be trusted: each is kept, put into quarantine with its reason, or left for later. None is lost."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lake.coercion import Coerced, Mask, arrow_of, coerce, mask, natural_type
from lake.columns import ColumnType, Table
from lake.errors import LakeError
from lake.faults import (
    Faults,
    Known,
    note_broken_rules,
    note_circles,
    note_future,
    note_outside,
    note_oversized,
    note_repeated,
    note_unknown,
    note_unreadable_and_missing,
)
from lake.suppressions import with_doubtful
from lake.withdrawals import note_voided

REASON = "reason"
SOURCE_ROW = "source_row"
VALUE = "value"
ROW = "row"
LONGEST_VALUE = 200
"""Characters of the value at fault that stand beside the reason; the row itself is kept whole."""

ATTRIBUTE_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, eq=False)
class Split:
    """The rows of one source.

    Attributes:
        content: Kept rows: every declared column in its declared type, attributes after them, in order of the key.
        quarantined: `source_row` (1 = first), `reason`, `value` (what stands in the column at fault, if it is one) and
            `row` (as JSON), in order of source_row.
        later: Rows at or after as-of that are not in the future: right, but not yet known.
        blanked: Kept rows without their attributes, since those were measured at or after as-of.
        doubts: Of consents: what was put aside and may have withdrawn a grant, as `lake.withdrawals` gives it.
    """

    content: pa.Table
    quarantined: pd.DataFrame
    later: int
    blanked: int = 0
    doubts: pd.DataFrame | None = None

    @cached_property
    def kept(self) -> pd.DataFrame:
        """The kept rows as a frame."""
        frame: pd.DataFrame = self.content.to_pandas()
        return frame


def split(
    table: Table,
    rows: pa.Table | pd.DataFrame,
    *,
    known: Known,
    as_of: datetime,
    latest_known: datetime,
    timezone: str,
    where: str,
    without: Mask | None = None,
) -> Split:
    """Check the rows of a source against the declaration of its table.

    Rows that are not known yet at as-of are left out before anything else. A row has one reason, the first of: a value
    that cannot be read; a required value that is missing; a text too long or a number too large; a date in the future;
    a value outside its list or range; a rule over several columns; a reference to what is not known; a key that stands
    more than once; a reference that leads back to the row itself. A grant of consent is put aside as well when a later
    row about it was, and may have withdrawn it. A suppression that is put aside is heeded nevertheless.

    Args:
        table: The declaration.
        rows: What the query returned.
        known: Keys of the tables checked before, by `table.column`; a reference to a table not in it is not checked.
        as_of: Rows at or after it are left for later.
        latest_known: Rows after it are in the future.
        timezone: In which a date without time is a day.
        where: The source, for errors.
        without: Rows to leave out before anything else, shape (rows,): nothing of them is kept anywhere.

    Raises:
        LakeError: A required column is missing, or one is not known.
    """
    given = arrow_of(rows) if isinstance(rows, pd.DataFrame) else rows
    _check_columns(table, given, where)
    is_later = _is_later(table, given, as_of, latest_known, timezone)
    is_left_out = np.zeros(given.num_rows, dtype=np.bool_) if without is None else without
    is_later &= ~is_left_out
    is_read = ~(is_later | is_left_out)
    source_row = np.flatnonzero(is_read) + 1
    given = given if is_read.all() else given.filter(pa.array(is_read))
    types = {column.name: column.type for column in table.columns} | _attributes(table, given, where)
    columns = {name: _coerced(given, name, kind, timezone) for name, kind in types.items()}
    faults = Faults.none(given.num_rows)
    note_unreadable_and_missing(table, columns, types, faults)
    content = pa.table({name: read.typed for name, read in columns.items()})
    note_oversized(table, content, faults)
    note_future(table, content, latest_known, faults)
    note_outside(table, content, faults)
    note_broken_rules(table, content, faults)
    note_unknown(table, content, known, faults)
    ordered = note_repeated(table, content, faults)
    note_circles(table, content, faults)
    doubts = note_voided(table, content, as_of, faults) if table.name == "consents" else None
    ordered = ordered.filter(pa.array(~faults.is_bad[ordered.to_numpy()]))
    kept, quarantined = content.take(ordered), _quarantine(given, source_row, faults)
    if table.name == "suppressions":
        kept = with_doubtful(kept, quarantined)
    kept, blanked = _without_later_attributes(table, kept, as_of)
    return Split(kept, quarantined, int(is_later.sum()), blanked, doubts)


def keys_of(table: Table, kept: pa.Table | pd.DataFrame) -> Known:
    """The key values that later tables may refer to, as `table.column`."""
    names: Sequence[str] = table.key if len(table.key) == 1 else ()
    return {f"{table.name}.{name}": _unique(kept[name]) for name in names}


def _check_columns(table: Table, given: pa.Table, where: str) -> None:
    known, returned = [column.name for column in table.columns], given.column_names
    stands = f"the query returns {', '.join(returned)}"
    if twice := sorted({name for name in returned if returned.count(name) > 1}):
        raise LakeError(
            f"the source of `{table.name}` returns `{twice[0]}` twice.", where=where, remedy="Name each column once."
        )
    missing = [column.name for column in table.columns if column.required and column.name not in returned]
    if missing:
        raise LakeError(
            f"the source of `{table.name}` lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}.",
            where=where,
            remedy=f"Return {'them' if len(missing) > 1 else 'it'}; {stands}.",
        )
    unknown = [name for name in returned if name not in known]
    if unknown and not table.allows_attributes:
        nearest = difflib.get_close_matches(unknown[0], known, n=1)
        raise LakeError(
            f"the table `{table.name}` has no column `{unknown[0]}`.",
            where=where,
            remedy=(f"Did you mean `{nearest[0]}`? " if nearest else "") + f"Known: {', '.join(known)}.",
        )
    for name in unknown:
        if not ATTRIBUTE_NAME.fullmatch(name):
            raise LakeError(
                f"the attribute `{name}` of `{table.name}` is not in lower_snake.",
                where=where,
                remedy="Rename it with AS: small letters, digits and underscores, a letter first.",
            )


def _is_later(table: Table, given: pa.Table, as_of: datetime, latest_known: datetime, timezone: str) -> Mask:
    since, until = (pa.scalar(moment, pa.timestamp("us", "UTC")) for moment in (as_of, latest_known))
    is_later = np.zeros(given.num_rows, dtype=np.bool_)
    for name in (table.event_time, *table.learnt):
        if name is not None and name in given.column_names:
            times = coerce(given[name], "time", timezone).typed
            is_later |= mask(pc.and_(pc.greater_equal(times, since), pc.less_equal(times, until)))
    return is_later


def _without_later_attributes(table: Table, kept: pa.Table, as_of: datetime) -> tuple[pa.Table, int]:
    """The rows without attributes that were not true yet, and how many rows have lost some."""
    if table.measured is None:
        return kept, 0
    is_later = mask(pc.greater_equal(kept[table.measured], pa.scalar(as_of, pa.timestamp("us", "UTC"))))
    if not is_later.any():
        return kept, 0
    stays = {*table.key, *table.lasting}
    for place, name in enumerate(kept.column_names):
        if name not in stays:
            kept = kept.set_column(place, name, pc.if_else(pa.array(is_later), None, kept[name]))
    return kept, int(is_later.sum())


def _coerced(given: pa.Table, name: str, kind: ColumnType, timezone: str) -> Coerced:
    stands = given[name] if name in given.column_names else pa.nulls(given.num_rows)
    return coerce(stands, kind, timezone)


def _attributes(table: Table, given: pa.Table, where: str) -> dict[str, ColumnType]:
    """Further columns and the type they come in, in order of name."""
    attributes: dict[str, ColumnType] = {}
    for name in sorted(set(given.column_names) - {column.name for column in table.columns}):
        kind = natural_type(given[name].type)
        if kind is None:
            raise LakeError(
                f"the attribute `{name}` of `{table.name}` holds {given[name].type} values.",
                where=where,
                remedy="Give it one flat type: text, number, boolean or time.",
            )
        attributes[name] = kind
    return attributes


def _quarantine(given: pa.Table, source_row: np.ndarray, faults: Faults) -> pd.DataFrame:
    bad = np.flatnonzero(faults.is_bad)
    rows = given.take(pa.array(bad))
    codes = faults.code[bad]
    values = np.full(len(bad), None, dtype=object)
    for code, column in enumerate(faults.columns):
        if column is not None and column in rows.column_names:
            chosen = np.flatnonzero(codes == code)
            values[chosen] = _as_texts(rows[column].take(pa.array(chosen)))
    return pd.DataFrame(
        {
            SOURCE_ROW: source_row[bad].astype(np.int64),
            REASON: np.array([*faults.reasons, None], dtype=object)[codes],
            VALUE: values,
            ROW: pd.Series(_as_json(rows), dtype=object),
        }
    )


def _as_texts(values: pa.ChunkedArray) -> list[str | None]:
    try:
        plain = values.to_pylist()
    except OverflowError:  # a time that Python cannot tell
        plain = values.cast(pa.string()).to_pylist()
    texts = [None if value is None else str(value) for value in plain]
    return [text if text is None or len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…" for text in texts]


def _as_json(rows: pa.Table) -> list[str]:
    if rows.num_rows == 0:
        return []
    frame = rows.to_pandas(integer_object_nulls=True)
    lines = frame.to_json(
        orient="records", lines=True, date_format="iso", date_unit="us", default_handler=str, force_ascii=False
    )
    return str(lines).rstrip("\n").split("\n")


def _unique(values: "pa.ChunkedArray | pd.Series[str]") -> "pd.Index | pa.Array":
    return pd.Index(values.unique()) if isinstance(values, pd.Series) else pc.unique(values)
