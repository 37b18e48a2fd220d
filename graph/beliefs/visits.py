"""Runs of visits: how many of somebody's pieces of evidence about one target lie close together."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.beliefs.evidence import MICROSECONDS_PER_DAY

Integers = npt.NDArray[np.int64]


def number_within(rows: pd.DataFrame, days: float) -> Integers:
    """For each row, how many rows of its customer and target lie within so many days up to it, itself included.

    Args:
        rows: customer_id, target, time.
        days: Length of the stretch.
    """
    pair = rows.groupby(["customer_id", "target"], sort=True).ngroup().to_numpy(np.int64)
    time = rows["time"].to_numpy(np.int64)
    order = np.lexsort((time, pair))
    # pairs lie far apart on one line, so that one search finds all stretches
    first = time.min() if len(time) else 0
    span = (time.max() - first if len(time) else 0) + int(days * MICROSECONDS_PER_DAY) + 1
    place = pair[order] * span + (time[order] - first)
    begins = np.searchsorted(place, place - int(days * MICROSECONDS_PER_DAY), side="left")
    until = np.searchsorted(place, place, side="right")
    number = np.empty(len(rows), dtype=np.int64)
    number[order] = until - begins
    return number


def next_after(rows: pd.DataFrame, events: pd.DataFrame) -> Integers:
    """The first event of the row's customer at or after its time, the largest integer without one.

    Args:
        rows: customer_id, time.
        events: customer_id, time.
    """
    never = np.iinfo(np.int64).max
    if events.empty or rows.empty:
        return np.full(len(rows), never)
    left = rows[["customer_id", "time"]].reset_index(drop=True).reset_index().sort_values("time", kind="stable")
    right = events[["customer_id", "time"]].drop_duplicates().sort_values("time").assign(found=lambda one: one["time"])
    merged = pd.merge_asof(left, right, on="time", by="customer_id", direction="forward").sort_values("index")
    found: Integers = merged["found"].fillna(-1).to_numpy(np.int64)
    exact = merged["found"].isna().to_numpy(dtype=bool)
    return np.where(exact, never, found)
