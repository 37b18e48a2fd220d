"""Nothing counts before we knew of it: rows that we learnt of later, and attributes that were measured later."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from lake.quality import Split, split
from lake.tables import TABLES

AS_OF = datetime(2026, 3, 5, 23, tzinfo=UTC)
NOW = AS_OF + timedelta(hours=12)
BEFORE = AS_OF - timedelta(days=1)
INSTANT = timedelta(microseconds=1)
ROWS: dict[str, dict[str, Any]] = {
    "purchases": {
        "order_id": "o1",
        "line": "1",
        "customer_id": "ann",
        "kind": "sale",
        "net_value": 20.0,
        "occurred_at": BEFORE,
    },
    "signals": {"signal_id": "s1", "name": "Product Viewed", "occurred_at": BEFORE},
    "customers": {"customer_id": "ann"},
}


def checked(table: str, **columns: Any) -> Split:
    return split(
        TABLES[table],
        pd.DataFrame([ROWS[table] | columns]),
        known={},
        as_of=AS_OF,
        latest_known=NOW,
        timezone="UTC",
        where="x.sql",
    )


@pytest.mark.parametrize(
    ("table", "column"), [("purchases", "received_at"), ("signals", "received_at"), ("customers", "joined_at")]
)
@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (None, (1, 0, [])),
        (AS_OF - INSTANT, (1, 0, [])),
        (AS_OF, (0, 1, [])),
        (NOW, (0, 1, [])),
        (NOW + INSTANT, (0, 0, ["a date in the future"])),
    ],
)
def test_a_row_counts_from_the_moment_after_we_learnt_of_it(
    table: str, column: str, moment: datetime | None, expected: tuple[int, int, list[str]]
) -> None:
    found = checked(table, **{column: moment})
    assert (len(found.kept), found.later, found.quarantined["reason"].tolist()) == expected


def test_attributes_that_were_measured_later_do_not_count_and_the_customer_does() -> None:
    facts = {"household_id": "h1", "timezone": "Asia/Tokyo", "region": "north", "is_minor": True, "age_band": "30-39"}
    before = checked("customers", attributes_at=AS_OF - INSTANT, **facts)
    assert before.blanked == 0
    assert before.kept.iloc[0][list(facts)].to_dict() == facts
    after = checked("customers", attributes_at=AS_OF, **facts)
    assert after.blanked == 1
    assert after.kept.iloc[0][["customer_id", "household_id", "timezone"]].tolist() == ["ann", "h1", "Asia/Tokyo"]
    assert after.kept.iloc[0][["region", "is_minor", "age_band", "attributes_at"]].isna().all()
    assert after.content.schema == before.content.schema
