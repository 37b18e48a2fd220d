"""Numbers, dates and reasons read as a person would say them."""

import pytest

from console.wording import (
    best_possible,
    day_name,
    interval,
    money,
    nothing_because,
    number,
    one_more,
    sentence,
)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (144.574, "144.57"),
        (1234567.891, "1,234,567.89"),
        (1.0, "1.00"),
        (0.99999, "1.0000"),
        (0.15834, "0.1583"),
        (-0.03, "-0.0300"),
        (-0.00001, "0.0000"),
        (-0.0, "0.0000"),
    ],
)
def test_amounts_below_one_show_hundredths_of_cents_and_never_minus_nothing(amount: float, text: str) -> None:
    assert number(amount) == text
    assert money(amount, "USD") == f"{text} USD"


def test_both_ends_of_an_interval_have_the_digits_of_the_wider_one() -> None:
    assert interval(-0.03, 2.0539) == "-0.03 and 2.05"
    assert interval(-0.0, 0.25) == "0.0000 and 0.2500"


def test_days_are_named() -> None:
    assert day_name("2017-11-03") == "Friday, 3 November 2017"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("soft drinks is a favourite.", "Soft drinks is a favourite."),
        ("Buys cheese.", "Buys cheese."),
        ("iPhone cases are due.", "iPhone cases are due."),
        ("7up is due.", "7up is due."),
        ("", ""),
    ],
)
def test_a_sentence_begins_with_a_capital_unless_it_begins_with_a_name(text: str, said: str) -> None:
    assert sentence(text) == said


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("no motive", "there was no reason to talk to them today"),
        ("limits: email capacity", "others make more of email capacity"),
        ("refused by policy: consent", "all there was to say was refused, mostly by consent"),
        ("a reason of tomorrow: with more", "a reason of tomorrow: with more"),
    ],
)
def test_reasons_for_saying_nothing_are_sentences(reason: str, said: str) -> None:
    assert nothing_because(reason) == said


@pytest.mark.parametrize(
    ("value", "bound", "said"),
    [
        (100.0, 100.0, "less than 0.01 % below it"),
        (100.0001, 100.0, "less than 0.01 % below it"),
        (99.99, 100.0, "at most 0.01 % below it"),
        (97.5, 100.0, "at most 2.50 % below it"),
        (0.0, 0.0, "there was nothing to gain"),
    ],
)
def test_the_distance_from_the_bound_is_a_percentage(value: float, bound: float, said: str) -> None:
    assert best_possible(value, bound) == said


def test_one_more_of_a_limit_is_a_send_or_a_unit_of_money() -> None:
    assert one_more("email capacity", "EUR") == "one more send"
    assert one_more("email budget", "EUR") == one_more("total budget", "EUR") == "one more EUR"
