"""The belief rule `refused`: who unsubscribes from a message, or complains about it, objects to what it was about."""

from typing import Final

import numpy as np
import pandas as pd

from graph.beliefs.evidence import believed, no_beliefs, weigh, weighed_against
from graph.beliefs.facts import Facts
from graph.beliefs.rules import REFUSED
from lake.refusals import REFUSING

WITHOUT_SUBJECT: Final = "messages"
"""The topic of a message that says nothing of what it is about."""


def refused(facts: Facts, what: str) -> pd.DataFrame:
    """Rows of `Customer OBJECTS_TO Topic`, or `… Category`.

    Tally: of the customer's answers to messages about it, how many were refusals.

    Args:
        facts: What was observed.
        what: `Topic` or `Category`.
    """
    said = facts.outcomes
    said = said[said["name"].isin(REFUSING) | said["worth"].notna()]
    about = facts.about(said, what)
    if what == "Topic":
        is_about = said["key"].isin(about["key"]) | said["key"].isin(facts.about(said, "Category")["key"])
        about = pd.concat([about, said[~is_about].assign(target=WITHOUT_SUBJECT)], ignore_index=True)
    is_refusal = about["name"].isin(REFUSING)
    refusals = about[is_refusal].assign(worth=1.0)
    if refusals.empty:
        return no_beliefs()
    pair = ["customer_id", "target"]
    half_life, contrary = facts.settings.half_life(REFUSED), about[~is_refusal]
    answers = contrary.groupby(pair).size().rename("answers").reset_index()
    weighed = weigh(refusals, half_life).merge(answers, on=pair, how="left")
    weighed = weighed_against(weighed, contrary[[*pair, "time", "observed"]], half_life)
    number = weighed["pieces"].to_numpy(np.float64)
    return believed(
        weighed,
        REFUSED,
        facts.settings,
        source="touches, outcomes",
        tally=number,
        occasions=number + weighed["answers"].fillna(0).to_numpy(np.float64),
    )
