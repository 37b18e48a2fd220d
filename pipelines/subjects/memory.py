"""What people told us, as perceive adds it to what the sources say: assertions, corrections, and who is forgotten.

Facts of the journal count from the moment at which they were told (`at` < as-of), so that a past day is read as it was
known then. Only forgetting knows no time: who was erased is left out of every day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lake.coercion import ARROW_TYPES, coerce, natural_type
from lake.erasure import Tombstones
from lake.journal import Journal
from lake.quality import Split
from lake.store import Lake
from lake.tables import TABLES

JOURNAL_FILE = "journal"
CORRECTED = "customers"
CONSENT = "consents"
MARKETING = "marketing"


@dataclass(frozen=True)
class Correction:
    """One cell of the table `customers` that a person has put right."""

    customer_id: str
    column: str
    value: str | None


@dataclass(frozen=True, eq=False)
class Memory:
    """What people told us up to a moment.

    Attributes:
        rows: Rows to add to those of a source, by table.
        corrections: Cells that override the source's, the latest last.
        tombstones: Who is forgotten.
    """

    rows: Mapping[str, pa.Table] = field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()
    tombstones: Tombstones = field(default_factory=Tombstones)

    def forgotten(self, table: str, rows: pa.Table) -> npt.NDArray[np.bool_]:
        """Which rows of a source are about somebody erased, shape (rows,)."""
        return self.tombstones.rows_of(table, rows)

    def corrected(self, splits: Mapping[str, Split], timezone: str) -> dict[str, Split]:
        """The checked tables with the corrected cells in the place of the sources'; untouched tables are the same."""
        result = dict(splits)
        if not self.corrections or CORRECTED not in result:
            return result
        content = result[CORRECTED].content
        for correction in self.corrections:
            content = _overridden(content, correction, timezone)
        result[CORRECTED] = replace(result[CORRECTED], content=content)
        return result


def memory_of(lake: Lake, as_of: datetime) -> Memory:
    """What the journal of a playbook says before a moment, and who was erased from it."""
    events = Journal(lake).events()
    known = events[(events["at"] < as_of) & events["payload"].notna()] if len(events) else events
    rows = {"assertions": _assertions(known), CONSENT: _consents(known)}
    return Memory(
        rows={name: pa.Table.from_pandas(frame, preserve_index=False) for name, frame in rows.items() if len(frame)},
        corrections=tuple(
            Correction(payload["customer_id"], payload["column"], payload["value"])
            for payload in known.loc[known["kind"] == "corrected", "payload"]
            if payload["table"] == CORRECTED
        ),
        tombstones=Tombstones.of(lake),
    )


def assertions_in(events: pd.DataFrame) -> pd.DataFrame:
    """Assertions that stand: asserted and not retracted, with their columns of the canonical table and `position`."""
    retracted = {payload["assertion_id"] for payload in events.loc[events["kind"] == "retracted", "payload"].dropna()}
    stated = events[(events["kind"] == "asserted") & events["payload"].notna()]
    rows = [
        {
            "assertion_id": event["payload"]["assertion_id"],
            "subject": event["payload"]["subject"],
            "statement": event["payload"]["statement"],
            "author": event["person"] or f"system-user:{event['system_user']}",
            "reason": event["because"] or "forgotten",
            "asserted_at": event["at"],
            "position": event["position"],
        }
        for event in stated.to_dict("records")
        if event["payload"]["assertion_id"] not in retracted
    ]
    return pd.DataFrame(rows, columns=[*ASSERTION_COLUMNS, "position"])


ASSERTION_COLUMNS = [column.name for column in TABLES["assertions"].columns]


def _assertions(events: pd.DataFrame) -> pd.DataFrame:
    return assertions_in(events)[ASSERTION_COLUMNS]


def _consents(events: pd.DataFrame) -> pd.DataFrame:
    """What was put right about consent, as the word said last."""
    said = events[events["kind"] == "corrected"]
    rows: list[dict[str, Any]] = [
        {
            "customer_id": event["payload"]["customer_id"],
            "channel_id": event["payload"]["column"],
            "purpose": MARKETING,
            "granted": event["payload"]["value"] == "granted",
            "recorded_at": event["at"],
            "source": JOURNAL_FILE,
            "basis": "consent",
        }
        for event in said.to_dict("records")
        if event["payload"]["table"] == CONSENT
    ]
    return pd.DataFrame(rows)


def _overridden(content: pa.Table, correction: Correction, timezone: str) -> pa.Table:
    """One cell overridden; a column that the source no longer has holds nothing but what was corrected."""
    is_theirs = pc.equal(content["customer_id"], correction.customer_id)
    if not pc.any(is_theirs).as_py():
        return content
    declared = TABLES[CORRECTED].column(correction.column)
    is_there = correction.column in content.column_names
    kind = declared.type if declared else (natural_type(content[correction.column].type) if is_there else "text")
    arrow = ARROW_TYPES[kind or "text"]
    values = content[correction.column] if is_there else pa.nulls(content.num_rows, arrow)
    told = coerce(pa.array([correction.value], pa.string()), kind or "text", timezone).typed[0]
    column = pc.if_else(is_theirs, told, values)
    if is_there:
        return content.set_column(content.column_names.index(correction.column), correction.column, column)
    return content.append_column(correction.column, column)
