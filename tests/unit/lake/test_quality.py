"""Checking rows: each is kept, put aside with one reason, or left for later; none is lost."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings

from lake.errors import LakeError
from lake.quality import Split, keys_of, split
from lake.tables import TABLES

AS_OF = datetime(2026, 3, 5, 23, tzinfo=UTC)
NOW = datetime(2026, 3, 6, 11, tzinfo=UTC)
BEFORE = datetime(2026, 3, 1, 10, tzinfo=UTC)
KNOWN = {
    "customers.customer_id": pa.array(["anna", "bert"]),
    "products.product_id": pa.array(["tea", "coffee"]),
    "categories.category_id": pa.array(["hot", "cold"]),
    "channels.channel_id": pa.array(["email"]),
    "campaigns.campaign_id": pa.array(["spring"]),
    "offers.offer_id": pa.array(["ten-off"]),
    "touches.touch_id": pa.array(["t1"]),
}
SALE: Mapping[str, Any] = {
    "order_id": "o1",
    "line": "1",
    "customer_id": "anna",
    "kind": "sale",
    "net_value": 20.0,
    "occurred_at": BEFORE,
    "product_id": "tea",
    "quantity": 1.0,
}


def checked(table: str, rows: pa.Table | pd.DataFrame, **options: Any) -> Split:
    settings: dict[str, Any] = {
        "known": KNOWN,
        "as_of": AS_OF,
        "latest_known": NOW,
        "timezone": "Europe/Berlin",
        "where": "x.sql",
    }
    return split(TABLES[table], rows, **(settings | options))


def sales(*changes: Mapping[str, Any]) -> Split:
    """Sales that are right but for the changes, each with a key of its own unless it names one."""
    rows = [{**SALE, "order_id": f"o{number}", **change} for number, change in enumerate(changes)]
    return checked("purchases", pd.DataFrame(rows))


def reasons(result: Split) -> list[str]:
    return list(result.quarantined["reason"])


# ---- one row, one reason


@pytest.mark.parametrize(
    ("change", "reason", "value"),
    [
        ({"net_value": "a lot"}, "net_value is no number", "a lot"),
        ({"net_value": float("inf")}, "net_value is no number", "inf"),
        ({"occurred_at": "the day before yesterday"}, "occurred_at is no time", "the day before yesterday"),
        ({"occurred_at": "2026-02-30 10:00:00"}, "occurred_at is no time", "2026-02-30 10:00:00"),
        ({"net_value": None}, "net_value is missing", None),
        ({"net_value": float("nan")}, "net_value is missing", None),
        ({"customer_id": ""}, "customer_id is missing", ""),
        ({"occurred_at": NOW + timedelta(microseconds=1)}, "a date in the future", "2026-03-06 11:00:00.000001+00:00"),
        ({"kind": "gift"}, "kind is not one of sale, return", "gift"),
        ({"quantity": 0}, "a sale with quantity 0 or less", None),
        ({"quantity": -1}, "a sale with quantity 0 or less", None),
        ({"net_value": 0}, "a sale with value 0 or less", None),
        ({"net_value": -0.01}, "a sale with value 0 or less", None),
        ({"customer_id": "nobody"}, "unknown customer", "nobody"),
        ({"product_id": "moon-dust"}, "unknown product", "moon-dust"),
    ],
)
def test_a_wrong_row_is_put_aside_with_its_reason(change: Mapping[str, Any], reason: str, value: str | None) -> None:
    result = sales({}, change, {})
    assert list(result.content["order_id"].to_pylist()) == ["o0", "o2"]
    (row,) = result.quarantined.to_dict("records")
    assert (row["source_row"], row["reason"], row["value"]) == (2, reason, value)
    assert json.loads(row["row"])["order_id"] == "o1"


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "return", "quantity": -1, "net_value": -20},
        {"kind": "return", "quantity": 0, "net_value": 0},
        {"quantity": None},
        {"product_id": None},
        {"net_value": 0.01},
        {"quantity": 0.001},
        {"occurred_at": AS_OF - timedelta(microseconds=1)},
    ],
    ids=["a return", "an empty return", "no quantity", "no product", "a cent", "a gram", "just before as-of"],
)
def test_what_is_unusual_but_right_is_kept(change: Mapping[str, Any]) -> None:
    result = sales(change)
    assert (result.content.num_rows, result.later, reasons(result)) == (1, 0, [])


def test_the_first_reason_wins_in_the_documented_order() -> None:
    everything: dict[str, Any] = {
        "net_value": "a lot",
        "customer_id": None,
        "occurred_at": NOW + timedelta(days=1),
        "kind": "gift",
        "quantity": 0,
        "product_id": "moon-dust",
    }
    found = []
    for mended in ({}, {"net_value": 0}, {"customer_id": "nobody"}, {"occurred_at": BEFORE}, {"kind": "sale"}):
        everything |= mended
        found += reasons(sales(everything))
    assert found == [
        "net_value is no number",
        "customer_id is missing",
        "a date in the future",
        "kind is not one of sale, return",
        "a sale with quantity 0 or less",
    ]
    assert reasons(sales(everything | {"quantity": 1})) == ["a sale with value 0 or less"]
    assert reasons(sales(everything | {"quantity": 1, "net_value": 1})) == ["unknown customer"]


def test_numbers_have_their_limits_included() -> None:
    rows = [{"offer_id": str(pct), "kind": "discount", "discount_pct": pct} for pct in (-0.1, 0.0, 100.0, 100.1, None)]
    result = checked("offers", pd.DataFrame(rows))
    assert reasons(result) == ["discount_pct is below 0", "discount_pct is above 100"]
    assert result.content.num_rows == 3


# ---- what is not known yet


@pytest.mark.parametrize("moment", [AS_OF, NOW])
def test_what_happened_from_as_of_until_now_is_left_for_later(moment: datetime) -> None:
    result = sales({}, {"occurred_at": moment})
    assert (result.content.num_rows, result.later, reasons(result)) == (1, 1, [])


def test_what_is_not_known_yet_is_not_judged() -> None:
    result = sales({"occurred_at": NOW, "net_value": 0, "customer_id": "nobody"}, {"net_value": 0})
    assert (result.later, reasons(result)) == (1, ["a sale with value 0 or less"])
    assert list(result.quarantined["source_row"]) == [2], "rows keep the number they have in the source"


def test_a_later_copy_takes_nothing_from_the_row_that_is_known() -> None:
    result = sales({"order_id": "o"}, {"order_id": "o", "occurred_at": NOW, "net_value": 99})
    assert (result.content.num_rows, result.later, reasons(result)) == (1, 1, [])


# ---- keys


def test_of_rows_that_say_the_same_the_first_one_stays() -> None:
    result = sales({"order_id": "o"}, {"order_id": "o"}, {"order_id": "p"}, {"order_id": "o"})
    assert result.content["order_id"].to_pylist() == ["o", "p"]
    assert list(result.quarantined["source_row"]) == [2, 4]
    assert set(reasons(result)) == {"the same row twice (order_id, line)"}


@pytest.mark.parametrize("values", [(1, 2), (1, 1, 2), (1, 1, 2, 2), (1, 2, 1, 2)])
def test_of_rows_with_one_key_that_contradict_each_other_none_stays(values: tuple[int, ...]) -> None:
    result = sales({"order_id": "p"}, *({"order_id": "o", "net_value": value} for value in values))
    assert result.content["order_id"].to_pylist() == ["p"]
    assert reasons(result) == ["several different rows with one key (order_id, line)"] * len(values)


def test_a_row_that_is_wrong_in_itself_contradicts_nobody() -> None:
    result = sales({"order_id": "o"}, {"order_id": "o", "net_value": 0})
    assert result.content["net_value"].to_pylist() == [20.0]
    assert reasons(result) == ["a sale with value 0 or less"]


def test_rows_with_lists_are_compared_by_their_content() -> None:
    asset = {"asset_id": "a", "version": "1", "title": "A", "kind": "story", "message_class": "marketing"}
    same = checked("assets", pd.DataFrame([asset | {"topics": ["x"]}, asset | {"topics": ["x"]}]))
    other = checked("assets", pd.DataFrame([asset | {"topics": ["x"]}, asset | {"topics": ["y"]}]))
    assert (same.content.num_rows, other.content.num_rows) == (1, 0)


def test_kept_rows_are_in_order_of_their_key() -> None:
    result = sales(*({"order_id": key} for key in ("b", "10", "a", "9")))
    assert result.content["order_id"].to_pylist() == ["10", "9", "a", "b"]


# ---- references


def test_a_reference_to_a_table_that_was_not_read_is_not_checked() -> None:
    result = checked("purchases", pd.DataFrame([SALE]), known={})
    assert result.content.num_rows == 1


def test_a_reference_to_a_table_without_rows_leads_nowhere() -> None:
    result = checked("purchases", pd.DataFrame([SALE]), known={"products.product_id": pa.array([], pa.string())})
    assert reasons(result) == ["unknown product"]


def test_a_list_with_one_stranger_in_it_is_put_aside() -> None:
    asset = {"version": "1", "title": "A", "kind": "story", "message_class": "marketing"}
    rows = [{"asset_id": "a", "categories": ["hot", "warm"]}, {"asset_id": "b", "categories": ["hot", "cold"]}]
    result = checked("assets", pd.DataFrame([asset | row for row in rows]))
    assert result.content["asset_id"].to_pylist() == ["b"]
    assert reasons(result) == ["unknown category"]


def test_a_category_below_one_that_is_put_aside_goes_with_it() -> None:
    rows = [
        {"category_id": "shop", "name": "Shop"},
        {"category_id": "lost", "name": "Lost", "parent_id": "nowhere"},
        {"category_id": "child", "name": "Child", "parent_id": "lost"},
        {"category_id": "grandchild", "name": "Grandchild", "parent_id": "child"},
        {"category_id": "tea", "name": "Tea", "parent_id": "shop"},
    ]
    result = checked("categories", pd.DataFrame(rows))
    assert result.content["category_id"].to_pylist() == ["shop", "tea"]
    assert reasons(result) == ["unknown category"] * 3


def test_keys_that_later_tables_may_refer_to() -> None:
    kept = checked("customers", pd.DataFrame({"customer_id": ["b", "a"]}))
    assert list(pa.array(keys_of(TABLES["customers"], kept.content)["customers.customer_id"]).to_pylist()) == ["a", "b"]
    assert list(keys_of(TABLES["customers"], kept.kept)["customers.customer_id"]) == ["a", "b"]
    assert keys_of(TABLES["purchases"], sales({}).content) == {}


# ---- columns


def test_a_missing_column_is_an_error_that_names_what_the_query_returns() -> None:
    rows = pd.DataFrame([SALE]).drop(columns=["net_value", "kind"])
    with pytest.raises(LakeError, match="lacks the columns kind, net_value") as error:
        checked("purchases", rows)
    assert error.value.where == "x.sql"
    assert "order_id" in error.value.remedy


def test_a_column_the_table_does_not_have_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(LakeError, match="no column `quantiti`") as error:
        checked("purchases", pd.DataFrame([{**SALE, "quantiti": 1}]))
    assert "Did you mean `quantity`?" in error.value.remedy
    assert "net_value" in error.value.remedy


def test_a_column_that_is_returned_twice_is_an_error() -> None:
    rows = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["customer_id", "customer_id"])
    with pytest.raises(LakeError, match="`customer_id` twice"):
        checked("customers", rows)


def test_customers_and_products_keep_further_columns_as_attributes() -> None:
    rows = pa.table(
        {
            "customer_id": pa.array(["a"]),
            "pets": pa.array([2], pa.int32()),
            "vip": pa.array([True]),
            "income": pa.array([Decimal("1.5")]),
            "band": pa.array(["x"]).dictionary_encode(),
            "born": pa.array([date(1990, 7, 1)]),
            "unknown": pa.nulls(1),
        }
    )
    content = checked("customers", rows).content
    (row,) = content.select(["pets", "vip", "income", "band", "born", "unknown"]).to_pylist()
    assert row == {
        "pets": 2.0,
        "vip": True,
        "income": 1.5,
        "band": "x",
        "born": datetime(1990, 6, 30, 22, tzinfo=UTC),
        "unknown": None,
    }
    assert content.schema.field("unknown").type == pa.string()


@pytest.mark.parametrize("name", ["Pets", "pets at home", "2nd_home", "pet-food", ""])
def test_an_attribute_has_a_name_in_lower_snake(name: str) -> None:
    with pytest.raises(LakeError, match="lower_snake"):
        checked("customers", pd.DataFrame({"customer_id": ["a"], name: [1]}))


def test_an_attribute_is_flat() -> None:
    rows = pa.table({"customer_id": ["a"], "pets": [["cat", "dog"]]})
    with pytest.raises(LakeError, match="`pets` of `customers` holds list") as error:
        checked("customers", rows)
    assert "flat" in error.value.remedy


def test_every_declared_column_is_there_whatever_the_source_returns() -> None:
    content = checked("customers", pd.DataFrame({"customer_id": ["a"]})).content
    assert content.column_names == [column.name for column in TABLES["customers"].columns]
    assert content.schema.field("joined_at").type == pa.timestamp("us", "UTC")


def test_a_source_without_rows_is_an_empty_table_of_the_right_types() -> None:
    content = checked("purchases", pd.DataFrame([SALE]).head(0)).content
    assert (content.num_rows, content.schema.field("net_value").type) == (0, pa.float64())


# ---- nothing is lost


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "order_id": st.sampled_from(["o1", "o2", "o3", None]),
                "line": st.sampled_from(["1", "2"]),
                "customer_id": st.sampled_from(["anna", "bert", "nobody", None]),
                "kind": st.sampled_from(["sale", "return", "gift"]),
                "net_value": st.sampled_from(["1", "2", "0", "-3", "a lot", None]),
                "occurred_at": st.sampled_from([BEFORE, AS_OF, NOW, NOW + timedelta(days=1), None]),
                "product_id": st.sampled_from(["tea", "moon-dust", None]),
                "quantity": st.sampled_from([1.0, 0.0, None]),
            }
        ),
        max_size=12,
    )
)
def test_every_row_is_kept_put_aside_or_left_for_later(rows: list[dict[str, Any]]) -> None:
    result = checked("purchases", pd.DataFrame(rows, columns=list(SALE)))
    assert result.content.num_rows + len(result.quarantined) + result.later == len(rows)
    assert result.quarantined["reason"].notna().all()
    assert result.quarantined["source_row"].is_unique
    keys = result.kept[["order_id", "line"]]
    assert not keys.duplicated().any()
    TABLES["purchases"].schema().validate(result.kept)
    assert (result.kept["occurred_at"] < AS_OF).all()
    again = checked("purchases", result.content)
    assert again.content.equals(result.content), "what was kept once is kept unchanged"


@settings(deadline=None)
@given(st.permutations([{"order_id": f"o{number % 4}", "net_value": number % 3} for number in range(9)]))
def test_the_order_of_a_source_does_not_change_what_is_kept(changes: list[dict[str, Any]]) -> None:
    ordered = sales(*sorted(changes, key=str))
    assert sales(*changes).content.equals(ordered.content)
