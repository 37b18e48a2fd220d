"""Every saved question is answered on both servers, with rows, and says of its columns what they are."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.questions.binding import Moments, bind_question
from graph.questions.library import all_questions
from graph.store import Answer, GraphStore
from graph.tokens import parameters_of
from tests.integration.graph.question_world import AS_OF, CUSTOMERS, load_question_world

LIBRARY = all_questions()
GIVEN: dict[str, dict[str, str]] = {
    "what-do-we-believe-about": {"customer": "bob"},
    "how-a-belief-changed": {"customer": "bob"},
    "what-was-decided-for": {"customer": "ann"},
    "why-was-this-decided": {"decision": "d-ann"},
    "which-facts-did-a-decision-use": {"decision": "d-ann"},
    "which-decisions-touched": {"what": "coffee"},
    "who-decides-at-an-account": {"account": "Acme"},
}
MOMENTS = Moments(AS_OF, AS_OF, "UTC")


@pytest.fixture(scope="module", params=["embedded", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    """The small graph, loaded once per server."""
    if request.param == "embedded":
        target = request.getfixturevalue("embedded_target_factory")()
        with GraphStore.connect(target) as store:
            load_question_world(store, tmp_path_factory.mktemp("questions"))
            yield store
        return
    with GraphStore.connect(request.getfixturevalue("neo4j_server")) as store:
        store.write("MATCH (any) DETACH DELETE any")
        load_question_world(store, tmp_path_factory.mktemp("questions"))
        yield store


def ask(store: GraphStore, name: str, *, moments: Moments = MOMENTS, **given: str) -> list[dict[str, Any]]:
    return [dict(row) for row in answered(store, name, moments=moments, **given).rows]


def answered(store: GraphStore, name: str, *, moments: Moments = MOMENTS, **given: str) -> Answer:
    question = LIBRARY[name]
    used = parameters_of(question.statement)
    bound = bind_question(question, {**GIVEN.get(name, {}), **given}, used, moments)
    return store.query_as_person(question.statement, bound)


@pytest.mark.parametrize("name", LIBRARY)
def test_a_saved_question_is_answered_with_rows_and_the_columns_it_describes(asked: GraphStore, name: str) -> None:
    answer = answered(asked, name)
    assert answer.columns == tuple(column.name for column in LIBRARY[name].columns)
    assert answer.rows
    assert any(value is not None for value in answer.rows[0].values())


def test_what_is_believed_is_what_held_at_as_of(asked: GraphStore) -> None:
    now = {(row["about"], row["since"]) for row in ask(asked, "what-do-we-believe-about")}
    assert {about for about, _ in now} == {"Coffee", "Tea"}
    then = replace(MOMENTS, as_of=AS_OF - timedelta(days=100))
    (past,) = ask(asked, "what-do-we-believe-about", moments=then)
    assert past["about"] == "Tea"
    assert past["since"] == AS_OF - timedelta(days=200)


def test_what_was_not_known_yet_is_not_told(asked: GraphStore) -> None:
    learnt = AS_OF - timedelta(days=4)  # the newest belief about tea holds for five days, and is known for four
    before = replace(MOMENTS, known_at=learnt - timedelta(seconds=1))
    assert {row["about"] for row in ask(asked, "what-do-we-believe-about", moments=before)} == {"Coffee"}
    at_last = replace(MOMENTS, known_at=learnt)
    assert {row["about"] for row in ask(asked, "what-do-we-believe-about", moments=at_last)} == {"Coffee", "Tea"}


def test_who_is_drifting_has_been_quiet_for_several_of_their_gaps(asked: GraphStore) -> None:
    (drifting,) = ask(asked, "who-is-drifting-from-their-rhythm")
    assert drifting["customer"] == "ann"
    assert drifting["gaps_missed"] == pytest.approx(40 * 13 / 91, abs=0.05)
    assert ask(asked, "who-is-drifting-from-their-rhythm", gaps="6") == []
    assert len(ask(asked, "who-is-drifting-from-their-rhythm", gaps="0.1")) == len(CUSTOMERS)


def test_who_objects_to_discounts_is_named(asked: GraphStore) -> None:
    assert [row["customer"] for row in ask(asked, "who-objects-to-discounts")] == ["Zoë", "cid", "dan", "eve", "fay"]
    assert ask(asked, "who-objects-to-discounts", topic="SECUR") == []


def test_refusals_are_counted_per_policy(asked: GraphStore) -> None:
    (consent,) = ask(asked, "which-policies-refuse-most")
    assert (consent["policy"], consent["people"], consent["refused"], consent["refused_a_head"]) == (
        "consent",
        2,
        6,
        3.0,
    )


def test_what_expired_is_no_longer_offered(asked: GraphStore) -> None:
    assert [row["id"] for row in ask(asked, "what-expired")] == ["old-page"]
    assert ask(asked, "what-expired", since="-2d") == []
    assert [row["id"] for row in ask(asked, "what-expired", since="2026-03-03")] == ["old-page"]


def test_a_belief_that_was_closed_is_told_apart_from_one_that_is_gone(asked: GraphStore) -> None:
    (closed,) = ask(asked, "which-beliefs-were-closed")
    assert (closed["belief"], closed["about"], closed["people"], closed["still_believed"]) == (
        "INTERESTED_IN",
        "Tea",
        1,
        1,
    )
    assert closed["last_closed"] == AS_OF - timedelta(days=5)


def test_reach_is_counted_per_channel_and_basis(asked: GraphStore) -> None:
    found = [(row["channel"], row["granted"], row["people"]) for row in ask(asked, "whom-can-we-reach")]
    assert found == [("email", True, 6), ("email", False, 1)]
    (unreached,) = ask(asked, "whom-do-we-not-reach")
    assert (unreached["play"], unreached["people"]) == ("replenishment-due", 1)


def test_of_a_run_the_ghosts_and_the_messages_are_apart(asked: GraphStore) -> None:
    assert [row["customer"] for row in ask(asked, "who-is-held-out")] == ["ann"]
    (said,) = ask(asked, "what-was-said", run="run-2")
    assert (said["asset"], said["people"], said["value"]) == ("coffee-note", 5, 6.25)
    assert ask(asked, "what-was-said", run="run-1") == []


def test_subjects_without_a_message_are_found(asked: GraphStore) -> None:
    assert [row["subject"] for row in ask(asked, "where-is-content-missing")] == ["category/salt"]
    assert [row["asset"] for row in ask(asked, "what-is-never-said")] == ["tea-coupon"]
    (unready,) = ask(asked, "what-is-not-ready")
    assert (unready["asset"], unready["compliance"], unready["people"]) == ("tea-coupon", "pending", 1)


def test_a_buying_group_that_shows_more_intent_than_before_surges(asked: GraphStore) -> None:
    (surging,) = ask(asked, "which-accounts-surge")
    assert (surging["account"], surging["people"], surging["recent"], surging["earlier"]) == ("Acme", 7, 7, 1)
    assert ask(asked, "which-accounts-surge", least_signals="8") == []


def test_what_an_account_objects_to_is_told_with_the_keys_to_ask_on_with(asked: GraphStore) -> None:
    answers = ask(asked, "what-do-accounts-object-to")
    assert {(row["account_id"], row["account"]) for row in answers} == {("acme", "Acme")}
    assert all(row["about_id"] for row in answers)
    assert ask(asked, "who-decides-at-an-account", account=answers[0]["account_id"])


def test_an_open_cart_names_what_could_stand_in(asked: GraphStore) -> None:
    (cart,) = ask(asked, "whose-cart-is-open")
    assert (cart["customer"], cart["product"], cart["worth"], cart["substitute"]) == ("ann", "Beans", 19.0, "Pods")


def test_nothing_is_told_of_a_run_that_comes_later(asked: GraphStore) -> None:
    early = replace(MOMENTS, as_of=datetime(2020, 1, 1, tzinfo=UTC))
    for name in ("what-did-the-runs-do", "what-was-said", "who-is-held-out", "which-reasons-are-there-to-talk"):
        assert ask(asked, name, moments=early) == []
