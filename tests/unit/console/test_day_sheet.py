"""The day sheet says everything a marketer asks, and nothing of it is cut on a narrow terminal."""

import re
from typing import Any

import pytest

from console.day_sheet import customer_rows, show_day_sheet
from tests.unit.console.screen import NARROW, WIDE, printed, words

Document = dict[str, Any]


def sheet(day: Document, *cards: Document, width: int = NARROW) -> str:
    return printed(lambda screen: show_day_sheet(screen, day, cards), width=width)


def test_it_begins_with_who_gets_what_and_what_that_is_worth(day: Document) -> None:
    text = words(sheet(day))
    assert "corner-shop · Monday, 13 November 2017" in text
    assert "2,458 customers: 2 are sent something, 2,450 are left in peace, 6 are held out" in text
    assert "Expected incremental margin 14.46 USD." in text
    assert "more than 14.46 USD (certified); this one is less than 0.01 % below it" in text
    assert "A send is worth 7.23 USD on average and costs 0.0155 USD." in text


def test_what_chance_chose_is_told_with_its_cost(day: Document) -> None:
    assert "Chance chose" not in words(sheet(day))
    text = words(sheet(day | {"exploration": {"customers": 12, "cost": 0.5}}))
    assert "Chance chose for 12 of them" in text
    assert "they would bring 0.5000 USD more" in text


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_plays_stand_in_aligned_columns_with_their_sum(day: Document, width: int) -> None:
    lines = sheet(day, width=width).splitlines()
    first = lines.index(next(line for line in lines if line.startswith("play ")))
    rows = [line.split() for line in lines[first + 2 : first + 4]]
    assert rows[0] == ["replenishment-due", "email", "1,031", "1", "5", "0.00", "7.00", "0.00", "14.00"]
    assert rows[1] == ["replenishment-due", "mail", "936", "1", "0", "0.03", "7.46", "0.00", "14.91"]
    (total,) = [line for line in lines if line.startswith("together")]
    assert total.split() == ["together", "2", "5", "0.03", "14.46", "0.00", "28.91"]
    ends = {len(line.rstrip()) for line in [*lines[first + 2 : first + 4], total]}
    assert len(ends) == 1, "the last numbers end below each other"


def test_the_numbers_of_a_million_customers_are_whole_on_a_narrow_terminal(day: Document) -> None:
    many = {"eligible": 1_141_234, "sent": 437_123, "held_out": 25_111, "cost": 6_870.5}
    day["plays"][0] |= many | {"margin": 73_912.25, "margin_low": -11_610.75, "margin_high": 159_435.5}
    text = sheet(day)
    assert "…" not in text
    whole = ("1,141,234", "437,123", "25,111", "6,870.50", "73,912.25", "-11,610.75", "159,435.50")
    assert [number for number in whole if number not in text] == []


def test_plays_without_anything_to_say_are_named_and_have_no_row(day: Document) -> None:
    text = sheet(day)
    assert "Plays with nothing to say today: campaign." in text
    assert not re.search(r"^campaign +email", text, flags=re.MULTILINE)


def test_the_interval_is_explained_as_one_that_all_customers_share(day: Document) -> None:
    text = words(sheet(day))
    assert "What is uncertain about an effect is the same for every customer, so the ends add up" in text
    assert "How much a message changes is assumed, not measured" in text
    assert "The playbook assumes: margin percentage, email cost per touch, uplift of a reminder." in text


def test_a_measured_effect_is_not_called_assumed(day: Document) -> None:
    assert "assumed, not measured" not in words(sheet(day | {"evidence_grade": "randomised", "assumed": []}))


def test_grades_have_a_column_only_where_they_differ(day: Document) -> None:
    assert "evidence" not in sheet(day)
    day["plays"][0]["evidence_grade"] = "randomised"
    rows = [line for line in sheet(day, width=WIDE).splitlines() if line.startswith("replenishment-due")]
    assert [row.split()[-1] for row in rows] == ["randomised", "assumed"]


def test_reasons_for_silence_come_in_order_with_their_meaning(day: Document) -> None:
    text = words(sheet(day))
    assert "Why nothing was said to 2,450 customers" in text
    assert "1,500 limits: email capacity others make more of it" in text
    assert "400 refused by policy: margin-protection all there was to say was refused, mostly by it" in text
    assert (
        text.index("1,500 limits")
        < text.index("450 no motive")
        < text.index("400 refused")
        < text.index("40 no content")
    )


def test_policies_that_refused_say_why_and_the_others_are_left_out(day: Document) -> None:
    text = words(sheet(day))
    assert "130,128 margin-protection Too deep." in text
    assert "73,091 consent We write only to people who agreed to it." in text
    assert "asset-not-ready" not in text


def test_limits_that_bind_say_what_one_more_would_bring(day: Document) -> None:
    text = sheet(day)
    assert "email capacity: one more send would bring 0.0717 USD" in text
    assert "total budget: one more USD would bring 1.54 USD" in text
    assert "  mail capacity:" not in text


def test_unusable_and_withheld_rows_are_told(day: Document) -> None:
    text = words(sheet(day | {"withheld": {"consent": 3}}))
    assert "Rows that could not be used: 9,650 of purchases. `warrant check` says why." in text
    assert "Held back when they were to leave: 3 (consent)." in text


def test_identities_that_cannot_be_told_apart_are_told_when_there_are_any(day: Document) -> None:
    contested = {"aliases": 4, "contested": 1200, "visitors": 7, "unreadable_properties": 0}
    said = "Identities that cannot be told apart: 1,200. `warrant identity contested` shows them."
    assert said in words(sheet(day | {"identities": contested}))
    assert "Identities" not in words(sheet(day | {"identities": contested | {"contested": 0}}))


def test_files_stand_below_their_folder(day: Document) -> None:
    text = words(sheet(day))
    assert (
        "/somewhere/exports email 1 send: email.csv, email.manifest.json mail 1 send: mail.csv, mail.manifest" in text
    )


def test_customers_show_what_they_get_and_why(day: Document, card: Document) -> None:
    text = words(sheet(day, card))
    assert "Send “$1.00 off soft drinks [or water]” by mail at 2017-11-13 06:00" in text
    assert "Why now Soft drinks is a favourite: bought on 117 days" in text
    assert "Worth 1.01 USD expected, confidence 0.60 (assumed)" in text
    assert "Next best “$1.00 off soft drinks” by email, 1.04 USD: no room left in email capacity" in text
    assert "warrant why --customer 358" in text


def test_a_held_out_customer_is_not_said_to_be_sent_anything(card: Document) -> None:
    card["action"]["is_ghost"] = True
    label, line = customer_rows(card, "USD")[0]
    assert label == "Not sent"
    assert line.endswith("(held out)")


def test_a_customer_left_in_peace_says_why(silence: Document) -> None:
    assert customer_rows(silence, "USD") == [("Nothing", "others make more of email capacity")]


def test_a_run_that_was_not_delivered_says_how_to_go_on(day: Document) -> None:
    text = sheet(day | {"state": "projected", "files": [], "delivered": {}})
    assert "Nothing has been delivered: the run is projected." in text
    assert "warrant deliver 019b28be7dd88548" in text


def test_a_run_that_decided_nothing_yet_says_only_that(day: Document) -> None:
    text = words(sheet(day | {"state": "opened", "seconds": {"perceive": 1.0}, "plays": []}))
    assert "The run 019b28be7dd88548 is opened; nothing has been decided yet." in text
    assert "Expected incremental margin" not in text
    assert "9,650 of purchases" in text


def test_whoever_is_not_named_is_told_who_may_see_a_card(day: Document, card: Document) -> None:
    able = ["person:analyst", "person:owner"]
    unnamed = printed(lambda screen: show_day_sheet(screen, day, [], able=able), width=NARROW)
    assert "warrant why --customer ID --actor person:analyst" in unnamed
    assert "--actor" not in sheet(day)
    assert "--actor" not in sheet(day, card)


def test_a_day_without_any_send_has_no_average(day: Document) -> None:
    nothing = {"sends": 0, "value": 0.0, "bound": 0.0, "cost": 0.0, "plays": [], "shadow_prices": {}}
    text = words(sheet(day | nothing))
    assert "0 are sent something" in text
    assert "there was nothing to gain" in text
    assert "A send is worth" not in text


def test_poor_health_and_what_it_does_to_confidence_are_told(day: Document) -> None:
    stale = {"level": "warning", "sentence": "the newest row of signals is 3.6 days old", "trust": 0.55}
    text = words(sheet(day | {"health": {"level": "warning", "trust": 0.55, "findings": [stale]}}))
    assert (
        "the level warning: the newest row of signals is 3.6 days old. Every confidence is multiplied by 0.55" in text
    )
    assert "health" not in words(sheet(day | {"health": {"level": "ok", "trust": 1.0, "findings": []}}))
