"""Forecasts as tables and back, to the last bit, for whoever stores them.

One table per value type that has rows, and `forecast_facts` with one row for what is said about all of them.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args

import numpy as np
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.inputs import require
from forecasting.values import Cadence, EvidenceGrade, Forecasts, Keys, RecentPurchases, Redemption, Uplift

CADENCE = "forecast_cadence"
RECENT = "forecast_recent"
UPLIFT = "forecast_uplift"
REDEMPTION_CUSTOMERS = "forecast_redemption_customers"
REDEMPTION_ASSETS = "forecast_redemption_assets"
FACTS = "forecast_facts"

PAIR = ("customer_id", "category_id")
TEXTS = frozenset({"customer_id", "category_id", "asset_kind", "asset_id"})
TIMES = frozenset({"last_at", "due_at"})
COUNTS = frozenset({"shopping_days"})
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
        CADENCE: _frame(cadence, COLUMNS[CADENCE]),
        RECENT: _frame(forecasts.recent, COLUMNS[RECENT]),
        UPLIFT: _frame(uplift, COLUMNS[UPLIFT]),
        REDEMPTION_CUSTOMERS: _frame(redemption, COLUMNS[REDEMPTION_CUSTOMERS]),
        REDEMPTION_ASSETS: _frame(redemption, COLUMNS[REDEMPTION_ASSETS]),
        FACTS: pd.DataFrame([facts]),
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
    cadence = _arrays(tables[CADENCE], COLUMNS[CADENCE], by=PAIR)
    customers = _arrays(tables[REDEMPTION_CUSTOMERS], COLUMNS[REDEMPTION_CUSTOMERS], by=("customer_id",))
    assets = _arrays(tables[REDEMPTION_ASSETS], COLUMNS[REDEMPTION_ASSETS], by=("asset_id",))
    return Forecasts(
        cadence=Cadence(**cadence, source=str(facts["cadence_source"]), margin_basis=str(facts["margin_basis"])),
        recent=RecentPurchases(**_arrays(tables[RECENT], COLUMNS[RECENT], by=PAIR)),
        uplift=Uplift(
            **_arrays(tables[UPLIFT], COLUMNS[UPLIFT], by=("asset_kind",)),
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
    )


def _grade(text: str) -> EvidenceGrade:
    for grade in get_args(EvidenceGrade):
        if text == grade:
            return grade  # type: ignore[no-any-return]
    raise ForecastingError(
        f"There is no evidence grade `{text}`.", where=FACTS, remedy=f"Known: {', '.join(get_args(EvidenceGrade))}."
    )


def _frame(value: object, columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame({name: _column(name, getattr(value, name)) for name in columns})


def _column(name: str, values: Keys) -> "pd.Series[Any]":
    column = pd.Series(values, dtype=object if name in TEXTS else None)
    return column.dt.tz_localize("UTC") if name in TIMES else column


def _arrays(frame: pd.DataFrame, columns: tuple[str, ...], *, by: tuple[str, ...]) -> dict[str, np.ndarray]:
    ordered = frame.sort_values(list(by), kind="stable")
    return {name: _array(name, ordered[name]) for name in columns}


def _array(name: str, column: "pd.Series[Any]") -> np.ndarray:
    if name in TEXTS:
        return np.asarray(column, dtype=object)
    if name in TIMES:
        return np.asarray(column.dt.tz_convert("UTC").dt.tz_localize(None), dtype="datetime64[us]")
    return np.asarray(column, dtype=np.int32 if name in COUNTS else np.float64)
