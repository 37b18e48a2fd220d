"""Deliver actions beyond messages: checked once more, claimed, and written into the files that others read.

The claim comes before the file, so that nothing is done twice: a process killed in between finds its own claims again,
another run of the same day finds them taken.
"""

from datetime import timedelta
from typing import Any, Final

import pandas as pd

from decisioning.acting.records import verify_actions
from decisioning.actions import verb_named
from lake.performed import Performed
from lake.runs import RunRow
from pipelines.acting import ACTIONS, erased_places, stored_actions
from pipelines.audit.sealing import stated_head
from pipelines.authority.held import HELD, about_actions, asked_by, stopped_by
from pipelines.authority.holds import standing_holds
from pipelines.channels.action_files import write_actions
from pipelines.clock import read_clock
from pipelines.day import Day
from pipelines.errors import VerificationError
from pipelines.playbook_settings import acting_settings
from pipelines.present import look_now

EXPIRED: Final = "expired before delivery"
NO_CONSENT: Final = "consent"
TAKEN: Final = "done already today"
TOGETHER: Final = {"move_budget": "budgets"}
"""What only one run may do on a day: two that move money do not know of each other."""


def deliver_actions(day: Day, run: RunRow) -> dict[str, Any]:
    """Write the actions of a run; facts for the ledger, none without `actions.yaml`.

    Returns:
        `actions`: `delivered` by file, `withheld` by reason, `files` (absolute paths), `batches`.

    Raises:
        VerificationError: The records are not those that were sealed.
    """
    settings = acting_settings(day.playbook)
    if settings is None or ACTIONS not in run.steps["decide"]["facts"]:
        return {}
    files = sorted({verb_named(rule.verb).leaves_through for rule in settings.rules})
    records = stored_actions(day, run)
    going = _checked(day, run, records) if records is not None else None
    batches, withheld = {}, {}
    if going is not None:
        withheld = going["withheld"].dropna().value_counts().sort_index().to_dict()
        going = going[going["withheld"].isna()]
    for file in files:
        rows = _none() if going is None else going[going["leaves_through"] == file]
        batches[file] = write_actions(
            day.home.exports(day.playbook.name) / run.run_id,
            file,
            rows,
            about={
                "run_id": run.run_id,
                "playbook": day.playbook.name,
                "day": run.about["day"],
                "clock_is_simulated": run.about["is_simulated"] or day.clock.is_simulated,
                "record_root": run.steps["decide"]["facts"][ACTIONS]["root"],
                **stated_head(run),
                "versions": {"code": run.identity.code_version, "playbook": run.identity.playbook_digest},
            },
        )
    return {
        ACTIONS: {
            "delivered": {file: batch.rows for file, batch in batches.items()},
            "withheld": {str(reason): int(count) for reason, count in withheld.items()},
            "files": [str(path) for batch in batches.values() for path in batch.files],
            "batches": {file: batch.batch_id for file, batch in batches.items()},
        }
    }


def _checked(day: Day, run: RunRow, records: pd.DataFrame) -> pd.DataFrame:
    """The actions that were decided to be carried out, with why one of them may not be any more (`withheld`)."""
    _insist_on_the_seal(day, run, records)
    is_meant = (records["status"] == "go") & ~records["is_ghost"].astype(bool)
    going = records[is_meant].reset_index(drop=True)
    clock = read_clock(
        day=day.clock.day,
        playbook_day=day.playbook.warrant.as_of,
        timezone=day.playbook.timezone,
        environment=day.environment,
        skew=day.playbook.warrant.clock_skew,
    )
    ends = pd.Timestamp(run.identity.as_of).tz_convert(day.playbook.timezone) + timedelta(days=1)
    ends = ends.normalize().tz_convert("UTC")
    going["expires_at"] = pd.Series([ends.isoformat()] * len(going), dtype=object)
    reasons: pd.Series[Any] = pd.Series([None] * len(going), dtype=object)
    holds, about = standing_holds(day, clock.now), about_actions(going)
    asked = asked_by(holds, about)
    reasons[asked.notna()] = HELD + " " + asked[asked.notna()].astype(str)
    stopped = stopped_by(holds, about)
    reasons[stopped.notna()] = stopped[stopped.notna()]
    if clock.now >= ends:
        reasons[:] = EXPIRED
    reasons[reasons.isna() & ~_has_consent(day, going)] = NO_CONSENT
    free = going[reasons.isna()]
    claimed = Performed(day.lake).claim(day.clock.day, free.assign(together=free["verb"].map(TOGETHER)), run.run_id)
    reasons[reasons.isna() & ~going["action_id"].isin(claimed["action_id"])] = TAKEN
    return going.assign(withheld=reasons)


def _has_consent(day: Day, going: pd.DataFrame) -> "pd.Series[bool]":
    """Whether whoever hears from us through an action agrees to it at this moment."""
    is_asked = (going["subject_kind"] == "customer") & going["channel_id"].notna()
    agrees = pd.Series([True] * len(going), dtype=bool)
    if is_asked.any():
        consents = look_now(day, going.assign(decision_id=going["action_id"])).consents
        granted = consents[consents["granted"].astype(bool)]
        given = pd.MultiIndex.from_frame(granted[["customer_id", "channel_id"]])
        asked = pd.MultiIndex.from_frame(going[["customer_id", "channel_id"]])
        agrees = pd.Series(asked.isin(given), dtype=bool) | ~is_asked
    return agrees


def _insist_on_the_seal(day: Day, run: RunRow, records: pd.DataFrame) -> None:
    root = str(run.steps["decide"]["facts"][ACTIONS]["root"])
    verification = verify_actions(records, root, erased_places(day, run))
    if not verification.is_intact:
        changed = f", such as {verification.changed[0]}" if verification.changed else ""
        raise VerificationError(
            f"the actions of the run {run.run_id} are not those that were decided{changed}.",
            where=str(day.lake.root),
            remedy="Nobody but Warrant may write to the lake. Carry out nothing of this run, and decide the day again.",
        )


def _none() -> pd.DataFrame:
    return pd.DataFrame({"parameters": pd.Series(dtype=object)})
