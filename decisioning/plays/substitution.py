"""Substitution: what the customer wants is out of stock, and something very like it is not.

What they want is what lies in their cart, what their own rhythm in the category says is due, or what they usually buy.
What stands in for it comes from the catalogue's graph; what is out of stock itself is never offered.

> Oat drink is out of stock and due (bought on 9 days, last on 2026-02-20); barista oat is 82% like it: same category,
> same price.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.gather import gather
from decisioning.play import Known, Threshold, Trace, motive_rows, threshold
from decisioning.settings import OrderSettings, PlaySettings
from decisioning.subjects import expanded
from decisioning.times import NEVER, aware, days, elapsed_days, local_dates, naive

IN_CART, DUE, USUAL = "in the cart", "due", "usually bought"
_URGENCY = {IN_CART: 1.0, DUE: 0.8, USUAL: 0.6}
_WEEK_DAYS = 7.0


class Substitution:
    """Finds what stands in for products that customers want and that nothing is left of."""

    name: ClassVar[str] = "substitution"
    subject_kinds: ClassVar[tuple[str, ...]] = ("product",)
    requires: ClassVar[tuple[str, ...]] = ("purchases", "products", "categories")
    traces: ClassVar[tuple[Trace, ...]] = (
        Trace("HAS_IN_CART", {"quantity": "quantity", "added_at": "added_at"}, end="cart", end_label="Product"),
        Trace("BOUGHT", {"count": "shopping_days", "last_at": "last_at"}, end="bought", end_label="Product"),
        Trace(
            "SUBSTITUTES",
            {"similarity": "similarity", "because": "because"},
            start="subject",
            start_label="Product",
            end="product",
            end_label="Product",
        ),
    )
    facts: ClassVar[tuple[str, ...]] = (
        "wanted",
        "missing",
        "similarity",
        "because",
        "quantity",
        "added_at",
        "shopping_days",
        "last_at",
        "due_at",
    )
    is_for_new_products: ClassVar[bool] = False
    is_for_products_in_stock: ClassVar[bool] = True
    orders: ClassVar[tuple[OrderSettings, ...]] = ()
    defaults: ClassVar[Mapping[str, Threshold]] = {
        "cart_days": Threshold(14, "Days for which a product in a cart counts as wanted."),
        "minimum_days": Threshold(
            3, "Shopping days on which the product itself was bought, from which on it is usual."
        ),
        "active_days": Threshold(91, "A product that was last bought longer ago than this is usual no more."),
        "rest_days": Threshold(3, "Days since the product was last bought that it rests."),
        "lead_days": Threshold(7, "Days before the category is due from which on its usual products count as due."),
        "minimum_similarity": Threshold(0.5, "How like the missing product a substitute is at least."),
        "most": Threshold(3, "So many substitutes per missing product at most, the most similar ones."),
        "widest_asset": Threshold(12, "An asset about more categories than this answers no motive of this play."),
    }

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per customer and substitute, for what they want most.

        Strength is urgency (in the cart 1, due 0.8, usually bought 0.6) × similarity.
        """
        wanted = self._wanted(known, settings)
        rows = self._replaced(known, settings, wanted)
        missing = rows["product"].to_numpy(dtype=np.int32)
        return motive_rows(
            rows["customer"].to_numpy(dtype=np.int32),
            rows["subject"].to_numpy(dtype=np.int32),
            rows["strength"].to_numpy(dtype=np.float64),
            starts_at=known.as_of,
            until=known.as_of + days(_WEEK_DAYS),
            facts={
                "wanted": rows["wanted"],
                "missing": known.view.products.keys[missing],
                "product": missing,
                "cart": np.where(rows["quantity"].notna(), missing, -1),
                "bought": np.where(rows["shopping_days"] > 0, missing, -1),
                "similarity": rows["similarity"],
                "because": rows["because"],
                "quantity": rows["quantity"],
                "added_at": aware(rows["added_at"].to_numpy(dtype="datetime64[us]")),
                "shopping_days": rows["shopping_days"],
                "last_at": aware(rows["last_at"].to_numpy(dtype="datetime64[us]")),
                "due_at": aware(rows["due_at"].to_numpy(dtype="datetime64[us]")),
            },
        )

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """What is missing, how it is wanted, and what is like it."""
        names = known.product_names[found["subject"]]
        missing = known.product_names[found["product"]]
        last = local_dates(naive(found["last_at"]), known.settings.timezone)
        added = local_dates(naive(found["added_at"]), known.settings.timezone)
        return [
            f"{gone} is out of stock and {wanted} "
            f"({f'since {cart_day}' if wanted == IN_CART else f'bought on {count:.0f} days, last on {day}'}); "
            f"{name} is {similarity:.0%} like it: {because}."
            for gone, wanted, cart_day, count, day, name, similarity, because in zip(
                missing,
                found["wanted"],
                added,
                found["shopping_days"],
                last,
                names,
                found["similarity"],
                found["because"],
                strict=True,
            )
        ]

    def _wanted(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per customer and product out of stock that they want, with how and on which facts."""
        wanted = pd.concat([_in_carts(known), _often_bought(known)], ignore_index=True)
        wanted = wanted.groupby(["customer", "product"], as_index=False).first()
        category = known.view.products.frame["category"].to_numpy(dtype=np.int32)[wanted["product"]]
        pair = known.rhythms.pairs.find(wanted["customer"].to_numpy(dtype=np.int64), np.maximum(category, 0))
        due_at = gather(known.rhythms.cadence.due_at.astype("datetime64[us]"), np.where(category < 0, -1, pair), NEVER)
        last_at = wanted["last_at"].to_numpy(dtype="datetime64[us]")
        since = elapsed_days(known.as_of, last_at)
        added = elapsed_days(known.as_of, wanted["added_at"].to_numpy(dtype="datetime64[us]"))
        is_usual = (
            (wanted["shopping_days"].fillna(0).to_numpy() >= threshold(self, settings, "minimum_days"))
            & (since <= threshold(self, settings, "active_days"))
            & (since >= threshold(self, settings, "rest_days"))
        )
        is_due = is_usual & (elapsed_days(due_at, known.as_of) <= threshold(self, settings, "lead_days"))
        in_cart = added <= threshold(self, settings, "cart_days")
        ways = np.array([IN_CART, DUE, USUAL, ""], dtype=object)
        how = ways[np.select([in_cart, is_due, is_usual], [0, 1, 2], default=3)]
        is_talked_about = (category < 0) | ~known.is_excluded(settings)[np.maximum(category, 0)]
        rows: pd.DataFrame = wanted.assign(wanted=how, due_at=due_at)[(how != "") & is_talked_about]
        return rows.reset_index(drop=True)

    def _replaced(self, known: Known, settings: PlaySettings, wanted: pd.DataFrame) -> pd.DataFrame:
        """Each customer's substitutes, the best reason for each."""
        substitutes = known.view.substitutes.reversed(len(known.view.products))
        owner, links = expanded(substitutes, wanted["product"].to_numpy(dtype=np.int32))
        rows = wanted.iloc[owner].reset_index(drop=True)
        similarity = substitutes.facts["similarity"][links].astype(np.float64)
        rows = rows.assign(
            subject=substitutes.targets[links], similarity=similarity, because=substitutes.facts["because"][links]
        )
        is_offered = (similarity >= threshold(self, settings, "minimum_similarity")) & ~known.is_out_of_stock[
            rows["subject"]
        ]
        rows = rows[is_offered].sort_values(
            ["customer", "product", "similarity", "subject"], ascending=[True, True, False, True], kind="stable"
        )
        rows = rows[rows.groupby(["customer", "product"]).cumcount() < threshold(self, settings, "most")]
        rows = rows.assign(strength=rows["wanted"].map(_URGENCY).astype(np.float64) * rows["similarity"])
        rows = rows.sort_values(
            ["customer", "subject", "strength", "product"], ascending=[True, True, False, True], kind="stable"
        )
        return rows.drop_duplicates(["customer", "subject"]).reset_index(drop=True)


def _in_carts(known: Known) -> pd.DataFrame:
    """Products out of stock that lie in carts."""
    carts = known.view.carts
    gone = known.is_out_of_stock[carts.targets]
    return pd.DataFrame(
        {
            "customer": carts.sources[gone],
            "product": carts.targets[gone],
            "quantity": carts.facts["quantity"][gone].astype(np.float64),
            "added_at": carts.facts["added_at"][gone].astype("datetime64[us]"),
            "shopping_days": np.full(int(gone.sum()), np.nan),
            "last_at": np.full(int(gone.sum()), NEVER),
        }
    )


def _often_bought(known: Known) -> pd.DataFrame:
    """Products out of stock that were bought, from the playbook's threshold of shopping days on."""
    bought = known.view.bought_products
    gone = known.is_out_of_stock[bought.targets]
    count: npt.NDArray[np.float64] = bought.facts["count"][gone].astype(np.float64)
    return pd.DataFrame(
        {
            "customer": bought.sources[gone],
            "product": bought.targets[gone],
            "quantity": np.full(len(count), np.nan),
            "added_at": np.full(len(count), NEVER),
            "shopping_days": count,
            "last_at": bought.facts["last_at"][gone].astype("datetime64[us]"),
        }
    )


PLAY = Substitution()
