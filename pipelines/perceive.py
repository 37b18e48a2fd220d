"""Perceive: every source read, checked row by row, and committed to the lake as canonical tables of one day."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd
import pyarrow as pa

from graph.identity import Resolution
from lake.assignments import Assignments
from lake.columns import Table
from lake.digest import content_digest
from lake.quality import REASON, ROW, SOURCE_ROW, VALUE, Split, keys_of, split
from lake.reservations import Reservations
from lake.store import Lake, Pin
from lake.tables import TABLES
from pipelines.errors import PlaybookError, SourceError
from pipelines.identities import identify, visitors_named
from pipelines.playbook import Playbook
from pipelines.raw_rows import Knowing, RawRows, raw_rows, read_raw

__all__ = ["Knowing", "Perceived", "Reading", "commit_table", "perceive", "read_raw", "read_tables"]

QUARANTINE = "quarantine"
QUARANTINE_SCHEMA = pa.schema(
    {
        "table": pa.string(),
        SOURCE_ROW: pa.int64(),
        REASON: pa.string(),
        VALUE: pa.string(),
        ROW: pa.string(),
        "file": pa.string(),
    }
)
NEEDED_TABLES = ("customers", "assets")
NEVER_EMPTY_TABLES = ("customers", "products", "categories", "purchases")

Report = Callable[[str], None]


@dataclass(frozen=True)
class Perceived:
    """What perceive has committed; each mapping is by table.

    Attributes:
        pins: Version and digest.
        rows: Rows kept.
        quarantined: Rows put aside.
        later: Rows that are not known yet at as-of.
        reservations_digest: Digest of what earlier slots have sent.
        resolution: Who is who in these tables.
        forgotten: Rows of people who were erased and whom the source still has.
    """

    pins: Mapping[str, Pin]
    rows: Mapping[str, int]
    quarantined: Mapping[str, int]
    later: Mapping[str, int]
    reservations_digest: str
    resolution: Resolution = field(compare=False)
    forgotten: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Reading:
    """All sources of a playbook, read and checked but not yet committed.

    Attributes:
        splits: Checked rows by table; a table that nothing states has none.
        read: Rows read by table.
        known: Keys by `table.column`; those of a table that nothing states are empty.
        raw: Where the rows of each table came from.
        forgotten: Rows left out by table, where there are any: they are about people who were erased.
    """

    splits: dict[str, Split] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    known: dict[str, "pd.Index | pa.Array"] = field(default_factory=dict)
    raw: dict[str, RawRows] = field(default_factory=dict)
    forgotten: dict[str, int] = field(default_factory=dict)


def read_tables(
    playbook: Playbook,
    knowing: Knowing,
    report: Report,
    *,
    own_touches: pd.DataFrame | None = None,
    own_assignments: pd.DataFrame | None = None,
) -> Reading:
    """Read and check all sources.

    A source of customers, products, categories or purchases that returns no row is an error. Any other table may be
    empty: a young company has no touches, outcomes or promotions yet.

    Raises:
        WarrantError: A source that cannot be read or is empty and must not be, a wrong row in the playbook's own files,
            or no usable customer or asset at all.
    """
    _refuse_unknown_sources(playbook)
    reading = Reading()
    for name, table in TABLES.items():
        customers = reading.splits["customers"].content["customer_id"] if "customers" in reading.splits else None
        raw = raw_rows(
            playbook,
            table,
            knowing,
            customers=_array(customers),
            own_touches=own_touches,
            own_assignments=own_assignments,
        )
        if raw is None:
            # what nothing states is known to be empty: a reference to it leads nowhere
            reading.known |= keys_of(table, pa.table({key: pa.array([], pa.string()) for key in table.key}))
            continue
        report(f"{name}: {raw.rows.num_rows:,} rows")
        _refuse_empty(playbook, name, raw)
        is_forgotten = knowing.memory.forgotten(name, raw.rows)
        if is_forgotten.any():
            reading.forgotten[name] = int(is_forgotten.sum())
            report(f"{name}: {reading.forgotten[name]:,} rows of people who were erased are left out")
        checked = split(
            table,
            raw.rows,
            known=reading.known,
            as_of=knowing.as_of,
            latest_known=knowing.latest_known,
            timezone=playbook.timezone,
            where=raw.files[0][1] if raw.files else str(playbook.folder),
            without=is_forgotten,
        )
        if checked.blanked:
            report(f"{name}: {checked.blanked:,} rows were measured later and count without their attributes")
        _refuse_wrong_content(playbook, name, raw, checked)
        reading.splits[name] = checked
        reading.read[name] = raw.rows.num_rows
        reading.raw[name] = raw
        reading.known |= keys_of(table, checked.content)
        if name == "customers":
            reading.known["customers.customer_id"] = _with_visitors(
                checked.content, own_touches, own_assignments, knowing.memory.rows.get("consents")
            )
    _require_rows(playbook, reading)
    return reading


def perceive(playbook: Playbook, lake: Lake, knowing: Knowing, *, slot: str, day: date, report: Report) -> Perceived:
    """Read all sources, add what we sent ourselves, and commit the tables that changed.

    Args:
        playbook: Whose sources are read.
        lake: Where the tables are kept.
        knowing: As-of, and what is in the future.
        slot: The slot that is about to be decided; what it has sent on this day is no input.
        day: The local day of as-of.
        report: Told what is being read.

    Raises:
        WarrantError: As `read_tables`; nothing is committed then.
    """
    reservations = Reservations(lake)
    own_touches = reservations.touches(knowing.as_of, slot=slot, day=day)
    own_assignments = Assignments(lake).before(knowing.as_of)
    reading = read_tables(playbook, knowing, report, own_touches=own_touches, own_assignments=own_assignments)
    report("finding out who is who")
    # once for the rows of those who are somebody else's alias, once for survivors, whose gaps aliases have filled
    corrected = knowing.memory.corrected(reading.splits, playbook.timezone)
    identified = identify(playbook, corrected, lake, as_of=knowing.as_of)
    reading.splits = knowing.memory.corrected(identified.splits, playbook.timezone)
    report("committing")
    pins = {name: commit_table(lake, TABLES[name], checked.content) for name, checked in reading.splits.items()}
    _commit_quarantine(lake, reading)
    return Perceived(
        pins=pins,
        rows={name: pin.rows for name, pin in pins.items()},
        quarantined={name: len(checked.quarantined) for name, checked in reading.splits.items()},
        later={name: checked.later for name, checked in reading.splits.items()},
        reservations_digest=reservations.digest(knowing.as_of, slot=slot, day=day),
        resolution=identified.resolution,
        forgotten=reading.forgotten,
    )


def commit_table(lake: Lake, table: Table, content: pa.Table) -> Pin:
    """Write one canonical table unless the lake has this very content already."""
    return lake.write(table.name, content, digest=content_digest(content, table.key))


def _with_visitors(customers: pa.Table, *told: pd.DataFrame | pa.Table | None) -> pa.Array:
    """Customers and, of the visitors that earlier runs found, those whom we sent something, drew or were told about."""
    visitors = visitors_named(*told)
    return pa.concat_arrays([customers["customer_id"].combine_chunks().cast(pa.string()), visitors])


def _array(values: pa.ChunkedArray | None) -> pa.Array | None:
    return None if values is None else values.combine_chunks()


def _commit_quarantine(lake: Lake, reading: Reading) -> None:
    parts = [
        checked.quarantined.assign(table=name, file=reading.raw[name].files_of(checked.quarantined[SOURCE_ROW]))
        for name, checked in reading.splits.items()
        if len(checked.quarantined)
    ]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=QUARANTINE_SCHEMA.names)
    content = pa.Table.from_pandas(rows, schema=QUARANTINE_SCHEMA, preserve_index=False).replace_schema_metadata(None)
    lake.write(QUARANTINE, content, digest=content_digest(content, ["table", SOURCE_ROW]))


def _refuse_unknown_sources(playbook: Playbook) -> None:
    for name, path in playbook.source_files.items():
        if name not in TABLES:
            nearest = difflib.get_close_matches(name, TABLES, n=1)
            raise PlaybookError(
                f"there is no canonical table `{name}`.",
                where=str(path),
                remedy=(f"Did you mean `{nearest[0]}`? " if nearest else "") + f"Known: {', '.join(TABLES)}.",
            )


def _refuse_empty(playbook: Playbook, name: str, raw: RawRows) -> None:
    if raw.rows.num_rows == 0 and name in NEVER_EMPTY_TABLES:
        raise SourceError(
            f"there is not a single row of `{name}`.",
            where=str(playbook.source_files[name]),
            remedy="Check the file it reads and its conditions; nothing can be decided without them.",
        )


def _refuse_wrong_content(playbook: Playbook, name: str, raw: RawRows, checked: Split) -> None:
    """What people wrote into the playbook is put right there; quarantine is for data that others deliver."""
    if name != "assets" or checked.quarantined.empty:
        return
    written = {str(asset.path) for asset in playbook.content}
    wrong = checked.quarantined.assign(file=raw.files_of(checked.quarantined[SOURCE_ROW]))
    for row in wrong[wrong["file"].isin(written)].head(1).to_dict("records"):
        value = f" ({row[VALUE]})" if row[VALUE] is not None else ""
        raise PlaybookError(
            f"this asset cannot be used: {row[REASON]}{value}.",
            where=str(row["file"]),
            remedy="Correct its front matter; `warrant check --tables` shows what may stand there.",
        )


def _require_rows(playbook: Playbook, reading: Reading) -> None:
    for name in NEEDED_TABLES:
        checked = reading.splits.get(name)
        if checked is not None and checked.content.num_rows:
            continue
        reasons = [] if checked is None else list(checked.quarantined[REASON].value_counts().index[:1])
        raise SourceError(
            f"there is not a single {'usable ' if reasons else ''}row of `{name}`"
            + (f"; most often: {reasons[0]}." if reasons else "."),
            where=str(playbook.source_files.get(name, playbook.folder / "sources" / f"{name}.sql")),
            remedy=f"Write sources/{name}.sql so that it returns rows"
            + (" or add content/." if name == "assets" else "."),
        )
