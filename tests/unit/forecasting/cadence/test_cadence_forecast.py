"""The table of cadence and its backtest: what they say, what they were judged by, and which input they refuse."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.backtest import AGAINST_COLUMNS, ORIGIN_COLUMNS, SCORE_COLUMNS, LeakError, insist_on_no_leak
from forecasting.cadence.backtest import backtest_cadence
from forecasting.cadence.forecast import forecast_cadence
from forecasting.cadence.policies import highest, opened_in_a_row, silent_for_30_days
from forecasting.cadence.settings import CadenceSettings
from forecasting.cadence.shopping_days import ShoppingDays, shopping_days
from forecasting.cadence.survival import UNCALIBRATED, fit_survival
from forecasting.errors import ForecastingError, TooLittleDataError

Purchases = Callable[[Mapping[tuple[str, str], Sequence[int]]], pd.DataFrame]
Products = Callable[..., pd.DataFrame]
World = tuple[pd.DataFrame, pd.DataFrame]
Tables = Mapping[str, pd.DataFrame]
SETTINGS = CadenceSettings(minimum_days=3)


@pytest.fixture(scope="session")
def tables(busy_world: World) -> Tables:
    return {"purchases": busy_world[0], "products": busy_world[1]}


@pytest.fixture(scope="session")
def forecast(tables: Tables) -> pd.DataFrame:
    return _forecast(tables, datetime(2026, 10, 1, tzinfo=UTC))


@pytest.fixture(scope="session")
def busy_days(busy_world: World) -> ShoppingDays:
    return shopping_days(*busy_world, as_of=datetime(2026, 10, 1, tzinfo=UTC), timezone="UTC")


def _forecast(tables: Tables, as_of: datetime) -> pd.DataFrame:
    return forecast_cadence(tables, SETTINGS, as_of=as_of, timezone="UTC", seed=1)


def test_every_pair_has_a_due_day_a_deviation_and_chances_in_order(forecast: pd.DataFrame) -> None:
    assert forecast.notna().all().all()
    assert not forecast.duplicated(["customer_id", "category_id"]).any()
    for low, middle, high in (
        ("due_low_at", "due_at", "due_high_at"),
        ("deviation_low_at", "deviation_at", "deviation_high_at"),
    ):
        assert (forecast["last_at"] < forecast[low]).all()
        assert (forecast[low] <= forecast[middle]).all()
        assert (forecast[middle] <= forecast[high]).all()
    assert (forecast["due_at"] < forecast["deviation_at"]).all()
    for name in ("survival", "p_buy_7", "p_buy_28"):
        assert forecast[name].between(0, 1).all()
    assert forecast["p_buy_7"].mean() < forecast["p_buy_28"].mean()
    assert set(forecast["grade"]) == {"calibrated"}
    assert "survival calibrated on" in forecast["source"].iloc[0]
    assert forecast["source"].str.endswith("a forecast of buying, not of what a message adds").all()


def test_a_rhythm_deviates_from_the_day_on_which_survival_reaches_the_line(
    forecast: pd.DataFrame, as_of: datetime
) -> None:
    has_deviated = forecast["deviation_at"] < pd.Timestamp(as_of)
    assert 0 < has_deviated.sum() < len(forecast)
    assert (forecast.loc[has_deviated, "survival"] < 0.1 + 1e-9).all()
    assert (forecast.loc[~has_deviated, "survival"] > 0.1 - 1e-9).all()


def test_a_short_history_gives_a_forecast_that_says_it_is_uncalibrated(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    purchases = purchases_of({("a", "milk"): [10, 24, 38], ("b", "milk"): [3]})
    table = _forecast({"purchases": purchases, "products": products_of("milk")}, as_of)
    assert set(table["grade"]) == {"uncalibrated"}
    assert "survival uncalibrated: too few spells" in table["source"].iloc[0]
    assert table.notna().all().all()


def test_what_follows_changes_nothing_and_a_planted_leak_is_caught(tables: Tables, as_of: datetime) -> None:
    cut = as_of - timedelta(days=90)
    insist_on_no_leak(_forecast, tables, cut)
    with pytest.raises(LeakError):
        insist_on_no_leak(lambda known, _: _forecast(known, as_of), tables, cut)


def test_gaps_that_are_all_alike_are_foreseen_to_the_day(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    bought = {(f"c{n:02d}", "milk"): list(range(1 + n % 14, 365, 14)) for n in range(60)}
    table = _forecast({"purchases": purchases_of(bought), "products": products_of("milk")}, as_of)
    np.testing.assert_allclose(table["interval_days"], 14, atol=0.7)
    assert table.notna().all().all()


def test_survival_comes_true_where_the_log_normal_promises_too_much(busy_days: ShoppingDays) -> None:
    # Six in ten of these customers left, which no log-normal knows.
    today = int(busy_days.day.max()) + 1
    curves = fit_survival(busy_days, today=today, minimum_days=2, holidays=())
    assert curves.spells > 1000
    counts = np.array([1, 3, 9])
    assert (curves.calibrated(np.full(3, 0.05), counts) > 0.05).all()
    said = np.linspace(0, 1, 50)
    for count in counts:
        true = curves.calibrated(said, np.full(50, count))
        assert (np.diff(true) > 0).all()
        assert (true[0], true[-1]) == (0.0, 1.0)
    np.testing.assert_allclose(curves.calibrated(curves.said_at(0.3, counts), counts), 0.3, atol=1e-6)


def test_few_spells_leave_survival_as_the_log_normal_says_it(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    days = shopping_days(
        purchases_of({("a", "milk"): list(range(1, 300, 7))}), products_of("milk"), as_of=as_of, timezone="UTC"
    )
    today = int(np.datetime64(as_of.date()).astype(int))
    assert fit_survival(days, today=today, minimum_days=2, holidays=()) is UNCALIBRATED


def test_the_backtest_speaks_the_common_form_and_beats_its_rivals_in_a_world_it_can_know(
    tables: Tables, as_of: datetime
) -> None:
    told: list[str] = []
    result = backtest_cadence(tables, SETTINGS, as_of=as_of, timezone="UTC", seed=3, report=told.append)
    assert (result.what, result.seed, len(told)) == ("cadence", 3, 3)
    assert tuple(result.scores.columns) == SCORE_COLUMNS
    assert tuple(result.against.columns) == AGAINST_COLUMNS
    assert tuple(result.by_origin.columns) == ORIGIN_COLUMNS
    rules = {"thirty_days", "category_mean", "category_median", "frequency", "constant", "own_median", "own_mean"}
    assert rules < set(result.scores["model"])
    assert {"30 days without purchase", "individual"} < set(result.scores["model"])
    assert "forecast of buying, not of what a message adds" in result.notes[0]
    assert any("No opens are recorded" in note for note in result.notes)
    assert [curve.kind for curve in result.curves] == ["reliability", "reliability", "lines"]
    thirty = result.against[result.against["rival"] == "thirty_days"]
    assert thirty["wins"].all()
    moved = result.scores["metric"] == "first_purchase_within_7_days_moved_a_week"
    hits = result.scores["metric"] == "first_purchase_within_7_days"
    assert set(result.scores.loc[moved, "model"]) == set(result.scores.loc[hits, "model"])


def test_the_backtest_is_the_same_without_what_follows_as_of(tables: Tables, as_of: datetime) -> None:
    cut = as_of - timedelta(days=40)
    settings = CadenceSettings(minimum_days=3, backtest_origins=1, windows_days=(28,))
    known = {**tables, "purchases": tables["purchases"][tables["purchases"]["occurred_at"] < pd.Timestamp(cut)]}
    whole, before = (backtest_cadence(part, settings, as_of=cut, timezone="UTC") for part in (tables, known))
    pd.testing.assert_frame_equal(whole.scores, before.scores, check_exact=True)


def _touched(tables: Tables, as_of: datetime, opened: bool) -> Tables:
    customers = sorted(tables["purchases"]["customer_id"].unique())[:60]
    rows = [(f"{name}-{n}", name, as_of - timedelta(days=200 + n)) for name in customers for n in range(4)]
    touches = pd.DataFrame(rows, columns=["touch_id", "customer_id", "sent_at"])
    touches["sent_at"] = touches["sent_at"].astype("datetime64[us, UTC]")
    is_opened = touches["customer_id"].isin(customers[:20]) if opened else np.zeros(len(touches), dtype=bool)
    outcomes = touches[is_opened].assign(name="opened").rename(columns={"sent_at": "occurred_at"})
    return {**tables, "touches": touches, "outcomes": outcomes[["touch_id", "name", "occurred_at"]]}


def test_three_opens_in_a_row_are_set_beside_as_many_who_are_likely_to_buy(tables: Tables, as_of: datetime) -> None:
    settings = CadenceSettings(minimum_days=3, backtest_origins=1)
    result = backtest_cadence(_touched(tables, as_of, opened=True), settings, as_of=as_of, timezone="UTC")
    scores = result.scores[result.scores["metric"] == "bought_anything_28"].set_index("model")
    assert scores["rows"].to_dict() == {"3 opens in a row": 20, "individual, as many as opened": 20}
    assert scores["value"].to_list() == sorted(scores["value"])
    assert not any("No opens" in note for note in result.notes)


def test_who_opened_three_in_a_row_is_read_from_the_latest_touches_before_the_day(
    tables: Tables, as_of: datetime
) -> None:
    touched = _touched(tables, as_of, opened=True)
    outcomes = touched["outcomes"]
    latest = outcomes["touch_id"].str.endswith("-0")  # sent last
    spared = outcomes["touch_id"].str.startswith("c000")
    opened = opened_in_a_row({**touched, "outcomes": outcomes[~(latest & spared)]}, as_of)
    assert opened is not None
    assert (len(opened), "c000" in opened) == (19, False)
    before_all = opened_in_a_row(touched, as_of - timedelta(days=300))
    assert before_all is None
    assert opened_in_a_row(_touched(tables, as_of, opened=False), as_of) is None
    assert opened_in_a_row(tables, as_of) is None


def test_the_rule_of_30_days_writes_in_the_week_in_which_30_days_end(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    bought = {(f"c{ago}", "milk"): [ago] for ago in (23, 24, 30, 31)}
    days = shopping_days(purchases_of(bought), products_of("milk"), as_of=as_of, timezone="UTC")
    chosen = silent_for_30_days(days, int(np.datetime64(as_of.date()).astype(int)))
    assert days.customers[days.pair_customer][chosen].tolist() == ["c24", "c30"]


def test_the_highest_chances_are_picked_among_those_allowed() -> None:
    chosen = highest(np.array([0.9, 0.2, 0.5, 0.5]), 2, np.array([False, True, True, True]))
    assert chosen.tolist() == [False, False, True, True]


@pytest.mark.parametrize("days_ago", [[], [5]], ids=["empty", "one row"])
def test_too_little_is_said_by_the_backtest(
    days_ago: list[int], purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    tables = {"purchases": purchases_of({("a", "milk"): days_ago}), "products": products_of("milk")}
    with pytest.raises(TooLittleDataError):
        backtest_cadence(tables, as_of=as_of, timezone="UTC")


def test_one_purchase_is_forecast_and_none_is_too_little(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    tables = {"purchases": purchases_of({("a", "milk"): [5]}), "products": products_of("milk")}
    assert len(_forecast(tables, as_of)) == 1
    for empty in ({**tables, "purchases": tables["purchases"].iloc[:0]}, {}):
        with pytest.raises(TooLittleDataError):
            _forecast(empty, as_of)


def test_a_product_of_no_category_belongs_to_no_rhythm_and_a_new_category_is_forecast_from_all(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    bought = {(f"c{n}", "milk"): list(range(3, 300, 20)) for n in range(9)}
    purchases = purchases_of({**bought, ("a", "new"): [5], ("a", "unknown"): [5]})
    table = _forecast({"purchases": purchases, "products": products_of("milk", "new")}, as_of)
    assert set(table["category_id"]) == {"milk", "new"}
    assert 10 < table.loc[table["category_id"] == "new", "interval_days"].item() < 45


@pytest.mark.parametrize(("column", "value"), [("net_value", np.inf), ("net_value", np.nan), ("quantity", np.inf)])
def test_amounts_that_are_no_number_are_refused_by_row(
    column: str, value: float, tables: Tables, as_of: datetime
) -> None:
    purchases = tables["purchases"].copy()
    purchases.loc[4, column] = value
    with pytest.raises(ForecastingError, match="row 4"):
        _forecast({**tables, "purchases": purchases}, as_of)


def test_a_line_that_is_there_twice_is_refused(tables: Tables, as_of: datetime) -> None:
    twice = pd.concat([tables["purchases"], tables["purchases"].iloc[[2]]])
    with pytest.raises(ForecastingError, match="more than once, first order o2"):
        _forecast({**tables, "purchases": twice}, as_of)


def test_sales_below_zero_are_no_shopping(purchases_of: Purchases, products_of: Products, as_of: datetime) -> None:
    purchases = purchases_of({("a", "milk"): [5, 12, 19, 26]})
    below = purchases.assign(net_value=-3.0, order_id="n" + purchases["order_id"])
    below["occurred_at"] -= pd.Timedelta(days=3)
    tables: dict[str, Any] = {"products": products_of("milk")}
    both = _forecast({**tables, "purchases": pd.concat([purchases, below])}, as_of)
    pd.testing.assert_frame_equal(both, _forecast({**tables, "purchases": purchases}, as_of))


def test_gaps_over_a_change_of_the_clock_are_whole_days(products_of: Products) -> None:
    # Berlin turns the clock on 29 March and on 25 October 2026.
    moments = ["2026-03-22 23:30", "2026-03-29 22:30", "2026-04-05 22:30"]
    purchases = pd.DataFrame(
        {
            "customer_id": "a",
            "kind": "sale",
            "net_value": 1.0,
            "product_id": "milk/1",
            "quantity": 1.0,
            "occurred_at": pd.to_datetime(moments, utc=True).astype("datetime64[us, UTC]"),
        }
    )
    days = shopping_days(
        purchases, products_of("milk"), as_of=datetime(2026, 5, 1, tzinfo=UTC), timezone="Europe/Berlin"
    )
    assert np.diff(days.day).tolist() == [7, 7]


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ForecastingError, match="minimum_days is 0"):
        CadenceSettings(minimum_days=0)
    with pytest.raises(ForecastingError, match="windows_days"):
        CadenceSettings(windows_days=())
