"""The belief rule `most-browsed`: whoever keeps looking at a category is interested in it.

It speaks softly where purchases speak: plays that ask for bought categories ignore it for customers with a history.
"""

from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from graph.aggregates import as_times
from graph.beliefs.repeat_purchase import BeliefSettings

MOST_BROWSED: Final = "most-browsed"
VIEWS: Final = ("Product Viewed", "Product Clicked", "Product List Viewed")
MINIMUM_VIEWS: Final = 3

_MICROSECONDS_PER_DAY = 86_400_000_000


def most_browsed(
    signals: pd.DataFrame | None, products: pd.DataFrame, settings: BeliefSettings, *, as_of: datetime
) -> pd.DataFrame:
    """Rows of `Customer INTERESTED_IN Category` for categories that a known customer has viewed three times or more.

    weight: views up to the last one, each halved per half-life that it lies before the last.
    confidence: (v + 1) / (n + 2), Laplace's rule of succession for the share v of the customer's n views.

    Args:
        signals: customer_id, name, product_id, occurred_at; None or empty for none.
        products: product_id, category_id.
        settings: Half-life of the weight.
        as_of: Views at or after it are not looked at.
    """
    if signals is None:
        return pd.DataFrame()
    is_view = signals["name"].isin(VIEWS) & signals["customer_id"].notna() & (signals["occurred_at"] < as_of)
    views = signals[is_view].merge(products[["product_id", "category_id"]].dropna(), on="product_id")
    if views.empty:
        return pd.DataFrame()
    times = views["occurred_at"].to_numpy(dtype="datetime64[us]").astype(np.int64)
    views = views.assign(time=times, total=views.groupby("customer_id")["category_id"].transform("size"))
    pairs = views.groupby(["customer_id", "category_id"])
    age_days = (pairs["time"].transform("max") - views["time"]) / _MICROSECONDS_PER_DAY
    views = views.assign(weight=np.exp2(-age_days / settings.half_life_days))
    found = (
        # in order of time, so that the sum of weights has the same bits whatever the order of the rows
        views.sort_values(["customer_id", "category_id", "time"])
        .groupby(["customer_id", "category_id"])
        .agg(weight=("weight", "sum"), last=("time", "max"), views=("time", "size"), total=("total", "first"))
        .reset_index()
    )
    found = found[found["views"] >= MINIMUM_VIEWS].reset_index(drop=True)
    return pd.DataFrame(
        {
            "from_key": found["customer_id"],
            "to_key": found["category_id"],
            "rule": MOST_BROWSED,
            "valid_from": as_times(found["last"].to_numpy(dtype=np.int64)),
            "valid_to": as_times(np.full(len(found), np.iinfo(np.int64).min)),
            "weight": found["weight"],
            "half_life_days": settings.half_life_days,
            "confidence": (found["views"] + 1) / (found["total"] + 2),
            "source": "signals",
        }
    )
