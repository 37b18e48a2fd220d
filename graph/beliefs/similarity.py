"""Topics that are alike, as `graph.affinity` finds them."""

from typing import Final

import pandas as pd

NO_SIMILARITY: Final = pd.DataFrame(
    {
        "from_key": pd.Series(dtype=object),
        "to_key": pd.Series(dtype=object),
        "similarity": pd.Series(dtype=float),
    }
)
"""Rows of `Topic SIMILAR_TO Topic` where nothing is known of it."""
