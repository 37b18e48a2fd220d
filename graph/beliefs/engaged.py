"""The belief rule `engaged`: acts about a topic or category, each by its fidelity, are an interest in it.

Content read, searches, downloads, demo requests, carts, and answers to messages. Plain looks at products make no
interest in a category here: counting them is the business of `most-browsed`.
"""

import pandas as pd

from graph.beliefs.evidence import believed, no_beliefs, weigh
from graph.beliefs.facts import Facts, damped
from graph.beliefs.most_browsed import VIEWS
from graph.beliefs.rules import ENGAGED


def engaged(facts: Facts, what: str) -> pd.DataFrame:
    """Rows of `Customer INTERESTED_IN Topic`, or `… Category`.

    The weight is the sum of the acts' fidelity, the same act on one day counting less each time, each halved per
    half-life that it lies before the last: a demo request outweighs a hundred page views.

    Args:
        facts: What was observed.
        what: `Topic` or `Category`.
    """
    acts = facts.acts
    if what == "Category":
        acts = acts[~acts["name"].isin(VIEWS)]
    acts = facts.about(acts, what)
    if acts.empty:
        return no_beliefs()
    weighed = weigh(acts.assign(worth=damped(acts)), facts.settings.half_life(ENGAGED))
    return believed(weighed, ENGAGED, facts.settings, source="signals, outcomes")
