"""Response as factors: the arithmetic, what is learnt from tables, whose windows count, and what leaks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.worlds.responding import RespondingWorld, responding_world
from forecasting.backtest import LeakError, insist_on_no_leak
from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.response.backtest import backtest_response
from forecasting.response.factors.hierarchical import HierarchicalRegression
from forecasting.response.factors.model import ResponseModel
from forecasting.response.factors.observations import responses, uplifts
from forecasting.response.factors.situations import Situations, given
from forecasting.response.forecast import forecast_response
from forecasting.response.settings import ResponseSettings
from forecasting.settings import Prior
from forecasting.values.response import Factors, ResponseFactors

SETTINGS = ResponseSettings(segment="tier", wait_days=14)
AS_OF = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> RespondingWorld:
    return responding_world(customers=300, assets=10, draws=3_000, base_rate=0.1)


@pytest.fixture(scope="module")
def model(world: RespondingWorld) -> ResponseModel:
    return ResponseModel(SETTINGS).fit(world.tables, as_of=world.until, timezone="UTC")


def _factors() -> Factors:
    draw = np.random.default_rng(1)
    return Factors(
        "p_response", "logit", -2.0, draw.normal(size=5), draw.normal(size=3), draw.normal(size=2),
        draw.normal(size=(5, 4)), draw.normal(size=(3, 4)), draw.normal(size=(2, 4)), np.full(5, 0.1),
        np.full(3, 0.2), np.full(2, 0.3), np.zeros(3), "assumed", "test", np.ones(3, dtype=np.bool_),
    )  # fmt: skip


def test_a_block_is_the_documented_sum() -> None:
    factors = _factors()
    meeting = np.einsum("ck,ahk->cah", factors.customer_factor, factors.asset_factor[:, None] + factors.channel_factor)
    expected = (
        factors.intercept
        + factors.customer_effect[:, None, None]
        + factors.asset_effect[:, None]
        + factors.channel_effect
        + meeting
    )
    np.testing.assert_allclose(factors.linear(), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(factors.score(), 1 / (1 + np.exp(-expected)), rtol=1e-4, atol=1e-6)
    some = np.array([3, 1])
    np.testing.assert_allclose(factors.linear(some, np.array([2])), expected[some][:, [2]], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(factors.sd(), np.sqrt(0.6), rtol=1e-5)


def test_a_relative_sd_grows_with_the_value() -> None:
    factors = replace(_factors(), relative_sd=np.full(3, 0.5))
    np.testing.assert_allclose(factors.sd() ** 2, 0.6 + (0.5 * factors.linear()) ** 2, rtol=1e-4)


def test_factors_survive_arrays(model: ResponseModel, world: RespondingWorld) -> None:
    found = model.predict(world.customer[:20], world.asset, world.channel)
    again = ResponseFactors.from_arrays(found.arrays())
    assert not any(values.dtype == object for values in found.arrays().values())
    for target, factors in found.targets.items():
        np.testing.assert_array_equal(again.targets[target].score(), factors.score())
        assert again.targets[target].source == factors.source


def test_a_model_survives_arrays(model: ResponseModel, world: RespondingWorld) -> None:
    again = ResponseModel.from_arrays(model.arrays(), world.tables, SETTINGS, as_of=world.until, timezone="UTC")
    ours, other = (one.predict(world.customer[:20], world.asset, world.channel) for one in (model, again))
    for target, factors in ours.targets.items():
        np.testing.assert_array_equal(other.targets[target].score(), factors.score())


def test_draws_by_chance_make_uplift_randomised_and_fatigue_fitted(model: ResponseModel) -> None:
    assert model.fitted_["margin_uplift"].grade == "randomised"
    assert model.fitted_["p_response"].is_fatigue_fitted


def test_a_new_asset_takes_what_its_kind_shows_and_is_less_known(model: ResponseModel, world: RespondingWorld) -> None:
    sent = set(world.tables["touches"]["asset_id"])
    place = [key in sent for key in world.asset]
    variance = model.predict(world.customer[:5], world.asset, world.channel).targets["p_response"].asset_variance
    assert variance[~np.array(place)].min() > variance[place].max()


def test_a_customer_and_a_channel_never_seen_have_finite_scores(model: ResponseModel, world: RespondingWorld) -> None:
    found = model.predict(np.array(["nobody"], dtype=object), world.asset, np.array(["pigeon"], dtype=object))
    for factors in found.targets.values():
        assert np.isfinite(factors.score()).all()
        assert np.isfinite(factors.sd()).all()


def test_without_a_draw_fatigue_and_uplift_are_what_is_stated(world: RespondingWorld) -> None:
    settings = ResponseSettings(uplift={"coupon": Prior(0.1, 0.0, 0.2)}, wait_days=14, uplift_source="the marketer")
    tables = {**world.tables, "touches": world.tables["touches"].drop(columns="experiment_id")}
    del tables["assignments"]
    model = ResponseModel(settings).fit(tables, as_of=world.until, timezone="UTC")
    assert not model.fitted_["p_response"].is_fatigue_fitted
    uplift = model.predict(world.customer, world.asset, world.channel).targets["margin_uplift"]
    assert uplift.grade == "assumed"
    assert uplift.source.startswith("the marketer")
    is_coupon = (world.tables["assets"]["kind"] == "coupon").to_numpy()
    assert (uplift.score()[:, is_coupon] >= 0).all()
    assert uplift.score()[:, is_coupon].max() > 0
    assert (uplift.score()[:, ~is_coupon] == 0).all()


def _situations(tables: dict[str, pd.DataFrame], settings: ResponseSettings) -> tuple[Any, Situations]:
    rows = given(tables, AS_OF)
    return rows, Situations.read(rows, settings, as_of=AS_OF, timezone="UTC")


def _times(*days: float) -> Any:
    return pd.to_datetime([AS_OF - timedelta(days=day) for day in days], utc=True).astype("datetime64[us, UTC]")


@pytest.mark.parametrize(("days", "count"), [(14.0, 1), (13.999, 0), (20.0, 1)])
def test_a_touch_counts_from_the_moment_its_wait_is_over(days: float, count: int) -> None:
    touches = pd.DataFrame(
        {"touch_id": ["t"], "customer_id": ["c"], "channel_id": ["email"], "sent_at": _times(days), "asset_id": ["a"]}
    )
    rows, known = _situations({"touches": touches, "assets": pd.DataFrame({"asset_id": ["a"]})}, SETTINGS_PLAIN)
    assert len(responses(rows, known, as_of=AS_OF)) == count


SETTINGS_PLAIN = ResponseSettings(wait_days=14)


def test_a_reaction_after_the_wait_belongs_to_no_touch() -> None:
    touches = pd.DataFrame(
        {"touch_id": ["t", "u"], "customer_id": ["c", "d"], "channel_id": "email", "sent_at": _times(40, 40)}
    )
    outcomes = pd.DataFrame({"touch_id": ["t", "u"], "name": "clicked", "occurred_at": _times(26, 26.001)})
    rows, known = _situations({"touches": touches, "outcomes": outcomes}, SETTINGS_PLAIN)
    assert responses(rows, known, as_of=AS_OF).target.tolist() == [0.0, 1.0]


@pytest.mark.parametrize(("observed", "counts"), [(None, True), (12.0, True), (12.001, False)])
def test_draws_whose_window_is_open_are_no_zeros(observed: float | None, *, counts: bool) -> None:
    draw = np.random.default_rng(0)
    size = 400
    arm = np.where(np.arange(size) % 2 == 0, "a", "nothing")
    assignments = pd.DataFrame(
        {
            "experiment_id": "x",
            "customer_id": [f"c{place}" for place in range(size)],
            "assigned_at": _times(*([40.0] * size)),
            "arm": arm,
            "asset_id": pd.Series("a", index=range(size), dtype=object).where(arm == "a", None),
            "channel_id": pd.Series("email", index=range(size), dtype=object).where(arm == "a", None),
            "propensity": 0.5,
        }
    )
    if observed is not None:
        assignments["observed_until"] = _times(*([observed] * size))
    results = assignments[["experiment_id", "customer_id", "assigned_at"]].assign(
        metric="margin", value=draw.normal(size=size) + 3.0 * (arm == "a"), window_days=28.0
    )
    tables = {"assignments": assignments, "results": results, "assets": pd.DataFrame({"asset_id": ["a"]})}
    rows, known = _situations(tables, SETTINGS_PLAIN)
    found = uplifts(rows, known, "margin_uplift", as_of=AS_OF)
    assert bool(found) is counts
    if counts:
        model = ResponseModel(SETTINGS_PLAIN).fit(tables, as_of=AS_OF, timezone="UTC")
        score = model.predict(np.array(["c0"], dtype=object), np.array(["a"]), np.array(["email"]))
        assert score.targets["margin_uplift"].score().item() == pytest.approx(3.0, abs=0.5)


def test_a_holdout_from_everything_is_no_draw_of_any_touch() -> None:
    draw = np.random.default_rng(0)
    size = 400
    arm = np.where(np.arange(size) % 2 == 0, "treated", "nothing")
    assignments = pd.DataFrame(
        {
            "experiment_id": "holdout",
            "customer_id": [f"c{place}" for place in range(size)],
            "assigned_at": _times(*([40.0] * size)),
            "arm": arm,
            "propensity": 0.5,
        }
    )
    results = assignments[["experiment_id", "customer_id", "assigned_at"]].assign(
        metric="margin", value=draw.normal(size=size) + 3.0 * (arm == "treated"), window_days=28.0
    )
    tables = {"assignments": assignments, "results": results, "assets": pd.DataFrame({"asset_id": ["a"]})}
    rows, known = _situations(tables, SETTINGS_PLAIN)
    assert not uplifts(rows, known, "margin_uplift", as_of=AS_OF)


def test_summaries_stand_in_where_purchases_do_not_reach() -> None:
    draw = np.random.default_rng(4)
    size = 2_000
    who = [f"c{place}" for place in range(size)]
    orders = draw.poisson(2.0, size)
    clicks = draw.random(size) < 1 / (1 + np.exp(3 - 1.5 * np.log1p(orders)))
    touches = pd.DataFrame(
        {"touch_id": who, "customer_id": who, "channel_id": "email", "sent_at": _times(*([60.0] * size))}
    )
    outcomes = pd.DataFrame({"touch_id": np.array(who)[clicks], "name": "clicked"})
    outcomes["occurred_at"] = _times(*([59.0] * len(outcomes)))
    summaries = pd.DataFrame(
        {"customer_id": who, "name": "orders", "measured_at": _times(*([61.0] * size)), "value": orders.astype(float)}
    )
    tables = {"touches": touches, "outcomes": outcomes, "summaries": summaries}
    model = ResponseModel(SETTINGS_PLAIN).fit(tables, as_of=AS_OF, timezone="UTC")
    scores = model.predict(np.array(who), np.array(["a"]), np.array(["email"])).targets["p_response"].score().ravel()
    places = pd.Index(sorted(who)).get_indexer(pd.Index(who))
    assert np.corrcoef(scores[places], orders)[0, 1] > 0.8


def test_what_follows_as_of_changes_no_forecast(world: RespondingWorld) -> None:
    cut = world.until - timedelta(days=60)

    def forecaster(tables: Any, origin: datetime) -> pd.DataFrame:
        return forecast_response(tables, SETTINGS, as_of=origin, timezone="UTC", seed=1)

    assert len(insist_on_no_leak(forecaster, world.tables, cut)) > 0


def test_a_planted_leak_is_caught(world: RespondingWorld) -> None:
    def leaking(tables: Any, origin: datetime) -> pd.DataFrame:
        found = forecast_response(tables, SETTINGS, as_of=world.until, timezone="UTC", seed=1)
        return found.assign(at=origin)

    with pytest.raises(LeakError):
        insist_on_no_leak(leaking, world.tables, world.until - timedelta(days=60))


def test_a_backtest_scores_reactions_and_ranks_draws(world: RespondingWorld) -> None:
    found = backtest_response(world.tables, SETTINGS, as_of=world.until, timezone="UTC", seed=1)
    metrics = set(found.scores["metric"])
    assert {"p_response brier", "p_response log loss", "margin_uplift area under uplift curve"} <= metrics
    assert set(found.against["rival"]) == {"base rate", "asset mean"}
    assert any(curve.kind == "reliability" for curve in found.curves)


def test_a_backtest_without_a_draw_says_that_uplift_has_no_score(world: RespondingWorld) -> None:
    tables = {name: table for name, table in world.tables.items() if name != "assignments"}
    found = backtest_response(tables, SETTINGS, as_of=world.until, timezone="UTC", seed=1)
    assert any("Nothing was drawn by chance" in note for note in found.notes)


def test_a_backtest_without_touches_or_draws_says_what_lacks() -> None:
    with pytest.raises(TooLittleDataError, match="No touch or draw"):
        backtest_response({}, SETTINGS_PLAIN, as_of=AS_OF, timezone="UTC", seed=1)


def test_empty_tables_leave_stated_priors() -> None:
    model = ResponseModel(ResponseSettings(response_prior=0.03)).fit({}, as_of=AS_OF, timezone="UTC")
    found = model.predict(np.array(["c"]), np.array(["a"]), np.array(["email"]))
    assert found.targets["p_response"].score().item() == pytest.approx(0.03, rel=1e-4)
    assert all("prior" in factors.source or "stated" in factors.source for factors in found.targets.values())


def test_a_table_without_its_columns_is_refused_by_name() -> None:
    with pytest.raises(ForecastingError, match="customer_id"):
        ResponseModel().fit({"touches": pd.DataFrame({"touch_id": ["t"]})}, as_of=AS_OF, timezone="UTC")


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_class_alone_is_too_little(label: float) -> None:
    with pytest.raises(TooLittleDataError, match="events"):
        HierarchicalRegression(link="logit").fit(np.zeros((100, 1)), {}, np.full(100, label))


def test_a_level_is_shrunk_by_what_it_has_seen() -> None:
    draw = np.random.default_rng(8)
    group = np.repeat(np.arange(40), np.where(np.arange(40) < 20, 5, 500))
    truth = draw.normal(0, 1.0, 40)
    target = truth[group] + draw.normal(0, 2.0, len(group))
    model = HierarchicalRegression(link="identity").fit(np.zeros((len(group), 0)), {"group": group}, target)
    found = model.levels_["group"]
    assert found.variance[:20].min() > found.variance[20:].max()
    assert np.abs(found.mean[:20]).mean() < np.abs(truth[:20]).mean()
    assert found.spread == pytest.approx(1.0, abs=0.6)


@pytest.mark.parametrize("field", ["value_window_days", "wait_days", "response_prior", "margin_pct"])
def test_settings_that_make_no_sense_are_refused(field: str) -> None:
    wrong: Any = {field: -1}
    with pytest.raises(ForecastingError, match=field):
        ResponseSettings(**wrong)
