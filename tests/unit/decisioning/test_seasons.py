"""Seasons: to the day, over the turn of the year, and closed where the playbook says nothing."""

from datetime import date

import pytest

from decisioning.seasons import is_in_season
from decisioning.settings import Season

SUMMER = Season("summer", (6, 1), (8, 31))
WINTER = Season("winter", (12, 1), (2, 28))


@pytest.mark.parametrize(
    ("season", "day", "is_in"),
    [
        (SUMMER, date(2026, 5, 31), False),
        (SUMMER, date(2026, 6, 1), True),
        (SUMMER, date(2026, 8, 31), True),
        (SUMMER, date(2026, 9, 1), False),
        (WINTER, date(2026, 11, 30), False),
        (WINTER, date(2026, 12, 1), True),
        (WINTER, date(2027, 1, 1), True),
        (WINTER, date(2027, 2, 28), True),
        (WINTER, date(2027, 3, 1), False),
    ],
)
def test_a_season_includes_both_its_days_and_may_run_over_the_turn_of_the_year(
    season: Season, day: date, is_in: bool
) -> None:
    assert is_in_season(season, day) is is_in
