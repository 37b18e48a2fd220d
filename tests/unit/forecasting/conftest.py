"""Small worlds to forecast in: who buys of which category on which days."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

AS_OF = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture
def as_of() -> datetime:
    return AS_OF


def _times(values: Sequence[datetime]) -> "pd.Series[Any]":
    return pd.Series(pd.to_datetime(list(values), utc=True)).astype("datetime64[us, UTC]")


def _purchases(days_ago: Mapping[tuple[str, str], Sequence[int]]) -> pd.DataFrame:
    bought = [(customer, category, int(day)) for (customer, category), days in days_ago.items() for day in days]
    return pd.DataFrame(
        {
            "order_id": [f"o{number}" for number in range(len(bought))],
            "line": ["1"] * len(bought),
            "customer_id": pd.Series([customer for customer, _, _ in bought], dtype=object),
            "kind": pd.Series(["sale"] * len(bought), dtype=object),
            "net_value": np.full(len(bought), 10.0),
            "occurred_at": _times([AS_OF - timedelta(days=day) + timedelta(hours=10) for _, _, day in bought]),
            "product_id": pd.Series([f"{category}/1" for _, category, _ in bought], dtype=object),
            "quantity": np.ones(len(bought)),
        }
    )


@pytest.fixture
def purchases_of() -> Callable[[Mapping[tuple[str, str], Sequence[int]]], pd.DataFrame]:
    """Purchases at 10:00 UTC, by (customer, category): how many days before as-of."""
    return _purchases


@pytest.fixture
def products_of() -> Callable[..., pd.DataFrame]:
    """One product a category, and further columns."""

    def build(*categories: str, **columns: Any) -> pd.DataFrame:
        keys = [f"{category}/1" for category in categories]
        return pd.DataFrame({"product_id": keys, "category_id": list(categories), **columns}).astype(
            {"product_id": object, "category_id": object}
        )

    return build


@pytest.fixture(scope="session")
def busy_world() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two hundred customers who buy of four categories at random, some seldom; six in ten left during the year."""
    draws = np.random.default_rng(7)
    categories = ("bread", "coffee", "milk", "tea")
    bought: dict[tuple[str, str], list[int]] = {}
    for customer in range(200):
        left = int(draws.integers(1, 330)) if draws.random() < 0.6 else 1
        for position, category in enumerate(categories):
            mean_gap = np.exp(draws.normal(np.log(10 + 12 * position), 0.7))
            gaps = np.maximum(1, np.rint(draws.exponential(mean_gap, size=400))).astype(int)
            days = 360 - np.cumsum(gaps)
            if len(kept := days[days >= left]):
                bought[f"c{customer:03d}", category] = kept.tolist()
    products = pd.DataFrame(
        {"product_id": [f"{category}/1" for category in categories], "category_id": list(categories)}
    )
    return _purchases(bought), products.astype(object)
