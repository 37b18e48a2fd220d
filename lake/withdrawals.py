"""What was granted and may have been taken back: a word on consent that cannot be trusted voids the earlier ones.

Setting a wrong row aside is safe where the row could only add something. A withdrawal takes something away: set aside
in silence, it would leave the consent before it standing.
"""

from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lake.coercion import Mask, mask
from lake.columns import Table
from lake.faults import SAME_ROW_TWICE, Faults

GRANTED = "granted"
VOIDED = "granted, and a row that was put aside may have withdrawn it since"


def note_voided(table: Table, content: pa.Table, as_of: datetime, faults: Faults) -> pd.DataFrame:
    """Note grants about which a later row, or one of the same moment, was put aside that does not surely grant.

    What cannot be read of such a row (its channel, its purpose, its time) fits everything. A row whose customer cannot
    be read says nothing about anybody, one that says the same as another is not lost, and one at or after as-of is not
    known yet.

    Args:
        table: `consents`: its key names customer, channel, purpose and time.
        content: All rows in their declared types.
        as_of: The moment at which rows are known.
        faults: With the reasons of all rows that are put aside.

    Returns:
        The rows in doubt: the columns of the key, None or NaT where one cannot be read.
    """
    customer, *about = [name for name in table.key if name != table.event_time]
    is_ahead = mask(pc.greater_equal(content[str(table.event_time)], pa.scalar(as_of, pa.timestamp("us", "UTC"))))
    is_granted = mask(content[GRANTED])
    copies = [code for code, reason in enumerate(faults.reasons) if reason.startswith(SAME_ROW_TWICE)]
    is_untold = faults.is_bad & ~np.isin(faults.code, copies)
    is_doubt = is_untold & ~is_granted & ~is_ahead & mask(pc.is_valid(content[customer]))
    doubts = _rows(content, is_doubt, table)
    for name in about:
        if closed_list := getattr(table.column(name), "closed_list", ()):
            doubts[name] = doubts[name].where(doubts[name].isin(closed_list), None)
    is_grant = ~faults.is_bad & is_granted
    voided = np.zeros(content.num_rows, dtype=np.bool_)
    if len(doubts) and is_grant.any():
        voided[is_grant] = is_in_doubt(table, _rows(content, is_grant, table), doubts)
    faults.note(voided, VOIDED)
    return doubts


def is_in_doubt(table: Table, grants: pd.DataFrame, doubts: pd.DataFrame) -> Mask:
    """Whether a row in doubt may have withdrawn a grant since, shape (grants,).

    Args:
        table: `consents`.
        grants: Rows that grant, with the columns of the key.
        doubts: As `note_voided` gives them; customers named as in `grants`.
    """
    time = str(table.event_time)
    customer, *about = [name for name in table.key if name != time]
    pairs = grants[list(table.key)].assign(row=np.arange(len(grants)))
    pairs = pairs.merge(doubts, on=customer, suffixes=("", "_doubt"))
    is_voided = pairs[f"{time}_doubt"].isna() | (pairs[time] <= pairs[f"{time}_doubt"])
    for name in about:
        is_voided &= pairs[f"{name}_doubt"].isna() | (pairs[name] == pairs[f"{name}_doubt"])
    voided = np.zeros(len(grants), dtype=np.bool_)
    voided[pairs.loc[is_voided, "row"].to_numpy(dtype=np.int64)] = True
    return voided


def _rows(content: pa.Table, chosen: Mask, table: Table) -> pd.DataFrame:
    frame: pd.DataFrame = content.select(list(table.key)).filter(pa.array(chosen)).to_pandas()
    return frame
