"""Lifetime value from purchases: what comes out, what it was judged by, and which input it refuses or survives."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.backtest import AGAINST_COLUMNS, ORIGIN_COLUMNS, SCORE_COLUMNS, LeakError, insist_on_no_leak
from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.lifetime_value.backtest import backtest_value
from forecasting.lifetime_value.forecast import forecast_value
from forecasting.lifetime_value.histories import days_of_customers, histories_of
from forecasting.lifetime_value.model import LifetimeValueModel
from forecasting.lifetime_value.settings import LifetimeValueSettings
from forecasting.values.lifetime_value import LifetimeValue

AS_OF = datetime(2026, 10, 1, tzinfo=UTC)
SETTINGS = LifetimeValueSettings(horizon_days=91, margin_pct=40, backtest_days=60, backtest_origins=2)
Tables = Mapping[str, pd.DataFrame]


def purchases_on(days_ago: Mapping[str, list[int]], amount: float = 10.0) -> pd.DataFrame:
    bought = [(customer, day) for customer, days in days_ago.items() for day in days]
    return pd.DataFrame(
        {
            "order_id": [f"o{number}" for number in range(len(bought))],
            "line": "1",
            "customer_id": [customer for customer, _ in bought],
            "kind": "sale",
            "net_value": amount,
            "occurred_at": pd.to_datetime([AS_OF - timedelta(days=day, hours=-10) for _, day in bought], utc=True),
        }
    ).astype({"occurred_at": "datetime64[us, UTC]"})


@pytest.fixture(scope="module")
def world() -> Tables:
    """Six hundred customers of BG/NBD's own kind over a year and a half, with amounts of their own."""
    draws = np.random.default_rng(11)
    customers = 600
    since = draws.integers(60, 540, customers)
    rate, leaving = draws.gamma(1.2, 1 / 30, customers), draws.beta(0.8, 4, customers)
    usual = draws.gamma(4, 8, customers)
    rows = []
    for customer in range(customers):
        gaps = np.cumsum(draws.exponential(1 / max(rate[customer], 1e-4), 200))
        stays = draws.geometric(max(leaving[customer], 1e-6))
        days = since[customer] - np.concatenate([[0.0], gaps[:stays]])
        rows += [(f"c{customer:03d}", day, usual[customer] * draws.gamma(5, 0.2)) for day in days if day > 0]
    table = pd.DataFrame(rows, columns=["customer_id", "ago", "net_value"])
    moments = pd.Timestamp(AS_OF) - pd.to_timedelta(table["ago"], unit="D")
    purchases = table.assign(
        order_id=[f"o{number}" for number in range(len(table))],
        line="1",
        kind="sale",
        occurred_at=moments.astype("datetime64[us, UTC]"),
    )
    return {"purchases": purchases.drop(columns="ago")}


def valued(tables: Tables, settings: LifetimeValueSettings = SETTINGS, as_of: datetime = AS_OF) -> pd.DataFrame:
    return forecast_value(tables, settings, as_of=as_of, timezone="Europe/Berlin")


def test_every_customer_who_bought_has_a_value_within_its_interval(world: Tables) -> None:
    table = valued(world)
    assert table["customer_id"].tolist() == sorted(world["purchases"]["customer_id"].unique())
    assert set(table.columns) == {entry.name for entry in fields(LifetimeValue)}
    assert table.notna().all().all()
    assert table["p_alive"].between(0, 1).all()
    assert (table["pclv_low"] <= table["pclv"]).all()
    assert (table["pclv"] <= table["pclv_high"]).all()
    assert (table["next_order_low_at"] > pd.Timestamp(AS_OF)).all()
    assert (table["next_order_low_at"] < table["expected_next_order_at"]).all()
    assert (table["expected_next_order_at"] <= table["next_order_high_at"]).all()
    assert set(table["grade"]) == {"fitted"}
    assert "600 customers" in table["source"].iloc[0]
    assert set(table["margin_basis"]) == {"margin_pct"}


def test_value_is_purchases_times_margin(world: Tables) -> None:
    table = valued(world)
    np.testing.assert_allclose(table["pclv"], table["expected_purchases"] * table["expected_margin"])
    revenue = valued(world, LifetimeValueSettings(horizon_days=91))
    np.testing.assert_allclose(table["pclv"], 0.4 * revenue["pclv"])


def test_who_bought_often_until_yesterday_is_worth_more_than_who_stopped(world: Tables) -> None:
    loyal, gone = list(range(1, 300, 15)), list(range(250, 500, 13))
    extra = purchases_on({"loyal": loyal, "stopped": gone}, amount=30.0)
    table = valued({"purchases": pd.concat([world["purchases"], extra.assign(order_id="x" + extra["order_id"])])})
    loyal_value, stopped_value = (table[table["customer_id"] == name] for name in ("loyal", "stopped"))
    assert loyal_value["p_alive"].item() > 0.9
    assert stopped_value["p_alive"].item() < 0.1
    assert loyal_value["pclv"].item() > 10 * stopped_value["pclv"].item()
    assert stopped_value["pclv_low"].item() == 0


def test_the_interval_holds_what_customers_then_brought_as_often_as_it_says(world: Tables) -> None:
    scores = backtest_value(world, SETTINGS, as_of=AS_OF, timezone="UTC", seed=1).scores
    covered = scores.loc[scores["metric"] == "coverage_margin", "value"].item()
    assert 0.75 < covered < 0.97


def test_the_backtest_prints_ours_beside_rivals_it_beats_in_a_world_of_its_form(world: Tables) -> None:
    told: list[str] = []
    result = backtest_value(world, SETTINGS, as_of=AS_OF, timezone="UTC", seed=1, report=told.append)
    assert (result.what, result.seed, len(told)) == ("value", 1, 2)
    assert tuple(result.scores.columns) == SCORE_COLUMNS
    assert tuple(result.against.columns) == AGAINST_COLUMNS
    assert tuple(result.by_origin.columns) == ORIGIN_COLUMNS
    assert set(result.scores["model"]) == {"bg_nbd", "naive_repeat", "last_window", "rfm", "mean"}
    assert result.is_better
    for curve in result.curves:
        assert all(len(x) == len(y) for x, y in curve.series.values())


def test_a_backtest_looks_at_nothing_from_as_of_on(world: Tables) -> None:
    cut = AS_OF - timedelta(days=90)
    known = {"purchases": world["purchases"][world["purchases"]["occurred_at"] < pd.Timestamp(cut)]}
    whole, before = (backtest_value(part, SETTINGS, as_of=cut, timezone="UTC", seed=1) for part in (world, known))
    pd.testing.assert_frame_equal(whole.scores, before.scores, check_exact=True)


def test_a_forecast_is_the_same_without_the_future_and_a_planted_leak_is_caught(world: Tables) -> None:
    cut = AS_OF - timedelta(days=90)
    insist_on_no_leak(lambda tables, origin: valued(tables, as_of=origin), world, cut)
    with pytest.raises(LeakError):
        insist_on_no_leak(lambda tables, _: valued(tables), world, cut)


def test_the_order_of_rows_does_not_matter_to_the_last_bit(world: Tables) -> None:
    shuffled = {"purchases": world["purchases"].sample(frac=1, random_state=1)}
    pd.testing.assert_frame_equal(valued(world), valued(shuffled), check_exact=True)


def test_a_kept_model_forecasts_what_the_fitted_one_did(world: Tables) -> None:
    days = days_of_customers(world, as_of=AS_OF, timezone="UTC", margin_pct=40)
    known = histories_of(days, as_of=AS_OF, timezone="UTC")
    model = LifetimeValueModel(level=0.9).fit(known)
    arrays = model.arrays()
    assert all(array.dtype != object for array in arrays.values())
    one, other = (
        kept.predict(known, horizon_days=30, as_of=AS_OF) for kept in (model, LifetimeValueModel.from_arrays(arrays))
    )
    for entry in fields(LifetimeValue):
        np.testing.assert_array_equal(getattr(one, entry.name), getattr(other, entry.name))


def test_a_purchase_that_was_sent_back_is_none() -> None:
    bought = purchases_on({"a": [100, 50], "b": [100, 50]})
    back = bought[bought["customer_id"] == "a"].iloc[[1]].assign(kind="return", order_id="r", net_value=-10.0)
    back["occurred_at"] += pd.Timedelta(days=4)
    days = days_of_customers({"purchases": pd.concat([bought, back])}, as_of=AS_OF, timezone="UTC", margin_pct=None)
    assert dict(zip(days.customers, days.counts, strict=True)) == {"a": 1, "b": 2}


def test_a_margin_below_zero_makes_the_value_negative_and_keeps_the_interval_in_order(world: Tables) -> None:
    purchases = world["purchases"].assign(product_id="p", quantity=1.0)
    products = pd.DataFrame({"product_id": ["p"], "category_id": ["c"], "unit_cost": [1000.0]})
    table = valued({"purchases": purchases, "products": products})
    assert (table["pclv"] < 0).all()
    assert (table["pclv_low"] <= table["pclv"]).all()
    assert (table["pclv"] <= table["pclv_high"]).all()


@pytest.mark.parametrize(
    "days_ago", [{}, {"a": [5]}, {f"c{n}": [5 * n + 1] for n in range(40)}], ids=["empty", "one row", "nobody twice"]
)
def test_too_little_to_learn_from_is_said(days_ago: dict[str, list[int]]) -> None:
    with pytest.raises(TooLittleDataError):
        valued({"purchases": purchases_on(days_ago)})


def test_no_table_of_purchases_is_too_little() -> None:
    with pytest.raises(TooLittleDataError):
        valued({})


def test_everybody_alike_is_regularised_and_says_so() -> None:
    table = valued({"purchases": purchases_on({f"c{n:02d}": list(range(5, 365, 30)) for n in range(40)})})
    assert set(table["grade"]) == {"regularised"}
    assert "weak prior" in table["source"].iloc[0]
    assert table["expected_purchases"].iloc[0] == pytest.approx(3.0, abs=0.6)
    assert table["expected_margin"].iloc[0] == pytest.approx(4.0, rel=0.05)


@pytest.mark.parametrize(("column", "value"), [("net_value", np.inf), ("net_value", np.nan), ("quantity", -np.inf)])
def test_amounts_that_are_no_number_are_refused_by_row(world: Tables, column: str, value: float) -> None:
    purchases = world["purchases"].assign(quantity=1.0)
    purchases.loc[7, column] = value
    with pytest.raises(ForecastingError, match="row 7"):
        valued({"purchases": purchases})


def test_a_line_that_is_there_twice_is_refused(world: Tables) -> None:
    twice = pd.concat([world["purchases"], world["purchases"].iloc[[3]]])
    with pytest.raises(ForecastingError, match="more than once, first order o3"):
        valued({"purchases": twice})


def test_sales_below_zero_are_nobodys_purchase(world: Tables) -> None:
    below = purchases_on({"c001": [3], "nobody": [4]}, amount=-5.0).assign(order_id=["n1", "n2"])
    pd.testing.assert_frame_equal(valued(world), valued({"purchases": pd.concat([world["purchases"], below])}))


def test_a_day_is_a_day_when_the_clock_changes() -> None:
    # Berlin has 25 hours on 2026-10-25 and 23 on 2026-03-29.
    as_of = datetime(2026, 10, 25, 23, tzinfo=UTC)
    bought: dict[str, Any] = {"a": [datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)]}
    purchases = pd.DataFrame(
        {"customer_id": "a", "kind": "sale", "net_value": 1.0, "occurred_at": pd.to_datetime(bought["a"], utc=True)}
    ).astype({"occurred_at": "datetime64[us, UTC]"})
    days = days_of_customers({"purchases": purchases}, as_of=as_of, timezone="Europe/Berlin", margin_pct=None)
    known = histories_of(days, as_of=as_of, timezone="Europe/Berlin")
    assert (known.t_x.tolist(), known.age.tolist()) == ([210.0], [212.0])


def test_a_history_too_short_to_follow_anybody_says_how_long_it_must_be(world: Tables) -> None:
    recent = world["purchases"][world["purchases"]["occurred_at"] > pd.Timestamp(AS_OF - timedelta(days=100))]
    with pytest.raises(TooLittleDataError, match="two fifths"):
        backtest_value({"purchases": recent}, SETTINGS, as_of=AS_OF, timezone="UTC", seed=1)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ForecastingError, match="horizon_days is 0"):
        LifetimeValueSettings(horizon_days=0)
    with pytest.raises(ForecastingError, match="level is 1"):
        LifetimeValueSettings(level=1)
