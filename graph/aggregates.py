"""Purchases as the graph keeps them: shopping days, spend and last purchase per customer and category or product.

A shopping day is a local date with a sale of quantity and net value above zero. Spend is the net value of all lines of
a pair, returns taken off, summed in whole millionths so that the order of rows cannot change a single bit of it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

Integers = npt.NDArray[np.int64]

_MILLIONTHS = 1_000_000
_DAY_SPAN = 1 << 20  # more days than any calendar here, so that (pair, day) fits one sortable integer
_MICROSECONDS_PER_DAY = 86_400_000_000
_RECENT_DAYS = (28, 91)


@dataclass(frozen=True, eq=False)
class Lines:
    """Purchase lines before as-of, as arrays of one entry per line.

    Attributes:
        customer: Position in `customers`.
        customers: Keys of the customers who have lines, ascending.
        product: Position in `products`, -1 without one.
        products: Keys of the products that have lines, ascending.
        local_day: Local date, in days since 1970-01-01.
        time: Microseconds since 1970, UTC.
        millionths: Net value in millionths of the currency; returns are negative.
        is_shopping: Whether the line makes its day a shopping day.
    """

    customer: Integers
    customers: npt.NDArray[np.object_]
    product: Integers
    products: npt.NDArray[np.object_]
    local_day: Integers
    time: Integers
    millionths: npt.NDArray[np.float64]
    is_shopping: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, purchases: pd.DataFrame, *, as_of: datetime, timezone: str) -> "Lines":
        """The lines of the canonical table `purchases` before `as_of`.

        Args:
            purchases: customer_id, kind, net_value, occurred_at and, where known, product_id and quantity.
            as_of: Lines at or after it are not looked at.
            timezone: IANA time zone of the playbook, whose midnight starts a day.
        """
        known = purchases[purchases["occurred_at"] < pd.Timestamp(as_of)]
        customer, customers = pd.factorize(known["customer_id"].to_numpy(dtype=object), sort=True)
        product, products = pd.factorize(_column(known, "product_id").to_numpy(dtype=object), sort=True)
        net_value = known["net_value"].to_numpy(dtype=np.float64)
        quantity = _column(known, "quantity").to_numpy(dtype=np.float64)
        is_sale = (known["kind"] == "sale").to_numpy(dtype=bool)
        return cls(
            customer=customer.astype(np.int64),
            customers=np.asarray(customers, dtype=object),
            product=product.astype(np.int64),
            products=np.asarray(products, dtype=object),
            local_day=_local_days(known["occurred_at"], timezone),
            time=_microseconds(known["occurred_at"]),
            millionths=np.rint(net_value * _MILLIONTHS),
            is_shopping=is_sale & (quantity > 0) & (net_value > 0),
        )


@dataclass(frozen=True, eq=False)
class ShoppingDays:
    """Shopping days per pair of a customer and what was bought (categories, or products).

    Attributes:
        customer: Key of the pair's customer, shape (pairs,); pairs are sorted by (customer, bought_key).
        bought_key: Key of what was bought, shape (pairs,).
        spend: Net value of the pair in currency, returns taken off, shape (pairs,).
        last_at: Last purchase, microseconds since 1970 in UTC, shape (pairs,).
        count: Shopping days, at least one, shape (pairs,).
    """

    customer: npt.NDArray[np.object_]
    bought_key: npt.NDArray[np.object_]
    spend: npt.NDArray[np.float64]
    last_at: Integers
    count: Integers

    def __len__(self) -> int:
        return len(self.customer)

    def bought(self, minimum_days: int = 1) -> pd.DataFrame:
        """Rows of `Customer BOUGHT …`: from_key, to_key, count, spend, last_at, from so many shopping days on."""
        rows = pd.DataFrame(
            {
                "from_key": self.customer,
                "to_key": self.bought_key,
                "count": self.count,
                "spend": self.spend,
                "last_at": as_times(self.last_at),
            }
        )
        return rows[self.count >= minimum_days].reset_index(drop=True)


def shopping_days_by_category(lines: Lines, products: pd.DataFrame) -> ShoppingDays:
    """Shopping days per customer and category; lines of products without category belong to none.

    Args:
        lines: The purchases.
        products: The canonical table: product_id, category_id.
    """
    of_product, categories = pd.factorize(products["category_id"].to_numpy(dtype=object), sort=True)
    position = pd.Index(products["product_id"]).get_indexer(pd.Index(lines.products))
    category_of = np.append(of_product, -1)[np.append(position, -1)]  # the position -1 reads the last entry
    return _shopping_days(lines, category_of[lines.product], np.asarray(categories, dtype=object))


def shopping_days_by_product(lines: Lines) -> ShoppingDays:
    """Shopping days per customer and product."""
    return _shopping_days(lines, lines.product, lines.products)


def customer_activity(lines: Lines, *, as_of: datetime, timezone: str) -> pd.DataFrame:
    """Shopping days of recent local days and the last purchase, for customers who ever shopped.

    Returns:
        customer_id, shopping_days_28d, shopping_days_91d (local dates that lie, wholly or in part, before `as_of`, that
        many of them), last_purchase_at.
    """
    shopping = lines.is_shopping
    customer, day = lines.customer[shopping], lines.local_day[shopping]
    last_at = np.full(len(lines.customers), np.iinfo(np.int64).min)
    np.maximum.at(last_at, customer, lines.time[shopping])
    days = np.unique(customer * _DAY_SPAN + day)
    newest = _local_days(pd.Series([pd.Timestamp(as_of) - timedelta(microseconds=1)]), timezone)[0]
    activity = pd.DataFrame({"customer_id": lines.customers})
    for length in _RECENT_DAYS:
        recent = days[days % _DAY_SPAN > newest - length]
        activity[f"shopping_days_{length}d"] = np.bincount(recent // _DAY_SPAN, minlength=len(activity))
    activity["last_purchase_at"] = as_times(last_at)
    return activity[last_at > np.iinfo(np.int64).min].reset_index(drop=True)


def as_times(microseconds: Integers) -> pd.DatetimeIndex:
    """Microseconds since 1970 as UTC times."""
    return pd.DatetimeIndex(microseconds.astype("datetime64[us]")).tz_localize("UTC")


def _shopping_days(lines: Lines, target: Integers, targets: npt.NDArray[np.object_]) -> ShoppingDays:
    width = max(1, len(targets))
    pair_code = np.where(target >= 0, lines.customer * width + target, -1)
    is_counted = lines.is_shopping & (pair_code >= 0)
    pairs, pair = np.unique(pair_code[is_counted], return_inverse=True)
    day_codes = np.unique(pair * _DAY_SPAN + lines.local_day[is_counted])
    last_at = np.full(len(pairs), np.iinfo(np.int64).min)
    np.maximum.at(last_at, pair, lines.time[is_counted])
    place = np.minimum(np.searchsorted(pairs, pair_code), max(0, len(pairs) - 1))
    is_of_pair = (pairs[place] == pair_code) if len(pairs) else np.zeros(len(pair_code), dtype=bool)
    millionths = np.bincount(place[is_of_pair], weights=lines.millionths[is_of_pair], minlength=len(pairs))
    return ShoppingDays(
        customer=lines.customers[pairs // width],
        bought_key=targets[pairs % width],
        spend=millionths / _MILLIONTHS,
        last_at=last_at,
        count=np.bincount(day_codes // _DAY_SPAN, minlength=len(pairs)),
    )


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name] if name in frame.columns else pd.Series(np.nan, index=frame.index, dtype=object)


def _local_days(times: pd.Series, timezone: str) -> Integers:
    local = times.dt.tz_convert(timezone).dt.tz_localize(None)
    return _microseconds(local) // _MICROSECONDS_PER_DAY


def _microseconds(times: pd.Series) -> Integers:
    return np.asarray(times.dt.as_unit("us").astype(np.int64), dtype=np.int64)
