"""On both servers: what somebody without rights is answered holds no personal value, and does not depend on one."""

import json
import re
from pathlib import Path

import pytest

from graph.errors import GraphRefused
from graph.masking import mask_for
from graph.questions.binding import Moments, bind_question
from graph.questions.library import all_questions
from graph.store import GraphStore
from graph.tokens import parameters_of
from tests.integration.graph.question_world import AS_OF, SECRETS, load_question_world

STATEMENTS = (
    "MATCH (c:Customer) RETURN c",
    "MATCH (c:Customer) RETURN c.customer_id AS id, c.pclv AS worth, c.nickname AS nickname",
    "MATCH p = (c:Customer)-[:BOUGHT]->(k:Category) RETURN p",
    "MATCH p = (c:Customer)-[*1..2]-(n) RETURN nodes(p) AS found, relationships(p) AS links LIMIT 500",
    "MATCH (c:Customer)-[b]->(n) RETURN type(b) AS type, b, n, b.spend AS spend",
    "MATCH (c:Customer)-[:INTERESTED_IN]->(k:Category) RETURN k.name AS about, count(DISTINCT c) AS people",
    "MATCH (c:Customer)-[:BOUGHT]->(k:Category) WITH k, collect(c) AS who RETURN k, who, size(who) AS number",
    "MATCH (d:Decision)-[:FOR]->(c:Customer) OPTIONAL MATCH (d)-[:CHOSE]->(a:Asset) RETURN d, d.decision_id AS i, a, c",
    "MATCH (n) RETURN labels(n) AS labels, count(n) AS number",
    "MATCH (a:Asset)-[:ABOUT]->(k:Category) WHERE a.kind = 'coupon' RETURN a.title AS title, k.name AS about",
)
OTHERWISE = (
    "MATCH (c:Customer) SET c.customer_id = 'x' + c.customer_id, c.pclv = 1.0, c.nickname = 'none', c.region = 'west'",
    "MATCH (c:Customer)-[b:BOUGHT]->() SET b.spend = 2.0, b.count = 99",
    "MATCH (d:Decision) SET d.decision_id = 'y' + d.decision_id, d.value = 0.5, d.motive_sentence = 'other'",
)


@pytest.fixture
def asked(graph_store: GraphStore, tmp_path: Path) -> GraphStore:
    load_question_world(graph_store, tmp_path)
    return graph_store


def masked(store: GraphStore, statement: str) -> list[str]:
    """The rows as texts, in any order; which number a person has depends on the order, so all have the same."""
    rows = mask_for(None, statement).rows(store.query_as_person(statement))
    return sorted(re.sub(r"(customer|decision)-\d+", r"\1", json.dumps(row, default=str)) for row in rows)


def test_no_answer_holds_a_personal_value(asked: GraphStore) -> None:
    for statement in STATEMENTS:
        rows = mask_for(None, statement).rows(asked.query_as_person(statement))
        assert rows
        assert leaked(rows) == set()


def test_no_saved_question_tells_one_either(asked: GraphStore) -> None:
    moments = Moments(AS_OF, AS_OF, "UTC")
    for question in all_questions().values():
        if question.is_about_somebody:
            continue
        used = parameters_of(question.statement)
        given = {one.name: one.example for one in question.parameters if one.is_required}
        answer = asked.query_as_person(question.statement, bind_question(question, given, used, moments))
        assert leaked(mask_for(question, question.statement).rows(answer)) == set(), question.name


def test_answers_are_the_same_whatever_the_personal_values_are(asked: GraphStore) -> None:
    before = [masked(asked, statement) for statement in STATEMENTS]
    for change in OTHERWISE:
        assert asked.write(change).has_changes
    assert [masked(asked, statement) for statement in STATEMENTS] == before


def test_what_is_refused_never_reaches_the_server(asked: GraphStore) -> None:
    with pytest.raises(GraphRefused):
        masked(asked, "MATCH (c:Customer) WHERE c.pclv > 100 RETURN count(c) AS number")


def leaked(rows: object) -> set[str]:
    """The personal values that stand in the rows."""
    text = json.dumps(rows, default=str, ensure_ascii=False)
    return {secret for secret in SECRETS if f'"{secret}"' in text or secret in re.findall(r"[\d.]+", text)}
