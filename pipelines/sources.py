"""Source queries: one SQL file per canonical table, run by DuckDB over CSV, Parquet, JSON and whatever it can read.

Inside a query, `getvariable('as_of')` is the run's moment (naive UTC), `getvariable('as_of_local_date')` its day and
`getvariable('timezone')` the playbook's time zone. Relative file names are looked up in the playbook's data folders.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd

from pipelines.errors import SourceError

LINE_OF_ERROR = re.compile(r"^LINE (\d+):", re.MULTILINE)
MEMORY = "4GB"


def read_source(path: Path, *, as_of: datetime, timezone: str, search_path: Sequence[Path]) -> pd.DataFrame:
    """Run one source query.

    Args:
        path: The SQL file; one SELECT.
        as_of: The run's moment, aware.
        timezone: The playbook's time zone.
        search_path: Folders for relative file names, first match wins.

    Returns:
        The rows, as DuckDB types map to pandas.

    Raises:
        SourceError: The query does not run, with file, line and DuckDB's own words.
    """
    with duckdb.connect(config={"memory_limit": MEMORY}) as connection:
        moment = as_of.astimezone(UTC).replace(tzinfo=None)
        day = as_of.astimezone(ZoneInfo(timezone)).date()
        folders = ",".join(str(folder) for folder in search_path)
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET file_search_path = " + _quoted(folders))
        connection.execute("SET VARIABLE as_of = " + f"TIMESTAMP '{moment.isoformat(sep=' ')}'")
        connection.execute("SET VARIABLE as_of_local_date = " + f"DATE '{day.isoformat()}'")
        connection.execute("SET VARIABLE timezone = " + _quoted(timezone))
        try:
            return connection.execute(path.read_text(encoding="utf-8")).df()
        except duckdb.Error as error:
            raise _explained(error, path, search_path) from error


def _explained(error: duckdb.Error, path: Path, search_path: Sequence[Path]) -> SourceError:
    text = str(error).strip()
    line = LINE_OF_ERROR.search(text)
    where = f"{path}:{line[1]}" if line else str(path)
    first = text.split("\n", maxsplit=1)[0]
    if isinstance(error, duckdb.IOException):
        folders = ", ".join(str(folder) for folder in search_path)
        return SourceError(
            f"the source cannot be read: {first}", where=where, remedy=f"Files are looked up in: {folders}."
        )
    return SourceError(f"the query does not run: {first}", where=where, remedy="Try it with DuckDB on its own.")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
