"""Draws of our own are written down once, whoever delivers, and read as what later runs may know."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from lake.assignments import Assignments
from lake.store import Lake

MONDAY, TUESDAY = (datetime(2026, 3, day, tzinfo=UTC) for day in (2, 3))


@pytest.fixture
def assignments(tmp_path: Path) -> Assignments:
    return Assignments(Lake(tmp_path))


def drawn(*customers: str, experiment: str = "holdout", at: datetime = MONDAY, arm: str = "treated") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "experiment_id": experiment,
            "customer_id": list(customers),
            "assigned_at": pd.Timestamp(at),
            "arm": arm,
            "asset_id": None,
            "channel_id": None,
            "propensity": 0.5,
        }
    )


def test_a_draw_that_is_recorded_again_is_there_once(assignments: Assignments) -> None:
    assert assignments.record(drawn("1", "2")) == 2
    assert assignments.record(drawn("1", "2", "3", arm="nothing")) == 1
    known = assignments.before(TUESDAY)
    assert known[["customer_id", "arm"]].to_numpy().tolist() == [["1", "treated"], ["2", "treated"], ["3", "nothing"]]


def test_another_moment_is_another_draw_unless_everybody_is_drawn_once(assignments: Assignments) -> None:
    once = frozenset({"holdout"})
    assert assignments.record(drawn("1"), once=once) == 1
    assert assignments.record(drawn("1", "2", at=TUESDAY), once=once) == 1
    assert assignments.record(drawn("1", experiment="exploration", at=MONDAY)) == 1
    assert assignments.record(drawn("1", experiment="exploration", at=TUESDAY), once=once) == 1


def test_what_was_drawn_at_a_moment_is_known_after_it(assignments: Assignments) -> None:
    assert assignments.before(TUESDAY).empty
    assignments.record(drawn("1"))
    assert assignments.before(MONDAY).empty
    assert len(assignments.before(TUESDAY)) == 1


def test_columns_without_any_value_take_values_later(assignments: Assignments) -> None:
    assignments.record(drawn("1"))
    assignments.record(drawn("2").assign(asset_id="tea", channel_id="email"))
    assert assignments.before(TUESDAY)["asset_id"].tolist() == [None, "tea"]
