"""Source queries: where files are found, what a query knows of its run, and what is said when one does not run."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.errors import SourceError
from pipelines.sources import read_source

AS_OF = datetime(2026, 3, 5, 23, tzinfo=UTC)
MANY = 50_000  # DuckDB looks at about 20,000 rows of a CSV file before it settles on types


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one CSV file of two rows."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "people.csv").write_text("name,age\nanna,30\nbert,40\n")
    return folder


def read(sql: str | bytes, *folders: Path) -> pa.Table:
    path = folders[0].parent / "people.sql"
    path.write_bytes(sql if isinstance(sql, bytes) else sql.encode())
    return read_source(path, as_of=AS_OF, timezone="Europe/Berlin", search_path=folders)


def refused(sql: str | bytes, *folders: Path) -> SourceError:
    with pytest.raises(SourceError) as error:
        read(sql, *folders)
    assert "people.sql" in error.value.where
    assert error.value.remedy
    return error.value


def test_a_relative_name_is_found_in_the_data_folder(data: Path) -> None:
    assert read("FROM 'people.csv'", data).to_pylist() == [{"name": "anna", "age": 30}, {"name": "bert", "age": 40}]


def test_the_first_folder_with_the_file_wins(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "people.csv").write_text("name\ncarl\n")
    (other / "cities.csv").write_text("city\nrome\n")
    assert read("FROM 'people.csv'", data, other).num_rows == 2
    assert read("FROM 'people.csv'", other, data).num_rows == 1
    assert read("FROM 'cities.csv'", data, other).num_rows == 1


def test_folders_below_and_patterns_are_found(data: Path) -> None:
    (data / "2026").mkdir()
    for month in ("01", "02"):
        (data / "2026" / f"{month}.csv").write_text(f"month\n{month}\n")
    assert read("FROM '2026/*.csv'", data).num_rows == 2


def test_where_a_command_is_started_does_not_change_what_it_reads(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "people.csv").write_text("name,age\nmallory,99\n")
    monkeypatch.chdir(elsewhere)
    for query in ("FROM 'people.csv'", 'FROM "people.csv"', "FROM '*.csv'", "-- don't\nFROM 'people.csv' -- 'x'"):
        assert read(query, data)["name"].to_pylist() == ["anna", "bert"]


def test_a_file_that_is_only_where_the_command_was_started_is_refused(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stray.csv").write_text("name\nmallory\n")
    monkeypatch.chdir(tmp_path)
    error = refused("FROM 'stray.csv'", data)
    assert "stray.csv" in error.what
    assert str(data) in error.remedy
    assert read(f"FROM '{tmp_path / 'stray.csv'}'", data).num_rows == 1


def test_texts_that_are_no_file_names_are_left_alone(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sale").write_text("a file that happens to be called so")
    monkeypatch.chdir(tmp_path)
    sql = "SELECT 'sale' AS kind, '*' AS store_id, '%.xy' AS pattern, 'example.com' AS site, 'it''s' AS quoted"
    (row,) = read(sql, data).to_pylist()
    assert row == {"kind": "sale", "store_id": "*", "pattern": "%.xy", "site": "example.com", "quoted": "it's"}


def test_a_query_knows_as_of_its_local_date_and_time_zone(data: Path) -> None:
    sql = "SELECT getvariable('as_of') AS a, getvariable('as_of_local_date') AS d, getvariable('timezone') AS z"
    assert read(sql, data).to_pylist() == [
        {"a": datetime(2026, 3, 5, 23), "d": date(2026, 3, 6), "z": "Europe/Berlin"}  # noqa: DTZ001 -- naive is UTC
    ]


def test_times_with_zone_are_utc_whatever_the_machine_says(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    (row,) = read("SELECT TIMESTAMPTZ '2026-03-06 10:00:00' AS t, DATE '2026-03-06' AS d", data).to_pylist()
    assert row == {"t": datetime(2026, 3, 6, 10, tzinfo=UTC), "d": date(2026, 3, 6)}


def test_several_statements_end_with_the_table(data: Path) -> None:
    sql = "CREATE TEMP TABLE old AS SELECT * FROM 'people.csv' WHERE age > 35;\nSELECT name FROM old;\n"
    assert read(sql, data).to_pylist() == [{"name": "bert"}]


def test_a_name_in_the_query_never_means_a_variable_of_ours(data: Path) -> None:
    assert "Table with name path does not exist" in refused("SELECT * FROM path", data).what


@pytest.mark.parametrize(
    ("sql", "line", "said"),
    [
        ("SELECT *\nFORM 'people.csv'\n", 2, "syntax error"),
        ("SELECT\n  name,\n  shoe_size\nFROM 'people.csv'", 3, "shoe_size"),
        ("-- who\nSELECT nme FROM 'people.csv'", 2, "nme"),
        ("SELECT name\nFROM people_i_know", 2, "people_i_know"),
        ("CREATE TEMP TABLE p AS FROM 'people.csv';\n\nSELECT\n  nme\nFROM p;\n", 4, "nme"),
        ("CREATE TEMP TABLE p AS\nSELECT nme FROM 'people.csv';\nFROM p", 2, "nme"),
    ],
)
def test_a_broken_query_names_its_line(data: Path, sql: str, line: int, said: str) -> None:
    error = refused(sql, data)
    assert error.where.endswith(f"people.sql:{line}")
    assert said in error.what


def test_an_unknown_column_is_answered_with_the_known_ones(data: Path) -> None:
    assert '"age"' in refused("SELECT ag FROM 'people.csv'", data).remedy


def test_a_missing_file_is_named_with_the_folders_searched(data: Path) -> None:
    error = refused("FROM 'sales-of-the-moon.csv'", data)
    assert "sales-of-the-moon.csv" in error.what
    assert str(data) in error.remedy


@pytest.mark.parametrize("sql", ["", "-- nothing but a remark\n", ";"])
def test_a_query_without_a_table_is_refused(data: Path, sql: str) -> None:
    assert "no table" in refused(sql, data).what


def test_a_query_that_is_no_text_is_refused(data: Path) -> None:
    assert "UTF-8" in refused(b"SELECT '\xe9'", data).what


def test_a_byte_order_mark_is_no_part_of_the_query(data: Path) -> None:
    assert read(b"\xef\xbb\xbfSELECT 1 AS one", data).to_pylist() == [{"one": 1}]


def test_a_query_that_is_not_there_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_source(tmp_path / "gone.sql", as_of=AS_OF, timezone="Europe/Berlin", search_path=[data])


def test_a_late_word_in_a_column_of_numbers_names_line_column_and_value(data: Path) -> None:
    (data / "long.csv").write_text("id,amount\n" + "".join(f"{row},{row}\n" for row in range(MANY)) + "x,a lot\n")
    error = refused("FROM 'long.csv'", data)
    assert re.search(rf"line {MANY + 2} of \S*long\.csv", error.what)
    assert "all_varchar" in error.remedy
    rows = read("FROM read_csv('long.csv', all_varchar = true)", data)
    assert rows["amount"][-1].as_py() == "a lot"


def test_a_late_line_with_too_many_fields_names_the_line(data: Path) -> None:
    (data / "long.csv").write_text("id,amount\n" + "".join(f"{row},{row}\n" for row in range(MANY)) + "5,1,2,3\n")
    error = refused("FROM 'long.csv'", data)
    assert f"line {MANY + 2}" in error.what
    assert "5,1,2,3" in error.what


@pytest.mark.parametrize(("name", "content"), [("x.parquet", b"no parquet"), ("x.json", b'[{"a": 1}, {')])
def test_a_broken_file_is_named(data: Path, name: str, content: bytes) -> None:
    (data / name).write_bytes(content)
    assert name in refused(f"FROM '{name}'", data).what


def test_a_folder_that_duckdb_cannot_be_told_of_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "food, drinks"
    folder.mkdir()
    assert "comma" in refused("SELECT 1 AS one", folder).what


def test_a_quote_in_a_folders_name_is_no_end_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "anna's data"
    folder.mkdir()
    (folder / "people.csv").write_text("name\nanna\n")
    assert read("FROM 'people.csv'", folder).num_rows == 1
