"""Assignments of our own draws: who was held out, who was explored. Rows of the table `assignments`, never changed.

An append-only Delta table. A key (experiment, customer, moment) is drawn once; recording it again changes nothing, so a
delivery that was killed can simply be repeated, and a second run of one day does not draw anybody anew.
"""

from datetime import datetime

import pandas as pd

from lake.errors import LakeError
from lake.store import Lake

OWN_ASSIGNMENTS = "assignments"
COLUMNS = ["experiment_id", "customer_id", "assigned_at", "arm", "asset_id", "channel_id", "propensity"]
TRIES = 20


class Assignments:
    """The draws of one playbook."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def record(self, drawn: pd.DataFrame, *, once: frozenset[str] = frozenset()) -> int:
        """Write down what was drawn.

        Args:
            drawn: Rows with `COLUMNS`.
            once: Experiments in which everybody is drawn only once, ever, whatever the moment.

        Returns:
            How many of them are new.

        Raises:
            LakeError: Other processes kept writing; nothing was recorded by this call.
        """
        for _ in range(TRIES):
            version = self._lake.log_version(OWN_ASSIGNMENTS)
            fresh = _fresh(drawn[COLUMNS], self._rows(version), once)
            if fresh.empty or self._lake.append_log_at(OWN_ASSIGNMENTS, fresh, version):
                return len(fresh)
        raise LakeError(
            "other processes kept recording draws at the same time.",
            where=str(self._lake.root),
            remedy="Deliver again; nothing was recorded by this attempt.",
        )

    def before(self, moment: datetime) -> pd.DataFrame:
        """What was drawn before a moment, in order of experiment, customer and moment."""
        rows = self._rows(None)
        rows = rows[rows["assigned_at"] < pd.Timestamp(moment)]
        return rows.sort_values(["experiment_id", "customer_id", "assigned_at"], ignore_index=True)

    def _rows(self, version: int | None) -> pd.DataFrame:
        rows = self._lake.read_log(OWN_ASSIGNMENTS, version=version)
        if rows is None:
            empty = pd.DataFrame(columns=COLUMNS)
            return empty.assign(assigned_at=pd.to_datetime(empty["assigned_at"], utc=True))
        return rows[COLUMNS]


def _fresh(drawn: pd.DataFrame, known: pd.DataFrame, once: frozenset[str]) -> pd.DataFrame:
    """Rows whose key is not there yet."""
    is_once = drawn["experiment_id"].isin(once)
    parts = [
        mine[~mine["customer_id"].isin(known.loc[known["experiment_id"] == experiment, "customer_id"])]
        for experiment, mine in drawn[is_once].groupby("experiment_id")
    ]
    key = ["experiment_id", "customer_id", "assigned_at"]
    others = drawn[~is_once]
    earlier = known[known["assigned_at"].isin(others["assigned_at"].unique())]
    is_known = pd.MultiIndex.from_frame(others[key]).isin(pd.MultiIndex.from_frame(earlier[key]))
    return pd.concat([part for part in (*parts, others[~is_known]) if len(part)] or [drawn[:0]], ignore_index=True)
