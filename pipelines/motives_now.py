"""Motives that an order has ended: who has bought since as-of what we were about to remind them of."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from decisioning.plays import available
from decisioning.subjects import asset_coverage
from graph.view import Links, View
from lake.coercion import coerce
from lake.quality import split
from lake.runs import RunRow
from lake.tables import TABLES
from pipelines.day import Day
from pipelines.identities import survivors_of
from pipelines.joining import with_survivors
from pipelines.raw_rows import Knowing, read_raw
from pipelines.stored import canonical_tables, stored_view

INSTANT = timedelta(microseconds=1)
ORDERED = "Order Completed"


def has_ended(
    day: Day, run: RunRow, sends: pd.DataFrame, *, now: datetime, latest_known: datetime
) -> "pd.Series[bool]":
    """Whose motive has been ended by an order from as-of to this moment; index of `sends`.

    A motive about a product or a category ends when that is bought; one about a topic when something is bought that the
    message is about. A cart, a checkout and a trial (plays that say so, `ends_with_an_order`) end with any order, of
    which a signal is enough. Motives about an account, an asset or a campaign are nobody's own need and stay.

    Args:
        day: The day that is being delivered.
        run: Its run.
        sends: customer_id, asset_id, play and subject (`category/…`, `product/…`, `topic/…`).
        now: This moment.
        latest_known: Rows after it are in the future.

    Raises:
        WarrantError: The source of the purchases or signals cannot be read any more.
    """
    if sends.empty or now <= run.identity.as_of:
        return pd.Series(data=False, index=sends.index)
    knowing = Knowing(now + INSTANT, latest_known, day.environment)
    bought = _since(day, run, "purchases", sends["customer_id"], knowing)
    bought = bought[bought["kind"] == "sale"] if len(bought) else bought
    ended = _is_bought(day, run, sends, bought) | _is_about_bought(stored_view(day, run), sends, bought)
    of_orders = [name for name, play in available().items() if getattr(play, "ends_with_an_order", False)]
    waits = sends["play"].isin(of_orders)
    if waits.any():
        signals = _since(day, run, "signals", sends.loc[waits, "customer_id"], knowing)
        ordered = signals[signals["name"] == ORDERED] if len(signals) else signals
        ended |= waits & sends["customer_id"].isin({*bought["customer_id"], *ordered["customer_id"]})
    return ended


def _is_bought(day: Day, run: RunRow, sends: pd.DataFrame, bought: pd.DataFrame) -> "pd.Series[bool]":
    """Which sends are about a product or a category that was bought."""
    products = canonical_tables(day, run, ["products"])["products"]
    category = bought["product_id"].map(products.set_index("product_id")["category_id"])
    subjects = pd.concat(["category/" + category.astype(object), "product/" + bought["product_id"].astype(object)])
    done = pd.MultiIndex.from_arrays([pd.concat([bought["customer_id"]] * 2), subjects])
    return pd.Series(pd.MultiIndex.from_frame(sends[["customer_id", "subject"]]).isin(done), index=sends.index)


def _is_about_bought(view: View, sends: pd.DataFrame, bought: pd.DataFrame) -> "pd.Series[bool]":
    """Which sends have a topic as their subject, and say something about what was bought."""
    found = pd.Series(data=False, index=sends.index)
    about = sends[sends["subject"].astype(str).str.startswith("topic/")]
    asset = pd.Series(view.assets.positions(about["asset_id"].to_numpy(dtype=object)), index=about.index)
    product = view.products.positions(bought["product_id"].to_numpy(dtype=object))
    category = np.append(view.products.frame["category"].to_numpy(dtype=np.int64), -1)[product]
    for links, things in ((view.asset_products, product), (asset_coverage(view), category)):
        said = _pairs(links, asset)
        had = pd.DataFrame({"customer_id": bought["customer_id"].to_numpy(dtype=object), "thing": things})
        met = said.assign(customer_id=about["customer_id"].reindex(said["send"]).to_numpy()).merge(had)
        found[met["send"]] = True
    return found


def _pairs(links: Links, asset: "pd.Series[Any]") -> pd.DataFrame:
    """What each send's asset is about: send (its index) and thing (position)."""
    counts = np.diff(links.starts)[asset]
    places = [links.targets[links.starts[one] : links.starts[one + 1]] for one in asset]
    things = np.concatenate(places) if places else np.zeros(0, dtype=np.int32)
    return pd.DataFrame({"send": np.repeat(asset.index.to_numpy(), counts), "thing": things})


def _since(day: Day, run: RunRow, name: str, customers: "pd.Series[Any]", knowing: Knowing) -> pd.DataFrame:
    """Rows of a table about some customers, by whatever name they are known, from as-of to now."""
    table, survivors = TABLES[name], survivors_of(day.lake, run)
    names = survivors.names_of(customers)
    rows = read_raw(day.playbook, table, knowing, customers=None)
    if rows is None:
        return pd.DataFrame({column.name: [] for column in table.columns}, dtype=object)
    checked = split(
        table,
        _recent(rows, day, run, names),
        known={"customers.customer_id": names},
        as_of=knowing.as_of,
        latest_known=max(knowing.as_of, knowing.latest_known),
        timezone=day.playbook.timezone,
        where=str(day.playbook.source_files[name]),
    )
    return with_survivors(table, checked.kept, survivors)


def _recent(rows: pa.Table, day: Day, run: RunRow, customers: pa.Array) -> pa.Table:
    """Rows of these customers from as-of on: all that matters of a table that may be long."""
    if not {"customer_id", "occurred_at"} <= set(rows.column_names):
        return rows
    when: Any = coerce(rows["occurred_at"], "time", day.playbook.timezone).typed
    who: Any = coerce(rows["customer_id"], "text", day.playbook.timezone).typed
    is_recent = pc.greater_equal(when, pa.scalar(run.identity.as_of, pa.timestamp("us", "UTC")))
    is_theirs = pc.is_in(who, value_set=customers)
    return rows.filter(pc.and_(pc.fill_null(is_recent, fill_value=False), is_theirs))
