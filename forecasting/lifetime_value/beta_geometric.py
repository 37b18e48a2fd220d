"""BG/NBD: how often customers buy while they are customers, and whether they still are.

Fader, Hardie, Lee (2005): "Counting Your Customers" the Easy Way, Marketing Science 24 (2). A customer buys at random
at a rate of their own (gamma distributed over customers: r, alpha) and after each purchase leaves with a chance of
their own (beta distributed: a, b). All that counts of a history is x repeat purchases, the time t_x of the last one and
the age T, both since the first purchase. A customer without repeat purchase cannot have left in this model.

The likelihood needs logarithms and gamma functions of x, t_x and T one by one only, so these are computed once per
distinct value, and customers with the same history are counted instead of repeated.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.lifetime_value.optimum import Optimum, best, roughly
from forecasting.values import Floats

NAMES = ("r", "alpha", "a", "b")
# Where the search starts and a prior is centred: r, alpha in mean ages, a, b. Of the order of what was published.
CENTRE = np.log(np.array([0.5, 0.2, 0.8, 2.5]))
NODES = 32
LEAST_CUSTOMERS = 10
FEW = 20_000  # histories from which on a search begins where every so-manieth of them would have it end

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Histories:
    """Distinct histories with how many customers have each, ascending by (x, t_x, T).

    Attributes:
        x: Distinct numbers of repeat purchases.
        t_x: Distinct times of the last one.
        age: Distinct ages.
        of_x: Position of each history in `x`; of_t_x and of_age likewise.
        counts: Customers per history.
    """

    x: Floats
    t_x: Floats
    age: Floats
    of_x: Positions
    of_t_x: Positions
    of_age: Positions
    counts: Floats

    @classmethod
    def of(cls, x: Floats, t_x: Floats, age: Floats) -> "Histories":
        """Counted histories of customers, whatever their order."""
        (values_x, of_x), (values_t, of_t), (values_age, of_age) = (coded(column) for column in (x, t_x, age))
        code = (of_x * len(values_t) + of_t) * len(values_age) + of_age
        kinds, counts = np.unique(code, return_counts=True)
        rest, position_age = np.divmod(kinds, len(values_age))
        position_x, position_t = np.divmod(rest, len(values_t))
        return cls(values_x, values_t, values_age, position_x, position_t, position_age, counts.astype(np.float64))

    def every(self, step: int) -> "Histories":
        """Every so-manieth history, to start from."""
        return Histories(
            self.x,
            self.t_x,
            self.age,
            self.of_x[::step],
            self.of_t_x[::step],
            self.of_age[::step],
            self.counts[::step],
        )


def coded(values: Floats) -> tuple[Floats, Positions]:
    """Distinct values, ascending, and where each stands; hashing instead of sorting, as most occur often."""
    codes, distinct = pd.factorize(values)
    order = np.argsort(distinct)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return np.asarray(distinct[order], dtype=np.float64), place[codes]


class BetaGeometric:
    """Fits BG/NBD by maximum likelihood.

    Attributes:
        r_: Shape of the rates of purchase.
        alpha_: Their inverse scale, in the unit of time of the histories.
        a_: First parameter of the chances of leaving.
        b_: Second one.
        optimum_: How the parameters were found, with standard errors of their logarithms.
        customers_: How many customers were fitted on.
    """

    r_: float
    alpha_: float
    a_: float
    b_: float
    optimum_: Optimum
    customers_: int

    def fit(self, x: Floats, t_x: Floats, age: Floats) -> "BetaGeometric":
        """Learn from histories, all of shape (customers,), times in one unit.

        Raises:
            ForecastingError: A history is impossible, or no maximum was reached.
            TooLittleDataError: Fewer than ten customers, or nobody bought twice.
        """
        check_histories(x, t_x, age)
        if len(x) < LEAST_CUSTOMERS or not np.any(x > 0):
            raise TooLittleDataError(
                f"{len(x)} customers of whom {int(np.count_nonzero(x))} bought on a second day are too few.",
                where="lifetime value",
                remedy=f"It takes {LEAST_CUSTOMERS} customers and a repeat purchase at least.",
            )
        raw = Histories.of(x, t_x, age)
        unit = float((raw.counts * raw.age[raw.of_age]).sum()) / len(x)
        known = replace(raw, t_x=raw.t_x / unit, age=raw.age / unit)
        self.optimum_ = best(
            lambda logs: negative_log_likelihood(logs, known),
            CENTRE,
            NAMES,
            len(x),
            curvature=lambda logs, slope: curvature(logs, slope, known),
            start=_start(known),
        )
        self.r_, scaled, self.a_, self.b_ = (float(value) for value in np.exp(self.optimum_.logs))
        self.alpha_, self.customers_ = scaled * unit, len(x)
        return self

    def p_alive(self, x: Floats, t_x: Floats, age: Floats) -> Floats:
        """P(still a customer), shape (customers,); 1 for those without repeat purchase."""
        from scipy.special import expit

        odds = np.log(self.a_) - np.log(self.b_ + np.maximum(x, 1) - 1)
        odds = odds + (self.r_ + x) * (np.log(self.alpha_ + age) - np.log(self.alpha_ + t_x))
        return np.where(x > 0, expit(-odds), 1.0)

    def expected_purchases(self, horizon: float, x: Floats, t_x: Floats, age: Floats) -> Floats:
        """Expected purchases within `horizon` from now on, shape (customers,)."""
        return self.p_alive(x, t_x, age) * self.expected_if_alive(horizon, x, age)

    def expected_if_alive(self, horizon: float, x: Floats, age: Floats) -> Floats:
        """Expected purchases within `horizon` of those who are still customers, shape (customers,).

        The published formula has a hypergeometric function with poles at a = 1 and a + b = 1. The same integral over
        the chance of leaving, by Gauss and Jacobi, has none: [1 - (1 + p s)^-(r + x)] / p, s = horizon / (alpha + age).
        """
        distinct, position = coded(x)
        leaving, weights = _beta_nodes(self.a_, self.b_ + distinct)
        pair, back = _pairs(position, age)
        total = np.zeros(len(pair[0]))
        for node in range(NODES):
            p = leaving[pair[0], node]
            spread = np.log1p(p * horizon / (self.alpha_ + pair[1]))
            total += weights[pair[0], node] * -np.expm1(-(self.r_ + distinct[pair[0]]) * spread) / p
        return total[back]

    def chance_of_at_least(self, y: Floats, horizon: float, x: Floats, age: Floats) -> Floats:
        """P(at least y >= 1 purchases within `horizon`) of those who are still customers, shape (customers,).

        The y-th purchase needs y arrivals and not to have left after any of the y - 1 before it: a negative binomial
        tail times a ratio of beta functions.
        """
        from scipy.special import betainc, betaln

        share = horizon / (self.alpha_ + age + horizon)
        stayed = np.exp(betaln(self.a_, self.b_ + x + y - 1) - betaln(self.a_, self.b_ + x))
        return np.asarray(stayed * betainc(y, self.r_ + x, share), dtype=np.float64)

    def next_purchase_after(self, probability: float, x: Floats, age: Floats) -> Floats:
        """Time by which those who are still customers have bought again with `probability`, shape (customers,)."""
        with np.errstate(over="ignore"):
            longer = np.expm1(-np.log1p(-probability) / (self.r_ + x))
        return np.asarray((self.alpha_ + age) * longer, dtype=np.float64)

    def arrays(self) -> dict[str, np.ndarray]:
        """What the fit learnt, for storing."""
        return {
            "parameters": np.array([self.r_, self.alpha_, self.a_, self.b_]),
            "logs": self.optimum_.logs,
            "standard_errors": self.optimum_.standard_errors,
            "why": np.array([self.optimum_.why], dtype=np.str_),
            "customers": np.array([self.customers_]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "BetaGeometric":
        """The model that `arrays` came from."""
        model, why = cls(), str(arrays["why"][0])
        model.r_, model.alpha_, model.a_, model.b_ = (float(value) for value in arrays["parameters"])
        model.optimum_ = Optimum(arrays["logs"], arrays["standard_errors"], bool(why), why)
        model.customers_ = int(arrays["customers"][0])
        return model


def check_histories(x: Floats, t_x: Floats, age: Floats) -> None:
    """Refuse histories that cannot be.

    Raises:
        ForecastingError: Says which customer (row) and why.
    """
    wrong = ~(np.isfinite(x) & np.isfinite(t_x) & np.isfinite(age))
    wrong |= (x < 0) | (x != np.floor(x)) | (t_x < 0) | (age <= 0) | (t_x > age) | ((x == 0) != (t_x == 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ForecastingError(
            f"{int(wrong.sum())} histories cannot be; the first: x {x[row]}, t_x {t_x[row]}, T {age[row]}.",
            where=f"row {row}",
            remedy="x is a whole number of repeat purchases, 0 <= t_x <= T, T > 0, and t_x is 0 exactly when x is.",
        )


def negative_log_likelihood(logs: Floats, known: Histories) -> tuple[float, Floats]:
    """Mean per customer and gradient at the logarithms of r, alpha, a, b (equation 6 of Fader, Hardie, Lee 2005)."""
    from scipy.special import digamma, expit, gammaln

    r, alpha, a, b = np.exp(logs)
    x, counts, repeats = known.x, known.counts, known.x[known.of_x]
    customers = counts.sum()
    with_x = np.bincount(known.of_x, counts, minlength=len(x))
    log_age, log_t = np.log(alpha + known.age)[known.of_age], np.log(alpha + known.t_x)[known.of_t_x]
    leaving = np.where(x > 0, np.log(a) - np.log(b + np.maximum(x, 1) - 1), -np.inf)[known.of_x]

    stayed = -(r + repeats) * log_age
    left = leaving - (r + repeats) * log_t
    has_left = expit(left - stayed)
    by_x = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    by_x = by_x + gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    value = (with_x * by_x).sum() + (counts * np.logaddexp(stayed, left)).sum()

    gone, here = counts * has_left, counts * (1 - has_left)
    gone_by_x = np.bincount(known.of_x, gone, minlength=len(x))
    both = digamma(a + b) - digamma(a + b + x)
    rate = here / (alpha + known.age)[known.of_age] + gone / (alpha + known.t_x)[known.of_t_x]
    slope = np.array(
        [
            (with_x * (digamma(r + x) - digamma(r) + np.log(alpha))).sum() - (here * log_age + gone * log_t).sum(),
            customers * r / alpha - ((r + repeats) * rate).sum(),
            (with_x * both).sum() + gone.sum() / a,
            (with_x * (both + digamma(b + x) - digamma(b))).sum() - (gone_by_x[x > 0] / (b + x[x > 0] - 1)).sum(),
        ]
    )
    return -float(value) / customers, -slope * np.exp(logs) / customers


def curvature(logs: Floats, slope: Floats, known: Histories) -> Floats:
    """Second derivatives of `negative_log_likelihood` by the logarithms, whose gradient is `slope`, shape (4, 4).

    Of log(e^u + e^v) they are the mean of those of u and v, weighed by their shares, and the product of the shares
    times the outer product of the difference of their gradients.
    """
    from scipy.special import expit, polygamma

    r, alpha, a, b = parameters = np.exp(logs)
    x, counts = known.x, known.counts
    repeats = r + x[known.of_x]
    with_x = np.bincount(known.of_x, counts, minlength=len(x))
    by_age, by_t = (1 / (alpha + known.age))[known.of_age], (1 / (alpha + known.t_x))[known.of_t_x]
    log_ratio = np.log(alpha + known.age)[known.of_age] - np.log(alpha + known.t_x)[known.of_t_x]
    until_left = b + np.maximum(x, 1) - 1
    leaving = np.where(x > 0, np.log(a) - np.log(until_left), -np.inf)[known.of_x]
    has_left = expit(leaving + repeats * log_ratio)
    gone, here = counts * has_left, counts * (1 - has_left)
    both = gone * (1 - has_left)
    inverse = (1 / until_left)[known.of_x]
    # Gradient of v less that of u, by r, alpha, a, b.
    apart = (log_ratio, repeats * (by_age - by_t), 1 / a, -inverse)
    second = np.empty((4, 4))
    for row in range(4):
        for column in range(row + 1):
            second[row, column] = second[column, row] = float((both * apart[row] * apart[column]).sum())
    customers = counts.sum()
    mean = here * by_age + gone * by_t
    second[0, 0] += (with_x * (polygamma(1, r + x) - polygamma(1, r))).sum()
    second[0, 1] += customers / alpha - mean.sum()
    second[1, 0] = second[0, 1]
    second[1, 1] += (repeats * (here * by_age**2 + gone * by_t**2)).sum() - customers * r / alpha**2
    stays = polygamma(1, a + b) - polygamma(1, a + b + x)
    second[2, 2] += (with_x * stays).sum() - gone.sum() / a**2
    second[2, 3] += (with_x * stays).sum()
    second[3, 2] = second[2, 3]
    second[3, 3] += (with_x * (stays + polygamma(1, b + x) - polygamma(1, b))).sum() + (gone * inverse**2).sum()
    # The gradient joins in, since the parameters are exponentials.
    curved = np.diag(slope) - second * np.outer(parameters, parameters) / customers
    return np.asarray(curved, dtype=np.float64)


def _start(known: Histories) -> Floats | None:
    """Roughly where the maximum lies, from every so-manieth history; None where there are few."""
    step = len(known.counts) // FEW
    if step < 2:  # noqa: PLR2004 - every second at least
        return None
    some = known.every(step)
    return roughly(lambda logs: negative_log_likelihood(logs, some), CENTRE)


def _pairs(position: Positions, age: Floats) -> tuple[tuple[Positions, Floats], Positions]:
    """Distinct (position, age), and where each customer's stands."""
    ages, of_age = coded(age)
    back, code = pd.factorize(position * len(ages) + of_age)
    return (code // len(ages), ages[code % len(ages)]), np.asarray(back, dtype=np.int64)


def _beta_nodes(a: float, b: Floats) -> tuple[Floats, Floats]:
    """Nodes in (0, 1) and weights that integrate over Beta(a, b) for every b, shapes (len(b), NODES).

    Golub and Welsch (1969): eigenvalues of the Jacobi matrix, and squares of the eigenvectors' first entries.
    """
    low, high = b[:, None] - 1, a - 1  # exponents of (1 - u) and (1 + u), p = (1 + u) / 2
    n = np.arange(1, NODES, dtype=np.float64)[None, :]
    twice = 2 * n + low + high
    first = (high - low) / (low + high + 2)
    diagonal = np.concatenate([first, (high**2 - low**2) / (twice * (twice + 2))], axis=1)
    squares = 4 * n * (n + low) * (n + high) / (twice**2 * (twice + 1))
    # At n = 1 the factor (n + low + high) / (twice - 1) is 1, also where both are 0.
    squares[:, 1:] *= (n + low + high)[:, 1:] / (twice[:, 1:] - 1)
    matrix = np.zeros((len(b), NODES, NODES))
    index = np.arange(NODES)
    matrix[:, index, index] = diagonal
    matrix[:, index[1:], index[:-1]] = np.sqrt(squares)
    roots, vectors = np.linalg.eigh(matrix)
    return np.clip((1 + roots) / 2, 1e-300, 1.0), vectors[:, 0, :] ** 2
