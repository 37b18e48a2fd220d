"""Tables under the digest of their content: shared, checked, and thrown away only when nobody names them."""

from pathlib import Path

import pyarrow as pa
import pytest

from graph.parts import GraphPartsError, Part, Parts


def part(*values: int) -> Part:
    columns = {"key": pa.array(map(str, values), pa.string()), "value": pa.array(values, pa.int64())}
    return Part(pa.table(columns), ("key",))


def test_what_is_stored_comes_back_with_what_was_said_about_it(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    token = parts.store({"one": part(1, 2), "two": part()}, {"as_of": "2026-03-01"})
    tables, about = parts.load(token)
    assert {name: table.to_pylist() for name, table in tables.items()} == {
        "one": part(1, 2).table.to_pylist(),
        "two": [],
    }
    assert about == {"as_of": "2026-03-01"}


def test_the_token_follows_content_names_and_texts_and_nothing_else(tmp_path: Path) -> None:
    here, there = Parts(tmp_path / "here"), Parts(tmp_path / "there")
    assert here.store({"one": part(1, 2)}) == there.store({"one": part(2, 1)})
    tokens = {
        here.store({"one": part(1, 2)}),
        here.store({"one": part(1, 3)}),
        here.store({"uno": part(1, 2)}),
        here.store({"one": part(1, 2)}, {"as_of": "2026-03-01"}),
    }
    assert len(tokens) == 4


def test_tables_that_two_sets_share_are_stored_once(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    parts.store({"one": part(1), "two": part(2)})
    parts.store({"one": part(1), "two": part(3)})
    assert len(list(tmp_path.glob("*.feather"))) == 3


def test_only_what_nobody_names_is_thrown_away(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    old = parts.store({"one": part(1), "two": part(2)})
    kept = parts.store({"one": part(1), "two": part(3)})
    (tmp_path / "half.123.draft").write_bytes(b"cut short")
    parts.keep_only([kept])
    assert not parts.holds(old)
    assert parts.load(kept)[0]["two"].to_pylist() == part(3).table.to_pylist()
    assert len(list(tmp_path.iterdir())) == 3


def test_a_set_that_is_not_there_is_an_error_that_says_where_it_should_be(tmp_path: Path) -> None:
    with pytest.raises(GraphPartsError) as raised:
        Parts(tmp_path).load("0" * 64)
    assert str(tmp_path) in raised.value.where
    assert raised.value.exit_code == 6


@pytest.mark.parametrize("damage", ["missing", "cut", "other"])
def test_a_table_that_is_not_what_its_name_says_is_never_read(tmp_path: Path, damage: str) -> None:
    parts = Parts(tmp_path)
    token = parts.store({"one": part(1, 2)})
    (file,) = tmp_path.glob("*.feather")
    if damage == "missing":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-20])
    else:
        parts.store({"one": part(3)})
        other = next(path for path in tmp_path.glob("*.feather") if path != file)
        file.write_bytes(other.read_bytes())
    with pytest.raises(GraphPartsError, match="not what its name says"):
        parts.load(token)


def test_a_manifest_that_was_edited_is_never_read(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    token = parts.store({"one": part(1)})
    manifest = tmp_path / f"{token}.json"
    manifest.write_text(manifest.read_text().replace('"one"', '"two"'))
    with pytest.raises(GraphPartsError):
        parts.load(token)
