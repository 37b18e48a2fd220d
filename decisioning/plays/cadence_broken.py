"""Cadence broken: a regular buyer of a category is missing there, and the absence has just become telling.

The chance of an absence this long fell below `maximum_survival` within the last seven days, while the household still
shops with us. It fires at the start of the deviation only: once the line was crossed over a week ago, it is silent.

> Used to buy milk about every 6 days, yet not since 2026-02-01, though here on 2026-03-04: only 8% of such gaps last
> this long.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pandas as pd

from decisioning.play import Known, Threshold, Trace, motive_rows, threshold
from decisioning.settings import OrderSettings, PlaySettings
from decisioning.times import days, elapsed_days, local_dates, naive

WEEK_DAYS = 7.0


class CadenceBroken:
    """Finds pairs of customer and category where a rhythm has just broken."""

    name: ClassVar[str] = "cadence-broken"
    subject_kinds: ClassVar[tuple[str, ...]] = ("category",)
    requires: ClassVar[tuple[str, ...]] = ("purchases", "products", "categories")
    traces: ClassVar[tuple[Trace, ...]] = (Trace("BOUGHT", {"count": "shopping_days", "last_at": "last_at"}),)
    facts: ClassVar[tuple[str, ...]] = (
        "shopping_days",
        "interval_days",
        "last_at",
        "survival",
        "survival_week_ago",
        "last_purchase_at",
    )
    is_for_new_products: ClassVar[bool] = False
    is_for_products_in_stock: ClassVar[bool] = False
    orders: ClassVar[tuple[OrderSettings, ...]] = ()
    defaults: ClassVar[Mapping[str, Threshold]] = {
        "minimum_days": Threshold(4, "Shopping days in the category from which on a rhythm is believed."),
        "maximum_survival": Threshold(0.10, "The rhythm counts as broken below this chance of so long an absence."),
        "active_days": Threshold(14, "The customer bought something, anything, within so many days before as-of."),
        "active_shopping_days": Threshold(1, "Shopping days that the customer has at least within the last 28 days."),
        "widest_asset": Threshold(12, "An asset about more categories than this answers no motive of this play."),
    }

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per pair that crossed the line within the last week. Strength is 1 - survival."""
        cadence, pairs = known.rhythms.cadence, known.rhythms.pairs
        line = threshold(self, settings, "maximum_survival")
        since_anything = elapsed_days(known.as_of, known.last_purchase_at)
        is_active = (since_anything <= threshold(self, settings, "active_days")) & (
            known.shopping_days(28) >= threshold(self, settings, "active_shopping_days")
        )
        broken = np.flatnonzero(
            (cadence.shopping_days >= threshold(self, settings, "minimum_days"))
            & (cadence.survival < line)
            & (cadence.survival_week_ago >= line)
            & is_active[pairs.row]
            & ~known.is_excluded(settings)[pairs.column]
        )
        return motive_rows(
            pairs.row[broken],
            pairs.column[broken],
            1.0 - cadence.survival[broken],
            starts_at=known.as_of,
            until=known.as_of + days(WEEK_DAYS),
            facts={
                "shopping_days": cadence.shopping_days[broken],
                "interval_days": cadence.interval_days[broken],
                "last_at": cadence.last_at[broken],
                "survival": cadence.survival[broken],
                "survival_week_ago": cadence.survival_week_ago[broken],
                "last_purchase_at": known.last_purchase_at[pairs.row[broken]],
            },
        )

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """What was usual, since when it is missing, and how rare that is."""
        names = known.category_names[found["subject"]]
        last = local_dates(naive(found["last_at"]), known.settings.timezone)
        anything = local_dates(naive(found["last_purchase_at"]), known.settings.timezone)
        return [
            f"Used to buy {name} about every {interval:.0f} days, yet not since {last_day}, though here on {shopped}: "
            f"only {survival:.0%} of such gaps last this long."
            for name, interval, last_day, shopped, survival in zip(
                names, found["interval_days"], last, anything, found["survival"], strict=True
            )
        ]


PLAY = CadenceBroken()
