"""What lies in a cart: added, taken out, ordered, bought; never less than nothing."""

from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.carts import carts

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
NOON = pd.Timestamp("2026-02-01 12:00", tz="UTC")
INSTANT = pd.Timedelta(microseconds=1)
Event = tuple[str, str | None, float, float | None]


def signals(*events: Event, customer: str | None = "ann", properties: str | None = None) -> pd.DataFrame:
    """Name, product, minutes after noon, and value of each."""
    rows = [
        {
            "signal_id": f"s{number:04}",
            "customer_id": customer,
            "name": name,
            "product_id": product,
            "occurred_at": NOON + pd.Timedelta(minutes=minutes),
            "value": value,
            "properties": properties,
        }
        for number, (name, product, minutes, value) in enumerate(events)
    ]
    frame = pd.DataFrame(rows)
    return frame.astype({"value": float, "occurred_at": "datetime64[us, UTC]"})


def purchases(*minutes: float, kind: str = "sale") -> pd.DataFrame:
    times = pd.Series([NOON + pd.Timedelta(minutes=one) for one in minutes], dtype="datetime64[us, UTC]")
    return pd.DataFrame({"customer_id": "ann", "kind": kind, "occurred_at": times})


def contents(events: pd.DataFrame, bought: pd.DataFrame | None = None) -> dict[str, float]:
    found = carts(events, purchases() if bought is None else bought, as_of=AS_OF)
    return dict(zip(found["to_key"], found["quantity"], strict=True))


def test_what_was_added_lies_in_the_cart_since_it_was_added_last() -> None:
    events = signals(
        ("Product Added", "tea", 0, None), ("Product Added", "tea", 5, 2.0), ("Product Viewed", "cup", 6, 1)
    )
    (row,) = carts(events, purchases(), as_of=AS_OF).to_dict("records")
    assert (row["from_key"], row["to_key"], row["quantity"]) == ("ann", "tea", 3.0)
    assert row["added_at"] == NOON + pd.Timedelta(minutes=5)


def test_taking_out_counts_the_units_it_names_and_all_when_it_names_none() -> None:
    added = ("Product Added", "tea", 0.0, 3.0)
    assert contents(signals(added, ("Product Removed", "tea", 1, 2.0))) == {"tea": 1.0}
    assert contents(signals(added, ("Product Removed", "tea", 1, None))) == {}
    assert contents(signals(added, ("Product Removed", "tea", 1, None), ("Product Added", "tea", 2, 1.0))) == {
        "tea": 1.0
    }


def test_a_cart_never_holds_less_than_nothing() -> None:
    events = signals(("Product Removed", "tea", 0, 5.0), ("Product Added", "tea", 1, 2.0))
    assert contents(events) == {"tea": 2.0}


def test_the_quantity_may_stand_in_the_properties() -> None:
    events = signals(("Product Added", "tea", 0, None), properties='{"sku": "T", "quantity": 4}')
    assert contents(events) == {"tea": 4.0}


@pytest.mark.parametrize("name", ["Order Completed", "sale"])
def test_an_order_and_a_sale_empty_the_whole_cart_up_to_their_very_moment(name: str) -> None:
    added = [("Product Added", "tea", 0.0, 1.0), ("Product Added", "cup", 2.0, 1.0)]
    for at, left in ((0.0, {"cup": 1.0}), (2.0, {}), (-1.0, {"tea": 1.0, "cup": 1.0})):
        if name == "sale":
            assert contents(signals(*added), purchases(at)) == left
        else:
            assert contents(signals(*added, (name, None, at, None))) == left


def test_a_return_empties_nothing() -> None:
    assert contents(signals(("Product Added", "tea", 0, 1.0)), purchases(1, kind="return")) == {"tea": 1.0}


def test_what_happens_at_as_of_is_not_known_and_just_before_it_is() -> None:
    events = signals(("Product Added", "tea", 0, 1.0))
    assert contents(events.assign(occurred_at=pd.Timestamp(AS_OF))) == {}
    assert contents(events.assign(occurred_at=pd.Timestamp(AS_OF) - INSTANT)) == {"tea": 1.0}


def test_visitors_whom_nobody_knows_have_no_cart() -> None:
    assert contents(signals(("Product Added", "tea", 0, 1.0), customer=None)) == {}
    assert carts(None, purchases(), as_of=AS_OF).empty


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["Product Added", "Product Removed", "Order Completed"]),
        st.sampled_from(["tea", "cup"]),
        st.integers(0, 1_000).map(float),
        st.none() | st.integers(0, 5).map(float),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda event: event[2],
)


@given(events=EVENTS, bought=st.lists(st.integers(0, 1_000), max_size=2))
def test_carts_are_what_walking_through_the_events_gives_in_whatever_order_they_come(
    events: list[Event], bought: list[int]
) -> None:
    walked: dict[str, float] = {}
    happened = [(minutes, name, product, value) for name, product, minutes, value in events]
    happened += [(float(minutes) + 0.5, "Order Completed", "", None) for minutes in bought]
    for _, name, product, value in sorted(happened, key=lambda one: one[0]):
        if name == "Order Completed":
            walked.clear()
        elif name == "Product Added":
            walked[str(product)] = walked.get(str(product), 0.0) + (1.0 if value is None else value)
        else:
            walked[str(product)] = 0.0 if value is None else max(0.0, walked.get(str(product), 0.0) - value)
    wanted = {product: units for product, units in walked.items() if units > 0}
    frame = signals(*events)
    sales = purchases(*(minutes + 0.5 for minutes in bought))
    assert contents(frame, sales) == wanted
    assert contents(frame.iloc[::-1], sales) == wanted


def test_a_cart_knows_the_topic_of_the_ad_that_led_to_the_visit_in_which_it_was_filled() -> None:
    events = signals(
        ("Promotion Clicked", None, 0, None), ("Product Added", "tea", 1, 1.0), ("Product Added", "cup", 2, 1.0)
    )
    events = events.assign(
        session_id=pd.Series(["visit-1", "visit-1", "visit-2"], dtype=object),
        topic=pd.Series(["durability", None, None], dtype=object),
        campaign_id=pd.Series(["search-ad", None, None], dtype=object),
    )
    found = carts(events, purchases(), as_of=AS_OF).set_index("to_key")
    assert (found.loc["tea", "came_for"], found.loc["tea", "campaign_id"]) == ("durability", "search-ad")
    assert found["came_for"].isna().to_dict() == {"tea": False, "cup": True}
    assert carts(events.assign(campaign_id=None), purchases(), as_of=AS_OF)["came_for"].isna().all()
