"""Rows in normal form: the same facts are the same table, and what breaks the schema is refused with a reason."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.content import GraphContentError, as_rows, attributes_of, check_endpoints, normal_form, whole_layer
from graph.schema import KINDS

CUSTOMER, BOUGHT, ASSET, INTEREST = (
    KINDS[name] for name in ("Customer", "Customer BOUGHT Category", "Asset", "Customer INTERESTED_IN Category")
)
NOON = pd.Timestamp("2026-03-01 12:00", tz="UTC")


def customers(**columns: object) -> pd.DataFrame:
    count = len(next(iter(columns.values())))  # type: ignore[arg-type]
    return pd.DataFrame(
        {"customer_id": [f"c{place}" for place in range(count)], "shopping_days_28d": 0} | columns
    ).assign(shopping_days_91d=0)


def bought(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["from_key", "to_key"]).assign(count=1, spend=2.5, last_at=NOON)


@given(st.permutations(range(6)))
def test_the_order_of_rows_and_columns_makes_no_difference(order: list[int]) -> None:
    rows = bought(("a", "x"), ("a", "y"), ("b", "x"), ("b", "y"), ("c", "x"), ("ä", "x"))
    shuffled = rows.iloc[order][["last_at", "to_key", "count", "from_key", "spend"]]
    assert normal_form(BOUGHT, shuffled).equals(normal_form(BOUGHT, rows))


def test_declared_columns_that_are_missing_are_there_without_values() -> None:
    table = normal_form(CUSTOMER, customers(region=["north"]))
    assert table["region"].to_pylist() == ["north"]
    assert table["pclv"].to_pylist() == [None]


def test_further_columns_of_a_customer_keep_the_type_they_come_with() -> None:
    rows = customers(
        age_band=["19-24", None],
        is_held_out=[True, None],
        children=pd.array([2, None], dtype="Int64"),
        income=[10.5, np.nan],
        moved_at=[NOON, pd.NaT],
        hobby=[None, None],
    )
    table = normal_form(CUSTOMER, rows)
    assert attributes_of(table, CUSTOMER) == {
        "age_band": "text",
        "children": "integer",
        "hobby": "text",
        "income": "number",
        "is_held_out": "boolean",
        "moved_at": "time",
    }
    assert table["is_held_out"].to_pylist() == [True, None]
    assert table["children"].to_pylist() == [2, None]


def test_an_empty_text_and_an_empty_list_count_as_missing() -> None:
    rows = pd.DataFrame(
        {"asset_id": ["a", "b"], "version": "1", "title": ["", "Hello"], "topics": [[], ("milk", "tea")]}
    )
    table = normal_form(ASSET, rows)
    assert table["title"].to_pylist() == [None, "Hello"]
    assert table["topics"].to_pylist() == [None, ["milk", "tea"]]


def test_a_property_that_the_schema_does_not_know_is_refused() -> None:
    with pytest.raises(GraphContentError, match="There is no property colour"):
        normal_form(BOUGHT, bought(("a", "x")).assign(colour="red"))


@pytest.mark.parametrize("name", ["a b", "x`y", "1st", "ü", "a.b"])
def test_an_attribute_whose_name_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(GraphContentError, match="is no name for an attribute"):
        normal_form(CUSTOMER, customers(**{name: ["x"]}))


def test_an_attribute_that_is_not_flat_is_refused() -> None:
    with pytest.raises(GraphContentError, match="`hobbies` holds mixed values"):
        normal_form(CUSTOMER, customers(hobbies=[["chess"]]))


def test_a_missing_required_value_is_refused_with_its_row() -> None:
    rows = bought(("a", "x"), ("b", "y"))
    rows.loc[1, "spend"] = np.nan
    with pytest.raises(GraphContentError, match=r"`spend` is missing in 1 rows, such as \('b', 'y'\)"):
        normal_form(BOUGHT, rows)


def test_a_row_without_key_is_refused() -> None:
    with pytest.raises(GraphContentError, match="`to_key` is missing"):
        normal_form(BOUGHT, bought(("a", None)))  # type: ignore[arg-type]


def test_a_key_that_occurs_twice_is_refused() -> None:
    with pytest.raises(GraphContentError, match=r"2 rows repeat a key, such as \('a', 'x'\)"):
        normal_form(BOUGHT, bought(("a", "x"), ("b", "x"), ("a", "x"), ("a", "x")))


def test_one_pair_may_have_two_beliefs_from_different_times() -> None:
    rows = pd.DataFrame(
        {
            "from_key": "a",
            "to_key": "x",
            "rule": "repeat-purchase",
            "valid_from": [NOON, NOON + dt.timedelta(microseconds=1)],
            "weight": 1.0,
            "half_life_days": 90.0,
            "confidence": 0.5,
            "source": "purchases",
        }
    )
    assert len(normal_form(INTEREST, rows)) == 2
    with pytest.raises(GraphContentError, match="repeat a key"):
        normal_form(INTEREST, rows.assign(valid_from=NOON))


def test_a_value_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(GraphContentError, match="`spend` has to hold number values"):
        normal_form(BOUGHT, bought(("a", "x")).assign(spend="much"))


def test_a_relationship_to_nobody_is_refused_with_the_key() -> None:
    tables = {"Customer": customers(region=["north"]), "Customer BOUGHT Category": bought(("c0", "milk"))}
    with pytest.raises(GraphContentError, match="1 keys name no Category: `milk`"):
        check_endpoints(whole_layer("knowledge", tables), {})


def test_a_table_of_another_layer_is_refused() -> None:
    with pytest.raises(GraphContentError, match="The layer has no Customer"):
        whole_layer("decisions", {"Customer": customers(region=["north"])})


@given(st.lists(st.integers(-(2**51), 2**51), min_size=1, max_size=5))
def test_a_time_is_bound_as_seconds_and_nanoseconds_to_the_microsecond(microseconds: list[int]) -> None:
    times = pd.to_datetime(pd.Series(microseconds), unit="us", utc=True)
    rows = as_rows(normal_form(CUSTOMER, customers(joined_at=times)))
    nanoseconds = rows["joined_at nanoseconds"]
    assert ((nanoseconds >= 0) & (nanoseconds < 1_000_000_000)).all()
    assert (rows["joined_at seconds"] * 1_000_000 + nanoseconds // 1_000).tolist() == microseconds


def test_an_empty_list_says_as_little_as_none_and_a_text_is_no_list() -> None:
    def topics(*lists: object) -> list[object]:
        rows = pd.DataFrame({"asset_id": [str(place) for place in range(len(lists))], "version": "1"})
        found: list[object] = normal_form(ASSET, rows.assign(topics=pd.Series(lists)))["topics"].to_pylist()
        return found

    assert topics(["a", "b"], (), None, np.array(["c"], dtype=object), np.nan) == [["a", "b"], None, None, ["c"], None]
    assert topics(np.nan, np.nan) == [None, None]
    with pytest.raises(GraphContentError, match="`topics` has to hold texts values: a text is not a list of texts"):
        topics("analytics")
