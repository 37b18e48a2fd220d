"""What makes an interest, how sure we are of it, and that it is closed instead of overwritten."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.aggregates import Lines, ShoppingDays, shopping_days_by_category
from graph.beliefs import BeliefSettings, close_beliefs, repeat_purchase

PRODUCTS = pd.DataFrame({"product_id": ["milk"], "category_id": ["DAIRY"]})
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
SETTINGS = BeliefSettings(minimum_days=4, half_life_days=10.0)


def shopped_on(*days: int, as_of: datetime = START + timedelta(days=1000)) -> ShoppingDays:
    """One customer's purchases of dairy, by days since the start."""
    purchases = pd.DataFrame(
        {
            "customer_id": "a",
            "product_id": "milk",
            "occurred_at": pd.DatetimeIndex([START + timedelta(days=day) for day in days]).as_unit("us"),
            "net_value": 1.0,
            "quantity": 1.0,
            "kind": "sale",
        }
    )
    return shopping_days_by_category(Lines.of(purchases, as_of=as_of, timezone="UTC"), PRODUCTS)


def believed(*days: int) -> dict[str, object]:
    rows = repeat_purchase(shopped_on(*days), SETTINGS).to_dict("records")
    assert len(rows) == 1
    return {str(name): value for name, value in rows[0].items()}


def test_three_shopping_days_are_no_interest_and_four_are() -> None:
    assert repeat_purchase(shopped_on(0, 1, 2), SETTINGS).empty
    assert len(repeat_purchase(shopped_on(0, 1, 2, 3), SETTINGS)) == 1


def test_a_belief_names_its_rule_source_and_last_evidence_and_is_open() -> None:
    belief = believed(0, 1, 2, 3)
    assert (belief["rule"], belief["source"], belief["half_life_days"]) == ("repeat-purchase", "purchases", 10.0)
    assert belief["valid_from"] == START + timedelta(days=3)
    assert belief["valid_to"] is pd.NaT


def test_the_weight_halves_what_lies_a_half_life_before_the_last_purchase() -> None:
    assert believed(0, 10, 20, 30)["weight"] == pytest.approx(1 + 1 / 2 + 1 / 4 + 1 / 8)


@pytest.mark.parametrize(
    ("days", "seen", "periods"),
    [
        ((0, 1, 2, 3), 0, 0),  # no whole period yet: one half
        ((0, 1, 2, 27), 0, 0),
        ((0, 1, 2, 28), 1, 1),  # day 0 is the 28th day before the last
        ((0, 1, 2, 55), 0, 1),  # nothing within the 28 days before the last
        ((0, 28, 56, 84), 3, 3),
        ((0, 1, 2, 168), 1, 6),
        ((0, 1, 2, 169), 1, 6),
        ((0, 1, 2, 171), 0, 6),  # beyond six periods nothing counts
        (tuple(range(0, 200, 7)), 6, 6),
    ],
)
def test_confidence_counts_four_week_periods_before_the_last_purchase(
    days: tuple[int, ...], seen: int, periods: int
) -> None:
    assert believed(*days)["confidence"] == pytest.approx((seen + 1) / (periods + 2))


@given(st.sets(st.integers(0, 300), min_size=4, max_size=20), st.integers(1, 400))
def test_a_belief_depends_on_its_evidence_and_never_on_the_day_of_asking(days: set[int], later: int) -> None:
    asked_at_once = START + timedelta(days=max(days), hours=1)
    now, then = (
        repeat_purchase(shopped_on(*days, as_of=as_of), SETTINGS)
        for as_of in (asked_at_once, asked_at_once + timedelta(days=later))
    )
    pd.testing.assert_frame_equal(now, then)


def times(frame: pd.DataFrame) -> list[tuple[int, int | None]]:
    """When each belief begins and ends, in days since the start."""
    return [
        ((begins - START).days, None if ends is pd.NaT else (ends - START).days)
        for begins, ends in zip(frame["valid_from"], frame["valid_to"], strict=True)
    ]


def beliefs(*days: int) -> pd.DataFrame:
    return repeat_purchase(shopped_on(*days), SETTINGS)


def after(*days: int) -> pd.Timestamp:
    return pd.Timestamp(START + timedelta(days=max(days)))


def test_newer_evidence_closes_a_belief_where_the_next_one_begins() -> None:
    first = close_beliefs(beliefs(0, 1, 2, 3)[:0], beliefs(0, 1, 2, 3), after(3))
    second = close_beliefs(first, beliefs(0, 1, 2, 3, 9), after(9))
    third = close_beliefs(second, beliefs(0, 1, 2, 3, 9, 12), after(12))
    assert [times(frame) for frame in (first, second, third)] == [
        [(3, None)],
        [(3, 9), (9, None)],
        [(3, 9), (9, 12), (12, None)],
    ]


def test_the_same_evidence_again_changes_nothing() -> None:
    held = close_beliefs(beliefs(0, 1, 2, 3), beliefs(0, 1, 2, 3, 9), after(9))
    pd.testing.assert_frame_equal(close_beliefs(held, beliefs(0, 1, 2, 3, 9), after(9)), held)


def test_a_belief_whose_evidence_is_gone_ends_with_the_newest_evidence_there_is() -> None:
    held = beliefs(0, 1, 2, 3)
    assert times(close_beliefs(held, held[:0], after(20))) == [(3, 20)]


def test_an_earlier_day_knows_nothing_of_later_beliefs_and_opens_what_they_closed() -> None:
    held = close_beliefs(beliefs(0, 1, 2, 3), beliefs(0, 1, 2, 3, 9), after(9))
    assert times(close_beliefs(held, beliefs(0, 1, 2, 3), after(5))) == [(3, None)]


def test_without_any_evidence_nothing_is_believed() -> None:
    held = beliefs(0, 1, 2, 3)
    assert close_beliefs(held, held[:0], None).empty
