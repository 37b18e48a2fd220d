"""The belief rule `returning-visitor`: the third visit about the same or a similar topic within four weeks."""

from typing import Final

import numpy as np
import pandas as pd

from graph.beliefs.chosen_most import visits_about
from graph.beliefs.evidence import believed, no_beliefs, weigh
from graph.beliefs.facts import Facts
from graph.beliefs.rules import RETURNING_VISITOR
from graph.beliefs.visits import number_within

LEAST_VISITS: Final = 3
WITHIN_DAYS: Final = 28
LEAST_SIMILARITY: Final = 0.5


def returning_visitor(facts: Facts) -> pd.DataFrame:
    """Rows of `Customer TRIGGERED_BY Topic`, for topics visited themselves.

    A visit about a similar topic counts by its similarity. Evidence are the visits up to the newest one that was the
    third within four weeks.
    """
    acts = facts.about(facts.signals, "Topic")
    if acts.empty:
        return no_beliefs()
    visits = _with_similar(visits_about(acts), facts.similar_topics)
    third = visits[(number_within(visits, WITHIN_DAYS) >= LEAST_VISITS)]
    pair = ["customer_id", "target"]
    newest = third.groupby(pair)["time"].max().rename("newest").reset_index()
    visits = visits.merge(newest, on=pair)
    visits = visits[visits["time"] <= visits["newest"]].drop(columns="newest")
    if visits.empty:
        return no_beliefs()
    weighed = weigh(visits, facts.settings.half_life(RETURNING_VISITOR))
    return believed(weighed, RETURNING_VISITOR, facts.settings, source="signals")


def _with_similar(visits: pd.DataFrame, similar: pd.DataFrame) -> pd.DataFrame:
    """The visits, and again under each similar topic that the customer visited too, worth less."""
    near = similar[similar["similarity"] >= LEAST_SIMILARITY]
    if near.empty:
        return visits
    near = near[["from_key", "to_key", "similarity"]].rename(columns={"from_key": "target", "to_key": "other"})
    moved = visits.merge(near, on="target")
    moved = moved.assign(worth=moved["worth"] * moved["similarity"], target=moved["other"])
    own = visits[["customer_id", "target"]].drop_duplicates()
    moved = moved.merge(own, on=["customer_id", "target"])[visits.columns]
    both = pd.concat([visits, moved], ignore_index=True)
    # of visits worth the same, the latest counts, and of one moment the first by key: whatever the order of the rows
    both = both.sort_values(["worth", "time", "key"], ascending=[False, False, True])
    both = both.drop_duplicates(["customer_id", "target", "session"])
    return both.iloc[np.argsort(both.index.to_numpy(), kind="stable")].reset_index(drop=True)
