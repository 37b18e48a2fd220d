"""What had been learnt by a moment: facts have a time at which they happened and one at which we heard of them."""

from collections.abc import Mapping
from datetime import datetime

import pandas as pd

LEARNT_AT = "received_at"
"""When a source says that we learnt of a row; without it, we learnt of it when it happened."""


def known_at(tables: Mapping[str, pd.DataFrame], moment: datetime) -> dict[str, pd.DataFrame]:
    """The rows that were known at a moment, as if they had come in time.

    Args:
        tables: Canonical tables.
        moment: Rows that we learnt of at or after it are left out. The others lose the time at which we did, so that
            they count from the time at which they happened.
    """
    return {
        name: _known(table, pd.Timestamp(moment)) if LEARNT_AT in table.columns else table
        for name, table in tables.items()
    }


def _known(table: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    is_late = table[LEARNT_AT].notna() & (table[LEARNT_AT] >= moment)
    known = table[~is_late].copy()
    known[LEARNT_AT] = pd.Series(pd.NaT, index=known.index, dtype=table[LEARNT_AT].dtype)
    return known
