"""Cadence as a table: when a customer is due in a category, when the rhythm deviates, how likely a purchase is."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.cadence.calibration import MONTH_DAYS, ORIGINS, SHORT_ORIGINS
from forecasting.cadence.model import CadenceModel, later
from forecasting.cadence.purchase_lines import lines_and_products
from forecasting.cadence.settings import CadenceSettings
from forecasting.values import Times

LABEL = "a forecast of buying, not of what a message adds"
# How sure the due day itself is, apart from when the next purchase then falls: 80 %.
Z_80 = 1.2815515655446004


def forecast_cadence(
    tables: Mapping[str, pd.DataFrame],
    settings: CadenceSettings | None = None,
    *,
    as_of: datetime,
    timezone: str,
    seed: int = 0,
) -> pd.DataFrame:
    """What each pair of customer and category will do after as-of without a touch; later rows are not looked at.

    Args:
        tables: purchases, products.
        settings: Windows and from when on own gaps count.
        as_of: Aware datetime.
        timezone: IANA name of the time zone in which days are days.
        seed: Handed to scikit-learn.

    Returns:
        One row per pair that bought, ascending: customer_id, category_id, shopping_days, last_at, interval_days;
        due_at (half of such spells have ended) with due_low_at and due_high_at (a tenth, nine tenths); deviation_at
        (so few last longer that the rhythm deviates) with the 80 % interval that comes of not knowing the pair's own
        mean; survival; p_buy_7, p_buy_28, … per window; grade (`calibrated`, or `uncalibrated` where the history is
        too short); source, which says what was learnt from what, and that no effect of messages is meant.

    Raises:
        ForecastingError: A table is not in the expected form.
        TooLittleDataError: There are no purchases.
    """
    chosen = settings or CadenceSettings()
    model = fitted(tables, chosen, as_of=as_of, timezone=timezone, seed=seed)
    days, counts = model.days_, model.days_.counts
    last_at = days.pair_last_at
    until_deviation = model.days_until(1 - chosen.deviation)
    unsure = np.exp(Z_80 * model.rhythm_.uncertainty)
    times = {
        "due_at": model.days_until(0.5),
        "due_low_at": model.days_until(0.1),
        "due_high_at": model.days_until(0.9),
        "deviation_at": until_deviation,
        "deviation_low_at": until_deviation / unsure,
        "deviation_high_at": until_deviation * unsure,
    }
    chances, is_calibrated = {}, model.survival_.spells > 0
    for window in chosen.windows_days:
        calibration = model.calibrated_for(window, windows_for(window))
        chances[f"p_buy_{window}"] = calibration.p_purchase(model.situation(window))
        is_calibrated &= calibration.chance is not None
    return pd.DataFrame(
        {
            "customer_id": days.customers[days.pair_customer],
            "category_id": days.categories[days.pair_category],
            "shopping_days": counts.astype(np.int32),
            "last_at": _aware(last_at),
            "interval_days": times["due_at"],
            **{name: _aware(later(last_at, until)) for name, until in times.items()},
            "survival": model.survival_now(),
            **chances,
            "grade": "calibrated" if is_calibrated else "uncalibrated",
            "source": f"{model.source}; {LABEL}",
        }
    )


def fitted(
    tables: Mapping[str, pd.DataFrame], settings: CadenceSettings, *, as_of: datetime, timezone: str, seed: int
) -> CadenceModel:
    """The model on these tables.

    Raises:
        ForecastingError: A table is not in the expected form.
        TooLittleDataError: There are no purchases.
    """
    purchases, products = lines_and_products(tables)
    model = CadenceModel(
        minimum_days=settings.minimum_days,
        value_window_days=max(settings.windows_days),
        margin_pct=settings.margin_pct,
        random_state=seed,
        holidays=settings.holidays,
    )
    return model.fit(purchases, products, as_of=as_of, timezone=timezone)


def windows_for(window_days: int) -> int:
    """How many past windows teach the chance within such a window."""
    return ORIGINS if window_days >= MONTH_DAYS else SHORT_ORIGINS


def _aware(times: Times) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(times).tz_localize("UTC")
