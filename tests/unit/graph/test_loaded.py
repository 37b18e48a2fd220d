"""What was loaded by an older or a newer version of the schema: carried over where nothing is lost, else begun anew."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from graph.content import whole_layer
from graph.loaded import Shelf, parts_of
from graph.parts import GraphPartsError, Part, Parts
from graph.schema import KINDS

KNOWLEDGE = whole_layer(
    "knowledge",
    {
        "Category": pd.DataFrame({"category_id": ["TEA"], "name": ["Tea"]}),
        "Product": pd.DataFrame({"product_id": ["assam"], "name": ["Assam"], "size": ["250 g"]}),
    },
)


def shelved(folder: Path, content: dict[str, pa.Table]) -> dict[str, pa.Table] | None:
    """What is read back of a content that another version of the schema stored."""
    keys = {name: KINDS[name].key_columns if name in KINDS else ("key",) for name in content}
    token = Parts(folder / "knowledge").store({name: Part(table, keys[name]) for name, table in content.items()})
    found = Shelf(folder, "knowledge").get(token)
    return None if found is None else dict(found)


def test_kinds_and_properties_that_were_added_since_are_there_without_values(tmp_path: Path) -> None:
    older = {name: table for name, table in KNOWLEDGE.items() if name != "Account"}
    older["Product"] = older["Product"].drop_columns(["size", "stock"])
    found = shelved(tmp_path, older)
    assert found is not None
    assert set(found) == set(KNOWLEDGE)
    assert found["Account"].equals(KNOWLEDGE["Account"])
    (product,) = found["Product"].to_pylist()
    assert (product["name"], product["size"], product["stock"]) == ("Assam", None, None)
    assert found["Product"].schema.field("stock").type == pa.float64()
    assert found["Category"].equals(KNOWLEDGE["Category"])


@pytest.mark.parametrize("gone", ["kind", "property"])
def test_what_todays_schema_has_no_place_for_makes_the_whole_content_unknown(tmp_path: Path, gone: str) -> None:
    newer = dict(KNOWLEDGE)
    if gone == "kind":
        newer["Wormhole"] = pa.table({"key": ["one"]})
    else:
        newer["Category"] = newer["Category"].append_column("colour", pa.array(["red"]))
    assert shelved(tmp_path, newer) is None


def test_todays_own_content_is_read_back_as_it_was(tmp_path: Path) -> None:
    found = shelved(tmp_path, KNOWLEDGE)
    assert found is not None
    assert {name: table.equals(KNOWLEDGE[name]) for name, table in found.items()} == dict.fromkeys(KNOWLEDGE, True)


def test_a_kind_is_read_only_when_it_is_asked_for(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "knowledge")
    token = shelf.put(parts_of(KNOWLEDGE))
    found = shelf.get(token)
    assert found is not None
    assert found.digests == {name: part.digest for name, part in parts_of(KNOWLEDGE).items()}
    (tmp_path / "knowledge" / f"{found.digests['Category']}.feather").write_bytes(b"damaged")
    assert found["Product"].equals(KNOWLEDGE["Product"])
    with pytest.raises(GraphPartsError, match="not what its name says"):
        found["Category"]
    with pytest.raises(GraphPartsError, match="not what its name says"):
        Shelf(tmp_path, "knowledge").get(token)
