"""Draws of response curves, for whoever moves money between channels; where a return cannot be known, of the prior."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.media_mix.forecast import LEVELS, believed, fitted
from forecasting.media_mix.model import curve
from forecasting.media_mix.panel import panel
from forecasting.media_mix.settings import MediaMixSettings
from forecasting.values.spend_curves import SpendCurves

DRAWS: Final = 400
"""Draws kept of each curve: the ends of a 90 % interval come from twenty of them on either side."""
COLUMNS: Final = ("channel_id", "draw", "level", "spend", "response", "grade", "source", "period_days")


def spend_curves(
    tables: Mapping[str, pd.DataFrame], settings: MediaMixSettings, *, as_of: datetime, timezone: str, seed: int
) -> SpendCurves:
    """Fit the media mix and draw its curves.

    Raises:
        TooLittleDataError: Fewer than twenty whole periods, no spend, or an outcome that never varies.
        ForecastingError: Wrong tables.
    """
    data = panel(tables, settings, as_of=as_of, timezone=timezone)
    model = fitted(data, settings, seed=seed)
    told = believed(data, model, settings)
    roi, _, shapes, scale = model.prior(data, settings.prior_draws)
    draws = min(DRAWS, len(model.roi_), len(roi))
    learnt, prior = (np.linspace(0, size - 1, draws).astype(np.int64) for size in (len(model.roi_), len(roi)))
    response = np.stack(
        [
            curve(LEVELS, shapes[prior, place], (roi * scale)[prior, place])
            if grade == "assumed"
            else curve(LEVELS, model.shapes_[learnt, place], (model.roi_ * model.scale_)[learnt, place])
            for place, grade in enumerate(told.grade)
        ],
        axis=1,
    )
    return SpendCurves(told.channel_id, told.curve_spend, response, told.grade, told.source, data.days)


def curves_to_table(curves: SpendCurves) -> pd.DataFrame:
    """The curves as a long table, columns `COLUMNS`."""
    draws, channels, levels = curves.response.shape
    draw, channel, level = (place.ravel() for place in np.indices((draws, channels, levels)))
    columns: dict[str, Any] = {
        "channel_id": curves.channel_id[channel],
        "draw": draw.astype(np.int64),
        "level": level.astype(np.int64),
        "spend": curves.spend[channel, level],
        "response": curves.response.ravel(),
        "grade": curves.grade[channel],
        "source": curves.source[channel],
        "period_days": np.full(len(draw), curves.period_days, dtype=np.int64),
    }
    return pd.DataFrame(columns)


def curves_from_table(table: pd.DataFrame) -> SpendCurves:
    """The curves that gave this table, whatever the order of its rows."""
    ordered = table.sort_values(["draw", "channel_id", "level"], kind="stable")
    first = ordered[ordered["draw"] == 0]
    channels, levels = first["channel_id"].nunique(), first["level"].nunique()
    per_channel = first[first["level"] == 0]
    return SpendCurves(
        channel_id=per_channel["channel_id"].to_numpy(dtype=object),
        spend=first["spend"].to_numpy(dtype=np.float64).reshape(channels, levels),
        response=ordered["response"].to_numpy(dtype=np.float64).reshape(-1, channels, levels),
        grade=per_channel["grade"].to_numpy(dtype=object),
        source=per_channel["source"].to_numpy(dtype=object),
        period_days=int(first["period_days"].iloc[0]),
    )
