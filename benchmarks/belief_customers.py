"""Simulated customers whose behaviour is known in full, to measure how honest the confidence of beliefs is.

Half of them behave as the rules assume: each has steady habits of their own (Poisson processes with gamma rates,
answers with beta rates). The other half does not: interests come in episodes and end for good, gaps between purchases
are regular or long-tailed, seasons change everything, answers tire, and some visitors are programmes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Family = Literal["alike", "other"]
Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]

START = pd.Timestamp("2025-01-01", tz="UTC")
DAYS = 420
TOPICS = ("analytics", "security", "design", "hiring", "cloud", "payments")
CATEGORIES = ("tea", "coffee", "dishes", "books", "plants")
CHANNELS = ("email", "post", "app")
ASSETS = 24
LONG_STRETCHES, LEAVING, ASKING, REFUSING = 0.25, 0.3, 0.12, 0.006
"""Shares: of long stretches of interest, of habits that end for good, of looks at prices that lead to a demo, of
messages that make somebody unsubscribe."""

_NAMES = (
    ("Page Viewed", 0.42),
    ("Content Viewed", 0.3),
    ("Search Performed", 0.12),
    ("Content Downloaded", 0.1),
    ("Webinar Registered", 0.04),
    ("Demo Requested", 0.02),
)


@dataclass(frozen=True)
class Happenings:
    """Moments at which somebody does something about one of several targets.

    Attributes:
        who: Position of the customer, shape (events,).
        what: Position of the target, shape (events,).
        day: Days since START, shape (events,).
    """

    who: Integers
    what: Integers
    day: Numbers

    def __len__(self) -> int:
        return len(self.who)

    def some(self, chosen: npt.NDArray[np.bool_]) -> "Happenings":
        """Those that are chosen."""
        return Happenings(self.who[chosen], self.what[chosen], self.day[chosen])


def simulate(family: Family, customers: int, seed: int) -> dict[str, pd.DataFrame]:
    """Canonical tables of some customers over DAYS days.

    Args:
        family: `alike` for the rules' own assumptions, `other` for behaviour of another form.
        customers: How many.
        seed: Another seed is another world.
    """
    draw = np.random.default_rng([seed, 0 if family == "alike" else 1])
    reads = _habits(draw, family, customers, len(TOPICS), per_year=14.0, some=0.35)
    looks = _habits(draw, family, customers, len(CATEGORIES), per_year=16.0, some=0.5)
    shops = _habits(draw, family, customers, len(CATEGORIES), per_year=11.0, some=0.6)
    moods = _habits(draw, family, customers, 3, per_year=7.0, some=0.5)  # pricing, shipping, returns
    left = _habits(draw, family, customers, 1, per_year=4.0, some=0.6)
    thrift = draw.beta(0.7, 1.0, customers)
    signals = [_sessions(draw, reads), _looks(draw, looks), _pages(draw, moods)]
    checkouts, late = _checkouts(draw, left, customers)
    bought = _merged(shops, late, _after_prices(draw, moods, customers))
    signals += [checkouts, _demos(draw, moods)]
    if family == "other":
        signals.append(_programmes(draw, customers))
    touches, outcomes = _messages(draw, family, customers, thrift, reads)
    return {
        "customers": pd.DataFrame({"customer_id": _keys("c", np.arange(customers))}),
        "categories": pd.DataFrame({"category_id": CATEGORIES}),
        "products": pd.DataFrame({"product_id": [f"p-{name}" for name in CATEGORIES], "category_id": CATEGORIES}),
        "channels": pd.DataFrame({"channel_id": CHANNELS}),
        "offers": pd.DataFrame({"offer_id": ["ten-off"], "kind": ["discount"]}),
        "assets": _assets(),
        "signals": _signal_table(signals),
        "purchases": _purchases(draw, family, bought, thrift),
        "touches": touches,
        "outcomes": outcomes,
    }


def _habits(
    draw: np.random.Generator, family: Family, customers: int, targets: int, *, per_year: float, some: float
) -> Happenings:
    """Who does it about what, and when: everybody cares for some targets only."""
    who, what = np.nonzero(draw.random((customers, targets)) < some)
    if family == "alike":
        rate = draw.gamma(0.8, per_year / 0.8, len(who)) / 365
        number = draw.poisson(rate * DAYS)
        return _sorted(np.repeat(who, number), np.repeat(what, number), draw.uniform(0, DAYS, number.sum()))
    return _episodes(draw, who, what, per_year)


def _episodes(draw: np.random.Generator, who: Integers, what: Integers, per_year: float) -> Happenings:
    """Stretches of interest with long pauses; gaps within one are regular or long-tailed; some leave for good."""
    number = 1 + draw.poisson(1.6, len(who))
    pair = np.repeat(np.arange(len(who)), number)
    begins = draw.uniform(0, DAYS, len(pair))
    lasts = draw.exponential(55.0, len(pair)) * np.where(draw.random(len(pair)) < LONG_STRETCHES, 4.0, 1.0)
    spread = draw.choice([0.25, 1.1], len(who))[pair]
    usual = 365 / (per_year * 2.2) * draw.lognormal(0.0, 0.6, len(who))[pair]
    most = 60
    gaps = usual[:, None] * draw.lognormal(-(spread[:, None] ** 2) / 2, 1.0, (len(pair), most)) ** spread[:, None]
    day = begins[:, None] + np.cumsum(gaps, axis=1) - gaps[:, :1]
    leaves = np.where(draw.random(len(who)) < LEAVING, draw.uniform(60, DAYS, len(who)), np.inf)[pair]
    is_there = (day < (begins + lasts)[:, None]) & (day < DAYS) & (day < leaves[:, None])
    season = 1 + 0.6 * np.sin(2 * np.pi * day / 365)
    is_there &= draw.random(day.shape) * 1.6 < season
    owner = np.broadcast_to(pair[:, None], day.shape)[is_there]
    return _sorted(who[owner], what[owner], day[is_there])


def _sessions(draw: np.random.Generator, reads: Happenings) -> pd.DataFrame:
    """Each visit about a topic is a session of one act or several."""
    number = 1 + draw.poisson(1.5, len(reads))
    names, shares = zip(*_NAMES, strict=True)
    minutes = draw.exponential(6.0, number.sum())
    return pd.DataFrame(
        {
            "who": np.repeat(reads.who, number),
            "day": np.repeat(reads.day, number) + minutes / 1440,
            "name": draw.choice(names, number.sum(), p=shares),
            "topic": np.array(TOPICS, dtype=object)[np.repeat(reads.what, number)],
            "session": np.repeat(np.arange(len(reads)), number),
        }
    )


def _looks(draw: np.random.Generator, looks: Happenings) -> pd.DataFrame:
    number = 1 + draw.poisson(0.8, len(looks))
    return pd.DataFrame(
        {
            "who": np.repeat(looks.who, number),
            "day": np.repeat(looks.day, number) + draw.exponential(5.0, number.sum()) / 1440,
            "name": draw.choice(
                ["Product Viewed", "Product Clicked", "Product Added"], number.sum(), p=[0.7, 0.2, 0.1]
            ),
            "product": np.repeat(looks.what, number),
        }
    )


def _pages(draw: np.random.Generator, moods: Happenings) -> pd.DataFrame:
    number = 1 + draw.poisson(1.2, len(moods))
    names = np.array(["Pricing Page Viewed", "Shipping Page Viewed", "Returns Page Viewed"], dtype=object)
    days = np.repeat(moods.day, number) + draw.exponential(2.5, number.sum())
    return pd.DataFrame(
        {"who": np.repeat(moods.who, number), "day": days, "name": names[np.repeat(moods.what, number)]}
    )


def _demos(draw: np.random.Generator, moods: Happenings) -> pd.DataFrame:
    """Some who look at prices ask for a demo, days later."""
    chosen = moods.some((moods.what == 0) & (draw.random(len(moods)) < ASKING))
    return pd.DataFrame(
        {
            "who": chosen.who,
            "day": chosen.day + 3 + draw.exponential(8.0, len(chosen)),
            "name": "Demo Requested",
            "topic": draw.choice(TOPICS, len(chosen)),
        }
    )


def _after_prices(draw: np.random.Generator, moods: Happenings, customers: int) -> Happenings:
    """Some who look at prices buy, days later; who reads about shipping and returns seldom does."""
    chance = np.array([0.2, 0.05, 0.03])[moods.what] * draw.gamma(1.0, 1.0, customers)[moods.who]
    chosen = moods.some(draw.random(len(moods)) < chance)
    days = chosen.day + 2 + draw.exponential(6.0, len(chosen))
    return Happenings(chosen.who, draw.integers(0, len(CATEGORIES), len(chosen)), days)


def _checkouts(draw: np.random.Generator, left: Happenings, customers: int) -> tuple[pd.DataFrame, Happenings]:
    """Checkouts that are left, and the orders that follow some of them after days."""
    returns = draw.beta(1.2, 1.8, customers)
    chosen = left.some(draw.random(len(left)) < returns[left.who])
    days = chosen.day + 0.5 + draw.exponential(5.0, len(chosen))
    rows = pd.DataFrame({"who": left.who, "day": left.day, "name": "Checkout Started"})
    return rows, Happenings(chosen.who, draw.integers(0, len(CATEGORIES), len(chosen)), days)


def _programmes(draw: np.random.Generator, customers: int) -> pd.DataFrame:
    """A few visitors who are programmes: hundreds of pages about everything within an hour, now and then."""
    who = draw.choice(customers, max(1, customers // 33), replace=False)
    runs = np.repeat(who, 6)
    number = 300
    return pd.DataFrame(
        {
            "who": np.repeat(runs, number),
            "day": np.repeat(draw.uniform(0, DAYS, len(runs)), number) + draw.uniform(0, 1 / 24, len(runs) * number),
            "name": draw.choice(["Page Viewed", "Content Viewed"], len(runs) * number, p=[0.9, 0.1]),
            "topic": draw.choice(TOPICS, len(runs) * number),
        }
    )


def _messages(
    draw: np.random.Generator, family: Family, customers: int, thrift: Numbers, reads: Happenings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A message every ten days or so, and what comes back."""
    number = draw.poisson(DAYS / 10.0, customers)
    who = np.repeat(np.arange(customers), number)
    day, channel, asset = (
        np.sort(draw.uniform(0, DAYS, len(who))),
        draw.integers(0, len(CHANNELS), len(who)),
        draw.integers(0, ASSETS, len(who)),
    )
    who = draw.permutation(who)
    answers = draw.beta(0.5, 3.5, (customers, len(CHANNELS)))[who, channel]
    cares = np.zeros((customers, len(TOPICS)), dtype=bool)
    cares[reads.who, reads.what] = True
    chance = answers * np.where(cares[who, asset % len(TOPICS)], 1.0, 0.7)
    if family == "other":
        chance = (
            chance * np.exp2(-day / 500) * np.where(np.sin(day / 15) > 0, 1.3, 0.6)
        )  # tired, and by fits and starts
    has_offer = asset % 3 == 0
    clicked = draw.random(len(who)) < np.minimum(chance, 0.95)
    redeemed = has_offer & (draw.random(len(who)) < 0.35 * thrift[who])
    refusing = draw.random(len(who)) < REFUSING
    touch = _keys("t", np.arange(len(who)))
    touches = pd.DataFrame(
        {
            "touch_id": touch,
            "customer_id": _keys("c", who),
            "channel_id": np.array(CHANNELS, dtype=object)[channel],
            "asset_id": _keys("a", asset),
            "sent_at": _times(day),
        }
    )
    parts = [
        pd.DataFrame({"touch_id": touch[mask], "name": name, "day": day[mask] + draw.exponential(1.2, mask.sum())})
        for mask, name in ((clicked, "clicked"), (redeemed, "redeemed"), (refusing, "unsubscribed"))
    ]
    outcomes = pd.concat(parts, ignore_index=True)
    outcomes = outcomes.assign(
        outcome_id=_keys("o", np.arange(len(outcomes))), occurred_at=_times(outcomes["day"].to_numpy(np.float64))
    )
    return touches, outcomes.drop(columns="day")


def _purchases(draw: np.random.Generator, family: Family, bought: Happenings, thrift: Numbers) -> pd.DataFrame:
    """Orders of one line each, some at a discount, some sent back."""
    bought = bought.some(bought.day < DAYS)
    order = _keys("b", np.arange(len(bought)))
    off = draw.random(len(bought)) < thrift[bought.who]
    if family == "other":
        off ^= draw.random(len(bought)) < 0.15 * (np.sin(bought.day / 20) > 0)  # sales in the shop for everybody
    fit = draw.beta(0.4, 3.0, (len(thrift), len(CATEGORIES)))
    back = draw.random(len(bought)) < fit[bought.who, bought.what]
    columns = {
        "order_id": order,
        "line": "1",
        "customer_id": _keys("c", bought.who),
        "product_id": np.array([f"p-{name}" for name in CATEGORIES], dtype=object)[bought.what],
        "kind": "sale",
        "net_value": 10.0,
        "quantity": 1.0,
        "discount": np.where(off, 2.0, 0.0),
        "occurred_at": _times(bought.day),
    }
    sales = pd.DataFrame(columns)
    sent = sales[back].assign(kind="return", net_value=-10.0, original_order_id=order[back])
    sent["order_id"] = sent["order_id"] + "-back"
    sent["occurred_at"] = sent["occurred_at"] + pd.to_timedelta(3 + draw.exponential(5.0, len(sent)), unit="D")
    sent["occurred_at"] = sent["occurred_at"].dt.as_unit("us")
    return pd.concat([sales, sent], ignore_index=True)


def _assets() -> pd.DataFrame:
    number = np.arange(ASSETS)
    return pd.DataFrame(
        {
            "asset_id": _keys("a", number),
            "topics": [[TOPICS[one % len(TOPICS)]] for one in number],
            "categories": [[CATEGORIES[one % len(CATEGORIES)]] for one in number],
            "offer_id": ["ten-off" if one % 3 == 0 else None for one in number],
        }
    )


def _signal_table(parts: list[pd.DataFrame]) -> pd.DataFrame:
    rows = pd.concat([part for part in parts if len(part)], ignore_index=True)
    rows = rows[rows["day"] < DAYS].reset_index(drop=True)
    products = rows["product"].map(dict(enumerate(f"p-{name}" for name in CATEGORIES)))
    return pd.DataFrame(
        {
            "signal_id": _keys("s", np.arange(len(rows))),
            "customer_id": _keys("c", rows["who"].to_numpy(np.int64)),
            "name": rows["name"],
            "occurred_at": _times(rows["day"].to_numpy(np.float64)),
            "topic": rows["topic"].astype(object).where(rows["topic"].notna(), None),
            "product_id": products.astype(object).where(products.notna(), None),
        }
    )


def _merged(*parts: Happenings) -> Happenings:
    return _sorted(
        np.concatenate([part.who for part in parts]),
        np.concatenate([part.what for part in parts]),
        np.concatenate([part.day for part in parts]),
    )


def _sorted(who: Integers, what: Integers, day: Numbers) -> Happenings:
    order = np.lexsort((day, what, who))
    return Happenings(who[order], what[order], day[order])


def _keys(letter: str, numbers: Integers) -> npt.NDArray[np.object_]:
    return np.array([f"{letter}{number:07d}" for number in numbers.tolist()], dtype=object)


def _times(days: Numbers) -> pd.Series:
    times = START + pd.to_timedelta(np.asarray(days, dtype=np.float64), unit="D")
    return pd.Series(times).dt.as_unit("us")
