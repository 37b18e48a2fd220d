"""A large shop as a playbook with files: customers who buy in a few categories, each at their own rhythm.

Nothing here is true; it is large, and goes through the command line like any other playbook.
"""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.worlds.world import keys

DAY = date(2026, 3, 6)
HISTORY_DAYS = 365
CATEGORIES = 100
CHANNELS = {"email": 0.001, "mail": 0.4}
SETTINGS = """name: large-shop
currency: EUR
timezone: Europe/Berlin
data: [data]
objective: {margin_pct: 30, value_window_days: 28}
holdout_share: 0.05
budget_per_day: 500
uplift:
  reminder: {mean: 0.06, low: 0.0, high: 0.12}
  because: Made up for a measurement.
"""
POLICIES = """- id: three-a-week
  cap: {count: 3, days: 7}
  because: Nobody wants more.
- id: paper-in-the-south
  when: customer.region == "south"
  deny: channel.channel_id == "mail"
  because: Nothing is printed there.
"""


def write_shop(folder: Path, customers: int, *, seed: int = 20260306) -> None:
    """Write the playbook: so many customers, seven purchases of each on average, two consents of most."""
    draw = np.random.default_rng(seed)
    who = keys("c-", np.arange(customers), 7)
    category = keys("k-", np.arange(CATEGORIES), 3)
    start = pd.Timestamp(DAY) - pd.Timedelta(days=HISTORY_DAYS)
    for name, frame in {
        "customers": pd.DataFrame({
            "customer_id": who,
            "region": np.array(["north", "east", "south", "west"], dtype=object)[draw.integers(0, 4, customers)],
        }),
        "categories": pd.DataFrame({"category_id": category, "name": category}),
        "products": pd.DataFrame({"product_id": category, "category_id": category, "name": category}),
        "consents": _consents(who, draw, start),
        "purchases": _purchases(who, category, draw, start),
        "assets": pd.DataFrame({
            "asset_id": np.char.add(category.astype(str), "-reminder").astype(object),
            "title": np.char.add("Time for ", category.astype(str)).astype(object),
            "kind": "reminder",
                "version": "1",
                "message_class": "marketing",
            "category": category,
        }),
    }.items():  # fmt: skip
        path = folder / "data" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(path, index=False)
        columns = "* EXCLUDE (category), [category] AS categories" if name == "assets" else "*"
        _write(folder / "sources" / f"{name}.sql", f"SELECT {columns} FROM '{name}.parquet'\n")  # noqa: S608 -- names of ours
    _write(folder / "warrant.yaml", SETTINGS)
    _write(folder / "policies" / "shop.yaml", POLICIES)
    _write(folder / "plays.yaml", "plays:\n  replenishment-due: {}\n  cadence-broken: {}\n  favourites: {}\n")
    limits = {"email": customers // 4, "mail": customers // 50}
    _write(
        folder / "channels.yaml",
        "channels:\n"
        + "".join(
            f"  {name}: {{kind: file, cost_per_touch: {cost}, capacity: {limits[name]}}}\n"
            for name, cost in CHANNELS.items()
        ),
    )


def _consents(who: np.ndarray, draw: np.random.Generator, start: pd.Timestamp) -> pd.DataFrame:
    customer, channel = np.nonzero(draw.random((len(who), len(CHANNELS))) < np.array([0.9, 0.5]))
    return pd.DataFrame({
        "customer_id": who[customer],
        "channel_id": np.array(list(CHANNELS), dtype=object)[channel],
        "purpose": "marketing",
        "granted": True,
        "recorded_at": start,
        "source": "shop",
        "basis": "consent",
    })  # fmt: skip


def _purchases(who: np.ndarray, category: np.ndarray, draw: np.random.Generator, start: pd.Timestamp) -> pd.DataFrame:
    """Each customer buys in one category, and half of them in a second one, about every 30 to 90 days."""
    buyer = np.concatenate([np.arange(len(who)), np.flatnonzero(draw.random(len(who)) < 0.5)])
    what, gap = draw.integers(0, CATEGORIES, len(buyer)), draw.uniform(30, 90, len(buyer))
    times = np.floor(HISTORY_DAYS / gap).astype(np.int64)
    row = np.repeat(np.arange(len(buyer)), times)
    number = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    day = np.clip((number + draw.uniform(0.0, 1.0, len(row))) * gap[row], 0, HISTORY_DAYS - 0.5)
    return pd.DataFrame({
        "order_id": keys("o-", np.arange(len(row)), 8),
        "line": "1",
        "customer_id": who[buyer[row]],
        "product_id": category[what[row]],
        "kind": "sale",
        "quantity": 1,
        "net_value": np.round(draw.gamma(4.0, 5.0, len(row)) + 0.01, 2),
        "occurred_at": start + pd.to_timedelta(np.floor(day * 86_400), unit="s"),
    })  # fmt: skip


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
