"""What holds at the moment of delivery: the last word on consent as its source has it, and everything sent so far."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from lake.reservations import Reservations
from pipelines.clock import local_midnight
from pipelines.day import SLOT, Day, open_day
from pipelines.errors import SourceError
from pipelines.present import look_now

DAY = date(2026, 3, 6)
NOW = datetime(2026, 3, 6, 8, tzinfo=UTC)
BEFORE = NOW - timedelta(days=30)
INSTANT = timedelta(microseconds=1)
CONSENTS = "customer_id,channel_id,purpose,granted,recorded_at,source,basis"
TOUCHES = "touch_id,customer_id,channel_id,sent_at"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "warrant.yaml", "name: shop\ncurrency: EUR\ntimezone: Europe/Berlin\n")
    write(tmp_path, "channels.yaml", "channels:\n  email:\n    kind: file\n")
    for table in ("customers", "consents", "touches"):
        write(tmp_path, f"sources/{table}.sql", f"FROM read_csv('{table}.csv', all_varchar = true)")
    write(tmp_path, "data/customers.csv", "customer_id\nanna\nbert\n")
    write(tmp_path, "data/consents.csv", f"{CONSENTS}\n")
    write(tmp_path, "data/touches.csv", f"{TOUCHES}\n")
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def word(folder: Path, said: str, at: datetime, *, customer: str = "anna", basis: str = "consent") -> None:
    with (folder / "data/consents.csv").open("a", encoding="utf-8") as file:
        file.write(f"{customer},email,marketing,{said},{at.isoformat()},shop,{basis}\n")


def touch(folder: Path, touch_id: str, at: datetime) -> None:
    with (folder / "data/touches.csv").open("a", encoding="utf-8") as file:
        file.write(f"{touch_id},anna,email,{at.isoformat()}\n")


def opened(folder: Path, **environment: str) -> Day:
    told = {"WARRANT_HOME": str(folder / "state"), "WARRANT_NOW": NOW.isoformat()} | environment
    return open_day(folder, told, day=DAY)


def suppressed(folder: Path, *rows: str) -> None:
    write(folder, "sources/suppressions.sql", "FROM read_csv('suppressions.csv', all_varchar = true)")
    columns = "kind,value,scope,reason,starts_at,ends_at"
    write(folder, "data/suppressions.csv", "\n".join([columns, *rows]) + "\n")


def test_a_suppression_is_read_again_and_is_the_last_word(folder: Path) -> None:
    word(folder, "true", BEFORE)
    word(folder, "true", BEFORE, customer="bert")
    assert consent(opened(folder)) is True
    suppressed(folder, f"customer,anna,*,asked,{(NOW - INSTANT).isoformat()},")
    assert (consent(opened(folder)), consent(opened(folder), "bert")) == (False, True)


@pytest.mark.parametrize(("ends", "holds"), [(NOW, True), (NOW + INSTANT, False)])
def test_a_suppression_ends_at_its_very_moment(folder: Path, ends: datetime, *, holds: bool) -> None:
    word(folder, "true", BEFORE)
    suppressed(folder, f"customer,anna,email,asked,{BEFORE.isoformat()},{ends.isoformat()}")
    assert consent(opened(folder)) is holds


def test_a_suppression_that_cannot_be_read_still_holds(folder: Path) -> None:
    word(folder, "true", BEFORE)
    suppressed(folder, "customer,anna,email,asked,some day,")
    assert consent(opened(folder)) is False


def test_what_other_systems_plan_is_read_again(folder: Path) -> None:
    assert look_now(opened(folder), sends()).planned.empty
    write(folder, "sources/planned_touches.sql", "FROM read_csv('planned.csv', all_varchar = true)")
    columns = "touch_id,customer_id,channel_id,send_at,message_class"
    write(folder, "data/planned.csv", f"{columns}\np1,anna,email,{(NOW + timedelta(days=2)).isoformat()},marketing\n")
    assert look_now(opened(folder), sends()).planned["touch_id"].tolist() == ["p1"]


def consent(day: Day, customer: str = "anna") -> bool | None:
    """What holds for a customer on the channel; None where nothing does."""
    words = look_now(day, sends()).consents.set_index("customer_id")["granted"]
    return bool(words[customer]) if customer in words.index else None


def sends(*decisions: str) -> pd.DataFrame:
    return pd.DataFrame({"decision_id": list(decisions)}, dtype=object)


def test_who_is_in_no_source_has_not_agreed(folder: Path) -> None:
    assert consent(opened(folder)) is None


@pytest.mark.parametrize("at", [NOW - INSTANT, NOW])
def test_a_word_up_to_this_very_moment_holds(folder: Path, at: datetime) -> None:
    word(folder, "true", BEFORE)
    word(folder, "false", at)
    word(folder, "false", BEFORE, customer="bert")
    word(folder, "true", at, customer="bert")
    assert consent(opened(folder)) is False
    assert consent(opened(folder), "bert") is True


@pytest.mark.parametrize("ahead", [INSTANT, timedelta(minutes=5), timedelta(hours=1)])
def test_a_grant_from_the_future_does_not_hold_yet_but_a_withdrawal_does(folder: Path, ahead: timedelta) -> None:
    word(folder, "false", BEFORE)
    word(folder, "true", NOW + ahead)
    word(folder, "true", BEFORE, customer="bert")
    word(folder, "false", NOW + ahead, customer="bert")
    assert consent(opened(folder)) is False
    assert consent(opened(folder), "bert") is False


def test_a_withdrawal_after_a_simulated_moment_of_the_past_has_not_happened_yet(folder: Path) -> None:
    write(folder, "warrant.yaml", (folder / "warrant.yaml").read_text() + f"as_of: {DAY}\n")
    word(folder, "true", BEFORE)
    word(folder, "false", local_midnight(DAY, "Europe/Berlin") + INSTANT)
    assert consent(opened(folder, WARRANT_NOW="")) is True


def test_a_withdrawal_that_cannot_be_trusted_leaves_no_consent(folder: Path) -> None:
    word(folder, "true", BEFORE)
    word(folder, "false", NOW - INSTANT, basis="because")
    assert consent(opened(folder)) is None


def test_of_two_words_from_one_moment_neither_is_a_consent(folder: Path) -> None:
    word(folder, "true", BEFORE - timedelta(days=1))
    for said in ("true", "false"):
        word(folder, said, BEFORE)
    assert consent(opened(folder)) is not True


def test_who_is_no_customer_any_more_has_agreed_to_nothing_not_even_by_assumption(folder: Path) -> None:
    assumed = "{assumed: legitimate_interest, because: They bought., by: dpo}"
    write(folder, "channels.yaml", f"channels:\n  email:\n    kind: file\n    consent: {assumed}\n")
    word(folder, "true", BEFORE)
    assert (consent(opened(folder)), consent(opened(folder), "bert")) == (True, True)
    write(folder, "data/customers.csv", "customer_id\nbert\n")
    assert (consent(opened(folder)), consent(opened(folder), "bert")) == (None, True)


def test_what_was_said_while_the_day_was_being_decided_holds(folder: Path) -> None:
    word(folder, "true", BEFORE)
    day = open_day(folder, {"WARRANT_HOME": str(folder / "state")}, day=DAY)
    word(folder, "false", datetime.now(UTC))
    assert day.clock.now < datetime.now(UTC)
    assert consent(day) is False


def test_the_clock_is_read_anew(folder: Path) -> None:
    day = open_day(folder, {"WARRANT_HOME": str(folder / "state")}, day=DAY)
    assert look_now(day, sends()).clock.now > day.clock.now


@pytest.mark.parametrize("table", ["customers", "consents", "touches"])
def test_a_source_that_cannot_be_read_any_more_stops_the_delivery(folder: Path, table: str) -> None:
    (folder / f"data/{table}.csv").unlink()
    with pytest.raises(SourceError, match=f"{table}.csv"):
        look_now(opened(folder), sends())


def test_touches_are_those_of_anyone_up_to_now_without_what_is_about_to_leave(folder: Path) -> None:
    day = opened(folder)
    for touch_id, at in (("theirs", NOW), ("reported", BEFORE), ("ours", BEFORE), ("ahead", NOW + INSTANT)):
        touch(folder, touch_id, at)
    reserved = pd.DataFrame(
        {"customer_id": ["anna"], "channel_id": "email", "asset_id": "hello", "send_at": BEFORE, "cost": 0.1}
    )
    for other_day, decision in ((date(2026, 2, 4), "reported"), (date(2026, 2, 5), "silent"), (DAY, "ours")):
        Reservations(day.lake).claim(SLOT, other_day, reserved.assign(decision_id=decision), "run")
    assert sorted(look_now(day, sends("ours")).touches["touch_id"]) == ["reported", "silent", "theirs"]
