"""Bulk wavering: a cart with a large quantity waits for days. Value is added before the price is cut.

Concessions come step by step: first what concedes nothing, and the smallest concession (a longer warranty, samples);
only when that was tried lately the next one, in the order that the offers state (`concession_order`), or else: what
adds value, shipping, bundle, reward, discount.

> Put 40 of the chair into the cart on 2026-03-03 and has not ordered: value is added before the price is cut.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pandas as pd

from decisioning.play import Known, Threshold, Trace, motive_rows, threshold
from decisioning.settings import OrderSettings, PlaySettings
from decisioning.signs import with_categories
from decisioning.times import days, elapsed_days, local_dates, naive

HOURS_PER_DAY = 24.0


class BulkWavering:
    """Finds products that wait in carts in large quantities, and their categories."""

    name: ClassVar[str] = "bulk-wavering"
    subject_kinds: ClassVar[tuple[str, ...]] = ("category", "product")
    requires: ClassVar[tuple[str, ...]] = ("signals", "products")
    traces: ClassVar[tuple[Trace, ...]] = (
        Trace("HAS_IN_CART", {"quantity": "quantity", "added_at": "added_at"}, end="product", end_label="Product"),
    )
    facts: ClassVar[tuple[str, ...]] = ("quantity", "added_at", "list_value")
    is_for_new_products: ClassVar[bool] = False
    is_for_products_in_stock: ClassVar[bool] = True
    ends_with_an_order: ClassVar[bool] = True
    orders: ClassVar[tuple[OrderSettings, ...]] = (
        OrderSettings(because="Value is added before the price is cut.", is_stepwise=True),
    )
    defaults: ClassVar[Mapping[str, Threshold]] = {
        "bulk_units": Threshold(10, "Units of one product from which on a cart is a bulk order."),
        "wait_hours": Threshold(24, "Hours after the last addition from which on somebody wavers."),
        "cart_days": Threshold(30, "Days after it until which the order may still come."),
        "widest_asset": Threshold(12, "An asset about more categories than this answers no motive of this play."),
    }

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per customer and product, and one per category of these.

        Strength is the mean of 1 and of q / (q + bulk_units) for q units; about the category nine tenths of that.
        """
        carts = known.view.carts
        quantity = carts.facts["quantity"].astype(np.float64)
        added = carts.facts["added_at"].astype("datetime64[us]")
        age = elapsed_days(known.as_of, added)
        bulk, lasts = threshold(self, settings, "bulk_units"), threshold(self, settings, "cart_days")
        category = known.view.products.frame["category"].to_numpy(dtype=np.int64)[carts.targets]
        wavering = np.flatnonzero(
            (quantity >= bulk)
            & (age >= threshold(self, settings, "wait_hours") / HOURS_PER_DAY)
            & (age <= lasts)
            & ~np.append(known.is_excluded(settings), False)[category]
            & ~known.is_out_of_stock[carts.targets]
        )
        units = quantity[wavering]
        rows = pd.DataFrame(
            {
                "customer": carts.sources[wavering],
                "product": carts.targets[wavering],
                "strength": (1.0 + units / (units + bulk)) / 2,
                "quantity": units,
                "added_at": added[wavering],
                "list_value": units * known.product_numbers("price")[carts.targets[wavering]],
            }
        )
        found = with_categories(known, rows)
        return motive_rows(
            found["customer"].to_numpy(),
            found["subject"].to_numpy(),
            found["strength"].to_numpy(),
            starts_at=known.as_of,
            until=found["added_at"].to_numpy(dtype="datetime64[us]") + days(lasts),
            facts={name: found[name] for name in ("kind", "product", "quantity", "added_at", "list_value")},
        )

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """How much of what waits since when, and what that calls for."""
        names = known.product_names[found["product"]]
        added = local_dates(naive(found["added_at"]), known.settings.timezone)
        return [
            f"Put {quantity:,.0f} of {name} into the cart on {day} and has not ordered: value is added before the "
            "price is cut."
            for quantity, name, day in zip(found["quantity"], names, added, strict=True)
        ]


PLAY = BulkWavering()
