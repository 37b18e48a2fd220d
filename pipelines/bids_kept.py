"""The bids of a run, kept so that one customer can be decided again among all others."""

import numpy as np
import pandas as pd

from decisioning.allocate import EXACT_BELOW
from decisioning.bids import Bids
from decisioning.options import Options
from lake.runs import RunRow
from pipelines.day import Day

BIDS = "bids"
PLACES = ("customer", "asset", "channel")
AMOUNTS = ("value", "touch_cost", "expected_cost", "exposure")


def store_bids(day: Day, run: RunRow, bids: Bids) -> None:
    """Keep what everybody bid, by places and nobody's name.

    Of many customers nothing is kept: what one of them bids moves no price by much.
    """
    if len(bids.places) + 1 > EXACT_BELOW:
        return
    columns = dict(zip((*PLACES, *AMOUNTS), bids.options.columns(), strict=True))
    frame = pd.DataFrame({name: np.asarray(column) for name, column in columns.items()})
    day.lake.write_slice(BIDS, run.run_id, frame.astype(dict.fromkeys(PLACES, "int64")))


def stored_bids(day: Day, run: RunRow) -> Options | None:
    """What everybody bid, in order of customer; None where it was not kept."""
    if not (day.lake.root / "results" / BIDS).exists():
        return None
    frame = day.lake.read_slice(BIDS, run.run_id)
    if frame.empty:
        return None
    frame = frame.sort_values(list(PLACES), kind="stable")
    places = (frame[name].to_numpy(dtype=np.int32) for name in PLACES)
    return Options(*places, *(frame[name].to_numpy(dtype=np.float64) for name in AMOUNTS))
