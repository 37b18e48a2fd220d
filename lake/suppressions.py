"""Whom nobody may write to: suppressions resolved to customers and channels. In doubt, somebody is suppressed.

Setting a wrong row aside is safe where the row could only add something. A suppression takes something away: one that
is put aside is heeded as far as it can be read (`with_doubtful`).
"""

import json
from datetime import datetime, timedelta
from typing import Final

import pandas as pd
import pyarrow as pa

from lake.faults import SAME_ROW_TWICE
from lake.tables import SUPPRESSION_KINDS

EVERYWHERE: Final = "*"
DAY: Final = timedelta(days=1)
LONG_AGO: Final = pd.Timestamp(0, tz="UTC")
COLUMNS: Final = ["customer_id", "channel_id", "reason", "starts_at"]
_KEY: Final = ["kind", "value", "scope"]
_OF_CUSTOMER: Final = {"customer": "customer_id", "household": "household_id", "account": "account_id"}


def suppressed(
    suppressions: pd.DataFrame | None,
    customers: pd.DataFrame,
    identities: pd.DataFrame | None,
    channels: pd.DataFrame,
    *,
    at: datetime,
) -> pd.DataFrame:
    """Which customers are closed on which channels, and why: a row per pair, of the suppression that began last.

    A suppression that begins within a day of `at` counts already, since what is decided now is sent during that day;
    it ends at the moment of `ends_at`. A scope that is no channel of ours closes all of them.

    Args:
        suppressions: The canonical table; None when there is none.
        customers: customer_id and, where there are any, household_id and account_id.
        identities: The canonical table, for suppressions of an e-mail address and the like.
        channels: channel_id.
        at: The moment of asking.
    """
    nobody = pd.DataFrame(columns=COLUMNS)
    if suppressions is None or suppressions.empty:
        return nobody
    now = pd.Timestamp(at)
    in_force = suppressions[
        (suppressions["starts_at"] < now + DAY) & (suppressions["ends_at"].isna() | (suppressions["ends_at"] > now))
    ]
    meant = pd.concat([_meant_by_key(in_force, customers), _meant_by_identity(in_force, identities)])
    meant = meant[meant["customer_id"].isin(customers["customer_id"])]
    is_one_channel = meant["scope"].isin(channels["channel_id"])
    everywhere = meant[~is_one_channel].merge(channels[["channel_id"]], how="cross")
    there = meant[is_one_channel].assign(channel_id=lambda named: named["scope"])
    parts = [part[COLUMNS] for part in (everywhere, there) if len(part)]
    if not parts:
        return nobody
    found = pd.concat(parts).sort_values(["customer_id", "channel_id", "starts_at", "reason"], kind="stable")
    return found.drop_duplicates(["customer_id", "channel_id"], keep="last", ignore_index=True)


def _meant_by_key(in_force: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    parts = []
    for kind, column in _OF_CUSTOMER.items():
        named = in_force[in_force["kind"] == kind]
        if len(named) and column in customers.columns:
            keys = pd.DataFrame({"customer_id": customers["customer_id"], "value": customers[column]}).dropna()
            parts.append(named.merge(keys, on="value"))
    return pd.concat(parts) if parts else in_force.head(0).assign(customer_id=pd.Series(dtype=object))


def _meant_by_identity(in_force: pd.DataFrame, identities: pd.DataFrame | None) -> pd.DataFrame:
    if identities is None:
        return in_force.head(0).assign(customer_id=pd.Series(dtype=object))
    known = identities[["kind", "value", "customer_id"]].drop_duplicates()
    return in_force.merge(known, on=["kind", "value"])


def with_doubtful(kept: pa.Table, quarantined: pd.DataFrame) -> pa.Table:
    """The kept suppressions and, for good and on all channels, those that were put aside but name somebody.

    Args:
        kept: Rows in the types of the canonical table.
        quarantined: What was put aside, with its reason and the row as JSON.
    """
    lost = quarantined[~quarantined["reason"].str.startswith(SAME_ROW_TWICE)]
    rows = [
        (kind, str(said["value"]), reason)
        for said, reason in zip(lost["row"].map(json.loads), lost["reason"], strict=True)
        if said.get("value") not in (None, "")
        for kind in ((said["kind"],) if said.get("kind") in SUPPRESSION_KINDS else SUPPRESSION_KINDS)
    ]
    if not rows:
        return kept
    doubtful = pd.DataFrame(rows, columns=["kind", "value", "reason"]).drop_duplicates(["kind", "value"])
    doubtful = doubtful.assign(
        scope=EVERYWHERE, reason="put aside and heeded: " + doubtful["reason"], starts_at=LONG_AGO, ends_at=None
    )
    typed = pa.Table.from_pandas(doubtful[kept.column_names], schema=kept.schema, preserve_index=False)
    frame = pa.concat_tables([kept, typed]).to_pandas()
    frame = frame.drop_duplicates(_KEY, keep="last").sort_values(_KEY, kind="stable")
    return pa.Table.from_pandas(frame, schema=kept.schema, preserve_index=False).replace_schema_metadata(None)
