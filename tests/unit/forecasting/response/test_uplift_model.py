"""Effects of arms on any table of units: what is found, what is not, and what bad input says."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.worlds.experiments import CONTROL, experiment
from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.response.factors.policy import policy_value
from forecasting.response.factors.uplift_model import UpliftModel
from forecasting.response.uplift_curve import uplift_curve


def _simple(rows: int = 600, effect: float = 2.0, seed: int = 1) -> tuple[pd.DataFrame, Any, Any]:
    draw = np.random.default_rng(seed)
    features = pd.DataFrame({"size": draw.normal(size=rows), "kind": draw.choice(["a", "b"], rows)})
    arm = np.where(draw.random(rows) < 0.5, "touch", CONTROL)
    gain = effect * (features["size"].to_numpy() > 0)
    return features, arm, draw.normal(size=rows) + gain * (arm == "touch")


@pytest.fixture(scope="module")
def fitted() -> UpliftModel:
    return UpliftModel().fit(*_simple())


def test_an_effect_is_found_where_it_is_and_claimed(fitted: UpliftModel) -> None:
    features = pd.DataFrame({"size": [-1.0, 1.0], "kind": ["a", "a"]})
    found = fitted.predict(features)
    assert found.effect[1, 0] > 1.2
    assert found.effect[0, 0] < 0.8
    assert "touch" in [claim.name for claim in fitted.claims_ if claim.is_found]


def test_a_category_never_seen_and_a_gap_give_finite_effects(fitted: UpliftModel) -> None:
    found = fitted.predict(pd.DataFrame({"size": [np.nan, 0.5], "kind": ["never", None]}))
    assert np.isfinite(found.effect).all()
    assert (found.sd > 0).all()


def test_the_order_of_rows_does_not_show(fitted: UpliftModel) -> None:
    features, arm, outcome = _simple()
    order = np.random.default_rng(5).permutation(len(arm))
    again = UpliftModel().fit(features.iloc[order], arm[order], outcome[order])
    asked = features.head(20)
    np.testing.assert_array_equal(again.predict(asked).effect, fitted.predict(asked).effect)


def test_without_effect_nothing_is_claimed() -> None:
    features, arm, outcome = _simple(effect=0.0)
    model = UpliftModel().fit(features, arm, outcome)
    assert not any(claim.is_found for claim in model.claims_)


def test_arms_in_which_nothing_happened_make_no_claim() -> None:
    draw = np.random.default_rng(3)
    arm = np.array([f"item{place % 20:02d}" for place in range(2_000)])
    clicks = (draw.random(2_000) < 0.004).astype(float)
    model = UpliftModel(control=None).fit(np.zeros((2_000, 1)), arm, clicks, np.full(2_000, 0.05))
    assert len(model.claims_) == 21
    assert not any(claim.is_found for claim in model.claims_)


def test_expected_outcomes_differ_by_the_effects(fitted: UpliftModel) -> None:
    features = _simple()[0].head(5)
    expected = fitted.expected(features)
    np.testing.assert_allclose(expected[:, 1] - expected[:, 0], fitted.predict(features).effect[:, 0])


def test_ranking_of_a_threshold_world_beats_chance_and_its_policy_the_single_arm() -> None:
    train = experiment("threshold", units=4_000, seed=3)
    test = experiment("threshold", units=4_000, seed=3, part="test")
    model = UpliftModel(control=CONTROL).fit(train.features, train.arm, train.outcome, train.propensity)
    area = uplift_curve(model.predict(test.features).effect[:, 0], test.effect[:, 0]).area
    assert area > 0.5 * uplift_curve(test.effect[:, 0], test.effect[:, 0]).area
    chosen = model.choose(test.features)
    assert test.expected[np.arange(4_000), chosen].mean() >= test.expected.mean(axis=0).max() - 1e-12


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rows": 0}, "There are 0 units"),
        ({"rows": 1}, "There are 1 units"),
        ({"arm": "touch"}, "No unit is in the control arm"),
        ({"outcome": 0.0}, "Every outcome is 0"),
        ({"outcome": 7.0}, "Every outcome is 7"),
    ],
)
def test_too_little_to_learn_from_says_what_lacks(changed: dict[str, Any], said: str) -> None:
    features, arm, outcome = _simple()
    rows = changed.get("rows", len(arm))
    arm = np.full(len(arm), changed["arm"]) if "arm" in changed else arm
    outcome = np.full(len(arm), changed["outcome"]) if "outcome" in changed else outcome
    with pytest.raises(TooLittleDataError, match=said):
        UpliftModel().fit(features.head(rows), arm[:rows], outcome[:rows])


def test_an_arm_with_hardly_a_unit_is_refused() -> None:
    features, arm, outcome = _simple()
    arm = arm.astype(object)
    arm[:3] = "rare"
    with pytest.raises(TooLittleDataError, match="`rare` has 3 units"):
        UpliftModel().fit(features, arm, outcome)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("outcome", np.nan, "outcomes are missing or infinite"),
        ("outcome", np.inf, "outcomes are missing or infinite"),
        ("feature", np.inf, "`size` holds 1 infinite"),
        ("propensity", 0.0, "propensities are not above 0"),
        ("propensity", np.nan, "propensities are not above 0"),
        ("propensity", 1.5, "propensities are not above 0"),
    ],
)
def test_values_that_cannot_be_are_named(place: str, value: float, said: str) -> None:
    features, arm, outcome = _simple()
    propensity = np.full(len(arm), 0.5)
    if place == "feature":
        features.loc[4, "size"] = value
    else:
        {"outcome": outcome, "propensity": propensity}[place][4] = value
    with pytest.raises(ForecastingError, match=said):
        UpliftModel().fit(features, arm, outcome, propensity)


def test_a_column_that_lacks_is_named_and_an_unfitted_model_says_so(fitted: UpliftModel) -> None:
    with pytest.raises(ForecastingError, match="lack kind"):
        fitted.predict(pd.DataFrame({"size": [1.0]}))
    with pytest.raises(ForecastingError, match="not fitted"):
        UpliftModel().predict(pd.DataFrame({"size": [1.0]}))


def test_constant_features_and_duplicate_rows_give_the_mean_effect() -> None:
    draw = np.random.default_rng(2)
    arm = np.where(np.arange(400) % 2 == 0, "touch", CONTROL)
    outcome = draw.normal(size=400) + (arm == "touch")
    found = UpliftModel().fit(np.ones((400, 2)), arm, outcome).predict(np.ones((3, 2)))
    difference = outcome[arm == "touch"].mean() - outcome[arm == CONTROL].mean()
    np.testing.assert_allclose(found.effect[:, 0], difference, atol=0.05)


def test_the_value_of_a_policy_is_that_of_rows_that_followed_it() -> None:
    arm = np.array([0, 1, 0, 1])
    outcome = np.array([1.0, 5.0, 1.0, 7.0])
    value = policy_value(np.ones(4, dtype=np.int64), arm, outcome, np.full(4, 0.5))
    assert value.value == pytest.approx(6.0)
    assert value.low < 6.0 < value.high
    assert value.effective_rows == pytest.approx(2.0)


def test_a_perfect_ranking_has_the_largest_area_and_ties_count_as_chance() -> None:
    effect = np.array([1.0, 0.0, 0.0, -1.0])
    assert uplift_curve(effect, effect).area > 0
    assert uplift_curve(-effect, effect).area == pytest.approx(-uplift_curve(effect, effect).area)
    assert uplift_curve(np.zeros(4), effect).area == pytest.approx(0.0)
