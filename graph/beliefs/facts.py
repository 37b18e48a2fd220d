"""What the rules look at: signals, purchases, touches and answers of known customers before as-of, ready for use.

Every table here has `customer_id`, `time` and `observed` (microseconds since 1970: when it happened, when we learnt of
it) and `key`, by which a belief names it as its evidence. A table that the tables lack is empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.beliefs.evidence import MICROSECONDS_PER_DAY
from graph.beliefs.fidelity import ANSWER_FIDELITY, LOW_FIDELITY, MOST_PER_HOUR, fidelity, spoken_names
from graph.beliefs.settings import BeliefSettings

Integers = npt.NDArray[np.int64]
MICROSECONDS_PER_HOUR: Final = 3_600_000_000

_SIGNALS = ("signal_id", "customer_id", "name", "occurred_at", "received_at", "session_id", "product_id", "asset_id")
_FURTHER = ("channel_id", "campaign_id", "topic", "value", "source")


@dataclass(frozen=True, eq=False)
class Facts:
    """The canonical tables as the rules see them.

    Attributes:
        tables: Canonical tables; those that are missing are empty.
        as_of: Nothing that happened at or after it counts.
        timezone: IANA time zone of the playbook, whose midnight starts a day.
        settings: What the playbook says about beliefs.
        similar_topics: Rows of `Topic SIMILAR_TO Topic`: from_key, to_key, similarity.
    """

    tables: Mapping[str, pd.DataFrame]
    as_of: datetime
    timezone: str
    settings: BeliefSettings
    similar_topics: pd.DataFrame

    @cached_property
    def signals(self) -> pd.DataFrame:
        """Signals of known customers: key, name (as spoken), fidelity, worth (damped), session, local day, subjects."""
        raw = self.table("signals", *_SIGNALS, *_FURTHER)
        rows = self._known(raw, "occurred_at", "received_at").assign(key=lambda frame: "signals/" + frame["signal_id"])
        rows["name"] = spoken_names(rows)
        rows["fidelity"] = fidelity(rows, self.settings.fidelity)
        rows["worth"] = rows["fidelity"] * _not_flooded(rows)
        rows["day"] = self.local_days(rows["time"])
        rows["session"] = rows["session_id"].where(rows["session_id"].notna(), "day " + rows["day"].astype(str))
        return rows.drop(columns=["occurred_at", "received_at", "signal_id"])

    @cached_property
    def purchases(self) -> pd.DataFrame:
        """Purchase lines: key, order_id, kind, discount, category_id; received_at is when we learnt of them."""
        names = ("order_id", "line", "customer_id", "kind", "net_value", "discount", "quantity", "product_id")
        rows = self._known(self.table("purchases", *names, "occurred_at", "received_at"), "occurred_at", "received_at")
        rows["category_id"] = rows["product_id"].map(self.category_of)
        return rows.drop(columns=["occurred_at", "received_at"])

    @cached_property
    def orders(self) -> pd.DataFrame:
        """Moments at which somebody bought, from purchases and from signals `Order Completed`: customer_id, time."""
        sales = self.purchases.loc[self.purchases["kind"] == "sale", ["customer_id", "time"]]
        signalled = self.signals.loc[self.signals["name"] == "Order Completed", ["customer_id", "time"]]
        parts = [part for part in (sales, signalled) if len(part)]
        return pd.concat(parts, ignore_index=True).drop_duplicates() if parts else sales

    @cached_property
    def touches(self) -> pd.DataFrame:
        """What was sent: key, touch_id, channel_id, asset_id."""
        raw = self.table("touches", "touch_id", "customer_id", "channel_id", "sent_at", "asset_id")
        return self._known(raw, "sent_at", None).assign(key=lambda frame: "touches/" + frame["touch_id"])

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """What came back: key, name, customer_id, touch_id, channel_id, asset_id (of the touch, where it is known)."""
        raw = self.table("outcomes", "outcome_id", "touch_id", "customer_id", "asset_id", "name", "occurred_at")
        sent = self.table("touches", "touch_id", "customer_id", "channel_id", "asset_id").drop_duplicates("touch_id")
        rows = raw.merge(sent, on="touch_id", how="left", suffixes=("", "_of_touch"))
        for name in ("customer_id", "asset_id"):
            rows[name] = rows[name].where(rows[name].notna(), rows[f"{name}_of_touch"])
        rows = self._known(rows, "occurred_at", None).assign(key=lambda frame: "outcomes/" + frame["outcome_id"])
        rows["worth"] = rows["name"].map(dict(ANSWER_FIDELITY)).astype(np.float64)
        rows["day"] = self.local_days(rows["time"])
        return rows[
            ["customer_id", "time", "observed", "key", "name", "touch_id", "channel_id", "asset_id", "worth", "day"]
        ]

    @cached_property
    def acts(self) -> pd.DataFrame:
        """Signals, and answers to messages, one after the other: what shows interest, with its worth."""
        answers = self.outcomes[self.outcomes["worth"].notna()]
        answers = answers.assign(
            fidelity=answers["worth"],
            session=answers["touch_id"].where(answers["touch_id"].notna(), answers["key"]),
            product_id=None,
            topic=None,
        )
        columns = ["customer_id", "time", "observed", "key", "name", "fidelity", "worth", "day", "session"]
        columns += ["product_id", "asset_id", "topic"]
        parts = [part[columns] for part in (self.signals, answers) if len(part)]
        return pd.concat(parts, ignore_index=True) if parts else self.signals[columns]

    @cached_property
    def category_of(self) -> "pd.Series[str]":
        """Category of each product, by product."""
        products = self.table("products", "product_id", "category_id").dropna().drop_duplicates("product_id")
        found: pd.Series[str] = products.set_index("product_id")["category_id"]
        return found

    @cached_property
    def assets(self) -> pd.DataFrame:
        """One row per asset and subject of any of its versions: asset_id, what (`Topic`, `Category`), target."""
        assets = self.table("assets", "asset_id", "topics", "categories")
        parts = [
            assets[["asset_id", column]]
            .explode(column)
            .dropna()
            .set_axis(["asset_id", "target"], axis=1)
            .assign(what=what)
            for column, what in (("topics", "Topic"), ("categories", "Category"))
        ]
        return pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)

    def about(self, rows: pd.DataFrame, what: str) -> pd.DataFrame:
        """The rows with a column `target`, once for each topic or category that they are about.

        Args:
            rows: key, and of asset_id, topic and product_id what there is.
            what: `Topic` or `Category`.
        """
        rows = rows.reset_index(drop=True)
        subjects = self.assets[self.assets["what"] == what]
        parts = [rows[["asset_id"]].reset_index().merge(subjects, on="asset_id")[["index", "target"]]]
        own = "topic" if what == "Topic" else "product_id"
        if own in rows.columns:
            named = rows[own] if what == "Topic" else rows[own].map(self.category_of)
            parts.append(named.rename("target").dropna().reset_index())
        found = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True).drop_duplicates()
        targets = found["target"].to_numpy(dtype=object)
        return rows.iloc[found["index"].to_numpy(dtype=np.int64)].assign(target=targets).reset_index(drop=True)

    def table(self, name: str, *columns: str) -> pd.DataFrame:
        """The columns of a table, without values where it has none."""
        frame = self.tables.get(name, pd.DataFrame())
        return pd.DataFrame(
            {
                one: frame[one] if one in frame.columns else pd.Series(None, index=frame.index, dtype=object)
                for one in columns
            }
        )

    def local_days(self, time: pd.Series) -> pd.Series:
        """Local dates of times, in days since 1970-01-01."""
        local = pd.to_datetime(time, unit="us", utc=True).dt.tz_convert(self.timezone).dt.tz_localize(None)
        return local.dt.as_unit("us").astype(np.int64) // MICROSECONDS_PER_DAY

    def _known(self, rows: pd.DataFrame, happened: str, learnt: str | None) -> pd.DataFrame:
        """Rows of known customers before as-of; what was learnt before it happened was learnt when it happened."""
        times = _times(rows[happened])
        is_known = (times < pd.Timestamp(self.as_of)) & rows["customer_id"].isin(self._customers)
        rows = rows[is_known].reset_index(drop=True)
        time = moments(rows[happened])
        observed = time if learnt is None else np.maximum(time, moments(rows[learnt]))
        return rows.assign(time=time, observed=observed)

    @cached_property
    def _customers(self) -> "pd.Series[Any]":
        return self.table("customers", "customer_id")["customer_id"]


def _times(values: pd.Series) -> pd.Series:
    return pd.to_datetime(values, utc=True).dt.as_unit("us")


def moments(values: pd.Series) -> Integers:
    """Microseconds since 1970; a missing time is the smallest integer."""
    return np.asarray(_times(values).to_numpy(dtype="datetime64[us]").astype(np.int64), dtype=np.int64)


def _not_flooded(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    """What is left of each signal's worth where more came in an hour than anybody can read."""
    is_low = (rows["fidelity"] < LOW_FIDELITY).to_numpy(dtype=bool)
    hour = rows["time"] // MICROSECONDS_PER_HOUR
    number = pd.Series(is_low, index=rows.index).groupby([rows["customer_id"], hour]).transform("sum")
    share = MOST_PER_HOUR / np.maximum(number.to_numpy(np.float64), MOST_PER_HOUR)
    return np.where(is_low, share, 1.0)


def damped(rows: pd.DataFrame) -> pd.Series:
    """Worth of acts where the same act about the same on one day counts less each time: in full, half, a third, ….

    Counted from the newest one back, so that a further act never takes anything away from the sum.

    Args:
        rows: customer_id, target, name, fidelity, day, time, key, worth.
    """
    ordered = rows.sort_values(["time", "key"], ascending=False, kind="stable")
    place = ordered.groupby(["customer_id", "target", "name", "fidelity", "day"], sort=False).cumcount() + 1
    worth: pd.Series = rows["worth"] / place.reindex(rows.index)
    return worth
