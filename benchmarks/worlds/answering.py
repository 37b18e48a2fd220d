"""What simulated people do with what a run of Warrant sent them: opened, clicked, replied, unsubscribed, or nothing.

They answer out of their true interests, which no table knows, as they answered what was sent before (`touching`). So a
second day can be run on what came of the first.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.worlds.world import Chance, Floats, World, keys

VISITOR: Final = "anonymous/"


@dataclass(frozen=True)
class Channel:
    """The columns of a channel's file, as `channels.yaml` of the example names them.

    Attributes:
        who: Key of the customer.
        decision: Key of the decision.
        at: When it is sent, or shown from.
        said: What is said.
        is_title: Whether that is a title instead of the asset's key.
    """

    who: str
    decision: str
    at: str
    said: str
    is_title: bool = False


CHANNELS: Final[Mapping[str, Channel]] = {
    "email": Channel("contact", "decision_id", "send_at", "template"),
    "sales": Channel("contact", "reference", "due", "task", is_title=True),
    "website": Channel("visitor", "decision_id", "show_from", "slot_content"),
}
NOTICED: Final = {"email": (0.2, 0.5), "sales": (0.5, 0.4), "website": (0.15, 0.3)}
"""Per channel the chance that something is noticed at all, and what true interest in its topic adds."""

DAYS: Final = {"opened": 0.4, "clicked": 0.5, "replied": 1.0, "unsubscribed": 0.6}
"""Mean days until each."""


def sent_by(exports: Path, assets: pd.DataFrame) -> pd.DataFrame:
    """What a run has handed to its channels.

    Args:
        exports: The folder of its files.
        assets: asset_id and title.

    Returns:
        decision_id, customer_id, channel_id, asset_id, sent_at; in order of decision_id.
    """
    asset_of = dict(zip(assets["title"], assets["asset_id"], strict=True))
    rows = []
    for channel_id, columns in CHANNELS.items():
        path = exports / f"{channel_id}.csv"
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    said = row[columns.said]
                    asset = asset_of[said] if columns.is_title else said
                    rows.append((row[columns.decision], row[columns.who], channel_id, asset, row[columns.at]))
    sent = pd.DataFrame(rows, columns=["decision_id", "customer_id", "channel_id", "asset_id", "sent_at"])
    sent["sent_at"] = pd.to_datetime(sent["sent_at"], utc=True, format="ISO8601").astype("datetime64[us, UTC]")
    return sent.sort_values("decision_id", ignore_index=True)


def answers(world: World, sent: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Rows of `outcomes` that answer what was sent, before the end of the world.

    Args:
        world: Whose people were written to.
        sent: As `sent_by` gives it.
        seed: Of the chance that is in every answer.
    """
    draw = Chance(seed).of("answers")
    interest = _true_interest(world, sent)
    base, by_interest = (
        sent["channel_id"].map({name: told[place] for name, told in NOTICED.items()}).to_numpy(dtype=np.float64)
        for place in (0, 1)
    )
    is_noticed = draw.random(len(sent)) < np.clip(base + by_interest * interest, 0.0, 0.9)
    is_answered = is_noticed & (draw.random(len(sent)) < np.clip(0.06 + 0.9 * interest, 0.0, 0.8))
    is_mail, is_call = ((sent["channel_id"] == name).to_numpy() for name in ("email", "sales"))
    happened = {
        "opened": is_mail & is_noticed,
        "clicked": is_answered & ~is_call,
        "replied": is_answered & is_call,
        "unsubscribed": is_mail & is_noticed & ~is_answered & (draw.random(len(sent)) < 0.01),
    }
    parts = []
    for name, is_so in happened.items():
        rows = sent[is_so]
        days = draw.exponential(DAYS[name], len(rows))
        seconds = pd.to_timedelta(np.floor(60 + days * 86_400), unit="s")
        parts.append(rows.assign(name=name, occurred_at=(rows["sent_at"] + seconds).astype("datetime64[us, UTC]")))
    found = pd.concat(parts).sort_values(["occurred_at", "decision_id", "name"], ignore_index=True)
    found = found[found["occurred_at"] < pd.Timestamp(world.until)].reset_index(drop=True)
    found = found.rename(columns={"decision_id": "touch_id"})
    found.insert(0, "outcome_id", keys("answer", np.arange(len(found)), width=6))
    return found[["outcome_id", "touch_id", "customer_id", "asset_id", "name", "occurred_at"]]


def _true_interest(world: World, sent: pd.DataFrame) -> Floats:
    """How much each person cares about the topics of what they were sent, 0 to 1."""
    of_customer, of_visitor = (world.truth.person_of(kind) for kind in ("customer", "anonymous"))
    is_visitor = sent["customer_id"].str.startswith(VISITOR)
    person = (
        sent["customer_id"]
        .map(of_customer)
        .where(~is_visitor, sent["customer_id"].str.removeprefix(VISITOR).map(of_visitor))
    )
    cares = world.truth.interests_at(world.until).set_index(["person", "topic"])["weight"]
    topics = world.tables["assets"].set_index("asset_id")["topics"]
    about = sent.assign(person=person, topic=sent["asset_id"].map(topics)).explode("topic")
    asked = pd.MultiIndex.from_frame(about[["person", "topic"]])
    weight = pd.Series(cares.reindex(asked).fillna(0.0).to_numpy(), index=about.index)
    return weight.groupby(level=0).sum().reindex(sent.index).to_numpy(dtype=np.float64)
