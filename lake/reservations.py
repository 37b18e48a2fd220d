"""Reservations: which customer has been given to which decision, per slot and day. The guard against delivering twice.

An append-only Delta table. A key (slot, day, customer) belongs to the decision that claimed it first; claiming it again
for the same decision changes nothing, so a delivery that was killed can simply be repeated.
"""

import secrets
from collections.abc import Collection
from datetime import date, datetime

import pandas as pd

from lake.digest import text_digest
from lake.errors import LakeError
from lake.rewriting import replace_log
from lake.store import Lake, arrow_table

RESERVATIONS = "reservations"
COLUMNS = ["slot", "day", "customer_id", "decision_id", "run_id", "channel_id", "asset_id", "send_at", "cost"]
AMOUNTS = ["expected_cost", "exposure"]
"""What redemptions of the offer are expected to cost, and what one costs at most; 0 without an offer."""
STATE = "state"
HELD, RELEASED = "held", "released"
TRIES = 20
ERASED = "erased/"
"""What stands before a random word in the place of an erased customer: the room that was used stays used."""


class Reservations:
    """The reservations of one playbook."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def claim(self, slot: str, day: date, wanted: pd.DataFrame, run_id: str) -> pd.DataFrame:
        """Reserve customers for decisions.

        Args:
            slot: The slot the decisions fill.
            day: The local day they fill it on.
            wanted: `customer_id` (unique), `decision_id`, `channel_id`, `asset_id`, `send_at`, `cost`, and
                `expected_cost` and `exposure` of an offer.
            run_id: The run that decided.

        Returns:
            The rows of `wanted` whose customer now belongs to their decision. The others were given away before.

        Raises:
            LakeError: A customer is in it twice, or other processes kept writing; nothing was reserved by this call.
        """
        _refuse_repeated(wanted, slot, day)
        for _ in range(TRIES):
            version = self._lake.log_version(RESERVATIONS)
            held = self._of_slot(slot, day, version).set_index("customer_id")["decision_id"]
            holder = wanted["customer_id"].map(held)
            fresh = wanted[holder.isna()]
            if fresh.empty or self._append(slot, day, fresh, run_id, version):
                return wanted[holder.isna() | holder.eq(wanted["decision_id"])]
        raise LakeError(
            "other processes kept reserving at the same time.",
            where=str(self._lake.root),
            remedy="Deliver again; nothing was reserved by this attempt.",
        )

    def release(self, slot: str, day: date, decision_ids: Collection[str], run_id: str) -> int:
        """Give back what decisions hold that will not be delivered; what they do not hold is left as it is.

        Returns:
            How many reservations were given back.

        Raises:
            LakeError: Other processes kept writing; nothing was given back by this call.
        """
        for _ in range(TRIES):
            version = self._lake.log_version(RESERVATIONS)
            held = self._of_slot(slot, day, version)
            theirs = held[held["decision_id"].isin(list(decision_ids)) & held["run_id"].eq(run_id)]
            if theirs.empty or self._append(slot, day, theirs, run_id, version, state=RELEASED):
                return len(theirs)
        raise LakeError(
            "other processes kept reserving at the same time.",
            where=str(self._lake.root),
            remedy="Deliver again; nothing was given back by this attempt.",
        )

    def everything(self) -> pd.DataFrame:
        """All reservations that hold, of every slot, day and run; for the ledger of commitments.

        Returns:
            The columns of a claim, with slot, day (ISO) and run_id, in order of decision_id.
        """
        return self._rows(None).sort_values("decision_id", ignore_index=True)

    def held_on(self, day: date) -> pd.DataFrame:
        """What has been reserved on a local day, in any slot, by any run.

        Returns:
            `slot`, `customer_id`, `decision_id`, `channel_id`, `asset_id`, `cost`, `expected_cost`, `exposure`, in
            order of decision_id.
        """
        rows = self._rows(None)
        columns = ["slot", "customer_id", "decision_id", "channel_id", "asset_id", "cost", *AMOUNTS]
        held = rows.loc[rows["day"].eq(day.isoformat()), columns]
        return held.sort_values("decision_id", ignore_index=True)

    def touches(self, before: datetime, *, slot: str, day: date) -> pd.DataFrame:
        """What was reserved to be sent before a moment, apart from the slot and day that are being decided.

        Returns:
            `touch_id` (the decision), `customer_id`, `channel_id`, `asset_id`, `sent_at`, `cost`, `expected_cost`, in
            order of touch_id.
        """
        rows = self._others(slot, day)
        rows = rows[(rows["send_at"] < pd.Timestamp(before)) & ~rows["customer_id"].str.startswith(ERASED)]
        touches = rows.rename(columns={"decision_id": "touch_id", "send_at": "sent_at"})
        columns = ["touch_id", "customer_id", "channel_id", "asset_id", "sent_at", "cost", "expected_cost"]
        return touches[columns].sort_values("touch_id", ignore_index=True)

    def digest(self, before: datetime, *, slot: str, day: date) -> str:
        """Digest of what `touches` returns; what this very slot has sent is no part of it."""
        touches = self.touches(before, slot=slot, day=day)
        return text_digest(touches.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%S.%f%z"))

    def of_customers(self, customer_ids: Collection[str]) -> list[str]:
        """The decisions that these customers were ever given to."""
        rows = self._rows(None)
        return rows.loc[rows["customer_id"].isin(list(customer_ids)), "decision_id"].tolist()

    def forget(self, customer_ids: Collection[str]) -> int:
        """Put random words in the place of customers and their decisions, in a table written anew.

        What they were sent keeps counting for the limits of its day, about nobody.

        Returns:
            The number of rows it concerned.
        """
        rows = self._rows(None)
        is_theirs = rows["customer_id"].isin(list(customer_ids))
        if not is_theirs.any():
            return 0
        for name in ("customer_id", "decision_id"):
            rows.loc[is_theirs, name] = [f"{ERASED}{secrets.token_hex(16)}" for _ in range(int(is_theirs.sum()))]
        replace_log(self._lake, RESERVATIONS, arrow_table(rows.assign(**{STATE: HELD})))
        return int(is_theirs.sum())

    def _others(self, slot: str, day: date) -> pd.DataFrame:
        rows = self._rows(None)
        return rows[~(rows["slot"].eq(slot) & rows["day"].eq(day.isoformat()))]

    def _of_slot(self, slot: str, day: date, version: int | None) -> pd.DataFrame:
        rows = self._rows(version)
        return rows[rows["slot"].eq(slot) & rows["day"].eq(day.isoformat())]

    def _rows(self, version: int | None) -> pd.DataFrame:
        """What holds: of every decision in a slot and day, a claim more than releases."""
        rows = self._lake.read_log(RESERVATIONS, version=version)
        if rows is None:
            empty = pd.DataFrame(columns=[*COLUMNS, *AMOUNTS])
            return empty.assign(send_at=pd.to_datetime(empty["send_at"], utc=True))
        rows = rows.reindex(columns=[*COLUMNS, *AMOUNTS, STATE])
        rows[AMOUNTS] = rows[AMOUNTS].astype("float64").fillna(0.0)
        is_release = rows.pop(STATE).eq(RELEASED)
        if not is_release.any():
            return rows
        key = ["slot", "day", "decision_id"]
        claims = rows[~is_release].groupby(key).cumcount()
        releases = rows[is_release].groupby(key).size().rename("releases")
        given_back = rows[~is_release].join(releases, on=key)["releases"].fillna(0)
        return rows[~is_release][claims >= given_back]

    def _append(
        self, slot: str, day: date, fresh: pd.DataFrame, run_id: str, version: int | None, *, state: str = HELD
    ) -> bool:
        rows = fresh.reindex(columns=[*COLUMNS, *AMOUNTS]).assign(slot=slot, day=day.isoformat(), run_id=run_id)
        rows[AMOUNTS] = rows[AMOUNTS].astype("float64").fillna(0.0)
        return self._lake.append_log_at(RESERVATIONS, rows.assign(**{STATE: state}), version)


def _refuse_repeated(wanted: pd.DataFrame, slot: str, day: date) -> None:
    repeated = wanted.loc[wanted["customer_id"].duplicated(), "customer_id"]
    if len(repeated):
        raise LakeError(
            f"the customer `{repeated.iloc[0]}` is to be sent to twice in one slot.",
            where=f"slot {slot}, {day.isoformat()}",
            remedy="Decide on one send per customer, slot and day.",
        )
