"""How the redemptions of a later campaign were foreseen when it started."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.cadence.backtest import area_under_curve
from forecasting.cadence.shopping_days import shopping_days
from forecasting.errors import ForecastingError
from forecasting.response.mailings import mailings
from forecasting.response.redemption import RedemptionModel
from forecasting.settings import ForecastSettings


@dataclass(frozen=True)
class RedemptionScore:
    """How the redemptions of one campaign were foreseen when it started.

    Attributes:
        campaign_id: The campaign; only campaigns that ended before its start were learnt from.
        source: What the model says it was fitted on.
        exposures: Pairs of customer and asset that were or may have been sent.
        redeemed: Share of them that was redeemed.
        predicted: Mean P(redeem | touch): above `redeemed` by construction where a touch carried only some assets.
        predicted_as_sent: The same for how this campaign was sent: picked assets at their own level, times their share.
        auc: Of ours over all pairs.
        auc_affinity: Of the customer's shopping days in the asset's categories alone.
    """

    campaign_id: str
    source: str
    exposures: int
    redeemed: float
    predicted: float
    predicted_as_sent: float
    auc: float
    auc_affinity: float


def redemption_score(
    tables: Mapping[str, pd.DataFrame],
    campaign_id: str,
    settings: ForecastSettings,
    *,
    scored_until: datetime,
    timezone: str,
) -> RedemptionScore:
    """Fit at the start of a campaign, then score its redemptions before `scored_until`.

    Raises:
        ForecastingError: The campaign is unknown.
    """
    campaigns = tables["campaigns"]
    chosen = campaigns[campaigns["campaign_id"] == campaign_id]
    if len(chosen) != 1:
        raise ForecastingError(
            f"There are {len(chosen)} campaigns `{campaign_id}`.", where="campaigns", remedy="Name one of the table."
        )
    start = pd.Timestamp(chosen["starts_at"].iloc[0]).to_pydatetime()
    days = shopping_days(tables["purchases"], tables["products"], as_of=start, timezone=timezone)
    frames = tables["touches"], tables["outcomes"], tables["assets"], campaigns
    model = RedemptionModel(prior=settings.redemption_prior, wait_days=settings.redemption_window_days)
    model.fit(*frames, days, as_of=start, timezone=timezone)
    sent = mailings(*frames, as_of=scored_until, timezone=timezone, wait_days=settings.redemption_window_days)
    numbers = sorted(campaigns["campaign_id"])
    part = sent.campaign == numbers.index(campaign_id)
    redeemed = sent.is_redeemed[part].astype(np.float64)
    predicted = model.probabilities(sent, part, as_sent=False)
    return RedemptionScore(
        campaign_id=campaign_id,
        source=model.source_,
        exposures=len(redeemed),
        redeemed=float(redeemed.mean()),
        predicted=float(predicted.mean()),
        predicted_as_sent=float(model.probabilities(sent, part, as_sent=True).mean()),
        auc=area_under_curve(predicted, redeemed),
        auc_affinity=area_under_curve(model.affinity(sent, part), redeemed),
    )
