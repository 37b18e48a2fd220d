"""Reading values: what each type takes, and what it does not."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings

from lake.coercion import ARROW_TYPES, arrow_of, coerce, combined
from lake.columns import ColumnType

UNREADABLE = object()


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def read(given: list[Any] | pa.Array, kind: ColumnType, timezone: str = "Europe/Berlin") -> list[Any]:
    array = given if isinstance(given, pa.Array | pa.ChunkedArray) else pa.array(given)
    result = coerce(array, kind, timezone)
    assert result.typed.type == ARROW_TYPES[kind]
    pairs = zip(result.typed.to_pylist(), result.is_unreadable, strict=True)
    return [UNREADABLE if is_unreadable else value for value, is_unreadable in pairs]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a", " b ", "", "  ", None], ["a", " b ", None, None, None]),
        ([17, None], ["17", None]),
        ([17.0, None], ["17", None]),
        ([17.0, 1.5], ["17", "1.5"]),
        ([True, None], ["true", None]),
        ([Decimal("1.50")], ["1.50"]),
        ([["a"]], [UNREADABLE]),
        ([None], [None]),
    ],
)
def test_texts(given: list[Any], expected: list[Any]) -> None:
    assert read(given, "text") == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["1", " +2 ", "-1.5e3", ".5", "5."], [1.0, 2.0, -1500.0, 0.5, 5.0]),
        (["1,5", "a lot", "inf", "NaN", "0x10", "1e999", "1 2"], [UNREADABLE] * 7),
        (["", None], [None, None]),
        ([1, None], [1.0, None]),
        ([float("nan"), float("inf"), 2.5], [None, UNREADABLE, 2.5]),
        ([Decimal("1.50"), None], [1.5, None]),
        ([True], [UNREADABLE]),
        ([utc(2026, 3, 6)], [UNREADABLE]),
        ([None], [None]),
    ],
)
def test_numbers(given: list[Any], expected: list[Any]) -> None:
    assert read(given, "number") == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["true", "T", "Yes", "y", "1", " true "], [True] * 6),
        (["false", "F", "No", "n", "0"], [False] * 5),
        (["maybe", "2", ""], [UNREADABLE, UNREADABLE, None]),
        ([1, 0, 2, None], [True, False, UNREADABLE, None]),
        ([1.0, 0.0, None], [True, False, None]),
        ([True, False, None], [True, False, None]),
        ([date(2026, 3, 6)], [UNREADABLE]),
    ],
)
def test_booleans(given: list[Any], expected: list[Any]) -> None:
    assert read(given, "boolean") == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-03-06 10:00:00", utc(2026, 3, 6, 10)),
        ("2026-03-06T10:00", utc(2026, 3, 6, 10)),
        ("2026-03-06T10:00:00Z", utc(2026, 3, 6, 10)),
        ("2026-03-06T10:00:00+01:30", utc(2026, 3, 6, 8, 30)),
        ("2026-03-06 10:00:00-05", utc(2026, 3, 6, 15)),
        ("2026-03-06 10:00:00 +0100", utc(2026, 3, 6, 9)),
        ("2026-03-06 10:00:00.1234567", utc(2026, 3, 6, 10, 0, 0, 123456)),
        ("2026-03-06", utc(2026, 3, 5, 23)),
        ("2026-07-06", utc(2026, 7, 5, 22)),
        ("9999-12-31", utc(9999, 12, 30, 23)),
        ("2026-02-30", UNREADABLE),
        ("2026-02-30 10:00", UNREADABLE),
        ("2026-03-06 24:30", UNREADABLE),
        ("2026-03-06 10:61", UNREADABLE),
        ("06.03.2026", UNREADABLE),
        ("20260306", UNREADABLE),
        ("2026-03", UNREADABLE),
        ("10:00", UNREADABLE),
        ("", None),
    ],
)
def test_times_in_words(given: str, expected: Any) -> None:
    assert read([given], "time") == [expected]


def test_times_of_other_types() -> None:
    assert read([date(2026, 3, 6), date(9999, 12, 31), None], "time") == [
        utc(2026, 3, 5, 23),
        utc(9999, 12, 30, 23),
        None,
    ]
    assert read([datetime(2026, 3, 6, 10)], "time") == [utc(2026, 3, 6, 10)]  # noqa: DTZ001 -- naive is UTC
    nanoseconds = pa.array([1_772_791_200_123_456_789], pa.timestamp("ns"))
    assert read(nanoseconds, "time") == [utc(2026, 3, 6, 10, 0, 0, 123456)]
    new_york = pa.array([utc(2026, 3, 6, 10)]).cast(pa.timestamp("s", "America/New_York"))
    assert read(new_york, "time") == [utc(2026, 3, 6, 10)]
    assert read([20260306], "time") == [UNREADABLE]
    assert read([1.5], "time") == [UNREADABLE]


def test_a_day_begins_where_its_clock_does() -> None:
    # in Sao Paulo 2018-11-04 began at 01:00, and 2018-02-18 had its first midnight an hour before it
    assert read([date(2018, 11, 4)], "time", "America/Sao_Paulo") == [utc(2018, 11, 4, 3)]
    assert read(["2018-11-04"], "time", "America/Sao_Paulo") == [utc(2018, 11, 4, 3)]
    # in Havana 2017-11-05 had midnight twice; the day begins with the first
    assert read([date(2017, 11, 5)], "time", "America/Havana") == [utc(2017, 11, 5, 4)]


@settings(deadline=None)
@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)))  # noqa: DTZ001 -- bounds are naive
def test_a_time_reads_back_from_its_iso_text(moment: datetime) -> None:
    expected = [moment.replace(tzinfo=UTC)]
    assert read([moment.isoformat()], "time") == expected
    assert read([moment.isoformat(sep=" ")], "time") == expected
    assert read([moment], "time") == expected


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_from_its_text(number: float) -> None:
    assert read([repr(number)], "number") == [number]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([["a", "b"], [], None], [["a", "b"], [], None]),
        ([["a", None, " b ", ""]], [["a", "b"]]),
        ([[1, 2]], [["1", "2"]]),
        (["a|b", "a", " a | | b ", "", None], [["a", "b"], ["a"], ["a", "b"], [], None]),
        ([3], [UNREADABLE]),
        ([{"a": 1}], [UNREADABLE]),
        ([[["a"]]], [UNREADABLE]),
        ([None], [None]),
    ],
)
def test_lists_of_texts(given: list[Any], expected: list[Any]) -> None:
    assert read(given, "texts") == expected


def test_chunks_slices_and_dictionaries_make_no_difference() -> None:
    lists = pa.array([["z"], ["a", None, "b"], [], None])
    assert read(lists.slice(1), "texts") == [["a", "b"], [], None]
    assert read(pa.chunked_array([["a"], [None]]), "text") == ["a", None]
    assert read(pa.array(["a", None, "a"]).dictionary_encode(), "text") == ["a", None, "a"]
    assert read(pa.array(["1", None]).cast(pa.large_string()), "number") == [1.0, None]


def test_a_frame_of_python_values_reads_like_a_query() -> None:
    frame = pd.DataFrame(
        {
            "lists": [("a", "b"), ()],
            "times": [date(2026, 3, 6), utc(2026, 3, 6, 10)],
            "mixed": [1, "x"],
            "nothing": [None, None],
            "number": [1.5, None],
        }
    )
    table = arrow_of(frame)
    assert read(table["lists"], "texts") == [["a", "b"], []]
    assert read(table["times"], "time") == [utc(2026, 3, 5, 23), utc(2026, 3, 6, 10)]
    assert read(table["mixed"], "text") == ["1", "x"]
    assert read(table["nothing"], "text") == [None, None]
    assert read(table["number"], "number") == [1.5, None]


def test_parts_of_several_origins_come_together_whatever_their_types() -> None:
    first = pa.table({"key": [1, 2], "at": [date(2026, 3, 6), None], "lists": ["a|b", None]})
    second = pa.table({"key": ["x"], "at": [utc(2026, 3, 6, 10)], "lists": [["c"]], "more": [1.5]})
    both = combined([first, second])
    assert read(both["key"], "text") == ["1", "2", "x"]
    assert read(both["at"], "time") == [utc(2026, 3, 5, 23), None, utc(2026, 3, 6, 10)]
    assert read(both["lists"], "texts") == [["a", "b"], None, ["c"]]
    assert read(both["more"], "number") == [None, None, 1.5]
