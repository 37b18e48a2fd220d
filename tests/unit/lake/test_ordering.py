"""Rows in the order of their key: looking first whether they are gives the same as sorting them."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.ordering import is_in_order, order_by

ROWS = st.lists(
    st.tuples(st.sampled_from(["", "a", "ab", "b", "é"]) | st.none(), st.integers(0, 3) | st.none()), max_size=6
)


def table(rows: list[tuple[str | None, int | None]]) -> pa.Table:
    texts, numbers = ([row[place] for row in rows] for place in (0, 1))
    return pa.table({"text": pa.array(texts, pa.string()), "number": pa.array(numbers, pa.int64())})


@given(ROWS)
def test_rows_are_put_in_the_order_that_sorting_gives_whether_they_were_in_it_or_not(
    rows: list[tuple[str | None, int | None]],
) -> None:
    given_ = table(rows)
    stable = pc.sort_indices(
        given_.append_column("place", pa.array(range(len(rows)), pa.int64())),
        [("text", "ascending"), ("number", "ascending"), ("place", "ascending")],
    )
    assert order_by(given_, ["text", "number"]).tolist() == stable.to_pylist()
    ordered = given_.take(stable)
    assert order_by(ordered, ["text", "number"]).tolist() == list(range(len(rows)))
    if is_in_order(given_, ["text", "number"]):
        assert stable.to_pylist() == list(range(len(rows)))
    if not any(None in row for row in rows):
        assert is_in_order(ordered, ["text", "number"])


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], True),
        ([("a", 1)], True),
        ([("a", 1), ("a", 1)], True),
        ([("a", 2), ("b", 1)], True),  # the second column counts only where the first is the same
        ([("a", 2), ("a", 1)], False),
        ([("b", 1), ("a", 1)], False),
        ([("a", 1), (None, 1)], False),  # a null is not looked at
    ],
)
def test_order_is_seen_column_by_column(rows: list[tuple[str | None, int | None]], expected: bool) -> None:
    assert is_in_order(table(rows), ["text", "number"]) is expected


def test_times_are_looked_at_and_fractions_are_not() -> None:
    moments = [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)]
    assert is_in_order(pa.table({"time": pa.array(moments, pa.timestamp("us", "UTC"))}), ["time"])
    assert not is_in_order(pa.table({"number": [1.0, 2.0]}), ["number"])
