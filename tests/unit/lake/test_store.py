"""The lake: tables by content, slices by run, logs that only grow."""

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from lake.errors import LakeError
from lake.store import Lake, Pin, arrow_table


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake" / "shop")


def rows(*keys: str) -> pa.Table:
    return pa.table({"key": list(keys)})


def log_of(*keys: str) -> pd.DataFrame:
    return pd.DataFrame({"key": list(keys)})


def read_back(lake: Lake, frame: pd.DataFrame) -> pd.DataFrame:
    lake.write("things", arrow_table(frame), digest="any")
    return lake.read("things")


# ---- canonical tables


def test_a_table_that_was_never_written_has_no_version(lake: Lake) -> None:
    assert lake.latest("things") is None


def test_the_same_content_is_not_written_again(lake: Lake) -> None:
    first = lake.write("things", rows("a"), digest="one")
    assert lake.write("things", rows("a"), digest="one") == first == Pin(0, "one", 1)


def test_other_content_is_a_new_version_and_the_old_one_stays(lake: Lake) -> None:
    first = lake.write("things", rows("a"), digest="one")
    second = lake.write("things", rows("b", "c"), digest="two")
    assert (second.rows, second.version > first.version) == (2, True)
    assert list(lake.read("things")["key"]) == ["b", "c"]
    assert list(lake.read("things", version=first.version)["key"]) == ["a"]


def test_content_that_returns_after_other_content_is_written_anew(lake: Lake) -> None:
    for digest in ("one", "two", "one"):
        pin = lake.write("things", rows(digest), digest=digest)
    assert pin.version == 2
    assert list(lake.read("things")["key"]) == ["one"]


def test_an_earlier_content_can_be_the_latest_again(lake: Lake) -> None:
    first = lake.write("people", pa.table({"name": ["Anna"], "age": pa.array([None], pa.int64())}), digest="one")
    before = lake.newest_tables()
    assert before == {"people": first}
    lake.write("people", pa.table({"name": ["Bert"]}), digest="two")
    again = lake.bring_back("people", first)
    assert (again.digest, again.rows, again.version) == ("one", 1, 2)
    assert lake.read("people")["name"].tolist() == ["Anna"]
    assert lake.bring_back("people", first) == again


def test_a_table_may_change_its_columns(lake: Lake) -> None:
    lake.write("things", rows("a"), digest="one")
    lake.write("things", pa.table({"number": [1.5]}), digest="two")
    assert lake.read("things").to_dict("list") == {"number": [1.5]}


def test_maintenance_by_others_changes_no_content(lake: Lake) -> None:
    lake.write("things", rows("a"), digest="one")
    DeltaTable(str(lake.root / "tables" / "things")).alter.set_table_properties({"delta.appendOnly": "false"})
    pin = lake.latest("things")
    assert pin is not None
    assert (pin.digest, pin.version) == ("one", 1)


def test_content_that_another_program_has_changed_is_not_taken_for_ours(lake: Lake) -> None:
    lake.write("things", rows("a", "b"), digest="one")
    DeltaTable(str(lake.root / "tables" / "things")).delete("key = 'a'")
    with pytest.raises(LakeError, match="another program"):
        lake.latest("things")


def test_no_version_is_ever_forgotten(lake: Lake) -> None:
    for digest in ("one", "two", "three"):
        lake.write("things", rows(digest), digest=digest)
    path = lake.root / "tables" / "things"
    a_year_ago = time.time() - 365 * 24 * 60 * 60
    for file in (path / "_delta_log").iterdir():
        os.utime(file, (a_year_ago, a_year_ago))
    table = DeltaTable(str(path))
    table.create_checkpoint()
    table.cleanup_metadata()
    assert list(lake.read("things", version=0)["key"]) == ["one"]


def test_every_type_comes_back_as_the_rooms_expect_it(lake: Lake) -> None:
    frame = pd.DataFrame(
        {
            "text": ["ä", None],
            "number": [1.5, None],
            "flag": [True, None],
            "time": [pd.Timestamp("2026-03-06T10:00:00.123456Z"), None],
            "texts": [["a", "b"], None],
        }
    )
    again = read_back(lake, frame)
    assert str(again["time"].dtype) == "datetime64[us, UTC]"
    assert again["time"][0] == pd.Timestamp("2026-03-06T10:00:00.123456Z")
    assert again["number"].dtype == "float64"
    assert [list(again["text"]), list(again["flag"]), again["texts"][1]] == [["ä", None], [True, None], None]
    assert list(again["texts"][0]) == ["a", "b"]


def test_only_the_columns_asked_for_are_read(lake: Lake) -> None:
    lake.write("things", pa.table({"a": ["x"], "b": ["y"]}), digest="one")
    assert list(lake.read("things", columns=["b"]).columns) == ["b"]


def test_other_tools_read_the_files(lake: Lake) -> None:
    lake.write("things", rows("a", "b"), digest="one")
    (file,) = (lake.root / "tables" / "things").glob("*.parquet")
    assert sorted(duckdb.read_parquet(str(file)).fetchall()) == [("a",), ("b",)]


# ---- slices of runs


def test_a_slice_replaces_itself_and_no_other(lake: Lake) -> None:
    lake.write_slice("decisions", "run-1", log_of("a", "b"))
    lake.write_slice("decisions", "run-2", log_of("c"))
    lake.write_slice("decisions", "run-1", log_of("d"))
    assert list(lake.read_slice("decisions", "run-1")["key"]) == ["d"]
    assert list(lake.read_slice("decisions", "run-2")["key"]) == ["c"]
    assert list(lake.read_slice("decisions", "run-1").columns) == ["key"]


def test_a_slice_without_rows_is_empty_and_not_missing(lake: Lake) -> None:
    lake.write_slice("decisions", "run-1", log_of("a"))
    lake.write_slice("decisions", "run-1", log_of("a").head(0))
    assert lake.read_slice("decisions", "run-1").empty


@pytest.mark.parametrize(
    ("unknown", "known"),
    [
        (pd.Series([None], dtype=object), pd.Series([1.5])),
        (pd.Series([None], dtype=object), pd.Series(pd.to_datetime(["2026-03-06"], utc=True))),
        (pd.Series([None], dtype=object), pd.Series([True])),
        (pd.Series([None], dtype=object), pd.Series(["text"])),
    ],
    ids=["number", "time", "flag", "text"],
)
def test_a_column_without_values_takes_the_type_of_the_run_that_has_some(
    lake: Lake, unknown: "pd.Series[Any]", known: "pd.Series[Any]"
) -> None:
    lake.write_slice("decisions", "run-1", pd.DataFrame({"value": unknown}))
    lake.write_slice("decisions", "run-2", pd.DataFrame({"value": known}))
    lake.write_slice("decisions", "run-3", pd.DataFrame({"value": unknown}))
    assert list(lake.read_slice("decisions", "run-2")["value"]) == list(known)
    for run in ("run-1", "run-3"):
        assert lake.read_slice("decisions", run)["value"].isna().tolist() == [True]


def test_whole_numbers_join_a_column_of_fractions(lake: Lake) -> None:
    lake.write_slice("decisions", "run-1", pd.DataFrame({"value": [1.5]}))
    lake.write_slice("decisions", "run-2", pd.DataFrame({"value": [2]}))
    assert list(lake.read_slice("decisions", "run-2")["value"]) == [2.0]


def test_a_column_that_changes_its_type_is_refused_instead_of_being_converted(lake: Lake) -> None:
    lake.write_slice("decisions", "run-1", pd.DataFrame({"value": ["text"]}))
    with pytest.raises(LakeError, match="`value` of `decisions`"):
        lake.write_slice("decisions", "run-2", pd.DataFrame({"value": [1.5]}))
    assert list(lake.read_slice("decisions", "run-1")["value"]) == ["text"]


def test_a_new_column_is_null_in_earlier_runs(lake: Lake) -> None:
    lake.write_slice("decisions", "run-1", pd.DataFrame({"key": ["a"]}))
    lake.write_slice("decisions", "run-2", pd.DataFrame({"key": ["b"], "value": [1.5]}))
    assert lake.read_slice("decisions", "run-1")["value"].isna().all()


# ---- logs


def test_a_log_counts_its_rows(lake: Lake) -> None:
    lake.append_log("runs", [{"what": "a"}, {"what": "b"}])
    lake.append_log("runs", [{"what": "c"}])
    log = lake.read_log("runs")
    assert log is not None
    assert log.sort_values("position")[["position", "what"]].to_numpy().tolist() == [[0, "a"], [1, "b"], [2, "c"]]


def test_a_log_that_nobody_began_is_none(lake: Lake) -> None:
    assert lake.read_log("runs") is None
    assert lake.log_version("runs") is None


def test_only_who_knows_the_last_row_may_append(lake: Lake) -> None:
    assert lake.append_log_at("claims", log_of("a"), None)
    assert not lake.append_log_at("claims", log_of("b"), None)
    assert lake.append_log_at("claims", log_of("c"), 0)
    assert not lake.append_log_at("claims", log_of("d"), 0)
    log = lake.read_log("claims")
    assert log is not None
    assert sorted(log["key"]) == ["a", "c"]


def test_a_log_remembers_how_it_was(lake: Lake) -> None:
    lake.append_log_at("claims", log_of("a"), None)
    lake.append_log_at("claims", log_of("b"), 0)
    before = lake.read_log("claims", version=0)
    assert before is not None
    assert list(before["key"]) == ["a"]


def test_two_processes_append_to_one_log_without_losing_or_counting_a_row_twice(lake: Lake) -> None:
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from lake.store import Lake
        lake = Lake(Path(sys.argv[1]))
        for number in range(6):
            lake.append_log("runs", [{"what": f"{sys.argv[2]}-{number}"}])
        """
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, str(lake.root), name]) for name in ("one", "two")]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    log = lake.read_log("runs")
    assert log is not None
    assert sorted(log["position"]) == list(range(12))
    assert sorted(log["what"]) == sorted(f"{name}-{number}" for name in ("one", "two") for number in range(6))


# ---- what a killed process or a broken disk leaves


def test_files_that_a_killed_process_left_without_commit_are_not_there(lake: Lake) -> None:
    for folder in ("tables/things", "logs/claims"):
        (lake.root / folder / "_delta_log").mkdir(parents=True)
        (lake.root / folder / "part-0.parquet").write_bytes(b"half a file")
    assert lake.latest("things") is None
    assert lake.write("things", rows("a"), digest="one").rows == 1
    assert lake.append_log_at("claims", log_of("a"), None)
    assert list(lake.read("things")["key"]) == ["a"]


def test_a_file_that_is_gone_is_named(lake: Lake) -> None:
    lake.write("things", rows("a"), digest="one")
    for file in (lake.root / "tables" / "things").glob("*.parquet"):
        file.unlink()
    with pytest.raises(LakeError, match="`things` in version 0 cannot be read") as error:
        lake.read("things")
    assert error.value.where.endswith("tables/things")
    assert error.value.remedy


def test_a_broken_file_is_named(lake: Lake) -> None:
    lake.write("things", rows("a"), digest="one")
    for file in (lake.root / "tables" / "things").glob("*.parquet"):
        file.write_bytes(b"not a parquet file")
    with pytest.raises(LakeError, match="`things`"):
        lake.read("things")


def test_a_broken_log_is_named_and_not_taken_for_no_table(lake: Lake) -> None:
    lake.write("things", rows("a"), digest="one")
    (lake.root / "tables" / "things" / "_delta_log" / f"{0:020}.json").write_text("{broken")
    with pytest.raises(LakeError, match="`things`"):
        lake.latest("things")


def test_a_version_that_never_was_is_an_error(lake: Lake) -> None:
    lake.write("things", rows("a"), digest="one")
    with pytest.raises(LakeError, match="version 9"):
        lake.read("things", version=9)


def test_rows_can_be_asked_for_by_their_values_across_runs(lake: Lake) -> None:
    for run, keys in (("run-1", ["a", "b"]), ("run-2", ["b", "it's"])):
        lake.write_slice("decisions", run, pd.DataFrame({"key": keys, "value": 1.0}))
    found = lake.read_results("decisions", only={"key": ["b"]}).sort_values("run_id")
    assert list(found["run_id"]) == ["run-1", "run-2"]
    assert list(lake.read_results("decisions", ["run_id"], only={"key": ["it's", "z"]})["run_id"]) == ["run-2"]
    assert lake.read_results("decisions", only={"key": ["z"]}).empty


def test_rows_of_a_version_can_be_asked_for_by_their_values(lake: Lake) -> None:
    first = lake.write("things", arrow_table(pd.DataFrame({"key": ["a", "b"]})), digest="1")
    lake.write("things", arrow_table(pd.DataFrame({"key": ["b"]})), digest="2")
    assert list(lake.read("things", first.version, only={"key": ["a"]})["key"]) == ["a"]
    assert lake.read("things", only={"key": ["a"]}).empty


@pytest.mark.parametrize("read", [lambda lake: lake.read("things"), lambda lake: lake.read_slice("things", "run")])
def test_reading_what_was_never_written_is_an_error(lake: Lake, read: Any) -> None:
    with pytest.raises(LakeError, match="`things`"):
        read(lake)


def test_a_folder_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file where a folder should be")
    with pytest.raises(LakeError, match="could not be written") as error:
        Lake(tmp_path / "lake").write("things", rows("a"), digest="one")
    assert error.value.remedy


def test_a_list_that_tells_no_type_takes_that_of_the_other_runs(lake: Lake) -> None:
    entries = {
        "run-1": [[{"limit": "email", "by": "x"}], []],
        "run-2": [[], []],
        "run-3": [[{"limit": "a", "by": None}]],
    }
    for run, lists in entries.items():
        lake.write_slice("decisions", run, pd.DataFrame({"paid": pd.Series(lists, dtype=object)}))
    for run, lists in entries.items():
        assert [list(each) for each in lake.read_slice("decisions", run)["paid"]] == lists


def test_what_a_run_produced_may_be_written_a_chunk_at_a_time(lake: Lake) -> None:
    def chunks(run: str, *keys: str) -> Iterator[pa.Table]:
        for key in keys:
            yield pa.table({"run_id": [run], "key": [key], "paid": [[{"limit": key}]]})

    lake.write_stream("decisions", "run-1", chunks("run-1", "a", "b"))
    lake.write_stream("decisions", "run-2", chunks("run-2", "c"))
    lake.write_stream("decisions", "run-1", chunks("run-1", "d", "e"))
    assert sorted(lake.read_slice("decisions", "run-1")["key"]) == ["d", "e"]
    assert list(lake.read_slice("decisions", "run-2")["paid"].iloc[0]) == [{"limit": "c"}]
    with pytest.raises(LakeError, match="`key` of `decisions` is string in the runs before and int64 now"):
        lake.write_stream("decisions", "run-3", iter([pa.table({"run_id": ["run-3"], "key": [1]})]))
