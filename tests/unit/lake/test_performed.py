"""What was carried out beyond messages: claimed once a day, whoever asks, and known to the days after."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from lake.performed import Performed
from lake.store import Lake

TODAY, TOMORROW = date(2026, 3, 6), date(2026, 3, 7)


@pytest.fixture
def performed(tmp_path: Path) -> Performed:
    return Performed(Lake(tmp_path))


def wanted(*same_as: str, run: str = "one", together: str | None = None) -> pd.DataFrame:
    said = {"verb": "task", "rule": "call", "subject_kind": "account", "customer_id": None, "parameters": "{}"}
    rows = [
        said | {"same_as": key, "subject_id": key, "together": together, "action_id": f"{run}-{key}"} for key in same_as
    ]
    return pd.DataFrame(rows, dtype=object)


def test_an_action_is_claimed_once_a_day_and_by_its_own_run_again(performed: Performed) -> None:
    assert list(performed.claim(TODAY, wanted("a", "b"), "one")["same_as"]) == ["a", "b"]
    assert list(performed.claim(TODAY, wanted("a", "b"), "one")["same_as"]) == ["a", "b"]
    assert list(performed.claim(TODAY, wanted("b", "c", run="two"), "two")["same_as"]) == ["c"]
    assert list(performed.claim(TOMORROW, wanted("b", run="three"), "three")["same_as"]) == ["b"]


def test_what_belongs_together_is_for_one_run_a_day(performed: Performed) -> None:
    assert len(performed.claim(TODAY, wanted("a", "b", together="budgets"), "one")) == 2
    assert performed.claim(TODAY, wanted("c", run="two", together="budgets"), "two").empty
    assert len(performed.claim(TODAY, wanted("d", run="two"), "two")) == 1


def test_a_day_knows_what_was_done_before_it_and_not_what_it_did_itself(performed: Performed) -> None:
    before = performed.digest(TODAY)
    performed.claim(TODAY, wanted("a"), "one")
    assert performed.digest(TODAY) == before == ""
    assert list(performed.before(TOMORROW)["action_id"]) == ["one-a"]
    assert performed.digest(TOMORROW) != ""
