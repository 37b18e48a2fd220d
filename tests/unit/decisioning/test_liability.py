"""What offers may still cost: reserved, until redeemed or lapsed."""

from datetime import UTC, datetime, timedelta

import pandas as pd

from decisioning.liability import with_liability
from tests.unit.decisioning.world import AS_OF, World

SENT = datetime(2017, 11, 1, 9, tzinfo=UTC)


def shop() -> World:
    world = World().channel("email").customer("1").category("MILK").rhythm("1", "MILK")
    world.offer("ten-off", face_value=10.0, valid_days=7.0)
    world.offer("until-christmas", face_value=10.0, redemption_ends_at=datetime(2017, 12, 24, tzinfo=UTC))
    world.asset("coupon", "MILK", offer="ten-off", kind="coupon")
    world.asset("card", "MILK", offer="until-christmas", kind="coupon")
    return world.asset("story", "MILK")


def touches(*assets: str) -> pd.DataFrame:
    rows = [(f"t{place}", "1", asset, SENT) for place, asset in enumerate(assets)]
    frame = pd.DataFrame(rows, columns=["touch_id", "customer_id", "asset_id", "sent_at"])
    return frame.assign(sent_at=pd.to_datetime(frame["sent_at"], utc=True))


def outcomes(*rows: tuple[str | None, str, datetime]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["touch_id", "asset_id", "occurred_at"])
    return frame.assign(name="redeemed", customer_id="1", occurred_at=pd.to_datetime(frame["occurred_at"], utc=True))


def states(at: datetime, made: pd.DataFrame, *sent: str) -> list[str | None]:
    return with_liability(touches(*sent), made, shop().view(), at)["liability"].tolist()


def test_an_offer_is_reserved_to_its_last_moment_and_lapses_with_it() -> None:
    end = SENT + timedelta(days=7)
    assert states(end - timedelta(microseconds=1), outcomes(), "coupon", "story") == ["reserved", None]
    assert states(end, outcomes(), "coupon", "card") == ["lapsed", "reserved"]
    assert states(datetime(2017, 12, 24, tzinfo=UTC), outcomes(), "card") == ["lapsed"]


def test_a_redemption_ends_the_reservation_of_its_touch_or_of_the_latest_one_before_it() -> None:
    assert states(AS_OF, outcomes(("t0", "card", SENT)), "card", "card") == ["redeemed", "reserved"]
    unnamed = outcomes((None, "card", SENT + timedelta(days=1)))
    assert states(AS_OF, unnamed, "card", "card") == ["reserved", "redeemed"]
    assert states(AS_OF, outcomes((None, "card", SENT - timedelta(days=1))), "card") == ["reserved"]


def test_without_touches_nothing_is_reserved() -> None:
    assert with_liability(touches(), outcomes(), shop().view(), AS_OF)["liability"].tolist() == []
