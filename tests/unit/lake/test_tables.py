"""The declared tables hold together: keys, references, words, and the schema derived from them."""

import re

import pandas as pd
import pandera.errors
import pytest

from lake.columns import Column, Table
from lake.tables import TABLES

ALL_TABLES = pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
COLUMNS = [
    pytest.param(table, column, id=f"{table.name}.{column.name}")
    for table in TABLES.values()
    for column in table.columns
]


@ALL_TABLES
def test_what_identifies_a_row_is_always_there(table: Table) -> None:
    for name in table.key:
        column = table.column(name)
        assert column is not None
        assert column.required


@ALL_TABLES
def test_a_column_has_one_declaration(table: Table) -> None:
    names = [column.name for column in table.columns]
    assert len(names) == len(set(names))


@ALL_TABLES
def test_what_happens_says_when(table: Table) -> None:
    if table.event_time is not None:
        column = table.column(table.event_time)
        assert column is not None
        assert (column.type, column.required) == ("time", True)


@ALL_TABLES
def test_rules_read_columns_that_are_there(table: Table) -> None:
    for rule in table.rules:
        assert {table.column(name) is not None for name in rule.reads} == {True}
        assert set(re.findall(r"[a-z_]+", re.sub(r"'[^']*'", "", rule.expression))) - {"or", "and", "not"} == set(
            rule.reads
        )


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_column_says_what_it_holds(table: Table, column: Column) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
    assert column.doc.endswith(".")
    assert "\n" not in column.doc
    if column.type == "number" and column.name.endswith(("cost", "price", "net_value", "face_value", "spend")):
        assert "currency" in column.doc, table.name


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_reference_points_to_a_key_that_is_read_before(table: Table, column: Column) -> None:
    if column.references is None:
        return
    target, key = column.references.split(".")
    assert TABLES[target].key == (key,)
    names = list(TABLES)
    assert names.index(target) <= names.index(table.name)


SALE = {
    "order_id": "o1",
    "line": "1",
    "customer_id": "anna",
    "kind": "sale",
    "net_value": 20.0,
    "occurred_at": pd.Timestamp("2026-03-01", tz="UTC"),
    "product_id": "tea",
    "quantity": 1.0,
}


def a_sale(**changes: object) -> pd.DataFrame:
    rows = pd.DataFrame([SALE | changes])
    return rows.reindex(columns=[column.name for column in TABLES["purchases"].columns])


def test_the_schema_accepts_what_the_declaration_accepts() -> None:
    schema = TABLES["purchases"].schema()
    for changes in ({}, {"quantity": None}, {"kind": "return", "quantity": -1.0, "net_value": -5.0}):
        schema.validate(a_sale(**changes))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "gift"}, "kind is not one of sale, return"),
        ({"quantity": 0.0}, "a sale with quantity 0 or less"),
        ({"net_value": 0.0}, "a sale with value 0 or less"),
        ({"customer_id": None}, "not_nullable"),
    ],
)
def test_the_schema_gives_the_same_reason_as_quarantine(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(pandera.errors.SchemaErrors) as errors:
        TABLES["purchases"].schema().validate(a_sale(**changes), lazy=True)
    assert reason in set(errors.value.failure_cases["check"])


def test_the_schema_knows_the_limits_of_numbers() -> None:
    offer = pd.DataFrame([{"offer_id": "o", "kind": "discount", "discount_pct": 100.5}])
    rows = offer.reindex(columns=[column.name for column in TABLES["offers"].columns])
    with pytest.raises(pandera.errors.SchemaErrors, match="discount_pct is above 100"):
        TABLES["offers"].schema().validate(rows, lazy=True)
