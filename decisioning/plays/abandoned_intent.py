"""Abandoned intent: something was put into the cart, and has neither been taken out nor ordered since.

Where an ad led to the visit, such as one in a search for durability, messages that speak of what it promised come
first. What has gone out of stock meanwhile is the business of `substitution`.

> Left the backpack in the cart on 2026-03-05, having come from the campaign search-backpacks about durability.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pandas as pd

from decisioning.play import Known, Threshold, Trace, motive_rows, named, threshold
from decisioning.settings import OrderSettings, PlaySettings
from decisioning.signs import with_categories
from decisioning.times import days, elapsed_days, local_dates, naive

HOURS_PER_DAY = 24.0


class AbandonedIntent:
    """Finds products that wait in carts, and their categories."""

    name: ClassVar[str] = "abandoned-intent"
    subject_kinds: ClassVar[tuple[str, ...]] = ("category", "product")
    requires: ClassVar[tuple[str, ...]] = ("signals", "products")
    traces: ClassVar[tuple[Trace, ...]] = (
        Trace(
            "HAS_IN_CART",
            {name: name for name in ("quantity", "added_at", "came_for", "campaign_id")},
            end="product",
            end_label="Product",
        ),
    )
    facts: ClassVar[tuple[str, ...]] = ("quantity", "added_at", "came_for", "campaign_id")
    is_for_new_products: ClassVar[bool] = False
    is_for_products_in_stock: ClassVar[bool] = True
    ends_with_an_order: ClassVar[bool] = True
    orders: ClassVar[tuple[OrderSettings, ...]] = ()
    defaults: ClassVar[Mapping[str, Threshold]] = {
        "wait_hours": Threshold(4, "Hours after the last addition from which on a cart counts as left."),
        "cart_days": Threshold(14, "Days after it until which somebody still wants what lies there."),
        "most": Threshold(3, "So many products per customer at most, those added last."),
        "widest_asset": Threshold(12, "An asset about more categories than this answers no motive of this play."),
    }

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per customer and product, and one per category of these.

        Strength falls from 1 to a half while the cart waits; about the category it is nine tenths of that.
        """
        carts = known.view.carts
        lasts = threshold(self, settings, "cart_days")
        added = carts.facts["added_at"].astype("datetime64[us]")
        age = elapsed_days(known.as_of, added)
        category = known.view.products.frame["category"].to_numpy(dtype=np.int64)[carts.targets]
        is_told = ~np.append(known.is_excluded(settings), False)[category]
        left = np.flatnonzero(
            (age >= threshold(self, settings, "wait_hours") / HOURS_PER_DAY)
            & (age <= lasts)
            & is_told
            & ~known.is_out_of_stock[carts.targets]
        )
        rows = pd.DataFrame(
            {
                "customer": carts.sources[left],
                "product": carts.targets[left],
                "strength": 1.0 - age[left] / (2 * lasts),
                "quantity": carts.facts["quantity"][left].astype(np.float64),
                "added_at": added[left],
                "came_for": carts.facts["came_for"][left],
                "campaign_id": carts.facts["campaign_id"][left],
                "leads_with": known.topic_positions(carts.facts["came_for"][left]),
            }
        ).sort_values(["customer", "added_at", "product"], ascending=[True, False, True], kind="stable")
        rows = rows[rows.groupby("customer").cumcount() < threshold(self, settings, "most")]
        found = with_categories(known, rows)
        added_at = found["added_at"].to_numpy(dtype="datetime64[us]")
        told = ("kind", "product", "quantity", "added_at", "came_for", "campaign_id", "leads_with")
        return motive_rows(
            found["customer"].to_numpy(),
            found["subject"].to_numpy(),
            found["strength"].to_numpy(),
            starts_at=known.as_of,
            until=added_at + days(lasts),
            facts={name: found[name] for name in told},
        )

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """What was left where and when, and which ad had led there."""
        names = known.product_names[found["product"]]
        added = local_dates(naive(found["added_at"]), known.settings.timezone)
        return [
            f"Left {name} in the cart on {day}"
            f"{f', having come from the campaign {campaign} about {topic}' if named(topic) else ''}."
            for name, day, topic, campaign in zip(names, added, found["came_for"], found["campaign_id"], strict=True)
        ]


PLAY = AbandonedIntent()
