"""From pieces of evidence to beliefs: weight, tally, validity and the keys of what they rest on.

Evidence is a table with a row per piece: `customer_id`, `target` (key of what it is about), `time` and `observed`
(microseconds since 1970: when it happened, when we learnt of it), `worth` (0 to 1, what it counts) and `key`, which
names it, such as `signals/<signal_id>`. A piece that says the same twice stands in it once.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from graph.aggregates import as_times
from graph.beliefs.rules import RULES
from graph.beliefs.settings import BeliefSettings

Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]

MICROSECONDS_PER_DAY: Final = 86_400_000_000
MOST_KEYS: Final = 5
AGAIN_DAYS: Final = 28
"""Two days of evidence no further apart than this are a return."""

COLUMNS: Final = [
    "from_key",
    "to_key",
    "rule",
    "valid_from",
    "valid_to",
    "observed_at",
    "weight",
    "half_life_days",
    "confidence",
    "source",
    "evidence",
]


def no_beliefs() -> pd.DataFrame:
    """Beliefs of nobody."""
    times = dict.fromkeys(("valid_from", "valid_to", "observed_at"), "datetime64[us, UTC]")
    numbers = dict.fromkeys(("weight", "half_life_days", "confidence"), "float64")
    return pd.DataFrame({name: pd.Series(dtype=(times | numbers).get(name, object)) for name in COLUMNS})


def weigh(evidence: pd.DataFrame, half_life_days: float) -> pd.DataFrame:
    """One row per customer and target, in that order, whatever the order of the evidence.

    Args:
        evidence: As the module says; a column `day` (local date, days since 1970) counts returns by it instead of by
            the UTC date.
        half_life_days: Days in which worth halves.

    Returns:
        customer_id, target, weight (at `newest`), newest and observed (microseconds), pieces, returns (of `gaps`
        between days with evidence, how many were no longer than AGAIN_DAYS), gaps, evidence (newest keys first).
    """
    evidence = _in_order(evidence)
    if evidence.empty:
        return evidence.assign(weight=0.0, newest=0, pieces=0, returns=0, gaps=0, evidence=None)
    time, day = evidence["time"].to_numpy(np.int64), _days(evidence)
    starts = np.flatnonzero(_begins(evidence["pair"].to_numpy(np.int64)))
    pieces = np.diff(np.append(starts, len(evidence)))
    pair = np.repeat(np.arange(len(starts)), pieces)
    newest = time[starts + pieces - 1]
    fading = np.exp2((time - newest[pair]) / (half_life_days * MICROSECONDS_PER_DAY))
    is_gap = ~_begins(pair) & (np.diff(day, prepend=day[:1]) > 0)
    is_return = is_gap & (np.diff(day, prepend=day[:1]) <= AGAIN_DAYS)
    return pd.DataFrame(
        {
            "customer_id": evidence["customer_id"].to_numpy()[starts],
            "target": evidence["target"].to_numpy()[starts],
            "weight": np.bincount(pair, weights=evidence["worth"].to_numpy(np.float64) * fading),
            "newest": newest,
            "observed": np.maximum.reduceat(evidence["observed"].to_numpy(np.int64), starts),
            "pieces": pieces,
            "returns": np.bincount(pair, weights=is_return),
            "gaps": np.bincount(pair, weights=is_gap),
            "evidence": _newest_keys(evidence["key"].to_numpy(dtype=object), starts, pieces),
        }
    )


def weighed_against(weighed: pd.DataFrame, contrary: pd.DataFrame, half_life_days: float) -> pd.DataFrame:
    """The same, moved on to the newest evidence of all, for or against: what speaks against it is news of it too.

    Args:
        weighed: As `weigh` gives it; its keys go on naming only what speaks for it.
        contrary: customer_id, time, observed, and target unless it speaks against all that the customer has.
        half_life_days: Days in which the weight halves on the way.
    """
    about = [name for name in ("customer_id", "target") if name in contrary.columns]
    if weighed.empty or contrary.empty:
        return weighed
    latest = contrary.groupby(about)[["time", "observed"]].max().reset_index()
    latest = latest.rename(columns={"time": "contrary_time", "observed": "contrary_observed"})
    both = weighed.merge(latest, on=about, how="left")
    newest = both[["newest", "contrary_time"]].max(axis=1).astype(np.int64)
    observed = both[["observed", "contrary_observed"]].max(axis=1).astype(np.int64)
    fading = np.exp2((both["newest"] - newest) / (half_life_days * MICROSECONDS_PER_DAY))
    moved = both.assign(weight=both["weight"] * fading, newest=newest, observed=observed)
    return moved.drop(columns=["contrary_time", "contrary_observed"])


def believed(
    weighed: pd.DataFrame,
    rule: str,
    settings: BeliefSettings,
    *,
    source: str,
    tally: Numbers | None = None,
    occasions: Numbers | None = None,
    confidence: Numbers | None = None,
) -> pd.DataFrame:
    """Rows of a belief, from the newest evidence until its weight has faded, which is known in advance.

    Args:
        weighed: As `weigh` gives it; a column `ends` (microseconds, smallest integer for none) ends it earlier.
        rule: Name of the rule.
        settings: Half-life and the weight that is too little.
        source: Tables that the evidence is from, with commas between them.
        tally: How often the rule's event came true before, shape (rows,); without it, `returns` of `gaps`.
        occasions: How often it could have.
        confidence: The probability itself, for rules without curve.
    """
    if weighed.empty:
        return no_beliefs()
    weight, half_life = weighed["weight"].to_numpy(np.float64), settings.half_life(rule)
    if confidence is None:
        curve = RULES[rule].curve
        if curve is None:
            raise ValueError(f"the rule {rule} has no curve; say its confidence")
        k = weighed["returns"].to_numpy(np.float64) if tally is None else tally
        n = weighed["gaps"].to_numpy(np.float64) if occasions is None else occasions
        confidence = curve.chance(k, n, weight)
    newest = weighed["newest"].to_numpy(np.int64)
    is_enough = weight >= settings.expires_below
    lasting = np.log2(np.maximum(weight, settings.expires_below) / settings.expires_below) * half_life
    ends = newest + np.rint(lasting * MICROSECONDS_PER_DAY).astype(np.int64)
    if "ends" in weighed.columns:
        stated = weighed["ends"].to_numpy(np.int64)
        ends = np.where(stated > NEVER, np.minimum(ends, stated), ends)
    rows = pd.DataFrame(
        {
            "from_key": weighed["customer_id"],
            "to_key": weighed["target"],
            "rule": rule,
            "valid_from": as_times(newest),
            "valid_to": as_times(ends),
            "observed_at": as_times(weighed["observed"].to_numpy(np.int64)),
            "weight": weight,
            "half_life_days": half_life,
            "confidence": confidence,
            "source": source,
            "evidence": weighed["evidence"],
        }
    )
    lasts: npt.NDArray[np.bool_] = is_enough & (ends > newest)
    return rows[lasts].reset_index(drop=True)


NEVER: Final = np.iinfo(np.int64).min
"""The smallest integer: no time at all."""


def _in_order(evidence: pd.DataFrame) -> pd.DataFrame:
    """Sorted by customer, target, time and key, so that sums have the same bits whatever the order of the rows."""
    customer, _ = pd.factorize(evidence["customer_id"].to_numpy(dtype=object), sort=True)
    target, targets = pd.factorize(evidence["target"].to_numpy(dtype=object), sort=True)
    pair = customer.astype(np.int64) * max(1, len(targets)) + target
    time = evidence["time"].to_numpy(np.int64)
    order = np.lexsort((time, pair))
    is_tie = ~_begins(pair[order]) & (np.diff(time[order], prepend=0) == 0)
    if is_tie.any():  # keys only say which of two at one moment comes first, and sorting them takes longest
        rank, _ = pd.factorize(evidence["key"].to_numpy(dtype=object), sort=True)
        order = np.lexsort((rank, time, pair))
    return evidence.assign(pair=pair).iloc[order].reset_index(drop=True)


def _days(evidence: pd.DataFrame) -> Integers:
    days = evidence["day"] if "day" in evidence.columns else evidence["time"] // MICROSECONDS_PER_DAY
    return days.to_numpy(np.int64)


def _begins(groups: Integers) -> npt.NDArray[np.bool_]:
    """Whether each entry is the first of its group; groups lie together."""
    return np.append(True, groups[1:] != groups[:-1]) if len(groups) else np.zeros(0, dtype=bool)


def _newest_keys(keys: npt.NDArray[np.object_], starts: Integers, pieces: Integers) -> pd.Series:
    """The last keys of each group, the last one first."""
    taken = np.minimum(pieces, MOST_KEYS)
    offsets = np.append(0, np.cumsum(taken))
    group = np.repeat(np.arange(len(starts)), taken)
    back = np.arange(len(group)) - offsets[group]
    lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(keys[(starts + pieces - 1)[group] - back]))
    values: pd.Series = lists.to_pandas()
    return values
