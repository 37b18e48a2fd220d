"""Trial stalled: somebody tries the product, has stopped using it, and has not bought it.

Life is any signal of high fidelity; what counts as use is rated in the playbook under `beliefs.fidelity`. The motive is
about the product, the category and the topics that the trial is of.

> Started a trial of Analytics on 2026-02-20, last seen on 2026-02-23: 11 days without a sign, 17 of 30 days left.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.play import Known, Threshold, Trace, motive_rows, threshold
from decisioning.settings import OrderSettings, PlaySettings
from decisioning.signs import latest
from decisioning.subjects import expanded
from decisioning.times import days, elapsed_days, local_dates, naive
from graph.view import Links

TRIAL, ORDERED = "Trial Started", "Order Completed"


class TrialStalled:
    """Finds trials that came to a halt before their end."""

    name: ClassVar[str] = "trial-stalled"
    subject_kinds: ClassVar[tuple[str, ...]] = ("category", "product", "topic")
    requires: ClassVar[tuple[str, ...]] = ("signals",)
    traces: ClassVar[tuple[Trace, ...]] = (
        Trace("BY", start="trial", start_label="Signal", end="customer", end_label="Customer"),
        Trace("ABOUT", start="trial", start_label="Signal"),
    )
    facts: ClassVar[tuple[str, ...]] = ("started_at", "seen_at", "silent_days", "days_left")
    is_for_new_products: ClassVar[bool] = False
    is_for_products_in_stock: ClassVar[bool] = True
    ends_with_an_order: ClassVar[bool] = True
    orders: ClassVar[tuple[OrderSettings, ...]] = ()
    defaults: ClassVar[Mapping[str, Threshold]] = {
        "trial_days": Threshold(30, "Days that a trial lasts."),
        "silent_days": Threshold(4, "Days without any sign from which on it has stalled."),
        "widest_asset": Threshold(12, "An asset about more categories than this answers no motive of this play."),
    }

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per customer and product, category or topic of the trial.

        Strength is the mean of 1 and of the share of the trial that is gone.
        """
        lasts, view = threshold(self, settings, "trial_days"), known.view
        started = known.signals_named(TRIAL)
        rows = pd.DataFrame(
            {
                "customer": known.signal_customers[started],
                "trial": started,
                "started_at": known.signal_times[started],
            }
        )
        rows = latest(rows, "customer", "started_at")
        customer, began = rows["customer"].to_numpy(dtype=np.int64), naive(rows["started_at"])
        seen = np.fmax(_last_seen(known), known.last_purchase_at)[customer]
        bought = np.fmax(_last_seen(known, ORDERED), known.last_purchase_at)[customer]
        age, silent = elapsed_days(known.as_of, began), elapsed_days(known.as_of, np.fmax(seen, began))
        is_stalled = (age < lasts) & (silent >= threshold(self, settings, "silent_days")) & ~(bought >= began)
        rows = rows.assign(
            seen_at=np.fmax(seen, began), silent_days=silent, days_left=lasts - age, strength=(1.0 + age / lasts) / 2
        )[is_stalled]
        found = pd.concat(
            [
                _about(rows, kind, links)
                for kind, links in (
                    ("category", view.signal_categories),
                    ("product", view.signal_products),
                    ("topic", view.signal_topics),
                )
            ],
            ignore_index=True,
        )
        is_told = ~((found["kind"] == "category") & found["subject"].isin(np.flatnonzero(known.is_excluded(settings))))
        found = found[is_told.to_numpy(dtype=np.bool_)]
        return motive_rows(
            found["customer"].to_numpy(),
            found["subject"].to_numpy(),
            found["strength"].to_numpy(dtype=np.float64),
            starts_at=known.as_of,
            until=naive(found["started_at"]) + days(lasts),
            facts={name: found[name] for name in ("kind", "trial", *self.facts)},
        )

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """What is tried since when, when it was used last, and how long it still lasts."""
        kinds = {"category": known.category_names, "product": known.product_names, "topic": known.topic_names}
        names = [kinds[kind][subject] for kind, subject in zip(found["kind"], found["subject"], strict=True)]
        started = local_dates(naive(found["started_at"]), known.settings.timezone)
        seen = local_dates(naive(found["seen_at"]), known.settings.timezone)
        return [
            f"Started a trial of {name} on {day}, last seen on {last}: {silent:.0f} days without a sign, {left:.0f} of "
            f"{left + gone:.0f} days left."
            for name, day, last, silent, left, gone in zip(
                names,
                started,
                seen,
                found["silent_days"],
                found["days_left"],
                elapsed_days(known.as_of, naive(found["started_at"])),
                strict=True,
            )
        ]


def _last_seen(known: Known, *names: str) -> npt.NDArray[np.datetime64]:
    """When each customer gave the last signal, of these names if any are named; NaT without one."""
    told = known.signals_named(*names) if names else np.flatnonzero(known.signal_customers >= 0)
    found = np.full(len(known.view.customers), "NaT", dtype="datetime64[us]")
    order = told[np.argsort(known.signal_times[told], kind="stable")]
    found[known.signal_customers[order]] = known.signal_times[order]
    return found


def _about(rows: pd.DataFrame, kind: str, links: Links) -> pd.DataFrame:
    """The rows, once for each thing of a kind that the trial is of."""
    owner, of = expanded(links, rows["trial"].to_numpy(dtype=np.int32))
    return rows.iloc[owner].assign(kind=kind, subject=links.targets[of].astype(np.int64))


PLAY = TrialStalled()
