"""Local hours of the week: time zones, and the days on which clocks change."""

import numpy as np
import pytest

from forecasting.errors import ForecastingError
from forecasting.timing.local_hours import hour_of_week, insist_on_zone, local_hours, next_moments

BERLIN = "Europe/Berlin"


def _times(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[us]")


def _zones(*names: str) -> np.ndarray:
    return np.array(names, dtype=object)


def test_every_customer_has_the_hour_of_their_own_zone() -> None:
    noon = _times(*["2026-01-05T12:00:00"] * 4)  # a Monday
    zones = _zones("UTC", BERLIN, "Asia/Kolkata", "America/Los_Angeles")
    assert hour_of_week(local_hours(noon, zones)).tolist() == [12, 13, 17, 4]


def test_monday_begins_the_week_and_sunday_evening_ends_it() -> None:
    times = _times("2026-01-05T00:00:00", "2026-01-04T23:59:59", "2026-01-05T00:59:59")
    assert hour_of_week(local_hours(times, _zones("UTC", "UTC", "UTC"))).tolist() == [0, 167, 0]


def test_the_same_local_hour_stays_the_same_when_clocks_change() -> None:
    # ten o'clock in Berlin on the Mondays before and after both changes of 2026
    times = _times("2026-03-23T09:00:00", "2026-03-30T08:00:00", "2026-10-19T08:00:00", "2026-10-26T09:00:00")
    assert hour_of_week(local_hours(times, _zones(*[BERLIN] * 4))).tolist() == [10, 10, 10, 10]


def test_the_hour_that_comes_twice_is_one_local_hour() -> None:
    times = _times("2026-10-25T00:30:00", "2026-10-25T01:30:00")
    assert len(set(local_hours(times, _zones(BERLIN, BERLIN)).tolist())) == 1


def test_the_next_window_begins_at_as_of_itself_when_its_hour_begins_then() -> None:
    as_of = np.datetime64("2026-01-05T09:00:00", "us")  # Monday 10:00 in Berlin
    starts = next_moments(np.array([10, 9, 11]), _zones(*[BERLIN] * 3), as_of)
    assert starts.tolist() == _times("2026-01-05T09:00:00", "2026-01-12T08:00:00", "2026-01-05T10:00:00").tolist()


def test_an_hour_that_has_begun_is_next_weeks() -> None:
    as_of = np.datetime64("2026-01-05T09:00:01", "us")
    assert next_moments(np.array([10]), _zones(BERLIN), as_of)[0] == np.datetime64("2026-01-12T09:00:00", "us")


def test_a_window_after_the_clock_change_keeps_its_local_hour() -> None:
    as_of = np.datetime64("2026-03-28T00:00:00", "us")
    assert next_moments(np.array([10]), _zones(BERLIN), as_of)[0] == np.datetime64("2026-03-30T08:00:00", "us")


def test_an_hour_that_clocks_skip_begins_when_they_have_gone_forward() -> None:
    as_of = np.datetime64("2026-03-28T00:00:00", "us")
    sunday_two = 6 * 24 + 2
    assert next_moments(np.array([sunday_two]), _zones(BERLIN), as_of)[0] == np.datetime64("2026-03-29T01:00:00", "us")


def test_of_an_hour_that_comes_twice_the_first_counts() -> None:
    as_of = np.datetime64("2026-10-24T00:00:00", "us")
    sunday_two = 6 * 24 + 2
    assert next_moments(np.array([sunday_two]), _zones(BERLIN), as_of)[0] == np.datetime64("2026-10-25T00:00:00", "us")


def test_once_the_first_of_two_equal_hours_is_over_next_weeks_is_meant() -> None:
    as_of = np.datetime64("2026-10-25T01:10:00", "us")  # the second 02:10 in Berlin
    sunday_two = 6 * 24 + 2
    assert next_moments(np.array([sunday_two]), _zones(BERLIN), as_of)[0] == np.datetime64("2026-11-01T01:00:00", "us")


def test_a_playbook_zone_that_is_none_is_refused() -> None:
    with pytest.raises(ForecastingError, match="Mars/Base"):
        insist_on_zone("Mars/Base")
