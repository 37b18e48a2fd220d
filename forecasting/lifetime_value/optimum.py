"""Maximum likelihood that says when there is none: a maximum at the boundary, a flat one, or none that was reached.

Parameters are positive, so their logarithms are searched. Where the likelihood has no maximum inside (everybody buys at
one rate, nobody ever leaves), it says nothing about some parameter. Then a weak prior on the logarithms joins in, a
parameter that runs away all the same is held at its limit, the result says so, and what is forecast stays finite.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forecasting.errors import ForecastingError
from forecasting.values import Floats

LOG_BOUNDS = (float(np.log(1e-5)), float(np.log(1e6)))
LARGEST_STANDARD_ERROR = 2.0  # of a logarithm: wider, the data do not tell the parameter within a factor of 50
LARGEST_GRADIENT = 1e-6  # per customer
PRIOR_DEVIATION = 1.5  # of a logarithm: a factor of 20 either way holds 95 %
STEP = 1e-4
DECIMALS = 10

# Mean negative log-likelihood per customer and its gradient, at the logarithms of the parameters.
Objective = Callable[[Floats], tuple[float, Floats]]


@dataclass(frozen=True, eq=False)
class Optimum:
    """Where a likelihood is highest.

    Attributes:
        logs: Logarithms of the parameters, shape (parameters,).
        standard_errors: Of the logarithms, shape (parameters,); infinite where a parameter is held at its limit.
        is_regularised: Whether a weak prior had to join in.
        why: Why it had to; empty where it had not.
    """

    logs: Floats
    standard_errors: Floats
    is_regularised: bool
    why: str


def best(objective: Objective, centre: Floats, names: tuple[str, ...], customers: float) -> Optimum:
    """The maximum likelihood, or where it is degenerate the mode under a weak prior around `centre`.

    Args:
        objective: Mean negative log-likelihood per customer with gradient.
        centre: Logarithms to start from, and the centre of the prior; shape (parameters,).
        names: What the parameters are called in messages.
        customers: How many customers the mean is over.

    Raises:
        ForecastingError: Not even with the prior a maximum was reached.
    """
    plain, errors, why = _search(objective, centre, names, customers)
    if not why:
        return Optimum(plain, errors, is_regularised=False, why="")
    width = 1 / (PRIOR_DEVIATION**2 * customers)

    def with_prior(logs: Floats) -> tuple[float, Floats]:
        value, gradient = objective(logs)
        away = logs - centre
        return value + width * float((away**2).sum()) / 2, gradient + width * away

    kept, errors, failed = _search(with_prior, centre, names, customers, may_hold=True)
    if failed:
        raise ForecastingError(
            f"No maximum of the likelihood was reached, even with a prior: {failed}.",
            where="lifetime value",
            remedy="Look at the purchases: are their dates and amounts what they should be?",
        )
    return Optimum(kept, errors, is_regularised=True, why=why)


def _search(
    objective: Objective, start: Floats, names: tuple[str, ...], customers: float, *, may_hold: bool = False
) -> tuple[Floats, Floats, str]:
    """Logarithms, their standard errors, and what is wrong with them."""
    from scipy.optimize import minimize

    found = minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[LOG_BOUNDS] * len(start),
        options={"maxiter": 1000, "maxfun": 2000, "ftol": 1e-15, "gtol": LARGEST_GRADIENT / 10, "maxcor": 20},
    )
    logs = np.asarray(found.x, dtype=np.float64)
    at_bound = (logs < LOG_BOUNDS[0] + STEP) | (logs > LOG_BOUNDS[1] - STEP)
    if at_bound.any():
        why = "" if may_hold else f"{_named(names, at_bound)} runs to the boundary"
        return np.round(logs, DECIMALS), np.full(len(logs), np.inf), why
    logs, slope, errors = _polished(objective, logs, customers)
    if not np.isfinite(errors).all():
        return logs, errors, "the likelihood has no maximum where the search ended"
    if np.abs(slope).max() > LARGEST_GRADIENT:
        return logs, errors, f"the search did not converge ({found.message})"
    flat = errors > LARGEST_STANDARD_ERROR
    return np.round(logs, DECIMALS), errors, f"the data do not tell {_named(names, flat)}" if flat.any() else ""


def _polished(objective: Objective, logs: Floats, customers: float) -> tuple[Floats, Floats, Floats]:
    """Two Newton steps from the end of the search: logarithms, slope there, standard errors, infinite at no maximum."""
    for _ in range(2):
        curvature = _curvature(objective, logs)
        if np.linalg.eigvalsh(curvature).min() <= 0:
            return logs, objective(logs)[1], np.full(len(logs), np.inf)
        value, slope = objective(logs)
        step = np.linalg.solve(curvature, slope)
        if np.abs(step).max() < 1 and objective(logs - step)[0] <= value + 1e-14:
            logs = logs - step
    errors = np.sqrt(np.diag(np.linalg.inv(curvature)) / customers)
    return logs, objective(logs)[1], errors


def _curvature(objective: Objective, logs: Floats) -> Floats:
    """Second derivatives by central differences of the gradient."""
    steps = np.eye(len(logs)) * STEP
    rows = np.array([(objective(logs + step)[1] - objective(logs - step)[1]) / (2 * STEP) for step in steps])
    return np.asarray((rows + rows.T) / 2, dtype=np.float64)


def _named(names: tuple[str, ...], chosen: np.ndarray) -> str:
    return " and ".join(name for name, is_chosen in zip(names, chosen, strict=True) if is_chosen)
