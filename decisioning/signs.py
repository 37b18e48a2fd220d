"""What plays share: fresh beliefs that rest on signals, sessions of signals, and products with what they belong to."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.beliefs import faded_weight
from decisioning.play import Known
from decisioning.times import elapsed_days
from graph.view import Links

SIGNALS = "signals"
BROWSED = "most-browsed"
CATEGORY_SHARE = 0.9
"""Of two motives that rest on the same, the one about the product is stronger than the one about its category."""


def is_from_signals(beliefs: Links, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which of some beliefs rest on signals that tell something; mere looking around counts views and no deeds."""
    code, sources = pd.factorize(beliefs.facts["source"][rows])
    is_signal = np.array([SIGNALS in str(source).split(", ") for source in sources], dtype=np.bool_)
    is_told: npt.NDArray[np.bool_] = is_signal[code] if len(code) else np.zeros(0, dtype=np.bool_)
    return np.asarray(is_told & (beliefs.facts["rule"][rows] != BROWSED))


def fresh_beliefs(
    known: Known,
    beliefs: Links,
    *,
    kind: str,
    relation: str,
    fresh_days: float,
    confidence: float,
    weight: float = 0.0,
    among: npt.NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Beliefs from signals that are strong enough and whose newest evidence is fresh, one row each.

    Args:
        known: What a play looks at.
        beliefs: Of one kind.
        kind: What they are about: `category` or `topic`.
        relation: Their type, for the reader.
        fresh_days: Days since the newest evidence at most.
        confidence: Least confidence.
        weight: Least weight that is left of them.
        among: Whose, shape (customers,); None for everybody's.

    Returns:
        customer, kind, subject, relation, rule, weight (faded), confidence, valid_from, valid_to, half_life_days, age
        (days since the newest evidence).
    """
    valid_from = beliefs.facts["valid_from"].astype("datetime64[us]")
    sure, left = beliefs.facts["confidence"].astype(np.float64), faded_weight(beliefs, known.as_of)
    age = elapsed_days(known.as_of, valid_from)
    is_meant = (sure >= confidence) & (age <= fresh_days) & (left >= weight)
    if among is not None:
        is_meant &= among[beliefs.sources]
    rows = np.flatnonzero(is_meant)
    rows = rows[is_from_signals(beliefs, rows)]
    return pd.DataFrame(
        {
            "customer": beliefs.sources[rows],
            "kind": kind,
            "subject": beliefs.targets[rows],
            "relation": relation,
            "rule": beliefs.facts["rule"][rows],
            "weight": left[rows],
            "confidence": sure[rows],
            "valid_from": valid_from[rows],
            "valid_to": beliefs.facts["valid_to"].astype("datetime64[us]")[rows],
            "half_life_days": beliefs.facts["half_life_days"].astype(np.float64)[rows],
            "age": age[rows],
        }
    )


def with_categories(known: Known, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows about products, and again about their categories: columns `kind` and `subject` beside the others.

    Args:
        known: What a play looks at.
        rows: customer, product, strength, and whatever else; of several about one category the strongest stays.
    """
    product = rows["product"].to_numpy(dtype=np.int64)
    category = np.append(known.view.products.frame["category"].to_numpy(dtype=np.int64), -1)[product]
    own = rows.assign(kind="product", subject=product)
    above = rows.assign(kind="category", subject=category, strength=rows["strength"] * CATEGORY_SHARE)
    above = above[category >= 0].sort_values(
        ["customer", "subject", "strength", "product"], ascending=[True, True, False, True], kind="stable"
    )
    both: pd.DataFrame = pd.concat([own, above.drop_duplicates(["customer", "subject"])], ignore_index=True)
    return both


def latest(rows: pd.DataFrame, by: str, when: str) -> pd.DataFrame:
    """The last row of each group in time; among rows of one moment the last as they came."""
    ordered = rows.sort_values([by, when], kind="stable")
    return ordered.drop_duplicates(by, keep="last").reset_index(drop=True)
