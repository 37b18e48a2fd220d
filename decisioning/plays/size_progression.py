"""Size progression: somebody buys for one who grows, and the next size is due.

A history is at least `minimum_sizes` sizes of one category that follow each other upwards in time; an adult who once
took a size more is none, and sizes in letters, which adults wear, count only in an order that the playbook states. Two
children in one house are two histories, as long as they are more than a step apart. The last two sizes say how fast the
child grows; the next one is due so much later, and is not offered once it, or a larger one, was bought after it.

> Bought the sizes 92, 98, 104, the last on 2025-09-12, about 180 days each: jacket 110 in size 110 is the next, due
> around 2026-03-11.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.play import Known, Threshold, Trace, motive_rows, threshold
from decisioning.settings import OrderSettings, PlaySettings
from decisioning.subjects import expanded
from decisioning.times import days, elapsed_days, local_dates, naive

LETTERS = "next letter"


class SizeProgression:
    """Finds products of the next size for customers whose purchases grow."""

    name: ClassVar[str] = "size-progression"
    subject_kinds: ClassVar[tuple[str, ...]] = ("product",)
    requires: ClassVar[tuple[str, ...]] = ("purchases", "products", "categories")
    traces: ClassVar[tuple[Trace, ...]] = (
        Trace("BOUGHT", {"last_at": "last_at"}, end="bought", end_label="Product"),
        Trace("NEXT_SIZE", {"because": "because"}, start="bought", start_label="Product"),
    )
    facts: ClassVar[tuple[str, ...]] = (
        "size_count",
        "first_size",
        "size",
        "next_size",
        "last_at",
        "pace_days",
        "due_at",
    )
    is_for_new_products: ClassVar[bool] = False
    is_for_products_in_stock: ClassVar[bool] = True
    orders: ClassVar[tuple[OrderSettings, ...]] = ()
    defaults: ClassVar[Mapping[str, Threshold]] = {
        "minimum_sizes": Threshold(3, "Sizes that were bought one after the other, from which on somebody grows."),
        "largest_step": Threshold(2, "So many sizes apart two purchases may be and still be the same child's."),
        "shortest_pace_days": Threshold(30, "Two sizes closer in time than this are two people, not one who grows."),
        "longest_pace_days": Threshold(550, "A size that was worn for longer than this says that growing is over."),
        "lead_days": Threshold(30, "Days before the next size is due from which on it is a motive."),
        "grace_days": Threshold(60, "Days after that day until which it still is one."),
        "widest_asset": Threshold(12, "An asset about more categories than this answers no motive of this play."),
    }

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per customer and product of the next size.

        Strength is the mean of closeness (1 on the due day, 0 at the edges of the window) and n / (n + 1) for n sizes.
        """
        newest = self._newest_sizes(known, settings)
        lead, grace = threshold(self, settings, "lead_days"), threshold(self, settings, "grace_days")
        until_due = elapsed_days(newest["due_at"].to_numpy(dtype="datetime64[us]"), known.as_of)
        newest = newest.assign(closeness=1.0 - np.abs(until_due) / np.where(until_due >= 0, lead, grace))
        newest = newest[(until_due < lead) & (until_due > -grace)].reset_index(drop=True)
        return self._rows(known, newest, lead, grace)

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """Which sizes were bought, how fast they grew, and what is next."""
        names = known.product_names[found["subject"]]
        last = local_dates(naive(found["last_at"]), known.settings.timezone)
        due = local_dates(naive(found["due_at"]), known.settings.timezone)
        return [
            f"Bought the sizes {sizes}, the last on {day}, about {pace:.0f} days each: {name} in size {following} is "
            f"the next, due around {due_day}."
            for sizes, day, pace, name, following, due_day in zip(
                _sizes_between(known, found), last, found["pace_days"], names, found["next_size"], due, strict=True
            )
        ]

    def _newest_sizes(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per child: the largest size, when it was bought last, how fast sizes grow, when the next is due."""
        worn = _sizes_worn(known, is_excluded=known.is_excluded(settings))
        child = ["customer", "category", "size_scale"]
        worn = worn.sort_values([*child, "rung"], kind="stable", ignore_index=True)
        before = worn.groupby(child, sort=False)[["rung", "last_at"]].shift()
        step = worn["rung"] - before["rung"]
        pace = pd.Series(elapsed_days(naive(worn["last_at"]), naive(before["last_at"])), worn.index) / step
        follows = (
            (step <= threshold(self, settings, "largest_step"))
            & (pace >= threshold(self, settings, "shortest_pace_days"))
            & (pace <= threshold(self, settings, "longest_pace_days"))
        )
        run = (~follows).astype(np.int64).cumsum()
        worn = worn.assign(run=run, pace_days=pace, count=worn.groupby(run).cumcount() + 1)
        # where larger sizes follow within a step, but not in time, somebody else wears them or the child outgrew this
        goes_on = (worn.groupby(child, sort=False)["rung"].shift(-1) - worn["rung"]) <= threshold(
            self, settings, "largest_step"
        )
        is_newest = (worn["count"] >= threshold(self, settings, "minimum_sizes")) & ~goes_on
        newest = worn[is_newest].reset_index(drop=True)
        due_at = newest["last_at"].to_numpy(dtype="datetime64[us]") + days(newest["pace_days"].to_numpy())
        first = worn.groupby("run")["product"].first()
        return newest.assign(due_at=due_at, first=newest["run"].map(first).astype(np.int64))

    @staticmethod
    def _rows(known: Known, newest: pd.DataFrame, lead: float, grace: float) -> pd.DataFrame:
        """A motive per product of the next size that is in stock, each customer's strongest reason for it."""
        following = known.view.next_sizes
        owner, links = expanded(following, newest["product"].to_numpy(dtype=np.int32))
        product, because = following.targets[links], following.facts["because"][links]
        kept = ~known.is_out_of_stock[product] & (because != LETTERS)
        owner, product, because = owner[kept], product[kept], because[kept]
        rows = newest.iloc[owner].reset_index(drop=True).assign(subject=product, because=because)
        rows = rows.sort_values(["customer", "subject", "closeness"], ascending=[True, True, False], kind="stable")
        rows = rows.drop_duplicates(["customer", "subject"]).reset_index(drop=True)
        due_at = rows["due_at"].to_numpy(dtype="datetime64[us]")
        count = rows["count"].to_numpy(dtype=np.float64)
        sizes = known.view.products.frame["size"].to_numpy(dtype=object)
        return motive_rows(
            rows["customer"].to_numpy(dtype=np.int32),
            rows["subject"].to_numpy(dtype=np.int32),
            (rows["closeness"].to_numpy(dtype=np.float64) + count / (count + 1)) / 2,
            starts_at=due_at - days(lead),
            until=due_at + days(grace),
            facts={
                "bought": rows["product"].to_numpy(dtype=np.int32),
                "because": rows["because"],
                "first": rows["first"],
                "size_count": rows["count"].astype(np.int64),
                "first_size": sizes[rows["first"].to_numpy(dtype=np.int64)],
                "size": rows["size"],
                "next_size": sizes[rows["subject"].to_numpy(dtype=np.int64)],
                "last_at": rows["last_at"],
                "pace_days": rows["pace_days"],
                "due_at": due_at,
            },
        )


def _sizes_worn(known: Known, is_excluded: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """One row per customer, category and size bought: the product bought last in it, when, and the size's rung.

    Rungs number the sizes of a category and scale that there are, so that a step is one size whatever the scale.
    """
    products = known.view.products.frame
    columns = [name for name in ("category", "size", "size_scale", "size_place") if name in products]
    if len(columns) < len(("category", "size", "size_scale", "size_place")):
        columns, products = ["category"], products.iloc[:0]
    sized = products[columns].reindex(columns=["category", "size", "size_scale", "size_place"])
    is_sized = sized["size_place"].notna() & (sized["category"] >= 0) & (sized["size_scale"] != LETTERS)
    sized = sized[is_sized].assign(product=np.flatnonzero(is_sized))
    sized = sized[~is_excluded[sized["category"].to_numpy(dtype=np.int64)]]
    sized["rung"] = sized.groupby(["category", "size_scale"])["size_place"].rank(method="dense")
    bought = known.view.bought_products
    worn = pd.DataFrame(
        {"customer": bought.sources, "product": bought.targets, "last_at": bought.facts["last_at"]}
    ).merge(sized, on="product")
    worn = worn.sort_values(["last_at", "product"], kind="stable")
    return worn.drop_duplicates(["customer", "category", "size_scale", "rung"], keep="last")


def _sizes_between(known: Known, found: pd.DataFrame) -> list[str]:
    """The sizes of each history from the first to the newest: `92, 98, 104`."""
    products, bought = known.view.products.frame, known.view.bought_products
    told = []
    for customer, first, last in zip(found["customer"], found["first"], found["bought"], strict=True):
        theirs = products.iloc[bought.targets[bought.starts[customer] : bought.starts[customer + 1]]]
        begins, ends = products.iloc[first], products.iloc[last]
        is_theirs = (theirs["category"] == ends["category"]) & (theirs["size_scale"] == ends["size_scale"])
        history = theirs[is_theirs & theirs["size_place"].between(begins["size_place"], ends["size_place"])]
        told.append(", ".join(history.sort_values("size_place")["size"].drop_duplicates()))
    return told


PLAY = SizeProgression()
