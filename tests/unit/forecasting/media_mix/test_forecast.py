"""The media mix from tables: periods, what is found, what cannot be known, and tables that are wrong."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.backtest import LeakError, insist_on_no_leak
from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.media_mix.backtest import OURS, RIVALS, backtest_media_mix
from forecasting.media_mix.forecast import believed, fitted, forecast_media_mix, to_table
from forecasting.media_mix.grading import grades
from forecasting.media_mix.model import MediaMixModel
from forecasting.media_mix.panel import Panel, panel
from forecasting.media_mix.settings import MediaMixSettings

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)  # a Monday
WEEKS = 90
CHANNELS = ("radio", "search")
TRUE_RETURN = {"radio": 2.0, "search": 0.5}
STATED = MediaMixSettings(randomised_channels=CHANNELS, draws=600, rounds=100, prior_draws=600)
Tables = dict[str, pd.DataFrame]


def _spend_table(spend: np.ndarray) -> pd.DataFrame:
    weeks = len(spend)
    monday = pd.Timestamp(AS_OF) - pd.to_timedelta(7 * np.arange(weeks, 0, -1), "D")
    return pd.DataFrame(
        {
            "campaign_id": list(CHANNELS) * weeks,
            "channel_id": list(CHANNELS) * weeks,
            "date": np.repeat(monday, 2).astype("datetime64[us, UTC]"),
            "spend": spend.ravel(),
        }
    )


def _paid(values: np.ndarray) -> pd.DataFrame:
    weeks = len(values)
    monday = pd.Timestamp(AS_OF) - pd.to_timedelta(7 * np.arange(weeks, 0, -1) - 0.5, "D")
    return pd.DataFrame({"occurred_at": monday.astype("datetime64[us, UTC]"), "net_value": values})


def _world(kind: str = "randomised", weeks: int = WEEKS) -> Tables:
    """Linear returns, spend by chance; or spend that follows a demand which also sells."""
    draw = np.random.default_rng(31)
    demand = draw.standard_normal(weeks)
    for week in range(1, weeks):
        demand[week] = 0.9 * demand[week - 1] + 0.4 * demand[week]
    chance = draw.standard_normal((weeks, 2))
    follows = 0.4 * demand[:, None] + 0.15 * chance
    spend = 1_000 * np.exp(0.6 * chance if kind == "randomised" else follows)
    sales = 20_000 + spend @ np.array(list(TRUE_RETURN.values())) + 300 * draw.standard_normal(weeks)
    if kind != "randomised":
        sales = sales + 2_000 * demand
    observed = _paid(demand).rename(columns={"occurred_at": "observed_at", "net_value": "value"})
    return {
        "spend": _spend_table(spend),
        "purchases": _paid(sales),
        "observations": observed.assign(kind="trend", about_id="market"),
    }


def _panel(tables: Mapping[str, pd.DataFrame], settings: MediaMixSettings = STATED) -> Panel:
    return panel(tables, settings, as_of=AS_OF, timezone="UTC")


@pytest.fixture(scope="module")
def world() -> Tables:
    return _world()


@pytest.fixture(scope="module")
def model(world: Tables) -> MediaMixModel:
    return fitted(_panel(world), STATED, seed=1)


def test_randomised_spend_gives_returns_near_the_truth_in_narrower_intervals(
    world: Tables, model: MediaMixModel
) -> None:
    found = believed(_panel(world), model, STATED)
    assert found.channel_id.tolist() == list(CHANNELS)
    assert set(found.grade) == {"randomised"}
    truth = np.array(list(TRUE_RETURN.values()))
    width = found.marginal_high - found.marginal_low
    assert (np.abs(found.marginal_roi - truth) < width).all()
    assert (width < found.prior_high - found.prior_low).all()
    assert found.marginal_roi[0] > found.marginal_roi[1]


def test_unless_spend_is_stated_to_be_randomised_its_return_is_assumed(world: Tables, model: MediaMixModel) -> None:
    silent = MediaMixSettings(draws=600, rounds=100, prior_draws=600)
    found = believed(_panel(world), model, silent)
    assert set(found.grade) == {"assumed"}
    np.testing.assert_allclose(found.marginal_high, found.prior_high)
    np.testing.assert_allclose(found.marginal_low, found.prior_low)
    assert "same period" in found.source[0]
    assert (found.association_high - found.association_low < found.prior_high - found.prior_low).all()


def test_spend_that_follows_demand_is_caught_even_when_stated_to_be_randomised() -> None:
    found = grades(_panel(_world("demand")), STATED)
    assert {one.grade for one in found} == {"assumed"}
    assert all("spend follows" in one.source for one in found)


def test_channels_that_move_together_were_not_set_by_chance(world: Tables) -> None:
    spend = world["spend"].copy()
    radio = spend.loc[spend["channel_id"] == "radio", "spend"].to_numpy()
    spend.loc[spend["channel_id"] == "search", "spend"] += 0.7 * radio
    found = grades(_panel({**world, "spend": spend}), STATED)
    assert all("other channels" in one.source for one in found)


def test_levels_held_for_weeks_are_by_chance_when_that_is_stated() -> None:
    draw = np.random.default_rng(8)
    levels = np.repeat(1_000 * np.exp(0.6 * draw.standard_normal((40, 2))), 4, axis=0)
    sales = 20_000 + 2 * levels.sum(axis=1) + 300 * draw.standard_normal(160)
    tables = {"spend": _spend_table(levels), "purchases": _paid(sales)}
    held = MediaMixSettings(randomised_channels=CHANNELS, randomised_for_periods=4)
    assert {one.grade for one in grades(_panel(tables, held), held)} == {"randomised"}
    assert {one.grade for one in grades(_panel(tables), STATED)} == {"assumed"}


def test_with_demand_as_a_control_a_channel_may_be_adjusted(world: Tables) -> None:
    controlled = MediaMixSettings(control_kinds=("trend",), demand_kinds=("trend",))
    data = _panel(world, controlled)
    assert data.control_names == ("trend of market",)
    assert {one.grade for one in grades(data, controlled)} == {"adjusted"}
    no_demand = MediaMixSettings(control_kinds=("trend",))
    assert {one.grade for one in grades(_panel(world, no_demand), no_demand)} == {"assumed"}


def test_channels_that_move_as_one_cannot_be_told_apart(world: Tables) -> None:
    spend = world["spend"].copy()
    radio = spend.loc[spend["channel_id"] == "radio", "spend"].to_numpy()
    spend.loc[spend["channel_id"] == "search", "spend"] = 2 * radio
    found = grades(_panel({**world, "spend": spend}), STATED)
    assert all("its own" in one.source for one in found)


def test_constant_spend_cannot_be_known(world: Tables) -> None:
    spend = world["spend"].copy()
    spend.loc[spend["channel_id"] == "search", "spend"] = 500.0
    radio, search = grades(_panel({**world, "spend": spend}), STATED)
    assert radio.grade == "randomised"
    assert search.source == "prior only: spend hardly varies"


def test_the_response_curve_rises_from_nothing(world: Tables, model: MediaMixModel) -> None:
    found = believed(_panel(world), model, STATED)
    np.testing.assert_allclose(found.curve[:, 0], 0.0, atol=1e-3)
    assert (np.diff(found.curve, axis=1) > 0).all()
    assert ((found.curve_low <= found.curve) & (found.curve <= found.curve_high)).all()


def test_the_table_has_an_interval_a_grade_and_a_source_in_every_row(world: Tables, model: MediaMixModel) -> None:
    table = to_table(believed(_panel(world), model, STATED), "week")
    assert set(table["quantity"]) == {"roi", "marginal_roi", "marginal_association", "response"}
    assert not table.isna().any().any()
    assert ((table["low"] <= table["value"]) & (table["value"] <= table["high"])).all()
    assert table.groupby("quantity").size()["response"] == 2 * 21


def test_stored_and_read_again_it_answers_the_same(model: MediaMixModel) -> None:
    arrays = model.arrays()
    assert all(values.dtype != object for values in arrays.values())
    levels = np.array([0.0, 500.0, 1_500.0])
    again = MediaMixModel.from_arrays(arrays).response("radio", levels)
    np.testing.assert_array_equal(again, model.response("radio", levels))


def test_a_channel_never_seen_is_refused(model: MediaMixModel) -> None:
    with pytest.raises(ForecastingError, match="ever spent on channel television"):
        model.response("television", np.array([1.0]))


def test_the_same_seed_gives_the_same_whatever_the_order_of_rows(world: Tables, model: MediaMixModel) -> None:
    shuffled = {name: frame.sample(frac=1, random_state=2) for name, frame in world.items()}
    again = fitted(_panel(shuffled), STATED, seed=1)
    np.testing.assert_array_equal(model.marginal_, again.marginal_)


def test_rows_from_as_of_on_change_nothing_and_a_planted_leak_is_caught(world: Tables) -> None:
    past = AS_OF - timedelta(weeks=30)

    def honest(known: Mapping[str, pd.DataFrame], origin: datetime) -> pd.DataFrame:
        data = panel(known, STATED, as_of=origin, timezone="UTC")
        return pd.DataFrame({"outcome": data.outcome, "spend": data.spend.sum(axis=1)})

    def leaking(known: Mapping[str, pd.DataFrame], _: datetime) -> pd.DataFrame:
        return honest(known, AS_OF)

    assert len(insist_on_no_leak(honest, world, past)) > 0
    with pytest.raises(LeakError, match="changes the forecast"):
        insist_on_no_leak(leaking, world, past)


def test_records_that_begin_together_spend_their_first_weeks_on_what_carries_over(world: Tables) -> None:
    data = _panel(world)
    assert data.periods == WEEKS - 1 - STATED.carryover_periods + 1
    assert (data.earlier_spend > 0).all()
    assert "begin with those of purchases" in data.notes[0]


def test_spend_that_begins_later_was_zero_before(world: Tables) -> None:
    late = world["spend"][world["spend"]["date"] >= pd.Timestamp(AS_OF) - timedelta(weeks=40)]
    data = _panel({**world, "spend": late})
    assert data.periods == WEEKS - 1
    assert (data.spend[: WEEKS - 41] == 0).all()


def test_weeks_are_local_and_stay_whole_when_clocks_change() -> None:
    days = pd.date_range("2026-01-05", "2026-06-01", freq="D", tz="Europe/Berlin", inclusive="left")
    noon = (days.tz_convert("UTC") + pd.Timedelta(minutes=5)).astype("datetime64[us, UTC]")
    value = np.where(days >= pd.Timestamp("2026-05-25", tz="Europe/Berlin"), 20.0, 10.0)
    spend = pd.DataFrame({"campaign_id": "a", "channel_id": "radio", "date": noon, "spend": 1.0})
    data = panel(
        {"purchases": pd.DataFrame({"occurred_at": noon, "net_value": value}), "spend": spend},
        MediaMixSettings(carryover_periods=1),
        as_of=datetime(2026, 6, 1, tzinfo=UTC),
        timezone="Europe/Berlin",
    )
    assert data.outcome.tolist() == [70.0] * (data.periods - 1) + [140.0]
    assert set(data.spend[:, 0]) == {7.0}


def test_weeks_without_sales_count_as_zero_and_are_noted(world: Tables) -> None:
    data = _panel({**world, "purchases": world["purchases"].drop(index=[40, 41])})
    assert (data.outcome == 0).sum() == 2
    assert "2 weeks without purchases count as zero." in data.notes


def test_a_channel_on_which_nothing_was_ever_spent_is_left_out(world: Tables) -> None:
    spend = world["spend"].copy()
    spend.loc[spend["channel_id"] == "search", "spend"] = 0.0
    data = _panel({**world, "spend": spend})
    assert data.channel_id.tolist() == ["radio"]
    assert data.notes[0] == "Nothing was ever spent on search; it is left out."


def _with(table: str, column: str, value: float) -> Tables:
    tables = _world()
    tables[table].loc[3, column] = value
    return tables


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (_with("spend", "spend", -1.0), "spend holds -1"),
        (_with("spend", "spend", np.inf), "spend holds inf"),
        (_with("spend", "spend", np.nan), "spend holds nan"),
        (_with("purchases", "net_value", np.inf), "net_value holds inf"),
        ({**_world(), "spend": pd.concat([_world()["spend"]] * 2)}, "repeat a key"),
        ({**_world(), "spend": _world()["spend"].drop(columns="channel_id")}, "no column channel_id"),
        ({"spend": _world()["spend"]}, "no table purchases"),
    ],
)
def test_wrong_tables_are_refused(tables: Tables, message: str) -> None:
    with pytest.raises(ForecastingError, match=message):
        _panel(tables)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({**_world(), "spend": _world()["spend"].iloc[:0]}, "no spend"),
        ({**_world(), "spend": _world()["spend"].assign(spend=0.0)}, "Nothing was spent"),
        ({**_world(), "purchases": _world()["purchases"].iloc[:0]}, "0 whole weeks"),
        ({**_world(), "purchases": _world()["purchases"].iloc[-1:]}, "0 whole weeks"),
        ({**_world(), "purchases": _world()["purchases"].iloc[-15:]}, "14 whole weeks"),
        ({**_world(), "purchases": _world()["purchases"].assign(net_value=5.0)}, "is 5 in every week"),
        ({**_world(), "purchases": _world()["purchases"].assign(net_value=0.0)}, "is 0 in every week"),
    ],
)
def test_too_little_is_said(tables: Tables, message: str) -> None:
    with pytest.raises(TooLittleDataError, match=message):
        _panel(tables)


def test_returns_of_goods_make_a_week_negative_and_that_is_fine(world: Tables) -> None:
    tables = {**world, "purchases": world["purchases"].copy()}
    tables["purchases"].loc[50, "net_value"] = -400.0
    assert _panel(tables).outcome.min() == -400.0


def test_opportunities_can_be_the_outcome(world: Tables) -> None:
    opened = world["purchases"].rename(columns={"occurred_at": "opened_at", "net_value": "amount"})
    by_deal = _panel({"spend": world["spend"], "opportunities": opened}, MediaMixSettings(outcome="opportunities"))
    np.testing.assert_array_equal(by_deal.outcome, _panel(world).outcome)


def test_a_control_that_was_never_observed_is_said(world: Tables) -> None:
    with pytest.raises(TooLittleDataError, match="kind weather"):
        _panel(world, MediaMixSettings(control_kinds=("weather",)))


@pytest.mark.parametrize(
    "wrong", [{"roi_sd": 0.0}, {"carryover_periods": 0}, {"draws": 10}, {"demand_kinds": ("trend",)}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ForecastingError):
        MediaMixSettings(**wrong)


def test_a_backtest_needs_periods_to_judge() -> None:
    with pytest.raises(TooLittleDataError, match="A backtest needs 44"):
        backtest_media_mix(_world(weeks=40), STATED, as_of=AS_OF, timezone="UTC", seed=1)


def test_the_outcome_of_weeks_to_come_is_forecast_from_their_spend(world: Tables, model: MediaMixModel) -> None:
    data = _panel(world)
    expected, spread = model.predict(data, data.periods - 4)
    assert np.abs(expected / data.outcome[-4:] - 1).max() < 0.1
    assert (spread > 0).all()


def test_the_backtest_beats_the_baseline_where_spend_sells() -> None:
    tables = _world(weeks=62)
    tables["spend"] = tables["spend"][tables["spend"]["channel_id"] == "radio"]
    found = backtest_media_mix(tables, STATED, as_of=AS_OF, timezone="UTC", seed=1)
    scores = found.scores[found.scores["metric"] == "WAPE"].set_index("model")["value"]
    assert found.what == "media"
    assert scores[OURS] < scores[RIVALS[1]]
    assert list(found.against["rival"]) == list(RIVALS)
    assert any(note.startswith("radio: randomised") for note in found.notes)
    assert found.curves[0].series.keys() == {"radio (randomised)"}


def test_the_forecast_is_a_table_of_all_channels(world: Tables) -> None:
    one = {**world, "spend": world["spend"][world["spend"]["channel_id"] == "radio"]}
    table = forecast_media_mix(one, STATED, as_of=AS_OF, timezone="UTC", seed=1)
    assert set(table["channel_id"]) == {"radio"}
    assert np.isfinite(table[["value", "low", "high", "prior_low", "prior_high"]].to_numpy()).all()
