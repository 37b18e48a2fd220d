"""Small tables for rules of belief: who did what, so many days before as-of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import pandas as pd

from graph.beliefs import BeliefSettings, believe

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)

Row = dict[str, Any]
TIMES = ("occurred_at", "received_at", "sent_at", "asserted_at", "observed_at", "valid_until")


def ago(days: float) -> datetime:
    """So many days before as-of."""
    return AS_OF - timedelta(days=days)


@dataclass
class Tables:
    """Canonical tables in the making; anna and ben are customers, tea and dishes categories."""

    rows: dict[str, list[Row]] = field(
        default_factory=lambda: {
            "customers": [
                {"customer_id": "anna", "region": "north", "account_id": "acme"},
                {"customer_id": "ben", "region": "south", "account_id": None},
            ],
            "categories": [{"category_id": "tea"}, {"category_id": "dishes"}],
            "products": [
                {"product_id": "green", "category_id": "tea"},
                {"product_id": "black", "category_id": "tea"},
                {"product_id": "mug", "category_id": "dishes"},
                {"product_id": "loose", "category_id": None},
            ],
            "channels": [{"channel_id": "email"}, {"channel_id": "post"}],
            "offers": [{"offer_id": "ten-off", "kind": "discount"}],
            "assets": [
                {"asset_id": "tea-note", "topics": ["brewing"], "categories": ["tea"], "offer_id": None},
                {"asset_id": "coupon", "topics": [], "categories": ["dishes"], "offer_id": "ten-off"},
                {"asset_id": "plain", "topics": [], "categories": [], "offer_id": None},
            ],
        }
    )

    def signal(self, name: str, *days: float, customer: str | None = "anna", **columns: Any) -> Self:
        """The same signal once for each of these days ago."""
        return self._add("signals", "signal_id", days, "occurred_at", {"customer_id": customer, "name": name} | columns)

    def buys(self, *days: float, customer: str = "anna", **columns: Any) -> Self:
        """A line of green tea on each of these days."""
        row = {"customer_id": customer, "line": "1", "kind": "sale", "net_value": 3.0, "quantity": 1.0}
        return self._add("purchases", "order_id", days, "occurred_at", row | {"product_id": "green"} | columns)

    def touch(self, *days: float, asset: str = "tea-note", customer: str = "anna", **columns: Any) -> Self:
        """A message on each of these days."""
        row = {"customer_id": customer, "channel_id": "email", "asset_id": asset}
        return self._add("touches", "touch_id", days, "sent_at", row | columns)

    def outcome(self, name: str, *days: float, touch: str | None = None, **columns: Any) -> Self:
        """What came back."""
        return self._add("outcomes", "outcome_id", days, "occurred_at", {"name": name, "touch_id": touch} | columns)

    def says(self, statement: str, day: float, *, customer: str = "anna") -> Self:
        """An analyst's word."""
        row = {"subject": f"customer/{customer}", "statement": statement, "author": "person:eva", "reason": "met them"}
        return self._add("assertions", "assertion_id", [day], "asserted_at", row)

    def observes(self, day: float, about: str, key: str, **columns: Any) -> Self:
        """An observation of the weather."""
        row = {"kind": "weather", "about_kind": about, "about_id": key}
        return self._add("observations", "observation_id", [day], "observed_at", row | columns)

    def frames(self) -> dict[str, pd.DataFrame]:
        """The tables as the lake gives them."""
        return {name: frame(rows) for name, rows in self.rows.items()}

    def believe(
        self, kind: str, rule: str | None = None, *, as_of: datetime = AS_OF, **settings: Any
    ) -> list[dict[str, Any]]:
        """The rows of one kind, and one rule, at as-of."""
        found = believe(self.frames(), as_of=as_of, timezone="UTC", settings=BeliefSettings(**settings))
        rows = found.get(f"Customer {kind}", pd.DataFrame(columns=["rule"])).to_dict("records")
        return [{str(key): value for key, value in row.items()} for row in rows if rule in (None, row["rule"])]

    def _add(self, table: str, key: str, days: Sequence[float], time: str, row: Row) -> Self:
        rows = self.rows.setdefault(table, [])
        for day in days:
            rows.append({key: f"{table[0]}{len(rows)}", time: ago(day)} | row)
        return self


def frame(rows: list[Row]) -> pd.DataFrame:
    """Rows as a table, its times as the lake gives them."""
    made = pd.DataFrame(rows)
    for name in TIMES:
        if name in made.columns:
            made[name] = pd.to_datetime(made[name], utc=True).astype("datetime64[us, UTC]")
    return made
