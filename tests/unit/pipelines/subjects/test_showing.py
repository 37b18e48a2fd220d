"""Showing a person: every row that is about them in whatever table, and nothing that is about others."""

import json
from typing import Any

import pandas as pd
import pytest

from lake.journal import Actor
from pipelines.subjects.asserting import assert_fact
from pipelines.subjects.persons import UnknownPersonError
from pipelines.subjects.showing import MASK, show

WILLOW, MAIL = "c-willow", "willow@example.org"


@pytest.fixture
def told(shop: Any, anna: Actor) -> Any:
    shop.source(
        "identities",
        "kind,value,customer_id,first_seen_at",
        f"email,{MAIL},{WILLOW},2026-01-01",
        "email,maple@example.org,c-maple,2026-01-01",
    )
    shop.source(
        "messages",
        "message_id,customer_id,direction,occurred_at,text",
        f"m1,{WILLOW},inbound,2026-03-01,a private word",
        "m2,c-maple,inbound,2026-03-01,another word",
    )
    shop.source(
        "estimates", "subject_kind,subject_id,name,value", f"customer,{WILLOW},pclv,400", "customer,c-maple,pclv,500"
    )
    shop.write(
        "data/consents.csv",
        (shop.folder / "data/consents.csv").read_text() + f"{WILLOW},pigeon,marketing,true,2025-01-01,shop,consent\n",
    )
    assert_fact(shop.day(6), anna, f"customer/{WILLOW}", "prefers category/tea", because="a private reason")
    shop.perceive(7)
    return shop


def test_every_table_shows_the_rows_about_the_person_and_no_others(told: Any, anna: Actor) -> None:
    shown = show(told.day(7), anna, WILLOW)
    assert {name: len(rows) for name, rows in shown["tables"].items()} == {
        "customers": 1,
        "identities": 1,
        "messages": 1,
        "consents": 1,
        "estimates": 1,
        "assertions": 1,
        "quarantine": 1,
    }
    text = json.dumps(shown)
    assert "maple" not in text
    for each in (MAIL, "a private word", "pigeon", "a private reason"):
        assert each in text
    assert set(shown["used_for"]) == set(shown["tables"])
    assert shown["used_for"]["messages"] == ["nothing: it is kept, and no decision reads it"]
    assert [event["kind"] for event in shown["journal"]] == ["asserted"]


def test_a_viewer_sees_that_something_is_there_and_not_what(told: Any) -> None:
    shown = show(told.day(7), Actor("person:v", "viewer"), WILLOW)
    text = json.dumps(shown, ensure_ascii=False)
    for hidden in (MAIL, "a private word", "a private reason", "prefers category/tea"):
        assert hidden not in text
    assert shown["tables"]["customers"][0]["shoe_size"] == MASK
    assert shown["tables"]["customers"][0]["region"] == "North"
    assert shown["tables"]["identities"][0]["value"] == MASK
    assert shown["tables"]["messages"][0]["text"] == MASK


def test_a_viewer_does_not_see_by_which_address_ids_were_joined(told: Any, anna: Actor) -> None:
    day = told.day(7)
    run = day.ledger.latest()
    day.ledger.mark(run.run_id, step="decide", state="decided", payload={})
    alias = {"alias": "c-old", "customer_id": WILLOW, "evidence": "email:old@example.org", "because": "a private word"}
    day.lake.write_slice("aliases", run.run_id, pd.DataFrame([alias]))
    assert show(day, anna, WILLOW)["results"]["aliases"][0]["evidence"] == "email:old@example.org"
    (masked,) = show(day, Actor("person:v", "viewer"), WILLOW)["results"]["aliases"]
    assert (masked["customer_id"], masked["evidence"], masked["because"]) == (WILLOW, MASK, MASK)


def test_somebody_unknown_is_said_to_be_so(told: Any, anna: Actor) -> None:
    with pytest.raises(UnknownPersonError, match="nobody is known as `c-oak`"):
        show(told.day(7), anna, "c-oak")
