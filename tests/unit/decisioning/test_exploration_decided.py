"""A decision that explores: within limits and policies, with the probability of what was done on every record."""

import numpy as np
import pytest

from decisioning.alternatives import SMALLEST_LEAD
from decisioning.explain import explain
from tests.unit.decisioning.world import World

SHARE = 0.4
ROOM = 60


@pytest.fixture
def crowd(shop: World) -> World:
    """Two hundred customers, a reminder and a coupon, two channels, the cheaper of which has little room."""
    shop.channels.clear()
    shop.channel("email", capacity=ROOM).channel("mail", cost=0.01)
    shop.customers.clear()
    shop.rhythms.clear()
    for number in range(200):
        shop.customer(f"{number:03}").rhythm(f"{number:03}", "MILK", margin_none=5.0 + number / 100)
    shop.asset("milk-news", "MILK", kind="coupon")
    shop.options |= {"exploration": SHARE, "seed": 3}
    return shop


def test_without_exploration_every_decision_was_certain(crowd: World) -> None:
    crowd.options["exploration"] = 0.0
    decisions = crowd.decide()
    assert (decisions.records["propensity"] == 1.0).all()
    assert decisions.assignments.empty
    assert decisions.summary["exploration"] == {"customers": 0, "cost": 0.0}


def test_limits_hold_and_records_say_how_likely_what_was_done_was(crowd: World) -> None:
    crowd.options["exploration"] = 0.0
    best = crowd.decide().records.set_index("customer_id")
    crowd.options["exploration"] = SHARE
    decisions = crowd.decide()
    records = decisions.records.set_index("customer_id")
    assert (records["channel_id"] == "email").sum() <= ROOM
    is_other = (records["asset_id"].fillna("") + records["channel_id"].fillna("")) != (
        best["asset_id"].fillna("") + best["channel_id"].fillna("")
    )
    known = records["propensity"].notna()
    assert 0.1 < (is_other & known).mean() < SHARE
    assert (records.loc[is_other & known, "propensity"] <= SHARE / 2).all()
    assert (records.loc[~is_other & known, "propensity"] >= 1 - SHARE).all()
    assert not (is_other & ~known).any(), "what was undone is as it would have been"
    silent = records[records["verb"] == "none"]
    assert set(silent["none_reason"]) == {"explored: chance chose to do nothing"}
    assert decisions.summary["exploration"]["customers"] == int(is_other.sum())
    assert decisions.summary["value"] == pytest.approx(records["value"].sum())
    assert decisions.summary["exploration"]["cost"] == pytest.approx(best["value"].sum() - records["value"].sum())
    nothing = decisions.assignments[decisions.assignments["arm"] == "nothing"]
    assert set(nothing["customer_id"]) == set(silent.index)


def test_another_day_draws_others_and_the_same_day_the_same(crowd: World) -> None:
    first, again = crowd.decide().records, crowd.decide().records
    assert first["channel_id"].tolist() == again["channel_id"].tolist()
    crowd.options["seed"] = 4
    assert first["channel_id"].tolist() != crowd.decide().records["channel_id"].tolist()


def test_an_explored_decision_says_that_chance_chose(crowd: World) -> None:
    records = crowd.decide().records
    cards = [
        explain(record, timezone="UTC") for record in records.assign(decision_id="d", run_id="r").to_dict("records")
    ]
    chosen_by_chance = {card["customer_id"] for card in cards if card["is_explored"]}
    assert len(chosen_by_chance) == crowd.decide().summary["exploration"]["customers"]
    for card in cards:
        if card["is_explored"] and card["margin_to_runner_up"] < -SMALLEST_LEAD:
            assert card["alternatives"][0]["why_not"].endswith("more; chance chose otherwise, to learn")
        assert card["propensity"] is None or 0 < card["propensity"] <= 1


def test_who_is_held_out_is_not_explored(crowd: World) -> None:
    crowd.options["holdout_share"] = 0.5
    decisions = crowd.decide()
    held = decisions.records.loc[decisions.records["is_ghost"], "customer_id"]
    assert len(held) > 50
    assert not np.isin(decisions.assignments["customer_id"], held).any()
