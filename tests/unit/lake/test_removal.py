"""Which rows are about a person, what names them in other people's texts, and tables written anew without either."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st

from lake.digest import content_digest
from lake.errors import LakeError
from lake.removal import ERASED, Removal
from lake.rewriting import NEW, OLD, mend, rewrite_all
from lake.store import Lake, arrow_table
from lake.tables import TABLES

WILLOW = Removal(("c-willow", "willow@example.org", "17"), ("touch-1",))


def table(**columns: list[object]) -> pa.Table:
    return pa.table(columns)


@pytest.mark.parametrize(
    ("name", "rows", "expected"),
    [
        ("purchases", {"customer_id": ["c-willow", "c-maple", None, "17"]}, [True, False, False, True]),
        ("signals", {"customer_id": [None, None], "anonymous_id": ["c-willow", "v"]}, [True, False]),
        ("outcomes", {"touch_id": ["touch-1", "touch-2"]}, [True, False]),
        ("identities", {"value": ["willow@example.org", "m@example.org"], "customer_id": ["x", "y"]}, [True, False]),
        ("assertions", {"subject": ["customer/17", "customer/171"]}, [True, False]),
        ("estimates", {"subject_id": ["17", "18"]}, [True, False]),
        ("products", {"name": ["17", "c-willow"]}, [False, False]),
        ("contested", {"customers": ['["a", "c-willow"]', '["a"]']}, [True, False]),
        ("contested", {"customers": [["a", "c-willow"], []]}, [True, False]),
        (
            "quarantine",
            {
                "table": ["purchases", "purchases", "signals", "products"],
                "row": ['{"customer_id":"c-willow"}', '{"customer_id":17}', '{"quantity":17}', '{"name":"17"}'],
            },
            [True, True, False, False],
        ),
    ],
)
def test_a_row_is_about_a_person_where_a_column_says_so(
    name: str, rows: dict[str, list[object]], expected: list[bool]
) -> None:
    assert WILLOW.rows_of(name, table(**rows)).tolist() == expected


def test_names_in_other_peoples_texts_are_blotted_out() -> None:
    rows = table(
        customer_id=["c-maple", "c-maple", "c-maple"],
        text=["ask Willow@Example.org, c-willow c-willow.", "17 days, customer/17", "c-willows and xc-willow"],
    )
    kept = WILLOW.without("messages", rows)
    assert kept["text"].to_pylist() == [
        f"ask {ERASED}, {ERASED} {ERASED}.",
        f"17 days, {ERASED}",
        "c-willows and xc-willow",
    ]


def test_what_does_not_name_the_person_is_the_very_same_table() -> None:
    rows = table(customer_id=["c-maple"], text=["hello"])
    assert WILLOW.without("messages", rows) is rows


@given(st.text(), st.text(alphabet=st.characters(codec="utf-8"), min_size=4).filter(lambda name: not name.isdigit()))
def test_a_blotted_text_never_names_the_person(around: str, name: str) -> None:
    removal = Removal((name,))
    assert not removal.mentioned_in(removal.blotted(f"{around} {name} {name}{around}"))


def customers(*ids: str) -> pa.Table:
    return arrow_table(pd.DataFrame({"customer_id": list(ids), "region": "North"}))


def write(lake: Lake, *versions: tuple[str, ...]) -> None:
    for ids in versions:
        content = customers(*ids)
        lake.write("customers", content, digest=content_digest(content, TABLES["customers"].key))


def test_every_version_keeps_its_number_and_others_rows(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    write(lake, ("a", "c-willow"), ("a", "b"), ("a", "b", "c-willow"))
    (done,) = rewrite_all(lake, WILLOW)
    assert (done.table, done.versions, done.rows_removed) == ("tables/customers", 3, 2)
    assert [lake.read("customers", version)["customer_id"].tolist() for version in range(3)] == [
        ["a"],
        ["a", "b"],
        ["a", "b"],
    ]
    latest = lake.latest("customers")
    assert latest is not None
    assert latest.digest == done.new_digest == content_digest(customers("a", "b"), ["customer_id"])
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"c-willow" not in path.read_bytes(), path
    write(lake, ("a", "b"))
    assert DeltaTable(str(tmp_path / "tables" / "customers")).version() == 2, "the same content is not written again"


def test_a_table_that_never_knew_the_person_is_left_alone(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    write(lake, ("a",))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    assert list(rewrite_all(lake, WILLOW)) == []
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == before


def test_slices_of_runs_keep_their_partitions(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for run in ("one", "two"):
        lake.write_slice("motives", run, pd.DataFrame({"customer_id": ["a", "c-willow"], "play": "p"}))
    list(rewrite_all(lake, WILLOW))
    lake.write_slice("motives", "two", pd.DataFrame({"customer_id": ["b"], "play": "p"}))
    assert [lake.read_slice("motives", run)["customer_id"].tolist() for run in ("one", "two")] == [["a"], ["b"]]


@pytest.mark.parametrize("is_complete", [True, False])
def test_what_a_killed_process_left_is_brought_to_its_end(tmp_path: Path, *, is_complete: bool) -> None:
    lake = Lake(tmp_path)
    write(lake, ("a", "c-willow"))
    path = tmp_path / "tables" / "customers"
    if is_complete:
        elsewhere = Lake(tmp_path / "elsewhere")
        write(elsewhere, ("a",))
        (elsewhere.root / "tables" / "customers").rename(path.with_name(path.name + NEW))
        path.rename(path.with_name(path.name + OLD))
        with pytest.raises(LakeError):
            lake.read("customers")
    else:
        (path.with_name(path.name + NEW)).mkdir()
    mend(lake)
    assert lake.read("customers")["customer_id"].tolist() == (["a"] if is_complete else ["a", "c-willow"])
    assert [found.name for found in (tmp_path / "tables").iterdir()] == ["customers"]


def test_a_payload_names_a_person_wherever_it_does() -> None:
    for payload in ({"customers": ["a", "c-willow"]}, {"subject": "customer/17"}, {"17": 1}, {"text": "ask c-willow."}):
        assert WILLOW.payload_names(json.loads(json.dumps(payload))), payload
    assert not WILLOW.payload_names({"subject": "customer/171", "n": 171, "text": "17 days"})


def test_a_number_that_counts_something_names_nobody() -> None:
    assert not WILLOW.payload_names({"without_payload": [3, 17], "records": 17})
