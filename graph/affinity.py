"""Affinity: which products stand in for each other, which size comes next, and which topics are alike.

Only between products and between topics: customers enter as counts of pairs, never as nodes. Pure and deterministic:
the same tables in any order of rows give the same relationships.
"""

from collections.abc import Collection, Mapping, Sequence
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
    tables: Mapping[str, pd.DataFrame],
    *,
    as_of: datetime,
    settings: AffinitySettings | None = None,
    kept: Collection[str] | None = None,
) -> dict[str, pd.DataFrame]:
    """Rows of `Product SUBSTITUTES Product`, `Product NEXT_SIZE Product` and `Topic SIMILAR_TO Topic`.

    Args:
        tables: Canonical tables: `products`, `purchases`, `assets` (one row per asset) and, where there are any,
            `signals`.
        as_of: Nothing that happened at or after it counts.
        settings: Sizes in the playbook's own order.
        kept: Keys of the products that the graph keeps anyway: only these are compared, and have a next size. None for
            all.
    """
    from graph.affinity_substitutes import substitutes
    from graph.affinity_topics import similar_topics

    orders: Sequence[Sequence[str]] = settings.size_orders if settings else ()
    products = tables["products"]
    is_kept = products["product_id"].isin(products["product_id"] if kept is None else set(kept))
    following = next_sizes(products, orders)
    return {
        "Product SUBSTITUTES Product": substitutes(products[is_kept], tables["purchases"], as_of=as_of),
        "Product NEXT_SIZE Product": following[following["from_key"].isin(products["product_id"][is_kept])],
        "Topic SIMILAR_TO Topic": similar_topics(tables["assets"], tables.get("signals"), as_of=as_of),
    }
