"""The data of the software company's example: committed as its seed gives it, and nobody's."""

import re
from pathlib import Path

import pyarrow.parquet
import pytest

from benchmarks.worlds import simulate
from benchmarks.worlds.saas import DATA, write

MOST_MEGABYTES = 4
ADDRESS = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
HOST = re.compile(r"https?://|www\.")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saas-data")
    write(simulate(), folder)
    return folder


def test_the_committed_files_are_what_the_seed_gives(fresh: Path) -> None:
    assert sorted(path.name for path in DATA.iterdir()) == sorted(path.name for path in fresh.iterdir())
    for path in sorted(fresh.glob("*.csv")):
        assert path.read_bytes() == (DATA / path.name).read_bytes(), f"{path.name}: python -m benchmarks.worlds.saas"
    for path in sorted(fresh.glob("*.parquet")):
        # the bytes of Parquet depend on who wrote them, the content does not
        committed = pyarrow.parquet.read_table(DATA / path.name)
        assert committed.equals(pyarrow.parquet.read_table(path)), f"{path.name}: python -m benchmarks.worlds.saas"


def test_the_files_are_small_enough_for_a_repository() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < MOST_MEGABYTES * 1024 * 1024


def test_no_address_belongs_to_anybody() -> None:
    texts = [path.read_text(encoding="utf-8") for path in DATA.glob("*.csv")]
    texts += [str(pyarrow.parquet.read_table(path).to_pydict()) for path in DATA.glob("*.parquet")]
    hosts = {host for text in texts for host in ADDRESS.findall(text)}
    assert hosts == {"example.com"}
    assert [text[:80] for text in texts if HOST.search(text)] == []


def test_no_file_tells_the_truth_behind_the_data() -> None:
    names = {path.name for path in DATA.iterdir()}
    assert {name.partition(".")[0] for name in names} & {
        "truth",
        "people",
        "interests",
        "objections",
        "effects",
    } == set()
