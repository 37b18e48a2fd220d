"""What is supplied overrides what is forecast; where nothing is supplied, policies read the forecast."""

from dataclasses import replace

import numpy as np
import pytest

from decisioning.decide import decide, propose
from decisioning.lifetime_values import with_lifetime_values
from decisioning.settings import PolicySpecification
from forecasting.values.lifetime_value import LifetimeValue
from tests.unit.decisioning.world import World


def forecast(**pclv: float) -> LifetimeValue:
    """A lifetime value of some customers, called `c1` here and `1` in the world."""
    keys = np.array(sorted(name.removeprefix("c") for name in pclv), dtype=object)
    values = np.array([pclv[f"c{key}"] for key in keys])
    times = np.full(len(keys), np.datetime64("2017-12-01", "us"))
    return LifetimeValue(
        keys, np.ones(len(keys), dtype=np.int32), values, values, times, times, times, values, values, values, values,
        365, 0.8, "fitted", "BG/NBD", "revenue",
    )  # fmt: skip


def test_the_forecast_fills_in_where_nothing_was_supplied() -> None:
    view = World().customer("1", pclv=500.0).customer("2").customer("3").view()
    filled = with_lifetime_values(view, forecast(c1=7.0, c2=9.0))
    np.testing.assert_array_equal(filled.customers.frame["pclv"].to_numpy(dtype=float), [500.0, 9.0, np.nan])
    assert view.customers.frame["pclv"].isna().sum() == 2, "the view itself stays as it was"


def test_nothing_is_filled_in_without_a_forecast() -> None:
    view = World().customer("1").view()
    assert with_lifetime_values(view, None) is view
    assert with_lifetime_values(view, forecast()) is view


def test_filling_in_twice_is_filling_in_once() -> None:
    once = with_lifetime_values(World().customer("1").view(), forecast(c1=9.0))
    again = with_lifetime_values(once, forecast(c1=11.0))
    assert again.customers.frame.equals(once.customers.frame)


@pytest.mark.parametrize(("pclv", "verb"), [(299.99, "none"), (300.0, "send")])
def test_a_policy_reads_the_forecast_of_a_customer_without_an_estimate(shop: World, pclv: float, verb: str) -> None:
    policy = PolicySpecification("protect", "deny", "No.", None, "customer.pclv < 300")
    shop.options["policies"] = (policy,)
    forecasts = replace(shop.forecasts(), lifetime_value=forecast(c1=pclv))
    view, settings = shop.view(), shop.settings()
    motives = propose(view, forecasts, settings, shop.as_of)
    decided = decide(view, motives, forecasts, settings, shop.past_touches(), as_of=shop.as_of)
    assert decided.records.set_index("customer_id").loc["1", "verb"] == verb
