"""What a playbook declares about scores, as frozen values. Its file format is not known here."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from forecasting.errors import ForecastingError

Subject = Literal["customer", "account"]
Counting = Literal["each", "visits", "return_visits", "deepest_visit", "days", "people", "value"]

COUNTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "each": "every act",
        "visits": "every visit with such an act",
        "return_visits": "every visit with such an act after the first",
        "deepest_visit": "the acts of the deepest visit",
        "days": "every local day with such an act, per person",
        "people": "every person with such an act, by their newest one",
        "value": "the value that the signal carries",
    }
)
"""What a dimension can count, and what each means."""


@dataclass(frozen=True)
class Dimension:
    """One dimension of a score: acts that are counted, or an attribute that is there or not.

    Attributes:
        name: As the playbook calls it.
        weight: Points for each that is counted, or for the attribute; negative ones take away.
        events: Names of signals and of outcomes that count; empty for all signals. Unused with `attribute`.
        topics: Only acts about one of these; empty for any.
        sources: Only signals recorded there; empty for any.
        count: What is counted; see `COUNTINGS`.
        at_most: Points that the dimension adds (or, with a negative weight, takes away) at most; None for no limit.
        window_days: Acts older than this do not count.
        half_life_days: Days in which an act's points halve; None for no fading.
        attribute: `customer.<column>` or `account.<column>` instead of acts.
        one_of: The attribute is one of these texts.
        at_least: The attribute is a number from here on.
        below: The attribute is a number below this.
    """

    name: str
    weight: float
    events: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    count: Counting = "each"
    at_most: float | None = None
    window_days: float = 30.0
    half_life_days: float | None = 14.0
    attribute: str | None = None
    one_of: tuple[str, ...] = ()
    at_least: float | None = None
    below: float | None = None

    def __post_init__(self) -> None:
        numbers = {"weight": self.weight, "window_days": self.window_days}
        for name in ("at_most", "half_life_days", "at_least", "below"):
            if (value := getattr(self, name)) is not None:
                numbers[name] = value
        for name, value in numbers.items():
            if not math.isfinite(value):
                raise _wrong(self.name, f"{name} is {value}.", "Write a finite number.")
            if name in {"window_days", "half_life_days", "at_most"} and value <= 0:
                raise _wrong(self.name, f"{name} is {value}.", "Write a number above 0.")

    @property
    def most(self) -> float:
        """The points that it can add at most."""
        if self.weight <= 0:
            return 0.0
        if self.attribute is not None:
            return self.weight if self.at_most is None else min(self.weight, self.at_most)
        return math.inf if self.at_most is None else self.at_most


@dataclass(frozen=True)
class Composite:
    """A named score: the sum of its dimensions, never below 0.

    Attributes:
        name: As the playbook calls it.
        of: Whom it is of; acts of an account are those of its people.
        dimensions: At least one.
        threshold: From which points on it is reached; None when nothing asks for that.
    """

    name: str
    dimensions: tuple[Dimension, ...]
    threshold: float | None = None
    of: Subject = "customer"

    @property
    def most(self) -> float:
        """The points that it can have at most."""
        return sum(dimension.most for dimension in self.dimensions)


@dataclass(frozen=True)
class Stage:
    """A stage holds when all of its conditions do; a later one outranks an earlier one.

    Attributes:
        name: As the playbook calls it: MQL, AQL, MQA, ….
        of: Whom it is of.
        at_least: Scores of the same subject, from these points on.
        after: A stage of the same subject that must hold too.
        people: For accounts: so many people must have ...
        people_stage: ... this stage, or one after it.
        surge: For accounts: this surge must be on.
    """

    name: str
    of: Subject = "customer"
    at_least: Mapping[str, float] = field(default_factory=dict)
    after: str | None = None
    people: int | None = None
    people_stage: str | None = None
    surge: str | None = None


@dataclass(frozen=True)
class Surge:
    """Several people of one account do the same within a few days.

    A day is a local calendar day. The window of `days` days ends with the last full day before as-of: with 8, acts of
    day 1 and of day 8 are within it, those of day 1 and of day 9 are not.

    Attributes:
        name: As the playbook calls it.
        people: So many different people at least.
        days: Length of the window in local calendar days.
        events: Names of signals that count; empty for all.
        topics: Only acts about one of these; empty for any.
        accounts: Columns of accounts and the values that they may have; empty for every account.
        lasts_days: So many days longer than the window holds them the surge stays on.
    """

    name: str
    people: int
    days: int
    events: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    accounts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lasts_days: int = 0

    def __post_init__(self) -> None:
        for name, value, least in (("people", self.people, 1), ("days", self.days, 1), ("lasts", self.lasts_days, 0)):
            if value < least:
                raise _wrong(self.name, f"{name} is {value}.", f"Write {least} or more.")


@dataclass(frozen=True)
class LatencySettings:
    """Which signals ask for an action, and how fast it should come.

    Attributes:
        events: Names of signals; empty when nothing is measured.
        within_hours: The aim.
        window_days: Signals older than this are left out.
    """

    events: tuple[str, ...] = ()
    within_hours: float = 24.0
    window_days: float = 28.0


@dataclass(frozen=True)
class ScoreSettings:
    """Everything that a playbook declares about scores; later stages outrank earlier ones."""

    scores: tuple[Composite, ...] = ()
    stages: tuple[Stage, ...] = ()
    surges: tuple[Surge, ...] = ()
    latency: LatencySettings = field(default_factory=LatencySettings)

    @property
    def events(self) -> frozenset[str]:
        """Every name of a signal or outcome that anything asks for."""
        named = [dimension.events for score in self.scores for dimension in score.dimensions]
        return frozenset(
            one for some in [*named, *(surge.events for surge in self.surges)] for one in some
        ) | frozenset(self.latency.events)


def _wrong(name: str, what: str, remedy: str) -> ForecastingError:
    return ForecastingError(what, where=f"scores: {name}", remedy=remedy)
