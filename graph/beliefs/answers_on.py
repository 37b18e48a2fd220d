"""The belief rule `answers-on`: the channel on which somebody answers most of what is sent is the one they prefer.

An answer is a click, a reply, a redemption or a conversion within 14 days of the touch. A touch counts once it is
answered or those days are over: silence is evidence too, and it takes that long to be known.
"""

from typing import Final

import numpy as np
import pandas as pd

from graph.beliefs.evidence import MICROSECONDS_PER_DAY, believed, no_beliefs, weigh, weighed_against
from graph.beliefs.facts import Facts
from graph.beliefs.rules import ANSWERS_ON

ANSWER_DAYS: Final = 14
LEAST_ANSWERS: Final = 2


def answers_on(facts: Facts) -> pd.DataFrame:
    """Rows of `Customer PREFERS Channel`: two answers or more, and no channel with a higher share of answers."""
    sent = answered_touches(facts)
    sent = sent[sent["channel_id"].isin(facts.table("channels", "channel_id")["channel_id"])]
    if sent.empty:
        return no_beliefs()
    pair = ["customer_id", "target"]
    counts = sent.groupby(pair).agg(answers=("is_answered", "sum"), touches=("is_answered", "size")).reset_index()
    counts["share"] = (counts["answers"] + 1) / (counts["touches"] + 2)
    is_best = counts["share"] >= counts.groupby("customer_id")["share"].transform("max")
    counts = counts[is_best & (counts["answers"] >= LEAST_ANSWERS)]
    half_life = facts.settings.half_life(ANSWERS_ON)
    weighed = weigh(sent[sent["is_answered"]], half_life).merge(counts, on=pair)
    weighed = weighed_against(weighed, sent[~sent["is_answered"]], half_life)
    return believed(
        weighed,
        ANSWERS_ON,
        facts.settings,
        source="touches, outcomes",
        tally=weighed["answers"].to_numpy(np.float64),
        occasions=weighed["touches"].to_numpy(np.float64),
    )


def answered_touches(facts: Facts) -> pd.DataFrame:
    """Touches that are answered or old enough to be known as unanswered.

    Returns:
        The touches' columns, sent, target (the channel), is_answered, worth; time, observed and key of the answer,
        of a silence the time from which on it is known.
    """
    answers = facts.outcomes[facts.outcomes["worth"].notna() & facts.outcomes["touch_id"].notna()]
    answers = answers.sort_values(["time", "key"]).drop_duplicates("touch_id")
    sent = facts.touches.rename(columns={"time": "sent"})[["customer_id", "touch_id", "channel_id", "asset_id", "sent"]]
    sent = sent.merge(answers[["touch_id", "time", "observed", "key"]], on="touch_id", how="left")
    waited = sent["sent"] + ANSWER_DAYS * MICROSECONDS_PER_DAY
    sent["is_answered"] = sent["time"].notna() & (sent["time"] <= waited)
    now = pd.Timestamp(facts.as_of).value // 1_000
    sent = sent[sent["is_answered"] | (waited < now)]
    for name in ("time", "observed"):
        sent[name] = sent[name].where(sent["is_answered"], waited).astype(np.int64)
    return sent.assign(target=sent["channel_id"], worth=1.0).reset_index(drop=True)
