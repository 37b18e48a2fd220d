"""The signals worth asking about: those of high fidelity in a recent stretch of time. All others stay in the lake.

Who reads about shipping or returns says little about what they want, and much about what keeps them from it: such
signals are there whatever their fidelity. An answer to a message (clicked, replied, redeemed, converted) is a signal
too, by whatever channel it came.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from graph.aggregates import as_times
from graph.beliefs import BeliefSettings
from graph.beliefs.facts import Facts
from graph.beliefs.similarity import NO_SIMILARITY

DOUBTS: Final = ("Shipping Page Viewed", "Returns Page Viewed")
"""Signals that tell what somebody hesitates at."""

_DETAILS: Final = ["session_id", "value", "source"]


def recent_signals(
    tables: Mapping[str, pd.DataFrame],
    *,
    as_of: datetime,
    timezone: str = "UTC",
    settings: BeliefSettings | None = None,
) -> dict[str, pd.DataFrame]:
    """Rows of `Signal`, `Signal BY Customer` and `Signal ABOUT Topic`, `… Category` and `… Product`.

    Args:
        tables: Canonical tables; those that are missing are empty.
        as_of: Nothing that happened at or after it counts.
        timezone: IANA time zone of the playbook.
        settings: For how long, and from which fidelity on, signals are kept.

    Returns:
        A table per kind; of products and categories only those that the tables know. The key of an answer is
        `outcomes/<outcome_id>`, of any other signal its `signal_id`.
    """
    settings = settings or BeliefSettings()
    facts = Facts(tables, as_of, timezone, settings, NO_SIMILARITY)
    since = pd.Timestamp(as_of - timedelta(days=settings.signal_days)).value // 1_000
    kept = _signals(facts)
    is_telling = (kept["fidelity"] >= settings.signal_fidelity) | kept["name"].isin(DOUBTS)
    kept = kept[(kept["time"] >= since) & is_telling]
    kept = kept.sort_values("signal_id").reset_index(drop=True)
    if kept.empty:
        return {}
    received = as_times(kept["observed"].to_numpy(np.int64))
    signals = kept.assign(occurred_at=as_times(kept["time"].to_numpy(np.int64)), received_at=received)
    products = facts.table("products", "product_id")["product_id"]
    by_product = kept[kept["product_id"].isin(products)]
    categories = facts.about(kept, "Category")
    categories = categories[categories["target"].isin(facts.table("categories", "category_id")["category_id"])]
    return {
        "Signal": signals[["signal_id", "name", "occurred_at", "received_at", "fidelity", *_DETAILS]],
        "Signal BY Customer": _pairs(kept, "customer_id"),
        "Signal ABOUT Topic": _pairs(facts.about(kept, "Topic"), "target"),
        "Signal ABOUT Category": _pairs(categories, "target"),
        "Signal ABOUT Product": _pairs(by_product, "product_id"),
    }


def _signals(facts: Facts) -> pd.DataFrame:
    """Signals and answers with their key as a node, and their details."""
    signals = facts.signals.assign(signal_id=facts.signals["key"].str.removeprefix("signals/"))
    answers = facts.outcomes[facts.outcomes["worth"].notna()]
    answers = answers.assign(signal_id=answers["key"], fidelity=answers["worth"], source="outcomes")
    absent = dict.fromkeys(("session_id", "product_id", "topic"))
    answers = answers.assign(**absent, value=np.nan)
    columns = ["signal_id", "customer_id", "name", "time", "observed", "fidelity", *_DETAILS]
    columns += ["key", "product_id", "asset_id", "topic"]
    parts = [part[columns] for part in (signals, answers) if len(part)]
    both = pd.concat(parts, ignore_index=True) if parts else signals[columns]
    return both.assign(value=both["value"].astype(np.float64))


def _pairs(rows: pd.DataFrame, target: str) -> pd.DataFrame:
    pairs = rows[["signal_id", target]].set_axis(["from_key", "to_key"], axis=1)
    return pairs.sort_values(["from_key", "to_key"]).reset_index(drop=True)
