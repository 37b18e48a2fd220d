"""The ledger: a run is what goes into it, and each finished step is one row."""

import dataclasses
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from lake.runs import Ledger, PlaybookBusyError, RunIdentity, UnknownRunError, playbook_lock
from lake.store import Lake, Pin

AS_OF = datetime(2026, 3, 5, 23, tzinfo=UTC)
IDENTITY = RunIdentity(
    as_of=AS_OF,
    scope={"slot": "daily", "customers": "all"},
    seed=7,
    playbook_digest="playbook",
    code_version="code",
    tables={"customers": "c", "purchases": "p"},
    reservations="none",
)
PINS = {"customers": Pin(0, "c", 2), "purchases": Pin(4, "p", 3)}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(Lake(tmp_path))


def other(**changes: Any) -> RunIdentity:
    return dataclasses.replace(IDENTITY, **changes)


def test_the_id_is_sixteen_hexadecimal_digits() -> None:
    assert len(IDENTITY.run_id) == 16
    assert set(IDENTITY.run_id) <= set("0123456789abcdef")


def test_the_order_of_tables_and_scope_does_not_count() -> None:
    turned = other(
        tables=dict(reversed(list(IDENTITY.tables.items()))), scope=dict(reversed(list(IDENTITY.scope.items())))
    )
    assert turned.run_id == IDENTITY.run_id


@pytest.mark.parametrize(
    "changes",
    [
        {"as_of": AS_OF + timedelta(microseconds=1)},
        {"scope": {"slot": "service", "customers": "all"}},
        {"seed": 8},
        {"playbook_digest": "another"},
        {"code_version": "another"},
        {"tables": {"customers": "c", "purchases": "another"}},
        {"tables": {"customers": "c"}},
        {"reservations": "some"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_anything_that_goes_in_changes_the_id(changes: dict[str, Any]) -> None:
    assert other(**changes).run_id != IDENTITY.run_id


def test_one_moment_is_one_as_of_in_whatever_zone_it_is_said() -> None:
    berlin = timezone(timedelta(hours=1))
    assert other(as_of=AS_OF.astimezone(berlin)).run_id == IDENTITY.run_id


def test_a_run_that_is_opened_can_be_read_back(ledger: Ledger) -> None:
    opened = ledger.open(IDENTITY, PINS, {"rows": {"customers": 2}})
    assert (opened.run_id, opened.state, dict(opened.steps)) == (IDENTITY.run_id, "opened", {})
    assert (opened.identity, dict(opened.pins), opened.about) == (IDENTITY, PINS, {"rows": {"customers": 2}})
    assert ledger.get(IDENTITY.run_id) == opened


def test_the_same_input_finds_the_open_run_with_its_own_pins(ledger: Ledger) -> None:
    first = ledger.open(IDENTITY, PINS, {"seconds": 1})
    later_pins = {name: Pin(pin.version + 5, pin.digest, pin.rows) for name, pin in PINS.items()}
    assert ledger.open(IDENTITY, later_pins, {"seconds": 2}) == first


def test_opening_a_known_run_again_writes_nothing(ledger: Ledger, tmp_path: Path) -> None:
    ledger.open(IDENTITY, PINS, {})
    before = sorted(path.name for path in tmp_path.rglob("*"))
    ledger.open(IDENTITY, PINS, {})
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_steps_are_kept_in_order_and_change_the_state(ledger: Ledger) -> None:
    ledger.open(IDENTITY, PINS, {})
    ledger.mark(IDENTITY.run_id, step="relate", state=None, payload={"view": "v"})
    ledger.mark(IDENTITY.run_id, step="decide", state="decided", payload={"root": "r"})
    run = ledger.get(IDENTITY.run_id)
    assert list(run.steps) == ["relate", "decide"]
    assert (run.steps["relate"]["view"], run.state) == ("v", "decided")
    ledger.mark(IDENTITY.run_id, step="deliver", state="delivered", payload={})
    assert ledger.get(IDENTITY.run_id).state == "delivered"


def test_a_step_that_is_taken_back_is_done_again(ledger: Ledger) -> None:
    run = ledger.open(IDENTITY, PINS, {})
    ledger.mark(run.run_id, step="decide", state="decided", payload={"text": "first"})
    ledger.mark(run.run_id, step="project", state="projected", payload={"text": "first"})
    ledger.undo(run.run_id, "project")
    taken_back = ledger.get(run.run_id)
    assert (list(taken_back.steps), taken_back.state) == (["decide"], "decided")
    assert ledger.latest(step="project") is None
    assert ledger.having("project") == []
    ledger.mark(run.run_id, step="project", state="projected", payload={"text": "again"})
    again = ledger.get(run.run_id)
    assert (again.steps["project"]["text"], again.state) == ("again", "projected")
    assert [each.run_id for each in ledger.having("project")] == [run.run_id]


def test_taking_a_step_back_touches_no_other_run(ledger: Ledger) -> None:
    one, two = ledger.open(IDENTITY, PINS, {}), ledger.open(other(seed=8), PINS, {})
    for run in (one, two):
        ledger.mark(run.run_id, step="relate", state=None, payload={})
    ledger.undo(one.run_id, "relate")
    assert "relate" in ledger.get(two.run_id).steps
    assert [each.run_id for each in ledger.having("relate")] == [two.run_id]


def test_runs_do_not_see_each_others_steps(ledger: Ledger) -> None:
    second = other(seed=8)
    for identity in (IDENTITY, second):
        ledger.open(identity, PINS, {})
    ledger.mark(second.run_id, step="decide", state="decided", payload={})
    assert ledger.get(IDENTITY.run_id).state == "opened"
    assert ledger.get(second.run_id).state == "decided"


def test_a_prefix_names_a_run(ledger: Ledger) -> None:
    ledger.open(IDENTITY, PINS, {})
    assert ledger.get(IDENTITY.run_id[:4]).run_id == IDENTITY.run_id


@pytest.mark.parametrize("prefix", ["", "abc", "zzzz", "0123456789abcdef"])
def test_a_prefix_that_is_too_short_or_names_nothing_is_a_usage_error(ledger: Ledger, prefix: str) -> None:
    ledger.open(IDENTITY, PINS, {})
    with pytest.raises(UnknownRunError) as error:
        ledger.get(prefix)
    assert error.value.exit_code == 2
    assert IDENTITY.run_id in error.value.remedy


def test_a_question_before_the_first_run_is_a_usage_error(ledger: Ledger) -> None:
    with pytest.raises(UnknownRunError, match="no runs"):
        ledger.get("0123456789abcdef")
    assert ledger.latest() is None


def test_the_latest_run_is_the_one_opened_last(ledger: Ledger) -> None:
    second = other(seed=8)
    ledger.open(IDENTITY, PINS, {})
    ledger.open(second, PINS, {})
    assert latest(ledger) == second.run_id
    ledger.open(IDENTITY, PINS, {})
    assert latest(ledger) == IDENTITY.run_id, "what was opened again is the latest"


def test_the_latest_run_of_an_as_of_with_a_step_done(ledger: Ledger) -> None:
    tomorrow = other(as_of=AS_OF + timedelta(days=1))
    ledger.open(IDENTITY, PINS, {})
    ledger.open(tomorrow, PINS, {})
    ledger.mark(IDENTITY.run_id, step="decide", state="decided", payload={})
    assert latest(ledger, as_of=AS_OF) == IDENTITY.run_id
    assert latest(ledger, step="decide") == IDENTITY.run_id
    assert latest(ledger) == tomorrow.run_id
    assert latest(ledger, as_of=AS_OF - timedelta(days=1)) is None
    assert latest(ledger, step="deliver") is None


def test_what_decided_last_is_the_latest_decided_run_though_another_day_was_opened_after_it(ledger: Ledger) -> None:
    tomorrow = other(as_of=AS_OF + timedelta(days=1))
    ledger.open(IDENTITY, PINS, {})
    ledger.open(tomorrow, PINS, {})
    ledger.mark(tomorrow.run_id, step="decide", state="decided", payload={})
    ledger.mark(IDENTITY.run_id, step="decide", state="decided", payload={})
    ledger.mark(tomorrow.run_id, step="deliver", state="delivered", payload={})
    assert latest(ledger, step="decide") == IDENTITY.run_id
    assert latest(ledger, step="decide", as_of=AS_OF + timedelta(days=1)) == tomorrow.run_id


def latest(ledger: Ledger, **wanted: Any) -> str | None:
    run = ledger.latest(**wanted)
    return None if run is None else run.run_id


def test_a_process_killed_while_marking_leaves_whole_steps(tmp_path: Path) -> None:
    Ledger(Lake(tmp_path)).open(IDENTITY, PINS, {})
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from lake.runs import Ledger
        from lake.store import Lake
        ledger = Ledger(Lake(Path(sys.argv[1])))
        for number in range(200):
            ledger.mark(sys.argv[2], step=f"step-{number}", state=f"state-{number}", payload={"number": number})
            print(number, flush=True)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path), IDENTITY.run_id], stdout=subprocess.PIPE, text=True
    ) as marking:
        assert marking.stdout is not None
        for _ in range(3):
            marking.stdout.readline()
        marking.kill()
    run = Ledger(Lake(tmp_path)).get(IDENTITY.run_id)
    assert list(run.steps) == [f"step-{number}" for number in range(len(run.steps))]
    assert len(run.steps) >= 3
    assert run.state == f"state-{len(run.steps) - 1}"
    assert all(run.steps[f"step-{number}"] == {"number": number} for number in range(len(run.steps)))


HOLDING = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from lake.runs import playbook_lock
    with playbook_lock(Path(sys.argv[1])):
        print("held", flush=True)
        time.sleep(600)
    """
)


def test_a_second_process_is_told_who_runs_the_playbook(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(PlaybookBusyError, match=str(holder.pid)) as error, playbook_lock(tmp_path):
            pass
        assert error.value.exit_code == 5
        with playbook_lock(tmp_path / "another playbook"):
            pass
        holder.kill()
    with playbook_lock(tmp_path):
        pass


def test_the_lock_is_given_back_when_the_run_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="a step"), playbook_lock(tmp_path):
        raise RuntimeError("a step failed")
    with playbook_lock(tmp_path):
        pass


def test_a_run_inside_a_run_of_the_same_playbook_is_refused(tmp_path: Path) -> None:
    with playbook_lock(tmp_path), pytest.raises(PlaybookBusyError), playbook_lock(tmp_path):
        pass


def test_a_run_in_hindsight_is_never_the_latest_of_anything(ledger: Ledger) -> None:
    scope = {"slot": "daily", "customers": "all", "purpose": "backfill"}
    ledger.open(IDENTITY, PINS, {})
    past = ledger.open(other(scope=scope), PINS, {})
    assert past.is_backfill
    ledger.mark(past.run_id, step="decide", state="decided", payload={})
    assert ledger.latest(step="decide") is None
    assert ledger.having("decide") == []
    assert [run.run_id for run in ledger.backfills()] == [past.run_id]
    latest = ledger.latest(as_of=AS_OF)
    assert latest is not None
    assert latest.run_id == IDENTITY.run_id
    ledger.open(other(scope=scope), PINS, {})
    assert ledger.latest() == latest
    assert ledger.get(past.run_id).state == "decided"
