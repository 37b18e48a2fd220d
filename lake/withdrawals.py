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


def note_voided(table: Table, content: pa.Table, as_of: datetime, faults: Faults) -> None:
    """Note grants about which a later row, or one of the same moment, was put aside that does not surely grant.

    What cannot be read of such a row (its channel, its purpose, its time) fits everything. A row whose customer cannot
    be read says nothing about anybody, one that says the same as another is not lost, and one at or after as-of is not
    known yet.

    Args:
        table: `consents`: its key names customer, channel, purpose and time.
        content: All rows in their declared types.
        as_of: The moment at which rows are known.
        faults: With the reasons of all rows that are put aside.
    """
    customer, *about = [name for name in table.key if name != table.event_time]
    time = str(table.event_time)
    is_ahead = mask(pc.greater_equal(content[time], pa.scalar(as_of, pa.timestamp("us", "UTC"))))
    is_granted = mask(content[GRANTED])
    copies = [code for code, reason in enumerate(faults.reasons) if reason.startswith(SAME_ROW_TWICE)]
    is_untold = faults.is_bad & ~np.isin(faults.code, copies)
    is_doubt = is_untold & ~is_granted & ~is_ahead & mask(pc.is_valid(content[customer]))
    is_grant = ~faults.is_bad & is_granted
    if not (is_doubt.any() and is_grant.any()):
        return
    doubts = _rows(content, is_doubt, [customer, *about, time])
    for name in about:
        if closed_list := getattr(table.column(name), "closed_list", ()):
            doubts[name] = doubts[name].where(doubts[name].isin(closed_list), None)
    pairs = _rows(content, is_grant, [customer, *about, time]).merge(
        doubts.drop(columns="row"), on=customer, suffixes=("", "_doubt")
    )
    is_voided = pairs[f"{time}_doubt"].isna() | (pairs[time] <= pairs[f"{time}_doubt"])
    for name in about:
        is_voided &= pairs[f"{name}_doubt"].isna() | (pairs[name] == pairs[f"{name}_doubt"])
    voided = np.zeros(content.num_rows, dtype=np.bool_)
    voided[pairs.loc[is_voided, "row"].to_numpy(dtype=np.int64)] = True
    faults.note(voided, VOIDED)


def _rows(content: pa.Table, chosen: Mask, names: list[str]) -> pd.DataFrame:
    frame: pd.DataFrame = content.select(names).filter(pa.array(chosen)).to_pandas()
    return frame.assign(row=np.flatnonzero(chosen))
