"""A forecast that is no number, or is infinite, is refused by name: it would win or lose a day without a word."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from decisioning.decide import decide, propose
from decisioning.errors import DecisioningError
from decisioning.finite import OF_CADENCE
from forecasting.values import Forecasts
from tests.unit.decisioning.world import World

BAD = (float("nan"), float("inf"), float("-inf"))


@pytest.fixture
def kiosk(world: World) -> World:
    """Two people who buy milk, and a coupon about it."""
    world.category("MILK").channel("email").offer("off", discount_pct=10.0)
    world.asset("coupon", "MILK", kind="coupon", offer="off")
    return world.customer("1", "2").rhythm("1", "MILK").rhythm("2", "MILK")


def spoilt(forecasts: Forecasts, part: str, **columns: Any) -> Forecasts:
    return replace(forecasts, **{part: replace(getattr(forecasts, part), **columns)})


def insist_on_refusal(world: World, forecasts: Forecasts, said: str) -> None:
    with pytest.raises(DecisioningError, match=said):
        propose(world.view(), forecasts, world.settings(), world.as_of)
    with pytest.raises(DecisioningError, match=said):
        decide(world.view(), world.propose(), forecasts, world.settings(), world.past_touches(), as_of=world.as_of)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", OF_CADENCE)
def test_a_rhythm_that_is_no_finite_number_is_named_with_its_customer(kiosk: World, name: str, bad: float) -> None:
    forecasts = kiosk.forecasts()
    values = getattr(forecasts.cadence, name).copy()
    values[1] = bad
    insist_on_refusal(kiosk, spoilt(forecasts, "cadence", **{name: values}), f"`{name}` of the customer 2 in .* MILK")


@pytest.mark.parametrize("bad", BAD)
def test_so_is_redemption(kiosk: World, bad: float) -> None:
    insist_on_refusal(kiosk, spoilt(kiosk.forecasts(), "redemption", intercept=bad), "`redemption` of the term")


def test_an_infinite_uplift_is_refused_and_a_missing_one_only_where_it_is_used(kiosk: World) -> None:
    uplift = kiosk.forecasts().uplift
    for column in ("mean", "sd"):
        infinite = spoilt(kiosk.forecasts(), "uplift", **{column: np.full(len(uplift.mean), np.inf)})
        insist_on_refusal(kiosk, infinite, "uplift` of the kind coupon is inf")
    unused = np.where(uplift.asset_kind == "reminder", np.nan, uplift.mean)
    forecasts = spoilt(kiosk.forecasts(), "uplift", mean=unused)
    made = decide(kiosk.view(), kiosk.propose(), forecasts, kiosk.settings(), kiosk.past_touches(), as_of=kiosk.as_of)
    assert made.records["asset_id"].tolist() == ["coupon", "coupon"]
