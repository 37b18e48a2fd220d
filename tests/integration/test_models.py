"""Training behind the gate: what is registered, what goes live, and what the journal says of it."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from forecasting.backtest import AGAINST_COLUMNS, ORIGIN_COLUMNS, SCORE_COLUMNS, Backtest
from forecasting.errors import TooLittleDataError
from forecasting.inputs import moment, utc_times
from lake.journal import Actor, Journal
from lake.models import ModelStore
from pipelines.day import Day, open_day
from pipelines.errors import PipelineError, RefusedError, UsageError
from pipelines.forecasts.drifting import drift_now
from pipelines.forecasts.parts import Part
from pipelines.forecasts.registry import model_of, models_of, restore
from pipelines.forecasts.training import Trained, train_now
from tests.scenarios.world import TODAY, World, days_before

HOLDOUT_DAYS = 7
NOBODY = Actor("", "", "somebody")
OWNER = Actor("person:olga", "owner", "somebody")


class OrderValue:
    """The mean value of an order, as a model: the smallest thing that learns and can be wrong."""

    metric = "mean absolute error of an order's value"
    holdout_days = HOLDOUT_DAYS
    parameters: Mapping[str, Any] = {}

    def __init__(self, *, naming: bool = False) -> None:
        self.naming = naming

    def fit(
        self, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str, seed: int
    ) -> dict[str, npt.NDArray[Any]]:
        del as_of, timezone, seed
        orders = tables["purchases"]
        names = orders["customer_id"].unique().tolist() if self.naming else ["mean"]
        return {"mean": np.array([orders["net_value"].mean()]), "names": np.array(names)}

    def losses(
        self,
        arrays: Mapping[str, npt.NDArray[Any]],
        tables: Mapping[str, pd.DataFrame],
        *,
        origin: datetime,
        until: datetime,
        timezone: str,
    ) -> pd.DataFrame:
        del timezone
        orders = tables["purchases"]
        times = utc_times(orders, "purchases", "occurred_at")
        judged = orders[(times >= moment(origin)) & (times < moment(until))]
        loss = (judged["net_value"] - arrays["mean"][0]).abs()
        return pd.DataFrame({"unit": judged["order_id"], "loss": loss, "weight": 1.0})

    def forecast(
        self,
        arrays: Mapping[str, npt.NDArray[Any]],
        tables: Mapping[str, pd.DataFrame],
        *,
        as_of: datetime,
        timezone: str,
        seed: int,
    ) -> pd.DataFrame:
        del as_of, timezone, seed
        return tables["customers"][["customer_id"]].assign(value=float(arrays["mean"][0]))

    def inputs(self, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str) -> pd.DataFrame:
        del timezone
        orders = tables["purchases"]
        times = utc_times(orders, "purchases", "occurred_at")
        recent = (times >= moment(as_of - timedelta(days=30))) & (times < moment(as_of))
        return orders.loc[recent, ["net_value"]].astype(float)


def backtested(tables: Mapping[str, pd.DataFrame], settings: Any, **moment_and_seed: Any) -> Backtest:
    del tables
    scores = pd.DataFrame(
        [("mean", "error", 1.0, 0.9, float("nan"), 20, True, True), ("last", "error", 2.0, 1.9, 2.1, 20, False, True)],
        columns=SCORE_COLUMNS,
    )
    against = pd.DataFrame([("last", "error", -1.0, -1.1, -0.9, settings)], columns=AGAINST_COLUMNS)
    by_origin = pd.DataFrame([("all", "mean", "error", 1.0, 20)], columns=ORIGIN_COLUMNS)
    return Backtest(
        what="value",
        subject="value of an order, in EUR",
        splits="all but the last week, judged on the last week",
        seed=moment_and_seed["seed"],
        scores=scores,
        against=against,
        by_origin=by_origin,
        curves=(),
        notes=("Small.",),
        is_better=settings,
    )


def part(*, is_better: bool = True, naming: bool = False) -> Part:
    return Part(
        what="value",
        about="value of an order",
        tables=("customers", "purchases"),
        settings=lambda _: is_better,
        backtest=backtested,
        make=None,
        trainer=lambda _: OrderValue(naming=naming),
    )


@pytest.fixture
def shop(world: World) -> World:
    """Orders of 10 until a week before TODAY, of 30 since: whoever has seen the change forecasts the next week best."""
    world.category("tea").customer("anna").customer("bert")
    for back in range(1, 60):
        for customer in ("anna", "bert"):
            world.purchase(customer, "tea", on=days_before(TODAY, back), spend=30.0 if back <= HOLDOUT_DAYS else 10.0)
    world.write()
    return world


def day_of(world: World, day: date = TODAY) -> Day:
    return open_day(None, world.environment, day=day)


def with_next_week(world: World, spend: float) -> None:
    """A week later: everybody goes on buying for `spend`."""
    world.today = TODAY + timedelta(days=HOLDOUT_DAYS)
    for ahead in range(HOLDOUT_DAYS):
        for customer in ("anna", "bert"):
            for _ in range(2):
                world.purchase(customer, "tea", on=TODAY + timedelta(days=ahead), spend=spend)
    world.write()


def trained(world: World, **changes: Any) -> Trained:
    return train_now(day_of(world, world.today), part(**changes), NOBODY)


def test_the_first_model_that_beats_its_rivals_goes_live(shop: World) -> None:
    done = trained(shop)
    assert (done.is_live, done.champion, done.contest) == (True, done.digest, None)
    (event,) = Journal(day_of(shop).lake).events("promoted").to_dict("records")
    assert event["payload"] == {"model": "value", "hash": done.digest, "replaced": None, "contest": {}}
    arrays, card = ModelStore(day_of(shop).home.models(shop.name)).load("value", done.digest)
    assert arrays["mean"][0] == pytest.approx(10.0)  # the last week was kept from it
    assert (card.playbook, card.is_better, card.scores[0]["high"]) == (shop.name, True, None)
    assert set(card.data) == {"customers", "purchases"}


def test_a_model_that_does_not_beat_its_rivals_is_registered_and_not_live(shop: World) -> None:
    done = trained(shop, is_better=False)
    assert (done.is_live, done.champion, done.because) == (False, None, "does not beat last")
    (model,) = models_of(day_of(shop))
    assert (model["hash"], model["is_live"], model["was_live"]) == (done.digest, False, False)


def test_training_again_on_the_same_day_changes_nothing(shop: World) -> None:
    first, again = trained(shop), trained(shop)
    assert (again.digest, again.is_live, again.because) == (first.digest, True, "it is the model that is live already")
    assert len(Journal(day_of(shop).lake).events("promoted")) == 1


def test_a_challenger_that_wins_replaces_the_champion(shop: World) -> None:
    champion = trained(shop)
    with_next_week(shop, spend=30.0)
    challenger = trained(shop)
    assert challenger.contest is not None
    assert (challenger.contest.units, challenger.contest.is_won) == (28, True)
    assert challenger.contest.champion == pytest.approx(20.0)
    assert (challenger.is_live, challenger.champion) == (True, challenger.digest)
    told = model_of(day_of(shop, shop.today), "value", None)["promotions"]
    assert [(one["digest"], one["replaced"]) for one in told] == [(challenger.digest, champion.digest)]


def test_a_challenger_that_loses_stays_outside(shop: World) -> None:
    champion = trained(shop)
    with_next_week(shop, spend=10.0)
    challenger = trained(shop)
    assert challenger.contest is not None
    assert not challenger.contest.is_won
    assert (challenger.is_live, challenger.champion) == (False, champion.digest)
    assert "95 % interval" in challenger.because
    by_hash = {one["hash"]: one["is_live"] for one in models_of(day_of(shop, shop.today))}
    assert by_hash == {champion.digest: True, challenger.digest: False}


def test_a_champion_is_not_judged_on_days_that_it_has_seen(shop: World) -> None:
    with_next_week(shop, spend=30.0)
    champion = trained(shop)
    shop.today = TODAY
    with pytest.raises(TooLittleDataError, match="The champion learnt from rows until") as told:
        trained(shop)
    assert "7 days later" in told.value.remedy
    assert model_of(day_of(shop), "value", None)["hash"] == champion.digest


def test_a_model_that_names_customers_is_not_kept(shop: World) -> None:
    with pytest.raises(PipelineError, match="names customers"):
        trained(shop, naming=True)
    assert models_of(day_of(shop)) == []


def test_going_back_takes_a_reason_a_role_and_a_model_that_was_live(shop: World) -> None:
    champion = trained(shop)
    with_next_week(shop, spend=30.0)
    trained(shop)
    day = day_of(shop, shop.today)
    with pytest.raises(RefusedError, match="promote takes the role owner"):
        restore(day, "value", champion.digest, Actor("person:ina", "analyst", "x"), because="it was better")
    back = restore(day, "value", champion.digest[:6], OWNER, because="it was better")
    assert (back["is_live"], back["promotions"][-1]["by"]) == (True, "person:olga")
    outsider = trained(shop, is_better=False)
    with pytest.raises(UsageError, match="never been live"):
        restore(day, "value", outsider.digest, OWNER, because="because")


def test_a_model_whose_inputs_stay_as_they_were_has_not_drifted(shop: World) -> None:
    trained(shop)
    found = drift_now(day_of(shop), [part()])
    (model,) = found["models"]
    assert (model["has_drifted"], found["not_judged"]) == (False, [])


def test_a_model_whose_inputs_have_changed_is_told_with_the_column(shop: World) -> None:
    digest = trained(shop).digest
    for week in range(3):
        for back in range(HOLDOUT_DAYS):
            shop.purchase("anna", "tea", on=TODAY + timedelta(days=7 * week + back), spend=90.0)
    shop.today = TODAY + timedelta(days=21)
    shop.write()
    (model,) = drift_now(day_of(shop, shop.today), [part()])["models"]
    assert (model["hash"], model["has_drifted"]) == (digest, True)
    assert [row["column"] for row in model["columns"] if row["is_drifted"]] == ["net_value"]


def test_without_a_live_model_there_is_no_drift_to_judge(shop: World) -> None:
    found = drift_now(day_of(shop), [part()])
    assert (found["models"], [one["what"] for one in found["not_judged"]]) == ([], ["value"])


def test_nothing_is_shown_as_live_before_there_is_a_model(shop: World) -> None:
    with pytest.raises(UsageError, match="no model of value is live"):
        model_of(day_of(shop), "value", None)
