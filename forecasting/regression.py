"""Logistic and Poisson regression on few columns, to the same bits on any number of threads.

scikit-learn fits; columns are standardised first, linear algebra runs on one thread, and coefficients are rounded far
below their standard errors, so that the order of summation cannot show. Predictions are sums of columns, not matrix
products.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from forecasting.values import Floats

DECIMALS = 9


@dataclass(frozen=True, eq=False)
class Linear:
    """A fitted linear predictor: intercept + Σ coefficient · (column - centre).

    Attributes:
        intercept: Value for a row at the centre.
        coefficients: Per unit of each column, shape (columns,).
        centre: Weighted training mean of each column, shape (columns,).
    """

    intercept: float
    coefficients: Floats
    centre: Floats

    def effect(self, columns: Sequence[Floats], positions: Sequence[int]) -> Floats:
        """Σ coefficient · (column - centre) over `columns`, which stand at `positions` of the fit; shape (rows,)."""
        total = np.zeros(len(columns[0]), dtype=np.float64)
        for column, position in zip(columns, positions, strict=True):
            total = total + self.coefficients[position] * (column - self.centre[position])
        return total

    def value(self, columns: Sequence[Floats]) -> Floats:
        """The linear predictor of every row, shape (rows,)."""
        return self.intercept + self.effect(columns, range(len(columns)))


def fit_logistic(columns: Sequence[Floats], labels: Floats, weights: Floats | None, random_state: int) -> Linear:
    """Log-odds of `labels` (0 or 1); both must occur. A ridge worth one observation keeps separable worlds finite."""
    from sklearn.linear_model import LogisticRegression

    matrix, centre, spread = _standardised(columns, weights)
    with _one_thread():
        model = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-8, random_state=random_state)
        model.fit(matrix, labels, sample_weight=weights)
    return _linear(float(model.intercept_[0]), model.coef_[0], centre, spread)


def fit_poisson(columns: Sequence[Floats], counts: Floats) -> Linear:
    """Log of the expected count; at least one count must be positive."""
    from sklearn.linear_model import PoissonRegressor

    matrix, centre, spread = _standardised(columns, None)
    with _one_thread():
        model = PoissonRegressor(alpha=1 / len(counts), solver="newton-cholesky", tol=1e-8)
        model.fit(matrix, counts)
    return _linear(float(model.intercept_), model.coef_, centre, spread)


def probability(log_odds: Floats) -> Floats:
    """1 / (1 + exp(-log_odds)), without overflow."""
    from scipy.special import expit

    return np.asarray(expit(log_odds), dtype=np.float64)


def log_odds(probabilities: Floats | float) -> Floats:
    """log(p / (1 - p)), with p kept within 0.0001 and 0.9999."""
    kept = np.clip(np.asarray(probabilities, dtype=np.float64), 1e-4, 1 - 1e-4)
    return np.log(kept / (1 - kept))


def _standardised(columns: Sequence[Floats], weights: Floats | None) -> tuple[Floats, Floats, Floats]:
    matrix = np.column_stack(columns)
    centre = np.array([np.average(column, weights=weights) for column in columns])
    deviation = matrix - centre
    spread = np.array([np.sqrt(np.average(column**2, weights=weights)) for column in deviation.T])
    spread[spread < 1e-9] = 1.0  # noqa: PLR2004 - a constant column carries nothing
    return deviation / spread, centre, spread


def _linear(intercept: float, coefficients: Floats, centre: Floats, spread: Floats) -> Linear:
    return Linear(round(intercept, DECIMALS), np.round(np.asarray(coefficients) / spread, DECIMALS), centre)


@contextmanager
def _one_thread() -> Iterator[None]:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):
        yield
