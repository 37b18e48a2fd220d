"""Limits are told in words: what one more would bring, what could not be reached, what templates lose."""

import numpy as np

from decisioning.allocate import allocate
from decisioning.limits import Family
from decisioning.price_words import limit_rows, price_sentences
from tests.unit.decisioning.limited import on_channel, options, total


def euros(amount: float) -> str:
    return f"{amount:.2f} EUR"


def test_what_one_more_of_each_kind_would_bring() -> None:
    limits = (on_channel("email capacity", "touches", 0, 1), total("total budget", "money", 9.0))
    found = allocate(options([(0, 0, 0.1, 5.0), (1, 0, 0.1, 4.0)]), limits, 2)
    rows = limit_rows(found)
    assert [row["name"] for row in rows] == ["email capacity", "total budget"]
    (said,) = price_sentences({"limits": rows}, "EUR", euros)
    assert said.startswith("email capacity: one more send would bring 4.")


def test_what_is_to_be_reached_says_what_it_costs_or_how_far_it_is_away() -> None:
    wanted = Family("loyal reach", "touches", np.array([np.inf]), np.array([2.0]))
    costs = allocate(options([(0, 0, 0.1, 5.0), (1, 0, 0.1, -0.5)]), (wanted,), 2)
    assert price_sentences({"limits": limit_rows(costs)}, "EUR", euros) == [
        "loyal reach: the last send that is to be reached costs 0.50 EUR"
    ]
    short = allocate(options([(0, 0, 0.1, 5.0)]), (wanted,), 2)
    assert short.shortfalls[0].is_infeasible
    summary = {"shortfalls": [vars(shortfall) for shortfall in short.shortfalls]}
    assert price_sentences(summary, "EUR", euros) == [
        "loyal reach: 1 of at least 2 reached; it cannot be reached: no more than 1 is possible"
    ]


def test_of_many_limits_the_dearest_are_told_and_the_others_counted() -> None:
    rows = [{"name": f"limit {place}", "unit": "money", "price": float(place)} for place in range(30)]
    said = price_sentences({"limits": rows}, "EUR", euros)
    assert said[0] == "limit 29: one more EUR would bring 29.00 EUR"
    assert said[-1] == "and 9 more limits that bind"


def test_templates_say_what_they_lose() -> None:
    template = {"channel": "email", "wanted": 10_000, "allowed": 20, "loss": 12.5}
    assert price_sentences({"templates": [template]}, "EUR", euros) == [
        "email renders 20 of 10,000 different messages that were wanted; template limits lose 12.50 EUR"
    ]
