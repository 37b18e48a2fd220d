"""P(redeem | touch): who redeems which offer once it was sent. It prices offers; it is response, never lift."""

from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.cadence.shopping_days import ShoppingDays
from forecasting.errors import ForecastingError
from forecasting.inputs import local_days, moment
from forecasting.regression import Linear, fit_logistic, probability
from forecasting.response.asset_topics import Topics, affinity, mean_by_asset
from forecasting.response.category_response import CategoryResponse
from forecasting.response.mailings import Mailings, mailings
from forecasting.settings import AFFINITY_WINDOW_DAYS
from forecasting.values import Floats, Keys, Redemption

LEAST_REDEMPTIONS = 50  # below which the stated prior speaks alone

AFFINITY, REDEEMED, TOUCHED, ACTIVE, BREADTH, CATEGORY, PICKED, PICKED_AFFINITY = range(8)


class RedemptionModel:
    """Logistic regression on closed mailings: the customer's past, the asset's categories, and how both meet.

    Which assets a touch carried is not always recorded. Assets picked for a customer (some of the campaign's) are
    redeemed more often and less evenly than assets that everybody got, because the picking already used what the
    customer buys. So picked exposures get a level and a slope of their own, and predictions take those of exposures
    that are known to have happened.

    Args:
        prior: P(redeem | touch) while too few redemptions are known.
        wait_days: How long a touch without a campaign's end is waited for.
        random_state: Seed handed to scikit-learn.
    """

    def __init__(self, *, prior: float = 0.01, wait_days: int = 56, random_state: int = 0) -> None:
        self.prior = prior
        self.wait_days = wait_days
        self.random_state = random_state

    def fit(
        self,
        touches: pd.DataFrame,
        outcomes: pd.DataFrame,
        assets: pd.DataFrame,
        campaigns: pd.DataFrame,
        days: ShoppingDays,
        *,
        as_of: datetime,
        timezone: str,
    ) -> "RedemptionModel":
        """Learn from closed mailings whose 91 days before lie inside the history of `days`.

        Raises:
            ForecastingError: A column or a time is missing.
        """
        self.days_ = days
        self.today_ = int(local_days(np.array([moment(as_of)]), timezone)[0])
        self.mailings_ = mailings(
            touches, outcomes, assets, campaigns, as_of=as_of, timezone=timezone, wait_days=self.wait_days
        )
        self.topics_ = Topics.read(assets, self.mailings_.assets, days.categories)
        self.linear_: Linear | None = None
        self.category_response_ = np.zeros(len(days.categories))
        self.base_rate_ = float("nan")

        sent = self.mailings_
        usable = sent.is_closed & (sent.sent_day - AFFINITY_WINDOW_DAYS >= days.history_day)
        redemptions = int(np.count_nonzero(sent.is_redeemed & usable))
        if redemptions < LEAST_REDEMPTIONS or len(days) == 0:
            self.source_ = f"stated prior: {redemptions} redemptions of closed mailings are too few to learn from"
            return self
        response = CategoryResponse.measure(sent, usable, self.topics_, len(days.categories))
        columns = self._columns(response, usable)
        labels = sent.is_redeemed[usable].astype(np.float64)
        weights = np.where(labels > 0, 1.0, sent.share[usable])
        self.linear_ = fit_logistic(columns, labels, weights, self.random_state)
        self.category_response_ = response.overall()
        self.base_rate_ = float(labels.sum() / sent.share[usable].sum())
        self.source_ = f"fitted on {len(np.unique(sent.touch[usable]))} mailings with {redemptions} redemptions"
        return self

    def predict(self, customers: Keys) -> Redemption:
        """P(redeem | touch) at as-of for `customers` and all assets with an offer, as factors of its log-odds."""
        if not hasattr(self, "source_"):
            raise ForecastingError("The model is not fitted.", where="RedemptionModel", remedy="Call fit first.")
        keys = np.array(sorted(set(customers.tolist())), dtype=object)
        assets = self.topics_.assets
        if self.linear_ is None:
            level = float(np.log(self.prior / (1 - self.prior)))
            nothing = np.zeros(len(keys)), np.zeros(len(assets))
            return Redemption(level, keys, nothing[0], assets, nothing[1], 0.0, float("nan"), self.source_)
        linear = self.linear_
        past = self._customer_columns(keys, np.full(len(keys), self.today_))
        breadth = np.log(np.maximum(self.topics_.counts, 1))
        of_category = mean_by_asset(self.topics_, self.category_response_)
        # At no affinity, and not picked: what the centred columns would otherwise add.
        absent = [position for position in (AFFINITY, PICKED, PICKED_AFFINITY) if position < len(linear.centre)]
        level = linear.intercept + float(linear.effect([np.zeros(1)] * len(absent), absent)[0])
        return Redemption(
            intercept=level,
            customer_id=keys,
            customer_effect=linear.effect(past, (REDEEMED, TOUCHED, ACTIVE)),
            asset_id=assets,
            asset_effect=linear.effect([breadth, of_category], (BREADTH, CATEGORY)),
            affinity_slope=float(linear.coefficients[AFFINITY]),
            base_rate=self.base_rate_,
            source=self.source_,
        )

    def probabilities(self, sent: Mailings, chosen: npt.NDArray[np.bool_], *, as_sent: bool) -> Floats:
        """P(redeem) at this model's as-of for chosen exposures of the assets it was fitted on, for judging it later.

        With `as_sent`, picked exposures keep their own level and count as the share that was carried.
        """
        factors = self.predict(sent.customers)
        customer, asset = sent.customer[chosen], sent.asset[chosen]
        meeting = np.log1p(self.affinity(sent, chosen))
        log_odds = factors.intercept + factors.customer_effect[customer] + factors.asset_effect[asset]
        log_odds = log_odds + factors.affinity_slope * meeting
        if not as_sent:
            return probability(log_odds)
        share = sent.share[chosen]
        if self.linear_ is not None and len(self.linear_.coefficients) > PICKED:
            picked = self.linear_.coefficients[PICKED] + self.linear_.coefficients[PICKED_AFFINITY] * meeting
            log_odds = log_odds + np.where(share < 1, picked, 0.0)
        return probability(log_odds) * share

    def affinity(self, sent: Mailings, chosen: npt.NDArray[np.bool_]) -> Floats:
        """Shopping days of each chosen exposure's customer in its asset's categories in the 91 days before it."""
        shopper = pd.Index(self.days_.customers).get_indexer(pd.Index(sent.customers)).astype(np.int64)
        return affinity(
            self.days_, self.topics_, shopper[sent.customer[chosen]], sent.asset[chosen], sent.sent_day[chosen]
        )

    def _columns(self, response: CategoryResponse, usable: npt.NDArray[np.bool_]) -> list[Floats]:
        sent = self.mailings_
        customer, asset, day = sent.customer[usable], sent.asset[usable], sent.sent_day[usable]
        meeting = np.log1p(self.affinity(sent, usable))
        past = self._customer_columns(sent.customers[customer], day)
        breadth = np.log(np.maximum(self.topics_.counts, 1))[asset]
        columns = [meeting, *past, breadth, response.without_own(asset, sent.campaign[usable])]
        is_picked = (sent.share[usable] < 1).astype(np.float64)
        known = sent.is_redeemed[usable] & (is_picked == 0)
        if is_picked.any() and np.count_nonzero(known) >= LEAST_REDEMPTIONS:
            columns += [is_picked, is_picked * meeting]
        return columns

    def _customer_columns(self, keys: Keys, day: npt.NDArray[np.integer]) -> list[Floats]:
        """Redemptions and touches before `day`, and shopping days of any category in the 91 days before (all log)."""
        sent = self.mailings_
        touched = pd.Index(sent.customers).get_indexer(pd.Index(keys)).astype(np.int64)
        shopper = pd.Index(self.days_.customers).get_indexer(pd.Index(keys)).astype(np.int64)
        active = self.days_.customer_days_between(shopper, day - AFFINITY_WINDOW_DAYS, day)
        return [
            np.log1p(sent.redemptions_before(touched, day)),
            np.log1p(sent.touches_before(touched, day)),
            np.log1p(active),
        ]
