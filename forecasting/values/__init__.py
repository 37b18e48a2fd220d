"""What leaves the forecasting room: frozen types that hold arrays. No I/O, no fitting."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:  # they take their arrays' types from here
    from forecasting.values.lifetime_value import LifetimeValue
    from forecasting.values.response import ResponseFactors
    from forecasting.values.timing import SendWindows

Floats = npt.NDArray[np.float64]
Keys = npt.NDArray[np.object_]
Times = npt.NDArray[np.datetime64]

EvidenceGrade = Literal["randomised", "adjusted", "assumed"]


@dataclass(frozen=True, eq=False)
class Cadence:
    """Each customer's own rhythm per category, shrunk to the category's. All arrays have one entry per pair.

    Attributes:
        customer_id: Keys of customers.
        category_id: Keys of categories; pairs are sorted by (customer_id, category_id) and unique.
        shopping_days: Distinct local days with a purchase of the category before as-of.
        last_at: Last purchase, UTC datetime64[us].
        interval_days: Median of the customer's own time between purchases, shrunk to the category's, in days.
        interval_low_days: 10 % quantile of the predicted interval.
        interval_high_days: 90 % quantile of the predicted interval.
        due_at: last_at + interval_days, UTC datetime64[us].
        survival: P(time between purchases exceeds the time since last_at), at as-of.
        survival_week_ago: The same seven days before as-of; 1 where last_at is later than that.
        p_purchase: Calibrated P(at least one purchase within the value window after as-of, without a touch).
        margin_none: Expected margin from the category over the value window without a touch, in currency.
        purchase_spend: Expected net value of the category on a day it is bought, in currency.
        source: What `p_purchase` was calibrated on, or that it is uncalibrated.
        margin_basis: How margin is known: `unit_cost`, `margin_pct`, `revenue` (no margin at all), or a mixture.
    """

    customer_id: Keys
    category_id: Keys
    shopping_days: npt.NDArray[np.int32]
    last_at: Times
    interval_days: Floats
    interval_low_days: Floats
    interval_high_days: Floats
    due_at: Times
    survival: Floats
    survival_week_ago: Floats
    p_purchase: Floats
    margin_none: Floats
    purchase_spend: Floats
    source: str = ""
    margin_basis: str = ""


@dataclass(frozen=True, eq=False)
class Uplift:
    """Relative uplift of the window's margin by a touch, per kind of asset.

    Attributes:
        asset_kind: Keys of asset kinds, shape (k,).
        mean: Expected relative uplift (0.04 = 4 % more margin in the asset's categories), shape (k,).
        sd: Standard deviation of what is believed about it, shape (k,).
        grade: How the effect was identified; `assumed` is a prior only.
        source: Who or what states it.
    """

    asset_kind: Keys
    mean: Floats
    sd: Floats
    grade: EvidenceGrade
    source: str


@dataclass(frozen=True, eq=False)
class Redemption:
    """P(redeem | touch) for a customer and an asset with an offer; redemption is response, never lift.

    The log-odds are intercept + customer_effect + asset_effect + affinity_slope · log(1 + shopping days of the
    customer in the asset's categories within the last 91 days, summed over the categories).

    Attributes:
        intercept: Common log-odds.
        customer_id: Keys of customers, shape (n,), ascending.
        customer_effect: Shape (n,).
        asset_id: Keys of assets, shape (a,), ascending.
        asset_effect: Shape (a,).
        affinity_slope: Per unit of log(1 + shopping days).
        base_rate: Share of (customer, asset) pairs that redeemed in training; nan when the prior alone speaks.
        source: `fitted on <n> mailings` or the playbook's prior.
    """

    intercept: float
    customer_id: Keys
    customer_effect: Floats
    asset_id: Keys
    asset_effect: Floats
    affinity_slope: float
    base_rate: float
    source: str


@dataclass(frozen=True, eq=False)
class RecentPurchases:
    """Shopping days per customer and category within the last 91 days; the pairs of `Cadence` in the same order."""

    customer_id: Keys
    category_id: Keys
    shopping_days: npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Forecasts:
    """All forecasts that a run decides with. Parts that may lack are None, and `missing` says why.

    Attributes:
        cadence: When customers buy again by themselves.
        recent: What they bought lately.
        uplift: The stated prior of what a touch changes; what `response` does not know is taken from here.
        redemption: P(redeem | touch) by the model of mailings; what `response` does not know is taken from here.
        response: What was learnt of touches: targets that were fitted on draws by chance, or by a model that is live
            behind the gate. A target that would only be a stated prior again is not in it. Customers, assets and
            channels that it does not hold are not known to it.
        timing: The best hour of the week by customer, where personal hours hold more than one hour for all.
        lifetime_value: What each customer brings by itself, and whether they are still one.
        missing: Why a part, or a target of response, is not there, by its name.
    """

    cadence: Cadence
    recent: RecentPurchases
    uplift: Uplift
    redemption: Redemption
    response: "ResponseFactors | None" = None
    timing: "SendWindows | None" = None
    lifetime_value: "LifetimeValue | None" = None
    missing: Mapping[str, str] = field(default_factory=dict)
