"""Deliver: each send is checked once more against what holds now, reserved, and written for its channel.

The reservation comes before the file. A process killed in between finds its own reservations again and writes the same
files; another run of the same day finds them taken and leaves those customers out. So nothing is delivered twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from decisioning.recheck import refusing_policies
from lake.quality import keys_of, split
from lake.reservations import Reservations
from lake.runs import RunRow
from lake.tables import TABLES
from pipelines.channels.files import Batch, write_batch
from pipelines.day import SLOT, Day
from pipelines.errors import RefusedError
from pipelines.perceive import Knowing, Reading, read_raw
from pipelines.playbook_settings import decision_settings
from pipelines.stored import canonical_tables, empty_table, stored_records, stored_view

MARKETING = "marketing"
EXPIRED = "expired before delivery"
TAKEN = "already sent to in this slot"


@dataclass(frozen=True)
class Delivery:
    """What left, and what did not.

    Attributes:
        by_channel: Decisions written per channel.
        withheld: Decisions left out, by reason.
        files: Absolute paths.
        batches: Batch id per channel.
    """

    by_channel: Mapping[str, int]
    withheld: Mapping[str, int]
    files: tuple[str, ...]
    batches: Mapping[str, str]

    def facts(self) -> dict[str, Any]:
        """For the ledger."""
        return {
            "by_channel": dict(self.by_channel),
            "withheld": dict(self.withheld),
            "files": list(self.files),
            "batches": dict(self.batches),
        }


def deliver_batches(day: Day, run: RunRow) -> Delivery:
    """Write one batch per channel.

    Raises:
        RefusedError: The clock is simulated and a channel is not a file.
    """
    _refuse_simulated_clock(day)
    records = stored_records(day, run)
    sends = records[(records["verb"] == "send") & ~records["is_ghost"]].reset_index(drop=True)
    day.progress.doing("deliver", f"checking {len(sends):,} sends again")
    reasons = _reasons_to_withhold(day, run, sends)
    allowed = sends[reasons.isna()].rename(columns={"touch_cost": "cost"})
    claimed = Reservations(day.lake).claim(SLOT, day.clock.day, allowed, run.run_id)
    reasons[reasons.isna() & ~sends["decision_id"].isin(claimed["decision_id"])] = TAKEN
    batches = {
        channel_id: _write(day, run, channel_id, sends, reasons)
        for channel_id in sorted(day.playbook.channels.channels)
    }
    return Delivery(
        by_channel={channel: batch.rows for channel, batch in batches.items()},
        withheld=_counts(reasons),
        files=tuple(str(path) for batch in batches.values() for path in batch.files),
        batches={channel: batch.batch_id for channel, batch in batches.items()},
    )


def _refuse_simulated_clock(day: Day) -> None:
    if not day.clock.is_simulated:
        return
    for channel_id, channel in day.playbook.channels.channels.items():
        if channel.kind != "file":
            raise RefusedError(
                f"the clock is simulated, and the channel `{channel_id}` reaches people.",
                where=day.playbook.files["channels.yaml"].where(("channels", channel_id)),
                remedy="Unset WARRANT_NOW, or export to files.",
            )


def _reasons_to_withhold(day: Day, run: RunRow, sends: pd.DataFrame) -> "pd.Series[Any]":
    """Why each send may not leave any more; None where it may."""
    knowing = Knowing(day.clock.now + timedelta(microseconds=1), day.clock.latest_known, day.environment)
    customers = canonical_tables(day, run, ["customers"])["customers"]
    refusing = refusing_policies(
        stored_view(day, run),
        sends,
        decision_settings(day.playbook),
        consents=_consents_now(day, knowing, customers),
        touches=_touches_now(day, knowing, customers),
    )
    reasons: pd.Series[Any] = pd.Series(refusing, index=sends.index, dtype=object)
    reasons[reasons.isna() & (sends["expires_at"] <= day.clock.now)] = EXPIRED
    return reasons


def _consents_now(day: Day, knowing: Knowing, customers: pd.DataFrame) -> pd.DataFrame:
    """The consent that holds at this moment for each customer and channel, read from its source again."""
    rows = _read_now(day, "consents", knowing, customers)
    marketing = rows[rows["purpose"] == MARKETING]
    # Of two words from one moment the refusal holds.
    ordered = marketing.sort_values(["recorded_at", "granted"], ascending=[True, False], kind="stable")
    return ordered.drop_duplicates(["customer_id", "channel_id"], keep="last")


def _touches_now(day: Day, knowing: Knowing, customers: pd.DataFrame) -> pd.DataFrame:
    """Everything sent so far by anyone, apart from what this very slot has reserved."""
    stated = _read_now(day, "touches", knowing, customers)
    own = Reservations(day.lake).touches(_end_of(day), slot=SLOT, day=day.clock.day)
    fresh = own[~own["touch_id"].isin(stated["touch_id"])]
    columns = ["touch_id", "customer_id", "channel_id", "asset_id", "sent_at"]
    parts = [part[columns] for part in (stated, fresh) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else empty_table("touches")[columns]


def _end_of(day: Day) -> datetime:
    return day.clock.now + timedelta(microseconds=1)


def _read_now(day: Day, name: str, knowing: Knowing, customers: pd.DataFrame) -> pd.DataFrame:
    """A table as its source states it at this moment; rows that fail their checks are not believed."""
    table = TABLES[name]
    reading = Reading()
    reading.known |= keys_of(TABLES["customers"], customers)
    frame = read_raw(day.playbook, table, knowing, customers=customers["customer_id"])
    if frame is None:
        return empty_table(name)
    checked = split(
        table,
        frame,
        known=reading.known,
        as_of=knowing.as_of,
        latest_known=knowing.latest_known,
        timezone=day.playbook.timezone,
        where=str(day.playbook.source_files.get(name, day.playbook.folder)),
    )
    return checked.kept


def _write(day: Day, run: RunRow, channel_id: str, sends: pd.DataFrame, reasons: "pd.Series[Any]") -> Batch:
    here = sends["channel_id"] == channel_id
    channel = day.playbook.channels.channels[channel_id]
    return write_batch(
        day.home.exports(day.playbook.name) / run.run_id,
        channel_id,
        sends[here & reasons.isna()],
        formats=channel.formats,
        columns=channel.columns,
        about={
            "run_id": run.run_id,
            "playbook": day.playbook.name,
            "slot": SLOT,
            "day": run.about["day"],
            "clock_is_simulated": run.about["is_simulated"],
            "withheld": _counts(reasons[here]),
            "record_root": run.steps["decide"]["facts"]["root"],
            "versions": {"code": run.identity.code_version, "playbook": run.identity.playbook_digest},
        },
    )


def _counts(reasons: "pd.Series[Any]") -> dict[str, int]:
    return {str(reason): int(count) for reason, count in reasons.dropna().value_counts().sort_index().items()}
