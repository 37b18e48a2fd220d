from datetime import time, timedelta

import pandas as pd
import pytest

from decisioning.decide import Decisions
from decisioning.errors import DecisioningError
from decisioning.recheck import is_quiet, refusing_policies, without_room
from decisioning.settings import PolicySpecification
from tests.unit.decisioning.world import AS_OF, World


@pytest.fixture
def decided(shop: World) -> Decisions:
    shop.customer("2").rhythm("2", "MILK").channel("mail", cost=1.0)
    shop.options["policies"] = (PolicySpecification("at-most", "cap", "No.", None, None, count=1, days=7),)
    return shop.decide()


def consents(**granted: bool) -> pd.DataFrame:
    rows = [
        {"customer_id": who.removeprefix("c"), "channel_id": "email", "granted": given, "basis": "consent"}
        for who, given in granted.items()
    ]
    return pd.DataFrame(rows, columns=["customer_id", "channel_id", "granted", "basis"])


def test_what_holds_as_it_did_may_leave(shop: World, decided: Decisions) -> None:
    again = refusing_policies(
        shop.view(),
        decided.records,
        shop.settings(),
        consents=consents(c1=True, c2=True),
        touches=shop.past_touches(),
    )
    assert again == [None, None]


def test_consent_that_is_withdrawn_or_gone_keeps_a_send_back(shop: World, decided: Decisions) -> None:
    for now in (consents(c1=True, c2=False), consents(c1=True)):
        again = refusing_policies(
            shop.view(), decided.records, shop.settings(), consents=now, touches=shop.past_touches()
        )
        assert again == [None, "consent"]


@pytest.mark.parametrize("hours", [-24, -1, 1])
def test_a_touch_in_the_meantime_counts_for_caps(shop: World, decided: Decisions, hours: int) -> None:
    shop.touch("1", "mail", decided.records["send_at"].iloc[0] + timedelta(hours=hours))
    again = refusing_policies(
        shop.view(),
        decided.records,
        shop.settings(),
        consents=consents(c1=True, c2=True),
        touches=shop.past_touches(),
    )
    assert again == ["at-most", None]


def test_a_send_that_the_view_does_not_know_is_an_error(shop: World, decided: Decisions) -> None:
    with pytest.raises(DecisioningError, match="asset_id gone"):
        refusing_policies(
            shop.view(),
            decided.records.assign(asset_id="gone"),
            shop.settings(),
            consents=consents(c1=True),
            touches=shop.past_touches(),
        )


def test_nothing_to_send_needs_no_check(shop: World, decided: Decisions) -> None:
    nothing = decided.records.head(0)
    assert (
        refusing_policies(shop.view(), nothing, shop.settings(), consents=consents(), touches=shop.past_touches()) == []
    )


# ---- hours


@pytest.mark.parametrize(
    ("hour", "minute", "quiet"), [(20, 59, [False, False]), (21, 0, [True, False]), (23, 59, [True, False])]
)
def test_a_late_send_does_not_leave_in_quiet_hours(shop: World, hour: int, minute: int, quiet: list[bool]) -> None:
    shop.customer("2", timezone="America/Los_Angeles").rhythm("2", "MILK")
    shop.channel("email", quiet_from=time(21), quiet_until=time(8), send_hour=9)
    sends = shop.decide().records
    assert (sends["verb"] == "send").all()
    now = AS_OF + timedelta(hours=hour, minutes=minute)  # New York's clock; Los Angeles is three hours behind
    assert is_quiet(shop.view(), sends, shop.settings(), now).tolist() == quiet


def test_a_send_that_is_still_to_come_may_be_handed_over_at_night(shop: World) -> None:
    shop.channel("email", quiet_from=time(21), quiet_until=time(8), send_hour=9)
    sends = shop.decide().records
    send_at = sends["send_at"].iloc[0]
    assert not is_quiet(shop.view(), sends, shop.settings(), AS_OF + timedelta(hours=1)).any()
    assert not is_quiet(shop.view(), sends, shop.settings(), send_at).any()


# ---- limits


def batch(*rows: tuple[str, str, float], cost: float = 1.0) -> pd.DataFrame:
    """Sends: decision, channel, value; the customer is named like the decision."""
    frame = pd.DataFrame(rows, columns=["decision_id", "channel_id", "value"])
    return frame.assign(customer_id=frame["decision_id"], touch_cost=cost)


def held(*rows: tuple[str, str], cost: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["decision_id", "channel_id"], dtype=object).assign(cost=cost)


def test_what_another_run_of_the_day_holds_leaves_less_room_and_the_most_valuable_go(shop: World) -> None:
    shop.channel("email", capacity=3).channel("mail")
    sends = batch(("a", "email", 1.0), ("b", "email", 3.0), ("c", "email", 2.0), ("d", "mail", 0.1))
    room = without_room(shop.view(), sends, shop.settings(), held=held(("x", "email"), ("y", "mail")))
    assert room == ["email capacity", None, None, None]


def test_what_a_send_holds_itself_is_not_counted_twice_and_goes_first(shop: World) -> None:
    shop.channel("email", capacity=2)
    sends = batch(("a", "email", 1.0), ("b", "email", 3.0))
    assert without_room(shop.view(), sends, shop.settings(), held=held(("a", "email"))) == [None, None]
    both = held(("a", "email"), ("x", "email"))
    assert without_room(shop.view(), sends, shop.settings(), held=both) == [None, "email capacity"]


def test_money_is_shared_by_the_runs_of_a_day_to_the_last_cent(shop: World) -> None:
    shop.channel("email", budget=3.0).channel("mail")
    shop.options["budget"] = 4.0
    sends = batch(("a", "email", 5.0), ("b", "email", 4.0), ("c", "mail", 3.0), ("d", "mail", 2.0))
    room = without_room(shop.view(), sends, shop.settings(), held=held(("x", "email")))
    assert room == [None, None, None, "total budget"]
    nothing_left = held(("x", "email"), ("y", "email"), ("z", "email"), ("w", "gone"))
    assert without_room(shop.view(), sends, shop.settings(), held=nothing_left) == [
        "email budget",
        "email budget",
        "total budget",
        "total budget",
    ]


def test_without_limits_or_sends_there_is_always_room(shop: World) -> None:
    assert without_room(shop.view(), batch(("a", "email", 1.0)), shop.settings(), held=held()) == [None]
    shop.channel("email", capacity=0)
    assert without_room(shop.view(), batch(), shop.settings(), held=held()) == []
