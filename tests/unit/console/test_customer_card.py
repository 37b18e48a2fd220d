"""The customer card says what was decided for somebody, and why, to the last alternative."""

from typing import Any

import pytest

from console.customer_card import show_customer_card
from tests.unit.console.screen import NARROW, WIDE, printed, words

Document = dict[str, Any]


def shown(card: Document, *, width: int = NARROW) -> str:
    return printed(lambda screen: show_customer_card(screen, card, "USD"), width=width)


def test_it_begins_with_the_decision_its_reason_and_its_worth(card: Document) -> None:
    text = words(shown(card))
    assert "customer 358 · Monday, 13 November 2017" in text
    assert "Decision Send “$1.00 off soft drinks [or water]” by mail" in text
    assert "When 2017-11-13 06:00, valid until 2017-11-14 00:00" in text
    assert "Why now Soft drinks is a favourite: bought on 117 days, last evidence 2017-11-11." in text
    assert "Worth 1.01 USD expected, 95 % between -0.03 and 2.05" in text
    assert "Confidence 0.60 that it is worth more than nothing" in text
    assert "Evidence assumed: a stated guess; no randomised test has measured it" in text


def test_the_path_is_literal_with_what_its_relationships_say(card: Document) -> None:
    lines = [line.strip() for line in shown(card).splitlines()]
    step = "(Customer/358)-[:INTERESTED_IN {confidence: 0.875, rule: repeat-purchase}]->(Category/GROCERY/SOFT DRINKS)"
    assert step in lines
    assert "(Asset/coupon/18)-[:FITS]->(Channel/mail)" in lines


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_the_parts_of_the_value_are_aligned_and_add_up(card: Document, width: int) -> None:
    lines = shown(card, width=width).splitlines()
    amounts = {
        name: line
        for name in ("margin expected with the", "margin expected without", "sending it", "worth of the message")
        for line in lines
        if line.startswith(name)
    }
    assert {name: float(line.split()[-1]) for name, line in amounts.items()} == {
        "margin expected with the": 27.0912,
        "margin expected without": -26.0492,
        "sending it": -0.03,
        "worth of the message": 1.012,
    }
    assert len({len(line.rstrip()) for line in amounts.values()}) == 1


def test_what_was_considered_narrows_in_words(card: Document) -> None:
    text = words(shown(card))
    assert "33 reasons to talk 450 messages that answer one 144 allowed by every policy" in text
    assert "264 margin-protection Too deep." in text


def test_alternatives_say_why_they_were_not_taken(card: Document) -> None:
    text = words(shown(card, width=WIDE))
    assert "$1.00 off soft drinks email 1.04 no room left in email capacity" in text
    assert "$1.50 off cheese mail 1.01 just as good, and later in order" in text
    assert "$2.00 off bread mail 0.9949 worth 0.0170 less after limits" in text


def test_nothing_is_cut_on_a_narrow_terminal(card: Document) -> None:
    card["alternatives"][0]["title"] = "A very long title of something " * 4
    text = shown(card)
    assert "…" not in text
    tables = [line for line in text.splitlines() if "off bread" in line or "very long" in line]
    assert tables
    assert max(map(len, tables)) <= NARROW


def test_versions_are_told_in_short_with_the_number_of_tables(card: Document) -> None:
    text = words(shown(card))
    assert "decided with code 494a2fbeb304, view 8d1553e7fdee and 2 tables" in text


def test_a_ghost_would_have_been_sent_and_never_was(card: Document) -> None:
    card["action"]["is_ghost"] = True
    text = words(shown(card))
    assert "Decision Would send “$1.00 off soft drinks [or water]” by mail" in text
    assert "holdout group: recorded to measure the effect, never sent" in text


def test_silence_says_why_and_what_there_was(silence: Document) -> None:
    text = words(shown(silence))
    assert "Decision Say nothing: others make more of email capacity." in text
    assert "From the customer to the message" not in text
    assert "What it is worth" not in text
    assert "no room left in email capacity" in text


def test_a_held_out_customer_without_anything_to_say_is_known_as_held_out(silence: Document) -> None:
    silence["action"] |= {"is_ghost": True, "none_reason": "no motive"}
    silence |= {"funnel": dict.fromkeys(silence["funnel"], 0), "refused_by": {}, "alternatives": []}
    text = words(shown(silence))
    assert "Say nothing: there was no reason to talk to them today." in text
    assert "holdout group" in text
    assert "What was considered" not in text


def test_revenue_is_not_passed_off_as_margin(card: Document) -> None:
    card["forecast"]["margin_basis"] = "revenue"
    assert "Margins are not known: these amounts are revenue." in words(shown(card))
