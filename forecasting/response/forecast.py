"""What a touch would bring, as a long table: every target per customer, asset and channel, with interval and grade."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.inputs import require
from forecasting.response.factors.fitted import LINKS
from forecasting.response.factors.model import ResponseModel
from forecasting.response.settings import ResponseSettings
from forecasting.settings import NORMAL_95
from forecasting.values import Keys
from forecasting.values.response import ResponseFactors

COLUMNS = ("target", "asset_id", "channel_id", "segment", "customers", "mean", "low", "high", "grade", "source")
EVERYBODY = "everybody"


def response_factors(
    tables: Mapping[str, pd.DataFrame], settings: ResponseSettings, *, as_of: datetime, timezone: str, seed: int
) -> ResponseFactors:
    """Factors of all customers, assets and channels that the tables name.

    Args:
        tables: Canonical tables; what is absent leaves stated priors.
        settings: Windows and priors.
        as_of: Aware datetime; rows from it on are not looked at.
        timezone: IANA name.
        seed: Kept in every forecast's signature; nothing here is random.

    Raises:
        ForecastingError: A column that a table must have, or a time, is missing.
    """
    return factors_of_all(
        ResponseModel(settings, random_state=seed).fit(tables, as_of=as_of, timezone=timezone), tables
    )


def factors_of_all(model: ResponseModel, tables: Mapping[str, pd.DataFrame]) -> ResponseFactors:
    """What a fitted model says of all customers, assets and channels that the tables name."""
    return model.predict(_customers(tables), _keys(tables, ("assets",), "asset_id"), _channels(tables))


def forecast_response(
    tables: Mapping[str, pd.DataFrame], settings: ResponseSettings, *, as_of: datetime, timezone: str, seed: int
) -> pd.DataFrame:
    """Mean over customers of each target, per asset, channel and segment; columns `COLUMNS`.

    One row per customer, asset and channel would be most of a billion; `response_factors` holds them all. The interval
    is what is not known of the mean, taken as wide as that of a single customer: it errs on the wide side.

    Args:
        tables: Canonical tables.
        settings: Windows and priors.
        as_of: Aware datetime.
        timezone: IANA name.
        seed: As in `response_factors`.

    Raises:
        ForecastingError: As `response_factors`.
    """
    return table_of(response_factors(tables, settings, as_of=as_of, timezone=timezone, seed=seed), tables, settings)


def table_of(factors: ResponseFactors, tables: Mapping[str, pd.DataFrame], settings: ResponseSettings) -> pd.DataFrame:
    """Factors as the table of `forecast_response`."""
    segment = _segments(tables, settings, factors.customer_id)
    parts = [
        _rows(factors, name, np.flatnonzero(segment == name))
        for name in sorted(set(segment.tolist()))
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def _rows(factors: ResponseFactors, segment: str, chosen: np.ndarray) -> pd.DataFrame:
    names = pd.MultiIndex.from_product([factors.asset_id, factors.channel_id], names=["asset_id", "channel_id"])
    parts = []
    for target, found in factors.targets.items():
        linear = found.linear(chosen).astype(np.float64)
        sd = found.sd(chosen).astype(np.float64)
        values = (linear, linear - NORMAL_95 * sd, linear + NORMAL_95 * sd)
        if LINKS[target] == "logit":
            values = tuple(1 / (1 + np.exp(-np.clip(value, -80, 80))) for value in values)  # type: ignore[assignment]
        mean, low, high = (value.mean(axis=0).ravel() for value in values)
        frame = names.to_frame(index=False).assign(
            target=target, segment=segment, customers=len(chosen), mean=mean, low=low, high=high,
            grade=found.grade, source=found.source,
        )  # fmt: skip
        parts.append(frame[list(COLUMNS)])
    return pd.concat(parts, ignore_index=True)


def _segments(tables: Mapping[str, pd.DataFrame], settings: ResponseSettings, customer: Keys) -> Keys:
    if settings.segment is None or "customers" not in tables:
        return np.full(len(customer), EVERYBODY, dtype=object)
    require(tables["customers"], "customers", ("customer_id", settings.segment))
    known = tables["customers"].dropna(subset=[settings.segment]).drop_duplicates("customer_id")
    named = pd.Series(customer, dtype=object).map(known.set_index("customer_id")[settings.segment].astype(str))
    return np.asarray(named.fillna("unknown"), dtype=object)


def _customers(tables: Mapping[str, pd.DataFrame]) -> Keys:
    if "customers" in tables and len(tables["customers"]):
        return _keys(tables, ("customers",), "customer_id")
    return _keys(tables, ("touches", "purchases", "assignments"), "customer_id")


def _channels(tables: Mapping[str, pd.DataFrame]) -> Keys:
    return _keys(tables, ("channels", "touches", "assignments"), "channel_id")


def _keys(tables: Mapping[str, pd.DataFrame], names: tuple[str, ...], column: str) -> Keys:
    known: set[str] = set()
    for name in names:
        if name in tables and column in tables[name].columns:
            known.update(map(str, tables[name][column].dropna().unique()))
    return np.array(sorted(known), dtype=object)
