"""Simulated touches, draws and purchases whose true chances and effects are known.

`is_familiar` worlds add up on log-odds, as our models do; the others have thresholds and interactions between segments
and kinds of assets. Every draw sends one asset or nothing, by a known chance; purchases follow customers' own rates,
and a touch adds to them by its true effect.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from benchmarks.worlds.world import Chance, Floats, Integers, keys

UNTIL = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 300
KINDS = ("coupon", "reminder", "story")
CHANNELS = ("app", "email", "mail", "sms")
WINDOW = 28
NOTHING_SHARE = 0.4
FATIGUE = 0.3  # what each unit of log(1 + recent touches) takes from the log-odds


@dataclass(frozen=True, eq=False)
class RespondingWorld:
    """Tables and their truth.

    Attributes:
        tables: customers, products, categories, assets, touches, outcomes, assignments, purchases.
        until: End of the world; everything in the tables happened before it.
        customer: Keys.
        asset: Keys.
        channel: Keys.
        chance: True P(response | touch at the end), shape (customers, assets, channels).
        effect: True margin that a touch adds in 28 days, shape (customers, assets).
        opt_out: True P(opt-out), shape (customers, assets, channels).
    """

    tables: dict[str, pd.DataFrame]
    until: datetime
    customer: np.ndarray
    asset: np.ndarray
    channel: np.ndarray
    chance: Floats
    effect: Floats
    opt_out: Floats


def responding_world(
    *, customers: int = 3_000, assets: int = 30, draws: int = 40_000, base_rate: float = 0.05, seed: int = 1,
    is_familiar: bool = True, effect: float = 1.0,
) -> RespondingWorld:  # fmt: skip
    """A world of 300 days.

    Args:
        customers: How many.
        assets: How many; the last tenth are never sent.
        draws: Rows of `assignments`.
        base_rate: Mean P(response | touch).
        seed: Of everything.
        is_familiar: Whether chances are of our models' form.
        effect: Factor on the effect of touches on margin; 0 makes a world without any.
    """
    chance = Chance(seed)
    draw = chance.of("people")
    segment, kind = draw.integers(0, 6, customers), draw.integers(0, len(KINDS), assets)
    category = draw.integers(0, 8, assets)
    own_rate = draw.gamma(1.2, 0.9, (customers, 8)) / 28 * draw.gamma(1.0, 1.0, (1, 8))
    linear = _linear(draw, segment, kind, own_rate[:, category], is_familiar=is_familiar)
    level = _level(linear, base_rate)
    leaving = 0.002 + 0.01 / (1 + np.exp(-draw.normal(-2, 0.7, (customers, 1, 1)) - draw.normal(0, 0.3, (1, 1, 4))))
    leaving = np.broadcast_to(leaving, linear.shape)
    usual = own_rate[:, category] * 28 * 3.0
    gain = _gain(draw, segment, kind, usual, is_familiar=is_familiar) * effect

    draw = chance.of("draws")
    who = draw.integers(0, customers, draws)
    what = draw.integers(0, max(assets - assets // 10, 1), draws)
    where = draw.integers(0, len(CHANNELS), draws)
    day = np.sort(np.floor(draw.uniform(0, DAYS - 1, draws)) + draw.uniform(0.3, 0.8, draws))
    is_sent = draw.random(draws) >= NOTHING_SHARE
    sent = np.flatnonzero(is_sent)
    recent = _recent(who[sent], day[sent])
    fatigued = 1 / (1 + np.exp(-(level + linear[who[sent], what[sent], where[sent]] - FATIGUE * np.log1p(recent))))
    responds = draw.random(len(sent)) < fatigued
    leaves = draw.random(len(sent)) < leaving[who[sent], what[sent], where[sent]]
    at_end = _recent(np.append(who[sent], np.arange(customers)), np.append(day[sent], np.full(customers, float(DAYS))))
    chances = 1 / (1 + np.exp(-(level + linear - FATIGUE * np.log1p(at_end[len(sent) :])[:, None, None])))
    redeems = responds & (kind[what[sent]] == 0) & (draw.random(len(sent)) < 0.6)
    orders = _orders(
        draw, own_rate, who=who[sent], category=category[what[sent]], day=day[sent], gain=gain[who[sent], what[sent]]
    )

    names = keys("c-", np.arange(customers), 6), keys("a-", np.arange(assets), 3), np.array(CHANNELS, dtype=object)
    tables = _tables(
        names, segment, kind, category,
        drawn=(who, what, where, day, is_sent), followed=(responds, leaves, redeems), orders=orders,
    )  # fmt: skip
    return RespondingWorld(tables, UNTIL, *names, chances, gain, np.asarray(leaving))


def _linear(
    draw: np.random.Generator, segment: Integers, kind: Integers, affinity: Floats, *, is_familiar: bool
) -> Floats:
    customers, assets = affinity.shape
    by_customer = draw.normal(0, 0.3, 6)[segment] + draw.normal(0, 0.4, customers)
    by_asset = draw.normal(0, 0.3, len(KINDS))[kind] + draw.normal(0, 0.3, assets)
    by_channel = draw.normal(0, 0.4, len(CHANNELS))
    linear = by_customer[:, None, None] + by_asset[:, None] + by_channel
    likes = np.log1p(affinity * 91)[:, :, None]
    if is_familiar:
        return np.asarray(linear + 0.4 * likes)
    linear = linear + np.where(likes > 1.2, 0.7, -0.2)
    return np.asarray(linear + draw.normal(0, 0.35, (6, len(KINDS)))[segment][:, kind][:, :, None])


def _gain(draw: np.random.Generator, segment: Integers, kind: Integers, usual: Floats, *, is_familiar: bool) -> Floats:
    if is_familiar:
        return np.asarray(
            0.8 + draw.normal(0, 0.3, 6)[segment][:, None] + draw.normal(0.3, 0.3, len(KINDS))[kind] + 0.2 * usual
        )
    return np.asarray(
        np.where(usual > np.median(usual), 3.0, 0.0) * (kind == 0) + np.where(segment < 2, 0.6, -0.1)[:, None]
    )


def _level(linear: Floats, base_rate: float) -> float:
    from scipy.optimize import brentq

    part = linear[:: max(1, len(linear) // 2_000)]
    return float(brentq(lambda level: float((1 / (1 + np.exp(-(level + part)))).mean()) - base_rate, -20, 5))


def _recent(who: Integers, day: Floats) -> Integers:
    """Touches of the same customer in the 28 days before each."""
    key = who * 10_000.0 + day
    ordered = np.sort(key)
    return np.asarray(np.searchsorted(ordered, key) - np.searchsorted(ordered, key - 28.0))


def _orders(
    draw: np.random.Generator, own_rate: Floats, *, who: Integers, category: Integers, day: Floats, gain: Floats
) -> tuple[Integers, Integers, Floats, Floats]:
    """Customer, category, day and value of orders: usual ones, and those that a touch added."""
    counts = draw.poisson(own_rate * DAYS)
    customer, kind = (np.repeat(part.ravel(), counts.ravel()) for part in np.indices(own_rate.shape))
    when = np.floor(draw.uniform(0, DAYS, len(customer))) + draw.uniform(0.3, 0.8, len(customer))
    value = draw.gamma(4.0, 0.75, len(customer))
    # What a touch adds comes as orders of the mean value 6; where it takes away, nothing is drawn.
    added = draw.poisson(np.maximum(gain, 0.0) / 6.0)
    extra = np.repeat(np.arange(len(who)), added)
    extra_day = np.minimum(day[extra] + draw.uniform(0.05, WINDOW - 0.05, len(extra)), DAYS - 0.01)
    return (
        np.concatenate([customer, who[extra]]),
        np.concatenate([kind, category[extra]]),
        np.concatenate([when, extra_day]),
        np.concatenate([value, draw.gamma(4.0, 1.5, len(extra))]),
    )


def _tables(
    names: tuple[np.ndarray, np.ndarray, np.ndarray],
    segment: Integers,
    kind: Integers,
    category: Integers,
    *,
    drawn: tuple[Integers, Integers, Integers, Floats, np.ndarray],
    followed: tuple[np.ndarray, np.ndarray, np.ndarray],
    orders: tuple[Integers, Integers, Floats, Floats],
) -> dict[str, pd.DataFrame]:
    customer, asset, channel = names
    who, what, where, day, is_sent = drawn
    labels = np.array([f"k-{place}" for place in range(8)], dtype=object)
    sent = np.flatnonzero(is_sent)
    touch = keys("t-", sent, 7)
    at = _moments(day)
    touches = pd.DataFrame(
        {
            "touch_id": touch,
            "customer_id": customer[who[sent]],
            "channel_id": channel[where[sent]],
            "sent_at": at[sent],
            "asset_id": asset[what[sent]],
            "experiment_id": np.full(len(sent), "always-on", dtype=object),
        }
    )
    outcomes = pd.concat(
        [
            pd.DataFrame({"touch_id": touch[flag], "name": name, "occurred_at": at[sent][flag] + pd.Timedelta(hours=1)})
            for name, flag in zip(("clicked", "unsubscribed", "redeemed"), followed, strict=True)
        ],
        ignore_index=True,
    )
    outcomes.insert(0, "outcome_id", keys("o-", np.arange(len(outcomes)), 7))
    options = (len(asset) - len(asset) // 10) * len(channel)
    assignments = pd.DataFrame(
        {
            "experiment_id": np.full(len(who), "always-on", dtype=object),
            "customer_id": customer[who],
            "assigned_at": at,
            "arm": np.where(is_sent, asset[what] + "/" + channel[where], "nothing"),
            "asset_id": pd.Series(asset[what], dtype=object).where(is_sent, None),
            "channel_id": pd.Series(channel[where], dtype=object).where(is_sent, None),
            "propensity": np.where(is_sent, (1 - NOTHING_SHARE) / options, NOTHING_SHARE),
        }
    ).drop_duplicates(["experiment_id", "customer_id", "assigned_at"])
    buyer, bought, when, value = orders
    purchases = pd.DataFrame(
        {
            "order_id": keys("p-", np.arange(len(buyer)), 8),
            "line": "1",
            "customer_id": customer[buyer],
            "kind": "sale",
            "net_value": np.round(value, 2) + 0.01,
            "occurred_at": _moments(when),
            "product_id": labels[bought],
            "quantity": 1.0,
        }
    )
    return {
        "customers": pd.DataFrame(
            {"customer_id": customer, "tier": np.array([f"s{place}" for place in segment], dtype=object)}
        ),
        "categories": pd.DataFrame({"category_id": labels, "name": labels}),
        "products": pd.DataFrame({"product_id": labels, "category_id": labels}).astype(object),
        "assets": pd.DataFrame(
            {
                "asset_id": asset,
                "version": "1",
                "kind": np.array(KINDS, dtype=object)[kind],
                "topics": [[] for _ in asset],
                "categories": [[label] for label in labels[category]],
                "offer_id": np.array(["offer", None], dtype=object)[(kind != 0).astype(np.int64)],
            }
        ),
        "touches": touches,
        "outcomes": outcomes,
        "assignments": assignments,
        "purchases": purchases,
    }


def _moments(day: Floats) -> pd.DatetimeIndex:
    start = pd.Timestamp(UNTIL) - pd.Timedelta(days=DAYS)
    seconds = np.floor(np.asarray(day) * 86_400).astype(np.int64)
    return (start + pd.to_timedelta(seconds, unit="s")).as_unit("us")
