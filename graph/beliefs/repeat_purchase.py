"""Beliefs: named rules that turn evidence into an interest with weight, confidence and validity.

A belief is a function of its evidence only, never of the day on which somebody asks: another day changes the beliefs of
those who bought, and nobody else's. A belief is closed, never overwritten by a newer one.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from graph.aggregates import Integers, ShoppingDays, as_times

REPEAT_PURCHASE: Final = "repeat-purchase"
PERIOD_DAYS: Final = 28
PERIODS: Final = 6

_ABOUT = ["from_key", "to_key", "rule"]
_IDENTITY = [*_ABOUT, "valid_from"]


@dataclass(frozen=True)
class BeliefSettings:
    """What the playbook says about beliefs.

    Attributes:
        minimum_days: Shopping days in a category from which on a customer is believed to be interested.
        half_life_days: Days in which the weight of a shopping day halves.
    """

    minimum_days: int = 4
    half_life_days: float = 90.0


def repeat_purchase(days: ShoppingDays, settings: BeliefSettings) -> pd.DataFrame:
    """Whoever comes back to a category is interested in it: rows of `Customer INTERESTED_IN Category`.

    weight: shopping days up to the last one, each halved per half-life that it lies before the last.
    confidence: (k + 1) / (n + 2), Laplace's rule of succession for the chance of a purchase in a four-week period: k of
    the last n periods before the last purchase saw one. n is 6, or the whole periods since the first purchase if fewer.

    Args:
        days: Shopping days per customer and category.
        settings: Threshold and half-life.
    """
    age = days.last_day[days.pair] - days.day
    weight = np.bincount(days.pair, weights=np.exp2(-age / settings.half_life_days), minlength=len(days))
    periods = np.minimum((days.last_day - days.first_day) // PERIOD_DAYS, PERIODS)
    beliefs = pd.DataFrame(
        {
            "from_key": days.customer,
            "to_key": days.bought_key,
            "rule": REPEAT_PURCHASE,
            "valid_from": as_times(days.last_at),
            "valid_to": as_times(np.full(len(days), np.iinfo(np.int64).min)),  # the smallest integer is NaT
            "weight": weight,
            "half_life_days": settings.half_life_days,
            "confidence": (_periods_with_purchase(days, periods) + 1) / (periods + 2),
            "source": "purchases",
        }
    )
    return beliefs[days.count >= settings.minimum_days].reset_index(drop=True)


def close_beliefs(held: pd.DataFrame, believed: pd.DataFrame, newest_evidence: pd.Timestamp | None) -> pd.DataFrame:
    """All rows that the graph should hold: what is believed now, and what was, closed.

    A belief that is no longer among the believed ones ends where the next one about the same begins; without a next
    one, with the newest evidence that anybody has. Beliefs from later than that are not known yet (an earlier day is
    being decided again) and are left out.

    Args:
        held: Rows of a belief as loaded before, open and closed.
        believed: Its open rows now.
        newest_evidence: The latest time in the evidence that there is now.
    """
    if held.empty or newest_evidence is None:
        return believed
    known = held[held["valid_from"] <= newest_evidence]
    # what is believed now comes last, so that it wins over the same belief as it was held
    rows = pd.concat([known.assign(is_past=True), believed.assign(is_past=False)], ignore_index=True)
    rows = rows.drop_duplicates(_IDENTITY, keep="last").sort_values(_IDENTITY)
    next_begins = rows.groupby(_ABOUT, sort=False)["valid_from"].shift(-1)
    ends = rows["valid_to"].fillna(next_begins).fillna(newest_evidence)
    ends = ends.where(ends <= newest_evidence, newest_evidence)
    return rows.assign(valid_to=ends.where(rows["is_past"])).drop(columns="is_past").reset_index(drop=True)


def _periods_with_purchase(days: ShoppingDays, periods: Integers) -> Integers:
    """How many of each pair's periods before its last shopping day saw another one, shape (pairs,)."""
    age = days.last_day[days.pair] - days.day
    period = (age - 1) // PERIOD_DAYS  # the last day itself lies in no period: it is where they are counted from
    counted = (age >= 1) & (period < periods[days.pair])
    seen = np.unique(days.pair[counted] * PERIODS + period[counted])
    return np.asarray(np.bincount(seen // PERIODS, minlength=len(days)), dtype=np.int64)
