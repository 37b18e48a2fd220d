"""Backtests: they find rhythm where there is some, none where there is none, and do not look ahead."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from forecasting.cadence.backtest import cadence_scores, calibration_error, purchase_scores, rolling_origins
from forecasting.cadence.shopping_days import ShoppingDays, shopping_days
from forecasting.settings import ForecastSettings

Purchases = Callable[[Mapping[tuple[str, str], Sequence[int]]], pd.DataFrame]
Products = Callable[..., pd.DataFrame]
World = tuple[pd.DataFrame, pd.DataFrame]


def _mean(scores: pd.DataFrame, column: str, **named: str) -> float:
    """Mean of a score over the origins, for one rule or model."""
    [(key, name)] = named.items()
    return float(scores.loc[scores[key] == name, column].to_numpy(dtype=float).mean())


@pytest.fixture
def regular_days(purchases_of: Purchases, products_of: Products, as_of: datetime) -> ShoppingDays:
    """Forty customers, each on a rhythm of their own of 8 to 47 days."""
    bought = {(f"c{n:02d}", "milk"): list(range(1 + n % (8 + n), 400, 8 + n)) for n in range(40)}
    return shopping_days(purchases_of(bought), products_of("milk"), as_of=as_of, timezone="UTC")


def test_all_that_is_scored_lies_before_as_of(as_of: datetime) -> None:
    origins = rolling_origins(as_of, "UTC", count=3, step_days=14)
    today = int(np.datetime64(as_of.date()).astype(int))
    assert origins == [today - 77, today - 63, today - 49]


def test_in_a_regular_world_the_own_rhythm_beats_every_simple_rule(regular_days: ShoppingDays, as_of: datetime) -> None:
    scores = cadence_scores(regular_days, rolling_origins(as_of, "UTC", count=3))
    simple = ["category_median", "category_mean", "thirty_days", "constant"]
    assert _mean(scores, "mae_days", rule="shrunk") < 0.5
    assert min(_mean(scores, "mae_days", rule=rule) for rule in simple) > 5
    assert _mean(scores, "first_near", rule="shrunk") > 0.95
    assert _mean(scores, "first_near", rule="shrunk") > _mean(scores, "first_near_constant", rule="shrunk")


def test_every_rule_faces_the_same_spells(regular_days: ShoppingDays, as_of: datetime) -> None:
    scores = cadence_scores(regular_days, rolling_origins(as_of, "UTC", count=2))
    spells = {origin: set(part["fresh_spells"]) for origin, part in scores.groupby("origin")}
    assert len(spells) == 2
    assert all(len(counts) == 1 and min(counts) > 0 for counts in spells.values())


def test_in_a_random_world_moving_the_due_days_hits_as_often(busy_world: World, as_of: datetime) -> None:
    days = shopping_days(*busy_world, as_of=as_of, timezone="UTC")
    scores = cadence_scores(days, rolling_origins(as_of, "UTC", count=8))
    ours = scores[scores["rule"] == "shrunk"]
    near, moved = (np.average(ours[name], weights=ours["due"]) for name in ("near", "near_moved"))
    assert near == pytest.approx(moved, abs=0.1)


def test_the_calibrated_chance_is_scored_against_its_rivals(busy_world: World, as_of: datetime) -> None:
    days = shopping_days(*busy_world, as_of=as_of, timezone="UTC")
    today = int(np.datetime64(as_of.date()).astype(int))
    scores = purchase_scores(days, [today - 56, today - 28], "UTC", ForecastSettings())
    assert set(scores["model"]) == {"calibrated", "log_normal", "frequency", "base_rate"}
    skill = {model: _mean(scores, "skill", model=model) for model in set(scores["model"])}
    assert skill["base_rate"] == pytest.approx(0)
    assert skill["calibrated"] > skill["frequency"] > 0
    assert skill["calibrated"] > skill["log_normal"]
    ours, raw = (_mean(scores, "calibration_error", model=model) for model in ("calibrated", "log_normal"))
    assert ours < raw


def test_what_follows_an_origin_is_judged_and_not_learnt(busy_world: World, as_of: datetime) -> None:
    purchases, products = busy_world
    origin = int(np.datetime64((as_of - timedelta(days=28)).date()).astype(int))
    nobody_came = purchases[purchases["occurred_at"] < pd.Timestamp(as_of - timedelta(days=28))]
    whole, cut = (
        purchase_scores(
            shopping_days(frame, products, as_of=as_of, timezone="UTC"), [origin], "UTC", ForecastSettings()
        )
        for frame in (purchases, nobody_came)
    )
    assert whole["predicted"].tolist() == cut["predicted"].tolist()
    assert _mean(whole, "bought", model="calibrated") > 0
    assert _mean(cut, "bought", model="calibrated") == 0


def test_an_origin_without_a_window_before_it_is_left_out(busy_world: World, as_of: datetime) -> None:
    days = shopping_days(*busy_world, as_of=as_of, timezone="UTC")
    assert purchase_scores(days, [days.history_day + 40], "UTC", ForecastSettings()).empty


def test_calibration_error_is_zero_when_bands_come_true_and_the_gap_otherwise() -> None:
    predicted = np.repeat([0.0, 0.5, 1.0], 4)
    happened = np.array([0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1], dtype=float)
    assert calibration_error(predicted, happened, bands=3) == 0.0
    assert calibration_error(predicted, np.zeros(12), bands=3) == pytest.approx(0.5)
