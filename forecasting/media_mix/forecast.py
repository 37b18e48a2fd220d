"""Returns and response curves of channels, from tables as they were known at as-of."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.media_mix.grading import Grade, grades
from forecasting.media_mix.model import CONVERGED, MediaMixModel, curve
from forecasting.media_mix.panel import Panel, panel
from forecasting.media_mix.settings import MediaMixSettings
from forecasting.media_mix.shapes import parameters
from forecasting.values import Floats
from forecasting.values.media_mix import MediaMix

LEVELS = np.linspace(0.0, 2.0, 21)
"""Of the curve, relative to the mean spend per period."""
ENDS = (5.0, 95.0)


def fitted(data: Panel, settings: MediaMixSettings, *, seed: int) -> MediaMixModel:
    """The model of a panel."""
    model = MediaMixModel(
        roi_mean=settings.roi_mean,
        roi_sd=settings.roi_sd,
        draws=settings.draws,
        rounds=settings.rounds,
        random_state=seed,
    )
    return model.fit(data)


def media_mix(
    tables: Mapping[str, pd.DataFrame], settings: MediaMixSettings, *, as_of: datetime, timezone: str, seed: int
) -> MediaMix:
    """Returns of every channel with intervals and grades, and their response curves.

    Raises:
        TooLittleDataError: Fewer than twenty whole periods, no spend, or an outcome that never varies.
        ForecastingError: Wrong tables.
    """
    data = panel(tables, settings, as_of=as_of, timezone=timezone)
    return believed(data, fitted(data, settings, seed=seed), settings)


def believed(data: Panel, model: MediaMixModel, settings: MediaMixSettings) -> MediaMix:
    """What leaves the room: where a return cannot be known, the prior; elsewhere what was learnt."""
    roi, marginal, shapes, scale = model.prior(data, settings.prior_draws)
    found = [
        _converged(one, float(agreement))
        for one, agreement in zip(grades(data, settings), model.agreement_, strict=True)
    ]
    is_known = np.array([one.grade != "assumed" for one in found])
    curves = np.stack(
        [
            _summary(
                curve(LEVELS, model.shapes_[:, place], model.roi_[:, place] * model.scale_[:, place])
                if is_known[place]
                else curve(LEVELS, shapes[:, place], roi[:, place] * scale[:, place])
            )
            for place in range(len(found))
        ]
    )
    prior_roi, prior_marginal = _summary(roi), _summary(marginal)
    learnt_roi, learnt_marginal = _summary(model.roi_), _summary(model.marginal_)
    told_roi, told = np.where(is_known, learnt_roi, prior_roi), np.where(is_known, learnt_marginal, prior_marginal)
    stays = np.where(is_known, parameters(model.shapes_)[0].mean(axis=0), parameters(shapes)[0].mean(axis=0))
    return MediaMix(
        channel_id=data.channel_id,
        spend=data.spend.sum(axis=0),
        roi=told_roi[0],
        roi_low=told_roi[1],
        roi_high=told_roi[2],
        marginal_roi=told[0],
        marginal_low=told[1],
        marginal_high=told[2],
        prior_low=prior_marginal[1],
        prior_high=prior_marginal[2],
        association=learnt_marginal[0],
        association_low=learnt_marginal[1],
        association_high=learnt_marginal[2],
        half_life=np.log(0.5) / np.log(stays),
        grade=np.array([one.grade for one in found], dtype=object),
        source=np.array([one.source for one in found], dtype=object),
        curve_spend=LEVELS[None, :] * data.spend.mean(axis=0)[:, None],
        curve=curves[:, 0],
        curve_low=curves[:, 1],
        curve_high=curves[:, 2],
    )


def _converged(grade: Grade, agreement: float) -> Grade:
    if grade.grade == "assumed" or agreement <= CONVERGED:
        return grade
    return replace(grade, grade="assumed", source=f"prior only: the chains disagree (R-hat {agreement:.2f})")


def _summary(draws: Floats) -> Floats:
    """Mean and ends of the 90 % interval along the draws, stacked first."""
    low, high = np.percentile(draws, ENDS, axis=0)
    return np.stack([draws.mean(axis=0), low, high])


def forecast_media_mix(
    tables: Mapping[str, pd.DataFrame], settings: MediaMixSettings, *, as_of: datetime, timezone: str, seed: int
) -> pd.DataFrame:
    """`media_mix` as a long table.

    Columns: channel_id, quantity (`roi`, `marginal_roi`, `marginal_association`, `response`), spend_per_period
    (the constant spend that a response belongs to, the mean spend elsewhere), value with low and high (90 %),
    prior_low and prior_high (of the marginal return; nan-free: equal to low and high elsewhere), unit, grade, source.

    Raises:
        TooLittleDataError: Fewer than twenty whole periods, no spend, or an outcome that never varies.
        ForecastingError: Wrong tables.
    """
    found = media_mix(tables, settings, as_of=as_of, timezone=timezone, seed=seed)
    return to_table(found, settings.period)


def to_table(found: MediaMix, period: str) -> pd.DataFrame:
    """The long table of `forecast_media_mix`."""
    mean_spend = found.curve_spend[:, LEVELS == 1.0][:, 0]
    base = {
        "channel_id": found.channel_id,
        "spend_per_period": mean_spend,
        "grade": found.grade,
        "source": found.source,
    }
    returns = "currency per currency spent"
    parts = [
        pd.DataFrame({**base, "quantity": name, "value": value, "low": low, "high": high, "unit": returns})
        for name, value, low, high in (
            ("roi", found.roi, found.roi_low, found.roi_high),
            ("marginal_roi", found.marginal_roi, found.marginal_low, found.marginal_high),
            ("marginal_association", found.association, found.association_low, found.association_high),
        )
    ]
    parts[2]["grade"] = "assumed"
    parts[2]["source"] = "what spend and outcome did together, which is no effect unless the channel's grade says so"
    parts += [
        pd.DataFrame(
            {
                **base,
                "spend_per_period": found.curve_spend[:, level],
                "quantity": "response",
                "value": found.curve[:, level],
                "low": found.curve_low[:, level],
                "high": found.curve_high[:, level],
                "unit": f"currency per {period}",
            }
        )
        for level in range(found.curve_spend.shape[1])
    ]
    table = pd.concat(parts, ignore_index=True)
    is_marginal = table["quantity"] == "marginal_roi"
    ends = pd.DataFrame({"low": found.prior_low, "high": found.prior_high}, index=found.channel_id)
    for end in ("low", "high"):
        table[f"prior_{end}"] = table["channel_id"].map(ends[end]).where(is_marginal, table[end])
    columns = ["channel_id", "quantity", "spend_per_period", "value", "low", "high", "prior_low", "prior_high"]
    return table[[*columns, "unit", "grade", "source"]].sort_values(
        ["channel_id", "quantity", "spend_per_period"], ignore_index=True
    )
