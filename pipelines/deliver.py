"""Deliver: each send is checked once more against what holds now, reserved, and written for its channel.

The reservation comes before the file. A process killed in between finds its own reservations again and writes the same
files; another run of the same day finds them taken and leaves those customers out. So nothing is delivered twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from decisioning.choice import LIMITS
from decisioning.decision_log import verify
from decisioning.planned import with_planned
from decisioning.policies.builtin import SENDING_HOURS
from decisioning.recheck import is_quiet, refusing_policies, without_room
from lake.reservations import Reservations
from lake.runs import RunRow
from pipelines.audit.sealing import stated_head
from pipelines.authority.held import HELD, about_sends, asked_by, stopped_by
from pipelines.authority.holds import standing_holds
from pipelines.authority.requests import answered_decisions, open_requests
from pipelines.channels.files import Batch, write_batch
from pipelines.commitments import with_commitments, write_commitments
from pipelines.day import SLOT, Day
from pipelines.deciding import touches_before
from pipelines.draws import record_draws
from pipelines.errors import RefusedError, VerificationError
from pipelines.motives_now import has_ended
from pipelines.playbook_settings import decision_settings
from pipelines.present import look_now
from pipelines.stored import stored_records, stored_view
from pipelines.subjects.erased import erased_digests

ADS = "ads"
FIRST = 1
EXPIRED = "expired before delivery"
BOUGHT = "bought since"
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


def deliver_batches(day: Day, run: RunRow, number: int = 1) -> Delivery:
    """Write one batch per channel.

    Args:
        day: Of the run.
        run: That was decided.
        number: Which delivery of the run it is. A later one writes what has not left yet, into a folder of its own.

    Raises:
        RefusedError: The run was decided in hindsight, the playbook is not the one that decided, groups are treated
            unevenly, or the clock is simulated and a channel is not a file.
        VerificationError: The records are not those that were sealed.
    """
    refuse_backfill(run)
    _refuse_another_playbook(day, run)
    _refuse_simulated_clock(day)
    _refuse_uneven(run)
    records = stored_records(day, run)
    sends = with_commitments(records[(records["verb"] == "send") & ~records["is_ghost"]].reset_index(drop=True))
    _insist_on_the_seal(day, run, records)
    if number > FIRST:
        has_left = Reservations(day.lake).held_on(day.clock.day)["decision_id"]
        sends = sends[~sends["decision_id"].isin(has_left)].reset_index(drop=True)
    day.progress.doing("deliver", f"checking {len(sends):,} sends again")
    reasons = _reasons_to_withhold(day, run, sends)
    allowed = sends[reasons.isna()].rename(columns={"touch_cost": "cost"})
    claimed = Reservations(day.lake).claim(SLOT, day.clock.day, allowed, run.run_id)
    reasons[reasons.isna() & ~sends["decision_id"].isin(claimed["decision_id"])] = TAKEN
    # What an earlier attempt reserved and is kept back now makes room again.
    Reservations(day.lake).release(SLOT, day.clock.day, sends.loc[reasons.notna(), "decision_id"], run.run_id)
    record_draws(day, run, records)
    batches = {
        channel_id: _write(day, run, channel_id, sends, reasons, number)
        for channel_id, channel in sorted(day.playbook.channels.channels.items())
        if channel.kind != ADS
    }
    ledger = write_commitments(day, run, stored_view(day, run))
    return Delivery(
        by_channel={channel: batch.rows for channel, batch in batches.items()},
        withheld=_counts(reasons),
        files=(*(str(path) for batch in batches.values() for path in batch.files), str(ledger)),
        batches={channel: batch.batch_id for channel, batch in batches.items()},
    )


def refuse_backfill(run: RunRow) -> None:
    """What was decided in hindsight was decided to learn from it; its day is over."""
    if run.is_backfill:
        raise RefusedError(
            f"the run {run.run_id} was decided in hindsight and is never delivered.",
            where=f"backfill of {run.about['day']}",
            remedy="Decide a day to deliver it: warrant run.",
        )


def _refuse_uneven(run: RunRow) -> None:
    """Groups that a policy compares are further apart than it allows: nobody gets anything of such a run."""
    for found in run.steps["decide"]["facts"]["summary"].get("parity", []):
        if found["is_breached"]:
            raise RefusedError(
                f"the policy `{found['policy']}` blocks this run: {found['text']}",
                where=f"run {run.run_id}, by {found['by']}",
                remedy="Find what treats the groups apart (warrant why, warrant policy explain), change it, run again.",
            )


def _refuse_another_playbook(day: Day, run: RunRow) -> None:
    """What was decided by other rules, content or limits is decided anew, not delivered under these."""
    if run.identity.playbook_digest != day.playbook.digest:
        raise RefusedError(
            f"the playbook has changed since the run {run.run_id} was decided.",
            where=str(day.playbook.folder),
            remedy=f"Decide the day again: warrant run {day.playbook.folder}; or put the playbook back as it was.",
        )


def _insist_on_the_seal(day: Day, run: RunRow, records: pd.DataFrame) -> None:
    """What leaves is what was decided: every record has its digest, and all digests lead to the root."""
    verification = verify(records, str(run.steps["decide"]["facts"]["root"]), erased_digests(day, run))
    if not verification.is_intact:
        changed = f", such as {verification.changed[0]}" if verification.changed else ""
        raise VerificationError(
            f"the records of the run {run.run_id} are not those that were decided{changed}.",
            where=str(day.lake.root),
            remedy="Nobody but Warrant may write to the lake. Send nothing of this run, and decide the day again.",
        )


def _refuse_simulated_clock(day: Day) -> None:
    if not day.clock.is_simulated:
        return
    for channel_id, channel in day.playbook.channels.channels.items():
        if channel.kind not in ("file", ADS):
            raise RefusedError(
                f"the clock is simulated, and the channel `{channel_id}` reaches people.",
                where=day.playbook.files["channels.yaml"].where(("channels", channel_id)),
                remedy="Unset WARRANT_NOW, or export to files.",
            )


def _reasons_to_withhold(day: Day, run: RunRow, sends: pd.DataFrame) -> "pd.Series[Any]":
    """Why each send may not leave any more, the first reason that applies; None where it may."""
    present = look_now(day, sends)
    now, view, settings = present.clock.now, stored_view(day, run), decision_settings(day.playbook)
    touches = with_planned(present.touches, present.planned, view, settings)
    refusing = refusing_policies(view, sends, settings, consents=present.consents, touches=touches)
    reasons: pd.Series[Any] = pd.Series(refusing, index=sends.index, dtype=object)
    holds, about = standing_holds(day, now), about_sends(sends, view)
    reasons = stopped_by(holds, about).where(lambda stopped: stopped.notna(), reasons)
    needs = _needs(sends["needs"], asked_by(holds, about))
    open_requests(day, run, sends.assign(needs=needs)[reasons.isna() & needs.notna()], now)
    approved, refused = answered_decisions(day, run, now)
    reasons = reasons.where(reasons.notna(), sends["decision_id"].map(refused))
    waits = reasons.isna() & needs.notna() & ~sends["decision_id"].isin(approved)
    reasons[waits] = HELD + " " + needs[waits].astype(str)
    reasons[reasons.isna() & (sends["expires_at"] <= now)] = EXPIRED
    has_bought = has_ended(day, run, sends, now=now, latest_known=present.clock.latest_known)
    reasons[reasons.isna() & has_bought] = BOUGHT
    reasons[reasons.isna() & is_quiet(view, sends, settings, now)] = SENDING_HOURS
    before = touches_before(day, run, view, settings)
    held = Reservations(day.lake).held_on(day.clock.day)
    reasons[reasons.isna() & _is_taken(sends, held)] = TAKEN
    going = sends[reasons.isna()]
    full = pd.Series(
        without_room(view, going, settings, held=held, touches=before), index=going.index, dtype=object
    ).dropna()
    reasons[full.index] = LIMITS + ": " + full
    return reasons


def _needs(recorded: "pd.Series[Any]", asked: "pd.Series[Any]") -> "pd.Series[Any]":
    """Who must agree: whom the records name, and whom holds name."""
    both = zip(recorded, asked, strict=True)
    named = [", ".join(who for who in pair if isinstance(who, str)) or None for pair in both]
    return pd.Series(named, index=recorded.index, dtype=object)


def _is_taken(sends: pd.DataFrame, held: pd.DataFrame) -> "pd.Series[bool]":
    """Whose place in this slot belongs to another decision already."""
    holder = sends["customer_id"].map(held[held["slot"] == SLOT].set_index("customer_id")["decision_id"])
    return holder.notna() & (holder != sends["decision_id"])


def _write(  # noqa: PLR0917 -- what a batch is made of
    day: Day, run: RunRow, channel_id: str, sends: pd.DataFrame, reasons: "pd.Series[Any]", number: int
) -> Batch:
    here = sends["channel_id"] == channel_id
    channel = day.playbook.channels.channels[channel_id]
    return write_batch(
        day.home.exports(day.playbook.name) / run.run_id / ("" if number == FIRST else str(number)),
        channel_id,
        sends[here & reasons.isna()],
        formats=channel.formats,
        columns=channel.columns,
        about={
            "run_id": run.run_id,
            "playbook": day.playbook.name,
            "slot": SLOT,
            "day": run.about["day"],
            "clock_is_simulated": run.about["is_simulated"] or day.clock.is_simulated,
            "withheld": _counts(reasons[here]),
            "record_root": run.steps["decide"]["facts"]["root"],
            **stated_head(run),
            "versions": {"code": run.identity.code_version, "playbook": run.identity.playbook_digest},
        },
    )


def _counts(reasons: "pd.Series[Any]") -> dict[str, int]:
    return {str(reason): int(count) for reason, count in reasons.dropna().value_counts().sort_index().items()}
