"""What holds at this very moment: clock, customers, consents, suppressions and touches, read again before delivery.

Nothing in here changes a decision; it can only keep one back.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pandas as pd

from lake.quality import keys_of, split
from lake.refusals import refusals
from lake.reservations import Reservations
from lake.suppressions import suppressed
from lake.tables import TABLES
from lake.withdrawals import is_in_doubt
from pipelines.clock import Clock, read_clock
from pipelines.day import SLOT, Day
from pipelines.identities import ids_beside_customers, survivors_of
from pipelines.joining import with_survivors
from pipelines.raw_rows import Knowing, read_raw
from pipelines.stored import empty_table
from pipelines.subjects.memory import memory_of

MARKETING = "marketing"
TOUCH_COLUMNS = ["touch_id", "customer_id", "channel_id", "asset_id", "sent_at"]
INSTANT = timedelta(microseconds=1)
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Present:
    """What holds now.

    Attributes:
        clock: Read anew; what the command knew when it began may be hours old.
        consents: The consent that holds for each customer and channel: a row of `consents` each.
        touches: Everything sent so far, by anyone, apart from what this very slot has reserved.
        planned: What other systems are going to send.
    """

    clock: Clock
    consents: pd.DataFrame
    touches: pd.DataFrame
    planned: pd.DataFrame


def look_now(day: Day, sends: pd.DataFrame) -> Present:
    """Read what holds now; a customer whom the sources do not know any more has agreed to nothing.

    A word on consent by any id of a person is a word of that person.

    Args:
        day: The day that is being delivered.
        sends: The records that are about to leave; what a source already reports of them is no touch before them.

    Raises:
        WarrantError: A source cannot be read any more.
    """
    clock = read_clock(
        day=day.clock.day,
        playbook_day=day.playbook.warrant.as_of,
        timezone=day.playbook.timezone,
        environment=day.environment,
        skew=day.playbook.warrant.clock_skew,
    )
    people = _read(day, clock, "customers", None, until=END_OF_TIME)
    others = ids_beside_customers(day.lake, day.run)
    customers = pd.concat([people["customer_id"], others]).drop_duplicates().rename("customer_id")
    people = pd.concat([people, others[~others.isin(people["customer_id"])].rename("customer_id").to_frame()])
    people = with_survivors(TABLES["customers"], people, survivors_of(day.lake, day.run))
    touches = _touches(day, clock, customers)
    return Present(
        clock,
        _without_suppressed(_consents(day, clock, customers, touches), _suppressed(day, clock, people, customers)),
        touches[~touches["touch_id"].isin(sends["decision_id"])],
        _read(day, clock, "planned_touches", customers, until=END_OF_TIME),
    )


def _suppressed(day: Day, clock: Clock, people: pd.DataFrame, customers: "pd.Series[str]") -> pd.DataFrame:
    """Who is closed on which channel at this moment."""
    return suppressed(
        _read(day, clock, "suppressions", None, until=END_OF_TIME),
        people,
        _read(day, clock, "identities", customers, until=END_OF_TIME),
        day.playbook.channel_frame(),
        at=clock.now,
    )


def _without_suppressed(words: pd.DataFrame, closed: pd.DataFrame) -> pd.DataFrame:
    """The words on consent, where a suppression is the last one."""
    if closed.empty:
        return words
    refusals = closed[["customer_id", "channel_id"]].assign(granted=False, source="suppressions", basis=None)
    both = pd.concat([part for part in (words, refusals) if len(part)], ignore_index=True)
    return both.drop_duplicates(["customer_id", "channel_id"], keep="last")


def _consents(day: Day, clock: Clock, customers: "pd.Series[str]", touches: pd.DataFrame) -> pd.DataFrame:
    """The word said last, an unsubscribe among the outcomes included; of two from one moment the refusal.

    A refusal also holds when it is dated in the future.

    A source whose clock is ahead of ours must not let a withdrawal wait. Where the clock is simulated, what people did
    between its moment and the real one has not happened yet.
    """
    rows = _read(day, clock, "consents", customers, until=END_OF_TIME)
    outcomes = _read(day, clock, "outcomes", customers, until=END_OF_TIME)
    refused = refusals(outcomes, touches, day.playbook.channel_frame())
    rows = pd.concat([rows, refused], ignore_index=True) if len(refused) else rows
    is_said = rows["recorded_at"] <= clock.now
    is_ahead = (rows["recorded_at"] > clock.latest_known - clock.skew) & ~rows["granted"].astype(bool)
    words = rows[(rows["purpose"] == MARKETING) & (is_said | is_ahead)]
    ordered = words.sort_values(["recorded_at", "granted"], ascending=[True, False], kind="stable")
    return ordered.drop_duplicates(["customer_id", "channel_id"], keep="last")


def _touches(day: Day, clock: Clock, customers: "pd.Series[str]") -> pd.DataFrame:
    until = clock.now + INSTANT
    stated = _read(day, clock, "touches", customers, until=until)
    own = Reservations(day.lake).touches(until, slot=SLOT, day=day.clock.day)
    own = with_survivors(TABLES["touches"], own, survivors_of(day.lake, day.run))
    fresh = own[~own["touch_id"].isin(stated["touch_id"])]
    parts = [part[TOUCH_COLUMNS] for part in (stated, fresh) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else empty_table("touches")[TOUCH_COLUMNS]


def _read(day: Day, clock: Clock, name: str, customers: "pd.Series[str] | None", *, until: datetime) -> pd.DataFrame:
    """A table as its source states it at this moment, rows before `until`; what fails its checks is put aside.

    Who has turned out to be somebody else since is named as the run under way names them.
    """
    table = TABLES[name]
    memory = memory_of(day.lake, clock.now + INSTANT)
    knowing = Knowing(clock.now + INSTANT, clock.latest_known, day.environment, memory=memory)
    rows = read_raw(day.playbook, table, knowing, customers=customers)
    if rows is None:
        return empty_table(name)
    checked = split(
        table,
        rows,
        known={} if customers is None else keys_of(TABLES["customers"], customers.to_frame()),
        as_of=until,
        latest_known=max(until, clock.latest_known),
        timezone=day.playbook.timezone,
        where=str(day.playbook.source_files.get(name, day.playbook.folder)),
    )
    if name == "customers":
        return checked.kept  # its own ids are what the other tables may name
    survivors = survivors_of(day.lake, day.run)
    kept = with_survivors(table, checked.kept, survivors)
    if checked.doubts is None or checked.doubts.empty:
        return kept
    doubts = with_survivors(table, checked.doubts, survivors)
    return kept[~(kept["granted"].astype(bool) & is_in_doubt(table, kept, doubts))]
