"""Outcomes stand beside the decision whose touch they follow."""

import pandas as pd

from graph.decision_outcomes import outcomes_by_decision


def at(hour: int) -> pd.Timestamp:
    return pd.Timestamp("2026-03-01", tz="UTC") + pd.Timedelta(hours=hour)


def touches(*rows: tuple[str, str, str | None, pd.Timestamp]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["touch_id", "customer_id", "asset_id", "sent_at"]).assign(channel_id="email")


def outcomes(*rows: tuple[str, str | None, str | None, str | None, pd.Timestamp]) -> pd.DataFrame:
    columns = ["outcome_id", "touch_id", "customer_id", "asset_id", "occurred_at"]
    return pd.DataFrame(rows, columns=columns).assign(name="redeemed", value=1.0)


def followed(told: pd.DataFrame, sent: pd.DataFrame) -> dict[str, str]:
    found = outcomes_by_decision(told, sent)
    return dict(zip(found["outcome_id"], found["decision_id"], strict=True))


def test_an_outcome_that_names_its_touch_follows_that_one() -> None:
    told = outcomes(("o", "t1", None, None, at(9)))
    assert followed(told, touches(("t1", "ann", "milk", at(1)))) == {"o": "t1"}


def test_one_that_names_customer_and_asset_follows_the_latest_touch_up_to_its_moment() -> None:
    sent = touches(("t1", "ann", "milk", at(1)), ("t2", "ann", "milk", at(5)), ("t3", "ann", "milk", at(9)))
    told = outcomes(
        ("before", None, "ann", "milk", at(0)),
        ("exactly", None, "ann", "milk", at(5)),
        ("between", None, "ann", "milk", at(8)),
        ("after", None, "ann", "milk", at(20)),
        ("of another asset", None, "ann", "tea", at(20)),
        ("of somebody else", None, "bob", "milk", at(20)),
    )
    assert followed(told, sent) == {"exactly": "t2", "between": "t2", "after": "t3"}


def test_an_outcome_of_no_touch_is_left_out() -> None:
    assert followed(outcomes(("o", None, "ann", None, at(9))), touches()) == {}
    assert followed(outcomes(), touches(("t1", "ann", "milk", at(1)))) == {}
