"""What no graph can hold and no sum can bear is put aside with its reason: exact limits, circles, times out of time."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings

from lake.columns import LARGEST_NUMBER, LONGEST_PROSE, LONGEST_TEXT
from lake.known import known_at
from lake.quality import LONGEST_VALUE, Split, split
from lake.tables import TABLES

AS_OF = datetime(2026, 3, 5, 23, tzinfo=UTC)
NOW = datetime(2026, 3, 6, 11, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
MEGABYTE = 1_000_000
SALE: dict[str, Any] = {
    "order_id": "o",
    "line": "1",
    "customer_id": "anna",
    "kind": "sale",
    "net_value": 20.0,
    "occurred_at": AS_OF - timedelta(days=1),
}
ASSET: dict[str, Any] = {
    "asset_id": "a",
    "version": "1",
    "title": "A",
    "kind": "story",
    "message_class": "marketing",
}


def checked(table: str, rows: pa.Table | pd.DataFrame) -> Split:
    return split(
        TABLES[table], rows, known={}, as_of=AS_OF, latest_known=NOW, timezone="America/New_York", where="x.sql"
    )


def reasons(table: str, rows: pa.Table | pd.DataFrame) -> list[str]:
    return list(checked(table, rows).quarantined["reason"])


def one(table: str, row: Mapping[str, Any]) -> list[str]:
    """The reason for which the only row is put aside; none when it is kept."""
    result = checked(table, pd.DataFrame([row]))
    assert result.content.num_rows + len(result.quarantined) == 1
    return list(result.quarantined["reason"])


# ---- numbers


@pytest.mark.parametrize("text", ["nan", "NaN", "inf", "-inf", "Infinity", "1e999", "-1e400", "9" * 400])
def test_a_text_that_is_no_finite_number_is_put_aside(text: str) -> None:
    assert one("purchases", SALE | {"net_value": text}) == ["net_value is no number"]


@pytest.mark.parametrize("number", [LARGEST_NUMBER, -LARGEST_NUMBER])
def test_the_largest_number_is_the_last_that_can_be_counted_with(number: float) -> None:
    returned = SALE | {"kind": "return", "net_value": number}
    assert one("purchases", returned) == []
    assert one("purchases", returned | {"net_value": number * (1 + 1e-15)}) == [
        "net_value is beyond 1,000,000,000,000,000"
    ]


@pytest.mark.parametrize("number", [float("inf"), float("-inf")])
def test_an_attribute_that_is_infinite_is_put_aside_and_not_blanked(number: float) -> None:
    rows = pd.DataFrame({"customer_id": ["anna", "bert", "cleo"], "income": [1.0, number, None]})
    result = checked("customers", rows)
    assert result.content["customer_id"].to_pylist() == ["anna", "cleo"]
    assert result.quarantined[["reason", "value"]].to_dict("records") == [
        {"reason": "income is no number", "value": str(number)}
    ]


def test_an_attribute_that_is_too_large_is_put_aside() -> None:
    rows = pd.DataFrame({"customer_id": ["anna", "bert"], "income": [1e15, 1e16]})
    assert reasons("customers", rows) == ["income is beyond 1,000,000,000,000,000"]


@pytest.mark.parametrize(
    ("keys", "kept"),
    [
        ([17.0, None], ["17"]),
        ([17.0, float("inf")], ["17"]),
        ([float(2**53 - 1)], [str(2**53 - 1)]),
        ([2.0**53], ["9.007199254740992e+15"]),
        ([1e300], ["1e+300"]),
    ],
)
def test_a_key_that_came_as_a_float_is_never_another_number(keys: list[float | None], kept: list[str]) -> None:
    result = checked("customers", pa.table({"customer_id": pa.array(keys, pa.float64())}))
    assert result.content["customer_id"].to_pylist() == kept
    assert len(result.quarantined) == len(keys) - len(kept)


# ---- texts


@pytest.mark.parametrize(
    ("table", "row", "name"),
    [
        ("customers", {}, "customer_id"),
        ("customers", {"customer_id": "anna"}, "region"),
        ("categories", {"category_id": "tea"}, "name"),
        ("signals", {"signal_id": "s", "name": "Page Viewed", "occurred_at": SALE["occurred_at"]}, "topic"),
        ("assets", ASSET, "topics"),
    ],
)
@pytest.mark.parametrize("letter", ["x", "\U0001d54f", "\u200b"])
def test_keys_and_names_have_a_longest_length_in_characters(
    table: str, row: Mapping[str, Any], name: str, letter: str
) -> None:
    def given_as(text: str) -> Any:
        return [text, "short"] if name == "topics" else text

    assert one(table, {**row, name: given_as(letter * LONGEST_TEXT)}) == []
    too_long = [f"{name} is longer than 1,000 characters"]
    assert one(table, {**row, name: given_as(letter * (LONGEST_TEXT + 1))}) == too_long
    assert one(table, {**row, name: given_as(letter * MEGABYTE)}) == too_long


@pytest.mark.parametrize(
    ("table", "row", "name"),
    [
        ("customers", {"customer_id": "anna"}, "hobby"),
        ("signals", {"signal_id": "s", "name": "x", "occurred_at": SALE["occurred_at"]}, "properties"),
    ],
)
def test_prose_and_attributes_may_be_longer(table: str, row: Mapping[str, Any], name: str) -> None:
    assert one(table, {**row, name: "x" * LONGEST_PROSE}) == []
    assert one(table, {**row, name: "x" * MEGABYTE}) == [f"{name} is longer than 100,000 characters"]


def test_a_value_that_is_too_long_is_shown_by_its_beginning_and_the_row_is_kept_whole() -> None:
    (row,) = checked("customers", pd.DataFrame({"customer_id": ["x" * MEGABYTE]})).quarantined.to_dict("records")
    assert row["value"] == "x" * LONGEST_VALUE + "…"
    assert json.loads(row["row"]) == {"customer_id": "x" * MEGABYTE}


# ---- times


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("0001-01-01 00:00:00Z", True),
        ("0001-01-01 00:00:00+00:01", False),
        ("9999-12-31 23:59:59.999999Z", True),
        ("9999-12-31 23:59:59.999999-00:01", False),
        ("9999-12-31", True),
    ],
)
def test_a_time_that_nothing_can_tell_is_no_time(text: str, is_kept: bool) -> None:
    found = one("offers", {"offer_id": "o", "kind": "discount", "ends_at": text})
    assert found == ([] if is_kept else ["ends_at is no time"])


def test_a_time_for_never_of_a_database_is_no_time() -> None:
    never = pa.array([2**63 - 1], pa.timestamp("us"))
    rows = pa.table({"offer_id": ["o"], "kind": ["discount"], "ends_at": never})
    assert reasons("offers", rows) == ["ends_at is no time"]


@pytest.mark.parametrize(
    ("ahead", "kept", "later", "reason"),
    [
        (AS_OF - INSTANT, 1, 0, []),
        (AS_OF, 0, 1, []),
        (NOW, 0, 1, []),
        (NOW + INSTANT, 0, 0, ["a date in the future"]),
    ],
    ids=["just before as-of", "as-of", "now", "ahead of our clock"],
)
@pytest.mark.parametrize("column", ["occurred_at", "received_at"])
def test_clocks_that_disagree_leave_a_row_for_later_or_aside_and_never_count_it_early(
    column: str, ahead: datetime, kept: int, later: int, reason: list[str]
) -> None:
    result = checked("purchases", pd.DataFrame([SALE | {column: ahead}]))
    assert (result.content.num_rows, result.later, list(result.quarantined["reason"])) == (kept, later, reason)


def test_a_row_that_was_received_before_it_happened_counts_from_when_it_happened() -> None:
    skewed = SALE | {"occurred_at": AS_OF - INSTANT, "received_at": AS_OF - timedelta(minutes=5)}
    kept = checked("purchases", pd.DataFrame([skewed])).kept
    assert len(kept) == 1
    assert len(known_at({"purchases": kept}, AS_OF - timedelta(minutes=5))["purchases"]) == 0
    assert len(known_at({"purchases": kept}, AS_OF - timedelta(minutes=5) + INSTANT)["purchases"]) == 1
    not_yet = checked("purchases", pd.DataFrame([skewed | {"occurred_at": AS_OF}]))
    assert (not_yet.content.num_rows, not_yet.later) == (0, 1)


# ---- circles


def categories(parents: Mapping[str, str | None]) -> Split:
    rows = [{"category_id": key, "name": key.title(), "parent_id": parent} for key, parent in parents.items()]
    return checked("categories", pd.DataFrame(rows, columns=["category_id", "name", "parent_id"]))


def test_a_category_that_lies_within_itself_is_put_aside_and_so_is_what_lies_within_it() -> None:
    result = categories(
        {"a": "b", "b": "a", "own": "own", "below": "a", "under own": "own", "tea": None, "mint": "tea"}
    )
    assert result.content["category_id"].to_pylist() == ["mint", "tea"]
    found = dict(zip(result.quarantined["source_row"], result.quarantined["reason"], strict=True))
    circle = "parent_id leads back to the row itself"
    assert found == {1: circle, 2: circle, 3: circle, 4: "unknown category", 5: "unknown category"}


def test_a_campaign_cannot_be_part_of_itself() -> None:
    assert one("campaigns", {"campaign_id": "c", "kind": "mail", "parent_id": "c"}) == [
        "parent_id leads back to the row itself"
    ]


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 7, 8, 9, 1_000])
def test_a_chain_is_kept_and_the_same_chain_closed_is_not(length: int) -> None:
    chain = {str(number): str(number + 1) for number in range(length - 1)}
    last = str(length - 1)
    assert categories({**chain, last: None}).content.num_rows == length
    closed = categories({**chain, last: "0"})
    assert closed.content.num_rows == 0
    assert set(closed.quarantined["reason"]) == {"parent_id leads back to the row itself"}


def test_what_lies_within_a_category_that_contradicts_itself_goes_with_it() -> None:
    rows = pd.DataFrame(
        {
            "category_id": ["a", "a", "b", "c"],
            "name": ["A", "Another A", "B", "C"],
            "parent_id": [None, None, "a", "b"],
        }
    )
    several = "several different rows with one key (category_id)"
    assert reasons("categories", rows) == [several, several, "unknown category", "unknown category"]


KEYS = "abcdefg"


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), st.none() | st.sampled_from(KEYS), min_size=1))
def test_whatever_the_parents_what_is_kept_is_a_forest_and_nothing_else_is_lost(
    parents: dict[str, str | None],
) -> None:
    def ends(key: str | None) -> bool:
        seen = set()
        while key is not None and key in parents and key not in seen:
            seen.add(key)
            key = parents[key]
        return key is None

    assert set(categories(parents).content["category_id"].to_pylist()) == {key for key in parents if ends(key)}
