"""How good a chance of buying is: ranking, calibration, and the same of simpler forecasts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.cadence.calibration import FREQUENCY_COLUMN, calibrate, past_windows, stacked, training
from forecasting.cadence.forecast import windows_for
from forecasting.cadence.shopping_days import ShoppingDays
from forecasting.cadence.unusual import YEAR_END, Holiday
from forecasting.regression import fit_logistic, probability
from forecasting.settings import ForecastSettings
from forecasting.values import Floats

BANDS = 20
DECILES = 10


@dataclass(frozen=True, eq=False)
class Chances:
    """Chances at an origin and what happened.

    Attributes:
        forecasts: By model: `calibrated` is ours, `log_normal` the same uncalibrated, `frequency` a logistic of
            shopping days in 91 days, `base_rate` the share that bought in the windows before; each (pairs,).
        bought: 1 for pairs that bought within the window.
        is_established: Whether the pair's own gaps count.
    """

    forecasts: Mapping[str, Floats]
    bought: Floats
    is_established: npt.NDArray[np.bool_]


def chances_at(
    days: ShoppingDays,
    known: ShoppingDays,
    origin: int,
    timezone: str,
    *,
    window_days: int,
    minimum_days: int,
    holidays: tuple[Holiday, ...] = (YEAR_END,),
) -> Chances | None:
    """Chances learnt from what was `known` at the origin, judged by all `days`; None where too little is known."""
    past = past_windows(
        known,
        today=origin,
        timezone=timezone,
        window_days=window_days,
        minimum_days=minimum_days,
        holidays=holidays,
        windows=windows_for(window_days),
    )
    calibration = calibrate(past, window_days, 0)
    if calibration.chance is None:
        return None
    labels = (np.concatenate([bought for _, bought in past]) > 0).astype(np.float64)
    now, _ = training(known, origin, timezone, window_days, minimum_days, holidays=holidays)
    pair = days.pairs_of(known.pair_customer, known.pair_category)
    bought = (days.days_between(pair, origin, origin + window_days) > 0).astype(np.float64)
    often = fit_logistic([stacked([one for one, _ in past])[FREQUENCY_COLUMN]], labels, None, 0)
    return Chances(
        {
            "calibrated": calibration.p_purchase(now),
            "log_normal": now.chance,
            "frequency": probability(often.value([now.columns[FREQUENCY_COLUMN]])),
            "base_rate": np.full(len(bought), labels.mean()),
        },
        bought,
        now.is_established,
    )


def purchase_scores(
    days: ShoppingDays, origins: Sequence[int], timezone: str, settings: ForecastSettings
) -> pd.DataFrame:
    """The chance of a purchase within the value window against simpler ones; one row per origin and model.

    Columns: origin; model (see `Chances`); pairs; bought (their share); predicted (mean); brier; skill (1 - brier /
    that of the base rate); auc; calibration_error (mean over 20 equal bands of the absolute difference of predicted and
    bought).
    """
    rows: list[dict[str, object]] = []
    for origin in origins:
        found = chances_at(
            days,
            days.before(origin),
            origin,
            timezone,
            window_days=settings.value_window_days,
            minimum_days=settings.minimum_days,
        )
        if found is not None:
            rows += [
                {"origin": np.datetime64(origin, "D"), "model": name, **_judged(found, predicted)}
                for name, predicted in found.forecasts.items()
            ]
    return pd.DataFrame(rows)


def _judged(found: Chances, predicted: Floats) -> dict[str, object]:
    bought = found.bought
    brier = mean((predicted - bought) ** 2)
    return {
        "pairs": len(bought),
        "bought": mean(bought),
        "predicted": mean(predicted),
        "brier": brier,
        "skill": 1 - brier / mean((found.forecasts["base_rate"] - bought) ** 2),
        "auc": area_under_curve(predicted, bought),
        "calibration_error": calibration_error(predicted, bought),
    }


def banded(predicted: Floats, happened: Floats, bands: int) -> tuple[Floats, Floats]:
    """Mean predicted and happened in equally large bands of the prediction, each of shape (bands,)."""
    parts = [part for part in np.array_split(np.argsort(predicted, kind="stable"), bands) if len(part)]
    return np.array([mean(predicted[part]) for part in parts]), np.array([mean(happened[part]) for part in parts])


def worst_decile(predicted: Floats, happened: Floats) -> float:
    """Largest absolute difference of predicted and happened over ten equal bands of the prediction."""
    said, seen = banded(predicted, happened, DECILES)
    return float(np.abs(said - seen).max()) if len(said) else float("nan")


def calibration_error(predicted: Floats, happened: Floats, bands: int = BANDS) -> float:
    """Mean absolute difference of predicted and happened over equally large bands of the prediction."""
    order = np.argsort(predicted, kind="stable")
    parts = [part for part in np.array_split(order, bands) if len(part)]
    return sum(abs(mean(predicted[part]) - mean(happened[part])) * len(part) for part in parts) / len(predicted)


def area_under_curve(predicted: Floats, happened: Floats) -> float:
    """P(a pair that did is ranked above one that did not): 0.5 is chance; nan when all did or none."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(happened, predicted)) if 0 < happened.mean() < 1 else float("nan")


def mean(values: npt.NDArray[np.generic]) -> float:
    """The mean, nan of nothing."""
    return float(values.mean()) if len(values) else float("nan")
