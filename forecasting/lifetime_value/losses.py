"""Losses of a forecast over several origins, with intervals that take customers, not rows, as the sample."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.settings import NORMAL_95
from forecasting.values import Floats, Keys


@dataclass(frozen=True, eq=False)
class Losses:
    """Losses of one forecast: by origin, and summed per customer, who are the sample that intervals are made from.

    Attributes:
        parts: By origin, each of shape (customers then known,).
        sizes: How many origins knew each customer.
        sums: Loss of each customer over the origins.
    """

    parts: list[Floats]
    sizes: Floats
    sums: Floats

    @classmethod
    def of(cls, known: list[Keys], parts: list[Floats]) -> "Losses":
        """Losses that belong to the customers known at each origin."""
        customers = np.concatenate(known)
        table = pd.DataFrame({"customer": customers, "loss": np.concatenate(parts)})
        found = table.groupby("customer", sort=True)["loss"].agg(["size", "sum"])
        return cls(parts, found["size"].to_numpy(dtype=np.float64), found["sum"].to_numpy(dtype=np.float64))

    @property
    def rows(self) -> int:
        """Customers, each as often as an origin knew them."""
        return int(self.sizes.sum())

    @property
    def mean(self) -> float:
        """Over all rows."""
        return float(self.sums.sum() / self.sizes.sum())

    @property
    def influence(self) -> Floats:
        """What each customer adds to the error of the mean (ratio estimator), shape (customers,)."""
        return np.asarray((self.sums - self.mean * self.sizes) / self.sizes.sum())


def rooted(metric: str, value: float) -> float:
    """The root of a mean squared error, any other value as it is."""
    return float(np.sqrt(value)) if metric == "rmse" else value


def _slope(metric: str, losses: Losses) -> float:
    """Derivative of the score by the mean loss."""
    return 0.5 / max(float(np.sqrt(losses.mean)), 1e-12) if metric == "rmse" else 1.0


def score(metric: str, losses: Losses) -> tuple[float, float, float]:
    """The score with its 95 % interval (delta method)."""
    value = rooted(metric, losses.mean)
    error = NORMAL_95 * _slope(metric, losses) * float(np.sqrt((losses.influence**2).sum()))
    return value, value - error, value + error


def difference(metric: str, ours: Losses, theirs: Losses) -> tuple[float, float, float]:
    """Our score minus the rival's with a paired 95 % interval."""
    value = rooted(metric, ours.mean) - rooted(metric, theirs.mean)
    influence = _slope(metric, ours) * ours.influence - _slope(metric, theirs) * theirs.influence
    error = NORMAL_95 * float(np.sqrt((influence**2).sum()))
    return value, value - error, value + error
