"""Hesitation at checkout: somebody got as far as the checkout, did not order, and shows what keeps them.

Signs are minutes spent at the checkout, pages about shipping and returns, and severe weather where they live. What is
missing is certainty about the delivery, so that messages about shipping come first and a lower price comes last.

> 8 minutes at the checkout on 2026-03-05, shipping and returns read 2 times, weather where they live: certainty about
> the delivery is missing, not a lower price.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.play import Known, Threshold, Trace, motive_rows, threshold
from decisioning.settings import OrderSettings, PlaySettings
from decisioning.signs import latest, with_categories
from decisioning.subjects import expanded
from decisioning.times import days, elapsed_days, local_dates, naive

CHECKOUT = ("Checkout Started", "Checkout Step Completed", "Payment Info Entered")
DOUBTS = ("Shipping Page Viewed", "Returns Page Viewed")
ORDERED = "Order Completed"
WEATHER, SHIPPING = "weather", "shipping"
MINUTES_PER_DAY = 1440.0


class HesitationAtCheckout:
    """Finds customers who left the checkout with a doubt about the delivery, and what they were about to buy."""

    name: ClassVar[str] = "hesitation-at-checkout"
    subject_kinds: ClassVar[tuple[str, ...]] = ("category", "product", "topic")
    requires: ClassVar[tuple[str, ...]] = ("signals", "products")
    traces: ClassVar[tuple[Trace, ...]] = (
        Trace("BY", start="checkout", start_label="Signal", end="customer", end_label="Customer"),
        Trace("BY", start="doubt", start_label="Signal", end="customer", end_label="Customer"),
        Trace("BY", start="doubt_before", start_label="Signal", end="customer", end_label="Customer"),
        Trace("HAS_IN_CART", end="product", end_label="Product", only="is_in_cart"),
        Trace("TRIGGERED_BY", {"rule": "weather_rule"}, end="weather", end_label="Topic"),
    )
    facts: ClassVar[tuple[str, ...]] = ("minutes", "doubts", "is_weather", "checkout_at", "signs")
    is_for_new_products: ClassVar[bool] = False
    is_for_products_in_stock: ClassVar[bool] = True
    ends_with_an_order: ClassVar[bool] = True
    orders: ClassVar[tuple[OrderSettings, ...]] = (
        OrderSettings(
            because="Certainty about the delivery is missing, not a lower price.",
            first=("shipping",),
            last=("discount",),
        ),
    )
    defaults: ClassVar[Mapping[str, Threshold]] = {
        "fresh_days": Threshold(3, "Days since the checkout was left for which it is a motive."),
        "minimum_minutes": Threshold(5, "Minutes at the checkout from which on they are a sign."),
        "minimum_doubts": Threshold(2, "Views of pages about shipping and returns from which on they are a sign."),
        "minimum_signs": Threshold(2, "Signs (minutes, pages, weather) that it takes."),
        "widest_asset": Threshold(12, "An asset about more categories than this answers no motive of this play."),
    }

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per customer and product of the checkout, one per category of these, one about shipping.

        Strength is signs / (signs + 1), at least two thirds.
        """
        signals = self._signals(known, settings)
        rows = _with_subjects(known, self._left(known, settings, signals), signals)
        fresh = threshold(self, settings, "fresh_days")
        is_told = ~((rows["kind"] == "category") & rows["subject"].isin(np.flatnonzero(known.is_excluded(settings))))
        rows = rows[is_told.to_numpy(dtype=np.bool_)]
        return motive_rows(
            rows["customer"].to_numpy(),
            rows["subject"].to_numpy(),
            rows["strength"].to_numpy(dtype=np.float64),
            starts_at=known.as_of,
            until=rows["checkout_at"].to_numpy(dtype="datetime64[us]") + days(fresh),
            facts={name: rows[name] for name in (*_COLUMNS, *self.facts)},
        )

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """Which signs there are, and what that calls for."""
        at = local_dates(naive(found["checkout_at"]), known.settings.timezone)
        weather = np.where(found["is_weather"], ", severe weather where they live", "")
        return [
            f"{minutes:.0f} minutes at the checkout on {day}, shipping and returns read {doubts} times{outside}: "
            "certainty about the delivery is missing, not a lower price."
            for minutes, day, doubts, outside in zip(found["minutes"], at, found["doubts"], weather, strict=True)
        ]

    def _signals(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """The signals of checkouts, doubts and orders that are fresh enough, and the visit that each belongs to."""
        told = known.signals_named(*CHECKOUT, *DOUBTS, ORDERED)
        signals = known.view.signals.frame.iloc[told]
        age = elapsed_days(known.as_of, known.signal_times[told])
        visit, _ = pd.factorize(signals["session_id"].to_numpy(dtype=object))
        return pd.DataFrame(
            {
                "signal": told,
                "customer": known.signal_customers[told],
                "at": known.signal_times[told],
                # without a session's key, a day is a visit
                "visit": np.where(visit >= 0, visit, len(told) + np.floor(age).astype(np.int64)),
                "is_checkout": signals["name"].isin(CHECKOUT).to_numpy(dtype=np.bool_),
                "is_doubt": signals["name"].isin(DOUBTS).to_numpy(dtype=np.bool_),
            }
        )[age <= threshold(self, settings, "fresh_days")]

    def _left(self, known: Known, settings: PlaySettings, rows: pd.DataFrame) -> pd.DataFrame:
        """One row per customer who left a checkout with enough signs."""
        ordered_at = _last(rows[~rows["is_checkout"] & ~rows["is_doubt"]], len(known.view.customers))
        ordered_at = np.fmax(ordered_at, known.last_purchase_at)
        checkout = latest(rows[rows["is_checkout"]], "customer", "at")
        checkout = checkout[~(ordered_at[checkout["customer"]] >= checkout["at"].to_numpy(dtype="datetime64[us]"))]
        doubts = rows[rows["is_doubt"]]
        newest = latest(doubts, "customer", "at").set_index("customer")["signal"]
        before = latest(doubts[~doubts["signal"].isin(newest)], "customer", "at").set_index("customer")["signal"]
        weather = _weather(known)
        found = checkout.assign(
            minutes=_minutes(rows, checkout),
            doubts=checkout["customer"].map(doubts.groupby("customer").size()).fillna(0).astype(np.int64),
            doubt=checkout["customer"].map(newest).fillna(-1).astype(np.int64),
            doubt_before=checkout["customer"].map(before).fillna(-1).astype(np.int64),
            is_weather=weather[checkout["customer"]] >= 0,
            weather=weather[checkout["customer"]],
        ).rename(columns={"signal": "checkout", "at": "checkout_at"})
        signs = (
            (found["minutes"] >= threshold(self, settings, "minimum_minutes")).astype(np.int64)
            + (found["doubts"] >= threshold(self, settings, "minimum_doubts"))
            + found["is_weather"]
        )
        found = found.assign(signs=signs, strength=signs / (signs + 1.0))
        return found[signs >= threshold(self, settings, "minimum_signs")].reset_index(drop=True)


_COLUMNS = ("kind", "product", "is_in_cart", "checkout", "doubt", "doubt_before", "weather", "weather_rule")


def _last(rows: pd.DataFrame, customers: int) -> npt.NDArray[np.datetime64]:
    """The last moment of each customer among the rows, NaT without one."""
    found = np.full(customers, "NaT", dtype="datetime64[us]")
    newest = latest(rows, "customer", "at")
    found[newest["customer"].to_numpy()] = newest["at"].to_numpy(dtype="datetime64[us]")
    return found


def _minutes(rows: pd.DataFrame, checkout: pd.DataFrame) -> npt.NDArray[np.float64]:
    """From the first sign of the checkout to the last sign of the same visit, in minutes, per row of `checkout`."""
    visit = ["customer", "visit"]
    began = rows[rows["is_checkout"]].groupby(visit)["at"].min().rename("began")
    ended = rows.groupby(visit)["at"].max().rename("ended")
    spans = checkout[visit].join(began, on=visit).join(ended, on=visit)
    return elapsed_days(naive(spans["ended"]), naive(spans["began"])) * MINUTES_PER_DAY


def _weather(known: Known) -> npt.NDArray[np.int64]:
    """The topic of the weather that bears on each customer, -1 without any, shape (customers,)."""
    found = np.full(len(known.view.customers), -1, dtype=np.int64)
    topic = int(known.view.topics.positions([WEATHER])[0])
    moved = known.view.topic_triggers
    if topic >= 0:
        found[moved.sources[moved.targets == topic]] = topic
    return found


def _with_subjects(known: Known, left: pd.DataFrame, signals: pd.DataFrame) -> pd.DataFrame:
    """Each row about the products that were about to be bought, their categories, and shipping."""
    carts, about = known.view.carts, known.view.signal_products
    in_cart, cart = expanded(carts, left["customer"].to_numpy(dtype=np.int32))
    of_visit = (
        left[["customer", "visit"]]
        .reset_index(names="row")
        .merge(signals.loc[signals["is_checkout"], ["customer", "visit", "signal"]], on=["customer", "visit"])
    )
    at_checkout, link = expanded(about, of_visit["signal"].to_numpy(dtype=np.int32))
    owner = np.concatenate([in_cart, of_visit["row"].to_numpy(dtype=np.int64)[at_checkout]])
    rows = left.iloc[owner].assign(
        product=np.concatenate([carts.targets[cart], about.targets[link]]).astype(np.int64),
        is_in_cart=np.arange(len(owner)) < len(in_cart),
    )
    rows = rows[~known.is_out_of_stock[rows["product"]]].drop_duplicates(["customer", "product"])
    parts = [with_categories(known, rows)]
    topic = int(known.view.topics.positions([SHIPPING])[0])
    if topic >= 0:
        parts.append(left.assign(product=-1, is_in_cart=False, kind="topic", subject=topic))
    found = pd.concat(parts, ignore_index=True)
    return found.assign(weather_rule="observed")


PLAY = HesitationAtCheckout()
