"""A market for measuring decisions: many customers who want something of some topics, and far too much to tell them.

Every customer has high intent about two topics; an asset is about one or two of them, fits two channels of six, and
half carry an offer. What a touch brings is a learnt response model of sixteen factors. Twenty policies, a limit for
each asset, capacity and money of each channel. Nothing here is true; it is large.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.settings import (
    ChannelSettings,
    DecisionSettings,
    LimitSettings,
    PlaySettings,
    PolicySpecification,
)
from forecasting.values import Cadence, Forecasts, RecentPurchases, Redemption, Uplift
from forecasting.values.response import Factors, ResponseFactors
from graph.build_view import view_from_tables
from graph.view import View

AS_OF = datetime(2026, 3, 6, tzinfo=UTC)
CHANNELS = ("app", "email", "mail", "phone", "push", "web")
COST = (0.001, 0.002, 0.45, 1.2, 0.001, 0.0005)
CAPACITY_SHARE = (0.1, 0.2, 0.02, 0.005, 0.1, 0.3)
FACTORS = 16
COUNTRIES = ("AT", "BE", "DE", "ES", "FR", "IT", "NL", "PL")
KINDS = ("advert", "article", "coupon", "newsletter")
COLLECTIONS = ("autumn", "heritage", "outlet", "spring")

POLICIES: tuple[tuple[str, str, str | None, str | None, dict[str, float]], ...] = (
    ("minors", "deny", 'asset.collection == "heritage"', "customer.age < 18", {}),
    ("young-adults", "deny", 'asset.kind == "coupon" and offer.discount_pct > 30', "customer.age < 21", {}),
    ("beyond-means", "deny", "offer.min_spend > customer.most_spend", None, {}),
    ("margin-protection", "deny", "offer.discount_pct > 10", "customer.value_index < 500", {}),
    ("risk-gap", "deny", "offer.discount_pct > customer.risk * 12 + 20", None, {}),
    ("no-calls-abroad", "deny", 'channel.channel_id == "phone"', 'customer.country in ["FR", "IT"]', {}),
    ("do-not-call", "deny", 'channel.channel_id == "phone"', "customer.is_do_not_call", {}),
    ("vulnerable", "deny", 'asset.kind == "advert" or offer.discount_pct > 40', "customer.is_vulnerable", {}),
    ("outlet-not-for-vip", "deny", 'asset.collection == "outlet"', "customer.is_vip", {}),
    ("deep-discounts-for-vip", "deny", "offer.discount_pct >= 60", "not customer.is_vip", {}),
    ("low-income", "deny", "offer.min_spend > 250", "customer.income < 15000", {}),
    ("segment-two", "deny", 'asset.kind == "advert"', "customer.segment == 2", {}),
    ("segment-five", "deny", 'asset.collection in ["outlet", "autumn"]', "customer.segment == 5", {}),
    ("paper-is-dear", "deny", 'offer.min_spend < 20 and channel.channel_id == "mail"', "customer.income < 60000", {}),
    ("elderly-web", "deny", 'channel.channel_id == "web" and asset.kind == "article"', "customer.age > 75", {}),
    ("opted-down", "deny", 'asset.kind == "newsletter"', "customer.is_opted_down", {}),
    ("polish-heritage", "deny", 'asset.collection == "heritage"', 'customer.country == "PL"', {}),
    ("three-a-week", "cap", None, None, {"count": 3, "days": 7.0}),
    ("two-mails-a-month", "cap", 'channel.channel_id == "mail"', None, {"count": 2, "days": 30.0}),
    ("one-discount-a-fortnight", "cap", "offer.discount_pct > 0", None, {"count": 1, "days": 14.0}),
)


@dataclass(frozen=True, eq=False)
class Market:
    """Everything that a decision reads."""

    view: View
    forecasts: Forecasts
    settings: DecisionSettings
    touches: pd.DataFrame


def market(customers: int, *, assets: int = 20_000, topics: int = 500, seed: int = 20260306) -> Market:
    """A market of so many customers; the limits grow with them.

    Args:
        customers: Number of customers.
        assets: Number of assets.
        topics: Number of topics.
        seed: Of everything that is drawn.
    """
    random = np.random.default_rng(seed)
    who = _keys("c", customers)
    what, about = _keys("a", assets), _keys("t", topics)
    tables = {
        "Customer": _customers(who, random),
        "Topic": pd.DataFrame({"topic_id": about, "name": about}),
        "Channel": pd.DataFrame({"channel_id": list(CHANNELS), "kind": "file"}),
        "Customer INTERESTED_IN Topic": _interests(who, about, random),
        "Customer REACHABLE_ON Channel": _consents(who, random),
        **_content(what, about, random),
    }
    view = view_from_tables(tables, AS_OF)
    return Market(view, _forecasts(view, random), _settings(customers, assets), _touches(view, random))


def _keys(prefix: str, count: int) -> npt.NDArray[np.object_]:
    width = len(str(count))
    return np.array([f"{prefix}{number:0{width}d}" for number in range(count)], dtype=object)


def _customers(who: npt.NDArray[np.object_], random: np.random.Generator) -> pd.DataFrame:
    count = len(who)
    return pd.DataFrame(
        {
            "customer_id": who,
            "shopping_days_28d": random.integers(0, 6, count),
            "shopping_days_91d": random.integers(4, 20, count),
            "last_purchase_at": pd.Timestamp(AS_OF) - pd.to_timedelta(random.integers(1, 90, count), unit="D"),
            "age": random.integers(16, 90, count).astype(np.float64),
            "country": np.array(COUNTRIES, dtype=object)[random.integers(0, len(COUNTRIES), count)],
            "segment": random.integers(0, 8, count).astype(np.float64),
            "risk": random.integers(0, 5, count).astype(np.float64),
            "income": np.round(random.lognormal(10.5, 0.5, count)),
            "most_spend": np.round(random.lognormal(4.5, 0.8, count)),
            "value_index": np.round(random.lognormal(6.0, 0.9, count)),
            "is_do_not_call": random.random(count) < 0.3,
            "is_vulnerable": random.random(count) < 0.03,
            "is_vip": random.random(count) < 0.05,
            "is_opted_down": random.random(count) < 0.2,
        }
    )


def _interests(
    who: npt.NDArray[np.object_], about: npt.NDArray[np.object_], random: np.random.Generator
) -> pd.DataFrame:
    first = random.integers(0, len(about), len(who))
    second = (first + random.integers(1, len(about), len(who))) % len(about)
    count = 2 * len(who)
    seen = pd.Timestamp(AS_OF) - pd.to_timedelta(random.integers(1, 13 * 24, count), unit="h")
    return pd.DataFrame(
        {
            "from_key": np.concatenate([who, who]),
            "to_key": about[np.concatenate([first, second])],
            "rule": "viewed-content",
            "valid_from": seen,
            "observed_at": seen,
            "weight": 8.0,
            "half_life_days": 30.0,
            "confidence": np.round(random.uniform(0.4, 0.9, count), 2),
            "source": "signals",
        }
    )


def _consents(who: npt.NDArray[np.object_], random: np.random.Generator) -> pd.DataFrame:
    customer, channel = np.nonzero(random.random((len(who), len(CHANNELS))) < 0.5)
    return pd.DataFrame(
        {
            "from_key": who[customer],
            "to_key": np.array(CHANNELS, dtype=object)[channel],
            "granted": True,
            "basis": "consent",
            "source": "stated",
            "recorded_at": pd.Timestamp(AS_OF) - pd.Timedelta(days=100),
        }
    )


def _content(
    what: npt.NDArray[np.object_], about: npt.NDArray[np.object_], random: np.random.Generator
) -> dict[str, pd.DataFrame]:
    count = len(what)
    offers = _keys("o", count // 2)
    first = random.integers(0, len(about), count)
    second = np.flatnonzero(random.random(count) < 0.5)
    channels = np.argsort(random.random((count, len(CHANNELS))), axis=1)[:, :2]
    return {
        "Asset": pd.DataFrame(
            {
                "asset_id": what,
                "version": "1",
                "title": what,
                "kind": np.array(KINDS, dtype=object)[random.integers(0, len(KINDS), count)],
                "message_class": "marketing",
                "status": "active",
                "collection": np.array(COLLECTIONS, dtype=object)[random.integers(0, len(COLLECTIONS), count)],
            }
        ),
        "Offer": pd.DataFrame(
            {
                "offer_id": offers,
                "kind": "discount",
                "discount_pct": np.round(random.uniform(5, 70, len(offers)), 1),
                "face_value": np.round(random.uniform(0.05, 1.0, len(offers)), 2),
                "min_spend": np.round(random.lognormal(4.0, 0.8, len(offers))),
                "is_automatic": False,
            }
        ),
        "Asset CARRIES Offer": pd.DataFrame({"from_key": what[: 2 * len(offers) : 2], "to_key": offers}),
        "Asset ABOUT Topic": pd.DataFrame(
            {
                "from_key": np.concatenate([what, what[second]]),
                "to_key": np.concatenate([about[first], about[(first[second] + 7) % len(about)]]),
            }
        ),
        "Asset FITS Channel": pd.DataFrame(
            {"from_key": np.repeat(what, 2), "to_key": np.array(CHANNELS, dtype=object)[channels.ravel()]}
        ),
    }


def _forecasts(view: View, random: np.random.Generator) -> Forecasts:
    customers, assets, channels = len(view.customers), len(view.assets), len(view.channels)
    gain = Factors(
        target="margin_uplift",
        link="identity",
        intercept=0.3,
        customer_effect=random.normal(0.0, 0.3, customers),
        asset_effect=random.normal(0.0, 0.3, assets),
        channel_effect=np.array([0.0, 0.1, 0.5, 1.2, 0.0, -0.1])[:channels],
        customer_factor=random.normal(0.0, 0.35, (customers, FACTORS)),
        asset_factor=random.normal(0.0, 0.35, (assets, FACTORS)),
        channel_factor=random.normal(0.0, 0.1, (channels, FACTORS)),
        customer_variance=np.full(customers, 0.02),
        asset_variance=np.full(assets, 0.02),
        channel_variance=np.full(channels, 0.001),
        relative_sd=np.zeros(assets),
        grade="randomised",
        source="drawn",
        is_learnt=np.ones(assets, dtype=np.bool_),
    )
    response = ResponseFactors(view.customers.keys, view.assets.keys, view.channels.keys, {"margin_uplift": gain})
    nobody, none, never = np.empty(0, dtype=object), np.empty(0), np.empty(0, dtype="datetime64[us]")
    counts = np.empty(0, dtype=np.int32)
    cadence = Cadence(nobody, nobody, counts, never, none, none, none, never, none, none, none, none, none)
    return Forecasts(
        cadence=cadence,
        recent=RecentPurchases(nobody, nobody, counts),
        uplift=Uplift(
            np.array(KINDS, dtype=object), np.full(len(KINDS), 0.02), np.full(len(KINDS), 0.02), "assumed", "stated"
        ),
        redemption=Redemption(-3.0, nobody, none, nobody, none, 0.0, float("nan"), "stated"),
        response=response,
    )


def _settings(customers: int, assets: int) -> DecisionSettings:
    channels = tuple(
        ChannelSettings(
            key,
            "file",
            cost,
            capacity=int(customers * share),
            budget=0.9 * customers * share * cost,
            p_opt_out=0.001,
            future_margin=5.0,
        )
        for key, cost, share in zip(CHANNELS, COST, CAPACITY_SHARE, strict=True)
    )
    return DecisionSettings(
        timezone="Europe/Berlin",
        plays=(PlaySettings("high-intent"),),
        policies=tuple(_policy(*each) for each in POLICIES),
        audiences={},
        channels=channels,
        budget=0.01 * customers,
        holdout_share=0.05,
        holdout_salt="market",
        value_window_days=28,
        confidence_cap={"assumed": 0.6, "adjusted": 0.85, "randomised": 1.0},
        seed=1,
        limits=(LimitSettings("stock", most=float(max(1, customers // assets)), each="asset"),),
    )


def _policy(
    identifier: str, kind: str, expression: str | None, when: str | None, further: dict[str, float]
) -> PolicySpecification:
    return PolicySpecification(
        identifier,
        kind,
        "Of the benchmark.",
        when=when,
        expression=expression,
        count=int(further["count"]) if further else None,
        days=further.get("days"),
    )


def _touches(view: View, random: np.random.Generator) -> pd.DataFrame:
    count = len(view.customers)
    who = random.integers(0, count, count)
    return pd.DataFrame(
        {
            "touch_id": _keys("h", count),
            "customer_id": view.customers.keys[who],
            "channel_id": view.channels.keys[random.integers(0, len(CHANNELS), count)],
            "asset_id": view.assets.keys[random.integers(0, len(view.assets), count)],
            "sent_at": pd.DatetimeIndex([pd.Timestamp(AS_OF - timedelta(days=1))] * count)
            - pd.to_timedelta(random.integers(0, 40 * 24, count), unit="h"),
        }
    )
