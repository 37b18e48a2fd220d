"""Four blocks tell a decision, whatever it was: sent, held out, or nothing."""

import json
from typing import Any

import pytest

from decisioning.blocks import four_blocks
from decisioning.decision_log import seal
from decisioning.explain import evidence_steps, explain
from decisioning.settings import PolicySpecification
from tests.unit.decisioning.world import World

Document = dict[str, Any]


def told(world: World) -> tuple[Document, Document]:
    """The card of the customer and its blocks."""
    frame = seal(world.decide().records, run_id="run").frame
    record = frame[frame["customer_id"] == "1"].iloc[0].to_dict()
    card = explain(record, timezone="America/New_York", versions={"code": "abc", "table purchases": "d1"})
    card |= {
        "as_of_day": "2017-11-13",
        "policy_reasons": {"never": "No."},
        "assumed": ["margin pct"],
        "currency": "USD",
        "health": {"level": "ok", "trust": 1.0, "findings": []},
        "outcomes": [],
    }
    evidence = [{**step, "confidence": None, "rests_on": []} for step in evidence_steps(card["path"])]
    return card, four_blocks(card, evidence)


def test_the_blocks_of_a_send_go_from_evidence_to_worth(shop: World) -> None:
    card, blocks = told(shop)
    assert list(blocks) == ["input", "reasoning", "action", "economic_impact"]
    assert [step["type"] for step in blocks["input"]["evidence"]] == ["BOUGHT"]
    assert blocks["input"]["facts"]["interval_days"] == 14.0
    assert blocks["input"]["tables"] == {"purchases": "d1"}
    assert blocks["reasoning"]["confidence"] == card["confidence"] == 0.6
    assert blocks["reasoning"]["assumed"] == ["margin pct"]
    assert blocks["action"]["decision_id"] == card["decision_id"]
    impact = blocks["economic_impact"]
    assert (impact["expected"], impact["is_realised"]) == (card["value"]["total"], True)
    assert impact["low"] <= impact["expected"] <= impact["high"]
    assert json.loads(json.dumps(blocks, allow_nan=False)) == blocks


def test_what_a_ghost_would_bring_is_not_realised(shop: World) -> None:
    shop.options["holdout_share"] = 1.0
    _, blocks = told(shop)
    assert blocks["action"]["is_ghost"]
    assert blocks["economic_impact"]["expected"] > 0
    assert not blocks["economic_impact"]["is_realised"]


def test_doing_nothing_names_what_refused_and_the_best_there_was(shop: World) -> None:
    shop.options["policies"] = (PolicySpecification("never", "deny", "No.", None, "customer.shopping_days_28d >= 0"),)
    _, blocks = told(shop)
    assert blocks["reasoning"]["motive"] is None
    assert blocks["reasoning"]["constraints"] == [{"policy": "never", "refused": 1, "because": "No."}]
    assert blocks["action"]["none_reason"] == "refused by policy: never"
    impact = blocks["economic_impact"]
    assert (impact["expected"], impact["low"], impact["high"], impact["terms"]) == (0.0, 0.0, 0.0, None)
    assert impact["best_alternative"]["why_not"] == "refused by never"
    assert impact["best_alternative"]["value"] == pytest.approx(0.099)
