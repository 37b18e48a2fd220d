"""What limits are worth, in words: "email capacity: one more send would bring 0.31 EUR"."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from decisioning.allocate import MANY, Allocation

ONE_MORE: Final = {
    "touches": "one more send",
    "money": "one more {currency}",
    "expected_cost": "one more {currency} of expected offer cost",
    "exposure": "one more {currency} of offers that may be claimed",
}
LAST: Final = {
    "touches": "the last send that is to be reached",
    "money": "the last {currency} that is to be spent",
    "expected_cost": "the last {currency} of offers that is to be reached",
    "exposure": "the last {currency} of offers that is to be reached",
}
SHOWN: Final = 20
"""Limits with a price that are shown; of twenty thousand the others are in the run's object."""


def limit_rows(allocation: Allocation) -> list[dict[str, Any]]:
    """Every limit of small families, and of large ones those with a price: name, unit, price, most, least."""
    rows = []
    for family, price in zip(allocation.limits, allocation.prices, strict=True):
        shown = range(len(family)) if len(family) <= MANY else np.flatnonzero(price).tolist()
        rows += [
            {
                "name": family.name_of(at),
                "unit": family.unit,
                "price": float(price[at]),
                "most": float(family.most[at]) if np.isfinite(family.most[at]) else None,
                "least": float(family.least[at]),
            }
            for at in shown
        ]
    return rows


def price_sentences(summary: Mapping[str, Any], currency: str, money: Callable[[float], str]) -> list[str]:
    """What one more of each limit would bring, what was not reached, and what templates lose; the dearest first.

    Args:
        summary: Of a run: `limits` as of `limit_rows`, or else `shadow_prices`; `shortfalls`, `templates`.
        currency: The playbook's.
        money: Writes an amount, currency included.
    """
    rows = summary.get("limits") or _of_names(summary.get("shadow_prices", {}))
    priced = sorted((row for row in rows if row["price"]), key=lambda row: -abs(row["price"]))
    said = []
    for row in priced[:SHOWN]:
        if row["price"] > 0:
            said.append(f"{row['name']}: {one_more(row['unit'], currency)} would bring {money(row['price'])}")
        else:
            last = LAST[row["unit"]].format(currency=currency)
            said.append(f"{row['name']}: {last} costs {money(-row['price'])}")
    if len(priced) > SHOWN:
        said.append(f"and {len(priced) - SHOWN:,} more limits that bind")
    for row in summary.get("shortfalls", []):
        reason = (
            f"it cannot be reached: no more than {row['possible']:g} is possible"
            if row["possible"] < row["least"]
            else "other limits leave no room for more"
        )
        said.append(f"{row['name']}: {row['reached']:g} of at least {row['least']:g} reached; {reason}")
    said += [
        f"{row['channel']} renders {row['allowed']:,} of {row['wanted']:,} different messages that were wanted;"
        f" template limits lose {money(row['loss'])}"
        for row in summary.get("templates", [])
    ]
    return said


def _of_names(prices: Mapping[str, float]) -> list[dict[str, Any]]:
    """Limits of runs that wrote down no more than names and prices."""
    return [
        {"name": name, "unit": "money" if name.endswith("budget") else "touches", "price": price}
        for name, price in prices.items()
    ]


def one_more(unit: str, currency: str) -> str:
    """One more of a unit, e.g. `one more send`."""
    return ONE_MORE[unit].format(currency=currency)
