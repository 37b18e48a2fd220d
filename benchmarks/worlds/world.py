"""What a simulated world is: canonical tables, and apart from them the truth that made them.

Whoever measures a model gives it `World.tables` alone and compares with `World.truth` afterwards.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

MICROSECONDS_PER_DAY = 86_400_000_000
MICROSECONDS_PER_SECOND = 1_000_000


@dataclass(frozen=True, eq=False)
class Truth:
    """What really holds in a world; never part of its tables, never written into a playbook.

    Attributes:
        people: One row per person: person (number), account_id, behaviour (`steady` is the form of our models;
            `seasonal`, `self-exciting` and `threshold` are not), visits_per_day, responsiveness (factor on the effect
            of a touch; negative for whom touches put off).
        interests: person, topic, weight (a person's weights add up to 1), valid_from, valid_to (NaT while it lasts).
        objections: person, topic, valid_from, valid_to (NaT while it lasts); at most one per person.
        identities: kind (`customer` or `anonymous`), key (customer_id or anonymous_id), person; every key that the
            tables hold belongs to exactly one person, a shared device to nobody (person -1).
        effects: touch_id, click_probability, extra_order_probability (with the touch less without it),
            caused_order_id (None when the touch caused none).
        trials: account_id, person, started_at, is_stalled, is_converted.
    """

    people: pd.DataFrame
    interests: pd.DataFrame
    objections: pd.DataFrame
    identities: pd.DataFrame
    effects: pd.DataFrame
    trials: pd.DataFrame

    def interests_at(self, moment: datetime) -> pd.DataFrame:
        """The interests that hold at a moment: person, topic, weight."""
        return _holding(self.interests, moment)[["person", "topic", "weight"]].reset_index(drop=True)

    def objections_at(self, moment: datetime) -> pd.DataFrame:
        """The objections that hold at a moment: person, topic."""
        return _holding(self.objections, moment)[["person", "topic"]].reset_index(drop=True)

    def person_of(self, kind: str) -> "pd.Series[int]":
        """The person behind each key of a kind (`customer` or `anonymous`), indexed by key."""
        rows = self.identities[self.identities["kind"] == kind]
        return rows.set_index("key")["person"]


@dataclass(frozen=True, eq=False)
class World:
    """Simulated tables with their truth.

    Attributes:
        tables: Canonical tables by name, in the types of the lake: texts as objects (None when missing), times as
            datetime64[us, UTC], lists as lists of texts. Everything in them happened before `until`.
        truth: What made them.
        since: First moment that is simulated.
        until: The end of it; decide as of this moment.
    """

    tables: Mapping[str, pd.DataFrame]
    truth: Truth
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Chance:
    """A random generator per purpose, so that a new part of a world leaves the others as they are."""

    seed: int

    def of(self, purpose: str) -> np.random.Generator:
        """The generator of one purpose; the same one for the same seed and purpose."""
        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode())])


@dataclass(frozen=True)
class Calendar:
    """Days since the start of a world, as floats, and the moments that they are.

    Attributes:
        since: First moment, aware.
        days: How many days the world lasts.
    """

    since: datetime
    days: int

    def moments(self, day: Floats) -> pd.Series:
        """Moments in whole seconds; NaN becomes NaT. Shape of `day`."""
        known = np.isfinite(day)
        start = np.int64(pd.Timestamp(self.since).value // 1000)
        seconds = np.floor(np.where(known, day, 0.0) * 86_400).astype(np.int64)
        stamps = start + seconds * MICROSECONDS_PER_SECOND
        stamps[~known] = np.iinfo(np.int64).min
        return pd.Series(stamps.view("datetime64[us]")).dt.tz_localize("UTC")

    def weekday(self, day: Floats) -> Integers:
        """0 for Monday to 6 for Sunday."""
        return (np.floor(day).astype(np.int64) + pd.Timestamp(self.since).weekday()) % 7

    def days_to_quarter_end(self, day: Floats) -> Floats:
        """Days from each day until the calendar quarter ends, 0 to 92."""
        dates = np.datetime64(self.since.date(), "D") + np.floor(day).astype(np.int64)
        months = dates.astype("datetime64[M]").astype(np.int64)
        ends = ((months // 3 + 1) * 3).astype("datetime64[M]").astype("datetime64[D]")
        return (ends - dates).astype(np.float64)


def in_working_hours(chance: np.random.Generator, day: Floats) -> Floats:
    """The same days, with the time of day drawn around 10 and 14 o'clock UTC."""
    peak = np.where(chance.random(len(day)) < 0.55, 10.0, 14.0)
    hour = np.clip(chance.normal(peak, 1.6), 0.1, 23.9)
    return np.floor(day) + hour / 24


def keys(prefix: str, numbers: Integers, width: int = 5) -> Texts:
    """Keys such as `con-00042`; the numbers count from 0, the keys from 1."""
    counted = pd.Series(numbers + 1, dtype=np.int64).astype(str).str.zfill(width)
    return np.asarray(f"{prefix}-" + counted, dtype=object)


def choose(chance: np.random.Generator, weights: Floats) -> Integers:
    """One column per row, drawn by the row's weights; shape (rows,)."""
    reached = np.cumsum(weights, axis=1)
    drawn = chance.random(len(weights)) * reached[:, -1]
    return np.asarray((reached < drawn[:, None]).sum(axis=1), dtype=np.int64)


def where_kept(is_kept: npt.NDArray[np.bool_], values: Texts) -> Texts:
    """The values where they are kept, None elsewhere."""
    kept = np.full(len(values), None, dtype=object)
    kept[is_kept] = values[is_kept]
    return kept


def _holding(rows: pd.DataFrame, moment: datetime) -> pd.DataFrame:
    stamp = pd.Timestamp(moment)
    return rows[(rows["valid_from"] <= stamp) & (rows["valid_to"].isna() | (rows["valid_to"] > stamp))]
