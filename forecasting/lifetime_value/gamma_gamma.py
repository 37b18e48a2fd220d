"""Gamma-Gamma: what a purchase of a customer earns, on average.

Fader, Hardie (2013): The Gamma-Gamma Model of Monetary Value. Amounts of a customer scatter around a mean of the
customer's own (gamma, shape p), and these means over customers (gamma of the scale: q, gamma). Amount and number of
purchases are taken as independent, which the backtest has to bear out.
"""

from collections.abc import Mapping

import numpy as np

from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.lifetime_value.beta_geometric import LEAST_CUSTOMERS
from forecasting.lifetime_value.optimum import Optimum, best
from forecasting.values import Floats

NAMES = ("p", "q", "gamma")
# Where the search starts and a prior is centred: p, q, gamma in mean amounts. Of the order of what was published.
CENTRE = np.log(np.array([6.0, 4.0, 0.5]))


class GammaGamma:
    """Fits the amounts of purchases by maximum likelihood.

    Attributes:
        p_: Shape of a customer's amounts.
        q_: Shape of the scales of customers; above 1, or the expected amount would be infinite.
        gamma_: Their inverse scale, in currency.
        optimum_: How the parameters were found, with standard errors of their logarithms.
    """

    p_: float
    q_: float
    gamma_: float
    optimum_: Optimum

    def fit(self, purchases: Floats, mean_amount: Floats) -> "GammaGamma":
        """Learn from customers' numbers of purchases (at least one) and their mean amount (above 0), (customers,).

        Raises:
            ForecastingError: A number below one or an amount that is not above zero, or no maximum was reached.
            TooLittleDataError: Fewer than ten customers.
        """
        wrong = ~(np.isfinite(mean_amount) & (mean_amount > 0) & np.isfinite(purchases) & (purchases >= 1))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise ForecastingError(
                f"{int(wrong.sum())} amounts cannot be; the first: {purchases[row]} purchases of {mean_amount[row]}.",
                where=f"row {row}",
                remedy="It takes at least one purchase and a finite mean amount above 0.",
            )
        if len(purchases) < LEAST_CUSTOMERS:
            raise TooLittleDataError(
                f"Amounts of {len(purchases)} customers are too few.",
                where="lifetime value",
                remedy=f"It takes {LEAST_CUSTOMERS} customers with a purchase that earned something.",
            )
        # Sorted, so that sums do not depend on the order of rows.
        order = np.lexsort((mean_amount, purchases))
        unit = float(np.mean(mean_amount[order]))
        counts, of_count = np.unique(purchases[order], return_inverse=True)
        amounts = mean_amount[order] / unit
        self.optimum_ = best(
            lambda logs: _negative_log_likelihood(logs, counts, of_count, amounts), CENTRE, NAMES, len(purchases)
        )
        self.p_, above_one, scaled = (float(value) for value in np.exp(self.optimum_.logs))
        self.q_, self.gamma_ = 1 + above_one, scaled * unit
        return self

    def scale_of(self, purchases: Floats, mean_amount: Floats) -> tuple[Floats, Floats]:
        """Shape and rate of each customer's own scale given the amounts seen, each of shape (customers,)."""
        return self.q_ + self.p_ * purchases, self.gamma_ + purchases * mean_amount

    def expected_amount(self, purchases: Floats, mean_amount: Floats) -> Floats:
        """Expected amount of a purchase, in currency, shape (customers,); without purchase that of a new customer."""
        shape, rate = self.scale_of(purchases, mean_amount)
        return np.asarray(self.p_ * rate / (shape - 1), dtype=np.float64)

    def arrays(self) -> dict[str, np.ndarray]:
        """What the fit learnt, for storing."""
        return {
            "parameters": np.array([self.p_, self.q_, self.gamma_]),
            "logs": self.optimum_.logs,
            "standard_errors": self.optimum_.standard_errors,
            "why": np.array([self.optimum_.why], dtype=np.str_),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "GammaGamma":
        """The model that `arrays` came from."""
        model, why = cls(), str(arrays["why"][0])
        model.p_, model.q_, model.gamma_ = (float(value) for value in arrays["parameters"])
        model.optimum_ = Optimum(arrays["logs"], arrays["standard_errors"], bool(why), why)
        return model


def _negative_log_likelihood(
    logs: Floats, counts: Floats, of_count: np.ndarray, amounts: Floats
) -> tuple[float, Floats]:
    """Mean per customer and gradient at the logarithms of p, q - 1, gamma (equation 1a of Fader, Hardie 2013)."""
    from scipy.special import digamma, gammaln

    p, above, gamma = np.exp(logs)
    q, customers = 1 + above, len(amounts)
    with_count = np.bincount(of_count, minlength=len(counts)).astype(np.float64)
    n = counts[of_count]
    log_amounts = np.log(amounts)
    total = gamma + n * amounts
    log_total = np.log(total)
    by_count = gammaln(p * counts + q) - gammaln(p * counts) - gammaln(q) + q * np.log(gamma)
    by_count = by_count + p * counts * np.log(counts)
    value = (with_count * by_count).sum() + ((p * n - 1) * log_amounts - (p * n + q) * log_total).sum()
    both = digamma(p * counts + q)
    slope = np.array(
        [
            (with_count * counts * (both - digamma(p * counts) + np.log(counts))).sum()
            + (n * (log_amounts - log_total)).sum(),
            (with_count * (both - digamma(q) + np.log(gamma))).sum() - log_total.sum(),
            customers * q / gamma - ((p * n + q) / total).sum(),
        ]
    )
    return -float(value) / customers, -slope * np.array([p, above, gamma]) / customers
