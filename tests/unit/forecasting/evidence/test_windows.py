"""What each unit brought in windows of its own: exact boundaries, the same for any order of events."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import ForecastingError
from forecasting.evidence.windows import window_sums

START = np.datetime64("2026-03-01T00:00", "us")
DAY = np.timedelta64(1, "D").astype("timedelta64[us]")
TICK = np.timedelta64(1, "us")


def events(*rows: tuple[str, np.datetime64, float]) -> tuple[Any, Any, Any]:
    unit, time, value = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(unit, dtype=object), np.array(time, dtype="datetime64[us]"), np.array(value, dtype=np.float64)


def sums(happened: tuple[Any, Any, Any], *, units: str = "a", days: float = 7, earlier: int = 1) -> list[list[float]]:
    unit = np.array(list(units), dtype=object)
    found = window_sums(unit, np.full(len(unit), START), happened, days=days, earlier=earlier)
    return [list(row) for row in found]


def test_a_window_holds_its_first_moment_and_not_its_last() -> None:
    at_its_ends = events(
        ("a", START - 7 * DAY - TICK, 1), ("a", START - 7 * DAY, 2), ("a", START - TICK, 4), ("a", START, 8),
        ("a", START + 7 * DAY - TICK, 16), ("a", START + 7 * DAY, 32),
    )  # fmt: skip
    assert sums(at_its_ends) == [[24.0, 6.0]]


def test_units_do_not_mix_and_strangers_do_not_count() -> None:
    assert sums(events(("a", START, 1), ("b", START, 2), ("c", START, 4)), units="ab") == [[1.0, 0.0], [2.0, 0.0]]


def test_without_events_everything_is_zero() -> None:
    assert sums(events(), units="ab") == [[0.0, 0.0], [0.0, 0.0]]


def test_several_rows_of_one_unit_have_windows_of_their_own() -> None:
    happened = events(("a", START, 1), ("a", START + 3 * DAY, 2))
    since = np.array([START, START + 2 * DAY])
    found = window_sums(np.array(["a", "a"], dtype=object), since, happened, days=2, earlier=1)
    assert found.tolist() == [[1.0, 0.0], [2.0, 1.0]]


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(-20, 20), st.floats(-1e6, 1e6, allow_nan=False)), max_size=30
    ),
    st.randoms(use_true_random=False),
)
def test_sums_are_those_of_a_plain_loop_for_any_order_of_events(rows: list[Any], chance: Any) -> None:
    happened = [(unit, START + number * DAY, round(value, 6)) for unit, number, value in rows]
    found = sums(events(*happened), units="abc", days=3, earlier=2)
    for unit, row in zip("abc", found, strict=True):
        for back, total in enumerate(row):
            low = START - back * 3 * DAY
            plain = sum(value for who, at, value in happened if who == unit and low <= at < low + 3 * DAY)
            assert total == pytest.approx(plain, abs=1e-3)
    chance.shuffle(happened)
    assert sums(events(*happened), units="abc", days=3, earlier=2) == found


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ForecastingError, match="1 values are missing or infinite"):
        sums(events(("a", START, value)))


def test_a_window_without_length_is_refused() -> None:
    with pytest.raises(ForecastingError, match="A window of 0 days"):
        sums(events(("a", START, 1)), days=0)
