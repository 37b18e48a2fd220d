"""The belief rule `repeat-purchase`: whoever comes back to a category is interested in it.

A piece of evidence is a shopping day: a local date with a sale of quantity and value above zero. Confidence rests on
the customer's own returns: after how many of the earlier shopping days the next one followed within 28 days.
"""

import numpy as np
import pandas as pd

from graph.beliefs.evidence import believed, no_beliefs, weigh
from graph.beliefs.facts import Facts
from graph.beliefs.rules import REPEAT_PURCHASE


def repeat_purchase(facts: Facts) -> pd.DataFrame:
    """Rows of `Customer INTERESTED_IN Category` from the playbook's number of shopping days on.

    The weight is the number of shopping days, each halved per half-life that it lies before the last.
    """
    days = _shopping_days(facts)
    number = days.groupby(["customer_id", "target"], observed=True)["day"].transform("size")
    days = days[number >= facts.settings.minimum_days]
    if days.empty:
        return no_beliefs()
    days = days.assign(
        key="purchases/" + days["order_id"].astype(str) + "/" + days["line"].astype(str),
        customer_id=days["customer_id"].astype(object),
        target=days["target"].astype(object),
        worth=1.0,
    )
    weighed = weigh(days, facts.settings.half_life(REPEAT_PURCHASE))
    return believed(weighed, REPEAT_PURCHASE, facts.settings, source="purchases")


def _shopping_days(facts: Facts) -> pd.DataFrame:
    """The last line of each customer, category and shopping day."""
    lines = facts.purchases
    is_shopping = (
        (lines["kind"] == "sale")
        & (lines["net_value"].astype(np.float64) > 0)
        & (lines["quantity"].astype(np.float64) > 0)
        & lines["category_id"].notna()
    )
    lines = lines.loc[is_shopping, ["customer_id", "category_id", "time", "observed", "order_id", "line"]]
    lines = lines.rename(columns={"category_id": "target"})
    lines = lines.assign(
        day=facts.local_days(lines["time"]),
        # numbers in the texts' order: a million texts are slow to group and to sort
        **{name: lines[name].astype("category") for name in ("customer_id", "target", "order_id", "line")},
    )
    ordered = lines.sort_values(["time", "order_id", "line"])
    pair = ["customer_id", "target", "day"]
    observed = ordered.groupby(pair, observed=True)["observed"].transform("max")
    return ordered.assign(observed=observed).drop_duplicates(pair, keep="last").reset_index(drop=True)
