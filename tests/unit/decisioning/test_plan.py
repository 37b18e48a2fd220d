from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from decisioning.errors import DecisioningError
from decisioning.plan import Plan, horizon_days, plan
from decisioning.settings import LimitSettings, PolicySpecification
from tests.unit.decisioning.world import World


def planned(world: World, horizon: int = 7, asked: frozenset[str] = frozenset()) -> Plan:
    return plan(
        world.view(),
        world.forecasts(),
        world.settings(),
        world.past_touches(),
        as_of=world.as_of,
        horizon=horizon,
        asked=asked,
    )


def days_of(made: Plan, customer: str) -> list[int]:
    return made.sends.loc[made.sends["customer_id"] == customer, "day"].tolist()


def capped(world: World, days: float) -> World:
    world.options["policies"] = (PolicySpecification("at-most", "cap", "Nobody likes a flood.", count=1, days=days),)
    return world


def test_the_first_day_is_what_is_decided_today(shop: World) -> None:
    shop.customer("2").rhythm("2", "MILK")
    made, records = planned(shop, horizon=3), shop.decide().records
    first = made.sends[made.sends["day"] == 0]
    sent = records[records["verb"] == "send"]
    pd.testing.assert_frame_equal(
        first[["customer_id", "asset_id", "channel_id", "send_at", "value"]].reset_index(drop=True),
        sent[["customer_id", "asset_id", "channel_id", "send_at", "value"]].reset_index(drop=True),
    )


def test_a_motive_whose_window_opens_later_is_planned_for_its_day(shop: World) -> None:
    shop.rhythms[0] |= {"due_in": 8.0}
    days = days_of(planned(shop), "1")
    assert days
    assert min(days) > 0
    assert shop.record("1")["verb"] == "none", "today there is no reason yet"


def test_what_a_day_sends_counts_for_the_caps_of_the_days_after_it(shop: World) -> None:
    shop.rhythms[0] |= {"interval_days": 60.0, "due_in": 5.0}
    everyday = days_of(planned(shop), "1")
    assert everyday == list(range(everyday[0], everyday[-1] + 1)), "without a cap a reason holds on every day"
    assert len(everyday) > 5
    spaced = days_of(planned(capped(shop, 3)), "1")
    assert spaced == everyday[::3]


def test_what_others_are_going_to_send_keeps_its_place(shop: World) -> None:
    shop.rhythms[0] |= {"interval_days": 60.0, "due_in": 5.0}
    capped(shop, 3).touch("1", "email", shop.as_of + timedelta(days=4, hours=9))
    assert {2, 3, 4, 5, 6} & set(days_of(planned(shop), "1")) == set()


def test_a_days_capacity_holds_on_every_day(shop: World) -> None:
    for number in range(2, 7):
        shop.customer(str(number)).rhythm(str(number), "MILK")
    shop.channel("email", capacity=2)
    capped(shop, 30)
    made = planned(shop, horizon=4)
    assert made.sends.groupby("day").size().tolist() == [2, 2, 2]
    assert made.sends["customer_id"].is_unique, "who was heard is capped, so that the others' turn comes"


def test_a_budget_that_lasts_longer_than_a_day_is_used_up_by_the_days_before(shop: World) -> None:
    """Three offers may be open at once; whose offer has lapsed makes room for another one."""
    shop.offer("off", unit_cost=0.0)
    shop.assets["milk-reminder"] |= {"offer": "off"}
    for number in range(2, 9):
        shop.customer(str(number)).rhythm(str(number), "MILK")
    shop.channel("email", capacity=2)
    shop.options["limits"] = (LimitSettings("open offers", most=3, per="standing", offers=("any",)),)
    first = shop.past_touches()
    lapsing = pd.DataFrame(
        {
            "customer_id": ["8"],
            "channel_id": ["email"],
            "sent_at": pd.DatetimeIndex([shop.as_of - timedelta(days=3)]).astype("datetime64[us, UTC]"),
            "asset_id": ["milk-reminder"],
            "liability": ["reserved"],
            "lapses_at": pd.DatetimeIndex([shop.as_of + timedelta(days=2)]).astype("datetime64[us, UTC]"),
        }
    )
    touches = pd.concat([part for part in (first, lapsing) if len(part)], ignore_index=True)
    made = plan(shop.view(), shop.forecasts(), shop.settings(), touches, as_of=shop.as_of, horizon=4)
    assert made.sends.groupby("day").size().reindex(range(4), fill_value=0).tolist() == [2, 0, 1, 0]


def test_days_without_a_send_are_explained_for_whom_one_asks_about(shop: World) -> None:
    shop.customer("2")
    made = planned(capped(shop, 30), horizon=3, asked=frozenset({"1"}))
    assert days_of(made, "1") == [0]
    assert made.unspoken["customer_id"].unique().tolist() == ["1"]
    assert made.unspoken["day"].tolist() == [1, 2]
    assert made.unspoken["none_reason"].iloc[0] == "refused by policy: at-most"


def test_somebody_who_is_held_out_hears_nothing(shop: World) -> None:
    shop.options["holdout_share"] = 1.0
    assert planned(shop, horizon=3).sends.empty


def test_each_day_is_told_before_it_is_decided(shop: World) -> None:
    told: list[tuple[datetime, int]] = []
    made = plan(
        shop.view(),
        shop.forecasts(),
        shop.settings(),
        shop.past_touches(),
        as_of=shop.as_of,
        horizon=3,
        report=lambda day, sends: told.append((day, sends)),
    )
    assert [day for day, _ in told] == list(made.days)
    assert told[0][1] == 0


def test_days_begin_at_local_midnight_whatever_clocks_do() -> None:
    as_of = datetime(2017, 11, 4, 15, tzinfo=UTC)
    days = horizon_days(as_of, 4, "America/New_York")
    assert days[0] == as_of
    assert [day.astimezone(UTC).hour for day in days[1:]] == [4, 5, 5], "the 5th has 25 hours"


@pytest.mark.parametrize("horizon", [0, -1, 93])
def test_a_horizon_that_is_none_is_refused(horizon: int) -> None:
    with pytest.raises(DecisioningError, match="cannot be planned"):
        horizon_days(datetime(2017, 11, 4, tzinfo=UTC), horizon, "UTC")
