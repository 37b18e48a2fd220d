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
SMALLEST_STEP = 1e-6  # the next one would be about its square
DECIMALS = 10

NEWTON_STEPS = 8

# Mean negative log-likelihood per customer and its gradient, at the logarithms of the parameters.
Objective = Callable[[Floats], tuple[float, Floats]]
# Its second derivatives, at the logarithms and given the gradient there.
Curvature = Callable[[Floats, Floats], Floats]


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


def best(
    objective: Objective,
    centre: Floats,
    names: tuple[str, ...],
    customers: float,
    *,
    curvature: Curvature | None = None,
    start: Floats | None = None,
) -> Optimum:
    """The maximum likelihood, or where it is degenerate the mode under a weak prior around `centre`.

    Args:
        objective: Mean negative log-likelihood per customer with gradient.
        centre: Logarithms to start from, and the centre of the prior; shape (parameters,).
        names: What the parameters are called in messages.
        customers: How many customers the mean is over.
        curvature: Second derivatives of the objective; otherwise differences of the gradient.
        start: Logarithms near the maximum, where they are known; from there Newton's steps may do.

    Raises:
        ForecastingError: Not even with the prior a maximum was reached.
    """
    near = _Problem(objective, curvature or _differences(objective), names, customers)
    plain, errors, why = near.search(centre, start)
    if not why:
        return Optimum(plain, errors, is_regularised=False, why="")
    width = 1 / (PRIOR_DEVIATION**2 * customers)

    def with_prior(logs: Floats) -> tuple[float, Floats]:
        value, gradient = objective(logs)
        away = logs - centre
        return value + width * float((away**2).sum()) / 2, gradient + width * away

    kept, errors, failed = _Problem(with_prior, _differences(with_prior), names, customers).search(
        centre, may_hold=True
    )
    if failed:
        raise ForecastingError(
            f"No maximum of the likelihood was reached, even with a prior: {failed}.",
            where="lifetime value",
            remedy="Look at the purchases: are their dates and amounts what they should be?",
        )
    return Optimum(kept, errors, is_regularised=True, why=why)


def roughly(objective: Objective, centre: Floats) -> Floats:
    """Where a search from the centre ends that stops early."""
    from scipy.optimize import minimize

    return np.asarray(minimize(objective, centre, jac=True, method="L-BFGS-B").x, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _Problem:
    """A likelihood to be searched."""

    objective: Objective
    curvature: Curvature
    names: tuple[str, ...]
    customers: float

    def search(
        self, centre: Floats, start: Floats | None = None, *, may_hold: bool = False
    ) -> tuple[Floats, Floats, str]:
        """Logarithms, their standard errors, and what is wrong with them."""
        message = ""
        if start is not None:
            found = self.newton(start)
            if not self.fault(*found[1:], message):
                return np.round(found[0], DECIMALS), found[2], ""
        logs, message = self.descend(centre)
        at_bound = (logs < LOG_BOUNDS[0] + STEP) | (logs > LOG_BOUNDS[1] - STEP)
        if at_bound.any():
            why = "" if may_hold else f"{_named(self.names, at_bound)} runs to the boundary"
            return np.round(logs, DECIMALS), np.full(len(logs), np.inf), why
        logs, slope, errors = self.newton(logs)
        return np.round(logs, DECIMALS), errors, self.fault(slope, errors, message)

    def descend(self, start: Floats) -> tuple[Floats, str]:
        """Where a search with gradients ends, and what it says about that."""
        from scipy.optimize import minimize

        found = minimize(
            self.objective,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[LOG_BOUNDS] * len(start),
            options={"maxiter": 1000, "maxfun": 2000, "ftol": 1e-15, "gtol": LARGEST_GRADIENT / 10, "maxcor": 20},
        )
        return np.asarray(found.x, dtype=np.float64), str(found.message)

    def newton(self, logs: Floats) -> tuple[Floats, Floats, Floats]:
        """Newton's steps from near a maximum: logarithms, slope there, standard errors, infinite at no maximum."""
        value, slope = self.objective(logs)
        for _ in range(NEWTON_STEPS):
            curved = self.curvature(logs, slope)
            if np.linalg.eigvalsh(curved).min() <= 0:
                return logs, slope, np.full(len(logs), np.inf)
            errors = np.sqrt(np.diag(np.linalg.inv(curved)) / self.customers)
            step = np.linalg.solve(curved, slope)
            if np.abs(step).max() >= 1:
                break
            tried = self.objective(logs - step)
            if tried[0] > value + 1e-14:
                break
            logs, (value, slope) = logs - step, tried
            if np.abs(step).max() < SMALLEST_STEP:
                break
        return logs, slope, errors

    def fault(self, slope: Floats, errors: Floats, message: str) -> str:
        """What is wrong with a place that should be a maximum; empty when nothing is."""
        if not np.isfinite(errors).all():
            return "the likelihood has no maximum where the search ended"
        if np.abs(slope).max() > LARGEST_GRADIENT:
            return f"the search did not converge ({message})"
        flat = errors > LARGEST_STANDARD_ERROR
        return f"the data do not tell {_named(self.names, flat)}" if flat.any() else ""


def _differences(objective: Objective) -> Curvature:
    """Second derivatives by central differences of the gradient."""

    def curvature(logs: Floats, _slope: Floats) -> Floats:
        steps = np.eye(len(logs)) * STEP
        rows = np.array([(objective(logs + step)[1] - objective(logs - step)[1]) / (2 * STEP) for step in steps])
        return np.asarray((rows + rows.T) / 2, dtype=np.float64)

    return curvature


def _named(names: tuple[str, ...], chosen: np.ndarray) -> str:
    return " and ".join(name for name, is_chosen in zip(names, chosen, strict=True) if is_chosen)
