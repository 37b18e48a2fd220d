"""A personal send window per customer, from tables as they were known at as-of."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from forecasting.inputs import moment
from forecasting.timing.engagement import Engagement, engagement
from forecasting.timing.favourite_hour import FavouriteHourModel
from forecasting.timing.local_hours import hours_later, next_moments
from forecasting.timing.settings import TimingSettings
from forecasting.timing.trying import gain_over_one_hour
from forecasting.training import Arrays
from forecasting.values.timing import HOURS_PER_WEEK, SendWindows

CHOOSING_SHARE = 0.25
"""The last part of the history, by days, on which the trust in customers' own evidence is chosen."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def fitted(engaged: Engagement, settings: TimingSettings, *, as_of: datetime, seed: int) -> FavouriteHourModel:
    """The model of all engagement, its trust chosen on the last quarter of the history.

    Raises:
        TooLittleDataError: Nobody engaged before as-of.
    """
    return tried(engaged, settings, as_of=as_of, seed=seed)[0]


def tried(
    engaged: Engagement, settings: TimingSettings, *, as_of: datetime, seed: int
) -> tuple[FavouriteHourModel, float | None]:
    """The same, and how personal windows learnt from the first three quarters did in the last one.

    Returns:
        The model, and what more of a customer's later engagement its windows held than one window for all, before
        its trust was chosen on that very quarter; customers count alike. None where nobody engaged in both parts.

    Raises:
        TooLittleDataError: Nobody engaged before as-of.
    """
    model = FavouriteHourModel(
        window_hours=settings.window_hours, learning_customers=settings.learning_customers, random_state=seed
    )
    counts, gain = engaged.counts(), None
    chosen = None
    if len(engaged.at):
        cut = engaged.at.min() + (moment(as_of) - engaged.at.min()) * (1 - CHOOSING_SHARE)
        earlier, later = engaged.counts(until=cut), engaged.counts(since=cut)
        if earlier.sum() > 0 and later.sum() > 0:
            model.fit(earlier, engaged.segment)
            gain = gain_over_one_hour(model, earlier, engaged.segment, later)
            model.choose(earlier, engaged.segment, later)
            chosen = model.trust_, model.prior_hours_, model.share_factor_
    model.fit(counts, engaged.segment)
    if chosen is not None:
        model.trust_, model.prior_hours_, model.share_factor_ = chosen
    return model, gain


def send_windows(
    tables: Mapping[str, pd.DataFrame],
    settings: TimingSettings,
    *,
    as_of: datetime,
    timezone: str,
    seed: int,
    kept: Arrays | None = None,
) -> SendWindows:
    """The best hour of the week and the next send window of every customer.

    Args:
        tables: Canonical tables; of `customers`, `signals`, `outcomes` with `touches`, and `purchases` what there is.
        settings: How engagement is counted.
        as_of: Aware; later rows do not count.
        timezone: The playbook's, for customers without one.
        seed: Draws the customers to learn from where there are very many.
        kept: Arrays of a model that has learnt habits already; else habits are learnt for the day.

    Raises:
        TooLittleDataError: No customers, or nobody engaged.
        ForecastingError: A column is missing, or a time zone is none.
    """
    engaged = engagement(tables, settings, as_of=as_of, timezone=timezone)
    model = FavouriteHourModel.from_arrays(kept) if kept else fitted(engaged, settings, as_of=as_of, seed=seed)
    return windows_of(model, engaged, settings, as_of=as_of)


def windows_of(
    model: FavouriteHourModel, engaged: Engagement, settings: TimingSettings, *, as_of: datetime
) -> SendWindows:
    """What a model says of everybody, by their own hours until `as_of`."""
    counts = engaged.counts()
    habits = model.predict(counts, engaged.segment)
    starts = next_moments(habits.window_start, engaged.timezone, moment(as_of))
    hours = counts.sum(axis=1)
    names = "segment " + pd.Series(engaged.segment, dtype=object)
    return SendWindows(
        customer_id=engaged.customer_id,
        segment=engaged.segment,
        timezone=engaged.timezone,
        hour_of_week=habits.hour_of_week.astype(np.int32),
        starts_at=starts,
        ends_at=hours_later(starts, settings.window_hours),
        share=habits.share,
        share_low=habits.share_low,
        share_high=habits.share_high,
        confidence=habits.confidence,
        engaged_hours=hours,
        source=np.where(hours > 0, "own history and " + names, names).astype(object),
    )


def forecast_timing(
    tables: Mapping[str, pd.DataFrame], settings: TimingSettings, *, as_of: datetime, timezone: str, seed: int
) -> pd.DataFrame:
    """`send_windows` as a table, one row per customer.

    Columns: customer_id, segment, timezone, hour_of_week, weekday, local_hour, starts_at and ends_at
    (datetime64[us, UTC]), share with share_low and share_high (90 % interval), share_if_any_hour (what a window holds
    when hours do not matter), confidence, engaged_hours, source, grade.

    Raises:
        TooLittleDataError: No customers, or nobody engaged.
        ForecastingError: A column is missing, or a time zone is none.
    """
    return as_table(send_windows(tables, settings, as_of=as_of, timezone=timezone, seed=seed), settings)


def as_table(found: SendWindows, settings: TimingSettings) -> pd.DataFrame:
    """Send windows as the table of `forecast_timing`."""
    return pd.DataFrame(
        {
            "customer_id": found.customer_id,
            "segment": found.segment,
            "timezone": found.timezone,
            "hour_of_week": found.hour_of_week,
            "weekday": np.array(WEEKDAYS, dtype=object)[found.hour_of_week // 24],
            "local_hour": found.hour_of_week % 24,
            "starts_at": pd.DatetimeIndex(found.starts_at).tz_localize("UTC"),
            "ends_at": pd.DatetimeIndex(found.ends_at).tz_localize("UTC"),
            "share": found.share,
            "share_low": found.share_low,
            "share_high": found.share_high,
            "share_if_any_hour": settings.window_hours / HOURS_PER_WEEK,
            "confidence": found.confidence,
            "engaged_hours": found.engaged_hours,
            "source": found.source,
            "grade": found.grade,
        }
    )


def origins(as_of: datetime, *, count: int, step_days: int) -> tuple[datetime, ...]:
    """Rolling origins, ascending, each with a whole step of days before as-of to be judged on."""
    return tuple(as_of - timedelta(days=step_days * back) for back in range(count, 0, -1))
