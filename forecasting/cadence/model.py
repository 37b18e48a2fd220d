"""Each customer's own rhythm per category: when it is due, whether it broke, and what it brings without a touch."""

from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.cadence.baseline import fit_per_day
from forecasting.cadence.calibration import Calibration, fit_calibration, situation
from forecasting.cadence.rhythm import Rhythm, fit_rhythm
from forecasting.cadence.shopping_days import ShoppingDays, shopping_days
from forecasting.errors import ForecastingError
from forecasting.inputs import MICROSECONDS_PER_DAY, elapsed_days, local_days, moment
from forecasting.settings import AFFINITY_WINDOW_DAYS
from forecasting.values import Cadence, RecentPurchases, Times

WEEK_DAYS = 7


class CadenceModel:
    """Fits the time between purchases and the chance of the next one, per pair of customer and category.

    Args:
        minimum_days: From how many shopping days on a pair's own gaps count; below it the category's rhythm stands.
        value_window_days: Length of the window that `p_purchase` and `margin_none` speak about.
        margin_pct: Margin where a product has no unit cost, in percent of net value; None leaves revenue.
        random_state: Seed handed to scikit-learn.

    Attributes:
        days_: Shopping days before as-of.
        rhythm_: The time between purchases of every pair.
        calibration_: The chance of buying; its `source` says what it was learnt from, or that it is uncalibrated.
    """

    days_: ShoppingDays
    rhythm_: Rhythm
    calibration_: Calibration

    def __init__(
        self,
        *,
        minimum_days: int = 2,
        value_window_days: int = 28,
        margin_pct: float | None = None,
        random_state: int = 0,
    ) -> None:
        self.minimum_days = minimum_days
        self.value_window_days = value_window_days
        self.margin_pct = margin_pct
        self.random_state = random_state

    def fit(self, purchases: pd.DataFrame, products: pd.DataFrame, *, as_of: datetime, timezone: str) -> "CadenceModel":
        """Learn from purchases before `as_of`; later rows are not looked at.

        Args:
            purchases: Columns customer_id, kind, net_value, occurred_at, product_id, quantity, [discount].
            products: Columns product_id, category_id, [unit_cost].
            as_of: Aware datetime.
            timezone: IANA name of the time zone in which a shopping day is a day.

        Raises:
            ForecastingError: A column or a time is missing, or a product occurs twice.
        """
        self.days_ = shopping_days(purchases, products, as_of=as_of, timezone=timezone, margin_pct=self.margin_pct)
        self.as_of_ = moment(as_of)
        self.today_ = int(local_days(np.array([self.as_of_]), timezone)[0])
        self.rhythm_ = fit_rhythm(self.days_, self.minimum_days)
        self.calibration_ = fit_calibration(
            self.days_,
            today=self.today_,
            timezone=timezone,
            window_days=self.value_window_days,
            minimum_days=self.minimum_days,
            random_state=self.random_state,
        )
        return self

    def predict(self) -> Cadence:
        """The cadence of every pair that bought at least once before as-of."""
        days, rhythm = self._fitted(), self.rhythm_
        last_at = days.pair_last_at
        elapsed = elapsed_days(last_at, self.as_of_)
        interval = rhythm.quantile_days(0.5)
        known = situation(days, rhythm, now=self.as_of_, today=self.today_, window_days=self.value_window_days)
        p_purchase = self.calibration_.p_purchase(known)
        per_day = fit_per_day(days)
        return Cadence(
            customer_id=days.customers[days.pair_customer],
            category_id=days.categories[days.pair_category],
            shopping_days=days.counts.astype(np.int32),
            last_at=last_at,
            interval_days=interval,
            interval_low_days=rhythm.quantile_days(0.1),
            interval_high_days=rhythm.quantile_days(0.9),
            due_at=_later(last_at, interval),
            survival=rhythm.survival(elapsed),
            survival_week_ago=rhythm.survival(elapsed - WEEK_DAYS),
            p_purchase=p_purchase,
            margin_none=p_purchase * self.calibration_.expected_days(known, self.value_window_days) * per_day.margin,
            purchase_spend=per_day.spend,
            source=self.calibration_.source,
            margin_basis=days.margin_basis,
        )

    def recent(self) -> RecentPurchases:
        """Shopping days within the last 91 days before as-of, for the pairs of `predict`."""
        days = self._fitted()
        counts = days.days_between(np.arange(len(days)), self.today_ - AFFINITY_WINDOW_DAYS, self.today_ + 1)
        return RecentPurchases(
            days.customers[days.pair_customer], days.categories[days.pair_category], counts.astype(np.int32)
        )

    def _fitted(self) -> ShoppingDays:
        if not hasattr(self, "calibration_"):
            raise ForecastingError("The model is not fitted.", where="CadenceModel", remedy="Call fit first.")
        return self.days_


def _later(times: Times, days: np.ndarray) -> Times:
    """Times moved by days, capped at the century that a timestamp can still show everywhere."""
    whole = np.rint(np.minimum(days, 36_525.0) * MICROSECONDS_PER_DAY).astype(np.int64)
    return np.asarray(times + whole.astype("timedelta64[us]"))
