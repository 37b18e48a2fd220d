"""What a decision record holds: its columns, their kinds, and the Arrow types that they are stored in."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from decisioning.errors import DecisioningError

PlainKind = Literal["text", "number", "whole", "boolean", "time"]
"""A number is a float, a whole number an integer; times are in UTC to the microsecond."""
Kind = PlainKind | Mapping[str, PlainKind]
"""A list has the columns of its entries."""

REFUSALS: Mapping[str, PlainKind] = {"policy": "text", "candidates": "whole"}
RUNNERS_UP: Mapping[str, PlainKind] = {
    "asset_id": "text",
    "title": "text",
    "channel_id": "text",
    "play": "text",
    "subject": "text",
    "value": "number",
    "priced_value": "number",  # value less the prices of what it uses
    "reason": "text",  # why it was not taken, see `decisioning.alternatives`
    "by": "text",  # the policies that refuse it, or the limit that weighs most against it
    "behind": "number",  # by how much less it was worth at the prices than what was chosen
}
PRICES_PAID: Mapping[str, PlainKind] = {"limit": "text", "paid": "number"}

RECORD_COLUMNS: Mapping[str, Kind] = {
    "decision_id": "text",
    "run_id": "text",
    "as_of": "time",
    "customer_id": "text",
    "verb": "text",  # send or none
    "is_ghost": "boolean",  # held out: recorded, never sent
    "arm": "text",  # treated or held out
    "play": "text",
    "subject": "text",
    "motive_sentence": "text",
    "facts": "text",  # JSON object: what the motive rests on
    "evidence": "text",  # JSON list of relationships that the motive rests on
    "link": "text",  # JSON list of relationships from the subject to the asset; missing where the playbook says so
    "asset_id": "text",
    "asset_version": "text",
    "title": "text",  # the asset's
    "offer_id": "text",
    "channel_id": "text",
    "send_at": "time",
    "expires_at": "time",
    "none_reason": "text",
    "value": "number",  # expected incremental margin in currency; 0 for none
    "value_low": "number",  # its 95 % interval, and the terms it is made of; missing for none
    "value_high": "number",
    "margin_none": "number",
    "margin_touch": "number",
    "margin_basis": "text",
    "offer_cost": "number",
    "opt_out_cost": "number",
    "touch_cost": "number",
    "uplift": "number",
    "uplift_sd": "number",
    "p_redeem": "number",
    "redemption_cost": "number",
    "confidence": "number",  # P(value > 0), capped by the grade
    "evidence_grade": "text",
    "propensity": "number",
    "motives": "whole",  # the funnel: how many motives, candidates and so on there were
    "candidates": "whole",
    "eligible": "whole",
    "affordable": "whole",
    "shortlisted": "whole",
    "refusals": REFUSALS,  # how many candidates each policy refused
    "runners_up": RUNNERS_UP,  # what else could have been said, best first
    "prices_paid": PRICES_PAID,  # what this decision pays for each limit that it uses
    "margin_to_runner_up": "number",
    "held_by": "text",  # policies that hold a send until a person agrees
    "needs": "text",  # who must agree before it is delivered
    "withheld": "text",  # fields of the customer that were not known when this was decided
    "remit": "text",  # the agent under whose remit a send was decided
    "triggers": "text",  # what of the remit asks a person, all that fired
    "boost": "number",  # what people favour the asset by: ranked by, and no part of the value; missing without a boost
    "boost_because": "text",  # who does, until when and why
}
COUNTED = "candidates"
"""A column that every record fills, and that no record of an earlier version has."""

_TYPES: Mapping[PlainKind, pa.DataType] = {
    "text": pa.string(),
    "number": pa.float64(),
    "whole": pa.int64(),
    "boolean": pa.bool_(),
    "time": pa.timestamp("us", "UTC"),
}


def stored_type(kind: Kind) -> pa.DataType:
    """The Arrow type of a kind."""
    if isinstance(kind, str):
        return _TYPES[kind]
    return pa.list_(pa.struct([(name, _TYPES[of_entry]) for name, of_entry in kind.items()]))


def plain(table: pa.Table) -> pa.Table:
    """The same without dictionaries, as it is stored and read."""
    return pa.table({name: _decoded(table[name], stored_type(_kind(name))) for name in table.column_names})


def frame_of(table: pa.Table) -> pd.DataFrame:
    """Records for readers: lists as arrays of mappings."""
    frame: pd.DataFrame = plain(table).to_pandas()
    return frame


def record_table(records: "pd.DataFrame | pa.Table") -> pa.Table:
    """The columns of a record that are there, in Arrow types; other columns are left aside.

    Raises:
        DecisioningError: A column holds something else than declared.
    """
    if isinstance(records, pa.Table):
        there = [name for name in RECORD_COLUMNS if name in records.column_names]
        return records.select(there)
    return pa.table({
        name: _typed(records[name], name, kind) for name, kind in RECORD_COLUMNS.items() if name in records.columns
    })  # fmt: skip


def insist_on_columns(records: "pd.DataFrame | pa.Table") -> None:
    """Make sure that records are whole, and none of an earlier version, which had other columns.

    Raises:
        DecisioningError: A column is missing, or was never written.
    """
    names = records.column_names if isinstance(records, pa.Table) else list(records.columns)
    lacking = [name for name in RECORD_COLUMNS if name not in names]
    if COUNTED in lacking or (len(records) and _is_empty(records[COUNTED])):
        raise EarlierVersionError("These decisions were")
    if lacking:
        raise DecisioningError(
            f"The records have no column {', '.join(lacking)}.",
            where="decision log",
            remedy="Seal what `decide` returns.",
        )


def is_of_earlier_version(record: Mapping[Any, Any]) -> bool:
    """Whether a stored record was written before records had these columns."""
    return record.get(COUNTED) is None or bool(pd.isna(record[COUNTED]))


class EarlierVersionError(DecisioningError):
    """Records that an earlier version of Warrant wrote, in other columns."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} recorded by an earlier version of Warrant, in other columns.",
            where="decision log",
            remedy="Read them with the version that wrote them, or decide the day again.",
        )


def _is_empty(column: "pa.ChunkedArray | pd.Series[Any]") -> bool:
    return column.null_count == len(column) if isinstance(column, pa.ChunkedArray) else bool(column.isna().all())


def _kind(name: str) -> Kind:
    return RECORD_COLUMNS.get(name, "text")


def _decoded(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if column.type.equals(kind):
        return column
    if not pa.types.is_list(column.type):
        return column.cast(kind)
    return pa.chunked_array([_decoded_lists(chunk, kind) for chunk in column.chunks], kind)


def _decoded_lists(lists: pa.Array, kind: pa.DataType) -> pa.Array:
    """Lists of entries whose texts are dictionaries, as lists of plain ones."""
    entries = lists.flatten()
    fields = [values.cast(field.type) for values, field in zip(entries.flatten(), kind.value_type, strict=True)]
    told = pa.StructArray.from_arrays(fields, fields=list(kind.value_type))
    lengths = np.asarray(lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False))
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, told, type=kind, mask=lists.is_null() if lists.null_count else None)


def _typed(column: "pd.Series[Any]", name: str, kind: Kind) -> pa.ChunkedArray:
    try:
        values = pa.array(column, stored_type(kind), from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise _unfit(_first_unfit(column, kind), name, kind) from error
    if kind == "number":
        chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
        for number in _infinite(chunks):
            raise _unfit(number, name, kind)
    return values


def _infinite(chunks: "list[pa.Array]") -> Iterator[float]:
    for chunk in chunks:
        numbers = np.asarray(chunk.to_numpy(zero_copy_only=False), dtype=np.float64)
        yield from numbers[np.isinf(numbers)].tolist()


def _first_unfit(column: "pd.Series[Any]", kind: Kind) -> Any:
    for value in column:
        try:
            pa.array([value], stored_type(kind), from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return value
    return None


def _unfit(value: Any, name: str, kind: Kind) -> DecisioningError:
    return DecisioningError(
        f"The column {name} holds {value!r}, which is no {kind if isinstance(kind, str) else 'list of entries'}.",
        where="decision log",
        remedy="Seal what `decide` returns.",
    )
