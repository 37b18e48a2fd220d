"""The belief rule `chosen-most`: what somebody turns to on most of their visits is what they prefer."""

from typing import Final

import numpy as np
import pandas as pd

from graph.beliefs.evidence import believed, no_beliefs, weigh, weighed_against
from graph.beliefs.facts import Facts
from graph.beliefs.rules import CHOSEN_MOST

LEAST_FIDELITY: Final = 0.05
"""Acts below it do not choose anything."""
LEAST_VISITS: Final = 3
LEAST_SHARE: Final = 0.5


def chosen_most(facts: Facts, what: str) -> pd.DataFrame:
    """Rows of `Customer PREFERS Topic`, or `… Category`: at least three visits, and at least half of all, are about it.

    A piece of evidence is a visit: a session, a day without one, or a message answered. Its worth is the highest
    fidelity of its acts about the target, at least a tenth.

    Args:
        facts: What was observed.
        what: `Topic` or `Category`.
    """
    acts = facts.acts
    acts = facts.about(acts[acts["fidelity"].to_numpy(np.float64) >= LEAST_FIDELITY], what)
    if acts.empty:
        return no_beliefs()
    visits = visits_about(acts)
    number = visits.drop_duplicates(["customer_id", "session"]).groupby("customer_id").size()
    half_life = facts.settings.half_life(CHOSEN_MOST)
    weighed = weighed_against(weigh(visits, half_life), visits[["customer_id", "time", "observed"]], half_life)
    about = weighed["pieces"].to_numpy(np.float64)
    of_all = np.asarray(weighed["customer_id"].map(number), dtype=np.float64)
    is_preferred = (about >= LEAST_VISITS) & (about >= LEAST_SHARE * of_all)
    return believed(
        weighed[is_preferred],
        CHOSEN_MOST,
        facts.settings,
        source="signals, outcomes",
        tally=about[is_preferred],
        occasions=of_all[is_preferred],
    )


def visits_about(acts: pd.DataFrame) -> pd.DataFrame:
    """One row per customer, target and visit: its last act, with the highest worth of all of them."""
    visit = ["customer_id", "target", "session"]
    best = acts.groupby(visit)["fidelity"].transform("max")
    observed = acts.groupby(visit)["observed"].transform("max")
    acts = acts.assign(worth=np.maximum(best, 0.1), observed=observed)
    return acts.sort_values(["time", "key"]).drop_duplicates(visit, keep="last").reset_index(drop=True)
