"""What people assert: it becomes rows of the table assertions for later days, and can be taken back."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.beliefs.stated import parse_statement
from lake.journal import Actor, Journal
from pipelines.errors import RefusedError, UsageError
from pipelines.subjects.asserting import assert_fact, retract
from pipelines.subjects.statements import read_statement

OBJECTS = "objects_to topic/discounts"
WILLOW = "customer/c-willow"


def test_an_assertion_counts_from_the_first_as_of_after_it(shop: Any, anna: Actor) -> None:
    made = assert_fact(shop.day(6), anna, WILLOW, OBJECTS, because="she told us", until=date(2026, 12, 31))
    assert "assertions" not in shop.perceive(6).current_run().pins
    shop.perceive(7)
    (row,) = shop.table("assertions").to_dict("records")
    assert row["assertion_id"] == made["assertion_id"]
    assert row["subject"] == WILLOW
    assert row["statement"] == "objects_to topic/discounts until 2026-12-31"
    assert (row["author"], row["reason"]) == ("person:anna", "she told us")
    assert row["asserted_at"].isoformat() == "2026-03-06T09:00:00+00:00"


def test_what_a_source_states_stands_beside_what_people_assert(shop: Any, anna: Actor) -> None:
    shop.source(
        "assertions",
        "assertion_id,subject,statement,author,reason,asserted_at",
        "a1,customer/c-maple,prefers topic/tea,crm,a note,2026-01-01",
    )
    assert_fact(shop.day(6), anna, WILLOW, OBJECTS, because="she told us")
    shop.perceive(7)
    assert sorted(shop.table("assertions")["subject"]) == ["customer/c-maple", WILLOW]


def test_a_retracted_assertion_is_gone_from_the_first_as_of_after_it(shop: Any, anna: Actor) -> None:
    made = assert_fact(shop.day(6), anna, WILLOW, OBJECTS, because="she told us")
    kept = assert_fact(shop.day(6), anna, WILLOW, "prefers category/tea", because="she told us")
    retract(shop.day(8), anna, made["assertion_id"], because="a misunderstanding")
    shop.perceive(8)
    assert len(shop.table("assertions")) == 2
    shop.perceive(9)
    assert shop.table("assertions")["assertion_id"].tolist() == [kept["assertion_id"]]


def test_only_an_assertion_that_stands_can_be_retracted(shop: Any, anna: Actor) -> None:
    made = assert_fact(shop.day(6), anna, WILLOW, OBJECTS, because="she told us")
    retract(shop.day(6), anna, made["assertion_id"], because="a misunderstanding")
    with pytest.raises(UsageError, match="no assertion of ours that stands"):
        retract(shop.day(6), anna, made["assertion_id"], because="again")


def test_nothing_can_be_said_about_somebody_unknown(shop: Any, anna: Actor) -> None:
    with pytest.raises(UsageError, match="nobody is known as `c-oak`"):
        assert_fact(shop.day(), anna, "customer/c-oak", OBJECTS, because="why")
    with pytest.raises(UsageError, match="is no customer"):
        assert_fact(shop.day(), anna, "topic/tea", OBJECTS, because="why")
    assert Journal(shop.day().lake).events().empty


def test_a_category_that_is_not_there_is_refused_with_the_nearest(shop: Any, anna: Actor) -> None:
    with pytest.raises(UsageError, match="Did you mean category/tea"):
        assert_fact(shop.day(), anna, WILLOW, "prefers category/tee", because="why")


def test_a_viewer_may_not_assert(shop: Any) -> None:
    with pytest.raises(RefusedError):
        assert_fact(shop.day(), Actor("person:v", "viewer"), WILLOW, OBJECTS, because="why")


@pytest.mark.parametrize(
    ("text", "kept", "kind", "key"),
    [
        ("prefers category/GREEN TEA", "prefers category/GREEN TEA", "category", "GREEN TEA"),
        ("prefers  channel/email ", "prefers channel/email", "channel", "email"),
        (
            "objects_to topic/discounts until 2026-12-31 confidence 0.8",
            "objects_to topic/discounts until 2026-12-31 confidence 0.8",
            "topic",
            "discounts",
        ),
        ("triggered_by topic/rain confidence 1", "triggered_by topic/rain confidence 1.0", "topic", "rain"),
        ("plays the violin", "plays the violin", None, None),
        ("objects to topic/discounts", "objects to topic/discounts", None, None),
    ],
)
def test_a_statement_is_a_belief_or_a_note(text: str, kept: str, kind: str | None, key: str | None) -> None:
    read = read_statement(text, until=None, confidence=None)
    assert (read.text, read.kind, read.key, read.is_note) == (kept, kind, key, kind is None)


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("   ", None),
        ("plays the violin", 0.5),
        ("objects_to topic/discounts until tomorrow", None),
        ("objects_to topic/discounts confidence 1.5", None),
        ("objects_to topic/discounts confidence nan", None),
        ("objects_to channel/email", None),
    ],
)
def test_a_statement_that_cannot_be_is_refused(text: str, confidence: float | None) -> None:
    with pytest.raises(UsageError):
        read_statement(text, until=None, confidence=confidence)


@given(st.floats(0, 1), st.dates(), st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1))
def test_what_becomes_a_belief_is_read_as_one(confidence: float, until: date, key: str) -> None:
    kept = read_statement(f"prefers category/{key}", until=until, confidence=confidence)
    believed = parse_statement(kept.text)
    assert believed is not None
    assert (believed.relation, believed.what, believed.key) == ("PREFERS", "Category", key)
    assert believed.until == until
    assert believed.confidence == pytest.approx(confidence, abs=1e-6)
