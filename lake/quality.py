"""Which rows can be trusted: every row is kept, put into quarantine with its reason, or left for later. None lost."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lake.coercion import coerce
from lake.errors import LakeError
from lake.tables import Column, Table

REASON = "reason"
SOURCE_ROW = "source_row"


@dataclass(frozen=True, eq=False)
class Split:
    """The rows of one source.

    Attributes:
        kept: Rows of the declared types, in the order of their key, with every declared column.
        quarantined: `source_row` (1 = first), `reason`, `row` (as JSON).
        later: Rows at or after as-of that are not in the future: right, but not yet known.
    """

    kept: pd.DataFrame
    quarantined: pd.DataFrame
    later: int


def split(
    table: Table,
    frame: pd.DataFrame,
    *,
    known: Mapping[str, pd.Index],
    as_of: datetime,
    latest_known: datetime,
    timezone: str,
    where: str,
) -> Split:
    """Check the rows of a source against the declaration of its table.

    A row has one reason, the first of: a value that cannot be read; a required value that is missing; a date in the
    future; a value outside its list or range; a rule over several columns; a reference to what is not known; a key that
    stands more than once.

    Args:
        table: The declaration.
        frame: What the query returned.
        known: Keys of the tables checked before, by `table.column`; a reference to another table is not checked.
        as_of: Rows at or after it are left for later.
        latest_known: Rows after it are in the future.
        timezone: In which a date without time is a day.
        where: The source, for errors.

    Raises:
        LakeError: A required column is missing, or one is not known.
    """
    _check_columns(table, frame, where)
    frame = frame.assign(**{SOURCE_ROW: np.arange(1, len(frame) + 1)})
    is_later = _is_later(table, frame, as_of, latest_known, timezone)
    frame = frame[~is_later].reset_index(drop=True)
    rows, reasons = _coerced(table, frame.drop(columns=SOURCE_ROW), timezone)
    if table.event_time is not None:
        _note(reasons, (rows[table.event_time] > latest_known).to_numpy(), "a date in the future")
    _note_schema_failures(table, rows, reasons)
    for column in table.columns:
        if column.references in known and column.name in frame.columns:
            _note(reasons, _unknown(rows[column.name], column, known[str(column.references)]), _unknown_reason(column))
    _note_duplicates(table, rows, reasons)
    bad = reasons.notna().to_numpy()
    kept = rows[~bad].sort_values(list(table.key), ignore_index=True)
    return Split(kept, _quarantine(frame, reasons, bad), int(is_later.sum()))


def _is_later(
    table: Table, frame: pd.DataFrame, as_of: datetime, latest_known: datetime, timezone: str
) -> npt.NDArray[np.bool_]:
    column = table.column(table.event_time or "")
    if column is None:
        return np.zeros(len(frame), dtype=bool)
    times, _ = coerce(frame[column.name], column, timezone)
    return ((times >= as_of) & (times <= latest_known)).to_numpy(dtype=bool)


def _check_columns(table: Table, frame: pd.DataFrame, where: str) -> None:
    names = [column.name for column in table.columns]
    missing = [column.name for column in table.columns if column.required and column.name not in frame.columns]
    if missing:
        raise LakeError(
            f"the source of `{table.name}` lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}.",
            where=where,
            remedy=f"Return it; the query returns {', '.join(map(str, frame.columns))}.",
        )
    unknown = [str(name) for name in frame.columns if name not in names]
    if unknown and not table.allows_attributes:
        nearest = difflib.get_close_matches(unknown[0], names, n=1)
        raise LakeError(
            f"the table `{table.name}` has no column `{unknown[0]}`.",
            where=where,
            remedy=(f"Did you mean `{nearest[0]}`? " if nearest else "") + f"Known: {', '.join(names)}.",
        )


def _coerced(table: Table, frame: pd.DataFrame, timezone: str) -> tuple[pd.DataFrame, "pd.Series[Any]"]:
    reasons: pd.Series[Any] = pd.Series(None, index=frame.index, dtype=object)
    columns: dict[str, pd.Series[Any]] = {}
    for column in table.columns:
        if column.name in frame.columns:
            columns[column.name], unreadable = coerce(frame[column.name], column, timezone)
            _note(reasons, unreadable.to_numpy(), f"{column.name} is no {column.type}")
        else:
            columns[column.name] = coerce(pd.Series(None, index=frame.index, dtype=object), column, timezone)[0]
    for column in table.columns:
        if column.required:
            _note(reasons, columns[column.name].isna().to_numpy(), f"{column.name} is missing")
    attributes = {str(name): frame[name] for name in frame.columns if table.column(str(name)) is None}
    return pd.DataFrame(columns | attributes), reasons


def _note(reasons: "pd.Series[Any]", bad: npt.NDArray[np.bool_], reason: str) -> None:
    reasons[bad & reasons.isna().to_numpy()] = reason


def _note_schema_failures(table: Table, rows: pd.DataFrame, reasons: "pd.Series[Any]") -> None:
    # Each check is asked on its own: validating as a whole builds a report per failing row, minutes for many of them.
    schema = table.schema()
    for name, column in schema.columns.items():
        for check in column.checks:
            _note(reasons, ~check(rows[name]).check_output.to_numpy(dtype=bool), str(check.name))
    for check in schema.checks:
        _note(reasons, ~check(rows).check_output.to_numpy(dtype=bool), str(check.name))


def _unknown(values: "pd.Series[Any]", column: Column, known: pd.Index) -> npt.NDArray[np.bool_]:
    if column.type != "texts":
        return (values.notna() & ~values.isin(known)).to_numpy()
    parts = values.explode().dropna()
    strangers = parts.index[~parts.isin(known)]
    return np.asarray(values.index.isin(strangers))


def _unknown_reason(column: Column) -> str:
    return f"unknown {str(column.references).split('.')[-1].removesuffix('_id')}"


def _note_duplicates(table: Table, rows: pd.DataFrame, reasons: "pd.Series[Any]") -> None:
    usable = rows[reasons.isna().to_numpy()]
    repeated = usable[usable.duplicated(list(table.key), keep=False)]
    if repeated.empty:
        return
    comparable = repeated.map(lambda value: tuple(value) if isinstance(value, list) else value)
    same = comparable.duplicated(keep=False)
    extra = comparable.duplicated(keep="first")
    key = ", ".join(table.key)
    groups = comparable.groupby(list(table.key), sort=False)
    is_conflict = groups[table.key[0]].transform("size") != same.groupby(
        [comparable[name] for name in table.key], sort=False
    ).transform("sum")
    reasons.loc[repeated.index[extra & ~is_conflict]] = f"the same row twice ({key})"
    reasons.loc[repeated.index[is_conflict]] = f"several different rows with one key ({key})"


def _quarantine(frame: pd.DataFrame, reasons: "pd.Series[Any]", bad: npt.NDArray[np.bool_]) -> pd.DataFrame:
    rows = frame[bad]
    texts = rows.drop(columns=SOURCE_ROW).to_json(orient="records", lines=True, date_format="iso", default_handler=str)
    return pd.DataFrame(
        {
            SOURCE_ROW: rows[SOURCE_ROW].to_numpy(),
            REASON: reasons[bad].to_numpy(),
            "row": np.array(texts.splitlines(), dtype=object),
        }
    )


def keys_of(table: Table, kept: pd.DataFrame) -> Mapping[str, pd.Index]:
    """The key values that later tables may refer to, as `table.column`."""
    names: Sequence[str] = table.key if len(table.key) == 1 else ()
    return {f"{table.name}.{name}": pd.Index(kept[name].unique()) for name in names}
