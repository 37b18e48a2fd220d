"""The belief rule `most-browsed`: whoever keeps looking at a category is interested in it.

It speaks softly where purchases speak: plays that ask for bought categories ignore it for customers with a history.
"""

from typing import Final

import numpy as np
import pandas as pd

from graph.beliefs.evidence import believed, no_beliefs, weigh
from graph.beliefs.facts import Facts
from graph.beliefs.rules import MOST_BROWSED

VIEWS: Final = ("Product Viewed", "Product Clicked", "Product List Viewed")
MINIMUM_VIEWS: Final = 3


def most_browsed(facts: Facts) -> pd.DataFrame:
    """Rows of `Customer INTERESTED_IN Category` for categories viewed three times or more.

    The weight is the number of views, those of one day counting less each (in full, half, a third, …), each halved per
    half-life that it lies before the last.
    """
    views = facts.signals[facts.signals["name"].isin(VIEWS)]
    views = facts.about(views, "Category")
    if views.empty:
        return no_beliefs()
    # every view counts alike, whatever its fidelity: here the number of looks is the point
    day = views.sort_values(["time", "key"], ascending=False).groupby(["customer_id", "target", "day"])
    views = views.assign(worth=1.0 / (day.cumcount() + 1).reindex(views.index))
    weighed = weigh(views, facts.settings.half_life(MOST_BROWSED))
    weighed = weighed[weighed["pieces"].to_numpy(np.int64) >= MINIMUM_VIEWS]
    return believed(weighed, MOST_BROWSED, facts.settings, source="signals")
