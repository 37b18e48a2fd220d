"""Carts: packs and seats that people put in, take out, order, or leave; those who do are signed in.

Most carts are ordered. Some are left, with or without a checkout, and most of these for no reason; in a trial, what is
tried is put in by some, and seldom ordered. In the signals, `value` of what is put in or taken out is a number of
units, `value` of a checkout is an amount of money, as in any shop.
"""

import numpy as np
import pandas as pd

from benchmarks.worlds.catalogue import LINES, SIZES, products
from benchmarks.worlds.organisations import Organisations
from benchmarks.worlds.settings import Plan
from benchmarks.worlds.world import Floats, Texts

RECORDED_SHARE = 0.7
LEFT_CHECKOUT_SHARE = 0.06
LEFT_CART_SHARE = 0.05
EMPTIED_SHARE = 0.25
LARGER_SIZE_SHARE = 0.12
TRIAL_CART_SHARE = 0.5
MINUTE = 1 / 1440


def carts(bought: pd.DataFrame, tried: pd.DataFrame, world: Organisations, plan: Plan) -> pd.DataFrame:
    """Signals `Product Added`, `Product Removed` and `Checkout Started`: customer_id, name, day, product_id, value.

    Args:
        bought: The table `purchases`.
        tried: Trials: person, line, day, stalls.
        world: Who is there.
        plan: Length of the world, randomness.
    """
    draw = plan.chance.of("carts")
    sales = bought[bought["kind"] == "sale"]
    day = (sales["occurred_at"] - pd.Timestamp(plan.settings.since)).dt.total_seconds() / 86_400
    sales = sales.assign(day=day.to_numpy(dtype=np.float64))
    orders = sales.drop_duplicates("order_id")
    recorded = sales[sales["order_id"].isin(orders.loc[draw.random(len(orders)) < RECORDED_SHARE, "order_id"])]
    parts = [
        _added(recorded, recorded["day"].to_numpy(dtype=np.float64) - 18 * MINUTE),
        _checkout(recorded.drop_duplicates("order_id"), -14 * MINUTE),
        _larger_first(draw, recorded),
    ]
    for share, has_checkout in ((LEFT_CHECKOUT_SHARE, True), (LEFT_CART_SHARE, False)):
        left = orders[draw.random(len(orders)) < share]
        left = left.assign(day=left["day"] + draw.uniform(3, 40, len(left)))
        parts += _left(draw, left, has_checkout=has_checkout)
    parts += _left(draw, _tried(draw, tried, world), has_checkout=False)
    rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return rows.assign(channel_id="website", source="shop")


def _left(draw: np.random.Generator, carts_left: pd.DataFrame, *, has_checkout: bool) -> list[pd.DataFrame]:
    """What is put in and not ordered; some take it out again hours later, the others leave it there."""
    emptied = carts_left[draw.random(len(carts_left)) < EMPTIED_SHARE]
    later = emptied["day"].to_numpy(dtype=np.float64) + draw.uniform(0.02, 0.3, len(emptied))
    parts = [
        _added(carts_left, carts_left["day"].to_numpy(dtype=np.float64) - 4 * MINUTE),
        _signals("Product Removed", emptied, later, emptied["quantity"].to_numpy(dtype=np.float64)),
    ]
    return [*parts, _checkout(carts_left, 0.0)] if has_checkout else parts


def _larger_first(draw: np.random.Generator, recorded: pd.DataFrame) -> pd.DataFrame:
    """Larger packs that were put in before the ordered ones, and taken out again."""
    chosen = recorded[draw.random(len(recorded)) < LARGER_SIZE_SHARE]
    every = products()["product_id"].to_numpy(dtype=object)  # the sizes of a line one after the other
    place = pd.Index(every).get_indexer(chosen["product_id"])
    has_larger = place % len(SIZES) < len(SIZES) - 1
    larger = chosen[has_larger].assign(product_id=every[place[has_larger] + 1])
    day, units = larger["day"].to_numpy(dtype=np.float64), larger["quantity"].to_numpy(dtype=np.float64)
    return pd.concat(
        [
            _signals("Product Added", larger, day - 24 * MINUTE, units),
            _signals("Product Removed", larger, day - 20 * MINUTE, units),
        ],
        ignore_index=True,
    )


def _tried(draw: np.random.Generator, tried: pd.DataFrame, world: Organisations) -> pd.DataFrame:
    """Carts of people in a trial, before it stalls: a few small packs of what they try."""
    some = tried[draw.random(len(tried)) < TRIAL_CART_SHARE]
    day, stalls = some["day"].to_numpy(dtype=np.float64), some["stalls"].to_numpy(dtype=np.float64)
    small: Texts = np.array([f"{line.category_id}-{SIZES[0]}" for line in LINES], dtype=object)
    return pd.DataFrame(
        {
            "customer_id": world.customer_id[some["person"].to_numpy(dtype=np.int64)],
            "product_id": small[some["line"].to_numpy(dtype=np.int64)],
            "quantity": 1.0 + draw.integers(5, size=len(some)),
            "day": day + draw.random(len(some)) * (stalls - day),
        }
    )


def _added(lines: pd.DataFrame, day: Floats) -> pd.DataFrame:
    return _signals("Product Added", lines, day, lines["quantity"].to_numpy(dtype=np.float64))


def _checkout(orders: pd.DataFrame, after: float) -> pd.DataFrame:
    day = orders["day"].to_numpy(dtype=np.float64) + after
    return _signals("Checkout Started", orders, day, orders["net_value"].to_numpy(dtype=np.float64))


def _signals(name: str, rows: pd.DataFrame, day: Floats, value: Floats) -> pd.DataFrame:
    columns = {"customer_id": rows["customer_id"], "name": name, "day": day, "product_id": rows["product_id"]}
    return pd.DataFrame(columns).assign(value=value).reset_index(drop=True)
