"""Purchases as shopping days: on which local days did a customer buy of a category, and what was it worth?

Everything about rhythm, frequency and spend is computed from this one table. Sums of money are taken over whole
millionths, so that the order of rows cannot change a single bit of the result.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.inputs import Days, local_days, moment, require, utc_times
from forecasting.values import Floats, Keys, Times

PURCHASE_COLUMNS = ("customer_id", "kind", "net_value", "occurred_at", "product_id", "quantity")
PRODUCT_COLUMNS = ("product_id", "category_id")
MILLIONTHS = 1_000_000
DAY_SPAN = 1 << 20  # more days than any calendar here, so that (pair, day) fits one sortable integer

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ShoppingDays:
    """Distinct local days with a purchase, per pair of customer and category, sorted by (pair, day).

    Attributes:
        customers: Keys of customers, ascending.
        categories: Keys of categories, ascending.
        pair_customer: Position of the pair's customer, shape (pairs,); pairs are sorted by (customer, category).
        pair_category: Position of the pair's category, shape (pairs,).
        starts: Shape (pairs + 1,): pair i has the shopping days starts[i] to starts[i + 1].
        day: Local day, days since 1970-01-01, shape (shopping days,).
        last_at: Last purchase on that day, UTC datetime64[us].
        spend: Net value of that day, less what was returned later.
        margin: Margin of that day, less what was returned later.
        margin_basis: How margin is known: `unit_cost`, `margin_pct`, `revenue` or a mixture joined by ` and `.
        history_day: The first local day with any purchase.
    """

    customers: Keys
    categories: Keys
    pair_customer: Positions
    pair_category: Positions
    starts: Positions
    day: Days
    last_at: Times
    spend: Floats
    margin: Floats
    margin_basis: str
    history_day: int

    def __len__(self) -> int:
        return len(self.pair_customer)

    @property
    def counts(self) -> Positions:
        """Shopping days per pair, shape (pairs,); at least one."""
        return np.diff(self.starts)

    @property
    def pair(self) -> Positions:
        """The pair of every shopping day, shape (shopping days,)."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.counts)

    @property
    def pair_last_at(self) -> Times:
        """The last purchase of every pair, shape (pairs,)."""
        return self.last_at[self.starts[1:] - 1]

    def before(self, day: int) -> "ShoppingDays":
        """What was known at the start of a local day: earlier shopping days only, and pairs that have one."""
        kept = self.day < day
        counts = np.bincount(self.pair[kept], minlength=len(self))
        known = counts > 0
        return ShoppingDays(
            self.customers,
            self.categories,
            self.pair_customer[known],
            self.pair_category[known],
            np.concatenate([[0], np.cumsum(counts[known])]),
            self.day[kept],
            self.last_at[kept],
            self.spend[kept],
            self.margin[kept],
            self.margin_basis,
            self.history_day,
        )

    def pairs_of(self, customer: Positions, category: Positions) -> Positions:
        """Positions of pairs by position of customer and category, shape of both; -1 where there is none."""
        keys = self.pair_customer * len(self.categories) + self.pair_category
        return positions_in(
            keys, np.where((customer < 0) | (category < 0), -1, customer * len(self.categories) + category)
        )

    def days_between(self, pair: Positions, first: npt.ArrayLike, end: npt.ArrayLike) -> Positions:
        """Shopping days of each pair with first <= day < end, shape of `pair`; 0 for the pair -1."""
        return count_between(self.pair * DAY_SPAN + self.day, pair, first, end)

    def customer_days_between(self, customer: Positions, first: npt.ArrayLike, end: npt.ArrayLike) -> Positions:
        """Days with a purchase of any category with first <= day < end, shape of `customer`; 0 for the customer -1."""
        return count_between(self._customer_days, customer, first, end)

    @property
    def _customer_days(self) -> Positions:
        return np.unique(np.repeat(self.pair_customer, self.counts) * DAY_SPAN + self.day)

    def customer_last_at(self) -> Times:
        """The last purchase of any category, shape (customers,); the epoch for customers without one."""
        last = np.zeros(len(self.customers), dtype=np.int64)
        np.maximum.at(last, self.pair_customer, self.pair_last_at.astype(np.int64))
        return last.astype("datetime64[us]")


def shopping_days(
    purchases: pd.DataFrame,
    products: pd.DataFrame,
    *,
    as_of: datetime,
    timezone: str,
    margin_pct: float | None = None,
) -> ShoppingDays:
    """Shopping days from purchases before `as_of`; rows at or after it are not looked at.

    A shopping day is a local day with a sale of positive net value and positive quantity; lines without quantity
    count for value only. Lines without product, or whose product has no category, belong to no rhythm. A return reduces
    the pair's latest shopping day up to then. Margin = net_value + discount - unit_cost × quantity; where cost or
    quantity is unknown (net_value + discount) × margin_pct; without both, revenue.

    Raises:
        ForecastingError: A column is missing, a product occurs twice, or a time is unknown.
    """
    require(purchases, "purchases", PURCHASE_COLUMNS)
    require(products, "products", PRODUCT_COLUMNS)
    times = utc_times(purchases, "purchases", "occurred_at")
    known = times < moment(as_of)
    lines, times = purchases.loc[known], times[known]
    categories, product, category = _categorise(lines, products)
    customer, customers = pd.factorize(lines["customer_id"].to_numpy(dtype=object), sort=True)
    is_return = (lines["kind"] == "return").to_numpy(dtype=bool)
    net_value = lines["net_value"].to_numpy(dtype=np.float64)
    net_value = np.where(is_return, -np.abs(net_value), net_value)
    quantity = lines["quantity"].to_numpy(dtype=np.float64)
    margin, is_costed = _margin(lines, net_value, products, product, margin_pct)

    in_category = (category >= 0) & (customer >= 0)
    is_shopping = in_category & ~is_return & (net_value > 0) & (quantity > 0)
    day = local_days(times, timezone)
    pair_keys, pair = np.unique((customer * len(categories) + category)[is_shopping], return_inverse=True)
    keys = pair * DAY_SPAN + day[is_shopping]
    order = np.argsort(keys, kind="stable")
    day_keys, first = np.unique(keys[order], return_index=True)
    spend = _summed(net_value[is_shopping][order], first)
    earned = _summed(margin[is_shopping][order], first)
    last_at = _largest(times[is_shopping][order].astype(np.int64), first)

    returned = in_category & is_return
    pair_back = positions_in(pair_keys, (customer * len(categories) + category)[returned])
    place = np.searchsorted(day_keys, pair_back * DAY_SPAN + day[returned], side="right") - 1
    owner = np.append(day_keys // DAY_SPAN, -1)[place]  # the position -1 reads the last entry: nobody
    belongs = (pair_back >= 0) & (owner == pair_back)
    np.add.at(spend, place[belongs], _whole(net_value[returned][belongs]))
    np.add.at(earned, place[belongs], _whole(margin[returned][belongs]))

    day_pair = day_keys // DAY_SPAN
    return ShoppingDays(
        customers=np.asarray(customers, dtype=object),
        categories=categories,
        pair_customer=pair_keys // max(len(categories), 1),
        pair_category=pair_keys % max(len(categories), 1),
        starts=np.searchsorted(day_pair, np.arange(len(pair_keys) + 1)),
        day=(day_keys % DAY_SPAN).astype(np.int32),
        last_at=last_at.astype("datetime64[us]"),
        spend=spend / MILLIONTHS,
        margin=earned / MILLIONTHS,
        margin_basis=_basis(is_costed[is_shopping], margin_pct),
        history_day=int(day.min()) if len(day) else 0,
    )


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
    lines: pd.DataFrame, net_value: Floats, products: pd.DataFrame, product: Positions, margin_pct: float | None
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Margin of every line in currency, and whether it comes from a unit cost."""
    worth = net_value
    if "discount" in lines.columns:
        worth = worth + np.nan_to_num(lines["discount"].to_numpy(dtype=np.float64))
    share = 1.0 if margin_pct is None else margin_pct / 100
    if "unit_cost" not in products.columns:
        return worth * share, np.zeros(len(lines), dtype=bool)
    unit_cost = np.append(products["unit_cost"].to_numpy(dtype=np.float64), np.nan)[product]
    quantity = np.abs(lines["quantity"].to_numpy(dtype=np.float64))
    cost = unit_cost * quantity * np.where(worth < 0, -1.0, 1.0)
    return np.where(np.isnan(cost), worth * share, worth - cost), ~np.isnan(cost)


def _basis(is_costed: npt.NDArray[np.bool_], margin_pct: float | None) -> str:
    otherwise = "revenue" if margin_pct is None else "margin_pct"
    if not is_costed.any():
        return otherwise
    return "unit_cost" if is_costed.all() else f"unit_cost and {otherwise}"


def _whole(values: Floats) -> Positions:
    return np.rint(values * MILLIONTHS).astype(np.int64)


def _summed(values: Floats, first: Positions) -> Positions:
    return np.add.reduceat(_whole(values), first) if len(first) else np.empty(0, dtype=np.int64)


def _largest(values: Positions, first: Positions) -> Positions:
    return np.maximum.reduceat(values, first) if len(first) else np.empty(0, dtype=np.int64)


def totals(group: Positions, values: npt.ArrayLike, size: int) -> Floats:
    """Sum of `values` per group, shape (size,), added up in the order of rows."""
    return np.asarray(np.bincount(group, np.asarray(values, dtype=np.float64), minlength=size), dtype=np.float64)


def positions_in(sorted_keys: Positions, wanted: Positions) -> Positions:
    """Positions of `wanted` in ascending unique keys, -1 where absent."""
    if len(sorted_keys) == 0:
        return np.full(len(wanted), -1, dtype=np.int64)
    place = np.minimum(np.searchsorted(sorted_keys, wanted), len(sorted_keys) - 1)
    return np.where(sorted_keys[place] == wanted, place, -1)


def count_between(keys: Positions, group: Positions, first: npt.ArrayLike, end: npt.ArrayLike) -> Positions:
    """How many ascending keys `group * DAY_SPAN + day` have first <= day < end, per group; 0 for the group -1."""
    inside = np.maximum(group, 0)
    counted = np.searchsorted(keys, inside * DAY_SPAN + np.asarray(end)) - np.searchsorted(
        keys, inside * DAY_SPAN + np.asarray(first)
    )
    return np.where(group < 0, 0, np.maximum(counted, 0))
