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
    """Rows of `Customer BOUGHT Product` from so many shopping days on; from the first on of what is grown out of.

    Also of what is used up: when a first purchase is depleted depends on the product.

    Args:
        days: Shopping days per customer and product.
        products: product_id, size_scale, [depletion_days].
        threshold: Shopping days from which on anything else is kept.
    """
    is_grown_out_of = products["size_scale"].notna() & (products["size_scale"] != NEXT_LETTER)
    is_used_up = products["depletion_days"].notna() if "depletion_days" in products else ~products["product_id"].notna()
    is_told = is_grown_out_of | is_used_up
    if not is_told.any():
        return days.bought(threshold)
    bought = days.bought()
    is_kept = (bought["count"] >= threshold) | bought["to_key"].isin(products.loc[is_told, "product_id"])
    return bought[is_kept].reset_index(drop=True)
