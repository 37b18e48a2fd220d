from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from forecasting.backtest import LeakError, insist_on_no_leak, known_before
from forecasting.errors import ForecastingError
from forecasting.inputs import moment

ORIGIN = datetime(2026, 10, 1, tzinfo=UTC)


def purchases(days: list[int]) -> pd.DataFrame:
    times = [ORIGIN + timedelta(days=day) for day in days]
    return pd.DataFrame(
        {"occurred_at": pd.Series(times).astype("datetime64[us, UTC]"), "net_value": [float(day) for day in days]}
    )


def test_a_row_at_the_origin_is_not_known_and_one_just_before_is() -> None:
    frame = purchases([-1, 0, 1])
    frame.loc[1, "occurred_at"] = ORIGIN - timedelta(microseconds=1)
    assert len(known_before({"purchases": frame}, ORIGIN)["purchases"]) == 2
    frame.loc[1, "occurred_at"] = ORIGIN
    assert len(known_before({"purchases": frame}, ORIGIN)["purchases"]) == 1


def test_tables_without_a_time_stay_whole() -> None:
    products = pd.DataFrame({"product_id": ["a", "b"]})
    assert known_before({"products": products}, ORIGIN)["products"] is products


def test_an_origin_without_time_zone_is_refused() -> None:
    with pytest.raises(ForecastingError, match="time zone"):
        known_before({"purchases": purchases([-1])}, datetime(2026, 10, 1))  # noqa: DTZ001 -- on purpose


def mean_of_all(tables: Mapping[str, pd.DataFrame], origin: datetime) -> pd.DataFrame:
    del origin
    return pd.DataFrame({"mean": [tables["purchases"]["net_value"].mean()]})


def mean_of_known(tables: Mapping[str, pd.DataFrame], origin: datetime) -> pd.DataFrame:
    frame = tables["purchases"]
    known = frame["occurred_at"].dt.tz_localize(None) < moment(origin)
    return pd.DataFrame({"mean": [frame.loc[known, "net_value"].mean()]})


def test_a_forecaster_that_reads_the_future_is_caught() -> None:
    with pytest.raises(LeakError, match="column mean"):
        insist_on_no_leak(mean_of_all, {"purchases": purchases([-3, -1, 5])}, ORIGIN)


def test_an_honest_forecaster_passes_and_its_forecast_is_given() -> None:
    forecast = insist_on_no_leak(mean_of_known, {"purchases": purchases([-3, -1, 5])}, ORIGIN)
    assert forecast["mean"].tolist() == [-2.0]


def test_a_forecaster_that_forecasts_for_those_to_come_is_caught() -> None:
    def one_row_each(tables: Mapping[str, pd.DataFrame], origin: datetime) -> pd.DataFrame:
        del origin
        return tables["purchases"][["net_value"]]

    with pytest.raises(LeakError, match="2 rows become 3"):
        insist_on_no_leak(one_row_each, {"purchases": purchases([-3, -1, 5])}, ORIGIN)
