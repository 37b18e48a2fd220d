"""A judged comparison in plain words and on a page: the conclusion first, and nothing claimed that is not known."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from forecasting.evidence.comparisons import Comparison, Lifts
from forecasting.evidence.draws import Draws
from forecasting.evidence.grading import lift
from forecasting.values.evidence import TestSize
from pipelines.lifting import describe_lifts, told_in_full
from pipelines.pages.lift import lift_page
from pipelines.pages.lift_words import number

Builder = Callable[..., Draws]
Spending = Callable[..., np.ndarray]
Teller = Callable[..., dict[str, Any]]


def compared(draws: Draws, *, name: str = "spring", kind: str = "campaign") -> Comparison:
    judged = lift(draws, "mail", days=28)
    windows = np.column_stack([draws.outcome, draws.earlier]).T
    is_treated = draws.arm == "mail"
    means = tuple((float(window[is_treated].mean()), float(window[~is_treated].mean())) for window in windows)
    return Comparison(
        name, kind, "letter", datetime(2026, 2, 1, tzinfo=UTC), 28, False, "spend", True, judged, earlier_means=means
    )


def told(
    *comparisons: Comparison, settling: TestSize | None = None, sizes: tuple[TestSize, ...] = ()
) -> dict[str, Any]:
    lifts = Lifts(comparisons, settling, sizes, 1000, "households")
    document = describe_lifts(lifts, currency="EUR", effect_pct=5)
    return {"playbook": "shop", "as_of": "2026-03-01", "run_id": "r", "without": [], **document}


@pytest.fixture
def by_lot(draws_of: Builder, spending: Spending) -> Callable[[float], Draws]:
    def build(effect: float) -> Draws:
        draw = np.random.default_rng(1)
        windows, is_treated = spending(draw, 600), draw.random(600) < 0.5
        windows[is_treated, 0] += effect
        return draws_of(windows, is_treated, propensity=np.full(600, 0.5))

    return build


@pytest.fixture
def chosen(draws_of: Builder, spending: Spending) -> Draws:
    windows = spending(np.random.default_rng(2), 600)
    return draws_of(windows, windows[:, 1:].mean(axis=1) > 100)


def test_a_lift_is_told_with_its_size_its_share_and_how_it_is_known(by_lot: Callable[[float], Draws]) -> None:
    document = told(compared(by_lot(6.0), name="trial", kind="experiment"))
    first, second = document["comparisons"][0]["sentences"]
    assert first.startswith("It brings more: +")
    assert "EUR, give or take" in first
    assert "% of what they bring without it" in first
    assert second == "This is measured: it was drawn by lot who got it."
    assert document["verdict"] == "A lift is shown for trial."


def test_a_loss_is_called_a_loss(by_lot: Callable[[float], Draws]) -> None:
    document = told(compared(by_lot(-6.0), name="trial"))
    assert document["comparisons"][0]["sentences"][0].startswith("It brings less: -")
    assert document["verdict"] == "A loss is shown for trial."


def test_where_no_effect_was_found_what_is_still_possible_is_told(by_lot: Callable[[float], Draws]) -> None:
    document = told(compared(by_lot(0.0)))
    assert document["comparisons"][0]["verdict"] == "none_found"
    assert document["comparisons"][0]["sentences"][0].startswith("No effect was found")
    assert "is still possible" in document["comparisons"][0]["sentences"][1]


def test_a_difference_that_was_there_before_is_told_as_who_is_chosen(chosen: Draws) -> None:
    document = told(compared(chosen))
    sentences = document["comparisons"][0]["sentences"]
    assert sentences[0] == "No lift can be claimed."
    assert "In the 28 days before, when nothing of it had been sent, they brought" in sentences[1]
    assert sentences[2] == "So the difference says who is chosen, not what it does to them."
    assert document["verdict"] == (
        "No lift can be claimed from the one comparison: nobody drew by lot who was sent something."
    )


def test_of_many_campaigns_experiments_and_the_largest_are_told_in_full(
    chosen: Draws, by_lot: Callable[[float], Draws]
) -> None:
    smaller = chosen.where(np.arange(600) < 400)
    document = told(
        compared(by_lot(6.0), name="trial", kind="experiment"),
        compared(smaller, name="small"),
        compared(chosen, name="large"),
    )
    assert [one["name"] for one in told_in_full(document)] == ["trial", "large"]
    assert document["verdict"] == "A lift is shown for trial. Of the other 2, no lift can be claimed."


@pytest.mark.parametrize(
    ("units", "said"),
    [
        (
            800,
            "draw 800 of the 1,000 households by lot, send it to 400 of them and nothing to the other 400, for 3",
        ),
        (1600, "800 households would have to get it and 800 nothing, for 3 weeks; there are 1,000 in all."),
    ],
)
def test_the_test_that_would_settle_it_is_told_as_something_to_do(chosen: Draws, units: int, said: str) -> None:
    size = TestSize(0.05, 3, 12.5, units // 2, units, units <= 1000, 0.063)
    words = " ".join(told(compared(chosen), settling=size, sizes=(size,))["test_in_words"])
    assert said in words
    assert "5 % (12.50 EUR each)" in words
    assert ("6.3 %" in words) == (units > 1000)


def test_without_any_history_no_size_is_told(chosen: Draws) -> None:
    assert "cannot be said" in told(compared(chosen))["test_in_words"][0]


def test_the_page_shows_names_as_they_are_written(chosen: Draws) -> None:
    page = lift_page(told(compared(chosen, name="<b>50 % off $x$</b>"), compared(chosen, name="other")))
    assert "&lt;b&gt;50 % off $x$&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "u00001" not in page
    assert page.count("data:image/png") == 3


def test_a_page_without_any_comparison_can_be_made() -> None:
    page = lift_page(told())
    assert "Nothing has been sent yet" in page
    assert "<img" not in page


@pytest.mark.parametrize(
    ("value", "shown"),
    [(-0.001, "+0.00 EUR"), (12.345, "+12.35 EUR"), (-1234.6, "-1,235 EUR"), (999.999, "+1,000.00 EUR")],
)
def test_amounts_have_cents_where_they_say_something(value: float, shown: str) -> None:
    assert number(value, "EUR", signed=True) == shown
