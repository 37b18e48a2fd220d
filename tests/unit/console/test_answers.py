"""Answers of the graph as tables: whole, with times that stay on their line."""

from console.answers import show_rows
from tests.unit.console.screen import NARROW, printed

LONG = "a buying group with a name that is longer than what is left of a narrow terminal beside a time"


def shown(rows: list[dict[str, object]]) -> str:
    return printed(lambda screen: show_rows(screen, list(rows[0]), rows), width=NARROW)


def test_a_time_is_shown_to_the_minute_on_one_line_however_narrow_it_is() -> None:
    text = shown([{"group": LONG, "at": "2025-09-30T11:20:15+00:00"}, {"group": "short", "at": None}])
    assert "2025-09-30 11:20Z" in text
    assert [word for word in LONG.split() if word not in text] == []


def test_a_time_of_another_zone_is_shown_in_utc() -> None:
    assert "2025-09-29 23:30Z" in shown([{"at": "2025-09-30T01:30:00+02:00"}])


def test_a_text_that_only_begins_like_a_time_stays_as_it_is() -> None:
    assert "2025-09-30T11:20:15+00:00 or so" in shown([{"at": "2025-09-30T11:20:15+00:00 or so"}])


def test_a_table_rounds_numbers_and_shows_the_first_of_a_list() -> None:
    rows: list[dict[str, object]] = [
        {"weight": 11.824882406404573, "share": 2.0, "from": ["p/1", "p/2"], "at": ["tea"]}
    ]
    text = shown(rows)
    assert "11.8249" in text
    assert " 2 " in text
    assert "p/1 and 1 more" in text
    assert "[" not in text
