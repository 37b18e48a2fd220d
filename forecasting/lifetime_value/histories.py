"""Histories of customers as the models of lifetime value see them: repeat purchases, the last one, since when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.cadence.purchase_lines import lines_and_products
from forecasting.cadence.shopping_days import ShoppingDays, shopping_days, totals
from forecasting.inputs import local_days, local_midnight, moment
from forecasting.values import Floats, Keys


@dataclass(frozen=True, eq=False)
class CustomerHistories:
    """Every customer who bought before as-of; arrays of shape (customers,).

    Attributes:
        customer_id: Keys, ascending.
        x: Repeat purchases: shopping days after the first.
        t_x: Days from the first shopping day to the last.
        age: Days from the first shopping day to as-of.
        spend: Mean net value of a shopping day, in currency, above 0.
        margin_share: Margin over net value, own one shrunk to all customers'.
        margin_basis: How margin is known.
    """

    customer_id: Keys
    x: Floats
    t_x: Floats
    age: Floats
    spend: Floats
    margin_share: Floats
    margin_basis: str

    def __len__(self) -> int:
        return len(self.customer_id)


def days_of_customers(
    tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str, margin_pct: float | None
) -> ShoppingDays:
    """Shopping days of every customer, whatever was bought, from purchases before as-of.

    Raises:
        ForecastingError: A table is not in the expected form.
        TooLittleDataError: There are no purchases.
    """
    purchases, products = lines_and_products(tables)
    return shopping_days(
        purchases,
        products,
        as_of=as_of,
        timezone=timezone,
        margin_pct=margin_pct,
        by_category=False,
    )


def histories_of(days: ShoppingDays, *, as_of: datetime, timezone: str) -> CustomerHistories:
    """The histories behind shopping days that all lie before as-of.

    A day is a day whatever the clock did in it: only the part of as-of's own day that has passed is a fraction.
    """
    now = moment(as_of)
    today = int(local_days(np.array([now]), timezone)[0])
    begun = (now - local_midnight(today, timezone)) / (
        local_midnight(today + 1, timezone) - local_midnight(today, timezone)
    )
    first, last = days.day[days.starts[:-1]].astype(np.float64), days.day[days.starts[1:] - 1].astype(np.float64)
    spend, margin = (totals(days.pair, values, len(days)) for values in (days.spend, days.margin))
    # One typical shopping day of everybody's share of margin steadies each customer's own.
    overall, typical = (margin.sum() / spend.sum(), spend.sum() / days.counts.sum()) if len(days) else (0.0, 0.0)
    return CustomerHistories(
        customer_id=days.customers[days.pair_customer],
        x=(days.counts - 1).astype(np.float64),
        t_x=last - first,
        # As-of may lie within the first shopping day, at its very first moment at worst.
        age=np.maximum(today + float(begun) - first, 1e-3),
        spend=spend / days.counts,
        margin_share=(margin + typical * overall) / (spend + typical),
        margin_basis=days.margin_basis,
    )
