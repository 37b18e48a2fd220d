"""What leaves the timing forecast: a personal send window per customer, as frozen arrays."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.values import EvidenceGrade, Floats, Keys, Times

HOURS_PER_WEEK = 168


@dataclass(frozen=True, eq=False)
class SendWindows:
    """When each customer engages most, in local time; one entry per customer, ascending by customer_id.

    Attributes:
        customer_id: Keys of customers.
        segment: The segment that the customer is shrunk to.
        timezone: IANA zone that hours are local to.
        hour_of_week: Best local hour, 0 (Monday 00:00) to 167.
        starts_at: Start of the next send window from as-of on, UTC datetime64[us].
        ends_at: Its end.
        share: Expected share of the customer's engaged hours that fall into the window's hours.
        share_low: 5 % quantile of what is believed about that share.
        share_high: 95 % quantile.
        confidence: P(the customer's favourite hour lies within one hour of `hour_of_week`).
        engaged_hours: Effective number of engaged hours that speak for the customer (recent ones count more).
        source: `own history and <segment>`, or `<segment>` where nothing is known of the customer.
        grade: `assumed`: where somebody engages is measured, what moving a message there adds is not.
    """

    customer_id: Keys
    segment: Keys
    timezone: Keys
    hour_of_week: npt.NDArray[np.int32]
    starts_at: Times
    ends_at: Times
    share: Floats
    share_low: Floats
    share_high: Floats
    confidence: Floats
    engaged_hours: Floats
    source: Keys
    grade: EvidenceGrade = "assumed"
