"""What was carried out beyond messages: an append-only Delta table, and the guard against doing the same twice a day.

A key (day, what there is one of) belongs to the action that claimed it first; claiming it again for the same action
changes nothing, so a delivery that was killed can simply be repeated.
"""

from datetime import date
from typing import Any, Final

import pandas as pd

from lake.digest import text_digest
from lake.errors import LakeError
from lake.store import Lake

PERFORMED: Final = "performed_actions"
COLUMNS: Final = (
    "day",
    "same_as",
    "together",
    "action_id",
    "run_id",
    "verb",
    "rule",
    "subject_kind",
    "subject_id",
    "customer_id",
    "parameters",
)
TRIES: Final = 20


class Performed:
    """What was carried out for one playbook."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def claim(self, day: date, wanted: pd.DataFrame, run_id: str) -> pd.DataFrame:
        """Take actions in hand.

        Args:
            day: The local day they are carried out on.
            wanted: `same_as`, `together` (what only one run may do on a day, None where several may), `action_id`,
                `verb`, `rule`, `subject_kind`, `subject_id`, `customer_id`, `parameters`.
            run_id: The run that decided.

        Returns:
            The rows of `wanted` that are this run's to carry out.

        Raises:
            LakeError: Other processes kept writing; nothing was claimed by this call.
        """
        for _ in range(TRIES):
            version = self._lake.log_version(PERFORMED)
            held = self._rows(version)
            held = held[held["day"] == day.isoformat()]
            holder = wanted["same_as"].map(held.drop_duplicates("same_as").set_index("same_as")["action_id"])
            others = held.loc[held["run_id"] != run_id, "together"].dropna()
            is_free = holder.isna() & ~wanted["together"].isin(others)
            fresh = wanted[is_free].assign(day=day.isoformat(), run_id=run_id)[[*COLUMNS]]
            if fresh.empty or self._lake.append_log_at(PERFORMED, fresh, version):
                return wanted[is_free | holder.eq(wanted["action_id"])]
        raise LakeError(
            "other processes kept writing at the same time.",
            where=str(self._lake.root),
            remedy="Deliver again; nothing was claimed by this attempt.",
        )

    def before(self, day: date) -> pd.DataFrame:
        """What was carried out on the days before a local day, in order of day and action; columns `COLUMNS`."""
        rows = self._rows(None)
        earlier = rows[rows["day"] < day.isoformat()]
        return earlier.sort_values(["day", "action_id"], ignore_index=True)[[*COLUMNS]]

    def digest(self, day: date) -> str:
        """Digest of what `before` returns, empty where that is nothing."""
        rows = self.before(day)
        return text_digest(rows.to_csv(index=False)) if len(rows) else ""

    def _rows(self, version: int | None) -> pd.DataFrame:
        rows: Any = self._lake.read_log(PERFORMED, version=version)
        return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS}) if rows is None else rows
