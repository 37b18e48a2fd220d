"""From measurements to findings: every threshold at its exact boundary, and how far confidence falls."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.health.judge import Finding, Health, HealthSettings, judge
from graph.health.state import GraphState
from lake.freshness import Freshness

WELL = GraphState(
    nodes={"Customer": 1000, "Asset": 100, "Product": 200},
    relationships={"Customer BOUGHT Category": 5000},
    orphans={"Asset": 0, "Product": 0},
    believed=500,
    outdated=0,
    observations=10,
    outdated_observations=0,
    confidence={"Customer INTERESTED_IN Category": (0, 0, 100, 0, 0, 0, 0, 0, 0, 0)},
    missing_definitions=(),
    undeclared=(),
)
SETTINGS = HealthSettings()


def finding(health: Health, name: str, subject: str | None = None) -> Finding:
    (found,) = (one for one in health.findings if one.name == name and subject in (None, one.subject))
    return found


def fresh(age: float, limit: float = 2.0) -> Freshness:
    return Freshness("purchases", datetime(2026, 3, 1, tzinfo=UTC), age, 1.0, limit)


def test_a_graph_without_fault_lowers_nothing() -> None:
    health = judge(WELL, [fresh(1.0)], SETTINGS)
    assert (health.level, health.trust) == ("ok", 1.0)
    assert {one.level for one in health.findings} == {"ok"}


@pytest.mark.parametrize(
    ("name", "subject", "state", "level"),
    [
        ("orphans", "Asset", {"orphans": {"Asset": 4, "Product": 0}}, "ok"),
        ("orphans", "Asset", {"orphans": {"Asset": 5, "Product": 0}}, "warning"),
        ("orphans", "Asset", {"orphans": {"Asset": 19, "Product": 0}}, "warning"),
        ("orphans", "Asset", {"orphans": {"Asset": 20, "Product": 0}}, "alarm"),
        ("outdated_beliefs", "Customer", {"outdated": 249}, "ok"),
        ("outdated_beliefs", "Customer", {"outdated": 250}, "warning"),
        ("outdated_beliefs", "Customer", {"outdated": 400}, "alarm"),
        ("outdated_observations", "Observation", {"outdated_observations": 5}, "warning"),
        ("schema_drift", "graph", {"missing_definitions": ("Customer.customer_id",)}, "alarm"),
        ("schema_drift", "graph", {"undeclared": (":Stray",)}, "alarm"),
        ("doubtful_beliefs", None, {"confidence": {"kind": (25, 24, 51, 0, 0, 0, 0, 0, 0, 0)}}, "ok"),
        ("doubtful_beliefs", None, {"confidence": {"kind": (25, 25, 50, 0, 0, 0, 0, 0, 0, 0)}}, "warning"),
    ],
)
def test_a_threshold_is_the_first_value_that_counts(
    name: str, subject: str | None, state: dict[str, object], level: str
) -> None:
    health = judge(replace(WELL, **state), [], SETTINGS)  # type: ignore[arg-type]  # one field or another
    assert finding(health, name, subject).level == level
    assert health.trust == {"ok": 1.0, "warning": 0.9, "alarm": 0.7}[level]


@pytest.mark.parametrize(("contested", "level"), [(9, "ok"), (10, "warning"), (49, "warning"), (50, "alarm")])
def test_contested_identities_are_counted_against_customers(contested: int, level: str) -> None:
    health = judge(WELL, [], SETTINGS, contested_customers=contested)
    assert finding(health, "contested_identities").level == level


@pytest.mark.parametrize(
    ("age", "level", "trust"), [(2.0, "ok", 1.0), (2.5, "warning", 0.8), (4.0, "alarm", 0.5), (8.0, "alarm", 0.25)]
)
def test_a_stale_source_lowers_confidence_by_how_late_it_is(age: float, level: str, trust: float) -> None:
    health = judge(WELL, [fresh(age)], SETTINGS)
    found = finding(health, "freshness")
    assert (found.level, found.trust, health.trust) == (level, trust, trust)
    assert "purchases" in found.sentence


def test_what_is_wrong_with_the_schema_is_named() -> None:
    health = judge(replace(WELL, undeclared=(":Stray",)), [], SETTINGS)
    assert ":Stray" in finding(health, "schema_drift").sentence


def test_the_playbook_moves_thresholds_and_trust() -> None:
    lenient = replace(SETTINGS, confidence_at_alarm=0.95)
    assert judge(replace(WELL, undeclared=(":Stray",)), [], lenient).trust == 0.95


def test_an_empty_graph_is_no_fault_by_itself() -> None:
    empty = GraphState({}, {}, {}, 0, 0, 0, 0, {}, (), ())
    assert judge(empty, [], SETTINGS).level == "ok"


@given(st.integers(0, 100), st.integers(0, 500), st.integers(0, 1000), st.floats(0.1, 50))
def test_trust_is_that_of_the_worst_finding(orphans: int, outdated: int, contested: int, age: float) -> None:
    state = replace(WELL, orphans={"Asset": orphans}, outdated=outdated)
    health = judge(state, [fresh(age)], SETTINGS, contested_customers=contested)
    assert health.trust == min(one.trust for one in health.findings)
    assert (health.trust == 1.0) == (health.level == "ok")
