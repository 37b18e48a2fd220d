"""The market's tables in Polars, as rivals read them in an environment of their own."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.rival_rules import OF_ASSET, OF_CUSTOMER, RULES, in_sql, written

CAPS = (("reached_week", 7, 3), ("reached_mail", 30, 2), ("reached_discount", 14, 1))
"""Window in days, and how many touches within it reach the cap."""


def table(folder: Path, name: str) -> Any:
    """One table."""
    return pl.read_parquet(folder / f"{name}.parquet")


def codes(folder: Path) -> dict[str, int]:
    """The number of each text."""
    found: dict[str, int] = json.loads((folder / "codes.json").read_text(encoding="utf-8"))
    return found


def rules(folder: Path) -> list[Any]:
    """The policies as expressions over a joined row, each named as its policy."""
    conditions = written(codes(folder))
    return [pl.sql_expr(in_sql(conditions[policy])).alias(policy) for policy, _ in RULES]


def attributes(folder: Path) -> tuple[Any, Any]:
    """What the policies read of customers, and of assets."""
    customers, assets = table(folder, "customers"), table(folder, "assets")
    return customers.select("customer", *OF_CUSTOMER), assets.select("asset", *OF_ASSET)


def caps(folder: Path) -> Any:
    """Which caps each customer has reached at the time of each channel: customer, channel, and a flag for each cap."""
    assets, channels = table(folder, "assets").select("asset", "discount_pct"), table(folder, "channels")
    mail = codes(folder)["mail"]
    touches = (
        table(folder, "touches")
        .rename({"channel": "sent_on"})
        .join(assets, on="asset")
        .join(channels.select("channel", "sends_at"), how="cross")
        .with_columns((pl.col("sends_at") - pl.col("sent_at")).alias("age"))
        .filter(pl.col("age") >= pl.duration())
    )
    counted = {
        "reached_week": pl.lit(value=True),
        "reached_mail": pl.col("sent_on") == mail,
        "reached_discount": (pl.col("discount_pct") > 0).fill_null(value=False),
    }
    return touches.group_by("customer", "channel").agg(
        ((counted[name] & (pl.col("age") < pl.duration(days=days))).sum() >= most).alias(name)
        for name, days, most in CAPS
    )
