"""What a run decides with beyond rhythm and priors: there where it was learnt, else left out with the reason."""

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.worlds.responding import RespondingWorld, responding_world
from forecasting.forecast import forecast
from forecasting.learnt import NO_DRAWS, NOT_LIVE, LearntSettings, with_learnt
from forecasting.lifetime_value.settings import LifetimeValueSettings
from forecasting.response.factors.model import ResponseModel
from forecasting.response.settings import ResponseSettings
from forecasting.settings import ForecastSettings
from forecasting.timing.settings import TimingSettings
from forecasting.timing.trainer import TimingTrainer
from forecasting.training import Arrays
from forecasting.values import Forecasts

SETTINGS = LearntSettings(response=ResponseSettings(wait_days=14), value=LifetimeValueSettings(horizon_days=91))


@pytest.fixture(scope="module")
def world() -> RespondingWorld:
    return responding_world(customers=250, assets=8, draws=3_000, base_rate=0.15, seed=4, effect=4.0)


@pytest.fixture(scope="module")
def found(world: RespondingWorld) -> Forecasts:
    return learnt(world)


def learnt(world: RespondingWorld, *without: str, models: dict[str, Arrays] | None = None) -> Forecasts:
    tables = {name: table for name, table in world.tables.items() if name not in without}
    known: dict[str, Any] = {"as_of": world.until, "timezone": "UTC", "seed": 1}
    bare = forecast({}, ForecastSettings(), **known)
    settings = LearntSettings(SETTINGS.response, SETTINGS.timing, SETTINGS.value, models or {})
    return with_learnt(bare, tables, settings, **known)


def test_effects_by_draws_are_there_and_graded_for_assets_that_were_drawn(
    world: RespondingWorld, found: Forecasts
) -> None:
    assert found.response is not None
    factors = found.response.targets["margin_uplift"]
    assert factors.grade == "randomised"
    never = ~pd.Index(world.asset).isin(world.tables["assignments"]["asset_id"].dropna())
    assert factors.is_learnt.any()
    assert not factors.is_learnt[never].any()
    assert set(found.response.targets) == {"margin_uplift"}
    assert found.missing["p_redeem"] == NOT_LIVE


def test_without_draws_the_stated_prior_is_not_said_again(world: RespondingWorld) -> None:
    found = learnt(world, "assignments")
    assert found.response is None
    assert found.missing["margin_uplift"] == NO_DRAWS


def test_chances_are_those_of_the_live_model(world: RespondingWorld) -> None:
    earlier = world.until - timedelta(days=30)
    model = ResponseModel(SETTINGS.response, targets=("p_response", "p_redeem"))
    kept = model.fit(world.tables, as_of=earlier, timezone="UTC").arrays(with_customers=False)
    found = learnt(world, "assignments", models={"response": kept})
    assert found.response is not None
    assert set(found.response.targets) == {"p_response", "p_redeem"}
    assert found.response.targets["p_redeem"].is_learnt.all()
    assert found.response.customer_id.tolist() == sorted(world.customer)


def test_lifetime_value_and_send_windows_are_of_everybody_who_bought_or_engaged(
    world: RespondingWorld, found: Forecasts
) -> None:
    assert found.lifetime_value is not None
    assert found.lifetime_value.horizon_days == 91
    buyers = set(world.tables["purchases"]["customer_id"])
    assert set(found.lifetime_value.customer_id) == buyers
    assert (found.timing is None) == ("timing" in found.missing)


def test_a_live_model_of_habits_is_used_as_it_is(world: RespondingWorld) -> None:
    kept = TimingTrainer(TimingSettings()).fit(world.tables, as_of=world.until, timezone="UTC", seed=1)
    found = learnt(world, models={"timing": kept})
    assert found.timing is not None
    assert found.timing.customer_id.tolist() == sorted(world.customer)


def test_hours_that_do_not_matter_make_no_personal_windows() -> None:
    draw = np.random.default_rng(1)
    people = [f"c{number:03d}" for number in range(120)]
    until = pd.Timestamp("2026-03-02", tz="UTC")
    # everybody engages on Monday at nine, and else at any hour of the week
    rows = [
        (name, until - pd.Timedelta(weeks=week) + pd.Timedelta(hours=hour))
        for name in people
        for week in range(1, 20)
        for hour in (9, *draw.integers(0, 168, 2))
    ]
    signals = pd.DataFrame(rows, columns=["customer_id", "occurred_at"])
    signals["occurred_at"] = signals["occurred_at"].astype("datetime64[us, UTC]")
    tables = {"customers": pd.DataFrame({"customer_id": people}), "signals": signals}
    known: dict[str, Any] = {"as_of": until.to_pydatetime(), "timezone": "UTC", "seed": 1}
    found = with_learnt(forecast({}, ForecastSettings(), **known), tables, SETTINGS, **known)
    assert found.timing is not None or "one hour for all" in found.missing["timing"]
    if found.timing is not None:
        assert set(found.timing.hour_of_week.tolist()) <= set(range(7, 12)), "the hour that all have in common"


def test_without_any_table_every_part_says_what_lacks() -> None:
    known: dict[str, Any] = {
        "as_of": pd.Timestamp("2026-03-02", tz="UTC").to_pydatetime(),
        "timezone": "UTC",
        "seed": 1,
    }
    found = with_learnt(forecast({}, ForecastSettings(), **known), {}, SETTINGS, **known)
    assert (found.response, found.timing, found.lifetime_value) == (None, None, None)
    assert {"margin_uplift", "p_redeem", "timing", "lifetime_value"} <= set(found.missing)


def test_what_a_part_alone_finds_wrong_does_not_stop_the_day(world: RespondingWorld) -> None:
    signals = pd.DataFrame({"customer_id": ["c-000001"]})
    tables = {"customers": world.tables["customers"], "signals": signals}
    known: dict[str, Any] = {"as_of": world.until, "timezone": "UTC", "seed": 1}
    found = with_learnt(forecast({}, ForecastSettings(), **known), tables, SETTINGS, **known)
    assert found.timing is None
    assert "occurred_at" in found.missing["timing"]
