"""Favourites: the personal bestsellers, categories in which we believe the customer to be interested.

Beliefs fade: the weight at `valid_from` halves every half-life, and below `minimum_weight` the belief has expired. A
customer with a purchase history is only told about categories they buy. With a thin one, fewer than
`thin_history_days` shopping days, any interest serves, whatever its rule (browsing too). An asset about a product
that the customer already bought is not offered; the view knows products from the playbook's threshold of shopping days
on. What was bought within `rest_days` rests: nobody wants to hear of what has just come into the house.

> Tea is a favourite: bought on 12 days, last evidence 2026-02-27 (repeat-purchase, confidence 0.71).
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.beliefs import faded_weight
from decisioning.gather import gather
from decisioning.play import Known, Threshold, Trace, motive_rows, threshold
from decisioning.rhythms import THIN_HISTORY_DAYS, Pairs
from decisioning.settings import OrderSettings, PlaySettings
from decisioning.times import NEVER, Times, days, elapsed_days, local_dates, naive

# A favourite is a reason to talk, yet none to talk today: a timely motive about the same asset is the better reason.
STRONGEST = 0.5


class Favourites:
    """Finds each customer's strongest interests."""

    name: ClassVar[str] = "favourites"
    subject_kinds: ClassVar[tuple[str, ...]] = ("category",)
    requires: ClassVar[tuple[str, ...]] = ("purchases", "products", "categories")
    traces: ClassVar[tuple[Trace, ...]] = (
        Trace("INTERESTED_IN", {name: name for name in ("rule", "confidence", "valid_from", "half_life_days")}),
    )
    facts: ClassVar[tuple[str, ...]] = ("rule", "weight", "confidence", "valid_from", "half_life_days", "shopping_days")
    is_for_new_products: ClassVar[bool] = True
    is_for_products_in_stock: ClassVar[bool] = False
    orders: ClassVar[tuple[OrderSettings, ...]] = ()
    defaults: ClassVar[Mapping[str, Threshold]] = {
        "minimum_weight": Threshold(2, "Weight, decayed to as-of, below which an interest has expired."),
        "minimum_confidence": Threshold(0.5, "Confidence that an interest needs."),
        "thin_history_days": Threshold(
            THIN_HISTORY_DAYS, "Shopping days within 91 days below which the history is thin."
        ),
        "rest_days": Threshold(3, "Days since the category was last bought that an interest rests."),
        "most": Threshold(
            12, "So many interests per customer at most, the strongest ones: a favourite among fifty is none."
        ),
        "widest_asset": Threshold(6, "An asset about more categories than this answers no motive of this play."),
    }

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per customer and category, by the strongest rule.

        Strength is half of confidence × w / (w + minimum_weight) with the decayed weight w, so it stays below 0.5.
        """
        interests = known.view.interests
        customer, category = interests.sources, interests.targets
        rule, half_life = interests.facts["rule"], interests.facts["half_life_days"].astype(np.float64)
        weight = faded_weight(interests, known.as_of)
        confidence = interests.facts["confidence"].astype(np.float64)
        least = threshold(self, settings, "minimum_weight")
        bought = _bought_pairs(known).find(customer, category)
        bought_days = gather(known.view.bought_categories.facts["count"].astype(np.int64), bought, 0)
        last_at = gather(known.view.bought_categories.facts["last_at"].astype("datetime64[us]"), bought, NEVER)
        is_resting = elapsed_days(known.as_of, last_at) < threshold(self, settings, "rest_days")
        is_thin = known.shopping_days(91) < threshold(self, settings, "thin_history_days")
        open_ones = np.flatnonzero(
            (weight >= least)
            & (confidence >= threshold(self, settings, "minimum_confidence"))
            & ((bought_days > 0) | is_thin[customer])
            & ~is_resting
            & ~known.is_excluded(settings)[category]
        )
        strength = STRONGEST * confidence * weight / (weight + least)
        chosen = _strongest(
            pd.DataFrame({"customer": customer, "category": category, "strength": strength, "rule": rule}).iloc[
                open_ones
            ],
            int(threshold(self, settings, "most")),
        )
        return motive_rows(
            customer[chosen],
            category[chosen],
            strength[chosen],
            starts_at=known.as_of,
            until=_fades_at(weight[chosen], least, half_life[chosen], known.as_of),
            facts={
                "rule": rule[chosen],
                "weight": weight[chosen],
                "confidence": confidence[chosen],
                "valid_from": interests.facts["valid_from"][chosen].astype("datetime64[us]"),
                "half_life_days": half_life[chosen],
                "shopping_days": bought_days[chosen],
            },
        )

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """What is a favourite, on which evidence, by which rule."""
        names = known.category_names[found["subject"]]
        evidence = local_dates(naive(found["valid_from"]), known.settings.timezone)
        history = [f"bought on {count} days" if count else "not bought yet" for count in found["shopping_days"]]
        return [
            f"{name} is a favourite: {bought}, last evidence {day} ({rule}, confidence {confidence:.2f})."
            for name, bought, day, rule, confidence in zip(
                names, history, evidence, found["rule"], found["confidence"], strict=True
            )
        ]


def _bought_pairs(known: Known) -> Pairs:
    bought = known.view.bought_categories
    return Pairs(bought.sources, bought.targets, len(known.view.categories))


def _strongest(interests: pd.DataFrame, most: int) -> npt.NDArray[np.int64]:
    """Index of the `most` strongest of each customer, each category once; ties in order of category, then rule."""
    ranked = interests.sort_values(
        ["customer", "strength", "category", "rule"], ascending=[True, False, True, True], kind="stable"
    ).drop_duplicates(["customer", "category"])
    return ranked.index[ranked.groupby("customer").cumcount() < most].to_numpy(dtype=np.int64)


def _fades_at(
    weight: npt.NDArray[np.float64],
    least: float,
    half_life_days: npt.NDArray[np.float64],
    as_of: np.datetime64,
) -> Times:
    """When the weight falls below what an interest needs; a year from now at the latest."""
    half_lives = np.log2(np.maximum(weight / max(least, 1e-9), 1.0))
    lasting = np.fmin(half_lives * half_life_days, 365.0)  # what does not fade has no half-life
    return np.asarray(as_of + days(lasting), dtype="datetime64[us]")


PLAY = Favourites()
