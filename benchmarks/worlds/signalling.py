"""Signals: what the website, the product and the mail recorded of what happened.

Not every signal means what it says: some page views are noise, a few clicks are those of mail scanners, most checkouts
that were left had no reason, and a few rows arrive days late.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.worlds.buying import LINE_TOPICS
from benchmarks.worlds.carting import carts
from benchmarks.worlds.catalogue import FORMATS, LINES, OBJECTION_TOPICS, SIZES, TOPICS
from benchmarks.worlds.minds import Minds
from benchmarks.worlds.organisations import Organisations
from benchmarks.worlds.settings import Plan
from benchmarks.worlds.touching import Touched
from benchmarks.worlds.visiting import Devices, Sessions
from benchmarks.worlds.world import Floats, Integers, Texts, choose, keys, where_kept

NOISE_SHARE = 0.15
LATE_SHARE = 0.02
COLUMNS = (
    "customer_id",
    "anonymous_id",
    "name",
    "day",
    "session",
    "product_id",
    "asset_id",
    "channel_id",
    "campaign_id",
    "topic",
    "value",
    "source",
)


@dataclass(frozen=True, eq=False)
class Known:
    """What turns people into the keys that a recorder writes down."""

    world: Organisations
    owned: Devices
    visited: Sessions
    plan: Plan

    def record_of(self, draw: np.random.Generator, person: Integers, day: Floats) -> Texts:
        """Key of one of the person's records that exist on the day; None for strangers."""
        persons, customer_id = self.world.persons, self.world.customer_id
        second = np.full(persons + 1, -1, dtype=np.int64)
        twice = np.arange(persons, len(self.world.record_person))
        second[self.world.record_person[twice]] = twice
        known = np.minimum(person, persons)  # the last entry stands for strangers
        other = second[known]
        is_second = (other >= 0) & (day >= self.world.record_joined[other]) & (draw.random(len(person)) < 0.5)
        record = np.where(is_second, other, np.minimum(person, persons - 1))
        keyed = customer_id[record]
        keyed[person >= persons] = None
        return keyed


def signals(
    known: Known,
    minds: Minds,
    touched: Touched,
    tried: pd.DataFrame,
    bought: pd.DataFrame,
) -> pd.DataFrame:
    """The table `signals`; nothing that was received after the end of the world is in it."""
    draw = known.plan.chance.of("signals")
    parts = [
        _pages(draw, known, minds, touched),
        _mail(draw, known, touched),
        _product_use(draw, known, tried),
        carts(bought, tried, known.world, known.plan),
    ]
    filled = [part for part in parts if len(part)] or parts[:1]
    rows = pd.concat([part.reindex(columns=list(COLUMNS)) for part in filled], ignore_index=True)
    is_late = draw.random(len(rows)) < LATE_SHARE
    delay = np.where(is_late, draw.uniform(0.2, 3.0, len(rows)), draw.uniform(0.0, 0.0005, len(rows)))
    received = rows["day"].to_numpy(dtype=np.float64) + delay
    is_known = (received < known.plan.days) & (rows["day"] >= 0).to_numpy()
    rows, received = rows[is_known], received[is_known]
    order = np.lexsort((rows["name"].to_numpy(dtype=str), received))
    rows, received = rows.iloc[order].reset_index(drop=True), received[order]
    rows.insert(0, "signal_id", keys("sig", np.arange(len(rows)), width=7))
    session = rows["session"].to_numpy(dtype=np.float64)
    rows["session_id"] = where_kept(~np.isnan(session), keys("ses", np.nan_to_num(session).astype(np.int64), width=6))
    rows["occurred_at"] = known.plan.calendar.moments(rows["day"].to_numpy(dtype=np.float64))
    rows["received_at"] = known.plan.calendar.moments(received)
    columns = ["signal_id", *[name for name in COLUMNS if name not in ("day", "session")]]
    rows = rows[[*columns, "session_id", "occurred_at", "received_at"]]
    texts = [name for name in rows.columns if rows[name].dtype == object]
    rows[texts] = rows[texts].where(rows[texts].notna(), None)
    return rows.astype({"value": np.float64})


def _pages(draw: np.random.Generator, known: Known, minds: Minds, touched: Touched) -> pd.DataFrame:
    """Page views of every session: what is looked at follows interest, some of it is noise."""
    visited = known.visited
    count = 1 + draw.poisson(1.4, len(visited))
    session = np.repeat(np.arange(len(visited)), count)
    place = np.arange(len(session)) - np.repeat(np.cumsum(count) - count, count)
    person, touch = visited.person[session], visited.touch[session]
    day = visited.day[session] + place * 0.0011
    persons = known.world.persons
    mind = np.minimum(person, persons - 1)  # a stranger is interested in what somebody else might be
    weights = minds.interest_on(mind, day)
    topic = choose(draw, NOISE_SHARE / len(TOPICS) + (1 - NOISE_SHARE) * weights)
    is_click = (touch >= 0) & (place == 0)
    clicked = touch[is_click]
    topic[is_click] = touched.rows["topic"].to_numpy(dtype=np.int64)[clicked]
    worry = (person < persons) & minds.objects_on(mind, day) & (draw.random(len(session)) < 0.3) & ~is_click
    # the last entry of the list is there for people without an objection, and never chosen
    feared = np.array([TOPICS.index(name) for name in OBJECTION_TOPICS] + [0])[minds.objection[mind]]
    topic = np.where(worry, feared, topic)
    kind = _kinds(draw, topic, is_click, worry)
    line = choose(draw, LINE_TOPICS.T[topic] + 0.01)
    form = np.char.add(np.array(FORMATS)[draw.integers(2, size=len(topic))], "-")
    asset: Texts = np.char.add(form, np.array(TOPICS)[topic]).astype(object)
    size = np.array(SIZES)[draw.choice(3, len(topic), p=[0.55, 0.32, 0.13])]
    product: Texts = np.char.add(np.char.add(np.array([one.category_id for one in LINES])[line], "-"), size).astype(
        object
    )
    is_content = np.isin(kind, ("Content Viewed", "Content Downloaded"))
    asset[is_click] = touched.rows["asset_id"].to_numpy(dtype=object)[clicked]
    channel = np.full(len(topic), "website", dtype=object)
    channel[is_click] = touched.rows["channel_id"].to_numpy(dtype=object)[clicked]
    campaign = np.full(len(topic), None, dtype=object)
    campaign[is_click] = touched.rows["campaign_id"].to_numpy(dtype=object)[clicked]
    device = visited.device[session]
    is_named = (day >= known.owned.known_from[device]) & (person < persons)
    record = known.record_of(draw, person, day)
    return pd.DataFrame(
        {
            "customer_id": where_kept(is_named, record),
            "anonymous_id": known.owned.anonymous_id[device],
            "name": kind,
            "day": day,
            "session": session.astype(np.float64),
            "product_id": where_kept(kind == "Product Viewed", product),
            "asset_id": where_kept(is_content, asset),
            "channel_id": channel,
            "campaign_id": campaign,
            "topic": np.array(TOPICS, dtype=object)[topic],
            "value": np.round(draw.lognormal(np.log(np.where(worry, 90.0, 40.0)), 0.8)),
            "source": "web",
        }
    )


def _kinds(
    draw: np.random.Generator, topic: Integers, is_click: npt.NDArray[np.bool_], worry: npt.NDArray[np.bool_]
) -> Texts:
    """What sort of page it was."""
    is_price = topic == TOPICS.index("pricing")
    shares = np.tile(np.array([0.44, 0.36, 0.06, 0.13, 0.01]), (len(topic), 1))
    shares[is_price] = [0.35, 0.05, 0.05, 0.53, 0.02]
    shares[worry & ~is_price] = [0.62, 0.05, 0.15, 0.17, 0.01]
    shares[is_click] = [0.9, 0.0, 0.1, 0.0, 0.0]
    names = np.array(
        ["Content Viewed", "Product Viewed", "Content Downloaded", "Page Viewed", "Demo Requested"], dtype=object
    )
    kind: Texts = names[choose(draw, shares)]
    return kind


def _mail(draw: np.random.Generator, known: Known, touched: Touched) -> pd.DataFrame:
    """Clicks in mail as the mail provider saw them, one in eight of them by a scanner."""
    rows = touched.rows[touched.rows["channel_id"] == "email"]
    is_scanned = ~rows["is_clicked"] & (draw.random(len(rows)) < 0.03)
    clicked = rows[rows["is_clicked"] | is_scanned]
    day = clicked["day"].to_numpy(dtype=np.float64) + draw.exponential(0.01, len(clicked))
    return pd.DataFrame(
        {
            "customer_id": known.record_of(draw, clicked["person"].to_numpy(dtype=np.int64), day),
            "name": "Email Link Clicked",
            "day": day,
            "asset_id": clicked["asset_id"].to_numpy(dtype=object),
            "channel_id": "email",
            "campaign_id": clicked["campaign_id"].to_numpy(dtype=object),
            "topic": np.array(TOPICS, dtype=object)[clicked["topic"].to_numpy(dtype=np.int64)],
            "source": "email",
        }
    )


def _product_use(draw: np.random.Generator, known: Known, tried: pd.DataFrame) -> pd.DataFrame:
    """Trials as the product saw them: a start, use until it stalls, an end."""
    person, day = tried["person"].to_numpy(dtype=np.int64), tried["day"].to_numpy(dtype=np.float64)
    stalls, ends = tried["stalls"].to_numpy(dtype=np.float64), tried["ends"].to_numpy(dtype=np.float64)
    uses = draw.poisson(0.8 * (stalls - day))
    used = np.repeat(np.arange(len(tried)), uses)
    trial = np.concatenate([np.arange(len(tried)), used, np.arange(len(tried))])
    name = np.repeat(
        np.array(["Trial Started", "Feature Used", "Trial Ended"], dtype=object), [len(tried), len(used), len(tried)]
    )
    at = np.concatenate([day, day[used] + draw.random(len(used)) * (stalls - day)[used], ends])
    line = tried["line"].to_numpy(dtype=np.int64)[trial]
    return pd.DataFrame(
        {
            "customer_id": known.record_of(draw, person[trial], at),
            "name": name,
            "day": at,
            "product_id": np.array([f"{one.category_id}-small" for one in LINES], dtype=object)[line],
            "topic": np.array([one.topics[0] for one in LINES], dtype=object)[line],
            "source": "product",
        }
    )
