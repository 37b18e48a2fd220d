"""All forecasts together: what happens without some tables, and storing them exactly."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ForecastingError
from forecasting.forecast import forecast, from_tables, to_tables
from forecasting.frames import FACTS
from forecasting.settings import ForecastSettings, Prior
from forecasting.values import Cadence, Forecasts

Purchases = Callable[[Mapping[tuple[str, str], Sequence[int]]], pd.DataFrame]
Products = Callable[..., pd.DataFrame]
World = tuple[pd.DataFrame, pd.DataFrame]

SETTINGS = ForecastSettings(margin_pct=25, uplift={"coupon": Prior(0.04, 0, 0.08)}, redemption_prior=0.02)


def _forecast(tables: Mapping[str, pd.DataFrame], as_of: datetime, settings: ForecastSettings = SETTINGS) -> Forecasts:
    return forecast(tables, settings, as_of=as_of, timezone="UTC", seed=1)


def _assets() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "asset_id": ["b", "a", "reminder"],
            "version": "1",
            "kind": ["coupon", "coupon", "message"],
            "categories": [["milk"], ["bread", "nowhere"], ["milk"]],
            "offer_id": ["o1", "o2", None],
        }
    )


def _assert_same(first: Forecasts, second: Forecasts) -> None:
    assert first.response is second.response is None
    for part in [part for part in fields(Forecasts) if part.name in ("cadence", "recent", "uplift", "redemption")]:
        for entry in fields(getattr(first, part.name)):
            ours = getattr(getattr(first, part.name), entry.name)
            theirs = getattr(getattr(second, part.name), entry.name)
            if isinstance(ours, np.ndarray):
                assert ours.dtype == theirs.dtype, entry.name
                np.testing.assert_array_equal(ours, theirs)
            else:
                assert ours == theirs or (np.isnan(ours) and np.isnan(theirs)), entry.name


def test_a_world_with_purchases_alone_is_forecast_from_rhythm_and_priors(busy_world: World, as_of: datetime) -> None:
    purchases, products = busy_world
    forecasts = _forecast({"purchases": purchases, "products": products, "assets": _assets()}, as_of)
    assert forecasts.cadence.source.startswith("calibrated")
    assert forecasts.cadence.margin_basis == "margin_pct"
    assert forecasts.redemption.source.startswith("stated prior")
    assert forecasts.redemption.asset_id.tolist() == ["a", "b"]
    assert set(forecasts.redemption.customer_id) == set(purchases["customer_id"])
    assert forecasts.uplift.asset_kind.tolist() == ["coupon"]


def test_an_empty_world_has_empty_forecasts(as_of: datetime) -> None:
    forecasts = _forecast({}, as_of)
    assert len(forecasts.cadence.customer_id) == 0
    assert len(forecasts.redemption.customer_id) == 0
    assert forecasts.cadence.source.startswith("uncalibrated")


def test_listed_customers_who_never_bought_can_redeem_too(
    purchases_of: Purchases, products_of: Products, as_of: datetime
) -> None:
    tables = {
        "purchases": purchases_of({("a", "milk"): [3], ("later", "milk"): [-3]}),
        "products": products_of("milk"),
        "customers": pd.DataFrame({"customer_id": ["z", "a"]}),
    }
    assert _forecast(tables, as_of).redemption.customer_id.tolist() == ["a", "z"]


def test_optional_columns_may_be_absent(purchases_of: Purchases, products_of: Products, as_of: datetime) -> None:
    purchases = purchases_of({("a", "milk"): [3, 10]}).drop(columns="quantity")
    forecasts = _forecast({"purchases": purchases, "products": products_of("milk")}, as_of)
    assert forecasts.cadence.shopping_days.tolist() == []  # without quantity a line counts for value only


def test_a_required_column_that_is_absent_is_named(busy_world: World, as_of: datetime) -> None:
    with pytest.raises(ForecastingError, match="products: The table has no column category_id"):
        _forecast({"purchases": busy_world[0], "products": busy_world[1].drop(columns="category_id")}, as_of)


def test_customers_without_their_key_are_refused(as_of: datetime) -> None:
    with pytest.raises(ForecastingError, match="customers: The table has no column customer_id"):
        _forecast({"customers": pd.DataFrame({"name": ["a"]})}, as_of)


def test_forecasts_survive_being_stored_to_the_last_bit(busy_world: World, as_of: datetime) -> None:
    purchases, products = busy_world
    forecasts = _forecast({"purchases": purchases, "products": products, "assets": _assets()}, as_of)
    stored = {name: BytesIO(frame.to_parquet(index=False)) for name, frame in to_tables(forecasts).items()}
    _assert_same(forecasts, from_tables({name: pd.read_parquet(file) for name, file in stored.items()}))


def test_empty_forecasts_survive_being_stored(as_of: datetime) -> None:
    forecasts = _forecast({}, as_of, ForecastSettings())
    _assert_same(forecasts, from_tables(to_tables(forecasts)))


def test_stored_rows_may_come_back_in_any_order(busy_world: World, as_of: datetime) -> None:
    forecasts = _forecast({"purchases": busy_world[0], "products": busy_world[1], "assets": _assets()}, as_of)
    shuffled = {name: frame.sample(frac=1, random_state=4) for name, frame in to_tables(forecasts).items()}
    _assert_same(forecasts, from_tables(shuffled))


def test_tables_have_the_types_that_pass_between_rooms(busy_world: World, as_of: datetime) -> None:
    tables = to_tables(_forecast({"purchases": busy_world[0], "products": busy_world[1]}, as_of))
    types = tables["forecast_cadence"].dtypes.astype(str).to_dict()
    assert types["customer_id"] == "object"
    assert types["last_at"] == types["due_at"] == "datetime64[us, UTC]"
    assert types["p_purchase"] == "float64"
    assert set(types) == {entry.name for entry in fields(Cadence)} - {"source", "margin_basis"}


def test_a_stored_table_that_is_missing_is_named(as_of: datetime) -> None:
    tables = to_tables(_forecast({}, as_of))
    del tables["forecast_recent"]
    with pytest.raises(ForecastingError, match="forecast_recent: The table is missing"):
        from_tables(tables)


def test_facts_must_be_one_row(as_of: datetime) -> None:
    tables = to_tables(_forecast({}, as_of))
    with pytest.raises(ForecastingError, match="There are 0 rows instead of one"):
        from_tables(tables | {FACTS: tables[FACTS].iloc[:0]})


def test_an_unknown_grade_is_refused(as_of: datetime) -> None:
    tables = to_tables(_forecast({}, as_of))
    with pytest.raises(ForecastingError, match="no evidence grade `certain`"):
        from_tables(tables | {FACTS: tables[FACTS].assign(uplift_grade="certain")})
