"""Whether personal hours are worth having: tried on the last quarter of the history before a run uses them."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.inputs import moment
from forecasting.timing.engagement import engagement
from forecasting.timing.favourite_hour import FavouriteHourModel
from forecasting.timing.forecast import CHOOSING_SHARE
from forecasting.timing.settings import TimingSettings
from forecasting.timing.week_shares import window_start
from forecasting.values import Floats
from forecasting.values.timing import HOURS_PER_WEEK


def gain_over_one_hour(
    tables: Mapping[str, pd.DataFrame], settings: TimingSettings, *, as_of: datetime, timezone: str, seed: int
) -> float | None:
    """What more of a customer's engagement personal windows held than one window for all, customers counting alike.

    Habits are learnt from the first three quarters of the history and judged by the last one. The trust in customers'
    own evidence stays in the middle of its choices, since it would be chosen on that very quarter.

    Returns:
        The difference of the mean shares; None where nobody engaged both before and within that quarter.

    Raises:
        TooLittleDataError: No customers at all.
        ForecastingError: A column is missing, or a time zone is none.
    """
    engaged = engagement(tables, settings, as_of=as_of, timezone=timezone)
    if not len(engaged.at):
        return None
    cut = engaged.at.min() + (moment(as_of) - engaged.at.min()) * (1 - CHOOSING_SHARE)
    earlier, later = engaged.counts(until=cut), engaged.counts(since=cut)
    judged = later.sum(axis=1) > 0
    if earlier.sum() == 0 or not judged.any():
        return None
    model = FavouriteHourModel(
        window_hours=settings.window_hours, learning_customers=settings.learning_customers, random_state=seed
    ).fit(earlier, engaged.segment)
    everybody = earlier.sum(axis=0)[np.newaxis]
    common = window_start(everybody, everybody.argmax(axis=1).astype(np.int64), settings.window_hours)
    own = model.predict(earlier[judged], engaged.segment[judged]).window_start
    held = later[judged]
    gained = share_held(held, own, settings.window_hours) - share_held(held, common, settings.window_hours)
    return float(gained.mean())


def share_held(counts: Floats, starts: "np.ndarray[tuple[int], np.dtype[np.int64]]", window_hours: int) -> Floats:
    """Share of each customer's engaged hours that fall into a window, shape (customers,)."""
    hours = (starts[:, None] + np.arange(window_hours)[None, :]) % HOURS_PER_WEEK
    held = np.take_along_axis(counts, np.broadcast_to(hours, (len(counts), window_hours)), axis=1)
    return np.asarray(held.sum(axis=1) / counts.sum(axis=1))
