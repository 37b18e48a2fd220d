"""A small world to decide in: say what is in it, then propose and decide. No graph, no files, no fitting."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from decisioning.decide import Decisions, Motives, decide, propose
from decisioning.settings import ChannelSettings, DecisionSettings, PlaySettings
from forecasting.values import Cadence, Forecasts, RecentPurchases, Redemption, Uplift
from forecasting.values.timing import SendWindows
from graph.build_view import LINKS
from graph.declarations import Property
from graph.schema import RELATIONSHIP
from graph.view import Links, Nodes, View

AS_OF = datetime(2017, 11, 13, 5, tzinfo=UTC)  # Monday 00:00 in New York

CUSTOMER_COLUMNS = (
    "household_id",
    "joined_at",
    "timezone",
    "pclv",
    "shopping_days_28d",
    "shopping_days_91d",
    "last_purchase_at",
)
PRODUCT_COLUMNS = ("name", "category", "price", "stock", "size", "size_scale", "size_place", "collection")
ASSET_COLUMNS = (
    "version",
    "title",
    "kind",
    "message_class",
    "status",
    "readiness",
    "compliance",
    "campaign_id",
    "starts_at",
    "ends_at",
)
ABOUT = ("categories", "products", "topics", "channels")
OFFER_COLUMNS = (
    "kind",
    "discount_pct",
    "face_value",
    "min_spend",
    "funded_pct",
    "unit_cost",
    "is_automatic",
    "starts_at",
    "ends_at",
    "redemption_ends_at",
)
SIGNAL_COLUMNS = ("name", "fidelity", "session_id", "customer")
TIMES = ("joined_at", "last_purchase_at", "starts_at", "ends_at", "redemption_ends_at", "recorded_at")
NUMBERS = (
    "stock",
    "size_place",
    "pclv",
    "shopping_days_28d",
    "shopping_days_91d",
    "discount_pct",
    "face_value",
    "min_spend",
    "funded_pct",
    "unit_cost",
    "price",
)


STATED_APART = (
    "bought_categories",
    "bought_products",
    "interests",
    "consents",
    "asset_categories",
    "asset_products",
    "asset_topics",
    "asset_channels",
    "signal_topics",
    "signal_categories",
    "signal_products",
)
"""Links of the view that have words of their own here; all others are said with `link`."""

USUAL_BELIEF = {"weight": 8.0, "confidence": 0.8, "half_life_days": 90.0, "rule": "told", "source": "signals"}


@dataclass
class World:
    """What there is; every method adds something and returns the world."""

    as_of: datetime = AS_OF
    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    categories: dict[str, dict[str, Any]] = field(default_factory=dict)
    topics: dict[str, dict[str, Any]] = field(default_factory=dict)
    products: dict[str, dict[str, Any]] = field(default_factory=dict)
    assets: dict[str, dict[str, Any]] = field(default_factory=dict)
    offers: dict[str, dict[str, Any]] = field(default_factory=dict)
    channels: dict[str, ChannelSettings] = field(default_factory=dict)
    rhythms: list[dict[str, Any]] = field(default_factory=list)
    interests: list[dict[str, Any]] = field(default_factory=list)
    bought_products: list[tuple[str, str]] = field(default_factory=list)
    bought_facts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    linked: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    signals: dict[str, dict[str, Any]] = field(default_factory=dict)
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    buying_groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    programmes: dict[str, dict[str, Any]] = field(default_factory=dict)
    refusals: set[tuple[str, str]] = field(default_factory=set)
    touches: list[dict[str, Any]] = field(default_factory=list)
    plays: tuple[PlaySettings, ...] = (PlaySettings("replenishment-due"),)
    options: dict[str, Any] = field(default_factory=dict)
    uplift: dict[str, tuple[float, float]] = field(
        default_factory=lambda: {"coupon": (0.04, 0.02), "reminder": (0.02, 0.02)}
    )
    grade: str = "assumed"
    redemption_intercept: float = -4.6
    affinity_slope: float = 0.0
    best_hours: dict[str, int] = field(default_factory=dict)

    def customer(self, *keys: str, **attributes: Any) -> "World":
        """Customers who shopped yesterday and often, and agreed to every channel."""
        usual = {
            "shopping_days_28d": 4,
            "shopping_days_91d": 12,
            "last_purchase_at": self.as_of - timedelta(days=1),
        }
        self.customers |= dict.fromkeys(keys, usual | attributes)
        return self

    def category(self, *keys: str, parent: str | None = None) -> "World":
        """Categories, named like their keys in lower case."""
        self.categories |= {key: {"name": key.lower(), "parent": parent} for key in keys}
        return self

    def product(self, key: str, category: str | None, **attributes: Any) -> "World":
        """A product."""
        self.products[key] = {"name": key, "category": category, "price": 1.0} | attributes
        return self

    def topic(self, *keys: str) -> "World":
        """Topics, named like their keys in lower case."""
        self.topics |= {key: {"name": key.lower()} for key in keys}
        return self

    def bought(self, customer: str, product: str, *, days: int = 1, days_ago: float = 30.0) -> "World":
        """A customer bought a product on so many days, the last time so long ago."""
        self.bought_products.append((customer, product))
        self.bought_facts[customer, product] = {"count": days, "days_ago": days_ago}
        return self

    def link(self, name: str, source: str, target: str, /, *, days_ago: float = 5.0, **facts: Any) -> "World":
        """One more relationship, by its field of the view; what is not said of a belief is usual, and times are ago."""
        belief = USUAL_BELIEF if RELATIONSHIP[LINKS[name]].is_belief else {}
        row = {"source_key": source, "target_key": target, "days_ago": days_ago}
        self.linked.setdefault(name, []).append(row | belief | facts)
        return self

    def signal(self, name: str, customer: str, *, days_ago: float, **about: Any) -> "World":
        """A recent signal of somebody, about a `topic`, `product` or `category`; `session_id` and `fidelity` too."""
        key = f"s{len(self.signals):04}"
        usual = {"name": name, "customer": customer, "days_ago": days_ago, "fidelity": 0.8, "session_id": None}
        self.signals[key] = usual | {"topic": None, "product": None, "category": None} | about
        return self

    def account(self, key: str, **attributes: Any) -> "World":
        """A company."""
        self.accounts[key] = {"name": key.title(), "industry": None, "tier": None} | attributes
        return self

    def channel(self, key: str, cost: float = 0.001, **settings: Any) -> "World":
        """A channel."""
        self.channels[key] = ChannelSettings(channel_id=key, kind="file", cost_per_touch=cost, **settings)
        return self

    def offer(self, key: str, **attributes: Any) -> "World":
        """An offer."""
        self.offers[key] = {"kind": "discount"} | attributes
        return self

    def asset(self, key: str, *categories: str, **attributes: Any) -> "World":
        """An asset about categories; `products`, `topics`, `channels` (default all) and `offer` are relationships."""
        usual = {
            "version": "1",
            "title": key.title(),
            "kind": "reminder",
            "message_class": "marketing",
            "status": "active",
        }
        self.assets[key] = (
            usual | {"categories": categories, "products": (), "topics": (), "channels": None} | attributes
        )
        return self

    def rhythm(self, customer: str, category: str, **facts: Any) -> "World":
        """A pair that is due in `due_in` days, in its `interval_days`."""
        usual = {
            "shopping_days": 10,
            "interval_days": 14.0,
            "due_in": 2.0,
            "survival": 0.5,
            "survival_week_ago": 0.9,
            "p_purchase": 0.8,
            "margin_none": 5.0,
            "purchase_spend": 4.0,
            "recent_days": 3,
        }
        self.rhythms.append({"customer": customer, "category": category} | usual | facts)
        return self

    def interest(self, customer: str, category: str, **facts: Any) -> "World":
        """An open belief in an interest."""
        usual = USUAL_BELIEF | {"days_ago": 5.0, "rule": "repeat-purchase", "source": "purchases"}
        self.interests.append({"customer": customer, "category": category} | usual | facts)
        return self

    def best_hour(self, customer: str, hour: int, weekday: int = 0) -> "World":
        """When a customer engages most, on their clock; Monday is 0."""
        self.best_hours[customer] = weekday * 24 + hour
        return self

    def touch(self, customer: str, channel: str, sent_at: datetime, asset: str | None = None) -> "World":
        """Something that was sent before."""
        self.touches.append({"customer_id": customer, "channel_id": channel, "sent_at": sent_at, "asset_id": asset})
        return self

    def view(self) -> View:
        """The view that the graph would give."""
        customers = _nodes(self.customers, CUSTOMER_COLUMNS)
        categories = _nodes(self.categories, ("name", "parent"))
        products = _nodes(self.products, PRODUCT_COLUMNS)
        topics = _nodes(self.topics, ("name",))
        products.frame["category"] = categories.positions(products.frame["category"])
        offers = _nodes(self.offers, OFFER_COLUMNS)
        assets = _nodes(self.assets, (*ASSET_COLUMNS, "offer", *ABOUT))
        about = assets.frame
        assets = Nodes(about.drop(columns=list(ABOUT)))
        assets.frame["offer"] = offers.positions(about["offer"])
        channels = _nodes(
            {key: {"kind": "file", "cost_per_touch": each.cost_per_touch} for key, each in self.channels.items()},
            ("kind", "cost_per_touch"),
        )
        # A forecast about somebody unknown is possible, a purchase by them is not.
        bought = [each for each in self.rhythms if each["customer"] in self.customers]
        products_bought = [self.bought_facts.get(pair, {"count": 2, "days_ago": 30.0}) for pair in self.bought_products]
        signals = _nodes({key: _told(row, customers) for key, row in self.signals.items()}, SIGNAL_COLUMNS)
        signals.frame["occurred_at"] = pd.DatetimeIndex(
            self._ago(np.array([self.signals[key]["days_ago"] for key in signals.keys], dtype=np.float64))
        ).tz_localize("UTC")
        signals.frame["customer"] = signals.frame["customer"].to_numpy(dtype=np.int32)
        known = {
            "Customer": customers,
            "Category": categories,
            "Topic": topics,
            "Product": products,
            "Asset": assets,
            "Channel": channels,
            "Account": _nodes(self.accounts, ("name", "industry", "tier")),
            "BuyingGroup": _nodes(self.buying_groups, ("name", "account")),
            "Programme": _nodes(self.programmes, ()),
        }
        about_signals = {
            f"signal_{field}": _links(
                signals, nodes, [(key, row[one]) for key, row in self.signals.items() if row[one] is not None]
            )
            for field, one, nodes in (
                ("topics", "topic", topics),
                ("categories", "category", categories),
                ("products", "product", products),
            )
        }
        return View(
            as_of=self.as_of,
            customers=customers,
            categories=categories,
            topics=topics,
            accounts=known["Account"],
            buying_groups=known["BuyingGroup"],
            programmes=known["Programme"],
            signals=signals,
            **about_signals,
            **{name: self._linked(name, known) for name in LINKS if name not in STATED_APART},
            products=products,
            assets=assets,
            offers=offers,
            channels=channels,
            campaigns=_nodes({}, ("channel_id", "kind", "starts_at", "ends_at")),
            bought_categories=_links(
                customers,
                categories,
                [(each["customer"], each["category"]) for each in bought],
                {
                    "count": np.array([each["shopping_days"] for each in bought], dtype=np.int64),
                    "last_at": self._ago(_floats(bought, "interval_days") - _floats(bought, "due_in")),
                },
            ),
            bought_products=_links(
                customers,
                products,
                self.bought_products,
                {
                    "count": np.array([each["count"] for each in products_bought], dtype=np.int64),
                    "last_at": self._ago(_floats(products_bought, "days_ago")),
                },
            ),
            interests=self._links_of("interests", self.interests, known, ("customer", "category")),
            consents=self._consents(customers, channels),
            asset_categories=_about(assets, categories, about["categories"]),
            asset_products=_about(assets, products, about["products"]),
            asset_topics=_about(assets, topics, about["topics"]),
            asset_channels=_about(
                assets, channels, [list(self.channels) if fits is None else fits for fits in about["channels"]]
            ),
        )

    def forecasts(self) -> Forecasts:
        """Forecasts of the rhythms, in the order they were stated."""
        rows = self.rhythms
        customer, category = (np.array([each[key] for each in rows], dtype=object) for key in ("customer", "category"))
        interval, due_in = _floats(rows, "interval_days"), _floats(rows, "due_in")
        cadence = Cadence(
            customer_id=customer,
            category_id=category,
            shopping_days=_floats(rows, "shopping_days").astype(np.int32),
            last_at=self._ago(interval - due_in),
            interval_days=interval,
            interval_low_days=interval * 0.5,
            interval_high_days=interval * 1.5,
            due_at=self._ago(-due_in),
            survival=_floats(rows, "survival"),
            survival_week_ago=_floats(rows, "survival_week_ago"),
            p_purchase=_floats(rows, "p_purchase"),
            margin_none=_floats(rows, "margin_none"),
            purchase_spend=_floats(rows, "purchase_spend"),
        )
        recent = RecentPurchases(customer, category, _floats(rows, "recent_days").astype(np.int32))
        kinds = sorted(self.uplift)
        uplift = Uplift(
            asset_kind=np.array(kinds, dtype=object),
            mean=np.array([self.uplift[kind][0] for kind in kinds]),
            sd=np.array([self.uplift[kind][1] for kind in kinds]),
            grade=self.grade,  # type: ignore[arg-type]
            source="stated for the test",
        )
        nobody = np.empty(0, dtype=object)
        redemption = Redemption(
            self.redemption_intercept,
            nobody,
            np.empty(0),
            nobody,
            np.empty(0),
            self.affinity_slope,
            float("nan"),
            "stated for the test",
        )
        return Forecasts(cadence, recent, uplift, redemption, timing=self.send_windows() if self.best_hours else None)

    def send_windows(self) -> SendWindows:
        """The timing forecast of everybody whose best hour of the week was said."""
        customers = np.array(sorted(self.best_hours), dtype=object)
        texts, numbers = np.full(len(customers), "known", dtype=object), np.ones(len(customers))
        never = np.full(len(customers), "NaT", dtype="datetime64[us]")
        hours = np.array([self.best_hours[key] for key in customers], dtype=np.int32)
        return SendWindows(
            customers, texts, texts, hours, never, never, numbers, numbers, numbers, numbers, numbers, texts
        )

    def settings(self) -> DecisionSettings:
        """The playbook's settings, with nobody held out unless `options` say so."""
        usual = DecisionSettings(
            timezone="America/New_York",
            plays=self.plays,
            policies=(),
            audiences={},
            channels=tuple(self.channels.values()),
            budget=None,
            holdout_share=0.0,
            holdout_salt="salt",
            value_window_days=28,
            confidence_cap={"assumed": 0.6, "adjusted": 0.85, "randomised": 1.0},
            seed=0,
        )
        return replace(usual, **self.options)

    def past_touches(self) -> pd.DataFrame:
        """The touches as a table."""
        columns = ["customer_id", "channel_id", "sent_at", "asset_id"]
        frame = pd.DataFrame(self.touches, columns=columns).astype({"customer_id": object})
        return frame.assign(sent_at=pd.to_datetime(frame["sent_at"], utc=True).astype("datetime64[us, UTC]"))

    def propose(self) -> Motives:
        """The motives."""
        return propose(self.view(), self.forecasts(), self.settings(), self.as_of)

    def decide(self, motives: Motives | None = None) -> Decisions:
        """The decisions."""
        found = self.propose() if motives is None else motives
        return decide(self.view(), found, self.forecasts(), self.settings(), self.past_touches(), as_of=self.as_of)

    def record(self, customer: str) -> dict[str, Any]:
        """The decision for one customer."""
        records = self.decide().records.set_index("customer_id", drop=False)
        return dict(records.loc[customer])

    def _ago(self, days: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
        as_of = np.datetime64(self.as_of.replace(tzinfo=None), "us")
        return as_of - np.round(np.asarray(days, dtype=np.float64) * 86_400e6).astype("timedelta64[us]")

    def _linked(self, name: str, known: Mapping[str, Nodes]) -> Links:
        return self._links_of(name, self.linked.get(name, []), known, ("source_key", "target_key"))

    def _links_of(
        self, name: str, rows: list[dict[str, Any]], known: Mapping[str, Nodes], ends: tuple[str, str]
    ) -> Links:
        """Rows as links, with every fact that the view has; times are `days_ago`, but the end of what is open."""
        kind = RELATIONSHIP[LINKS[name]]
        facts = {one.name: self._fact(rows, one) for one in kind.properties if one.type != "texts"}
        pairs = [(row[ends[0]], row[ends[1]]) for row in rows]
        return _links(known[kind.source], known[kind.target], pairs, facts)

    def _fact(self, rows: list[dict[str, Any]], one: Property) -> Any:
        if one.type == "time":
            return (
                np.full(len(rows), "NaT", "datetime64[us]")
                if one.name == "valid_to"
                else self._ago(_floats(rows, "days_ago"))
            )
        if one.type in ("number", "integer"):
            return np.array([row.get(one.name, np.nan) for row in rows], dtype=np.float64)
        return np.array([row.get(one.name) for row in rows], dtype=object)

    def _consents(self, customers: Nodes, channels: Nodes) -> Links:
        pairs = [(who, where) for who in self.customers for where in self.channels]
        return _links(
            customers,
            channels,
            pairs,
            {
                "granted": np.array([pair not in self.refusals for pair in pairs], dtype=np.bool_),
                "basis": np.full(len(pairs), "consent", dtype=object),
                "source": np.full(len(pairs), "test", dtype=object),
            },
        )


def _nodes(rows: Mapping[str, Mapping[str, Any]], columns: tuple[str, ...]) -> Nodes:
    keys = sorted(rows)
    extra = sorted({name for row in rows.values() for name in row} - set(columns))
    frame = pd.DataFrame({"key": pd.Series(keys, dtype=object)})
    for name in (*columns, *extra):
        values = [rows[key].get(name) for key in keys]
        if name in TIMES:
            frame[name] = pd.to_datetime(pd.Series(values, dtype=object), utc=True).astype("datetime64[us, UTC]")
        elif name in NUMBERS:
            frame[name] = pd.Series(values, dtype="float64")
        else:
            frame[name] = pd.Series(values, dtype=object)
    return Nodes(frame)


def _told(row: Mapping[str, Any], customers: Nodes) -> dict[str, Any]:
    """What a signal says of itself, its customer as a position."""
    told = {name: row[name] for name in SIGNAL_COLUMNS}
    return told | {"customer": int(customers.positions([row["customer"]])[0])}


def _links(
    sources: Nodes,
    targets: Nodes,
    pairs: list[tuple[str, str]],
    facts: Mapping[str, np.ndarray[Any, Any]] | None = None,
) -> Links:
    return Links.build(
        sources.positions([source for source, _ in pairs]),
        targets.positions([target for _, target in pairs]),
        len(sources),
        facts,
    )


def _about(assets: Nodes, targets: Nodes, lists: Any) -> Links:
    return _links(
        assets, targets, [(key, each) for key, about in zip(assets.keys, lists, strict=True) for each in about]
    )


def _floats(rows: list[dict[str, Any]], name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([row[name] for row in rows], dtype=np.float64)
