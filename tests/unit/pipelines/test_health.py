"""The health that a run keeps: as it was measured, and what is said of runs from before there was any."""

from datetime import UTC, datetime
from typing import Any

from lake.runs import RunIdentity, RunRow
from pipelines.health import health_in_short, trust_in


def run_with(facts: dict[str, Any]) -> RunRow:
    identity = RunIdentity(datetime(2026, 3, 1, tzinfo=UTC), {}, 7, "playbook", "code", {}, "none")
    return RunRow("a-run", identity, {}, {}, steps={"relate": {"facts": facts}})


def test_a_run_from_before_health_was_measured_can_still_be_explained() -> None:
    old = run_with({"view": "a-view"})
    assert trust_in(old) == 1.0
    assert health_in_short(old) == {"level": "ok", "trust": 1.0, "findings": []}


def test_what_was_found_is_told_the_worst_first() -> None:
    found = [{"name": name, "level": level} for name, level in (("a", "ok"), ("b", "warning"), ("c", "alarm"))]
    run = run_with({"health": {"level": "alarm", "trust": 0.7, "findings": found}})
    assert trust_in(run) == 0.7
    assert [one["name"] for one in health_in_short(run)["findings"]] == ["c", "b"]
