"""Carts: what customers put into them and have neither taken out nor ordered since, and what had brought them."""

from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

ADDED: Final = "Product Added"
REMOVED: Final = "Product Removed"
ORDERED: Final = "Order Completed"
COLUMNS: Final = ["from_key", "to_key", "quantity", "added_at", "came_for", "campaign_id"]
_PAIR: Final = ["customer_id", "product_id"]
_VISIT: Final = ["customer_id", "session_id"]


def carts(signals: pd.DataFrame | None, purchases: pd.DataFrame, *, as_of: datetime) -> pd.DataFrame:
    """Rows of `Customer HAS_IN_CART Product`, from the signals in Segment's words.

    `Product Added` and `Product Removed` count `value` units, else the `quantity` of their properties; without either,
    one is added and all are removed. `Order Completed` and every sale empty the whole cart, up to their very moment.
    `came_for` is the topic of the campaign's signal (such as a click on a search ad) that led to the visit in which the
    product was added last, `campaign_id` its campaign; both are missing without one.

    Args:
        signals: The canonical table; those without customer or product fill no cart.
        purchases: The canonical table.
        as_of: Nothing that happened at or after it counts.
    """
    if signals is None or signals.empty:
        return pd.DataFrame(columns=COLUMNS)
    now = pd.Timestamp(as_of)
    seen = signals[(signals["occurred_at"] < now) & signals["customer_id"].notna()]
    events = seen[seen["name"].isin((ADDED, REMOVED)) & seen["product_id"].notna()]
    if events.empty:
        return pd.DataFrame(columns=COLUMNS)
    emptied = _last_emptied(seen, purchases[purchases["occurred_at"] < now])
    events = events.assign(
        units=_units(events), is_removal=events["name"] == REMOVED, emptied_at=events["customer_id"].map(emptied)
    )
    events = events[events["emptied_at"].isna() | (events["occurred_at"] > events["emptied_at"])]
    events = events.sort_values([*_PAIR, "occurred_at", "is_removal", "signal_id"], ignore_index=True)
    events = events[~_was_taken_out_later(events)]
    events = events.assign(units=events["units"].fillna(1.0) * np.where(events["is_removal"], -1.0, 1.0))
    return _with_leads(_contents(events), events, seen)


def _last_emptied(signals: pd.DataFrame, purchases: pd.DataFrame) -> "pd.Series[pd.Timestamp]":
    """When each customer's cart was emptied last."""
    orders = signals.loc[signals["name"] == ORDERED, ["customer_id", "occurred_at"]]
    sales = purchases.loc[purchases["kind"] == "sale", ["customer_id", "occurred_at"]]
    both = pd.concat([part for part in (orders, sales) if len(part)] or [orders])
    latest: pd.Series[pd.Timestamp] = both.groupby("customer_id")["occurred_at"].max()
    return latest


def _units(events: pd.DataFrame) -> "pd.Series[float]":
    """How many units an event names, missing when it names none; none is below zero."""
    units = events["value"].astype(float) if "value" in events.columns else pd.Series(np.nan, index=events.index)
    if "properties" in events.columns:
        stated = events["properties"].astype("string").str.extract(r'"quantity"\s*:\s*"?([0-9]+(?:\.[0-9]+)?)')[0]
        units = units.fillna(pd.to_numeric(stated).astype(float))
    return units.where(units >= 0)


def _was_taken_out_later(events: pd.DataFrame) -> "pd.Series[bool]":
    """Events up to the last one that takes all of its product out, that one included; events are in order."""
    is_last_word = events["is_removal"] & events["units"].isna()
    to_come: pd.Series[bool] = is_last_word[::-1].groupby([events[name] for name in _PAIR]).cummax()[::-1]
    return to_come


def _contents(events: pd.DataFrame) -> pd.DataFrame:
    """What is left per customer and product when a cart never holds less than nothing."""
    grouped = events.groupby(_PAIR, sort=True)
    sums = grouped["units"].cumsum()
    # running sum with a floor at zero: the sum less the lowest point that it ever came to below zero
    lowest = sums.groupby([events[name] for name in _PAIR]).cummin().clip(upper=0.0)
    added = events[~events["is_removal"]].groupby(_PAIR)["occurred_at"].max()
    left = events.assign(quantity=sums - lowest).groupby(_PAIR)["quantity"].last()
    found = pd.concat([left, added.rename("added_at")], axis="columns").reset_index()
    return found[(found["quantity"] > 0) & found["added_at"].notna()]


def _with_leads(found: pd.DataFrame, events: pd.DataFrame, seen: pd.DataFrame) -> pd.DataFrame:
    """The rows with the topic and the campaign that led to the visit in which each product was added last."""
    needed = {*_VISIT, "topic", "campaign_id", "occurred_at", "signal_id"}
    leads = seen.head(0).reindex(columns=sorted(needed))
    if needed <= set(seen.columns):
        leads = seen[seen["campaign_id"].notna() & seen["topic"].notna() & seen["session_id"].notna()]
    if leads.empty:
        found = found.assign(came_for=None, campaign_id=None)
    else:
        visits = events[~events["is_removal"]].sort_values(["occurred_at", "signal_id"])
        visits = visits.drop_duplicates(_PAIR, keep="last")[[*_PAIR, "session_id"]]
        leads = leads.sort_values(["occurred_at", "signal_id"]).drop_duplicates(_VISIT, keep="last")
        leads = leads[[*_VISIT, "topic", "campaign_id"]].rename(columns={"topic": "came_for"})
        # a visit without a session's key was led to by nothing that is known
        visits = visits[visits["session_id"].notna()].merge(leads, on=_VISIT)
        found = found.merge(visits.drop(columns="session_id"), on=_PAIR, how="left")
    names = {"customer_id": "from_key", "product_id": "to_key"}
    return found.rename(columns=names)[COLUMNS].reset_index(drop=True)
