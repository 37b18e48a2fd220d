"""The content digest: what a run's identity rests on."""

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import hypothesis.strategies as st
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings

from lake.digest import content_digest, text_digest

SCHEMA = pa.schema(
    {
        "key": pa.string(),
        "text": pa.string(),
        "number": pa.float64(),
        "flag": pa.bool_(),
        "time": pa.timestamp("us", "UTC"),
        "texts": pa.list_(pa.string()),
    }
)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- bounds are naive
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(alphabet="ab\0é", max_size=3),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "flag": st.booleans(),
    "time": TIMES,
    "texts": st.lists(st.text(alphabet="ab", max_size=2), max_size=3),
}
ROWS = st.lists(
    st.fixed_dictionaries({"key": st.text(alphabet="abc", min_size=1, max_size=4)}).flatmap(
        lambda key: st.fixed_dictionaries({name: st.none() | values for name, values in VALUES.items()}).map(
            lambda rest: key | rest
        )
    ),
    max_size=8,
    unique_by=lambda row: row["key"],
)


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def digest(rows: list[dict[str, Any]]) -> str:
    return content_digest(table(rows), ["key"])


@settings(deadline=None)
@given(rows=ROWS, data=st.data())
def test_the_order_of_rows_and_columns_does_not_count(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    shuffled = table(data.draw(st.permutations(rows)))
    columns = data.draw(st.permutations(SCHEMA.names))
    assert content_digest(shuffled.select(columns), ["key"]) == digest(rows)


@settings(deadline=None)
@given(rows=ROWS, data=st.data())
def test_chunks_and_slices_do_not_count(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(rows)))
    whole = table([*rows[:1], *rows])  # a slice leaves a row before its start in the same buffers
    parts = pa.concat_tables([whole.slice(1, cut), whole.slice(1 + cut)])
    assert content_digest(parts, ["key"]) == digest(rows)


@settings(deadline=None)
@given(rows=ROWS.filter(bool), data=st.data())
def test_any_changed_value_changes_the_digest(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.sampled_from(sorted(VALUES)))
    value = data.draw(st.none() | VALUES[column])
    changed = [dict(each) for each in rows]
    changed[row][column] = value
    assert (digest(changed) == digest(rows)) == (rows[row][column] == value)


@settings(deadline=None)
@given(rows=ROWS.filter(bool))
def test_a_row_less_changes_the_digest(rows: list[dict[str, Any]]) -> None:
    assert digest(rows[1:]) != digest(rows)


def test_what_lies_under_a_null_does_not_count() -> None:
    mask = pa.array([False, True])
    with_garbage = pa.table(
        {"key": ["a", "b"], "number": pa.array([1.0, 99.0], mask=mask.to_numpy(zero_copy_only=False))}
    )
    clean = pa.table({"key": ["a", "b"], "number": pa.array([1.0, None])})
    assert content_digest(with_garbage, ["key"]) == content_digest(clean, ["key"])


def test_a_value_does_not_move_to_the_neighbouring_row_unnoticed() -> None:
    assert digest([{"key": "a", "text": "x"}, {"key": "b", "text": ""}]) != digest(
        [{"key": "a", "text": ""}, {"key": "b", "text": "x"}]
    )
    assert digest([{"key": "a", "texts": ["x"]}, {"key": "b", "texts": []}]) != digest(
        [{"key": "a", "texts": []}, {"key": "b", "texts": ["x"]}]
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.table({"key": ["a"], "left": ["x"]}), pa.table({"key": ["a"], "right": ["x"]})),
        (pa.table({"key": ["a"], "n": pa.array([0], pa.int64())}), pa.table({"key": ["a"], "n": pa.array([0.0])})),
        (pa.table({"key": ["a"]}), pa.table({"key": ["a"], "n": pa.nulls(1, pa.string())})),
        (pa.table({"key": pa.array([], pa.string())}), pa.table({"other": pa.array([], pa.string())})),
    ],
    ids=["another name", "another type", "one more column", "no rows at all"],
)
def test_columns_are_part_of_the_content(one: pa.Table, other: pa.Table) -> None:
    assert content_digest(one, one.column_names[:1]) != content_digest(other, other.column_names[:1])


def test_text_by_another_of_arrows_names_is_the_same_text() -> None:
    plain = pa.table({"key": pa.array(["a"]), "texts": pa.array([["x", "y"]])})
    large = pa.table(
        {"key": pa.array(["a"], pa.large_string()), "texts": pa.array([["x", "y"]], pa.large_list(pa.large_string()))}
    )
    assert content_digest(plain, ["key"]) == content_digest(large, ["key"])


def test_another_process_finds_the_same_digest() -> None:
    rows = [{"key": f"k{number}", "text": f"ü{number}", "number": number / 7} for number in range(50)]
    program = (
        "import pyarrow as pa\nfrom lake.digest import content_digest\n"
        "rows = [{'key': f'k{n}', 'text': f'\\u00fc{n}', 'number': n / 7} for n in reversed(range(50))]\n"
        "print(content_digest(pa.Table.from_pylist(rows), ['key']))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    here = content_digest(pa.Table.from_pylist(rows), ["key"])
    assert said.stdout.strip() == here


def test_a_frame_written_and_read_back_has_the_same_digest() -> None:
    frame = pd.DataFrame({"key": ["b", "a"], "number": [1.5, None]})
    again = pa.Table.from_pandas(pa.Table.from_pandas(frame).to_pandas(), preserve_index=False)
    assert content_digest(again, ["key"]) == content_digest(pa.Table.from_pandas(frame, preserve_index=False), ["key"])


def test_a_texts_digest_is_its_sha_256() -> None:
    assert text_digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
