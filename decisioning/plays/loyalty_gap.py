"""Loyalty gap: a member is a few points short of the next tier, and one purchase from what they like closes the gap.

What closes it is, in each category that the member prefers or buys most, the cheapest product of which one unit earns
the points that are missing; where none does, so many units of the dearest one. Points are counted in full: one unit of
49.90 at a point per unit of currency earns 49.

> 120 points short of Gold until 2026-03-31: 1 x Serum at 129.00 earns 129 points, at 1 point per unit of currency.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.play import Known, Threshold, Trace, motive_rows, named, threshold
from decisioning.settings import OrderSettings, PlaySettings
from decisioning.times import days, elapsed_days, local_dates, naive

ROUNDING = 1e-9
OPEN_END_DAYS = 28.0


class LoyaltyGap:
    """Finds members near the next tier, and products that bring them there."""

    name: ClassVar[str] = "loyalty-gap"
    subject_kinds: ClassVar[tuple[str, ...]] = ("product",)
    requires: ClassVar[tuple[str, ...]] = ("memberships", "products", "categories")
    traces: ClassVar[tuple[Trace, ...]] = (
        Trace(
            "ENROLLED_IN",
            {name: name for name in ("points", "points_missing", "next_tier", "deadline", "points_per_unit")},
            end="programme",
            end_label="Programme",
        ),
        Trace("PREFERS", end="category", end_label="Category", only="is_preferred"),
        Trace("BOUGHT", {"count": "shopping_days"}, end="category", end_label="Category", only="is_bought"),
        Trace("IN_CATEGORY", start="subject", start_label="Product", end="category", end_label="Category"),
    )
    facts: ClassVar[tuple[str, ...]] = (
        "points",
        "points_missing",
        "next_tier",
        "deadline",
        "points_per_unit",
        "units",
        "price",
        "spend",
        "points_earned",
        "product",
    )
    is_for_new_products: ClassVar[bool] = False
    is_for_products_in_stock: ClassVar[bool] = True
    orders: ClassVar[tuple[OrderSettings, ...]] = ()
    defaults: ClassVar[Mapping[str, Threshold]] = {
        "horizon_days": Threshold(45, "Days before the deadline from which on the gap is a motive."),
        "categories": Threshold(3, "So many categories per member: those preferred, then those bought most often."),
        "most_units": Threshold(3, "So many units of one product at most."),
        "largest_gap": Threshold(500, "A gap of more points than this is none that one purchase closes."),
        "widest_asset": Threshold(6, "An asset about more categories than this answers no motive of this play."),
    }

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per member and product that closes the gap.

        Strength is the mean of 1 and of nearness to the deadline, which is 1 on it and 0 `horizon_days` before; where
        there is none, a half.
        """
        members = self._short(known, settings)
        wanted = members.merge(self._categories(known, settings, members), on="customer")
        rows = _closing(known, wanted, most_units=threshold(self, settings, "most_units"))
        rows = rows.sort_values(["customer", "subject", "spend", "programme"], kind="stable")
        rows = rows.drop_duplicates(["customer", "subject"])
        rows = rows.assign(product=known.product_names[rows["subject"].to_numpy(dtype=np.int64)])
        until = naive(rows["deadline"])
        open_end = known.as_of + days(OPEN_END_DAYS)
        return motive_rows(
            rows["customer"].to_numpy(),
            rows["subject"].to_numpy(),
            rows["strength"].to_numpy(dtype=np.float64),
            starts_at=known.as_of,
            until=np.where(np.isnat(until), open_end, until),
            facts={
                name: rows[name]
                for name in (*self.facts, "programme", "category", "is_preferred", "is_bought", "shopping_days")
            },
        )

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """How many points are missing until when, and what earns them."""
        names = known.product_names[found["subject"]]
        deadline = naive(found["deadline"])
        last = local_dates(deadline, known.settings.timezone)
        until = ["" if missing else f" until {day}" for missing, day in zip(np.isnat(deadline), last, strict=True)]
        columns = ("points_missing", "next_tier", "units", "price", "points_earned", "points_per_unit")
        return [
            f"{missing:,.0f} points short of {tier if named(tier) else 'the next tier'}{end}: {units:.0f} x {name} at "
            f"{price:,.2f} earns {earned:,.0f} points, at {rate:g} per unit of currency."
            for end, name, missing, tier, units, price, earned, rate in zip(
                until, names, *(found[column] for column in columns), strict=True
            )
        ]

    def _short(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per membership with a gap that can be closed in time."""
        members = known.view.memberships
        missing, rate, points = (
            members.facts[name].astype(np.float64) for name in ("points_missing", "points_per_unit", "points")
        )
        deadline = members.facts["deadline"].astype("datetime64[us]")
        horizon = threshold(self, settings, "horizon_days")
        left = elapsed_days(deadline, known.as_of)
        is_near = np.isnan(left) | ((left > 0) & (left <= horizon))
        rows = np.flatnonzero(
            (missing > 0) & (missing <= threshold(self, settings, "largest_gap")) & (rate > 0) & is_near
        )
        nearness = np.nan_to_num(1.0 - left[rows] / horizon, nan=0.0)
        return pd.DataFrame(
            {
                "customer": members.sources[rows].astype(np.int64),
                "programme": members.targets[rows].astype(np.int64),
                "points": points[rows],
                "points_missing": missing[rows],
                "points_per_unit": rate[rows],
                "next_tier": members.facts["next_tier"][rows],
                "deadline": deadline[rows],
                "strength": (1.0 + nearness) / 2,
            }
        )

    def _categories(self, known: Known, settings: PlaySettings, members: pd.DataFrame) -> pd.DataFrame:
        """The categories that members prefer or buy most often, a few of each."""
        prefers, bought = known.view.preferences, known.view.bought_categories
        liked = pd.DataFrame(
            {
                "customer": prefers.sources.astype(np.int64),
                "category": prefers.targets.astype(np.int64),
                "confidence": prefers.facts["confidence"].astype(np.float64),
            }
        )
        usual = pd.DataFrame(
            {
                "customer": bought.sources.astype(np.int64),
                "category": bought.targets.astype(np.int64),
                "shopping_days": bought.facts["count"].astype(np.float64),
            }
        )
        liked = liked[liked["customer"].isin(members["customer"])].sort_values("confidence", ascending=False)
        liked = liked.drop_duplicates(["customer", "category"])
        usual = usual[usual["customer"].isin(members["customer"])]
        both = liked.merge(usual, on=["customer", "category"], how="outer")
        both = both[~known.is_excluded(settings)[both["category"].to_numpy(dtype=np.int64)]]
        both = both.assign(is_preferred=both["confidence"].notna(), is_bought=both["shopping_days"].notna())
        both = both.sort_values(
            ["customer", "is_preferred", "confidence", "shopping_days", "category"],
            ascending=[True, False, False, False, True],
            kind="stable",
        )
        few: pd.DataFrame = both[both.groupby("customer").cumcount() < threshold(self, settings, "categories")]
        return few.drop(columns="confidence")


def _closing(known: Known, wanted: pd.DataFrame, *, most_units: float) -> pd.DataFrame:
    """The product that closes each gap in each category: subject, units, price, spend, points_earned.

    Args:
        known: What a play looks at.
        wanted: customer, category, points_missing, points_per_unit and whatever else.
        most_units: More units than this are not asked for.
    """
    shelf = _shelf(known)
    category, price = shelf["category"].to_numpy(dtype=np.int64), shelf["price"].to_numpy(dtype=np.float64)
    needed = np.ceil(wanted["points_missing"].to_numpy(dtype=np.float64) - ROUNDING)
    rate = wanted["points_per_unit"].to_numpy(dtype=np.float64)
    ends = np.searchsorted(category, wanted["category"].to_numpy(dtype=np.int64), side="right")
    begins = np.searchsorted(category, wanted["category"].to_numpy(dtype=np.int64), side="left")
    # all categories on one line, one behind the other, so that one search finds every price
    width = (price.max(initial=0.0) + 1.0) * 2
    asked = np.minimum(needed / rate, width / 2)
    at = np.searchsorted(category * width + price, wanted["category"] * width + asked - ROUNDING * width, side="left")
    is_one = at < ends
    at = np.where(is_one, at, ends - 1)
    has_any = ends > begins
    rows, at = wanted[has_any], at[has_any]
    needed, rate = needed[has_any], rate[has_any]
    units = np.maximum(np.ceil(needed / (price[at] * rate) - ROUNDING), 1.0)
    spend = units * price[at]
    earned = np.floor(spend * rate + 1e-6)
    rows = rows.assign(
        subject=shelf["product"].to_numpy(dtype=np.int64)[at],
        units=units,
        price=price[at],
        spend=spend,
        points_earned=earned,
    )
    closes: npt.NDArray[np.bool_] = (earned >= needed) & (units <= most_units)
    return rows[closes].reset_index(drop=True)


def _shelf(known: Known) -> pd.DataFrame:
    """Products in stock with a price and a category, by category and price."""
    products = known.view.products.frame
    shelf = pd.DataFrame(
        {
            "product": np.arange(len(products), dtype=np.int64),
            "category": products["category"].to_numpy(dtype=np.int64),
            "price": known.product_numbers("price"),
        }
    )
    shelf = shelf[(shelf["category"] >= 0) & (shelf["price"] > 0) & ~known.is_out_of_stock]
    return shelf.sort_values(["category", "price", "product"], kind="stable", ignore_index=True)


PLAY = LoyaltyGap()
