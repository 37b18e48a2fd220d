from datetime import timedelta

import pandas as pd
import pytest

from decisioning.decide import Decisions
from decisioning.errors import DecisioningError
from decisioning.recheck import refusing_policies
from decisioning.settings import PolicySpecification
from tests.unit.decisioning.world import World


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
