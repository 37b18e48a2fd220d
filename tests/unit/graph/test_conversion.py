"""Values on their way to the graph server and back."""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.conversion import batches, bindable, column, flatten
from graph.errors import GraphError

NOON = dt.datetime(2026, 3, 29, 12, 0, 0, 123456, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "missing", [None, np.nan, float("nan"), np.float32("nan"), pd.NaT, pd.NA, np.datetime64("NaT")]
)
def test_whatever_is_missing_is_bound_as_null(missing: object) -> None:
    assert bindable(missing) is None


@pytest.mark.parametrize(
    "time",
    [
        NOON,
        NOON.replace(tzinfo=None),
        NOON.astimezone(ZoneInfo("America/New_York")),
        pd.Timestamp(NOON),
        pd.Timestamp(NOON).tz_convert("Europe/Berlin"),
        pd.Timestamp(NOON).tz_localize(None),
        np.datetime64("2026-03-29T12:00:00.123456"),
    ],
)
def test_every_kind_of_time_is_bound_as_the_same_moment_in_utc(time: object) -> None:
    bound = bindable(time)
    assert type(bound) is dt.datetime
    assert bound == NOON
    assert bound.tzinfo is dt.UTC


@pytest.mark.parametrize(
    ("value", "bound"),
    [
        (np.int32(3), 3),
        (np.float64(1.5), 1.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (dt.date(2026, 1, 31), dt.date(2026, 1, 31)),
        (["a", np.nan], ["a", None]),
        (np.array([1, 2]), [1, 2]),
        (pd.Series(["a", pd.NA]), ["a", None]),
        ({"weights": (1.0, np.nan)}, {"weights": [1.0, None]}),
    ],
)
def test_scalars_and_collections_are_bound_as_python_s_own(value: object, bound: object) -> None:
    result = bindable(value)
    assert result == bound
    assert type(result) is type(bound)


@pytest.mark.parametrize("value", [Decimal("1.5"), {1, 2}, 2**63, -(2**63) - 1, object()])
def test_what_the_graph_cannot_hold_is_an_error_that_says_so(value: object) -> None:
    with pytest.raises(GraphError, match="The graph cannot hold"):
        bindable({"value": value})


@pytest.mark.parametrize("integer", [2**63 - 1, -(2**63)])
def test_the_largest_integers_are_bound(integer: int) -> None:
    assert bindable(integer) == integer


TABLE = pd.DataFrame(
    {
        "customer_id": pd.Series(["1", None, "3"], dtype=object),
        "spend": [1.5, np.nan, 2.0],
        "days": [1, 2, 3],
        "is_known": [True, False, True],
        "last_at": pd.Series([NOON, None, NOON], dtype="datetime64[us, UTC]"),
        "naive_at": pd.Series([NOON.replace(tzinfo=None), None, NOON.replace(tzinfo=None)], dtype="datetime64[us]"),
        "count": pd.array([1, None, 3], dtype="Int64"),
        "topics": pd.Series([["a"], [], None], dtype=object),
    }
)


def test_a_table_is_bound_like_its_rows_one_by_one() -> None:
    rows = [row for batch in batches(TABLE, 2) for row in batch]
    assert rows == [bindable(row) for row in TABLE.to_dict("records")]
    assert [row["last_at"] for row in rows] == [NOON, None, NOON]


@given(st.integers(min_value=0, max_value=12), st.integers(min_value=1, max_value=5))
def test_batches_hold_every_row_once_in_order_and_never_too_many(n_rows: int, size: int) -> None:
    rows = [{"position": position} for position in range(n_rows)]
    for given_rows in (rows, pd.DataFrame(rows, columns=["position"])):
        cut = list(batches(given_rows, size))
        assert [row["position"] for batch in cut for row in batch] == list(range(n_rows))
        assert all(0 < len(batch) <= size for batch in cut)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, 2], "int64", [1, 2]),
        ([1, 2.5], "float64", [1.0, 2.5]),
        ([True, False], "bool", [True, False]),
        (["a", "b"], "object", ["a", "b"]),
        (["a", None], "object", ["a", None]),
        ([["a"], ["b", "c"]], "object", [["a"], ["b", "c"]]),
        ([], "object", []),
    ],
)
def test_a_column_gets_the_type_of_its_values(values: list[object], kind: str, expected: list[object]) -> None:
    array = column(values)
    assert array.dtype == kind
    assert array.tolist() == expected


def test_missing_numbers_become_nan_and_missing_times_nat() -> None:
    np.testing.assert_array_equal(column([1, None]), [1.0, np.nan])
    times = column([NOON, None])
    assert times.dtype == "datetime64[us]"
    np.testing.assert_array_equal(times, np.array(["2026-03-29T12:00:00.123456", "NaT"], "datetime64[us]"))


def test_collected_records_are_laid_out_beside_their_repeated_group() -> None:
    flat = flatten(["topic", "customer", "weight"], [("a", ["1", "2"], [0.5, 1.0]), ("b", ["3"], [2.0])], statement="")
    assert flat["topic"].tolist() == ["a", "a", "b"]
    assert flat["customer"].tolist() == ["1", "2", "3"]
    assert flat["weight"].tolist() == [0.5, 1.0, 2.0]


def test_an_empty_group_disappears_and_no_records_give_empty_columns() -> None:
    assert flatten(["topic", "customer"], [("a", []), ("b", ["3"])], statement="")["topic"].tolist() == ["b"]
    assert {name: len(values) for name, values in flatten(["a", "b"], [], statement="").items()} == {"a": 0, "b": 0}


def test_lists_of_different_lengths_are_an_error_because_collect_leaves_nulls_out() -> None:
    with pytest.raises(GraphError, match="`customer` and `weight` were collected to different lengths"):
        flatten(["customer", "weight"], [(["1", "2"], [0.5])], statement="MATCH …")


@given(st.lists(st.lists(st.integers(min_value=-5, max_value=5), max_size=4), min_size=1, max_size=6))
def test_flattening_keeps_every_pair_of_group_and_value(groups: list[list[int]]) -> None:
    flat = flatten(["group", "value"], list(enumerate(groups)), statement="")
    pairs = list(zip(flat["group"].tolist(), flat["value"].tolist(), strict=True))
    assert pairs == [(group, value) for group, values in enumerate(groups) for value in values]
