"""`warrant subject correct`: what a source says wrongly about a person, put right until the source says it rightly."""

import difflib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa

from lake.coercion import ARROW_TYPES, coerce
from lake.columns import ColumnType
from lake.journal import Actor, Journal
from lake.quality import REASON, split
from lake.tables import TABLES
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.people import insist_on, said_by
from pipelines.subjects.memory import CONSENT, CORRECTED
from pipelines.subjects.persons import current_table, known_customer

KIND: Final = "corrected"
CONSENT_PREFIX: Final = "consent."
WORDS: Final = ("granted", "withdrawn")
FAR: Final = datetime.max.replace(tzinfo=UTC)


def correct(day: Day, actor: Actor, identifier: str, cells: Sequence[str], *, because: str) -> dict[str, Any]:
    """Record corrected cells of a person; perceive puts them in the place of the sources' in every later day.

    Args:
        day: Of the command.
        actor: Who corrects.
        identifier: Whom it is about.
        cells: `column=value` of the table customers, an empty value for none; or `consent.<channel>=granted|withdrawn`.
        because: On what grounds.

    Raises:
        UsageError: Nobody is known under this id, or a column or value cannot be.
        RefusedError: The actor may not correct.
    """
    insist_on(actor, "correct", day.playbook)
    customer_id = known_customer(day, identifier)
    payloads = [_payload(day, customer_id, cell) for cell in cells]
    if not payloads:
        raise UsageError("nothing is corrected.", where="--set", remedy="Say what holds: --set region=North.")
    journal = Journal(day.lake)
    events = [journal.append(KIND, actor, payload, at=day.clock.now, because=because) for payload in payloads]
    return {
        "customer_id": customer_id,
        "corrected": [
            {"table": payload["table"], "column": payload["column"], "value": payload["value"], "position": at.position}
            for payload, at in zip(payloads, events, strict=True)
        ],
        "by": said_by(actor),
        "because": events[0].because,
        "at": events[0].at.isoformat(),
    }


def _payload(day: Day, customer_id: str, cell: str) -> dict[str, Any]:
    column, equals, value = cell.partition("=")
    if not equals or not column.strip():
        raise UsageError(f"`{cell}` is no correction.", where="--set", remedy="Write it like region=North.")
    column, value = column.strip(), value.strip()
    if column.startswith(CONSENT_PREFIX):
        channel = column.removeprefix(CONSENT_PREFIX)
        _insist_on_consent(day, channel, value)
        return {"customer_id": customer_id, "table": CONSENT, "column": channel, "value": value}
    _insist_on_cell(day, customer_id, column, value)
    return {"customer_id": customer_id, "table": CORRECTED, "column": column, "value": value or None}


def _insist_on_consent(day: Day, channel: str, value: str) -> None:
    channels = sorted(day.playbook.channels.channels)
    if channel not in channels:
        raise UsageError(f"there is no channel `{channel}`.", where="--set", remedy=f"Known: {', '.join(channels)}.")
    if value not in WORDS:
        raise UsageError(f"`{value}` is no word on consent.", where="--set", remedy=f"Say {' or '.join(WORDS)}.")


def _insist_on_cell(day: Day, customer_id: str, column: str, value: str) -> None:
    """The row as it will be passes the checks that a source's row has to pass."""
    customers = current_table(day, CORRECTED)
    known = [name for name in customers.columns if name != "customer_id"]
    if column not in known:
        nearest = difflib.get_close_matches(column, known, n=1)
        raise UsageError(
            f"the table customers has no column `{column}` that could be corrected.",
            where="--set",
            remedy=(f"Did you mean {nearest[0]}? " if nearest else "")
            + f"Known: {', '.join(known)}; consent.<channel>.",
        )
    declared = TABLES[CORRECTED].column(column)
    stored = pa.Table.from_pandas(customers[[column]], preserve_index=False).schema.field(column).type
    kind: ColumnType = declared.type if declared else _kind_of(stored)
    read = coerce(pa.array([value or None], pa.string()), kind, day.playbook.timezone)
    if read.is_unreadable.any():
        raise UsageError(f"`{value}` is no {kind}.", where=f"--set {column}", remedy="Write it as the source would.")
    if declared is None:
        return
    row = pa.table({"customer_id": pa.array([customer_id]), column: read.typed})
    checked = split(
        TABLES[CORRECTED], row, known={}, as_of=FAR, latest_known=FAR, timezone=day.playbook.timezone, where="--set"
    )
    if len(checked.quarantined):
        raise UsageError(
            f"`{value}` cannot be: {checked.quarantined[REASON].iloc[0]}.",
            where=f"--set {column}",
            remedy="See `warrant check --tables` for what may stand there.",
        )


def _kind_of(stored: pa.DataType) -> ColumnType:
    return next((kind for kind, arrow in ARROW_TYPES.items() if arrow.equals(stored)), "text")
