"""The record of decisions and its seal: canonical bytes per record, digests in leaves of 1,024, one Merkle root.

Whoever changes a byte of a record changes the root. Leaves, inner nodes and the empty log are hashed under different
prefixes, so that none can pass for another; the number of records is part of the root.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any, Literal

import numpy as np
import pandas as pd

from decisioning.canonical import json_text
from decisioning.errors import DecisioningError
from decisioning.times import naive, utc_texts

LEAF_SIZE = 1_024
NULL = "null"
SLOT = "daily"

Kind = Literal["text", "number", "boolean", "time"]

# Every column of a record and what it holds; columns called JSON hold canonical JSON as text.
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
    "asset_id": "text",
    "asset_version": "text",
    "title": "text",  # the asset's
    "offer_id": "text",
    "channel_id": "text",
    "send_at": "time",
    "expires_at": "time",
    "none_reason": "text",
    "value": "number",  # expected incremental margin in currency; 0 for none
    "value_parts": "text",  # JSON object
    "confidence": "number",  # P(value > 0), capped by the grade
    "evidence_grade": "text",
    "propensity": "number",
    "touch_cost": "number",
    "funnel": "text",  # JSON object
    "refused_by": "text",  # JSON object: policy to candidates
    "alternatives": "text",  # JSON list, best first
    "shadow_price": "text",  # JSON object: limit to what this decision pays for it
    "margin_to_runner_up": "number",
    "path": "text",  # JSON list of relationships
    "held_by": "text",  # policies that hold a send until a person agrees
    "needs": "text",  # who must agree before it is delivered
    "withheld": "text",  # fields of the customer that were not known when this was decided
    "remit": "text",  # the agent under whose remit a send was decided
    "triggers": "text",  # what of the remit asks a person, all that fired
}


@dataclass(frozen=True, eq=False)
class Sealed:
    """Records with their digests, and the root over all of them.

    Attributes:
        frame: The columns of `RECORD_COLUMNS` and `digest`, in order of customer.
        root: Merkle root, hexadecimal.
    """

    frame: pd.DataFrame
    root: str


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


def seal(records: pd.DataFrame, *, run_id: str, slot: str = SLOT) -> Sealed:
    """Give records their identity and their digests.

    Args:
        records: As `decide` returns them, in any order.
        run_id: The run that decided.
        slot: The slot it decided for.

    Raises:
        DecisioningError: A column is missing or holds something else than declared, or a customer comes twice.
    """
    frame = records.sort_values("customer_id", kind="stable", ignore_index=True)
    again = frame.loc[frame["customer_id"].duplicated(), "customer_id"]
    if len(again):
        raise DecisioningError(f"The customer {again.iloc[0]} has two records.", where="seal", remedy="Decide once.")
    frame["run_id"] = run_id
    frame["decision_id"] = [decision_id(run_id, customer, slot) for customer in frame["customer_id"]]
    frame = frame[[*RECORD_COLUMNS]].copy()
    frame["digest"] = digests(frame)
    return Sealed(frame, merkle_root(frame["digest"].tolist()))


def verify(frame: pd.DataFrame, root: str, erased: Mapping[int, str] | None = None) -> Verification:
    """Whether records that were sealed still have their digests and root.

    Args:
        frame: Sealed records, in any order.
        root: The root that was published.
        erased: Digests of records that were erased since, by their place among all records in order of customer.
    """
    ordered = frame.sort_values("customer_id", kind="stable", ignore_index=True)
    now = digests(ordered)
    is_changed = [was != found for was, found in zip(ordered["digest"], now, strict=True)]
    found_root = merkle_root(with_erased(now, erased or {}))
    changed = tuple(str(each) for each in ordered.loc[is_changed, "decision_id"])
    return Verification(not changed and found_root == root, changed, found_root)


def with_erased(present: Sequence[str], erased: Mapping[int, str]) -> list[str]:
    """All digests of a run in their places: those of records that are here, and of those that were erased since."""
    rest = iter(present)
    return [erased[place] if place in erased else next(rest) for place in range(len(present) + len(erased))]


def digests(frame: pd.DataFrame) -> list[str]:
    """sha256 of the canonical bytes of every record, hexadecimal."""
    return [hashlib.sha256(record).hexdigest() for record in encode(frame)]


def encode(frame: pd.DataFrame) -> list[bytes]:
    """The canonical bytes of every record: JSON with sorted keys, times in UTC microseconds, floats by repr.

    Missing values of any kind are null, so that a record reads the same before and after it was stored.

    Raises:
        DecisioningError: A column is missing, or holds something else than declared.
    """
    lacking = [name for name in RECORD_COLUMNS if name not in frame.columns]
    if lacking:
        raise DecisioningError(
            f"The records have no column {', '.join(lacking)}.",
            where="decision log",
            remedy="Seal what `decide` returns.",
        )
    # Column by column, each distinct value once: a record's text is put together from parts that others share.
    parts = [_spelt(frame[name], name, kind) for name, kind in sorted(RECORD_COLUMNS.items())]
    return [f"{{{','.join(row)}}}".encode() for row in zip(*parts, strict=True)]


def merkle_root(record_digests: Sequence[str]) -> str:
    """The root over digests in leaves of 1,024; a node without a partner moves up as it is."""
    raw = [bytes.fromhex(digest) for digest in record_digests]
    level = [
        hashlib.sha256(b"leaf\0" + b"".join(raw[start : start + LEAF_SIZE])).digest()
        for start in range(0, len(raw), LEAF_SIZE)
    ] or [hashlib.sha256(b"empty\0").digest()]
    while len(level) > 1:
        left, right = level[::2], level[1::2]
        nodes = [hashlib.sha256(b"node\0" + one + other).digest() for one, other in zip(left, right, strict=False)]
        level = [*nodes, *left[len(right) :]]
    return hashlib.sha256(b"root\0" + len(raw).to_bytes(8, "big") + level[0]).hexdigest()


def _spelt(column: "pd.Series[Any]", name: str, kind: Kind) -> list[str]:
    """A column as members of canonical JSON objects, null where missing."""
    key = f"{json_text(name)}:"
    if kind == "time":
        return [f"{key}{NULL}" if value is None else f'{key}"{value}"' for value in utc_texts(naive(column))]
    if kind == "number" and column.dtype.kind == "f":
        numbers = column.to_numpy(dtype=np.float64)
        if np.isinf(numbers).any():
            _checked(float(numbers[np.isinf(numbers)][0]), name, kind)
        texts = map(float.__repr__, numbers.tolist())
        return [f"{key}{NULL}" if text == "nan" else f"{key}{text}" for text in texts]
    codes, distinct = pd.factorize(column.to_numpy(dtype=object))
    values = distinct.tolist()
    if kind == "text" and set(map(type, values)) <= {str}:
        members = [f"{key}{encode_basestring(value)}" for value in values]
    else:
        members = [f"{key}{json_text(_checked(value, name, kind))}" for value in values]
    members.append(f"{key}{NULL}")
    return [members[code] for code in codes.tolist()]


def _checked(value: Any, name: str, kind: Kind) -> Any:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if kind == "number" and isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if (kind == "text" and isinstance(value, str)) or (kind == "boolean" and isinstance(value, bool)):
        return value
    raise DecisioningError(
        f"The column {name} holds {value!r}, which is no {kind}.",
        where="decision log",
        remedy="Seal what `decide` returns.",
    )
