"""What a sensible person would use: last value, moving means, exponential smoothing, ETS, Theta, Croston's kin.

All take adjusted values, shape (n, t), and give levels, shape (n, horizon). Fitted models are statsforecast's.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from forecasting.demand.settings import WINDOWS, Frequency
from forecasting.values import Floats

ETS, THETA, SES, CROSTON, TSB = "ETS", "Theta", "SES", "Croston (SBA)", "TSB"
SHORTEST_FITTED = 10  # ETS refuses fewer
TSB_SMOOTHING = 0.1


def mean_name(window: int) -> str:
    """What the mean of the last periods is called."""
    return "last value" if window == 1 else f"mean of {window}"


def moving_means(values: Floats, frequency: Frequency, horizon: int) -> dict[str, Floats]:
    """The last value, and means of the last periods."""
    found = {mean_name(window): values[:, -window:].mean(axis=1) for window in (1, *WINDOWS[frequency])}
    return {name: np.repeat(level[:, None], horizon, axis=1) for name, level in found.items()}


def fitted_models(values: Floats, horizon: int, names: tuple[str, ...]) -> dict[str, Floats]:
    """Models of one series at a time. One that cannot be fitted (too short, constant) gives the mean of all."""
    from statsforecast import models

    makers: Mapping[str, Callable[[], Any]] = {
        SES: models.SimpleExponentialSmoothingOptimized,
        ETS: lambda: models.AutoETS(season_length=1),
        THETA: lambda: models.Theta(season_length=1),
        CROSTON: models.CrostonSBA,
        TSB: lambda: models.TSB(alpha_d=TSB_SMOOTHING, alpha_p=TSB_SMOOTHING),
    }
    mean = values.mean(axis=1)
    is_plain = (np.ptp(values, axis=1) <= 1e-9 * np.maximum(mean, 1e-300)) | (values.shape[1] < SHORTEST_FITTED)
    found = {}
    for name in names:
        model = makers[name]()
        levels = np.repeat(mean[:, None], horizon, axis=1)
        for row in np.flatnonzero(~is_plain):
            levels[row] = _forecast(model, values[row], horizon, mean[row])
        found[name] = np.maximum(levels, 0.0)
    return found


def _forecast(model: Any, values: Floats, horizon: int, mean: float) -> Floats:
    forecast = np.asarray(model.forecast(y=values, h=horizon)["mean"], dtype=np.float64)
    # a trend that a fit runs away with is no forecast of demand
    bound = 4 * max(float(values.max()), mean)
    return np.clip(np.where(np.isfinite(forecast), forecast, mean), 0.0, bound)
