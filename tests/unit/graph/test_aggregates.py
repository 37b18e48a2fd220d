"""Shopping days, spend and recency: the rules at their boundaries, and against a plain count of the same purchases."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.aggregates import Lines, customer_activity, shopping_days_by_category, shopping_days_by_product

NEW_YORK = "America/New_York"
AS_OF = datetime(2017, 11, 13, tzinfo=ZoneInfo(NEW_YORK))
PRODUCTS = pd.DataFrame(
    {"product_id": ["milk", "cream", "nails", "odd"], "category_id": ["DAIRY", "DAIRY", "HARDWARE", None]}
)


def local(text: str) -> pd.Timestamp:
    """A local time in New York, in UTC; of an hour that comes twice, the first."""
    return pd.Timestamp(text).tz_localize(NEW_YORK, ambiguous=True).tz_convert("UTC")


def purchases(*rows: tuple[object, ...]) -> pd.DataFrame:
    """Rows of customer, product, local time, net value and, if told, quantity and kind."""
    complete = [(*row, *(1.0, "sale")[len(row) - 4 :]) for row in rows]
    columns = ["customer_id", "product_id", "occurred_at", "net_value", "quantity", "kind"]
    frame = pd.DataFrame(complete, columns=columns)
    times = [local(str(text)) for text in frame["occurred_at"]]
    return frame.assign(occurred_at=pd.DatetimeIndex(times, tz="UTC").as_unit("us"))


def lines(*rows: tuple[object, ...], as_of: datetime = AS_OF) -> Lines:
    return Lines.of(purchases(*rows), as_of=as_of, timezone=NEW_YORK)


def by_category(*rows: tuple[object, ...]) -> dict[tuple[str, str], tuple[int, float, pd.Timestamp]]:
    bought = shopping_days_by_category(lines(*rows), PRODUCTS).bought()
    return {
        (row["from_key"], row["to_key"]): (row["count"], row["spend"], row["last_at"])
        for row in bought.to_dict("records")
    }


def test_two_purchases_on_one_local_day_are_one_shopping_day() -> None:
    # 22:00 in New York is the next date in UTC
    found = by_category(("a", "milk", "2017-11-01 10:00", 2.0), ("a", "cream", "2017-11-01 22:00", 3.0))
    assert found == {("a", "DAIRY"): (1, 5.0, local("2017-11-01 22:00"))}


def test_two_local_days_within_one_date_of_utc_are_two_shopping_days() -> None:
    found = by_category(("a", "milk", "2017-11-01 23:59", 2.0), ("a", "milk", "2017-11-02 00:00", 2.0))
    assert found[("a", "DAIRY")][0] == 2


def test_a_day_across_the_change_of_clocks_is_one_day() -> None:
    found = by_category(("a", "milk", "2017-11-05 00:30", 2.0), ("a", "milk", "2017-11-05 23:30", 2.0))
    assert found[("a", "DAIRY")][0] == 1


@pytest.mark.parametrize(("net_value", "quantity"), [(0.0, 1.0), (1.0, 0.0), (1.0, np.nan), (-1.0, 1.0)])
def test_a_line_without_value_or_quantity_makes_no_shopping_day(net_value: float, quantity: float) -> None:
    assert by_category(("a", "milk", "2017-11-01 10:00", net_value, quantity)) == {}


def test_a_line_without_quantity_still_counts_for_spend() -> None:
    found = by_category(("a", "milk", "2017-11-01 10:00", 2.0), ("a", "milk", "2017-11-03 10:00", 5.0, float("nan")))
    assert found == {("a", "DAIRY"): (1, 7.0, local("2017-11-01 10:00"))}


def test_a_return_reduces_spend_and_is_no_shopping_day() -> None:
    found = by_category(("a", "milk", "2017-11-01 10:00", 2.0), ("a", "milk", "2017-11-03 10:00", -0.5, 1.0, "return"))
    assert found == {("a", "DAIRY"): (1, 1.5, local("2017-11-01 10:00"))}


def test_a_product_without_category_and_a_line_without_product_belong_to_no_category() -> None:
    assert by_category(("a", "odd", "2017-11-01 10:00", 2.0), ("a", None, "2017-11-01 10:00", 2.0)) == {}


def test_what_happens_at_as_of_is_not_known_yet() -> None:
    found = by_category(("a", "milk", "2017-11-13 00:00", 2.0), ("a", "milk", "2017-11-12 23:59", 3.0))
    assert found == {("a", "DAIRY"): (1, 3.0, local("2017-11-12 23:59"))}


def test_products_are_kept_from_the_threshold_of_shopping_days_on() -> None:
    days = shopping_days_by_product(
        lines(
            ("a", "milk", "2017-11-01 10:00", 2.0),
            ("a", "milk", "2017-11-02 10:00", 2.0),
            ("a", "cream", "2017-11-02 10:00", 2.0),
            ("a", "cream", "2017-11-02 11:00", 2.0),
        )
    )
    assert days.bought(2)["to_key"].tolist() == ["milk"]
    assert days.bought(1)["to_key"].tolist() == ["cream", "milk"]


def test_recent_shopping_days_count_the_last_28_and_91_local_dates() -> None:
    first_of_28, first_of_91 = (date(2017, 11, 13) - timedelta(days=days) for days in (28, 91))
    rows = [
        ("a", "milk", f"{day} {hour}", 2.0)
        for day, hour in (
            (first_of_28, "00:00"),
            (first_of_28 - timedelta(days=1), "23:59"),
            (first_of_91, "00:00"),
            (first_of_91 - timedelta(days=1), "23:59"),
            (date(2017, 11, 12), "10:00"),
            (date(2017, 11, 12), "11:00"),
        )
    ]
    found = customer_activity(lines(*rows), as_of=AS_OF, timezone=NEW_YORK).to_dict("records")
    assert found == [
        {
            "customer_id": "a",
            "shopping_days_28d": 2,
            "shopping_days_91d": 4,
            "last_purchase_at": local("2017-11-12 11:00"),
        }
    ]


def test_within_a_day_the_day_itself_is_the_newest_of_the_28() -> None:
    noon = datetime(2017, 11, 13, 12, tzinfo=ZoneInfo(NEW_YORK))
    rows = (("a", "milk", "2017-11-13 10:00", 2.0), ("a", "milk", "2017-10-16 10:00", 2.0))
    found = customer_activity(lines(*rows, as_of=noon), as_of=noon, timezone=NEW_YORK)
    assert found["shopping_days_28d"].tolist() == [1]


def test_somebody_who_only_returned_things_has_no_activity() -> None:
    found = customer_activity(
        lines(("a", "milk", "2017-11-01 10:00", -2.0, 1.0, "return")), as_of=AS_OF, timezone=NEW_YORK
    )
    assert found.empty


def test_nothing_bought_gives_empty_tables() -> None:
    nothing = lines()
    assert shopping_days_by_category(nothing, PRODUCTS).bought().empty
    assert shopping_days_by_product(nothing).bought().empty
    assert customer_activity(nothing, as_of=AS_OF, timezone=NEW_YORK).empty


Line = tuple[str, str, str, float, float, str]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.sampled_from(["milk", "cream", "nails", "odd"]),
        st.integers(0, 20 * 24).map(lambda hour: str(datetime(2017, 10, 30) + timedelta(hours=hour))),  # noqa: DTZ001
        st.sampled_from([0.0, 0.1, 0.2, 1.1]),
        st.sampled_from([0.0, 1.0, 2.5]),
        st.sampled_from(["sale", "return"]),
    ),
    max_size=30,
)


@settings(max_examples=60)
@given(ROWS, st.randoms(use_true_random=False))
def test_days_and_spend_are_those_of_a_plain_count_whatever_the_order_of_rows(rows: list[Line], random: Random) -> None:
    signed = [(*row[:3], -row[3] if row[5] == "return" else row[3], *row[4:]) for row in rows]
    category = dict(zip(PRODUCTS["product_id"], PRODUCTS["category_id"], strict=True))
    days: dict[tuple[str, str], set[str]] = defaultdict(set)
    spend: dict[tuple[str, str], int] = defaultdict(int)
    for customer, product, time, value, quantity, kind in signed:
        if category[product] is None or local(time) >= AS_OF:
            continue
        spend[customer, category[product]] += round(value * 1_000_000)
        if kind == "sale" and value > 0 and quantity > 0:
            days[customer, category[product]].add(time[:10])
    expected = {pair: (len(dates), spend[pair] / 1_000_000) for pair, dates in days.items()}
    assert {pair: facts[:2] for pair, facts in by_category(*signed).items()} == expected
    shuffled = list(signed)
    random.shuffle(shuffled)
    assert by_category(*shuffled) == by_category(*signed)
