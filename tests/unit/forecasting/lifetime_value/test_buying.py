"""BG/NBD and Gamma-Gamma: published estimates, recovered parameters, and what they say when there is no maximum."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.lifetime_value.beta_geometric import BetaGeometric, Histories, curvature, negative_log_likelihood
from forecasting.lifetime_value.gamma_gamma import GammaGamma
from forecasting.values import Floats

History = tuple[Floats, Floats, Floats]


@pytest.fixture(scope="module")
def datasets() -> Path:
    """The folder of CDNOW; the library itself is not imported."""
    spec = find_spec("lifetimes")
    if spec is None or spec.submodule_search_locations is None:
        pytest.skip("lifetimes is not installed")
    return Path(spec.submodule_search_locations[0]) / "datasets"


@pytest.fixture(scope="module")
def cdnow(datasets: Path) -> History:
    table = pd.read_csv(datasets / "cdnow_customers_summary.csv")
    return table["frequency"].to_numpy(float), table["recency"].to_numpy(float), table["T"].to_numpy(float)


def simulated(customers: int, seed: int, *, a: float = 0.8, b: float = 2.5) -> History:
    draws = np.random.default_rng(seed)
    age = draws.integers(30, 700, customers).astype(float)
    rate, leaving = draws.gamma(0.6, 1 / 30, customers), draws.beta(a, b, customers)
    arrivals = draws.poisson(rate * age)
    x = np.minimum(arrivals, draws.geometric(np.maximum(leaving, 1e-9))).astype(float)
    t_x = np.where(x > 0, age * draws.beta(np.maximum(x, 1), arrivals - x + 1), 0.0)
    return x, t_x, age


def test_the_published_estimates_on_cdnow_are_found(cdnow: History) -> None:
    model = BetaGeometric().fit(*cdnow)
    found = [model.r_, model.alpha_, model.a_, model.b_]
    np.testing.assert_allclose(found, [0.2426, 4.4136, 0.7929, 2.4259], rtol=0.001)
    assert not model.optimum_.is_regularised


def test_purchases_of_weeks_40_to_78_are_foreseen(cdnow: History, datasets: Path) -> None:
    names = ["master", "customer", "date", "discs", "amount"]
    lines = pd.read_fwf(datasets / "CDNOW_sample.txt", header=None, names=names)
    later = lines[pd.to_datetime(lines["date"].astype(str)) > pd.Timestamp("1997-09-30")].drop_duplicates(
        ["customer", "date"]
    )
    happened = later.groupby("customer").size().reindex(range(1, len(cdnow[0]) + 1), fill_value=0).to_numpy()
    errors = BetaGeometric().fit(*cdnow).expected_purchases(39, *cdnow) - happened
    assert np.abs(errors).mean() <= 0.79
    assert np.sqrt((errors**2).mean()) <= 1.61


def test_the_published_estimates_of_amounts_on_cdnow_are_found(datasets: Path) -> None:
    table = pd.read_csv(datasets / "cdnow_customers_summary_with_transactions.csv")
    table = table[table["x"] > 0]
    model = GammaGamma().fit(table["x"].to_numpy(float), table["zbar"].to_numpy(float))
    np.testing.assert_allclose([model.p_, model.q_, model.gamma_], [6.25, 3.74, 15.44], rtol=0.01)


def test_what_is_expected_is_the_published_formula_where_that_is_defined(cdnow: History) -> None:
    model = BetaGeometric().fit(*cdnow)
    x, t_x, age = cdnow
    r, alpha, a, b = model.r_, model.alpha_, model.a_, model.b_
    share = 39 / (alpha + age + 39)
    grown = ((alpha + age) / (alpha + age + 39)) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, share)
    published = (a + b + x - 1) / (a - 1) * (1 - grown) * model.p_alive(x, t_x, age)
    np.testing.assert_allclose(model.expected_purchases(39, x, t_x, age), published, rtol=1e-9)


def test_what_is_expected_is_finite_where_the_published_formula_has_a_pole(cdnow: History) -> None:
    at, beside = BetaGeometric().fit(*cdnow), BetaGeometric().fit(*cdnow)
    at.a_, beside.a_ = 1.0, 1.0 + 1e-7
    np.testing.assert_allclose(at.expected_purchases(39, *cdnow), beside.expected_purchases(39, *cdnow), rtol=1e-5)


def test_the_chances_of_every_number_of_purchases_add_up_to_the_expectation(cdnow: History) -> None:
    model = BetaGeometric().fit(*cdnow)
    x, age = np.array([0.0, 3.0, 60.0]), np.array([30.0, 38.0, 39.0])
    chances = sum(model.chance_of_at_least(np.full(3, float(y)), 39, x, age) for y in range(1, 800))
    np.testing.assert_allclose(chances, model.expected_if_alive(39, x, age), rtol=1e-9)


def test_planted_parameters_are_recovered() -> None:
    x, t_x, age = simulated(20_000, seed=3)
    model = BetaGeometric().fit(x, t_x, age)
    np.testing.assert_allclose([model.r_, model.alpha_, model.a_, model.b_], [0.6, 30, 0.8, 2.5], rtol=0.15)
    truth, errors = np.log([0.6, 30 / age.mean(), 0.8, 2.5]), model.optimum_.standard_errors
    assert (np.abs(model.optimum_.logs - truth) < 4 * errors).all()


@given(st.lists(st.floats(-2, 2), min_size=4, max_size=4), st.integers(0, 50))
@settings(max_examples=20, deadline=None)
def test_the_gradient_is_that_of_the_likelihood(logs: list[float], seed: int) -> None:
    known, at = Histories.of(*simulated(40, seed)), np.array(logs)
    steps = np.eye(4) * 1e-5
    differences = [
        (negative_log_likelihood(at + step, known)[0] - negative_log_likelihood(at - step, known)[0]) / 2e-5
        for step in steps
    ]
    np.testing.assert_allclose(negative_log_likelihood(at, known)[1], differences, rtol=1e-4, atol=1e-5)


def test_the_curvature_is_that_of_the_likelihood() -> None:
    known, at = Histories.of(*simulated(200, 3)), np.log([0.4, 25.0, 0.9, 2.0])
    slope = negative_log_likelihood(at, known)[1]
    steps = np.eye(4) * 1e-5
    differences = [
        (negative_log_likelihood(at + step, known)[1] - negative_log_likelihood(at - step, known)[1]) / 2e-5
        for step in steps
    ]
    np.testing.assert_allclose(curvature(at, slope, known), differences, rtol=1e-5, atol=1e-7)


def test_many_customers_are_fitted_from_a_start_on_some_to_the_same_maximum() -> None:
    histories = simulated(60_000, seed=6)
    model, known = BetaGeometric().fit(*histories), Histories.of(*histories)
    assert len(known.counts) > 40_000
    found = np.log([model.r_, model.alpha_, model.a_, model.b_])
    value, slope = negative_log_likelihood(found, known)
    assert np.abs(slope).max() < 1e-6
    assert all(negative_log_likelihood(found + step, known)[0] > value for step in 0.01 * np.eye(4))


def test_the_order_of_customers_does_not_matter_to_the_last_bit() -> None:
    histories = simulated(500, seed=5)
    shuffled = np.random.default_rng(1).permutation(500)
    one, other = BetaGeometric().fit(*histories), BetaGeometric().fit(*(part[shuffled] for part in histories))
    assert (one.r_, one.alpha_, one.a_, one.b_) == (other.r_, other.alpha_, other.a_, other.b_)


def test_where_nobody_leaves_the_maximum_lies_at_the_boundary_and_the_fit_says_so() -> None:
    draws = np.random.default_rng(4)
    age = np.full(300, 400.0)
    x = np.maximum(draws.poisson(draws.gamma(2, 0.01, 300) * age), 1).astype(float)
    model = BetaGeometric().fit(x, np.full(300, 399.0), age)
    assert model.optimum_.is_regularised
    assert model.optimum_.why
    expected = model.expected_purchases(100, x, np.full(300, 399.0), age)
    assert np.isfinite(expected).all()
    assert expected.sum() == pytest.approx(x.sum() / 4, rel=0.1)


def test_equal_gaps_of_everybody_are_degenerate_and_still_forecast_sensibly() -> None:
    x, age = np.full(60, 12.0), np.full(60, 365.0)
    model = BetaGeometric().fit(x, np.full(60, 360.0), age)
    assert model.optimum_.is_regularised
    assert model.expected_purchases(30, x, np.full(60, 360.0), age)[0] == pytest.approx(1.0, abs=0.2)


def test_equal_amounts_of_everybody_are_degenerate_and_still_that_amount() -> None:
    model = GammaGamma().fit(np.full(50, 4.0), np.full(50, 20.0))
    assert model.optimum_.is_regularised
    np.testing.assert_allclose(model.expected_amount(np.full(50, 4.0), np.full(50, 20.0)), 20.0, rtol=0.03)


@pytest.mark.parametrize(
    ("x", "t_x", "age"),
    [(-1.0, 3.0, 10.0), (1.5, 3.0, 10.0), (2.0, 11.0, 10.0), (0.0, 3.0, 10.0), (2.0, np.nan, 10.0), (2.0, 3.0, np.inf)],
)
def test_an_impossible_history_is_refused_by_its_row(x: float, t_x: float, age: float) -> None:
    good = simulated(20, seed=1)
    rows = [np.append(part, value) for part, value in zip(good, (x, t_x, age), strict=True)]
    with pytest.raises(ForecastingError, match="row 20"):
        BetaGeometric().fit(*rows)


@pytest.mark.parametrize("amount", [0.0, -3.0, np.inf, np.nan])
def test_an_impossible_amount_is_refused_by_its_row(amount: float) -> None:
    with pytest.raises(ForecastingError, match="row 12"):
        GammaGamma().fit(np.ones(13), np.append(np.arange(1.0, 13.0), amount))


def test_few_customers_or_nobody_who_came_back_are_too_little() -> None:
    with pytest.raises(TooLittleDataError):
        BetaGeometric().fit(np.empty(0), np.empty(0), np.empty(0))
    with pytest.raises(TooLittleDataError):
        BetaGeometric().fit(*(part[:9] for part in simulated(20, seed=1)))
    with pytest.raises(TooLittleDataError, match="500 customers of whom 0"):
        BetaGeometric().fit(np.zeros(500), np.zeros(500), np.full(500, 30.0))


@given(st.integers(0, 300), st.floats(0.01, 1), st.floats(1, 3000), st.floats(1, 1000))
@settings(max_examples=50, deadline=None)
def test_chances_stay_chances_and_longer_horizons_bring_more(x: int, share: float, age: float, horizon: float) -> None:
    model = BetaGeometric()
    model.r_, model.alpha_, model.a_, model.b_ = 0.25, 30.0, 0.8, 2.4
    row = np.array([float(x)]), np.array([age * share if x else 0.0]), np.array([age])
    assert 0 <= model.p_alive(*row)[0] <= 1
    shorter, longer = (model.expected_purchases(days, *row)[0] for days in (horizon, 2 * horizon))
    assert 0 <= shorter <= longer
    low, high = (model.next_purchase_after(chance, row[0], row[2])[0] for chance in (0.1, 0.9))
    assert 0 < low < high
