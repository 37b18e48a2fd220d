"""Which day a command may decide, and which run it means."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lake.runs import RunIdentity
from pipelines.day import Day, open_day
from pipelines.errors import SourceError, UsageError
from pipelines.explaining import explain_customer
from pipelines.replaying import replay_run
from pipelines.running import day_of_run, deliver_run
from pipelines.steps import perceive_and_open

NOW = "2026-03-06T22:30:00+00:00"  # 23:30 in Berlin


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "warrant.yaml": "name: shop\ncurrency: EUR\ntimezone: Europe/Berlin\n",
        "channels.yaml": "channels:\n  email:\n    kind: file\n",
        "sources/customers.sql": "SELECT 'anna' AS customer_id WHERE false",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def opened(folder: Path, day: date | None = None, **environment: str) -> Day:
    told: Mapping[str, str] = {"WARRANT_HOME": str(folder / "state"), "WARRANT_NOW": NOW} | environment
    return open_day(folder, told, day=day)


def undecided_run(day: Day) -> str:
    identity = RunIdentity(
        as_of=day.clock.as_of,
        scope={},
        seed=0,
        playbook_digest=day.playbook.digest,
        code_version="code",
        tables={},
        reservations="none",
    )
    about = {"day": day.clock.day.isoformat(), "rows": {}, "quarantined": {}, "later": {}}
    return day.ledger.open(identity, {}, about).run_id


def test_a_day_that_has_not_begun_where_the_playbook_is_cannot_be_decided(folder: Path) -> None:
    with pytest.raises(UsageError, match="2026-03-07 has not begun in Europe/Berlin"):
        perceive_and_open(opened(folder, date(2026, 3, 7)))


@pytest.mark.parametrize("day", [None, date(2026, 3, 6), date(2020, 1, 1)])
def test_today_and_the_days_before_can_be_decided(folder: Path, day: date | None) -> None:
    with pytest.raises(SourceError, match="not a single row of `customers`"):
        perceive_and_open(opened(folder, day))


def test_a_run_that_decided_nothing_cannot_be_delivered_replayed_or_explained(folder: Path) -> None:
    day = opened(folder)
    run_id = undecided_run(day)
    asked: list[Callable[[], Any]] = [
        lambda: deliver_run(day, run_id),
        lambda: replay_run(day, run_id),
        lambda: explain_customer(day, "anna", run_id),
    ]
    for ask in asked:
        with pytest.raises(UsageError, match=f"the run {run_id} is only opened") as caught:
            ask()
        assert "--as-of 2026-03-06 --until authorise" in caught.value.remedy


def test_nothing_decided_is_a_usage_error_that_says_what_to_do(folder: Path) -> None:
    with pytest.raises(UsageError, match="nothing has been decided for `shop`"):
        day_of_run(opened(folder), None)
