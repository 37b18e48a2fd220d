"""Units from canonical tables, judged beside rivals, with nothing read from the future."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from forecasting.backtest import LeakError, insist_on_no_leak
from forecasting.demand.backtest import backtest_demand
from forecasting.demand.forecast import forecast_demand
from forecasting.demand.scoring import drawn_ratios
from forecasting.demand.settings import DemandSettings
from forecasting.demand.tables import read_panel
from forecasting.errors import ForecastingError, TooLittleDataError

AS_OF = datetime(2026, 6, 1, 4, tzinfo=UTC)  # Monday, midnight in New York
ZONE = "America/New_York"
WEEKS = 24
SETTINGS = DemandSettings(origins=4)
CATEGORIES = ("dairy/milk", "dairy/cheese", "bakery/bread", "bakery/rolls")


def in_utc(times: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return times.tz_localize(ZONE).tz_convert("UTC").as_unit("us")


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """Half a year of lines at noon on every day, eight products in four categories in two departments."""
    draws = np.random.default_rng(8)
    days = pd.date_range(end="2026-05-31 12:00", periods=7 * WEEKS, freq="D")
    products = pd.DataFrame(
        {"product_id": [f"p{n}" for n in range(8)], "category_id": [CATEGORIES[n // 2] for n in range(8)]}
    )
    rows = len(days) * 8
    purchases = pd.DataFrame(
        {
            "order_id": [f"o{number}" for number in range(rows)],
            "customer_id": draws.choice(["anna", "ben", "cleo"], rows),
            "kind": "sale",
            "net_value": 1.0,
            "occurred_at": np.repeat(in_utc(days), 8),
            "product_id": np.tile(products["product_id"], len(days)),
            "quantity": draws.poisson(np.tile(np.arange(1, 9) * 2.0, len(days))).astype(float),
        }
    )
    categories = pd.DataFrame(
        {
            "category_id": [*CATEGORIES, "dairy", "bakery"],
            "name": "n",
            "parent_id": ["dairy", "dairy", "bakery", "bakery", None, None],
        }
    )
    return {"purchases": purchases, "products": products, "categories": categories}


def forecast(tables: Mapping[str, pd.DataFrame], settings: DemandSettings = SETTINGS) -> pd.DataFrame:
    return forecast_demand(tables, settings, as_of=AS_OF, timezone=ZONE, seed=1)


def adds_up(frame: pd.DataFrame) -> bool:
    wholes = frame.set_index(["series", "starts_at"])["mean"]
    below = frame.dropna(subset=["parent"]).groupby(["parent", "starts_at"])["mean"].sum()
    return bool((below == wholes.reindex(below.index)).all())


def test_categories_departments_and_the_total_add_up_exactly(tables: dict[str, pd.DataFrame]) -> None:
    frame = forecast(tables)
    assert set(frame["series"]) == {*(f"category/{one}" for one in (*CATEGORIES, "dairy", "bakery")), "total"}
    assert adds_up(frame)
    assert not frame.drop(columns="parent").isna().any(axis=None)
    total = frame.loc[frame["series"] == "total", "mean"]
    assert total.to_numpy() == pytest.approx(7 * 72.0, rel=0.1)
    assert frame["starts_at"].min() == pd.Timestamp(AS_OF)


def test_the_largest_products_stand_alone_and_the_rest_of_each_category_together(
    tables: dict[str, pd.DataFrame],
) -> None:
    frame = forecast(tables, replace(SETTINGS, by="product", series=3))
    products = {name for name in frame["series"] if name.startswith("product/")}
    assert products == {"product/p7", "product/p6", "product/p5"}
    assert "category/dairy/milk/others" in set(frame["series"])
    assert adds_up(frame)


def test_audiences_may_overlap_and_each_adds_up(tables: dict[str, pd.DataFrame]) -> None:
    members = pd.DataFrame(
        {"customer_id": ["anna", "anna", "ben"], "audience_id": ["regulars", "families", "families"]}
    )
    settings = replace(SETTINGS, by="audience")
    frame = forecast({**tables, "audience_members": members}, settings)
    assert {"audience/regulars", "audience/families"} <= set(frame["series"])
    assert "total" not in set(frame["series"])
    assert adds_up(frame)
    with pytest.raises(ForecastingError, match="no table audience_members"):
        forecast(tables, settings)


def test_excluded_categories_take_all_below_them_out(tables: dict[str, pd.DataFrame]) -> None:
    frame = forecast(tables, replace(SETTINGS, excluded_categories=("dairy",)))
    assert not frame["series"].str.contains("dairy").any()


def test_returns_are_taken_off(tables: dict[str, pd.DataFrame]) -> None:
    back = tables["purchases"].assign(kind="return")
    changed = {**tables, "purchases": pd.concat([tables["purchases"], back], ignore_index=True)}
    panel, _ = read_panel(changed, SETTINGS, as_of=AS_OF, timezone=ZONE)
    assert panel.units.sum() == 0
    thrice = {**tables, "purchases": pd.concat([tables["purchases"], back, back], ignore_index=True)}
    panel, _ = read_panel(thrice, SETTINGS, as_of=AS_OF, timezone=ZONE)
    assert panel.units.sum() == 0
    assert any("more returns than sales count as zero" in note for note in panel.notes)


def test_a_week_with_a_closed_day_teaches_nothing(tables: dict[str, pd.DataFrame]) -> None:
    times = tables["purchases"]["occurred_at"].dt.tz_convert(ZONE)
    closed = tables["purchases"][times.dt.date != datetime(2026, 4, 3).date()]  # noqa: DTZ001 - a local date
    panel, _ = read_panel({**tables, "purchases": closed}, SETTINGS, as_of=AS_OF, timezone=ZONE)
    assert (~panel.is_known).sum(axis=1).tolist() == [1] * len(panel.series)
    assert any("fewer than 7 selling days are left out: 1, beginning 2026-03-30" in note for note in panel.notes)


def test_a_promoted_share_is_that_of_the_units_it_concerns(tables: dict[str, pd.DataFrame]) -> None:
    starts = in_utc(pd.DatetimeIndex(["2026-05-11", "2026-06-08"]))
    promotions = pd.DataFrame(
        {"product_id": "p0", "kind": "mailer", "starts_at": starts, "store_id": "*", "ends_at": starts}
    )
    promotions["ends_at"] = promotions["starts_at"] + pd.Timedelta(days=7)
    given = {**tables, "promotions": promotions.astype({"ends_at": "datetime64[us, UTC]"})}
    panel, _ = read_panel(given, replace(SETTINGS, promotions_planned_periods=4), as_of=AS_OF, timezone=ZONE)
    milk = panel.series.tolist().index("category/dairy/milk")
    share = panel.regressors[milk, :, panel.regressor_names.index("promoted_mailer")]
    assert np.flatnonzero(share).tolist() == [WEEKS - 3, WEEKS + 1]
    assert share[WEEKS - 3] == pytest.approx(1 / 3, abs=0.05)
    blind, _ = read_panel(given, SETTINGS, as_of=AS_OF, timezone=ZONE)
    assert np.isnan(blind.regressors[:, WEEKS:]).all()


def test_tables_that_cannot_be_read_say_so(tables: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(ForecastingError, match="no table purchases"):
        forecast({"products": tables["products"]})
    with pytest.raises(TooLittleDataError, match="No units"):
        forecast({**tables, "purchases": tables["purchases"].head(0)})
    with pytest.raises(ForecastingError, match="infinite quantity"):
        forecast({**tables, "purchases": tables["purchases"].assign(quantity=np.inf)})
    with pytest.raises(ForecastingError, match="listed twice"):
        forecast({**tables, "products": pd.concat([tables["products"]] * 2)})


def test_a_category_never_seen_before_as_of_has_no_series(tables: dict[str, pd.DataFrame]) -> None:
    products = pd.concat([tables["products"], pd.DataFrame({"product_id": ["new"], "category_id": ["toys"]})])
    assert not forecast({**tables, "products": products})["series"].str.contains("toys").any()


def test_nothing_is_read_from_the_future_and_a_planted_leak_is_caught(tables: dict[str, pd.DataFrame]) -> None:
    origin = AS_OF - timedelta(weeks=6)

    def honest(known: Mapping[str, pd.DataFrame], at: datetime) -> pd.DataFrame:
        return forecast_demand(known, replace(SETTINGS, origins=1), as_of=at, timezone=ZONE, seed=1)

    def leaking(known: Mapping[str, pd.DataFrame], at: datetime) -> pd.DataFrame:
        # what a join with statistics of the whole table would do
        mean = known["purchases"].groupby("product_id")["quantity"].transform("mean")
        scaled = known["purchases"].assign(quantity=known["purchases"]["quantity"] / mean)
        return honest({**known, "purchases": scaled}, at)

    insist_on_no_leak(honest, tables, origin)
    with pytest.raises(LeakError, match="changes the forecast"):
        insist_on_no_leak(leaking, tables, origin)


def test_a_backtest_scores_us_beside_every_rival(tables: dict[str, pd.DataFrame]) -> None:
    said: list[str] = []
    settings = replace(SETTINGS, origins=3, reported_origins=3, series=2)
    found = backtest_demand(tables, settings, as_of=AS_OF, timezone=ZONE, seed=1, report=said.append)
    wape = found.scores[found.scores["metric"] == "WAPE"].set_index("model")["value"]
    for rival in ("last value", "mean of 4", "mean of 8", "SES", "ETS", "Theta"):
        assert {rival, f"{rival}, pooled calendar"} <= set(wape.index) & set(found.against["rival"])
        against = found.against.set_index("rival").loc[rival]
        assert against["difference"] == pytest.approx(wape["ours"] - wape[rival], abs=1e-12)
        assert against["wins"] == (against["high"] < 0)
    assert set(found.scores["rows"]) == {2 * 3 * 4}
    assert said[-1] == "checking that nothing reads the future"
    assert not found.scores.isna().any(axis=None)
    with pytest.raises(TooLittleDataError, match="too few to report 16 origins"):
        backtest_demand(tables, SETTINGS, as_of=AS_OF - timedelta(weeks=10), timezone=ZONE, seed=1)


def test_intervals_of_ratios_hold_the_ratio_and_shrink_with_more_series() -> None:
    draws = np.random.default_rng(6)
    widths = []
    for n_series in (10, 1000):
        units = draws.uniform(5, 10, (n_series, 200))
        [ratios] = drawn_ratios([0.2 * units * draws.uniform(0, 2, units.shape)], units, 1)
        low, high = np.quantile(ratios, [0.025, 0.975])
        assert low < 0.2 < high
        widths.append(high - low)
    assert widths[1] < widths[0]
