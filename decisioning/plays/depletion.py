"""Depletion: what was bought for the first time is about to be used up, by how long one unit of it lasts.

Who has a rhythm of their own in the category is the business of `replenishment-due`; who bought something else there
since has replaced it.

> Bought the cleanser on 2026-02-04, which lasts about 30 days: used up around 2026-03-06.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pandas as pd

from decisioning.gather import gather
from decisioning.play import Known, Threshold, Trace, motive_rows, threshold
from decisioning.rhythms import Pairs
from decisioning.settings import OrderSettings, PlaySettings
from decisioning.signs import with_categories
from decisioning.times import NEVER, days, elapsed_days, local_dates, naive


class Depletion:
    """Finds products that are about to be used up, and their categories."""

    name: ClassVar[str] = "depletion"
    subject_kinds: ClassVar[tuple[str, ...]] = ("category", "product")
    requires: ClassVar[tuple[str, ...]] = ("purchases", "products")
    traces: ClassVar[tuple[Trace, ...]] = (
        Trace("BOUGHT", {"count": "shopping_days", "last_at": "last_at"}, end="product", end_label="Product"),
    )
    facts: ClassVar[tuple[str, ...]] = ("shopping_days", "last_at", "depletion_days", "due_at")
    is_for_new_products: ClassVar[bool] = False
    is_for_products_in_stock: ClassVar[bool] = True
    orders: ClassVar[tuple[OrderSettings, ...]] = ()
    defaults: ClassVar[Mapping[str, Threshold]] = {
        "rhythm_days": Threshold(4, "Shopping days in the category from which on the customer's own rhythm speaks."),
        "lead_days": Threshold(5, "Days before it is used up from which on it is a motive."),
        "lead_share": Threshold(0.25, "At most this share of the time that it lasts counts as lead."),
        "grace_days": Threshold(14, "Days after that day until which it still is one."),
        "widest_asset": Threshold(12, "An asset about more categories than this answers no motive of this play."),
    }

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per customer and product, and one per category of these.

        Strength is the mean of 1 and of closeness, which is 1 on the day it is used up and 0 at the edges.
        """
        bought, products = known.view.bought_products, known.view.products.frame
        lasts = known.product_numbers("depletion_days")[bought.targets]
        category = products["category"].to_numpy(dtype=np.int64)[bought.targets]
        last_at = bought.facts["last_at"].astype("datetime64[us]")
        due_at = last_at + days(np.nan_to_num(lasts))
        lead = np.minimum(threshold(self, settings, "lead_days"), threshold(self, settings, "lead_share") * lasts)
        grace = threshold(self, settings, "grace_days")
        until_due = elapsed_days(due_at, known.as_of)
        in_category = known.view.bought_categories
        pair = Pairs(in_category.sources, in_category.targets, len(known.view.categories))
        at = np.where(category >= 0, pair.find(bought.sources, np.maximum(category, 0)), -1)
        shopping_days = gather(in_category.facts["count"].astype(np.int64), at, 0)
        replaced_at = gather(in_category.facts["last_at"].astype("datetime64[us]"), at, NEVER)
        due = np.flatnonzero(
            (lasts > 0)
            & (until_due < lead)
            & (until_due > -grace)
            & (shopping_days < threshold(self, settings, "rhythm_days"))
            & ~(replaced_at > last_at)
            & ~np.append(known.is_excluded(settings), False)[category]
        )
        reach = np.where(until_due >= 0, lead, grace)[due]
        rows = pd.DataFrame(
            {
                "customer": bought.sources[due],
                "product": bought.targets[due],
                "strength": 1.0 - np.abs(until_due[due]) / reach / 2,
                "shopping_days": bought.facts["count"][due].astype(np.int64),
                "last_at": last_at[due],
                "depletion_days": lasts[due],
                "due_at": due_at[due],
                "lead": lead[due],
            }
        )
        found = with_categories(known, rows)
        used_up = found["due_at"].to_numpy(dtype="datetime64[us]")
        return motive_rows(
            found["customer"].to_numpy(),
            found["subject"].to_numpy(),
            found["strength"].to_numpy(),
            starts_at=used_up - days(found["lead"].to_numpy()),
            until=used_up + days(grace),
            facts={name: found[name] for name in ("kind", "product", *self.facts)},
        )

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """What was bought when, how long it lasts, and when it is used up."""
        names = known.product_names[found["product"]]
        last = local_dates(naive(found["last_at"]), known.settings.timezone)
        due = local_dates(naive(found["due_at"]), known.settings.timezone)
        return [
            f"Bought {name} on {day}, which lasts about {lasts:.0f} days: used up around {due_day}."
            for name, day, lasts, due_day in zip(names, last, found["depletion_days"], due, strict=True)
        ]


PLAY = Depletion()
