"""Small worlds to score: who did what how long before as-of."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

AS_OF = datetime(2026, 3, 5, 23, tzinfo=UTC)
"""00:00 of 6 March in Berlin."""

Tables = dict[str, pd.DataFrame]


@pytest.fixture
def world() -> Callable[..., Tables]:
    """Tables from acts (customer, name, days before as-of, further columns) and from attributes by customer."""

    def build(
        acts: Sequence[tuple[str, str, float, dict[str, Any]]],
        customers: Sequence[dict[str, Any]] = (),
        accounts: Sequence[dict[str, Any]] = (),
    ) -> Tables:
        stated = {row["customer_id"]: row for row in customers}
        people = [stated.get(who, {"customer_id": who}) for who in sorted({*stated, *(act[0] for act in acts)})]
        signals = [
            {"signal_id": f"s{number}", "customer_id": who, "name": name, "occurred_at": AS_OF - timedelta(days=days)}
            | more
            for number, (who, name, days, more) in enumerate(acts)
        ]
        frame = pd.DataFrame(signals, columns=None if signals else ["signal_id", "customer_id", "name", "occurred_at"])
        frame["occurred_at"] = pd.to_datetime(frame["occurred_at"], utc=True).astype("datetime64[us, UTC]")
        tables = {"customers": pd.DataFrame(people), "signals": frame}
        if accounts:
            tables["accounts"] = pd.DataFrame(list(accounts))
        return tables

    return build
