"""Lifetime value of every customer as a table."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime

import pandas as pd

from forecasting.lifetime_value.histories import days_of_customers, histories_of
from forecasting.lifetime_value.model import LifetimeValueModel
from forecasting.lifetime_value.settings import LifetimeValueSettings
from forecasting.training import Arrays
from forecasting.values.lifetime_value import LifetimeValue


def forecast_value(
    tables: Mapping[str, pd.DataFrame],
    settings: LifetimeValueSettings | None = None,
    *,
    as_of: datetime,
    timezone: str,
    seed: int = 0,  # noqa: ARG001 - every forecast takes one
) -> pd.DataFrame:
    """What each customer is expected to bring after as-of without a touch; rows at or after as-of are not looked at.

    Args:
        tables: purchases, [products].
        settings: Horizon and margin.
        as_of: Aware datetime.
        timezone: IANA name of the time zone in which days are days.
        seed: Not needed, since nothing here is random.

    Returns:
        One row per customer with a purchase, ascending by customer_id; the columns of `LifetimeValue`, times as
        datetime64[us, UTC].

    Raises:
        ForecastingError: A table is not in the expected form.
        TooLittleDataError: Too few customers to learn from.
    """
    return as_table(lifetime_values(tables, settings or LifetimeValueSettings(), as_of=as_of, timezone=timezone))


def lifetime_values(
    tables: Mapping[str, pd.DataFrame],
    settings: LifetimeValueSettings,
    *,
    as_of: datetime,
    timezone: str,
    kept: Arrays | None = None,
) -> LifetimeValue:
    """The same as frozen arrays, by the model of the arrays `kept`, or by one that is fitted for the day.

    Raises:
        ForecastingError: A table is not in the expected form.
        TooLittleDataError: Too few customers to learn from.
    """
    days = days_of_customers(tables, as_of=as_of, timezone=timezone, margin_pct=settings.margin_pct)
    known = histories_of(days, as_of=as_of, timezone=timezone)
    model = LifetimeValueModel.from_arrays(kept) if kept else LifetimeValueModel(level=settings.level).fit(known)
    return model.predict(known, horizon_days=settings.horizon_days, as_of=as_of)


def as_table(value: LifetimeValue) -> pd.DataFrame:
    """One row per customer; what holds for all is repeated in every row."""
    table = pd.DataFrame({entry.name: getattr(value, entry.name) for entry in fields(LifetimeValue)})
    for column in table.columns[table.columns.str.endswith("_at")]:
        table[column] = table[column].dt.tz_localize("UTC")
    return table
