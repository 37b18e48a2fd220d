"""What was known of customers and assets at a moment: the columns that every response is forecast from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from forecasting.cadence.shopping_days import PRODUCT_COLUMNS, ShoppingDays, shopping_days, totals
from forecasting.evidence.windows import window_sums
from forecasting.inputs import local_days, moment, require, utc_times
from forecasting.response.asset_topics import Topics
from forecasting.response.factors.units import Positions
from forecasting.response.settings import ResponseSettings
from forecasting.settings import AFFINITY_WINDOW_DAYS
from forecasting.values import Floats, Keys, Times

RESPONSES = ("clicked", "redeemed", "converted", "replied")
OPT_OUTS = ("unsubscribed", "complained")
CUSTOMER_COLUMNS = ("orders", "spend", "touches", "responses", "redemptions", "recent_touches")
RECENT = CUSTOMER_COLUMNS.index("recent_touches")
UNKNOWN = ""

Events = tuple[Keys, Times, Floats]
PURCHASES = ("order_id", "customer_id", "kind", "net_value", "occurred_at", "product_id", "quantity")
TIMED = {"purchases": "occurred_at", "touches": "sent_at", "outcomes": "occurred_at", "assignments": "assigned_at"}
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "purchases": PURCHASES,
    "products": PRODUCT_COLUMNS,
    "touches": ("touch_id", "customer_id", "channel_id", "sent_at", "asset_id", "campaign_id", "experiment_id"),
    "outcomes": ("touch_id", "customer_id", "asset_id", "name", "occurred_at"),
    "assets": ("asset_id", "kind", "topics", "categories", "offer_id", "campaign_id"),
    "campaigns": ("campaign_id", "ends_at", "assets_per_touch"),
    "assignments": (
        "experiment_id",
        "customer_id",
        "assigned_at",
        "arm",
        "asset_id",
        "channel_id",
        "propensity",
        "observed_until",
    ),
    "results": ("experiment_id", "customer_id", "assigned_at", "metric", "value", "window_days"),
    "customers": ("customer_id",),
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "purchases": ("customer_id", "net_value", "occurred_at"),
    "touches": ("touch_id", "customer_id", "channel_id", "sent_at"),
    "outcomes": ("name", "occurred_at"),
    "assets": ("asset_id",),
    "assignments": ("experiment_id", "customer_id", "assigned_at", "arm"),
    "results": ("experiment_id", "customer_id", "assigned_at", "metric", "value", "window_days"),
    "customers": ("customer_id",),
    "products": PRODUCT_COLUMNS,
    "campaigns": ("campaign_id",),
}


def given(tables: Mapping[str, pd.DataFrame], as_of: datetime) -> dict[str, pd.DataFrame]:
    """All tables that response is learnt from, with their optional columns, and with rows before as-of alone.

    Raises:
        ForecastingError: A column that a table must have is missing, or a time is.
    """
    cut, found = moment(as_of), {}
    for name, columns in COLUMNS.items():
        frame = tables.get(name)
        if frame is None:
            frame = _empty(columns)
        require(frame, name, NEEDED[name])
        absent = [column for column in columns if column not in frame.columns]
        frame = frame.assign(**{column: _absent(column, len(frame)) for column in absent})
        if name in TIMED:
            frame = frame[utc_times(frame, name, TIMED[name]) < cut]
        found[name] = frame
    found["purchases"] = found["purchases"].assign(kind=found["purchases"]["kind"].fillna("sale"))
    return found


@dataclass(frozen=True, eq=False)
class Situations:
    """What was known at any moment before as-of.

    Attributes:
        days: Shopping days per customer and category.
        assets: Keys of assets, ascending.
        topics: Their categories.
        asset_kind: Kind of each asset, shape (assets,).
        asset_topic: First topic, or first category, of each asset, shape (assets,).
        segment_of: Segment by customer.
        orders: Events of orders: customer, time, 1.
        spend: The same with net value.
        margin: The same with margin.
        touches: Events of touches.
        responses: Events of reactions.
        redemptions: Events of redemptions.
        settings: Windows.
        timezone: In which days are days.
    """

    days: ShoppingDays
    assets: Keys
    topics: Topics
    asset_kind: Keys
    asset_topic: Keys
    segment_of: "pd.Series[str]"
    orders: Events
    spend: Events
    margin: Events
    touches: Events
    responses: Events
    redemptions: Events
    settings: ResponseSettings
    timezone: str

    @classmethod
    def read(
        cls, tables: Mapping[str, pd.DataFrame], settings: ResponseSettings, *, as_of: datetime, timezone: str
    ) -> "Situations":
        """From tables as `given` returns them."""
        purchases, outcomes, touches = tables["purchases"], tables["outcomes"], tables["touches"]
        days = shopping_days(
            purchases, tables["products"], as_of=as_of, timezone=timezone, margin_pct=settings.margin_pct
        )
        latest = tables["assets"].sort_values(
            [key for key in ("asset_id", "version") if key in tables["assets"].columns], kind="stable"
        )
        latest = latest.drop_duplicates("asset_id", keep="last")
        keys = latest["asset_id"].to_numpy(dtype=object)
        listed = [_texts(entry) for entry in latest["categories"]]
        subjects = [_texts(entry) for entry in latest["topics"]]
        starts = np.concatenate([[0], np.cumsum([len(entry) for entry in listed], dtype=np.int64)])
        names = pd.Index([name for entry in listed for name in entry], dtype=object)
        category = pd.Index(days.categories, dtype=object).get_indexer(names).astype(np.int64)
        owner = touches.set_index("touch_id")["customer_id"]
        who = outcomes["customer_id"].where(outcomes["customer_id"].notna(), outcomes["touch_id"].map(owner))
        outcomes = outcomes.assign(customer_id=who)[who.notna()]
        sales = purchases[purchases["kind"] == "sale"]
        return cls(
            days=days,
            assets=keys,
            topics=Topics(keys, starts, category),
            asset_kind=np.array([_text(kind) for kind in latest["kind"]], dtype=object),
            asset_topic=np.array(
                [(*first, *second, UNKNOWN)[0] for first, second in zip(subjects, listed, strict=True)], dtype=object
            ),
            segment_of=_segments(tables["customers"], settings.segment),
            orders=_events(
                sales.drop_duplicates("order_id") if sales["order_id"].notna().all() else sales, "occurred_at"
            ),
            spend=_events(purchases, "occurred_at", _worth(purchases)),
            margin=_events(purchases, "occurred_at", _margins(purchases, tables["products"], settings.margin_pct)),
            touches=_events(touches, "sent_at"),
            responses=_events(outcomes[outcomes["name"].isin(RESPONSES)], "occurred_at"),
            redemptions=_events(outcomes[outcomes["name"] == "redeemed"], "occurred_at"),
            settings=settings,
            timezone=timezone,
        )

    def of_customers(self, customer: Keys, at: Times) -> Floats:
        """Columns `CUSTOMER_COLUMNS` of each customer before a moment, shape (rows, columns)."""
        past, recent = float(self.settings.past_days), float(self.settings.fatigue_days)
        windows = (
            (self.orders, float(AFFINITY_WINDOW_DAYS)),
            (self.spend, float(AFFINITY_WINDOW_DAYS)),
            (self.touches, past),
            (self.responses, past),
            (self.redemptions, past),
            (self.touches, recent),
        )
        if len(customer) == 0:
            return np.zeros((0, len(windows)))
        # a mailing exposes its customer to many assets at one moment, so each pair is looked up once
        asked, row = _distinct(customer, at)
        sums = [
            window_sums(customer[asked], at[asked], events, days=length, earlier=1)[:, 1] for events, length in windows
        ]
        return np.column_stack([np.sign(values) * np.log1p(np.abs(values)) for values in sums])[row]

    def affinity(self, customer: Keys, asset: Positions, at: Times) -> Floats:
        """Mean over the asset's categories of log(1 + the customer's shopping days in 91 days); shape (rows,)."""
        if len(customer) == 0 or len(self.assets) == 0:
            return np.zeros(len(customer))
        is_known = asset >= 0
        row, category = self.topics.of(np.where(is_known, asset, 0))
        shopper = pd.Index(self.days.customers).get_indexer(pd.Index(customer)).astype(np.int64)
        today = local_days(at, self.timezone).astype(np.int64)[row]
        counted = self.days.days_between(
            self.days.pairs_of(shopper[row], category), today - AFFINITY_WINDOW_DAYS, today
        )
        mean = totals(row, np.log1p(counted), len(customer)) / np.maximum(
            self.topics.counts[np.where(is_known, asset, 0)], 1
        )
        return np.where(is_known, mean, 0.0)

    def breadth(self, asset: Positions) -> Floats:
        """Log of how many categories each asset is about, 0 where unknown; shape of `asset`."""
        return np.asarray(np.append(np.log(np.maximum(self.topics.counts, 1)), 0.0)[asset])

    def segments(self, customer: Keys) -> Keys:
        """Segment of each customer, empty where unknown."""
        return np.asarray(pd.Series(customer, dtype=object).map(self.segment_of).fillna(UNKNOWN), dtype=object)

    def positions(self, asset: Sequence[object] | Keys) -> Positions:
        """Positions of assets, -1 where unknown."""
        return pd.Index(self.assets, dtype=object).get_indexer(pd.Index(asset, dtype=object)).astype(np.int64)

    def recent_pairs(self, customer: Keys, at: np.datetime64, of_day: Floats | None = None) -> Floats:
        """Per customer and category the shopping days (or sums of `of_day`) in the 91 days before a moment.

        Args:
            customer: Keys.
            at: Moment.
            of_day: A value per shopping day.

        Returns:
            Shape (customers, categories).
        """
        today = int(local_days(np.array([at]), self.timezone)[0])
        chosen = (self.days.day >= today - AFFINITY_WINDOW_DAYS) & (self.days.day < today)
        place = pd.Index(customer).get_indexer(pd.Index(self.days.customers))
        pair = self.days.pair[chosen]
        row, column = place[self.days.pair_customer[pair]], self.days.pair_category[pair]
        value = np.ones(len(pair)) if of_day is None else of_day[chosen]
        width, is_asked = len(self.days.categories), row >= 0
        flat = np.bincount(row[is_asked] * width + column[is_asked], value[is_asked], minlength=len(customer) * width)
        return np.asarray(flat.reshape(len(customer), width))


def _distinct(customer: Keys, at: Times) -> tuple[Positions, Positions]:
    """Rows of the distinct pairs of customer and moment, and which of them each row is."""
    codes, _ = pd.factorize(customer)
    moments, when = np.unique(at, return_inverse=True)
    _, first, row = np.unique(codes * len(moments) + when, return_index=True, return_inverse=True)
    return first, row


def _segments(customers: pd.DataFrame, column: str | None) -> "pd.Series[str]":
    if column is None:
        return pd.Series(dtype=object)
    require(customers, "customers", ("customer_id", column))
    known = customers.dropna(subset=[column]).drop_duplicates("customer_id")
    return known.set_index("customer_id")[column].astype(str)


def _events(frame: pd.DataFrame, time: str, value: Floats | None = None) -> Events:
    values = np.ones(len(frame)) if value is None else value
    return frame["customer_id"].to_numpy(dtype=object), utc_times(frame, time, time), values


def _worth(purchases: pd.DataFrame) -> Floats:
    value = purchases["net_value"].to_numpy(dtype=np.float64)
    return np.where(purchases["kind"].to_numpy(dtype=object) == "return", -np.abs(value), value)


def _margins(purchases: pd.DataFrame, products: pd.DataFrame, margin_pct: float | None) -> Floats:
    worth = _worth(purchases)
    share = worth * (1.0 if margin_pct is None else margin_pct / 100)
    if "unit_cost" not in products.columns:
        return share
    cost = purchases["product_id"].map(products.set_index("product_id")["unit_cost"]).to_numpy(dtype=np.float64)
    quantity = np.abs(pd.to_numeric(purchases["quantity"]).to_numpy(dtype=np.float64))
    spent = cost * quantity * np.where(worth < 0, -1.0, 1.0)
    return np.where(np.isnan(spent), share, worth - spent)


def _texts(entry: object) -> list[str]:
    return sorted({str(name) for name in entry}) if isinstance(entry, list | tuple | np.ndarray) else []


def _text(entry: object) -> str:
    return entry if isinstance(entry, str) else UNKNOWN


def _absent(column: str, rows: int) -> Any:
    if column in ("observed_until", "ends_at"):
        return pd.Series(pd.NaT, index=range(rows), dtype="datetime64[us, UTC]").to_numpy()
    if column in ("quantity", "propensity", "assets_per_touch"):
        return np.full(rows, np.nan)
    return np.full(rows, None, dtype=object)


def _empty(columns: tuple[str, ...]) -> pd.DataFrame:
    times = [column for column in columns if column.endswith("_at") or column == "observed_until"]
    frame = pd.DataFrame({column: pd.Series([], dtype=object) for column in columns})
    return frame.astype(dict.fromkeys(times, "datetime64[us, UTC]"))
