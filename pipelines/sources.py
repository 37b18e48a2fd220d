"""Source queries: one SQL file per canonical table, run by DuckDB over CSV, Parquet, JSON and whatever it can read.

Inside a query, `getvariable('as_of')` is the run's moment (naive UTC), `getvariable('as_of_local_date')` its day and
`getvariable('timezone')` the playbook's time zone. A relative file name means the file (or the files, of a pattern) in
the first of the playbook's data folders that has it.
Values keep the type that the query gives them: `lake.coercion` says how each is read. DuckDB guesses the types of a CSV
file from its first rows; `read_csv('file.csv', all_varchar = true)` leaves every value as it is written.
"""

import glob
import re
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from pipelines.errors import SourceError

MEMORY = "4GB"
LINE_OF_ERROR = re.compile(r"^LINE (\d+):", re.MULTILINE)
COLUMNS_THERE = re.compile(r"^Candidate bindings: (.+)$", re.MULTILINE)
CSV_ERROR = re.compile(r"CSV Error on Line: (?P<line>\d+)")
CSV_VALUE = re.compile(r"Error when converting column \"(?P<column>[^\"]*)\"\. (?P<why>.*)")
CSV_FILE = re.compile(r"^\s*file = (?P<file>.+)$", re.MULTILINE)
QUOTED = re.compile(rb"'(?:[^']|'')+'|\"(?:[^\"]|\"\")+\"")
NOT_UTF_8 = "Invalid unicode"
LONGEST_REASON = 300
"""Characters of DuckDB's own words, which may repeat a whole line of the file."""

FILE_NAME = re.compile(r"[^:]*\.[A-Za-z]\w{1,7}(\.gz|\.zst)?")


def read_source(path: Path, *, as_of: datetime, timezone: str, search_path: Sequence[Path]) -> pa.Table:
    """Run one source query.

    Args:
        path: The SQL file; its last statement is the SELECT that returns the table.
        as_of: The run's moment, aware.
        timezone: The playbook's time zone.
        search_path: Folders for relative file names, first match wins.

    Returns:
        The rows, as DuckDB's types map to Arrow.

    Raises:
        SourceError: The query does not run, with file, line and DuckDB's own words.
    """
    query = _with_found_files(_read_query(path), path, search_path)
    with (
        tempfile.TemporaryDirectory(prefix="warrant-source-") as overflow,
        duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": overflow}) as connection,
    ):
        _tell_about_the_run(connection, path, as_of=as_of, timezone=timezone, search_path=search_path)
        table = _last_table(connection, query, path, search_path)
    if table is None:
        raise SourceError("the query returns no table.", where=str(path), remedy="End it with a SELECT.")
    return table


def _last_table(
    connection: duckdb.DuckDBPyConnection, query: str, path: Path, search_path: Sequence[Path]
) -> pa.Table | None:
    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as error:
        raise _explained(error, path, search_path, first_line=1) from error
    table: pa.Table | None = None
    end = 0
    for statement in statements:
        start = query.index(statement.query, end)
        end = start + len(statement.query)
        try:
            rows = connection.sql(statement.query)
            table = None if rows is None else rows.to_arrow_table()
        except duckdb.Error as error:
            told = _with_line(error, connection, statement.query)
            raise _explained(told, path, search_path, first_line=query.count("\n", 0, start) + 1) from error
    return table


def _read_query(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(
            f"the query is not UTF-8 text: {error}.", where=str(path), remedy="Save the file as UTF-8."
        ) from error
    except OSError as error:
        raise SourceError(
            f"the query cannot be read: {error.strerror}.", where=str(path), remedy="Check that the file is there."
        ) from error


def _tell_about_the_run(
    connection: duckdb.DuckDBPyConnection, path: Path, *, as_of: datetime, timezone: str, search_path: Sequence[Path]
) -> None:
    for folder in search_path:
        if "," in str(folder):
            raise SourceError(
                f"the data folder `{folder}` has a comma in its name, which DuckDB takes for the end of it.",
                where=str(path),
                remedy="Rename the folder.",
            )
    moment = as_of.astimezone(UTC).replace(tzinfo=None)
    day = as_of.astimezone(ZoneInfo(timezone)).date()
    connection.execute("SET python_enable_replacements = false")  # a table's name must not find a variable of ours
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET file_search_path = " + _quoted(",".join(str(folder) for folder in search_path)))
    connection.execute("SET VARIABLE as_of = " + f"TIMESTAMP '{moment.isoformat(sep=' ')}'")
    connection.execute("SET VARIABLE as_of_local_date = " + f"DATE '{day.isoformat()}'")
    connection.execute("SET VARIABLE timezone = " + _quoted(timezone))


def _with_found_files(query: str, path: Path, search_path: Sequence[Path]) -> str:
    """The query with every relative file name replaced by the file of the first folder that has it.

    DuckDB by itself looks in the current folder first, so that where a command is started would change what it reads,
    and joins the files of that name in all folders of its search path.
    """
    raw, done, parts = query.encode(), 0, []
    for start, _ in duckdb.tokenize(query):
        literal = QUOTED.match(raw, start)
        if literal is None or start < done:
            continue
        mark = literal[0][:1]
        name = literal[0][1:-1].replace(mark * 2, mark).decode()
        if not FILE_NAME.fullmatch(name) or Path(name).is_absolute():
            continue
        folder = next((folder for folder in search_path if _holds(folder, name)), None)
        if folder is not None:
            found = str(folder / name).encode().replace(mark, mark * 2)
            parts += [raw[done:start], mark, found, mark]
            done = literal.end()
        elif _holds(Path.cwd(), name):
            raise SourceError(
                f"`{name}` is only in the folder that the command was started in, {Path.cwd()}.",
                where=str(path),
                remedy=f"Move it to one of: {_listed(search_path)}; or name it with its whole path.",
            )
    return b"".join([*parts, raw[done:]]).decode()


def _holds(folder: Path, name: str) -> bool:
    # glob takes patterns that Path.glob refuses
    return any((folder / found).is_file() for found in glob.iglob(name, root_dir=folder, recursive=True))  # noqa: PTH207


def _listed(folders: Sequence[Path]) -> str:
    return ", ".join(str(folder) for folder in folders)


def _with_line(error: duckdb.Error, connection: duckdb.DuckDBPyConnection, query: str) -> duckdb.Error:
    """The same error with its line, which DuckDB leaves out of a relation whose names are unknown."""
    if not isinstance(error, duckdb.BinderException | duckdb.CatalogException):
        return error
    try:
        connection.execute(query)
    except duckdb.Error as told:
        return told
    return error


def _explained(error: duckdb.Error, path: Path, search_path: Sequence[Path], *, first_line: int) -> SourceError:
    text = str(error).strip()
    line = LINE_OF_ERROR.search(text)
    where = f"{path}:{first_line + int(line[1]) - 1}" if line else str(path)
    first = _shortened(text.split("\n", maxsplit=1)[0])
    if in_csv := CSV_ERROR.search(text):
        return _explained_csv(text, int(in_csv["line"]), path)
    if isinstance(error, duckdb.IOException):
        return SourceError(
            f"the source cannot be read: {first}",
            where=where,
            remedy=f"Files are looked up in: {_listed(search_path)}.",
        )
    known = COLUMNS_THERE.search(text)
    return SourceError(
        f"the query does not run: {first}",
        where=where,
        remedy=f"Known columns: {known[1]}." if known else "Try it with DuckDB on its own.",
    )


def _explained_csv(text: str, line: int, path: Path) -> SourceError:
    file, value = CSV_FILE.search(text), CSV_VALUE.search(text)
    name = file["file"].strip() if file else "the CSV file"
    if NOT_UTF_8 in text:
        return SourceError(
            f"line {line} of {name} is not UTF-8 text.",
            where=str(path),
            remedy="Save the file as UTF-8, or say what it is: read_csv('…', encoding = 'latin-1').",
        )
    why = f"column `{value['column']}`: {value['why']}" if value else "; ".join(text.splitlines()[1:3])
    why = _shortened(why)
    return SourceError(
        f"line {line} of {name} does not fit what its first lines look like: {why.rstrip('.')}.",
        where=str(path),
        remedy="Read it with read_csv('…', all_varchar = true): then only the rows that are wrong are put aside.",
    )


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}…"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
