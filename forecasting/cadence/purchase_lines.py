"""Purchases before as-of, line by line: who, of which category, on which local day, at what margin.

Negative, infinite and missing amounts are met here, once for all that is learnt from purchases.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.inputs import Days, local_days, moment, require, utc_times
from forecasting.values import Floats, Keys, Times

PURCHASE_COLUMNS = ("customer_id", "kind", "net_value", "occurred_at", "product_id", "quantity")
PRODUCT_COLUMNS = ("product_id", "category_id")
EVERYTHING = "*"  # the one category when categories do not matter

Positions = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PurchaseLines:
    """Lines before as-of; arrays of shape (lines,) unless stated otherwise.

    Attributes:
        customers: Keys of customers, ascending.
        categories: Keys of categories, ascending.
        customer: Position of the customer, -1 where unknown.
        category: Position of the category, -1 where unknown.
        product: Position of the product in the table of products, -1 where unknown.
        times: UTC datetime64[us].
        day: Local day.
        is_sale: A sale of positive value and, as far as known, of positive quantity.
        is_return: A return.
        is_gift: The order or the product is marked as a gift.
        net_value: In currency, negative for returns.
        margin: Margin, in currency, negative for returns.
        is_costed: Whether the margin comes from a unit cost.
        quantity: Units, nan where unknown.
        order: Code of the line's order, or of the order that it returns; -1 where unknown.
        margin_basis: How margin is known: `unit_cost`, `margin_pct`, `revenue` or a mixture joined by ` and `.
    """

    customers: Keys
    categories: Keys
    customer: Positions
    category: Positions
    product: Positions
    times: Times
    day: Days
    is_sale: Flags
    is_return: Flags
    is_gift: Flags
    net_value: Floats
    margin: Floats
    is_costed: Flags
    quantity: Floats
    order: Positions


def purchase_lines(
    purchases: pd.DataFrame,
    products: pd.DataFrame,
    *,
    as_of: datetime,
    timezone: str,
    margin_pct: float | None = None,
    by_category: bool = True,
) -> PurchaseLines:
    """Lines before `as_of`; rows at or after it are not looked at.

    A sale of no positive value is nobody's purchase and is left out. Margin = net_value + discount - unit_cost ×
    quantity; where cost or quantity is unknown (net_value + discount) × margin_pct; without both, revenue. An order is
    a gift where the column `is_gift` of purchases says so, a product where that of products does.

    Args:
        purchases: Columns `PURCHASE_COLUMNS`, [discount, order_id, original_order_id, is_gift].
        products: Columns `PRODUCT_COLUMNS`, [unit_cost, is_gift].
        as_of: Aware datetime.
        timezone: IANA name of the time zone in which a day is a day.
        margin_pct: In percent of net value where a product has no unit cost; None leaves revenue.
        by_category: Whether lines belong to their product's category and count only with a positive quantity;
            otherwise all belong to one, with or without product and quantity.

    Raises:
        ForecastingError: A column is missing, a product occurs twice, a time is unknown, or an amount is no number.
    """
    require(purchases, "purchases", PURCHASE_COLUMNS)
    require(products, "products", PRODUCT_COLUMNS)
    times = utc_times(purchases, "purchases", "occurred_at")
    known = times < moment(as_of)
    lines, times = purchases.loc[known], times[known]
    categories, product, category = _categorise(lines, products)
    if not by_category:
        categories, category = np.array([EVERYTHING], dtype=object), np.zeros(len(lines), dtype=np.int64)
    customer, customers = pd.factorize(lines["customer_id"].to_numpy(dtype=object), sort=True)
    is_return = (lines["kind"] == "return").to_numpy(dtype=bool)
    net_value = _finite(lines, "net_value", may_lack=False)
    net_value = np.where(is_return, -np.abs(net_value), net_value)
    quantity = _finite(lines, "quantity")
    margin, is_costed = _margin(lines, net_value, quantity, products, product, margin_pct=margin_pct)
    has_units = quantity > 0 if by_category else ~(quantity <= 0)
    return PurchaseLines(
        customers=np.asarray(customers, dtype=object),
        categories=categories,
        customer=np.asarray(customer, dtype=np.int64),
        category=category,
        product=product,
        times=times,
        day=local_days(times, timezone),
        is_sale=~is_return & (net_value > 0) & has_units,
        is_return=is_return,
        is_gift=_gifts(lines, products, product),
        net_value=net_value,
        margin=margin,
        is_costed=is_costed,
        quantity=quantity,
        order=_orders(lines, is_return),
    )


def margin_basis(is_costed: Flags, margin_pct: float | None) -> str:
    """How the margin of such lines is known, in a word."""
    otherwise = "revenue" if margin_pct is None else "margin_pct"
    if not is_costed.any():
        return otherwise
    return "unit_cost" if is_costed.all() else f"unit_cost and {otherwise}"


def lines_and_products(tables: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Purchases, each line once, and products; without the latter nothing belongs to a category.

    Raises:
        ForecastingError: A line occurs twice.
        TooLittleDataError: There are no purchases.
    """
    if "purchases" not in tables or tables["purchases"].empty:
        raise TooLittleDataError("There are no purchases.", where="purchases", remedy="Add a source for them.")
    purchases = tables["purchases"]
    insist_on_single_lines(purchases)
    absent = [column for column in ("product_id", "quantity") if column not in purchases.columns]
    products = tables.get("products", pd.DataFrame({column: [] for column in PRODUCT_COLUMNS}))
    return purchases.assign(**dict.fromkeys(absent)), products


def insist_on_single_lines(purchases: pd.DataFrame) -> None:
    """Refuse purchases of which a line is there twice: its value would count twice.

    Raises:
        ForecastingError: Names the first order and line.
    """
    if not {"order_id", "line"} <= set(purchases.columns):
        return
    twice = purchases.duplicated(["order_id", "line"])
    if twice.any():
        first = purchases.loc[twice].iloc[0]
        raise ForecastingError(
            f"{int(twice.sum())} lines occur more than once, first order {first['order_id']} line {first['line']}.",
            where="purchases",
            remedy="Keep one row per order_id and line.",
        )


def _finite(frame: pd.DataFrame, column: str, *, may_lack: bool = True) -> Floats:
    values = frame[column].to_numpy(dtype=np.float64)
    wrong = np.isinf(values) if may_lack else ~np.isfinite(values)
    if wrong.any():
        row = frame.index[int(np.argmax(wrong))]
        raise ForecastingError(
            f"Column {column} holds {int(wrong.sum())} values that are no number, the first in row {row}.",
            where="purchases",
            remedy="Quarantine such rows before forecasting.",
        )
    return np.asarray(values)


def _categorise(lines: pd.DataFrame, products: pd.DataFrame) -> tuple[Keys, Positions, Positions]:
    """Categories in order, and for every line the position of its product and category, -1 where unknown."""
    index = pd.Index(products["product_id"].to_numpy(dtype=object))
    if not index.is_unique:
        raise ForecastingError(
            f"Product {index[index.duplicated()][0]} occurs more than once.",
            where="products",
            remedy="Keep one row per product_id.",
        )
    of_product, categories = pd.factorize(products["category_id"].to_numpy(dtype=object), sort=True)
    product = index.get_indexer(pd.Index(lines["product_id"].to_numpy(dtype=object))).astype(np.int64)
    padded = np.append(of_product, -1).astype(np.int64)  # the position -1 reads the last entry
    return np.asarray(categories, dtype=object), product, padded[product]


def _margin(
    lines: pd.DataFrame,
    net_value: Floats,
    quantity: Floats,
    products: pd.DataFrame,
    product: Positions,
    *,
    margin_pct: float | None,
) -> tuple[Floats, Flags]:
    """Margin of every line in currency, and whether it comes from a unit cost."""
    worth = net_value
    if "discount" in lines.columns:
        worth = worth + np.nan_to_num(_finite(lines, "discount"))
    share = 1.0 if margin_pct is None else margin_pct / 100
    if "unit_cost" not in products.columns:
        return worth * share, np.zeros(len(lines), dtype=bool)
    unit_cost = np.append(products["unit_cost"].to_numpy(dtype=np.float64), np.nan)[product]
    cost = unit_cost * np.abs(quantity) * np.where(worth < 0, -1.0, 1.0)
    return np.where(np.isnan(cost), worth * share, worth - cost), ~np.isnan(cost)


def _gifts(lines: pd.DataFrame, products: pd.DataFrame, product: Positions) -> Flags:
    """Whether the order or the product of each line is marked as a gift; where nobody says, it is none."""
    marked = np.zeros(len(lines), dtype=bool)
    if "is_gift" in lines.columns:
        marked |= (lines["is_gift"] == True).to_numpy(dtype=bool)  # noqa: E712 - None and nan are not True either
    if "is_gift" in products.columns:
        marked |= np.append((products["is_gift"] == True).to_numpy(dtype=bool), False)[product]  # noqa: E712
    return marked


def _orders(lines: pd.DataFrame, is_return: Flags) -> Positions:
    """Codes of orders; a return has that of the order it returns. All -1 where no return names one."""
    if "order_id" not in lines.columns or "original_order_id" not in lines.columns or not is_return.any():
        return np.full(len(lines), -1, dtype=np.int64)
    meant = np.where(is_return, lines["original_order_id"].to_numpy(object), lines["order_id"].to_numpy(object))
    return np.asarray(pd.factorize(meant)[0], dtype=np.int64)
