"""Replenishment due: somebody's own rhythm in a category says that they will need it again in the coming days.

A motive lives from `lead_days` before the due day, yet at most `lead_share` of the customer's own interval before it:
a weekly buyer who was here yesterday is not due. It ends `grace_days` after the due day, or earlier when so much time
has passed that the rhythm looks broken (`minimum_survival`). So a 14-day buyer hears from us around day 14 and a 90-day
buyer around day 90, never both on day 30.

> Buys coffee about every 14 days, last on 2026-02-21: due on 2026-03-07.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pandas as pd

from decisioning.play import Known, Threshold, Trace, motive_rows, threshold
from decisioning.settings import OrderSettings, PlaySettings
from decisioning.times import days, elapsed_days, local_dates, naive


class ReplenishmentDue:
    """Finds pairs of customer and category whose next purchase is due."""

    name: ClassVar[str] = "replenishment-due"
    subject_kinds: ClassVar[tuple[str, ...]] = ("category",)
    requires: ClassVar[tuple[str, ...]] = ("purchases", "products", "categories")
    traces: ClassVar[tuple[Trace, ...]] = (Trace("BOUGHT", {"count": "shopping_days", "last_at": "last_at"}),)
    facts: ClassVar[tuple[str, ...]] = ("shopping_days", "interval_days", "last_at", "due_at", "survival")
    is_for_new_products: ClassVar[bool] = False
    is_for_products_in_stock: ClassVar[bool] = False
    orders: ClassVar[tuple[OrderSettings, ...]] = ()
    defaults: ClassVar[Mapping[str, Threshold]] = {
        "minimum_days": Threshold(4, "Shopping days in the category from which on a rhythm is believed."),
        "lead_days": Threshold(7, "Days before the due day from which on it is a motive (due before as-of + this)."),
        "lead_share": Threshold(0.5, "At most this share of the customer's own interval counts as lead."),
        "grace_days": Threshold(3, "Days after the due day until which it still is a motive."),
        "minimum_survival": Threshold(0.25, "A pair past its due day needs this chance of not having bought yet."),
        "widest_asset": Threshold(12, "An asset about more categories than this answers no motive of this play."),
    }

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per due pair.

        Strength is the mean of closeness (1 on the due day, 0 at the edges of the window) and regularity (the 10 %
        quantile of the interval over its 90 % quantile: 1 for a clockwork, near 0 for chance).
        """
        cadence, pairs = known.rhythms.cadence, known.rhythms.pairs
        grace = threshold(self, settings, "grace_days")
        lead = np.minimum(
            threshold(self, settings, "lead_days"), threshold(self, settings, "lead_share") * cadence.interval_days
        )
        until_due = elapsed_days(cadence.due_at, known.as_of)
        is_ahead = (until_due >= 0) & (until_due < lead)
        is_overdue = (until_due < 0) & (until_due > -grace)
        is_alive = cadence.survival >= threshold(self, settings, "minimum_survival")
        due = np.flatnonzero(
            (cadence.shopping_days >= threshold(self, settings, "minimum_days"))
            & (is_ahead | (is_overdue & is_alive))
            & ~known.is_excluded(settings)[pairs.column]
        )
        reach = np.where(until_due >= 0, lead, grace)[due]
        closeness = 1.0 - np.abs(until_due[due]) / reach
        regularity = cadence.interval_low_days[due] / np.maximum(cadence.interval_high_days[due], 1e-9)
        return motive_rows(
            pairs.row[due],
            pairs.column[due],
            (closeness + regularity) / 2,
            starts_at=cadence.due_at[due] - days(lead[due]),
            until=cadence.due_at[due] + days(grace),
            facts={
                "shopping_days": cadence.shopping_days[due],
                "interval_days": cadence.interval_days[due],
                "last_at": cadence.last_at[due],
                "due_at": cadence.due_at[due],
                "survival": cadence.survival[due],
            },
        )

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """How often, when last, when due."""
        names = known.category_names[found["subject"]]
        last = local_dates(naive(found["last_at"]), known.settings.timezone)
        due_at = naive(found["due_at"])
        due = local_dates(due_at, known.settings.timezone)
        verbs = np.where(due_at < known.as_of, "was due", "due")
        return [
            f"Buys {name} about every {interval:.0f} days, last on {last_day}: {verb} on {due_day}."
            for name, interval, last_day, verb, due_day in zip(
                names, found["interval_days"], last, verbs, due, strict=True
            )
        ]


PLAY = ReplenishmentDue()
