import json
from typing import Any

import pytest

from decisioning.decision_log import seal
from decisioning.explain import explain
from decisioning.settings import PolicySpecification
from tests.unit.decisioning.world import World


def card(world: World, customer: str = "1") -> dict[str, Any]:
    frame = seal(world.decide().records, run_id="run").frame
    record = frame[frame["customer_id"] == customer].iloc[0].to_dict()
    return explain(record, timezone="America/New_York", versions={"code": "abc"})


def test_a_send_is_explained_from_evidence_to_value(shop: World) -> None:
    shop.offer("off", face_value=1.0).asset("milk-reminder", "MILK", kind="coupon", offer="off")
    shop.channel("email", p_opt_out=0.001, future_margin=12.0)
    found = card(shop)
    assert found["action"]["title"] == "Milk-Reminder"
    assert found["action"]["channel"] == "email"
    assert found["action"]["send_at_local"] == "2017-11-13 09:00"
    assert found["action"]["send_at"] == "2017-11-13T14:00:00+00:00"
    assert found["action"]["expires_at_local"] == "2017-11-14 00:00"
    assert found["motive"]["sentence"].startswith("Buys milk about every 14 days")
    assert found["motive"]["evidence"] == [
        "(Customer/1)-[:BOUGHT {count: 10, last_at: 2017-11-01T05:00:00.000000Z}]->(Category/MILK)"
    ]
    assert found["motive"]["facts"]["interval_days"] == 14.0
    assert found["as_of"] == "2017-11-13T05:00:00+00:00"
    assert found["versions"] == {"code": "abc"}
    assert (found["path"][0]["from"], found["path"][-1]["to"]) == ("Customer/1", "Channel/email")


def test_the_terms_of_the_value_add_up_to_its_total(shop: World) -> None:
    shop.offer("off", face_value=1.0).asset("milk-reminder", "MILK", kind="coupon", offer="off")
    shop.channel("email", p_opt_out=0.001, future_margin=12.0)
    value = card(shop)["value"]
    assert list(value)[-1] == "total"
    assert sum(amount for term, amount in value.items() if term != "total") == pytest.approx(value["total"])
    assert value["risk_of_opt_out"] == pytest.approx(-0.012)


def test_the_grade_stands_beside_the_effect(shop: World) -> None:
    found = card(shop)
    assert found["evidence_grade"] == "assumed"
    assert found["confidence"] == 0.6
    assert found["forecast"]["uplift"] == 0.02


def test_a_held_out_customer_is_shown_as_such(shop: World) -> None:
    shop.options["holdout_share"] = 1.0
    found = card(shop)
    assert found["arm"] == "held out"
    assert found["action"]["is_ghost"] is True
    assert found["action"]["verb"] == "send"


def test_doing_nothing_is_explained_as_well(shop: World) -> None:
    shop.options["policies"] = (PolicySpecification("never", "deny", "No.", None, "customer.shopping_days_28d >= 0"),)
    found = card(shop)
    assert found["action"] == {"verb": "none", "is_ghost": False, "none_reason": "refused by policy: never"}
    assert found["motive"] is found["value"] is found["confidence"] is None
    assert found["path"] == []
    assert found["refused_by"] == {"never": 1}
    assert found["alternatives"][0]["why_not"] == "refused by never"
    assert found["alternatives"][0]["price"] == 0.0


def test_an_explanation_is_json(shop: World) -> None:
    shop.customer("2")
    for customer in ("1", "2"):
        assert json.loads(json.dumps(card(shop, customer), allow_nan=False))["customer_id"] == customer
