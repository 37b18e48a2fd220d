"""The day's page opens anywhere: pictures inside, nothing loaded, nothing of a person in it."""

import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pipelines.pages.day import day_page, write_day_page
from pipelines.pages.drawing import Bar, Due, Purchase, bars, timeline

Document = dict[str, Any]
ADDRESSES = re.compile(r'(?:src|href)="(?!data:)[^"]*"')


@pytest.fixture
def day() -> Document:
    play = {"play": "favourites", "channel": "email", "eligible": 9, "sent": 4, "held_out": 1, "cost": 0.004}
    return {
        "run_id": "019b28be7dd88548",
        "playbook": "corner <shop>",
        "state": "delivered",
        "as_of_day": "2017-11-13",
        "currency": "USD",
        "customers": 20,
        "sends": 4,
        "none": 15,
        "held_out": 1,
        "by_channel": {"email": 4},
        "value": 7.0,
        "bound": 7.1,
        "cost": 0.004,
        "evidence_grade": "assumed",
        "plays": [play | {"margin": 7.0, "margin_low": 0.0, "margin_high": 14.0}],
        "none_by_reason": {"no motive": 5, "limits: email capacity": 10},
        "refused_by_policy": {"consent": 31, "margin-protection": 0},
        "policy_reasons": {"consent": "We write only to people who agreed to it."},
        "shadow_prices": {"email capacity": 0.0717},
        "health": {"level": "ok", "trust": 1.0, "findings": []},
        "assumed": ["margin pct"],
    }


@pytest.fixture
def unserved() -> Document:
    row = {"play": "favourites", "subject": "category/MILK", "cause": "limits", "detail": "email capacity"}
    return {
        "currency": "USD",
        "customers": 15,
        "value": 1.5,
        "by_cause": [
            {"cause": "limits", "customers": 10, "value": 1.5},
            {"cause": "no reason to talk", "customers": 5, "value": 0.0},
        ],
        "rows": [row | {"customers": 10, "value": 1.5, "is_estimate": False, "fix": "Ten more.", "samples": ["ann"]}],
    }


def text_of(html: str) -> str:
    class Text(HTMLParser):
        found = ""

        def handle_data(self, data: str) -> None:
            self.found += f" {data}"

    reader = Text()
    reader.feed(html)
    return " ".join(reader.found.split())


def test_the_page_says_what_was_decided_and_what_was_not(day: Document, unserved: Document, tmp_path: Path) -> None:
    page = write_day_page(day, unserved, tmp_path / "run").read_text(encoding="utf-8")
    said = text_of(page)
    assert "4 of 20 customers hear something today." in said
    assert "15 customers were sent nothing. What stood in the way kept 1.50 USD." in said
    assert "favourites category/MILK limits: email capacity 10 1.50 Ten more." in said
    assert "email capacity: one more send would bring 0.0717 USD" in said
    assert "31 consent We write only to people who agreed to it." in said
    assert "corner <shop>" in said
    assert ADDRESSES.findall(page) == []
    assert "ann" not in re.findall(r"\w+", said), "no customer is named"


def test_without_what_was_not_said_reasons_stand_in_words(day: Document) -> None:
    assert "10 others make more of email capacity" in text_of(day_page(day, None))


def test_a_timeline_shows_the_due_band_and_no_letter_breaks_it() -> None:
    bought = [Purchase(date(2017, 10, 1), 5.0, is_about=True), Purchase(date(2017, 11, 1), 2.0, is_about=False)]
    due = Due(date(2017, 11, 10), date(2017, 11, 12), date(2017, 11, 16))
    drawn = timeline(bought, date(2017, 11, 13), about="milk & <more>", due=due, sends_on=date(2017, 11, 13))
    assert "due 10 Nov – 16 Nov" in drawn
    assert "milk &amp; &lt;more&gt;" in drawn
    assert drawn.count("<circle") == 1 + 3, "one shopping day, and three entries of the legend"
    assert drawn.endswith("</svg>")


def test_bars_reach_to_both_sides_of_zero() -> None:
    drawn = bars([Bar("gain", 2.0), Bar("cost", -1.0)], label="worth", digits=2)
    starts = [float(x) for x in re.findall(r'<rect x="([\d.]+)"', drawn)]
    assert starts[1] < starts[0]
    assert bars([], label="nothing") == ""
