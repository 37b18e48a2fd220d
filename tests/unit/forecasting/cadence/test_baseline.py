"""Spend and margin on a shopping day: own where it is steady, the category's where there is little."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from forecasting.cadence.baseline import fit_per_day
from forecasting.cadence.shopping_days import shopping_days

Purchases = Callable[[Mapping[tuple[str, str], Sequence[int]]], pd.DataFrame]
Products = Callable[..., pd.DataFrame]


def _spend(purchases: pd.DataFrame, products: pd.DataFrame, as_of: datetime) -> dict[str, float]:
    days = shopping_days(purchases, products, as_of=as_of, timezone="UTC")
    per_day = fit_per_day(days)
    return dict(zip(days.customers[days.pair_customer], per_day.spend.tolist(), strict=True))


def test_steady_customers_keep_their_own_spend(purchases_of: Purchases, products_of: Products, as_of: datetime) -> None:
    purchases = purchases_of({(name, "milk"): [1, 11, 21, 31] for name in "abcdef"})
    amounts = {"a": 5.0, "b": 50.0, "c": 10.0, "d": 20.0, "e": 30.0, "f": 8.0}
    purchases["net_value"] = purchases["customer_id"].map(amounts)
    assert _spend(purchases, products_of("milk"), as_of) == pytest.approx(amounts, rel=0.02)


def test_one_erratic_purchase_leans_on_the_category(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    draws = np.random.default_rng(2)
    purchases = purchases_of({(f"c{n:02d}", "milk"): list(range(1, 100, 5)) for n in range(30)} | {("z", "milk"): [3]})
    purchases["net_value"] = draws.exponential(10.0, len(purchases)) + 0.01
    purchases.loc[purchases["customer_id"] == "z", "net_value"] = 100.0
    spend = _spend(purchases, products_of("milk"), as_of)
    assert spend["z"] < 30
    assert spend["c00"] == pytest.approx(10, abs=5)


def test_spend_lies_between_the_own_and_the_categorys_mean(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    draws = np.random.default_rng(4)
    purchases = purchases_of({(f"c{n:02d}", "milk"): draws.integers(1, 300, 6).tolist() for n in range(20)})
    purchases["net_value"] = draws.lognormal(2, 1, len(purchases))
    days = shopping_days(purchases, products_of("milk"), as_of=as_of, timezone="UTC")
    own = np.bincount(days.pair, days.spend) / days.counts
    category = days.spend.mean()
    shrunk = fit_per_day(days).spend
    assert (shrunk >= np.minimum(own, category) - 1e-9).all()
    assert (shrunk <= np.maximum(own, category) + 1e-9).all()
