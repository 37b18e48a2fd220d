"""All forecasts of a run on one page: tables in, forecasts out."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.cadence.model import CadenceModel
from forecasting.cadence.shopping_days import PRODUCT_COLUMNS, PURCHASE_COLUMNS
from forecasting.errors import ForecastingError
from forecasting.frames import from_tables, to_tables
from forecasting.inputs import moment, utc_times
from forecasting.response.mailings import ASSET_COLUMNS, CAMPAIGN_COLUMNS, OUTCOME_COLUMNS, TOUCH_COLUMNS
from forecasting.response.redemption import RedemptionModel
from forecasting.response.uplift import stated_uplift
from forecasting.settings import ForecastSettings
from forecasting.values import Forecasts, Keys

__all__ = ["forecast", "from_tables", "to_tables"]

# A world without one of these tables is forecast from what is left, and the values say so.
OPTIONAL = {
    "purchases": PURCHASE_COLUMNS,
    "products": PRODUCT_COLUMNS,
    "touches": TOUCH_COLUMNS,
    "outcomes": OUTCOME_COLUMNS,
    "assets": (*ASSET_COLUMNS, "kind"),
    "campaigns": CAMPAIGN_COLUMNS,
}
# Optional columns of the canonical tables: without them the column is empty.
FILLED = ("quantity", "product_id", "asset_id", "campaign_id", "touch_id", "offer_id", "assets_per_touch", "ends_at")


def forecast(
    tables: Mapping[str, pd.DataFrame],
    settings: ForecastSettings,
    *,
    as_of: datetime,
    timezone: str,
    seed: int,
) -> Forecasts:
    """Everything a run decides with, learnt from rows before `as_of` alone.

    Args:
        tables: Canonical tables by name: purchases, products, touches, outcomes, assets, campaigns, [customers]. Absent
            ones count as empty; then stated priors speak, and `source` of a forecast says so.
        settings: Windows and priors.
        as_of: Aware datetime; no model looks at rows at or after it.
        timezone: The playbook's IANA time zone, in which days are days.
        seed: Seed handed to scikit-learn.

    Raises:
        ForecastingError: A column or time is missing, a product occurs twice, or a table is not in the expected form.
    """
    given = {name: _given(tables, name, columns) for name, columns in OPTIONAL.items()}
    rhythm = CadenceModel(
        minimum_days=settings.minimum_days,
        value_window_days=settings.value_window_days,
        margin_pct=settings.margin_pct,
        random_state=seed,
    ).fit(given["purchases"], given["products"], as_of=as_of, timezone=timezone)
    redemption = RedemptionModel(
        prior=settings.redemption_prior, wait_days=settings.redemption_window_days, random_state=seed
    ).fit(
        given["touches"],
        given["outcomes"],
        given["assets"],
        given["campaigns"],
        rhythm.days_,
        as_of=as_of,
        timezone=timezone,
    )
    return Forecasts(
        cadence=rhythm.predict(),
        recent=rhythm.recent(),
        uplift=stated_uplift(settings, given["assets"]["kind"].dropna().unique()),
        redemption=redemption.predict(_customers(tables, given, as_of)),
    )


def _given(tables: Mapping[str, pd.DataFrame], name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """The table with its optional columns, or an empty one."""
    if name not in tables:
        times = {column: pd.Series([], dtype="datetime64[us, UTC]") for column in columns if column.endswith("_at")}
        return pd.DataFrame({column: times.get(column, pd.Series([], dtype=object)) for column in columns})
    frame = tables[name]
    absent = [column for column in columns if column in FILLED and column not in frame.columns]
    return frame.assign(**dict.fromkeys(absent)) if absent else frame


def _customers(tables: Mapping[str, pd.DataFrame], given: Mapping[str, pd.DataFrame], as_of: datetime) -> Keys:
    """Everybody known before as-of: listed, shopping or touched."""
    now = moment(as_of)
    known: set[str] = set()
    for name, column in (("purchases", "occurred_at"), ("touches", "sent_at")):
        frame = given[name]
        known.update(frame.loc[utc_times(frame, name, column) < now, "customer_id"].unique())
    if "customers" in tables:
        if "customer_id" not in tables["customers"].columns:
            raise ForecastingError("The table has no column customer_id.", where="customers", remedy="Add it.")
        known.update(tables["customers"]["customer_id"].unique())
    return np.array(sorted(known), dtype=object)
