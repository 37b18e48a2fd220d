"""What was sent before the world ends, whom it reached, and what it really changed.

People who are active are sent more, so touched and untouched people differ before any touch: comparing them measures
who gets mail. One campaign is a randomised test, whose assignments are in the tables.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.worlds.buying import LINE_TOPICS, Needs
from benchmarks.worlds.catalogue import TOPICS
from benchmarks.worlds.minds import Minds
from benchmarks.worlds.organisations import Organisations
from benchmarks.worlds.settings import Plan
from benchmarks.worlds.world import Floats, Integers, choose, in_working_hours

COST = {"email": 0.01, "sales": 18.0, "website": 0.02}
REACH = {"newsletter": 0.22, "webinar": 0.12, "retargeting": 0.08, "outreach": 0.18}
TEST = "webinar-02"
"""The campaign that was a randomised test: half of its audience got nothing."""


@dataclass(frozen=True, eq=False)
class Touched:
    """Touches in order of time.

    Attributes:
        rows: person, campaign_id, channel_id, asset_id, topic (index into `TOPICS`), day, cost, is_test,
            click_probability, is_opened, is_clicked, leaves (whether the person unsubscribes), need (index into
            `Needs`, -1 for who buys nothing), extra_order_probability, is_effective.
        tested: person, day, is_sent: everybody who was drawn in the test.
    """

    rows: pd.DataFrame
    tested: pd.DataFrame


def touches(
    world: Organisations,
    minds: Minds,
    wanted: Needs,
    plan: Plan,
    *,
    campaigns: pd.DataFrame,
    assets: pd.DataFrame,
) -> Touched:
    """Draw every campaign's touches and what they change."""
    draw = plan.chance.of("touches")
    starts = (campaigns["starts_at"] - pd.Timestamp(plan.settings.since)).dt.total_seconds().to_numpy() / 86_400
    ends = (campaigns["ends_at"] - pd.Timestamp(plan.settings.since)).dt.total_seconds().to_numpy() / 86_400
    activity = np.minimum(minds.visits_per_day / np.median(minds.visits_per_day), 4.0) ** 0.5
    parts, tested = [], pd.DataFrame()
    for name, kind, channel, start, end in zip(
        campaigns["campaign_id"], campaigns["kind"], campaigns["channel_id"], starts, ends, strict=True
    ):
        day = draw.uniform(start, end, world.persons) if kind != "newsletter" else np.full(world.persons, start)
        chosen = draw.random(world.persons) < REACH[kind] * activity
        chosen &= (world.joined < day - 1) & (day < plan.days - 1)
        person = np.flatnonzero(chosen)
        is_sent = np.ones(len(person), dtype=bool)
        if name == TEST:
            is_sent = draw.random(len(person)) < 0.5
            tested = pd.DataFrame({"person": person, "day": np.floor(day[person]), "is_sent": is_sent})
        person = person[is_sent]
        parts.append(
            pd.DataFrame({"person": person, "campaign_id": name, "channel_id": channel, "day": day[person]}).assign(
                is_test=name == TEST
            )
        )
    rows = pd.concat(parts, ignore_index=True)
    rows["day"] = np.minimum(in_working_hours(draw, rows["day"].to_numpy()), plan.days - 0.01)
    rows = rows.sort_values(["day", "person"], kind="stable", ignore_index=True)
    rows["cost"] = rows["channel_id"].map(COST)
    rows["topic"], rows["asset_id"] = _content(draw, rows, assets)
    return Touched(_effects(draw, rows, minds, wanted), tested)


def _content(draw: np.random.Generator, rows: pd.DataFrame, assets: pd.DataFrame) -> tuple[Integers, "pd.Series[str]"]:
    """A topic for each touch, half of them one campaign's own, and an asset about it that fits the channel."""
    topic_of_campaign = {name: draw.integers(len(TOPICS)) for name in sorted(rows["campaign_id"].unique())}
    own = rows["campaign_id"].map(topic_of_campaign).to_numpy(dtype=np.int64)
    topic = np.where(draw.random(len(rows)) < 0.5, own, draw.integers(len(TOPICS), size=len(rows)))
    plain = assets[assets["kind"].isin(["story", "service"])].explode("channels")
    channels = sorted(COST)
    # one run of rows per channel and topic, so that an option is a place in the run
    code = np.array([channels.index(name) for name in plain["channels"]]) * len(TOPICS)
    code += np.array([TOPICS.index(about[0]) for about in plain["topics"]])
    order = np.argsort(code, kind="stable")
    options, code = plain["asset_id"].to_numpy(dtype=object)[order], code[order]
    channel = rows["channel_id"].map({name: place for place, name in enumerate(channels)}).to_numpy(dtype=np.int64)
    first = np.searchsorted(code, channel * len(TOPICS) + topic, side="left")
    count = np.searchsorted(code, channel * len(TOPICS) + topic, side="right") - first
    # where nothing is about the topic, anything that fits the channel serves
    first = np.where(count > 0, first, np.searchsorted(code, channel * len(TOPICS), side="left"))
    everything = np.searchsorted(code, (channel + 1) * len(TOPICS), side="left") - first
    chosen = first + np.floor(draw.random(len(rows)) * np.where(count > 0, count, everything)).astype(np.int64)
    return topic, pd.Series(options[chosen], index=rows.index, dtype=object)


def _effects(draw: np.random.Generator, rows: pd.DataFrame, minds: Minds, wanted: Needs) -> pd.DataFrame:
    """What each touch changes: by how well its topic matches, by the person, and not at all for who objects."""
    person, topic = rows["person"].to_numpy(dtype=np.int64), rows["topic"].to_numpy(dtype=np.int64)
    day = rows["day"].to_numpy(dtype=np.float64)
    match = minds.interest_on(person, day)[np.arange(len(rows)), topic]
    opens = np.clip(0.2 + 0.5 * match, 0, 0.9)
    click = opens * np.clip(0.06 + 0.9 * match, 0, 0.8)
    need = _need_about(draw, person, topic, wanted)
    gain = 0.03 * minds.responsiveness[person] * (0.3 + 2.0 * match) * np.where(rows["channel_id"] == "sales", 3.0, 1.0)
    gain = np.where((need >= 0) & ~minds.objects_on(person, day), np.maximum(gain, 0.0), 0.0)
    drawn = draw.random(len(rows))
    leaves = draw.random(len(rows)) < np.where(minds.responsiveness[person] < 0, 0.03, 0.004)
    return rows.assign(
        click_probability=np.round(click, 6),
        is_opened=drawn < opens,
        is_clicked=drawn < click,
        leaves=leaves & (rows["channel_id"] == "email").to_numpy(),
        need=need,
        extra_order_probability=np.round(gain, 6),
        is_effective=draw.random(len(rows)) < gain,
    )


def _need_about(draw: np.random.Generator, person: Integers, topic: Integers, wanted: Needs) -> Integers:
    """A need of each touched person, likelier one that the topic is about; -1 for people without any."""
    order = np.argsort(wanted.person, kind="stable")
    first = np.searchsorted(wanted.person[order], person, side="left")
    count = np.searchsorted(wanted.person[order], person, side="right") - first
    most = int(count.max(initial=0))
    if most == 0:
        return np.full(len(person), -1, dtype=np.int64)
    place = first[:, None] + np.minimum(np.arange(most), np.maximum(count - 1, 0)[:, None])
    need = order[np.minimum(place, len(order) - 1)]
    weight: Floats = 0.05 + LINE_TOPICS[wanted.line[need], topic[:, None]]
    weight = np.where(np.arange(most) < count[:, None], weight, 0.0)
    weight[count == 0, 0] = 1.0
    return np.where(count > 0, need[np.arange(len(person)), choose(draw, weight)], -1)
