"""The unchecked rows of a table, from wherever they are stated: a source query, the playbook's files, our own sends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from lake.coercion import arrow_of, combined
from lake.columns import Table
from lake.tables import TABLES
from pipelines.playbook import Playbook
from pipelines.sources import read_source
from pipelines.subjects.memory import JOURNAL_FILE, Memory

CONSENT_BY_PLAYBOOK = "playbook"
LONG_AGO = pa.scalar(0, pa.timestamp("us", "UTC"))


@dataclass(frozen=True)
class Knowing:
    """What a reading of the sources goes by.

    Attributes:
        as_of: Rows at or after it are left for later.
        latest_known: Rows after it are in the future.
        environment: Where `WARRANT_DATA` may stand.
        memory: What people told us beside the sources, and who is forgotten.
    """

    as_of: datetime
    latest_known: datetime
    environment: Mapping[str, str]
    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True, eq=False)
class RawRows:
    """The rows of one table before any check.

    Attributes:
        rows: All of them, those of the source first.
        files: Where each row comes from: number of rows and file, in the order of the rows.
    """

    rows: pa.Table
    files: tuple[tuple[int, str], ...]

    def files_of(self, source_rows: npt.ArrayLike) -> npt.NDArray[np.object_]:
        """The file of each row, counted from 1; shape of `source_rows`."""
        counts = np.cumsum([count for count, _ in self.files])
        names = np.array([file for _, file in self.files], dtype=object)
        return np.asarray(names[np.searchsorted(counts, np.asarray(source_rows), side="left")])


def raw_rows(
    playbook: Playbook,
    table: Table,
    knowing: Knowing,
    *,
    customers: "pa.Array | pd.Series[Any] | None" = None,
    own_touches: pd.DataFrame | None = None,
    own_assignments: pd.DataFrame | None = None,
) -> RawRows | None:
    """The unchecked rows of one table, or None when nothing states any.

    Args:
        playbook: Whose sources, channels and content are read.
        table: The table.
        knowing: As-of and environment.
        customers: Keys of customers whose consent the playbook may state.
        own_touches: What we have sent, as rows of `touches`; a source that returns a touch of ours with our id wins.
        own_assignments: What we have drawn, as rows of `assignments`; a source that tells of the experiment wins.

    Raises:
        SourceError: The source cannot be read.
    """
    parts: list[tuple[pa.Table, str]] = []
    if table.name in playbook.source_files:
        path = playbook.source_files[table.name]
        search_path = playbook.search_path(knowing.environment)
        source = read_source(path, as_of=knowing.as_of, timezone=playbook.timezone, search_path=search_path)
        parts.append((source, str(path)))
    parts += _stated_by_playbook(playbook, table, customers)
    if table.name == "touches" and own_touches is not None and len(own_touches):
        parts.append((_our_own("touches", own_touches, [rows for rows, _ in parts], by="touch_id"), "reservations"))
    if table.name == "assignments" and own_assignments is not None and len(own_assignments):
        stated = [rows for rows, _ in parts]
        parts.append((_our_own("assignments", own_assignments, stated, by="experiment_id"), "draws"))
    if table.name in knowing.memory.rows:
        parts.append((knowing.memory.rows[table.name], JOURNAL_FILE))
    if not parts:
        return None
    return RawRows(combined([rows for rows, _ in parts]), tuple((rows.num_rows, file) for rows, file in parts))


def read_raw(
    playbook: Playbook, table: Table, knowing: Knowing, *, customers: "pa.Array | pd.Series[Any] | None"
) -> pa.Table | None:
    """The unchecked rows that the playbook states for one table, or None when it states none."""
    raw = raw_rows(playbook, table, knowing, customers=customers)
    return raw.rows if raw is not None else None


def _stated_by_playbook(
    playbook: Playbook, table: Table, customers: "pa.Array | pd.Series[Any] | None"
) -> list[tuple[pa.Table, str]]:
    if table.name == "channels":
        return [(arrow_of(playbook.channel_frame()), str(playbook.folder / "channels.yaml"))]
    if table.name == "audiences" and playbook.audiences:
        return [(arrow_of(playbook.audience_frame()), str(playbook.folder / "audiences.yaml"))]
    if table.name == "assets":
        # One part per file, so that a row names the file that it was written in.
        rows = arrow_of(playbook.content_frame())
        return [(rows.slice(place, 1), str(asset.path)) for place, asset in enumerate(playbook.content)]
    if table.name == "consents" and customers is not None:
        return [(rows, str(playbook.folder / "channels.yaml")) for rows in assumed_consents(playbook, customers)]
    return []


def assumed_consents(playbook: Playbook, customers: "pa.Array | pd.Series[Any]") -> list[pa.Table]:
    """Consents that the playbook states for customers, long ago, so that whatever was recorded since wins."""
    keys = pa.array(customers, pa.string()) if isinstance(customers, pd.Series) else customers
    return [
        pa.table(
            {
                "customer_id": keys,
                "channel_id": pa.repeat(channel_id, len(keys)),
                "purpose": pa.repeat("marketing", len(keys)),
                "granted": pa.repeat(pa.scalar(value=True), len(keys)),
                "recorded_at": pa.repeat(LONG_AGO, len(keys)),
                "source": pa.repeat(CONSENT_BY_PLAYBOOK, len(keys)),
                "basis": pa.repeat(channel.consent.assumed, len(keys)),
            }
        )
        for channel_id, channel in sorted(playbook.channels.channels.items())
        if channel.consent is not None
    ]


def _our_own(name: str, own: pd.DataFrame, stated: Sequence[pa.Table], *, by: str) -> pa.Table:
    """Our own rows of a table, without those that a source states by the same id."""
    declared = [column.name for column in TABLES[name].columns if column.name in own.columns]
    known = [rows[by].to_pandas().astype(str) for rows in stated if by in rows.column_names]
    is_stated = own[by].isin(pd.concat(known)) if known else pd.Series(data=False, index=own.index)
    return arrow_of(own.loc[~is_stated, declared])
