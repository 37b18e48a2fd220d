"""What the tables mean together: from canonical tables to the rows of the layer `knowledge`.

Vectorised over customers and purchases; nothing is read, written or asked here. Loading the rows: `graph.load`.
"""

from collections.abc import Mapping
from datetime import datetime

import pandas as pd

from graph.affinity import affinities
from graph.affinity_sizes import with_size_places
from graph.aggregates import Lines, customer_activity, shopping_days_by_category, shopping_days_by_product
from graph.beliefs import believe
from graph.carts import carts
from graph.content import GraphContentError
from graph.declarations import Relationship
from graph.performance import performance
from graph.relate.catalogue import bought_products, categories, products
from graph.relate.content import content, newest_versions
from graph.relate.market import observations, opportunities, regions
from graph.relate.people import people
from graph.relate.rows import Rows, keyed
from graph.schema import kinds_of
from graph.settings import RelateSettings
from graph.signals import recent_signals

__all__ = ["RelateSettings", "knowledge_tables"]

_REQUIRED = ("customers", "categories", "products", "purchases", "assets", "channels")


def knowledge_tables(
    tables: Mapping[str, pd.DataFrame],
    *,
    as_of: datetime,
    timezone: str,
    settings: RelateSettings | None = None,
) -> Rows:
    """The rows that the layer `knowledge` should hold.

    Args:
        tables: Canonical tables: customers, categories, products, purchases, assets and channels, and any others. Of
            identities only whom a suppression means is read; messages are not looked at.
        as_of: Nothing that happened at or after it counts.
        timezone: IANA time zone of the playbook, whose midnight starts a day.
        settings: Thresholds and rules of the playbook.

    Returns:
        One table per kind of `graph.schema`; a kind without a table has no rows.

    Raises:
        GraphContentError: A table is missing.
    """
    if missing := [name for name in _REQUIRED if name not in tables]:
        raise GraphContentError(
            f"The tables {', '.join(missing)} are missing.", where="relate", remedy="Write a source for each of them."
        )
    settings = settings or RelateSettings()
    tables = {**tables, "products": with_size_places(tables["products"], settings.affinity.size_orders)}
    lines = Lines.of(tables["purchases"], as_of=as_of, timezone=timezone)
    by_category = shopping_days_by_category(lines, tables["products"])
    assets = newest_versions(tables["assets"])
    rows: Rows = {
        **people(tables, customer_activity(lines, as_of=as_of, timezone=timezone), as_of=as_of),
        **categories(tables),
        **content(tables, assets),
        **opportunities(tables, as_of=as_of),
        **observations(tables, as_of=as_of, expired_days=settings.expired_days),
        "Customer BOUGHT Category": by_category.bought(),
        "Customer BOUGHT Product": bought_products(
            shopping_days_by_product(lines), tables["products"], settings.product_threshold
        ),
        "Customer HAS_IN_CART Product": carts(tables.get("signals"), tables["purchases"], as_of=as_of),
        "Asset PERFORMS Channel": performance({**tables, "assets": assets}, as_of=as_of, settings=settings),
    }
    alike = affinities(
        {**tables, "assets": assets}, as_of=as_of, settings=settings.affinity, kept=_ends(rows, "Product")
    )
    rows |= alike
    rows |= believe(
        tables,
        as_of=as_of,
        timezone=timezone,
        settings=settings.beliefs,
        similar_topics=alike["Topic SIMILAR_TO Topic"],
    )
    rows |= recent_signals(tables, as_of=as_of, timezone=timezone, settings=settings.beliefs)
    rows |= products(tables, _ends(rows, "Product"))
    return rows | {"Region": regions(rows), "Topic": _topics(rows)}


def _topics(rows: Rows) -> pd.DataFrame:
    """Every topic that anything is about; it is called what it is keyed by."""
    topics = keyed("Topic", _ends(rows, "Topic"))
    return topics.assign(name=topics["topic_id"])


def _ends(rows: Rows, label: str) -> set[str]:
    """Keys of the nodes of a label that relationships lead to."""
    ends = (("to_key", "target"), ("from_key", "source"))
    found: set[str] = set()
    for kind in kinds_of("knowledge"):
        table = rows.get(kind.kind)
        if isinstance(kind, Relationship) and table is not None and len(table):
            found.update(*(table[column].unique() for column, end in ends if getattr(kind, end) == label))
    return found
