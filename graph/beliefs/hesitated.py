"""The belief rule `hesitated`: whoever keeps reading about shipping or returns, and does not buy, has a doubt there.

An order ends it.
"""

from typing import Final

import pandas as pd

from graph.beliefs.checkout_left import ended_by
from graph.beliefs.evidence import believed, no_beliefs, weigh
from graph.beliefs.facts import Facts
from graph.beliefs.pricing_visited import page_views
from graph.beliefs.rules import HESITATED
from graph.beliefs.visits import number_within

LEAST_VIEWS: Final = 3
WITHIN_DAYS: Final = 14
PAGES: Final = ("shipping", "returns")


def hesitated(facts: Facts) -> pd.DataFrame:
    """Rows of `Customer OBJECTS_TO Topic`, which is `shipping` or `returns`: three views within a fortnight."""
    views = pd.concat([page_views(facts, page) for page in PAGES], ignore_index=True)
    many = views[number_within(views, WITHIN_DAYS) >= LEAST_VIEWS]
    if many.empty:
        return no_beliefs()
    newest = many.groupby(["customer_id", "target"])["time"].max().rename("newest").reset_index()
    views = views.merge(newest, on=["customer_id", "target"])
    views = views[views["time"] <= views["newest"]].drop(columns="newest")
    weighed = weigh(views, facts.settings.half_life(HESITATED))
    return believed(ended_by(weighed, facts.orders), HESITATED, facts.settings, source="signals, purchases")
