"""Whom a uniform rule would write to, and whom the customers' own rhythms would: judged by what they then bought.

Two rules that are in use everywhere: "write after 30 days without a purchase", and "who opened three in a row gets
more". Each is set beside the individual rule for the same purpose, and beside as many customers or pairs as it chooses
itself, picked by the calibrated chance. Nothing here says what a message would change; it says who is chosen when.
"""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.cadence.purchase_lines import Flags
from forecasting.cadence.shopping_days import Positions, ShoppingDays
from forecasting.inputs import moment, utc_times
from forecasting.values import Floats, Keys

SILENT_DAYS = 30
WEEK_DAYS = 7
OPENS_IN_A_ROW = 3


def silent_for_30_days(before: ShoppingDays, origin: int) -> Flags:
    """Pairs that the uniform rule writes to in the week that begins at the origin: their 30 days end in it."""
    silent = origin - before.day[before.starts[1:] - 1]
    return np.asarray((silent > SILENT_DAYS - WEEK_DAYS) & (silent <= SILENT_DAYS), dtype=bool)


def highest(chances: Floats, number: int, among: Flags) -> Flags:
    """So many of those `among`, with the highest chances; ties go to the first."""
    order = np.flatnonzero(among)[np.argsort(-chances[among], kind="stable")]
    chosen = np.zeros(len(chances), dtype=bool)
    chosen[order[:number]] = True
    return chosen


def opened_in_a_row(tables: Mapping[str, pd.DataFrame], origin: datetime) -> Keys | None:
    """Customers whose last three touches before the origin were all opened by then; None where nobody records opens."""
    touches, outcomes = tables.get("touches"), tables.get("outcomes")
    if touches is None or outcomes is None or touches.empty or not {"touch_id", "name"} <= set(outcomes.columns):
        return None
    now = moment(origin)
    opened = outcomes.loc[
        (outcomes["name"] == "opened").to_numpy(dtype=bool) & (utc_times(outcomes, "outcomes", "occurred_at") < now),
        "touch_id",
    ]
    if opened.empty:
        return None
    sent = touches.loc[utc_times(touches, "touches", "sent_at") < now, ["touch_id", "customer_id", "sent_at"]]
    latest = sent.sort_values(["customer_id", "sent_at", "touch_id"], kind="stable").groupby("customer_id")
    last = latest.tail(OPENS_IN_A_ROW)
    is_open = last["touch_id"].isin(opened)
    counts = is_open.groupby(last["customer_id"]).sum()
    return np.asarray(counts.index[counts == OPENS_IN_A_ROW], dtype=object)


def chance_of_anything(pair_customer: Positions, chances: Floats, customers: int) -> Floats:
    """Chance that a customer buys of any category, taking categories as independent; shape (customers,)."""
    none = np.bincount(pair_customer, np.log1p(-np.minimum(chances, 1 - 1e-12)), minlength=customers)
    return np.asarray(-np.expm1(none), dtype=np.float64)
