"""What names a person is found in files of all kinds, and blotted out of texts and databases to the last byte."""

import contextlib
import gzip
import sqlite3
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from lake.removal import Removal
from pipelines.errors import PipelineError
from pipelines.subjects.traces import Traces, blot_out

DECISION = "0123456789abcdef0123456789abcdef"
WILLOW = Removal(("c-willow", "1609"), (DECISION,))


def plain(path: Path, name: str) -> None:
    path.write_text(f"before {name} after")


def packed(path: Path, name: str) -> None:
    path.write_bytes(gzip.compress(f"before {name} after".encode()))


def columns(path: Path, name: str) -> None:
    table = pa.table({"who": pa.array(["somebody", name] * 50).dictionary_encode()})
    parquet.write_table(table, path, compression="zstd")


def lists(path: Path, name: str) -> None:
    parquet.write_table(pa.table({"who": [["somebody"], [name, None]]}), path, compression="gzip")


def arrow_file(path: Path, name: str) -> None:
    feather.write_feather(pa.table({"who": ["somebody", name] * 50}), str(path), compression="lz4")


def database(path: Path, name: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE told (number INTEGER, what TEXT)")
        made.execute("INSERT INTO told VALUES (1, ?)", (f'{{"customers": ["{name}"]}}',))
        made.commit()


@pytest.mark.parametrize("write", [plain, packed, columns, lists, arrow_file, database])
def test_a_name_is_found_in_every_kind_of_file(tmp_path: Path, write: object) -> None:
    assert callable(write)
    for name, is_theirs in (("c-willow", True), ("C-Willow", True), (DECISION, True), ("c-willows", False)):
        path = tmp_path / f"{name}.file"
        write(path, name)
        assert Traces(WILLOW).stand_in(path) is is_theirs, name


def test_a_number_counts_only_where_a_column_says_about_whom_a_row_is(tmp_path: Path) -> None:
    plain(tmp_path / "note.txt", "1609")
    folder = tmp_path / "purchases"
    folder.mkdir()
    parquet.write_table(pa.table({"customer_id": ["1609"]}), folder / "theirs.parquet")
    parquet.write_table(pa.table({"name": ["1609"]}), folder / "product.parquet")
    assert [path.name for path in Traces(WILLOW).below(tmp_path)] == ["theirs.parquet"]


def test_what_is_left_aside_is_not_searched_and_links_are_followed(tmp_path: Path) -> None:
    for name in ("ours", "others", "linked"):
        (tmp_path / name).mkdir()
        plain(tmp_path / name / "file", "c-willow")
    (tmp_path / "ours" / "link").symlink_to(tmp_path / "linked", target_is_directory=True)
    found = Traces(WILLOW).below(tmp_path / "ours")
    assert [str(path.relative_to(tmp_path)) for path in found] == ["ours/file", "linked/file"]
    left = frozenset({(tmp_path / "others").resolve(), (tmp_path / "linked").resolve()})
    assert [path.name for path in Traces(WILLOW).below(tmp_path, leave=left)] == ["file"]


def test_texts_and_databases_are_blotted_and_all_else_in_them_stays(tmp_path: Path) -> None:
    plain(tmp_path / "log.txt", "c-willow")
    database(tmp_path / "runs.db", "c-willow")
    columns(tmp_path / "data.parquet", "c-willow")
    changed = blot_out(WILLOW, tmp_path)
    assert [path.name for path in changed] == ["log.txt", "runs.db"]
    assert (tmp_path / "log.txt").read_text() == "before [erased] after"
    with contextlib.closing(sqlite3.connect(tmp_path / "runs.db")) as read:
        assert read.execute("SELECT * FROM told").fetchall() == [(1, '{"customers": ["[erased]"]}')]
    assert b"c-willow" not in (tmp_path / "runs.db").read_bytes()
    assert [path.name for path in Traces(WILLOW).below(tmp_path)] == ["data.parquet"], "it is not rewritten blindly"


def test_a_database_with_unwritten_pages_is_blotted_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with contextlib.closing(sqlite3.connect(path)) as writing:
        writing.execute("PRAGMA journal_mode=WAL")
        writing.execute("CREATE TABLE told (what TEXT)")
        writing.execute("INSERT INTO told VALUES ('c-willow')")
        writing.commit()
        assert Traces(WILLOW).stand_in(tmp_path / "runs.db-wal")
        blot_out(WILLOW, tmp_path)
        assert writing.execute("SELECT what FROM told").fetchall() == [("[erased]",)]
    assert list(Traces(WILLOW).below(tmp_path)) == []


@pytest.mark.parametrize("start", [b"\x1f\x8b cut short", b"PAR1 cut short", b"ARROW1 cut short"])
def test_a_damaged_file_is_said_to_name_the_person(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "damaged").write_bytes(start)
    assert [path.name for path in Traces(WILLOW).below(tmp_path)] == ["damaged"]


def test_a_database_that_is_in_use_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    database(tmp_path / "runs.db", "c-willow")
    with contextlib.closing(sqlite3.connect(tmp_path / "runs.db", isolation_level=None)) as using:
        using.execute("BEGIN IMMEDIATE")
        with pytest.raises(PipelineError, match="cannot be written"):
            blot_out(WILLOW, tmp_path, patience_seconds=0.1)
    blot_out(WILLOW, tmp_path)
    assert list(Traces(WILLOW).below(tmp_path)) == []
