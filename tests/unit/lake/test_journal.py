"""The journal: whoever edits, removes or moves an event in the middle is found out, and appending never forks it."""

import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from deltalake import write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.errors import LakeError
from lake.journal import EMPTYING, JOURNAL, Actor, Head, Journal, JournalBrokenError, first_break
from lake.store import Lake, arrow_table

NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)
ANNA = Actor("person:anna", "owner", "login-of-anna")
APPENDING = textwrap.dedent(
    """
    import sys
    from datetime import UTC, datetime
    from pathlib import Path
    from lake.journal import Actor, Journal
    from lake.store import Lake

    root, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(count):
        Journal(Lake(root)).append(
            "asserted", Actor(name), {"number": number}, at=datetime(2026, 3, 6, tzinfo=UTC), because="they said so"
        )
    """
)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(Lake(tmp_path))


def write(journal: Journal, *texts: str) -> None:
    for text in texts:
        journal.append("asserted", ANNA, {"statement": text}, at=NOON, because=f"because of {text}")


def stored(root: Path) -> pd.DataFrame:
    rows = Lake(root).read_log(JOURNAL)
    assert rows is not None
    return rows.sort_values("position", ignore_index=True)


def overwrite(root: Path, rows: pd.DataFrame) -> None:
    write_deltalake(str(root / "logs" / JOURNAL), arrow_table(rows), mode="overwrite")


def broken_at(journal: Journal, published: Head | None = None) -> int:
    with pytest.raises(JournalBrokenError) as broken:
        journal.verify(published)
    assert broken.value.exit_code == 6
    return broken.value.position


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    root = tmp_path_factory.mktemp("chain")
    journal = Journal(Lake(root))
    write(journal, *(f"fact {number}" for number in range(6)))
    journal.append(EMPTYING, ANNA, {"without_payload": [], "without_because": []}, at=NOON, because="asked to")
    return stored(root)


def test_an_event_says_who_when_and_why(journal: Journal) -> None:
    berlin = timezone(timedelta(hours=1))
    journal.append("merged", ANNA, {"b": [1, None], "a": "ü"}, at=NOON.astimezone(berlin), because=" they called ")
    (event,) = journal.events().to_dict("records")
    assert (event["person"], event["role"], event["system_user"]) == ("person:anna", "owner", "login-of-anna")
    assert event["at"] == NOON
    assert event["because"] == "they called"
    assert event["payload"] == {"a": "ü", "b": [1, None]}


def test_a_journal_without_events_is_whole_and_has_no_head(journal: Journal) -> None:
    journal.verify()
    assert journal.head() is None
    assert journal.events().empty


def test_events_can_be_asked_for_by_kind(journal: Journal) -> None:
    write(journal, "one")
    journal.append("retracted", ANNA, {"assertion": "0"}, at=NOON, because="a mistake")
    assert journal.events("retracted")["position"].tolist() == [1]


@pytest.mark.parametrize("payload", [{"weight": float("nan")}, {"at": NOON}, {"name": "\ud800"}])
def test_what_is_no_json_is_refused_and_nothing_is_appended(journal: Journal, payload: dict[str, Any]) -> None:
    with pytest.raises(LakeError, match="cannot be recorded"):
        journal.append("asserted", ANNA, payload, at=NOON, because="why")
    assert journal.events().empty


def test_an_event_without_a_reason_is_refused(journal: Journal) -> None:
    with pytest.raises(LakeError, match="no reason"):
        journal.append("asserted", ANNA, {}, at=NOON, because="  ")


def test_processes_that_append_at_once_make_one_chain(tmp_path: Path, journal: Journal) -> None:
    names, count = ["person:a", "person:b", "person:c"], 8
    running = [
        subprocess.Popen(
            [sys.executable, "-c", APPENDING, str(tmp_path), name, str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        process.communicate()
        assert process.returncode == 0
    journal.verify()
    events = journal.events()
    assert events["position"].tolist() == list(range(len(names) * count))
    for name in names:
        assert [payload["number"] for payload in events.loc[events["person"] == name, "payload"]] == list(range(count))


def test_a_commit_behind_another_head_than_the_one_it_was_chained_to_is_refused(
    tmp_path: Path, journal: Journal
) -> None:
    write(journal, "one", "two")
    lake = Lake(tmp_path)
    assert not lake.append_log_at(JOURNAL, stored(tmp_path).tail(1), 0)
    journal.verify()


@settings(deadline=None)
@given(data=st.data())
def test_any_edit_is_found_at_the_event_that_was_edited(chain: pd.DataFrame, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    column = data.draw(st.sampled_from([name for name in chain.columns if name != "position"]))
    edited = chain.copy()
    if column == "at":
        later = pd.to_timedelta(data.draw(st.integers(1, 10**9)), unit="us")
        edited["at"] = edited["at"].where(edited["position"] != place, edited["at"] + later)
    else:
        written = data.draw(st.text())
        if written == chain.loc[place, column]:
            return
        edited.loc[place, column] = written
    broken = first_break(edited)
    assert broken is not None
    assert broken[0] == place


@settings(deadline=None)
@given(data=st.data())
def test_any_removal_before_the_end_is_found(chain: pd.DataFrame, data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.integers(0, len(chain) - 2), min_size=1))
    left = chain[~chain["position"].isin(gone)].reset_index(drop=True)
    broken = first_break(left)
    assert broken is not None
    assert broken[0] == min(gone)
    renumbered = first_break(left.assign(position=range(len(left))))
    assert renumbered is not None
    assert renumbered[0] == min(gone)


@settings(deadline=None)
@given(order=st.permutations(range(7)))
def test_any_reordering_is_found(chain: pd.DataFrame, order: list[int]) -> None:
    moved = chain.iloc[order].assign(position=range(len(chain))).reset_index(drop=True)
    broken = first_break(moved)
    first = next((place for place, was in enumerate(order) if place != was), None)
    assert (None if broken is None else broken[0]) == first


@settings(deadline=None)
@given(place=st.integers(0, 6), copied=st.integers(0, 6))
def test_an_event_put_in_is_found(chain: pd.DataFrame, place: int, copied: int) -> None:
    parts = [chain[:place], chain[copied : copied + 1], chain[place:]]
    fuller = pd.concat(parts, ignore_index=True)
    broken = first_break(fuller.assign(position=range(len(fuller))))
    assert broken is not None
    assert broken[0] in {place, place + 1}


def test_a_table_that_somebody_edited_does_not_verify(tmp_path: Path, journal: Journal) -> None:
    write(journal, "one", "two", "three")
    rows = stored(tmp_path)
    rows.loc[1, "person"] = "person:mallory"
    overwrite(tmp_path, rows)
    assert broken_at(journal) == 1


def test_a_rewritten_end_shows_only_against_a_published_head(tmp_path: Path, journal: Journal) -> None:
    write(journal, "one", "two", "three")
    head = journal.head()
    assert head is not None
    overwrite(tmp_path, stored(tmp_path)[:2])
    journal.verify()
    assert broken_at(journal, head) == 2
    write(journal, "another three", "four")
    journal.verify()
    assert broken_at(journal, head) == 2


def test_a_chain_that_went_on_still_holds_to_the_head_published_before(journal: Journal) -> None:
    write(journal, "one", "two")
    head = journal.head()
    write(journal, "three")
    journal.verify(head)


def test_texts_that_a_later_event_says_were_forgotten_may_be_missing(tmp_path: Path, journal: Journal) -> None:
    write(journal, "one", "two", "three")
    journal.append(EMPTYING, ANNA, {"without_payload": [1], "without_because": [0, 1]}, at=NOON, because="asked to")
    overwrite(tmp_path, journal.forgotten(payloads=[1], reasons=[0, 1]))
    journal.verify()
    events = journal.events()
    assert events["payload"].isna().tolist() == [False, True, False, False]
    assert events["because"].isna().tolist() == [True, True, False, False]
    assert "two" not in stored(tmp_path).to_json()


def test_texts_that_are_missing_and_nothing_says_so_break_the_chain(tmp_path: Path, journal: Journal) -> None:
    write(journal, "one", "two")
    overwrite(tmp_path, journal.forgotten(payloads=[1], reasons=[]))
    assert broken_at(journal) == 1


def test_an_event_cannot_excuse_texts_missing_after_it(tmp_path: Path, journal: Journal) -> None:
    journal.append(EMPTYING, ANNA, {"without_payload": [1], "without_because": []}, at=NOON, because="asked to")
    write(journal, "one")
    overwrite(tmp_path, journal.forgotten(payloads=[1], reasons=[]))
    assert broken_at(journal) == 1
