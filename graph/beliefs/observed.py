"""The belief rule `observed`: what happens in somebody's region or at their account may move them.

The topic is the kind of the observation, such as `weather`; the confidence is the source's own, and a half where the
source states none.
"""

from typing import Final

import numpy as np
import pandas as pd

from graph.beliefs.evidence import NEVER, believed, no_beliefs, weigh
from graph.beliefs.facts import Facts, moments
from graph.beliefs.rules import OBSERVED

UNSTATED: Final = 0.5
AFFECTED_BY: Final = {"region": "region", "account": "account_id"}
"""The customer's column that an observation about such a thing is compared with."""


def observed(facts: Facts) -> pd.DataFrame:
    """Rows of `Customer TRIGGERED_BY Topic`, until the newest observation's `valid_until`, where it states one."""
    names = ("observation_id", "kind", "about_kind", "about_id", "observed_at", "valid_until", "confidence")
    said = facts.table("observations", *names)
    time, until = moments(said["observed_at"]), moments(said["valid_until"])
    said = said.assign(time=time, observed=time, until=until, key="observations/" + said["observation_id"].astype(str))
    said = said[said["time"] < moments(pd.Series([facts.as_of]))[0]]
    parts = [_affected(facts, said[said["about_kind"] == kind], column) for kind, column in AFFECTED_BY.items()]
    rows = pd.concat(parts, ignore_index=True)
    if rows.empty:
        return no_beliefs()
    rows = rows.sort_values(["time", "key"]).drop_duplicates(["customer_id", "key"])
    rows = rows.assign(target=rows["kind"], worth=rows["confidence"].astype(np.float64).fillna(UNSTATED))
    pair = ["customer_id", "target"]
    newest = rows.drop_duplicates(pair, keep="last")[[*pair, "until", "worth"]]
    weighed = weigh(rows, facts.settings.half_life(OBSERVED)).merge(newest, on=pair)
    weighed = weighed.assign(ends=weighed["until"].fillna(NEVER).astype(np.int64))
    confidence = weighed["worth"].to_numpy(np.float64)
    return believed(weighed, OBSERVED, facts.settings, source="observations", confidence=confidence)


def _affected(facts: Facts, said: pd.DataFrame, column: str) -> pd.DataFrame:
    """One row per observation and customer whose column names what it is about."""
    customers = facts.table("customers", "customer_id", column).dropna().rename(columns={column: "about_id"})
    return said.merge(customers, on="about_id")
