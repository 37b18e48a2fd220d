"""Regression: the right coefficients, finite ones in separable worlds, and the same ones on any number of threads."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from forecasting.regression import fit_logistic, fit_poisson, log_odds, probability


@pytest.fixture
def columns() -> list[np.ndarray]:
    draws = np.random.default_rng(1)
    return [draws.normal(3, 2, 20_000), draws.normal(-1, 0.5, 20_000)]


def test_log_odds_are_recovered(columns: list[np.ndarray]) -> None:
    chance = probability(-2 + 0.5 * columns[0] - 1.0 * columns[1])
    labels = (np.random.default_rng(2).random(len(chance)) < chance).astype(float)
    linear = fit_logistic(columns, labels, None, 0)
    assert linear.coefficients == pytest.approx([0.5, -1.0], abs=0.1)
    assert probability(linear.value(columns)).mean() == pytest.approx(labels.mean(), abs=1e-3)


def test_a_weight_counts_like_repeated_rows(columns: list[np.ndarray]) -> None:
    columns = [column[:500] for column in columns]
    labels = (columns[0] > 3).astype(float)
    labels[::7] = 1 - labels[::7]
    weights = np.where(np.arange(500) % 2 == 0, 3.0, 1.0)
    repeated = np.repeat(np.arange(500), weights.astype(int))
    weighted = fit_logistic(columns, labels, weights, 0)
    plain = fit_logistic([column[repeated] for column in columns], labels[repeated], None, 0)
    assert weighted.coefficients == pytest.approx(plain.coefficients, rel=1e-4)


def test_counts_are_recovered(columns: list[np.ndarray]) -> None:
    mean = np.exp(0.3 + 0.2 * columns[0])
    counts = np.random.default_rng(3).poisson(mean).astype(float)
    assert fit_poisson(columns, counts).coefficients == pytest.approx([0.2, 0.0], abs=0.02)


def test_what_separates_perfectly_stays_finite(columns: list[np.ndarray]) -> None:
    linear = fit_logistic(columns, (columns[0] > 3).astype(float), None, 0)
    assert np.isfinite(linear.coefficients).all()
    assert linear.coefficients[0] > 1


def test_a_constant_column_changes_nothing(columns: list[np.ndarray]) -> None:
    labels = (columns[0] + columns[1] > 2).astype(float)
    constant = np.full(len(labels), 7.0)
    linear = fit_logistic([*columns, constant], labels, None, 0)
    assert linear.coefficients[2] == 0.0
    assert linear.value([*columns, constant]) == pytest.approx(fit_logistic(columns, labels, None, 0).value(columns))


def test_coefficients_are_the_same_on_one_thread_and_on_four(columns: list[np.ndarray]) -> None:
    labels = (columns[0] + np.sin(columns[1] * 50) > 3).astype(float)
    fits = []
    for threads in (1, 4):
        with threadpool_limits(limits=threads):
            fits.append(fit_logistic(columns, labels, None, 0))
    assert fits[0].intercept == fits[1].intercept
    assert fits[0].coefficients.tolist() == fits[1].coefficients.tolist()


def test_log_odds_and_probability_undo_each_other() -> None:
    chances = np.array([0.001, 0.2, 0.5, 0.99])
    np.testing.assert_allclose(probability(log_odds(chances)), chances)
