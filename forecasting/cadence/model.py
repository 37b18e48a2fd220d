"""Each customer's own rhythm per category: when it is due, whether it broke, and what it brings without a touch."""

from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.cadence.baseline import fit_per_day
from forecasting.cadence.calibration import ORIGINS, Calibration, Situation, fit_calibration, situation
from forecasting.cadence.rhythm import Rhythm, fit_rhythm
from forecasting.cadence.shopping_days import ShoppingDays, shopping_days
from forecasting.cadence.survival import SurvivalCurves, fit_survival
from forecasting.cadence.unusual import YEAR_END, Holiday, without_gifts
from forecasting.errors import ForecastingError
from forecasting.inputs import MICROSECONDS_PER_DAY, elapsed_days, local_days, moment
from forecasting.settings import AFFINITY_WINDOW_DAYS
from forecasting.values import Cadence, Floats, RecentPurchases, Times

WEEK_DAYS = 7


class CadenceModel:
    """Fits the time between purchases and the chance of the next one, per pair of customer and category.

    Args:
        minimum_days: From how many shopping days on a pair's own gaps count; below it the category's rhythm stands.
        value_window_days: Length of the window that `p_purchase` and `margin_none` speak about.
        margin_pct: Margin where a product has no unit cost, in percent of net value; None leaves revenue.
        random_state: Seed handed to scikit-learn.
        holidays: Windows of the year that say little about a rhythm.

    Attributes:
        days_: Shopping days before as-of, without gifts.
        rhythm_: The time between purchases of every pair, as the log-normal says it.
        survival_: What became of such spells in the past.
        calibration_: The chance of buying; its `source` says what it was learnt from, or that it is uncalibrated.
    """

    days_: ShoppingDays
    rhythm_: Rhythm
    survival_: SurvivalCurves
    calibration_: Calibration

    def __init__(
        self,
        *,
        minimum_days: int = 2,
        value_window_days: int = 28,
        margin_pct: float | None = None,
        random_state: int = 0,
        holidays: tuple[Holiday, ...] = (YEAR_END,),
    ) -> None:
        self.minimum_days = minimum_days
        self.value_window_days = value_window_days
        self.margin_pct = margin_pct
        self.random_state = random_state
        self.holidays = holidays

    def fit(self, purchases: pd.DataFrame, products: pd.DataFrame, *, as_of: datetime, timezone: str) -> "CadenceModel":
        """Learn from purchases before `as_of`; later rows are not looked at.

        Args:
            purchases: Columns customer_id, kind, net_value, occurred_at, product_id, quantity, [discount, order_id,
                original_order_id, is_gift].
            products: Columns product_id, category_id, [unit_cost, depletion_days, is_gift].
            as_of: Aware datetime.
            timezone: IANA name of the time zone in which a shopping day is a day.

        Raises:
            ForecastingError: A column or a time is missing, or a product occurs twice.
        """
        self.days_ = without_gifts(
            shopping_days(purchases, products, as_of=as_of, timezone=timezone, margin_pct=self.margin_pct)
        )
        self.timezone_ = timezone
        self.as_of_ = moment(as_of)
        self.today_ = int(local_days(np.array([self.as_of_]), timezone)[0])
        self.rhythm_ = fit_rhythm(self.days_, self.minimum_days, self.holidays)
        self.survival_ = fit_survival(
            self.days_, today=self.today_, minimum_days=self.minimum_days, holidays=self.holidays
        )
        self.calibration_ = self.calibrated_for(self.value_window_days)
        return self

    def calibrated_for(self, window_days: int, windows: int = ORIGINS) -> Calibration:
        """The chance of buying within another window, learnt from so many past ones."""
        return fit_calibration(
            self.days_,
            today=self.today_,
            timezone=self.timezone_,
            window_days=window_days,
            minimum_days=self.minimum_days,
            random_state=self.random_state,
            holidays=self.holidays,
            windows=windows,
        )

    def situation(self, window_days: int) -> Situation:
        """What is known of every pair at as-of."""
        return situation(
            self._fitted(),
            self.rhythm_,
            now=self.as_of_,
            today=self.today_,
            window_days=window_days,
            minimum_days=self.minimum_days,
        )

    def days_until(self, share: float) -> Floats:
        """Days after the last purchase by which a share of such spells has ended, shape (pairs,).

        Where the product says how long it lasts and the pair nothing yet, that is the middle, uncalibrated: when it is
        needed again, and not when half have come back, which may be never.
        """
        said = self.survival_.said_at(1 - share, self._fitted().counts)
        return self.rhythm_.quantile_days(np.where(self.rhythm_.is_stated, share, 1 - said))

    def survival_now(self) -> Floats:
        """Share of such spells that last longer than until as-of, shape (pairs,)."""
        return self.survival_after(elapsed_days(self._fitted().pair_last_at, self.as_of_))

    def survival_after(self, days: Floats) -> Floats:
        """Share of such spells that last longer than so many days, shape (pairs,)."""
        said = self.rhythm_.survival(days)
        return np.where(self.rhythm_.is_stated, said, self.survival_.calibrated(said, self._fitted().counts))

    def predict(self) -> Cadence:
        """The cadence of every pair that bought at least once before as-of."""
        days = self._fitted()
        last_at = days.pair_last_at
        elapsed = elapsed_days(last_at, self.as_of_)
        interval = self.days_until(0.5)
        known = self.situation(self.value_window_days)
        p_purchase = self.calibration_.p_purchase(known)
        per_day = fit_per_day(days)
        return Cadence(
            customer_id=days.customers[days.pair_customer],
            category_id=days.categories[days.pair_category],
            shopping_days=days.counts.astype(np.int32),
            last_at=last_at,
            interval_days=interval,
            interval_low_days=self.days_until(0.1),
            interval_high_days=self.days_until(0.9),
            due_at=later(last_at, interval),
            survival=self.survival_now(),
            survival_week_ago=self.survival_after(elapsed - WEEK_DAYS),
            p_purchase=p_purchase,
            margin_none=p_purchase * self.calibration_.expected_days(known, self.value_window_days) * per_day.margin,
            purchase_spend=per_day.spend,
            source=self.source,
            margin_basis=days.margin_basis,
        )

    @property
    def source(self) -> str:
        """What chance and survival were learnt from, or that they are uncalibrated."""
        spells = self.survival_.spells
        survival = f"survival calibrated on {spells} spells" if spells else "survival uncalibrated: too few spells"
        return f"{self.calibration_.source}; {survival}"

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


def later(times: Times, days: np.ndarray) -> Times:
    """Times moved by days, capped at the century that a timestamp can still show everywhere."""
    whole = np.rint(np.minimum(days, 36_525.0) * MICROSECONDS_PER_DAY).astype(np.int64)
    return np.asarray(times + whole.astype("timedelta64[us]"))
