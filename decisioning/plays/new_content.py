"""New content: something has just been published about what the customer is interested in.

Content is new for so many days after its `starts_at`; what states none is never new. The motive is about the asset
itself, so that nothing else answers it.

> New since 2026-03-03: A guide to grinders, about espresso, an interest since 2026-02-20 (engaged, confidence 0.62).
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.beliefs import faded_weight
from decisioning.play import Known, Threshold, Trace, motive_rows, threshold
from decisioning.settings import OrderSettings, PlaySettings
from decisioning.subjects import expanded
from decisioning.times import days, elapsed_days, local_dates, naive
from graph.view import Links

STRONGEST = 0.6
_TOLD = ("rule", "confidence", "valid_from")


class NewContent:
    """Finds new assets about what customers are interested in."""

    name: ClassVar[str] = "new-content"
    subject_kinds: ClassVar[tuple[str, ...]] = ("asset",)
    requires: ClassVar[tuple[str, ...]] = ("assets",)
    traces: ClassVar[tuple[Trace, ...]] = (
        Trace("INTERESTED_IN", {name: name for name in _TOLD}, end="topic", end_label="Topic"),
        Trace("INTERESTED_IN", {name: name for name in _TOLD}, end="category", end_label="Category"),
        Trace("ABOUT", start="subject", start_label="Asset", end="topic", end_label="Topic"),
        Trace("ABOUT", start="subject", start_label="Asset", end="category", end_label="Category"),
    )
    facts: ClassVar[tuple[str, ...]] = ("rule", "weight", "confidence", "valid_from", "published_at")
    is_for_new_products: ClassVar[bool] = False
    is_for_products_in_stock: ClassVar[bool] = True
    orders: ClassVar[tuple[OrderSettings, ...]] = ()
    defaults: ClassVar[Mapping[str, Threshold]] = {
        "new_days": Threshold(14, "Days after its start for which content is new."),
        "minimum_confidence": Threshold(0.3, "Confidence that an interest needs."),
        "minimum_weight": Threshold(0.5, "Weight, decayed to as-of, below which an interest does not count."),
        "most": Threshold(2, "So many assets per customer at most."),
        "widest_asset": Threshold(6, "An asset about more categories than this answers no motive of this play."),
    }

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per customer and asset, by the surest interest.

        Strength is 0.6 × the mean of confidence and of newness, which falls from 1 to 0 over `new_days`.
        """
        view, lasts = known.view, threshold(self, settings, "new_days")
        published = naive(view.assets.frame["starts_at"])
        age = elapsed_days(known.as_of, published)
        is_new = (age >= 0) & (age < lasts)
        found = pd.concat(
            [
                self._met(known, settings, view.topic_interests, view.asset_topics, kind="topic", is_new=is_new),
                self._met(known, settings, view.interests, view.asset_categories, kind="category", is_new=is_new),
            ],
            ignore_index=True,
        )
        asset = found["asset"].to_numpy(dtype=np.int64)
        strength = STRONGEST * (found["confidence"].to_numpy(dtype=np.float64) + 1.0 - age[asset] / lasts) / 2
        found = found.assign(strength=strength, published_at=published[asset]).sort_values(
            ["customer", "strength", "asset", "topic", "category", "rule"],
            ascending=[True, False, True, False, False, True],
            kind="stable",
        )
        found = found.drop_duplicates(["customer", "asset"])
        found = found[found.groupby("customer").cumcount() < threshold(self, settings, "most")]
        return motive_rows(
            found["customer"].to_numpy(),
            found["asset"].to_numpy(),
            found["strength"].to_numpy(),
            starts_at=known.as_of,
            until=found["published_at"].to_numpy(dtype="datetime64[us]") + days(lasts),
            facts={name: found[name] for name in ("topic", "category", "weight", "published_at", *_TOLD)},
        )

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """What is new, since when, and which interest it meets."""
        titles = known.asset_titles[found["subject"]]
        about = np.where(
            found["topic"] >= 0,
            np.append(known.topic_names, "")[found["topic"]],
            np.append(known.category_names, "")[found["category"]],
        )
        since = local_dates(naive(found["published_at"]), known.settings.timezone)
        seen = local_dates(naive(found["valid_from"]), known.settings.timezone)
        return [
            f"New since {day}: {title}, about {subject}, an interest as of {sign} ({rule}, confidence "
            f"{confidence:.2f})."
            for day, title, subject, sign, rule, confidence in zip(
                since, titles, about, seen, found["rule"], found["confidence"], strict=True
            )
        ]

    def _met(
        self,
        known: Known,
        settings: PlaySettings,
        interests: Links,
        about: Links,
        *,
        kind: str,
        is_new: npt.NDArray[np.bool_],
    ) -> pd.DataFrame:
        """Pairs of an interest of one kind and a new asset about it."""
        kept = is_new[about.sources]
        width = known.view.topics if kind == "topic" else known.view.categories
        answering = Links.build(about.targets[kept], about.sources[kept], len(width))
        weight = faded_weight(interests, known.as_of)
        confidence = interests.facts["confidence"].astype(np.float64)
        is_held = (
            (weight >= threshold(self, settings, "minimum_weight"))
            & (confidence >= threshold(self, settings, "minimum_confidence"))
            & (np.diff(answering.starts) > 0)[interests.targets]
        )
        if kind == "category":
            is_held &= ~known.is_excluded(settings)[interests.targets]
        rows = np.flatnonzero(is_held)
        owner, links = expanded(answering, interests.targets[rows])
        met, nothing = rows[owner], np.full(len(owner), -1, dtype=np.int64)
        subject = interests.targets[met].astype(np.int64)
        return pd.DataFrame(
            {
                "customer": interests.sources[met],
                "asset": answering.targets[links],
                "topic": subject if kind == "topic" else nothing,
                "category": subject if kind == "category" else nothing,
                "rule": interests.facts["rule"][met],
                "weight": weight[met],
                "confidence": confidence[met],
                "valid_from": interests.facts["valid_from"][met].astype("datetime64[us]"),
            }
        )


PLAY = NewContent()
