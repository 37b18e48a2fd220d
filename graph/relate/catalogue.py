"""The catalogue: categories, and the products that something refers to."""

from collections.abc import Iterable, Mapping

import pandas as pd

from graph.relate.rows import Rows, declared, pairs


def categories(tables: Mapping[str, pd.DataFrame]) -> Rows:
    """All categories and what they are part of."""
    return {
        "Category": declared("Category", tables["categories"]),
        "Category WITHIN Category": pairs(tables["categories"], "category_id", "parent_id"),
    }


def products(tables: Mapping[str, pd.DataFrame], referred: Iterable[str]) -> Rows:
    """The products of these keys; all others stay in the lake."""
    kept = referred_products(tables, referred)
    return {
        "Product": declared("Product", kept),
        "Product IN_CATEGORY Category": pairs(kept, "product_id", "category_id"),
    }


def referred_products(tables: Mapping[str, pd.DataFrame], referred: Iterable[str]) -> pd.DataFrame:
    """Their rows of the table `products`."""
    return tables["products"][tables["products"]["product_id"].isin(set(referred))]
