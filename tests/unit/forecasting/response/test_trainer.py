"""Response as a kept model: it names nobody, and says of customers what it would have said with their effects in it."""

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.worlds.responding import RespondingWorld, responding_world
from forecasting.errors import TooLittleDataError
from forecasting.gate import contest
from forecasting.response.factors.model import ResponseModel
from forecasting.response.settings import ResponseSettings
from forecasting.response.trainer import ResponseTrainer
from forecasting.values.response import Target

TRAINER = ResponseTrainer(ResponseSettings(segment="tier", wait_days=14))

REACTIONS: tuple[Target, ...] = ("p_response",)
EFFECTS: tuple[Target, ...] = ("margin_uplift",)


@pytest.fixture(scope="module")
def world() -> RespondingWorld:
    return responding_world(customers=200, assets=8, draws=2_500, base_rate=0.15, seed=3)


@pytest.fixture(scope="module")
def arrays(world: RespondingWorld) -> dict[str, np.ndarray]:
    origin = world.until - timedelta(days=TRAINER.holdout_days)
    return dict(TRAINER.fit(world.tables, as_of=origin, timezone="UTC", seed=1))


def test_a_kept_model_names_no_customer(world: RespondingWorld, arrays: dict[str, np.ndarray]) -> None:
    texts = {str(text) for array in arrays.values() if array.dtype.kind == "U" for text in np.unique(array)}
    assert not texts & set(world.customer)
    assert not any(array.dtype == object for array in arrays.values())


def test_customers_effects_are_learnt_again_from_what_they_did(world: RespondingWorld) -> None:
    model = ResponseModel(TRAINER.settings, targets=REACTIONS).fit(world.tables, as_of=world.until, timezone="UTC")
    kept = model.arrays(with_customers=False)
    again = ResponseModel.from_arrays(kept, world.tables, TRAINER.settings, as_of=world.until, timezone="UTC")
    asked = world.customer, world.asset, world.channel
    ours, other = (one.predict(*asked).targets["p_response"].score() for one in (model, again))
    np.testing.assert_allclose(other, ours, rtol=0.02)


def test_every_target_and_customer_is_judged_once(world: RespondingWorld, arrays: dict[str, np.ndarray]) -> None:
    origin = world.until - timedelta(days=TRAINER.holdout_days)
    losses = TRAINER.losses(arrays, world.tables, origin=origin, until=world.until, timezone="UTC")
    assert losses["unit"].is_unique
    assert (losses["loss"] > 0).all()
    assert {unit.split("/")[0] for unit in losses["unit"]} == {"p_response", "p_redeem", "p_opt_out"}
    none = {name: array for name, array in arrays.items() if not name.startswith("p_response/")}
    worse = TRAINER.losses(none, world.tables, origin=origin, until=world.until, timezone="UTC")
    assert contest(losses, worse, metric=TRAINER.metric).is_won, "a stated prior of 2 % loses to what was learnt"


def test_a_forecast_by_the_kept_model_has_all_targets(world: RespondingWorld, arrays: dict[str, np.ndarray]) -> None:
    table = TRAINER.forecast(arrays, world.tables, as_of=world.until, timezone="UTC", seed=1)
    assert set(table["target"]) == {"p_response", "p_redeem", "p_opt_out", "margin_uplift", "response_uplift"}
    seen = TRAINER.inputs(world.tables, as_of=world.until, timezone="UTC")
    assert np.isfinite(seen.to_numpy()).all()


def test_nothing_to_learn_from_is_said(world: RespondingWorld) -> None:
    tables = {"customers": world.tables["customers"], "assets": world.tables["assets"]}
    with pytest.raises(TooLittleDataError, match="No chance can be learnt"):
        TRAINER.fit(tables, as_of=world.until, timezone="UTC", seed=1)


def test_draws_outweigh_what_is_stated_only_where_they_are_many(world: RespondingWorld) -> None:
    known: dict[str, Any] = {"as_of": world.until, "timezone": "UTC"}
    few = {**world.tables, "assignments": world.tables["assignments"].head(60)}
    learnt = [ResponseModel(TRAINER.settings, targets=EFFECTS).fit(tables, **known) for tables in (world.tables, few)]
    asked = world.customer, world.asset, world.channel
    many_draws, few_draws = (model.predict(*asked).targets["margin_uplift"] for model in learnt)
    assert many_draws.grade == "randomised"
    assert not few_draws.is_learnt.any()
    drawn = pd.Index(world.asset).isin(world.tables["assignments"]["asset_id"].dropna())
    assert not many_draws.is_learnt[~drawn].any(), "of what was never drawn nothing is known"
