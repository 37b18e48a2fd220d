"""Motives that a purchase has ended: who has bought since as-of what we were about to remind them of."""

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lake.coercion import coerce
from lake.quality import split
from lake.runs import RunRow
from lake.tables import TABLES
from pipelines.day import Day
from pipelines.identities import survivors_of
from pipelines.joining import with_survivors
from pipelines.raw_rows import Knowing, read_raw
from pipelines.stored import canonical_tables

INSTANT = timedelta(microseconds=1)


def has_ended(
    day: Day, run: RunRow, sends: pd.DataFrame, *, now: datetime, latest_known: datetime
) -> "pd.Series[bool]":
    """Whose motive is about a product or a category that they have bought from as-of to this moment; index of `sends`.

    A campaign's motive is nobody's need and ends with the campaign.

    Args:
        day: The day that is being delivered.
        run: Its run.
        sends: customer_id and subject (`category/…`, `product/…`).
        now: This moment.
        latest_known: Rows after it are in the future.

    Raises:
        WarrantError: The source of the purchases cannot be read any more.
    """
    if sends.empty or now <= run.identity.as_of:
        return pd.Series(data=False, index=sends.index)
    survivors = survivors_of(day.lake, run)
    bought = _sales_since(day, run, survivors.names_of(sends["customer_id"]), now, latest_known)
    bought = with_survivors(TABLES["purchases"], bought, survivors)
    products = canonical_tables(day, run, ["products"])["products"]
    category = bought["product_id"].map(products.set_index("product_id")["category_id"])
    subjects = pd.concat(["category/" + category.astype(object), "product/" + bought["product_id"].astype(object)])
    done = pd.MultiIndex.from_arrays([pd.concat([bought["customer_id"]] * 2), subjects])
    return pd.Series(pd.MultiIndex.from_frame(sends[["customer_id", "subject"]]).isin(done), index=sends.index)


def _sales_since(day: Day, run: RunRow, customers: pa.Array, now: datetime, latest_known: datetime) -> pd.DataFrame:
    table = TABLES["purchases"]
    knowing = Knowing(now + INSTANT, latest_known, day.environment)
    rows = read_raw(day.playbook, table, knowing, customers=None)
    if rows is None:
        return pd.DataFrame({"customer_id": [], "product_id": []}, dtype=object)
    checked = split(
        table,
        _recent(rows, day, run, customers),
        known={"customers.customer_id": customers},
        as_of=knowing.as_of,
        latest_known=max(knowing.as_of, latest_known),
        timezone=day.playbook.timezone,
        where=str(day.playbook.source_files["purchases"]),
    )
    return checked.kept[checked.kept["kind"] == "sale"]


def _recent(rows: pa.Table, day: Day, run: RunRow, customers: pa.Array) -> pa.Table:
    """Rows of these customers from as-of on: all that matters of a table that may be long."""
    if not {"customer_id", "occurred_at"} <= set(rows.column_names):
        return rows
    when: Any = coerce(rows["occurred_at"], "time", day.playbook.timezone).typed
    who: Any = coerce(rows["customer_id"], "text", day.playbook.timezone).typed
    is_recent = pc.greater_equal(when, pa.scalar(run.identity.as_of, pa.timestamp("us", "UTC")))
    is_theirs = pc.is_in(who, value_set=customers)
    return rows.filter(pc.and_(pc.fill_null(is_recent, fill_value=False), is_theirs))
