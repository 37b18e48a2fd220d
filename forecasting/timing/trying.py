"""What personal windows held of engagement, beside one window for everybody."""

import numpy as np
import numpy.typing as npt

from forecasting.timing.favourite_hour import FavouriteHourModel
from forecasting.timing.week_shares import window_start
from forecasting.values import Floats, Keys
from forecasting.values.timing import HOURS_PER_WEEK


def gain_over_one_hour(model: FavouriteHourModel, counts: Floats, segment: Keys, later: Floats) -> float | None:
    """What more of a customer's later engagement personal windows held than one window for all.

    Args:
        model: Fitted on `counts`.
        counts: Engaged hours per customer and hour of the week, shape (customers, 168).
        segment: Of each customer.
        later: The same customers' engagement afterwards.

    Returns:
        The difference of the mean shares, customers counting alike; None where nobody engaged afterwards.
    """
    judged = later.sum(axis=1) > 0
    if not judged.any():
        return None
    everybody = counts.sum(axis=0)[np.newaxis]
    common = window_start(everybody, everybody.argmax(axis=1).astype(np.int64), model.window_hours)
    own = model.predict(counts[judged], segment[judged]).window_start
    held = later[judged]
    shares = [share_held(held, starts, model.window_hours) for starts in (own, common)]
    return float((shares[0] - shares[1]).mean())


def share_held(counts: Floats, starts: npt.NDArray[np.int64], window_hours: int) -> Floats:
    """Share of each customer's engaged hours that fall into a window, shape (customers,).

    Args:
        counts: Engaged hours per customer and hour of the week.
        starts: First hour of each customer's window, or of the one window for all.
        window_hours: Its length.
    """
    hours = (starts[:, None] + np.arange(window_hours)[None, :]) % HOURS_PER_WEEK
    held = np.take_along_axis(counts, np.broadcast_to(hours, (len(counts), window_hours)), axis=1)
    return np.asarray(held.sum(axis=1) / counts.sum(axis=1))
