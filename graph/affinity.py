"""Affinity: which products stand in for each other, which size comes next, and which topics are alike.

Only between products and between topics: customers enter as counts of pairs, never as nodes. Pure and deterministic:
the same tables in any order of rows give the same relationships.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from graph.affinity_sizes import next_sizes


@dataclass(frozen=True)
class AffinitySettings:
    """What the playbook says about affinity.

    Attributes:
        size_orders: Orders of sizes, each from the smallest to the largest; they win over what sizes look like.
    """

    size_orders: tuple[tuple[str, ...], ...] = ()


def affinities(
    tables: Mapping[str, pd.DataFrame], *, as_of: datetime, settings: AffinitySettings | None = None
) -> dict[str, pd.DataFrame]:
    """Rows of `Product SUBSTITUTES Product`, `Product NEXT_SIZE Product` and `Topic SIMILAR_TO Topic`.

    Args:
        tables: Canonical tables: `products` (those that the graph keeps: only these are compared), `purchases`,
            `assets` (one row per asset) and, where there are any, `signals`.
        as_of: Nothing that happened at or after it counts.
        settings: Sizes in the playbook's own order.
    """
    from graph.affinity_substitutes import substitutes
    from graph.affinity_topics import similar_topics

    orders: Sequence[Sequence[str]] = settings.size_orders if settings else ()
    products = tables["products"]
    return {
        "Product SUBSTITUTES Product": substitutes(products, tables["purchases"], as_of=as_of),
        "Product NEXT_SIZE Product": next_sizes(products, orders),
        "Topic SIMILAR_TO Topic": similar_topics(tables["assets"], tables.get("signals"), as_of=as_of),
    }
