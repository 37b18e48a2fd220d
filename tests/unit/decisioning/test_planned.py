"""What other systems are going to send uses up caps before anything of ours does."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisioning.decide import decide, propose
from decisioning.planned import with_planned
from decisioning.settings import PolicySpecification
from tests.unit.decisioning.test_schedule import SENT_AT
from tests.unit.decisioning.world import World


def planned(*plans: Mapping[str, Any]) -> pd.DataFrame:
    """Touches that another system will send to customer 1 by e-mail, a minute after ours unless said otherwise."""
    usual = {"customer_id": "1", "audience": None, "channel_id": "email", "send_at": SENT_AT + timedelta(minutes=1)}
    rows = [{"touch_id": f"p{number}", **usual, **plan} for number, plan in enumerate(plans)]
    return pd.DataFrame(rows).astype({"send_at": "datetime64[us, UTC]"})


def sent(world: World) -> pd.DataFrame:
    """The world's touches, with keys."""
    touches = world.past_touches()
    return touches.assign(touch_id=[f"t{number}" for number in range(len(touches))])


def verb(world: World, plans: pd.DataFrame) -> str:
    """What is decided for customer 1."""
    view, forecasts, settings = world.view(), world.forecasts(), world.settings()
    touches = with_planned(sent(world), plans, view, settings)
    motives = propose(view, forecasts, settings, world.as_of)
    records = decide(view, motives, forecasts, settings, touches, as_of=world.as_of).records
    return str(records.set_index("customer_id").loc["1", "verb"])


def capped(world: World, count: int, days: float) -> World:
    world.options["policies"] = (
        PolicySpecification("at-most", "cap", "Nobody likes to be flooded.", None, None, count=count, days=days),
    )
    return world


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(0), "none"),
        (timedelta(days=7) - timedelta(microseconds=1), "none"),
        (timedelta(days=7), "send"),
        (timedelta(days=-7) + timedelta(microseconds=1), "none"),
        (timedelta(days=-7), "send"),
    ],
)
def test_a_planned_touch_uses_up_the_cap_of_every_window_that_holds_it_and_ours(
    shop: World, after: timedelta, expected: str
) -> None:
    assert verb(capped(shop, 1, 7), planned({"send_at": SENT_AT + after})) == expected


def test_a_window_that_does_not_hold_both_is_not_full(shop: World) -> None:
    capped(shop, 2, 7).touch("1", "email", SENT_AT - timedelta(days=6))
    assert verb(shop, planned({"send_at": SENT_AT + timedelta(days=6)})) == "send"
    assert verb(shop, planned({"send_at": SENT_AT + timedelta(hours=23)})) == "none"
    assert verb(shop, planned({"send_at": SENT_AT + timedelta(days=1)})) == "send"


def test_what_was_planned_and_sent_counts_once(shop: World) -> None:
    capped(shop, 2, 7).touch("1", "email", SENT_AT - timedelta(days=1))
    assert verb(shop, planned({"touch_id": "t0", "send_at": SENT_AT - timedelta(days=1)})) == "send"
    assert verb(shop, planned({"touch_id": "another", "send_at": SENT_AT - timedelta(days=1)})) == "none"


def test_a_touch_planned_for_an_audience_uses_up_the_caps_of_its_members(shop: World) -> None:
    shop.options["audiences"] = {"valued": "customer.pclv >= 500"}
    to_all = planned({"customer_id": None, "audience": "valued"})
    shop.customer("1", pclv=499.99)
    assert verb(capped(shop, 1, 7), to_all) == "send"
    shop.customer("1", pclv=500.0)
    assert verb(capped(shop, 1, 7), to_all) == "none"


def test_a_touch_planned_for_an_audience_that_nobody_has_defined_counts_for_everybody(shop: World) -> None:
    shop.options["audiences"] = {"valued": "customer.pclv >= 500"}
    shop.customer("1", pclv=499.99)
    to_a_list = planned({"customer_id": None, "audience": "subscribers of the newsletter"})
    assert verb(capped(shop, 1, 7), to_a_list) == "none"
    assert verb(capped(shop, 2, 7), to_a_list) == "send"


def test_without_plans_the_touches_stay_as_they_are(shop: World) -> None:
    shop.touch("1", "email", SENT_AT - timedelta(days=1))
    touches = sent(shop)
    assert with_planned(touches, planned({}).iloc[:0], shop.view(), shop.settings()) is touches


HOURS = st.lists(st.integers(-200, 200), max_size=6)


@settings(max_examples=40, deadline=None)
@given(past_and_to_come=HOURS, count=st.integers(1, 3), days=st.sampled_from([1.0, 3.0, 7.0]))
def test_a_cap_is_reached_when_any_window_that_holds_the_send_is_full(
    past_and_to_come: list[int], count: int, days: float
) -> None:
    shop = World().customer("1").category("MILK").channel("email").asset("milk-reminder", "MILK").rhythm("1", "MILK")
    moments: list[datetime] = [SENT_AT + timedelta(hours=hours) for hours in past_and_to_come]
    plans = planned(*({"send_at": moment} for moment in moments)) if moments else planned({}).iloc[:0]
    window = timedelta(days=days)
    ends = [SENT_AT, *(moment for moment in moments if SENT_AT < moment < SENT_AT + window)]
    fullest = max(sum(end - window < moment <= end for moment in moments) for end in ends)
    assert verb(capped(shop, count, days), plans) == ("none" if fullest >= count else "send")
