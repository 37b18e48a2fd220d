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

from decisioning.gather import gather
from decisioning.play import Known, Threshold, Trace, motive_rows, named, threshold
from decisioning.rhythms import Pairs
from decisioning.settings import OrderSettings, PlaySettings
from decisioning.subjects import expanded
from decisioning.times import days, elapsed_days, local_dates, naive
from graph.view import Links

ROUNDING = 1e-9
PREFERRED = 1e9
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
        wanted = self._wanted(known, settings, members)
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

    def _wanted(self, known: Known, settings: PlaySettings, members: pd.DataFrame) -> pd.DataFrame:
        """Each membership, once for each category that its member likes."""
        customer = members["customer"].to_numpy(dtype=np.int64)
        is_member = np.zeros(len(known.view.customers), dtype=np.bool_)
        is_member[customer] = True
        likes = self._categories(known, settings, is_member)
        owner, links = expanded(likes, customer)
        who, category = customer[owner], likes.targets[links].astype(np.int64)
        prefers, bought, width = known.view.preferences, known.view.bought_categories, len(known.view.categories)
        days_there = Pairs(bought.sources, bought.targets, width).find(who, category)
        return members.iloc[owner].assign(
            category=category,
            is_preferred=_distinct(prefers, width).find(who, category) >= 0,
            is_bought=days_there >= 0,
            shopping_days=gather(bought.facts["count"].astype(np.float64), days_there, np.nan),
        )

    def _categories(self, known: Known, settings: PlaySettings, is_member: npt.NDArray[np.bool_]) -> Links:
        """Customers × the categories that they prefer or buy most often, a few of each member."""
        prefers, bought = known.view.preferences, known.view.bought_categories
        customer = np.concatenate([prefers.sources, bought.sources]).astype(np.int64)
        category = np.concatenate([prefers.targets, bought.targets]).astype(np.int64)
        confidence = prefers.facts["confidence"].astype(np.float64)
        # what is preferred comes before what is bought, and confidence is never above 1
        weight = np.concatenate([PREFERRED + confidence, bought.facts["count"].astype(np.float64)])
        kept = np.flatnonzero(is_member[customer] & ~known.is_excluded(settings)[category])
        kept = kept[np.lexsort((category[kept], -weight[kept], customer[kept]))]
        width = max(1, len(known.view.categories))
        kept = kept[np.sort(np.unique(customer[kept] * width + category[kept], return_index=True)[1])]
        begins = np.searchsorted(customer[kept], customer[kept])
        kept = kept[np.arange(len(kept)) - begins < threshold(self, settings, "categories")]
        return Links.build(customer[kept], category[kept], len(known.view.customers))


def _distinct(links: Links, width: int) -> Pairs:
    """The pairs of links that may say the same twice, by several rules."""
    keys = np.unique(links.sources.astype(np.int64) * width + links.targets)
    return Pairs((keys // width).astype(np.int32), (keys % width).astype(np.int32), width)


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
