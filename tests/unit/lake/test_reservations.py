"""Reservations: nobody is given a customer of a slot and day twice, whoever is killed and whoever runs beside."""

import subprocess
import sys
import textwrap
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from lake.errors import LakeError
from lake.reservations import Reservations
from lake.store import Lake

DAY = date(2026, 3, 6)
MORNING = datetime(2026, 3, 6, 8, tzinfo=UTC)
NEXT_MORNING = datetime(2026, 3, 7, 8, tzinfo=UTC)

CLAIMING = textwrap.dedent(
    """
    import sys
    from datetime import UTC, date, datetime
    from pathlib import Path
    import pandas as pd
    from lake.reservations import Reservations
    from lake.store import Lake

    root, run, slots = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    customers = [f"customer-{number:03}" for number in range(100)]
    if run == "even":
        customers = customers[:70]
    elif run == "odd":
        customers = customers[30:]
    for slot in range(slots):
        wanted = pd.DataFrame({
            "customer_id": customers, "decision_id": [f"{run}-{slot}-{customer}" for customer in customers],
            "channel_id": "email", "asset_id": "hello", "send_at": datetime(2026, 3, 6, 8, tzinfo=UTC), "cost": 0.1,
        })
        ours = Reservations(Lake(root)).claim(f"slot-{slot}", date(2026, 3, 6), wanted, run)
        print(slot, *ours["decision_id"], flush=True)
    """
)


@pytest.fixture
def reservations(tmp_path: Path) -> Reservations:
    return Reservations(Lake(tmp_path))


def wanted(run: str, *customers: str, at: datetime = MORNING) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": list(customers),
            "decision_id": [f"{run}-{customer}" for customer in customers],
            "channel_id": "email",
            "asset_id": "hello",
            "send_at": at,
            "cost": 0.1,
        }
    )


def claim(reservations: Reservations, run: str, *customers: str, slot: str = "daily", day: date = DAY) -> list[str]:
    return list(reservations.claim(slot, day, wanted(run, *customers), run)["customer_id"])


def held(root: Path) -> pd.DataFrame:
    log = Lake(root).read_log("reservations")
    assert log is not None
    return log


def test_the_first_claim_gets_everybody(reservations: Reservations) -> None:
    assert claim(reservations, "one", "anna", "bert") == ["anna", "bert"]


def test_a_later_claim_gets_only_who_is_left(reservations: Reservations) -> None:
    claim(reservations, "one", "anna", "bert")
    assert claim(reservations, "two", "bert", "carl") == ["carl"]


def test_claiming_again_for_the_same_decision_changes_nothing(reservations: Reservations, tmp_path: Path) -> None:
    claim(reservations, "one", "anna", "bert")
    before = held(tmp_path)
    assert claim(reservations, "one", "anna", "bert") == ["anna", "bert"]
    pd.testing.assert_frame_equal(held(tmp_path), before)


def test_another_slot_or_day_is_another_key(reservations: Reservations) -> None:
    claim(reservations, "one", "anna")
    assert claim(reservations, "two", "anna", slot="service") == ["anna"]
    assert claim(reservations, "three", "anna", day=date(2026, 3, 7)) == ["anna"]


def test_everything_about_a_decision_comes_back_with_the_claim(reservations: Reservations) -> None:
    rows = wanted("one", "anna")
    pd.testing.assert_frame_equal(reservations.claim("daily", DAY, rows, "one"), rows)


def test_nobody_claims_nobody(reservations: Reservations) -> None:
    assert claim(reservations, "one") == []


def test_one_customer_twice_in_one_claim_is_refused(reservations: Reservations, tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="`anna`"):
        claim(reservations, "one", "anna", "bert", "anna")
    assert Lake(tmp_path).read_log("reservations") is None


def test_touches_are_what_was_sent_before_and_elsewhere(reservations: Reservations) -> None:
    claim(reservations, "one", "anna")
    claim(reservations, "two", "bert", slot="service")
    reservations.claim(
        "daily", date(2026, 3, 5), wanted("zero", "carl", at=datetime(2026, 3, 5, 8, tzinfo=UTC)), "zero"
    )
    touches = reservations.touches(NEXT_MORNING, slot="daily", day=DAY)
    assert list(touches["touch_id"]) == ["two-bert", "zero-carl"]
    assert list(touches.columns) == [
        "touch_id",
        "customer_id",
        "channel_id",
        "asset_id",
        "sent_at",
        "cost",
        "expected_cost",
    ]
    assert touches["sent_at"].tolist() == [pd.Timestamp(MORNING), pd.Timestamp(2026, 3, 5, 8, tz="UTC")]


def test_a_send_at_the_very_moment_is_not_before_it(reservations: Reservations) -> None:
    claim(reservations, "one", "anna", slot="service")
    assert reservations.touches(MORNING, slot="daily", day=DAY).empty


def test_what_is_held_on_a_day_is_of_every_slot_and_run_and_of_that_day_alone(reservations: Reservations) -> None:
    claim(reservations, "one", "anna")
    claim(reservations, "two", "bert", slot="service")
    claim(reservations, "three", "anna", day=date(2026, 3, 7))
    rows = reservations.held_on(DAY)
    assert list(rows.columns) == [
        "slot",
        "customer_id",
        "decision_id",
        "channel_id",
        "asset_id",
        "cost",
        "expected_cost",
        "exposure",
    ]
    assert rows["decision_id"].tolist() == ["one-anna", "two-bert"]
    assert reservations.held_on(date(2026, 3, 8)).empty


def test_what_is_given_back_counts_no_more_and_can_be_claimed_again(reservations: Reservations) -> None:
    claim(reservations, "one", "anna", "bert")
    assert reservations.release("daily", DAY, ["one-anna", "one-carl"], "one") == 1
    assert reservations.held_on(DAY)["decision_id"].tolist() == ["one-bert"]
    assert reservations.touches(NEXT_MORNING, slot="service", day=DAY)["touch_id"].tolist() == ["one-bert"]
    assert reservations.release("daily", DAY, ["one-anna"], "one") == 0
    assert claim(reservations, "two", "anna", "bert") == ["anna"]
    assert reservations.release("daily", DAY, ["two-anna"], "one") == 0, "another run's"
    assert reservations.release("daily", DAY, ["two-anna"], "two") == 1
    assert claim(reservations, "one", "anna") == ["anna"]
    assert reservations.held_on(DAY)["decision_id"].tolist() == ["one-anna", "one-bert"]


def test_what_an_offer_commits_to_comes_back(reservations: Reservations) -> None:
    reservations.claim("daily", DAY, wanted("one", "anna").assign(expected_cost=0.2, exposure=5.0), "one")
    claim(reservations, "two", "bert")
    rows = reservations.everything()
    assert rows["decision_id"].tolist() == ["one-anna", "two-bert"]
    assert rows["expected_cost"].tolist() == [0.2, 0.0]
    assert rows["exposure"].tolist() == [5.0, 0.0]


def test_the_digest_knows_other_slots_and_not_this_one(reservations: Reservations) -> None:
    nothing = reservations.digest(NEXT_MORNING, slot="daily", day=DAY)
    claim(reservations, "one", "anna")
    assert reservations.digest(NEXT_MORNING, slot="daily", day=DAY) == nothing
    claim(reservations, "two", "bert", slot="service")
    assert reservations.digest(NEXT_MORNING, slot="daily", day=DAY) != nothing


def test_the_digest_does_not_know_in_which_order_claims_came(tmp_path: Path) -> None:
    digests = set()
    for order in (("anna", "bert"), ("bert", "anna")):
        reservations = Reservations(Lake(tmp_path / order[0]))
        for customer in order:
            claim(reservations, "one", customer, slot="service")
        digests.add(reservations.digest(NEXT_MORNING, slot="daily", day=DAY))
    assert len(digests) == 1


def test_two_processes_at_once_never_both_get_a_customer(tmp_path: Path) -> None:
    slots = 8
    claimers = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIMING, str(tmp_path), run, str(slots)], stdout=subprocess.PIPE, text=True
        )
        for run in ("even", "odd")
    ]
    said = [claimer.communicate(timeout=240)[0] for claimer in claimers]
    assert [claimer.returncode for claimer in claimers] == [0, 0]
    log = held(tmp_path)
    assert not log.duplicated(["slot", "day", "customer_id"]).any()
    assert len(log) == slots * 100, "everybody was given to somebody"
    granted = sorted(word for lines in said for line in lines.splitlines() for word in line.split()[1:])
    assert granted == sorted(log["decision_id"]), "what a process was told is what is on record"


def test_a_process_killed_while_claiming_can_simply_be_repeated(tmp_path: Path) -> None:
    slots = 6
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", CLAIMING, str(tmp_path), "all", str(slots)], stdout=subprocess.PIPE, text=True
        ) as claimer:
            assert claimer.stdout is not None
            claimer.stdout.readline()
            claimer.kill()
    done = subprocess.run(
        [sys.executable, "-c", CLAIMING, str(tmp_path), "all", str(slots)], capture_output=True, text=True, check=True
    )
    assert [len(line.split()) - 1 for line in done.stdout.splitlines()] == [100] * slots
    log = held(tmp_path)
    assert len(log) == slots * 100
    assert not log.duplicated(["slot", "day", "customer_id"]).any()
