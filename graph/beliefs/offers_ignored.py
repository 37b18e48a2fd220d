"""The belief rule `offers-ignored`: offers of a kind keep coming, none is used, and purchases at full price go on.

An offer counts as unused 14 days after it was sent, which is when that becomes evidence.
"""

from typing import Final

import numpy as np
import pandas as pd

from graph.beliefs.evidence import MICROSECONDS_PER_DAY, believed, no_beliefs, weigh, weighed_against
from graph.beliefs.facts import Facts
from graph.beliefs.rules import OFFERS_IGNORED

TOPICS: Final = {
    "discount": "discounts",
    "reward": "rewards",
    "shipping": "free-shipping",
    "value_add": "extras",
    "bundle": "bundles",
}
"""The topic that somebody objects to who ignores offers of a kind."""

UNUSED_DAYS: Final = 14
LEAST_OFFERS: Final = 3
LEAST_ORDERS: Final = 2
WORTH: Final = 0.25
_PAIR: Final = ["customer_id", "target"]


def offers_ignored(facts: Facts) -> pd.DataFrame:
    """Rows of `Customer OBJECTS_TO Topic`: three offers or more unused, none used, two orders since at full price.

    Evidence are the unused offers and the orders at full price since the first of them. An order is at full price when
    the discount of all its lines is known and nothing. Tally: those of all orders whose discount is known.
    """
    unused, used = _offers(facts)
    unused = unused.merge(used[_PAIR].drop_duplicates(), on=_PAIR, how="left", indicator=True)
    unused = unused[(unused["_merge"] == "left_only")].drop(columns="_merge")
    unused = unused[unused.groupby(_PAIR)["key"].transform("size") >= LEAST_OFFERS]
    if unused.empty:
        return no_beliefs()
    since = unused.groupby(_PAIR)["sent"].min().rename("since").reset_index()
    orders = _orders(facts, since["customer_id"]).merge(since, on="customer_id")
    orders = orders[orders["time"] > orders["since"]]
    tally = orders.groupby(_PAIR).agg(full=("is_full", "sum"), orders=("is_full", "size")).reset_index()
    full = orders[orders["is_full"]]
    columns = [*_PAIR, "time", "observed", "key"]
    evidence = pd.concat([unused[columns], full[columns]], ignore_index=True).assign(worth=WORTH)
    half_life = facts.settings.half_life(OFFERS_IGNORED)
    weighed = weigh(evidence, half_life).merge(tally, on=_PAIR)
    weighed = weighed_against(weighed[weighed["full"] >= LEAST_ORDERS], orders[[*_PAIR, "time", "observed"]], half_life)
    return believed(
        weighed,
        OFFERS_IGNORED,
        facts.settings,
        source="touches, outcomes, purchases",
        tally=weighed["full"].to_numpy(np.float64),
        occasions=weighed["orders"].to_numpy(np.float64),
    )


def _offers(facts: Facts) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Touches that carried an offer and are known as unused, and those that were used; target is the topic."""
    kinds = facts.table("offers", "offer_id", "kind").dropna().drop_duplicates("offer_id")
    carries = facts.table("assets", "asset_id", "offer_id").dropna().drop_duplicates()
    carries = carries.merge(kinds, on="offer_id")[["asset_id", "kind"]].drop_duplicates()
    sent = facts.touches.merge(carries, on="asset_id").assign(target=lambda one: one["kind"].map(TOPICS))
    redeemed = facts.outcomes[facts.outcomes["name"].isin(["redeemed", "converted"])]
    is_used = sent["touch_id"].isin(redeemed["touch_id"].dropna())
    by_asset = redeemed[redeemed["touch_id"].isna()].groupby(["customer_id", "asset_id"]).size()
    pairs = pd.MultiIndex.from_frame(sent[["customer_id", "asset_id"]])
    is_used |= pd.Series(pairs.isin(by_asset.index), index=sent.index)
    known = sent["time"] + UNUSED_DAYS * MICROSECONDS_PER_DAY
    is_over = known < pd.Timestamp(facts.as_of).value // 1_000
    unused = sent[~is_used & is_over].assign(sent=sent["time"], time=known, observed=known)
    return unused, sent[is_used]


def _orders(facts: Facts, customers: pd.Series) -> pd.DataFrame:
    """Orders of these customers whose discount is known: customer_id, time, observed, key (a line's), is_full."""
    sales = facts.purchases[(facts.purchases["kind"] == "sale") & facts.purchases["discount"].notna()]
    sales = sales[sales["customer_id"].isin(customers)]
    sales = sales.assign(
        key="purchases/" + sales["order_id"].astype(str) + "/" + sales["line"].astype(str),
        discount=sales["discount"].astype(np.float64).abs(),
    )
    orders = (
        sales.sort_values("key")
        .groupby(["customer_id", "order_id"])
        .agg(time=("time", "max"), observed=("observed", "max"), key=("key", "first"), discount=("discount", "sum"))
    )
    return orders.reset_index().assign(is_full=lambda one: one["discount"] <= 0)
