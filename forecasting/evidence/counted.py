"""What is counted as the outcome: money, orders or signals, as events of units."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.inputs import require, utc_times
from forecasting.values import Floats, Keys, Times

SPEND = "spend"
ORDERS = "orders"


@dataclass(frozen=True, eq=False)
class Counted:
    """Events of one outcome.

    Attributes:
        name: spend, orders, or the name of a signal.
        is_money: Whether values are in currency.
        unit: Whose, shape (events,).
        occurred_at: When, naive UTC.
        value: What each counts.
    """

    name: str
    is_money: bool
    unit: Keys
    occurred_at: Times
    value: Floats

    def before(self, cut: np.datetime64) -> "Counted":
        """Only what had happened by then."""
        kept = self.occurred_at < cut
        return Counted(self.name, self.is_money, self.unit[kept], self.occurred_at[kept], self.value[kept])

    def by_local_day(self, timezone: str) -> "Counted":
        """One event per unit and day at its 00:00, as clocks there showed it: what whole days are summed from."""
        quarters = self.occurred_at.astype("datetime64[15m]")  # clocks differ from UTC by whole quarters of an hour
        seen = np.unique(quarters)
        shown = pd.DatetimeIndex(seen.astype("datetime64[us]")).tz_localize("UTC").tz_convert(timezone)
        day = shown.tz_localize(None).to_numpy(dtype="datetime64[D]")[np.searchsorted(seen, quarters)]
        frame = pd.DataFrame({"unit": self.unit, "day": day.astype("datetime64[us]"), "value": self.value})
        # sorted by value too, so that sums do not depend on the order of rows
        daily = frame.sort_values(["unit", "day", "value"]).groupby(["unit", "day"], as_index=False)["value"].sum()
        return Counted(
            self.name,
            self.is_money,
            daily["unit"].to_numpy(dtype=object),
            daily["day"].to_numpy(dtype="datetime64[us]"),
            daily["value"].to_numpy(dtype=np.float64),
        )


def count_outcome(
    tables: Mapping[str, pd.DataFrame], what: str | None = None, *, without: Sequence[str] = ()
) -> Counted:
    """The events of an outcome.

    Args:
        tables: Canonical `purchases`, `products`, `categories` and `signals`.
        what: `spend`, `orders` or a signal's name; without it spend where there are purchases, else any signal.
        without: Categories whose purchases do not count; one stands for all below it.

    Raises:
        ForecastingError: There is no such outcome or category; says which there are.
    """
    purchases, signals = tables["purchases"], tables["signals"]
    known = [SPEND, ORDERS] if len(purchases) else []
    names = sorted(signals["name"].dropna().unique()) if len(signals) else []
    if not known and not names:
        raise ForecastingError(
            "There are neither purchases nor signals to count.",
            where="outcome",
            remedy="Write sources/purchases.sql or sources/signals.sql, or give results of the experiment.",
        )
    chosen = what or (SPEND if known else names[0])
    if chosen in known:
        return _purchases(_without(tables, without), chosen)
    if chosen in names:
        return _signals(signals, chosen)
    nearest = difflib.get_close_matches(chosen, [*known, *names], n=1)
    raise ForecastingError(
        f"Nothing called `{chosen}` is counted.",
        where="outcome",
        remedy=(f"Did you mean `{nearest[0]}`? " if nearest else "") + f"Known: {', '.join([*known, *names])}.",
    )


def _purchases(purchases: pd.DataFrame, what: str) -> Counted:
    require(purchases, "purchases", ("customer_id", "order_id", "net_value", "occurred_at"))
    if what == ORDERS:
        sales = purchases[purchases["kind"] == "sale"] if "kind" in purchases.columns else purchases
        purchases = sales.sort_values("occurred_at").drop_duplicates("order_id")
    return Counted(
        what,
        what == SPEND,
        purchases["customer_id"].to_numpy(dtype=object),
        utc_times(purchases, "purchases", "occurred_at"),
        purchases["net_value"].to_numpy(dtype=np.float64) if what == SPEND else np.ones(len(purchases)),
    )


def _signals(signals: pd.DataFrame, name: str) -> Counted:
    ours = signals[(signals["name"] == name) & signals["customer_id"].notna()]
    return Counted(
        name,
        is_money=False,
        unit=ours["customer_id"].to_numpy(dtype=object),
        occurred_at=utc_times(ours, "signals", "occurred_at"),
        value=np.ones(len(ours)),
    )


def _without(tables: Mapping[str, pd.DataFrame], without: Sequence[str]) -> pd.DataFrame:
    purchases = tables["purchases"]
    if not without:
        return purchases
    categories, products = tables["categories"], tables["products"]
    parent = dict(zip(categories["category_id"], categories.get("parent_id", categories["category_id"]), strict=True))
    known = {*parent, *products["category_id"].dropna()}
    for name in without:
        if name not in known:
            nearest = difflib.get_close_matches(name, sorted(map(str, known)), n=1)
            raise ForecastingError(
                f"There is no category `{name}`.",
                where="outcome",
                remedy=f"Did you mean `{nearest[0]}`?" if nearest else "Name one of the table categories.",
            )
    left_out = {category for category in known if _lies_in(category, set(without), parent)}
    ours = products.loc[products["category_id"].isin(left_out), "product_id"]
    return purchases[~purchases["product_id"].isin(ours)]


def _lies_in(category: str, above: set[str], parent: Mapping[str, str]) -> bool:
    seen: set[str] = set()
    while isinstance(category, str) and category not in seen:
        if category in above:
            return True
        seen.add(category)
        category = parent.get(category, "")
    return False
