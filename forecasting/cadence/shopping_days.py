"""Purchases as shopping days: on which local days did a customer buy of a category, and what was it worth?

Everything about rhythm, frequency and spend is computed from this one table. What was sent back in full was no
purchase. Sums are taken over whole millionths, so that the order of rows cannot change a single bit of the result.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.cadence.purchase_lines import (
    PRODUCT_COLUMNS,
    PURCHASE_COLUMNS,
    Flags,
    Positions,
    PurchaseLines,
    margin_basis,
    purchase_lines,
)
from forecasting.inputs import Days
from forecasting.values import Floats, Keys, Times

__all__ = ["DAY_SPAN", "PRODUCT_COLUMNS", "PURCHASE_COLUMNS", "Positions", "ShoppingDays", "shopping_days"]

MILLIONTHS = 1_000_000
DAY_SPAN = 1 << 20  # more days than any calendar here, so that (pair, day) fits one sortable integer


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
        units: Units of that day, less what was returned later.
        depletion: Days after which the first of that day's products is used up, nan where none says.
        is_gift: Whether all that was bought on that day is marked as a gift.
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
    units: Floats
    depletion: Floats
    is_gift: Flags
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
        return self.only(self.day < day)

    def only(self, kept: Flags) -> "ShoppingDays":
        """These shopping days alone, and the pairs that have one."""
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
            self.units[kept],
            self.depletion[kept],
            self.is_gift[kept],
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
    by_category: bool = True,
) -> ShoppingDays:
    """Shopping days from purchases before `as_of`; rows at or after it are not looked at.

    A shopping day is a local day with a sale of positive net value and positive quantity; lines without quantity
    count for value only. Lines without product, or whose product has no category, belong to no rhythm. A return reduces
    the pair's day of the order that it names, otherwise its latest shopping day up to then; a day of which nothing is
    left is none. `purchase_lines` says how margin is reckoned.

    Args:
        purchases: See `purchase_lines`.
        products: See `purchase_lines`; [depletion_days].
        as_of: Aware datetime.
        timezone: IANA name.
        margin_pct: Where a product has no unit cost; None leaves revenue.
        by_category: Otherwise all that a customer buys is of one category, with or without product and quantity.

    Raises:
        ForecastingError: A column is missing, a product occurs twice, a time is unknown, or an amount is no number.
    """
    lines = purchase_lines(
        purchases, products, as_of=as_of, timezone=timezone, margin_pct=margin_pct, by_category=by_category
    )
    pair_of = lines.customer * len(lines.categories) + lines.category
    in_category = (lines.category >= 0) & (lines.customer >= 0)
    bought = np.flatnonzero(in_category & lines.is_sale)
    pair_keys, pair = np.unique(pair_of[bought], return_inverse=True)
    keys = pair * DAY_SPAN + lines.day[bought]
    order = np.argsort(keys, kind="stable")
    day_keys, first = np.unique(keys[order], return_index=True)
    ordered = bought[order]
    spend, margin, units = (
        _summed(values[ordered], first) for values in (lines.net_value, lines.margin, np.nan_to_num(lines.quantity))
    )
    last_at = _reduced(np.maximum, lines.times[ordered].astype(np.int64), first)
    back = np.flatnonzero(in_category & lines.is_return)
    if len(back):
        place = _returned_days(lines, back, bought, pair_of=pair_of, pair_keys=pair_keys, days=day_keys)
        back, place = back[place >= 0], place[place >= 0]
        for kept, values in ((spend, lines.net_value), (margin, lines.margin)):
            np.add.at(kept, place, _whole(values[back]))
        np.add.at(units, place, -_whole(np.abs(np.nan_to_num(lines.quantity[back]))))

    day_pair = day_keys // DAY_SPAN
    found = ShoppingDays(
        customers=lines.customers,
        categories=lines.categories,
        pair_customer=pair_keys // max(len(lines.categories), 1),
        pair_category=pair_keys % max(len(lines.categories), 1),
        starts=np.searchsorted(day_pair, np.arange(len(pair_keys) + 1)),
        day=(day_keys % DAY_SPAN).astype(np.int32),
        last_at=last_at.astype("datetime64[us]"),
        spend=spend / MILLIONTHS,
        margin=margin / MILLIONTHS,
        units=units / MILLIONTHS,
        depletion=_depletion(lines, products, ordered, first),
        is_gift=_reduced(np.minimum, lines.is_gift[ordered].astype(np.int64), first).astype(bool),
        margin_basis=margin_basis(lines.is_costed[bought], margin_pct),
        history_day=int(lines.day.min()) if len(lines.day) else 0,
    )
    return found.only(spend > 0) if len(back) else found


def _returned_days(
    lines: PurchaseLines,
    back: Positions,
    bought: Positions,
    *,
    pair_of: Positions,
    pair_keys: Positions,
    days: Positions,
) -> Positions:
    """The shopping day that each returned line `back` reduces, -1 for none: the order's, or the latest one."""
    pair_back = positions_in(pair_keys, pair_of[back])
    until = lines.day[back].astype(np.int64)
    named = pd.MultiIndex.from_arrays([pair_of[bought], lines.order[bought]])
    day_of = pd.Series(lines.day[bought], index=named)[lines.order[bought] >= 0].groupby(level=[0, 1]).max()
    wanted = pd.MultiIndex.from_arrays([pair_of[back], lines.order[back]])
    ordered_on = day_of.reindex(wanted).to_numpy(dtype=np.float64)
    until = np.where(np.isnan(ordered_on), until, np.nan_to_num(ordered_on)).astype(np.int64)
    place = np.searchsorted(days, pair_back * DAY_SPAN + until, side="right") - 1
    owner = np.append(days // DAY_SPAN, -1)[place]  # the position -1 reads the last entry: nobody
    return np.where((pair_back >= 0) & (owner == pair_back), place, -1)


def _depletion(lines: PurchaseLines, products: pd.DataFrame, ordered: Positions, first: Positions) -> Floats:
    """Days until the first product of each shopping day is used up, nan where the products do not say."""
    if "depletion_days" not in products.columns or not products["depletion_days"].notna().any() or not len(first):
        return np.full(len(first), np.nan)
    lasts = np.append(products["depletion_days"].to_numpy(dtype=np.float64), np.nan)[lines.product[ordered]]
    lasts = lasts * lines.quantity[ordered]
    soonest = np.minimum.reduceat(np.where(lasts > 0, lasts, np.inf), first)
    return np.where(np.isfinite(soonest), soonest, np.nan)


def _whole(values: Floats) -> Positions:
    return np.rint(values * MILLIONTHS).astype(np.int64)


def _summed(values: Floats, first: Positions) -> Positions:
    return np.add.reduceat(_whole(values), first) if len(first) else np.empty(0, dtype=np.int64)


def _reduced(reduce: np.ufunc, values: Positions, first: Positions) -> Positions:
    return np.asarray(reduce.reduceat(values, first)) if len(first) else np.empty(0, dtype=np.int64)


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
