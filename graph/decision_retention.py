"""Which decisions stay in the graph: all of a small world, a seeded sample of a large one, inside a window of days.

The lake keeps every record; what the graph leaves out is projected when somebody asks for it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

LARGE_WORLD_SHARE = 0.1
"""Share of the customers whose decisions a large world keeps, unless the playbook says another."""


@dataclass(frozen=True)
class Retention:
    """What the playbook says under `graph: {decisions: …}`.

    Attributes:
        kept_days: Decisions of runs whose as_of lies further back leave the graph; None keeps all.
        sample_share: Share of the customers whose decisions are kept, 0 to 1. None: all of them where a run makes at
            most `small_world` decisions, else `LARGE_WORLD_SHARE`.
        small_world: See `sample_share`.
        seed: Draws the sample. The same customers are in it at every run, so that their history is complete.
    """

    kept_days: float | None = None
    sample_share: float | None = None
    small_world: int = 100_000
    seed: int = 0

    def kept(self, records: pd.DataFrame, asked_for: Collection[str] = ()) -> npt.NDArray[np.bool_]:
        """Which records become nodes, shape (records,): sends and ghosts of the sample, and whatever was asked for.

        Args:
            records: decision_id, customer_id, verb.
            asked_for: Ids of decisions to have in any case, also of those to do nothing.
        """
        is_made = (records["verb"] == "send").to_numpy(dtype=bool)
        share = self._share(int(is_made.sum()))
        if share < 1:
            is_made &= sampled(records["customer_id"], share, self.seed)
        return is_made | records["decision_id"].isin(asked_for).to_numpy(dtype=bool)

    def oldest(self, as_of: datetime) -> pd.Timestamp | None:
        """The as_of before which a run has left the window; None when none ever does."""
        return None if self.kept_days is None else pd.Timestamp(as_of) - timedelta(days=self.kept_days)

    def _share(self, decisions: int) -> float:
        if self.sample_share is not None:
            return self.sample_share
        return 1.0 if decisions <= self.small_world else LARGE_WORLD_SHARE


EVERYTHING = Retention(sample_share=1.0)


def sampled(customers: pd.Series, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Who of the customers is in a sample of this share: by a hash, so that nobody's place depends on anybody else."""
    salted = customers.astype(object).to_numpy() + f"|{seed}"
    hashed = pd.util.hash_array(np.asarray(salted, dtype=object), categorize=False)
    is_in: npt.NDArray[np.bool_] = hashed / float(2**64) < share
    return is_in
