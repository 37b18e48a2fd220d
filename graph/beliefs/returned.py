"""The belief rule `returned`: who sends back what they buy in a category objects to something about it."""

from typing import Final

import numpy as np
import pandas as pd

from graph.beliefs.evidence import believed, no_beliefs, weigh, weighed_against
from graph.beliefs.facts import Facts
from graph.beliefs.rules import RETURNED

LEAST_RETURNS: Final = 2
LEAST_SHARE: Final = 0.3


def returned(facts: Facts) -> pd.DataFrame:
    """Rows of `Customer OBJECTS_TO Category`: two returns or more, and of at least three in ten orders there.

    A piece of evidence is an order that was sent back, in whole or in part: the order that a return names, or the
    return itself. Tally: those of all orders with something of the category.
    """
    lines = facts.purchases[facts.purchases["category_id"].notna()].rename(columns={"category_id": "target"})
    pair = ["customer_id", "target"]
    raw = facts.table("purchases", "order_id", "line", "original_order_id")
    back = lines[lines["kind"] == "return"].merge(raw, on=["order_id", "line"])
    back = back.assign(
        of_order=back["original_order_id"].where(back["original_order_id"].notna(), back["order_id"]),
        key="purchases/" + back["order_id"].astype(str) + "/" + back["line"].astype(str),
        worth=0.5,
    )
    back = back.sort_values(["time", "key"]).drop_duplicates([*pair, "of_order"], keep="last")
    if back.empty:
        return no_beliefs()
    half_life, sales = facts.settings.half_life(RETURNED), lines[lines["kind"] == "sale"]
    orders = sales.groupby(pair)["order_id"].nunique().rename("orders").reset_index()
    weighed = weigh(back, half_life).merge(orders, on=pair, how="left")
    weighed = weighed_against(weighed, sales[[*pair, "time", "observed"]], half_life)
    number = weighed["pieces"].to_numpy(np.float64)
    occasions = np.maximum(weighed["orders"].fillna(0).to_numpy(np.float64), number)
    is_enough = (number >= LEAST_RETURNS) & (number >= LEAST_SHARE * occasions)
    return believed(
        weighed[is_enough],
        RETURNED,
        facts.settings,
        source="purchases",
        tally=number[is_enough],
        occasions=occasions[is_enough],
    )
