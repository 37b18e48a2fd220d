"""Forecasts as tables and back, to the last bit, for whoever stores them.

One table per value type that has rows, and `forecast_facts` with one row for what is said about all of them.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import get_args

import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.frame_columns import COUNTS, TEXTS, TIMES, arrays_of, frame_of
from forecasting.inputs import require
from forecasting.learnt_frames import LEARNT_COLUMNS, learnt_parts, learnt_tables
from forecasting.values import Cadence, EvidenceGrade, Forecasts, RecentPurchases, Redemption, Uplift

__all__ = ["CADENCE_COLUMNS", "COLUMNS", "COUNTS", "FACTS", "TEXTS", "TIMES", "from_tables", "to_tables"]

CADENCE = "forecast_cadence"
RECENT = "forecast_recent"
UPLIFT = "forecast_uplift"
REDEMPTION_CUSTOMERS = "forecast_redemption_customers"
REDEMPTION_ASSETS = "forecast_redemption_assets"
FACTS = "forecast_facts"

PAIR = ("customer_id", "category_id")
CADENCE_COLUMNS = tuple(entry.name for entry in fields(Cadence) if entry.name not in ("source", "margin_basis"))
COLUMNS: Mapping[str, tuple[str, ...]] = {
    CADENCE: CADENCE_COLUMNS,
    RECENT: (*PAIR, "shopping_days"),
    UPLIFT: ("asset_kind", "mean", "sd"),
    REDEMPTION_CUSTOMERS: ("customer_id", "customer_effect"),
    REDEMPTION_ASSETS: ("asset_id", "asset_effect"),
    FACTS: (
        "cadence_source",
        "margin_basis",
        "uplift_grade",
        "uplift_source",
        "redemption_intercept",
        "redemption_affinity_slope",
        "redemption_base_rate",
        "redemption_source",
    ),
    **LEARNT_COLUMNS,
}


def to_tables(forecasts: Forecasts) -> dict[str, pd.DataFrame]:
    """Every forecast as a table; texts are object, times datetime64[us, UTC], counts int32, the rest float64."""
    cadence, uplift, redemption = forecasts.cadence, forecasts.uplift, forecasts.redemption
    facts = {
        "cadence_source": cadence.source,
        "margin_basis": cadence.margin_basis,
        "uplift_grade": uplift.grade,
        "uplift_source": uplift.source,
        "redemption_intercept": float(redemption.intercept),
        "redemption_affinity_slope": float(redemption.affinity_slope),
        "redemption_base_rate": float(redemption.base_rate),
        "redemption_source": redemption.source,
    }
    return {
        CADENCE: frame_of(cadence, COLUMNS[CADENCE]),
        RECENT: frame_of(forecasts.recent, COLUMNS[RECENT]),
        UPLIFT: frame_of(uplift, COLUMNS[UPLIFT]),
        REDEMPTION_CUSTOMERS: frame_of(redemption, COLUMNS[REDEMPTION_CUSTOMERS]),
        REDEMPTION_ASSETS: frame_of(redemption, COLUMNS[REDEMPTION_ASSETS]),
        FACTS: pd.DataFrame([facts]),
        **learnt_tables(forecasts),
    }


def from_tables(tables: Mapping[str, pd.DataFrame]) -> Forecasts:
    """The forecasts that `to_tables` made these tables of, whatever the order of their rows.

    Raises:
        ForecastingError: A table or column is missing, or the facts are not one row.
    """
    for name, columns in COLUMNS.items():
        if name not in tables:
            raise ForecastingError("The table is missing.", where=name, remedy="Run the forecast step again.")
        require(tables[name], name, columns)
    if len(tables[FACTS]) != 1:
        raise ForecastingError(
            f"There are {len(tables[FACTS])} rows instead of one.", where=FACTS, remedy="Run the forecast step again."
        )
    facts = tables[FACTS].iloc[0]
    cadence = arrays_of(tables[CADENCE], COLUMNS[CADENCE], by=PAIR)
    customers = arrays_of(tables[REDEMPTION_CUSTOMERS], COLUMNS[REDEMPTION_CUSTOMERS], by=("customer_id",))
    assets = arrays_of(tables[REDEMPTION_ASSETS], COLUMNS[REDEMPTION_ASSETS], by=("asset_id",))
    return Forecasts(
        cadence=Cadence(**cadence, source=str(facts["cadence_source"]), margin_basis=str(facts["margin_basis"])),
        recent=RecentPurchases(**arrays_of(tables[RECENT], COLUMNS[RECENT], by=PAIR)),
        uplift=Uplift(
            **arrays_of(tables[UPLIFT], COLUMNS[UPLIFT], by=("asset_kind",)),
            grade=_grade(str(facts["uplift_grade"])),
            source=str(facts["uplift_source"]),
        ),
        redemption=Redemption(
            intercept=float(facts["redemption_intercept"]),
            **customers,
            **assets,
            affinity_slope=float(facts["redemption_affinity_slope"]),
            base_rate=float("nan") if pd.isna(facts["redemption_base_rate"]) else float(facts["redemption_base_rate"]),
            source=str(facts["redemption_source"]),
        ),
        **learnt_parts(tables),
    )


def _grade(text: str) -> EvidenceGrade:
    for grade in get_args(EvidenceGrade):
        if text == grade:
            return grade  # type: ignore[no-any-return]
    raise ForecastingError(
        f"There is no evidence grade `{text}`.", where=FACTS, remedy=f"Known: {', '.join(get_args(EvidenceGrade))}."
    )
