"""The belief rule `pricing-visited`: whoever looks at prices three times within a fortnight is about to decide."""

from typing import Final

import pandas as pd

from graph.beliefs.evidence import believed, no_beliefs, weigh
from graph.beliefs.facts import Facts
from graph.beliefs.fidelity import PAGES
from graph.beliefs.rules import PRICING_VISITED
from graph.beliefs.visits import number_within

LEAST_VISITS: Final = 3
WITHIN_DAYS: Final = 14
TOPIC: Final = "pricing"


def pricing_visited(facts: Facts) -> pd.DataFrame:
    """Rows of `Customer TRIGGERED_BY Topic`, which is `pricing`.

    Evidence are the views up to the newest one that was the third within a fortnight.
    """
    views = page_views(facts, TOPIC)
    third = views[number_within(views, WITHIN_DAYS) >= LEAST_VISITS]
    if third.empty:
        return no_beliefs()
    newest = third.groupby("customer_id")["time"].max()
    views = views[views["time"] <= views["customer_id"].map(newest).fillna(-1)]
    weighed = weigh(views, facts.settings.half_life(PRICING_VISITED))
    return believed(weighed, PRICING_VISITED, facts.settings, source="signals")


def page_views(facts: Facts, page: str) -> pd.DataFrame:
    """Views of a page that has a name of its own (`fidelity.PAGES`), about the topic of that page."""
    views = facts.signals[facts.signals["name"] == PAGES[page]]
    return views.assign(target=page).reset_index(drop=True)
