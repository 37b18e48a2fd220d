"""Looking at a category often is a belief, with a weight that fades and a confidence that is a share."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from graph.beliefs import MOST_BROWSED, BeliefSettings, most_browsed

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
PRODUCTS = pd.DataFrame({"product_id": ["green", "black", "mug"], "category_id": ["tea", "tea", "dishes"]})
SETTINGS = BeliefSettings(half_life_days=10)


def views(*seen: tuple[str, float], name: str = "Product Viewed", customer: str | None = "anna") -> pd.DataFrame:
    """Views of products, so many days before as-of."""
    rows = [(customer, name, product, AS_OF - timedelta(days=age)) for product, age in seen]
    frame = pd.DataFrame(rows, columns=["customer_id", "name", "product_id", "occurred_at"])
    return frame.astype({"occurred_at": "datetime64[us, UTC]"})


def believed(signals: pd.DataFrame) -> list[dict[Any, Any]]:
    rows: list[dict[Any, Any]] = most_browsed(signals, PRODUCTS, SETTINGS, as_of=AS_OF).to_dict("records")
    return rows


def test_three_views_of_a_category_make_a_belief_and_two_do_not() -> None:
    assert believed(views(("green", 3), ("black", 2))) == []
    (belief,) = believed(views(("green", 3), ("black", 2), ("green", 1)))
    assert (belief["from_key"], belief["to_key"], belief["rule"]) == ("anna", "tea", MOST_BROWSED)
    assert belief["valid_from"] == pd.Timestamp(AS_OF - timedelta(days=1))
    assert pd.isna(belief["valid_to"])


def test_the_weight_halves_per_half_life_before_the_last_view() -> None:
    (belief,) = believed(views(("green", 21), ("green", 11), ("green", 1)))
    assert belief["weight"] == pytest.approx(1 + 1 / 2 + 1 / 4)


def test_confidence_is_the_share_of_the_customers_views() -> None:
    (belief,) = believed(views(("green", 3), ("green", 2), ("green", 1), ("mug", 1)))
    assert belief["confidence"] == pytest.approx(4 / 6)


@pytest.mark.parametrize(
    "signals",
    [
        views(("green", 3), ("green", 2), ("green", 0)),
        views(("green", 3), ("green", 2), ("green", 1), name="Order Completed"),
        views(("green", 3), ("green", 2), ("green", 1), customer=None),
        views(("unknown", 3), ("unknown", 2), ("unknown", 1)),
        None,
    ],
    ids=["one at as-of", "no views", "nobody known", "unknown products", "no signals at all"],
)
def test_what_is_no_view_of_a_known_customer_before_as_of_makes_no_belief(signals: pd.DataFrame | None) -> None:
    assert most_browsed(signals, PRODUCTS, SETTINGS, as_of=AS_OF).empty


def test_the_order_of_rows_changes_no_bit() -> None:
    signals = views(("green", 30.3), ("black", 7.7), ("green", 5.1), ("green", 1.9))
    forwards = most_browsed(signals, PRODUCTS, SETTINGS, as_of=AS_OF)
    backwards = most_browsed(signals.iloc[::-1], PRODUCTS, SETTINGS, as_of=AS_OF)
    pd.testing.assert_frame_equal(forwards, backwards, check_exact=True)
