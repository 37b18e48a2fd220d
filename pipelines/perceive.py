"""Perceive: every source read, checked row by row, and committed to the lake as canonical tables of one day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pandas as pd

from lake.digest import content_digest
from lake.quality import REASON, Split, keys_of, split
from lake.reservations import Reservations
from lake.store import Lake, Pin, arrow_table
from lake.tables import TABLES, Table
from pipelines.errors import PlaybookError, SourceError
from pipelines.playbook import Playbook
from pipelines.sources import read_source

QUARANTINE = "quarantine"
CONSENT_BY_PLAYBOOK = "playbook"
Report = Callable[[str], None]


@dataclass(frozen=True)
class Knowing:
    """What a reading of the sources goes by.

    Attributes:
        as_of: Rows at or after it are left for later.
        latest_known: Rows after it are in the future.
        environment: Where `WARRANT_DATA` may stand.
    """

    as_of: datetime
    latest_known: datetime
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Perceived:
    """What perceive has committed; each mapping is by table.

    Attributes:
        pins: Version and digest.
        rows: Rows kept.
        quarantined: Rows put aside.
        later: Rows that are not known yet at as-of.
        reservations_digest: Digest of what earlier slots have sent.
    """

    pins: Mapping[str, Pin]
    rows: Mapping[str, int]
    quarantined: Mapping[str, int]
    later: Mapping[str, int]
    reservations_digest: str


@dataclass
class Reading:
    """All sources of a playbook, read and checked but not yet committed."""

    splits: dict[str, Split] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    known: dict[str, pd.Index] = field(default_factory=dict)


def read_tables(playbook: Playbook, knowing: Knowing, report: Report) -> Reading:
    """Read and check all sources.

    Raises:
        WarrantError: A source that cannot be read, or no usable customer at all.
    """
    _refuse_unknown_sources(playbook)
    reading = Reading()
    for name, table in TABLES.items():
        customers = reading.splits["customers"].kept["customer_id"] if "customers" in reading.splits else None
        frame = read_raw(playbook, table, knowing, customers=customers)
        if frame is None:
            continue
        report(f"{name}: {len(frame):,} rows")
        where = str(playbook.source_files.get(name, playbook.folder))
        checked = split(
            table,
            frame,
            known=reading.known,
            as_of=knowing.as_of,
            latest_known=knowing.latest_known,
            timezone=playbook.timezone,
            where=where,
        )
        reading.splits[name] = checked
        reading.read[name] = len(frame)
        reading.known |= keys_of(table, checked.kept)
    _require_rows(playbook, reading)
    return reading


def perceive(playbook: Playbook, lake: Lake, knowing: Knowing, *, slot: str, day: date, report: Report) -> Perceived:
    """Read all sources, add what we sent ourselves, and commit the tables that changed."""
    reading = read_tables(playbook, knowing, report)
    reservations = Reservations(lake)
    own = reservations.touches(knowing.as_of, slot=slot, day=day)
    tables = {name: checked.kept for name, checked in reading.splits.items()}
    if len(own):
        tables["touches"] = _with_own_touches(tables.get("touches"), own)
    report("committing")
    pins = {name: commit_table(lake, TABLES[name], frame) for name, frame in tables.items()}
    _commit_quarantine(lake, reading)
    return Perceived(
        pins=pins,
        rows={name: pin.rows for name, pin in pins.items()},
        quarantined={name: len(checked.quarantined) for name, checked in reading.splits.items()},
        later={name: checked.later for name, checked in reading.splits.items()},
        reservations_digest=reservations.digest(knowing.as_of, slot=slot, day=day),
    )


def read_raw(
    playbook: Playbook, table: Table, knowing: Knowing, *, customers: "pd.Series[Any] | None"
) -> pd.DataFrame | None:
    """The unchecked rows of one table: from its source, from the playbook's own files, or both; None without either.

    `customers` are those whose consent the playbook may state.
    """
    parts = []
    if table.name in playbook.source_files:
        parts.append(
            read_source(
                playbook.source_files[table.name],
                as_of=knowing.as_of,
                timezone=playbook.timezone,
                search_path=playbook.search_path(knowing.environment),
            )
        )
    if table.name == "channels":
        parts.append(playbook.channel_frame())
    if table.name == "assets" and playbook.content:
        parts.append(playbook.content_frame())
    if table.name == "consents" and customers is not None:
        parts.extend(_assumed_consents(playbook, customers))
    if not parts:
        return None
    return pd.concat([part.astype(object) for part in parts], ignore_index=True) if len(parts) > 1 else parts[0]


def commit_table(lake: Lake, table: Table, kept: pd.DataFrame) -> Pin:
    """Write one canonical table unless the lake has this very content already."""
    content = arrow_table(kept)
    return lake.write(table.name, content, digest=content_digest(content, table.key))


def _assumed_consents(playbook: Playbook, customers: "pd.Series[Any]") -> list[pd.DataFrame]:
    return [
        pd.DataFrame(
            {
                "customer_id": customers,
                "channel_id": channel_id,
                "purpose": "marketing",
                "granted": True,
                "recorded_at": pd.Timestamp(0, tz="UTC").as_unit("us"),
                "source": CONSENT_BY_PLAYBOOK,
                "basis": channel.consent.assumed,
            }
        )
        for channel_id, channel in sorted(playbook.channels.channels.items())
        if channel.consent is not None
    ]


def _with_own_touches(stated: pd.DataFrame | None, own: pd.DataFrame) -> pd.DataFrame:
    """Touches of sources and our own; a source that returns ours with our id wins."""
    columns = [column.name for column in TABLES["touches"].columns]
    ours = own.reindex(columns=columns)
    if stated is None:
        return ours
    fresh = ours[~ours["touch_id"].isin(stated["touch_id"])]
    both = pd.concat([stated, fresh.astype(stated.dtypes.to_dict())], ignore_index=True)
    return both.sort_values("touch_id", ignore_index=True)


def _commit_quarantine(lake: Lake, reading: Reading) -> None:
    parts = [checked.quarantined.assign(table=name) for name, checked in reading.splits.items()]
    rows = pd.concat(parts, ignore_index=True)[["table", "source_row", REASON, "row"]]
    content = arrow_table(rows.astype({"source_row": "int64", REASON: object, "row": object}))
    lake.write(QUARANTINE, content, digest=content_digest(content, ["table", "source_row"]))


def _refuse_unknown_sources(playbook: Playbook) -> None:
    for name, path in playbook.source_files.items():
        if name not in TABLES:
            raise PlaybookError(
                f"there is no canonical table `{name}`.", where=str(path), remedy=f"Known: {', '.join(TABLES)}."
            )


def _require_rows(playbook: Playbook, reading: Reading) -> None:
    for name in ("customers", "assets"):
        if name not in reading.splits or reading.read[name] == 0:
            raise SourceError(
                f"there is not a single row of `{name}`.",
                where=str(playbook.source_files.get(name, playbook.folder / "sources" / f"{name}.sql")),
                remedy=f"Write sources/{name}.sql so that it returns rows"
                + (" or add content/." if name == "assets" else "."),
            )
