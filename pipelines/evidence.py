"""Evidence down to the rows that it rests on: each step of a path with the signals, purchases, … behind it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from graph.lineage_beliefs import evidence_keys
from lake.runs import RunRow
from lake.tables import TABLES
from pipelines.day import Day
from pipelines.stored import graph_state

SHOWN = 5
BOUGHT = "BOUGHT"
SIGNAL = "Signal"

Document = dict[str, Any]


def traced(day: Day, run: RunRow, steps: Sequence[Mapping[str, Any]]) -> list[Document]:
    """Every step of evidence with its confidence and what it rests on.

    Args:
        day: Of the run.
        run: The run; rows are those of the tables that it read.
        steps: Relationships from, type, to, properties.

    Returns:
        The steps with `confidence` (None where the relationship has none) and `rests_on`: the newest rows behind it,
        at most `SHOWN`, as `key` (`signals/s-17`), `table` and `row` (the columns that have a value).
    """
    return [
        {**step, "confidence": step.get("properties", {}).get("confidence"), "rests_on": _rows(day, run, step)}
        for step in steps
    ]


def _rows(day: Day, run: RunRow, step: Mapping[str, Any]) -> list[Document]:
    label, customer_id = str(step["from"]).split("/", 1)
    if label == SIGNAL:
        return _signal(day, run, customer_id)
    if step["type"] == BOUGHT:
        return _purchases(day, run, customer_id, str(step["to"]))
    by_table: dict[str, list[str]] = {}
    keys = evidence_keys(graph_state(day), step)
    for key in keys:
        by_table.setdefault(key.split("/", 1)[0], []).append(key)
    found = {
        row["key"]: row
        for table, named in by_table.items()
        if table in run.pins and table in TABLES
        for row in _documents(table, _of_keys(day, run, table, named, customer_id))
        if row["key"] in named
    }
    return [found.get(key, {"key": key, "table": key.split("/", 1)[0], "row": {}}) for key in keys]


def _signal(day: Day, run: RunRow, key: str) -> list[Document]:
    """The row behind a signal, or behind an answer to a message, whose key says so."""
    table, _, row_key = key.rpartition("/")
    table = table or "signals"
    if table not in run.pins:
        return []
    only = {TABLES[table].key[0]: [row_key]}
    return _documents(table, day.lake.read(table, run.pins[table].version, only=only))


def _purchases(day: Day, run: RunRow, customer_id: str, what: str) -> list[Document]:
    """The newest sales of a product, or of a category's products."""
    label, _, key = what.partition("/")
    if "purchases" not in run.pins:
        return []
    rows = _of_customer(day, run, "purchases", customer_id)
    products = [key]
    if label == "Category" and "products" in run.pins:
        found = day.lake.read("products", run.pins["products"].version, ["product_id"], only={"category_id": [key]})
        products = found["product_id"].tolist()
    rows = rows[rows["product_id"].isin(products) & (rows["kind"] == "sale")]
    newest = rows.sort_values(["occurred_at", "order_id", "line"], ascending=False)
    return _documents("purchases", newest.head(SHOWN))


def _of_keys(day: Day, run: RunRow, table: str, named: Sequence[str], customer_id: str) -> pd.DataFrame:
    """The rows of these keys, and perhaps others; an outcome may name its customer by a touch alone."""
    key = TABLES[table].key
    if len(key) > 1:
        return _of_customer(day, run, table, customer_id)
    return day.lake.read(table, run.pins[table].version, only={key[0]: [one.split("/", 1)[1] for one in named]})


def _of_customer(day: Day, run: RunRow, table: str, customer_id: str) -> pd.DataFrame:
    """The customer's rows of a table; all of a table that names no customers."""
    names_customers = any(column.name == "customer_id" for column in TABLES[table].columns)
    only = {"customer_id": [customer_id]} if names_customers else None
    return day.lake.read(table, run.pins[table].version, only=only)


def _documents(table: str, rows: pd.DataFrame) -> list[Document]:
    return [
        {
            "key": "/".join([table, *(str(row[name]) for name in TABLES[table].key)]),
            "table": table,
            "row": {str(name): _plain(value) for name, value in row.items() if _has_value(value)},
        }
        for row in rows.to_dict("records")
    ]


def _has_value(value: Any) -> bool:
    return bool(len(value)) if hasattr(value, "__len__") else not pd.isna(value)


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return value.tolist()
    return value
