"""The catalogue: categories, and the products that something refers to."""

from collections.abc import Iterable, Mapping

import pandas as pd

from graph.affinity_sizes import NEXT_LETTER
from graph.aggregates import ShoppingDays
from graph.relate.rows import Rows, declared, pairs


def categories(tables: Mapping[str, pd.DataFrame]) -> Rows:
    """All categories and what they are part of."""
    return {
        "Category": declared("Category", tables["categories"]),
        "Category WITHIN Category": pairs(tables["categories"], "category_id", "parent_id"),
    }


def products(tables: Mapping[str, pd.DataFrame], referred: Iterable[str]) -> Rows:
    """The products of these keys; all others stay in the lake."""
    kept = tables["products"][tables["products"]["product_id"].isin(set(referred))]
    return {
        "Product": declared("Product", kept),
        "Product IN_CATEGORY Category": pairs(kept, "product_id", "category_id"),
    }


def bought_products(days: ShoppingDays, products: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Rows of `Customer BOUGHT Product` from so many shopping days on; of what people grow out of, from the first on.

    Args:
        days: Shopping days per customer and product.
        products: product_id, size_scale.
        threshold: Shopping days from which on anything else is kept.
    """
    is_grown_out_of = products["size_scale"].notna() & (products["size_scale"] != NEXT_LETTER)
    if not is_grown_out_of.any():
        return days.bought(threshold)
    bought = days.bought()
    is_kept = (bought["count"] >= threshold) | bought["to_key"].isin(products.loc[is_grown_out_of, "product_id"])
    return bought[is_kept].reset_index(drop=True)
