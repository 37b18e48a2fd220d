"""The belief rule `checkout-left`: whoever starts a checkout and does not order has something on their mind.

Silence is evidence: four hours without an order make it known. An order ends it, whenever it comes.
"""

from typing import Final

import numpy as np
import pandas as pd

from graph.beliefs.evidence import believed, no_beliefs, weigh
from graph.beliefs.facts import MICROSECONDS_PER_HOUR, Facts
from graph.beliefs.rules import CHECKOUT_LEFT
from graph.beliefs.visits import next_after

CHECKOUT: Final = ("Checkout Started", "Checkout Step Completed", "Payment Info Entered")
IN_THE_CART: Final = ("Product Added", "Product Viewed", *CHECKOUT)
ORDER_HOURS: Final = 4
TOPIC: Final = "checkout"


def checkout_left(facts: Facts, what: str) -> pd.DataFrame:
    """Rows of `Customer TRIGGERED_BY Topic`, always `checkout`, or `… Category`: those of the session's products.

    Args:
        facts: What was observed.
        what: `Topic` or `Category`.
    """
    signals = facts.signals[facts.signals["name"].isin(CHECKOUT)]
    last = signals.sort_values(["time", "key"]).drop_duplicates(["customer_id", "session"], keep="last")
    last = last.assign(ordered=next_after(last, facts.orders), known=last["time"] + ORDER_HOURS * MICROSECONDS_PER_HOUR)
    now = pd.Timestamp(facts.as_of).value // 1_000
    left = last[(last["ordered"] > last["known"]) & (last["known"] < now)]
    left = left.assign(time=left["known"], observed=np.maximum(left["observed"], left["known"]))
    left = left.assign(target=TOPIC) if what == "Topic" else _with_categories(facts, left)
    if left.empty:
        return no_beliefs()
    weighed = weigh(left, facts.settings.half_life(CHECKOUT_LEFT))
    return believed(ended_by(weighed, facts.orders), CHECKOUT_LEFT, facts.settings, source="signals, purchases")


def ended_by(weighed: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """The same with `ends`: the first of the customer's events after the newest evidence, if there is one."""
    found = next_after(weighed.rename(columns={"newest": "time"}), events)
    return weighed.assign(ends=np.where(found == np.iinfo(np.int64).max, np.iinfo(np.int64).min, found))


def _with_categories(facts: Facts, left: pd.DataFrame) -> pd.DataFrame:
    """One row per checkout and category of a product that was seen in its session."""
    seen = facts.signals[facts.signals["name"].isin(IN_THE_CART)]
    seen = facts.about(seen, "Category")[["customer_id", "session", "target"]].drop_duplicates()
    return left.merge(seen, on=["customer_id", "session"])
