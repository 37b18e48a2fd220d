"""What scoring gives: points, stages, surges and waiting times, as frozen arrays."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from forecasting.values import Floats, Keys, Times

Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Points:
    """One score of every subject, n of them.

    Attributes:
        name: The score.
        threshold: From which points on it is reached; None without one.
        value: Points, never below 0, to four decimals, shape (n,).
        dimensions: Names of its dimensions, d of them.
        by_dimension: Points by dimension, shape (n, d).
        counted: What was counted by dimension before weight and fading, shape (n, d).
        last_at: Newest act by dimension, NaT without one, shape (n, d).
    """

    name: str
    threshold: float | None
    value: Floats
    dimensions: tuple[str, ...]
    by_dimension: Floats
    counted: Floats
    last_at: Times

    @property
    def is_reached(self) -> Flags:
        """Whether the threshold is reached, shape (n,); never without one."""
        if self.threshold is None:
            return np.zeros(len(self.value), dtype=np.bool_)
        return np.asarray(self.value >= self.threshold, dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Scored:
    """The scores and the stage of every customer, or of every account.

    Attributes:
        kind: Whose.
        subject_id: Keys, ascending and unique, shape (n,).
        points: One entry per score of this kind.
        stage: The highest stage that holds, None without one, shape (n,).
        last_at: Newest act that any dimension counted, NaT without one, shape (n,).
    """

    kind: Literal["customer", "account"]
    subject_id: Keys
    points: tuple[Points, ...]
    stage: Keys
    last_at: Times


@dataclass(frozen=True, eq=False)
class Surges:
    """Accounts at which a surge is on; one entry per account and surge.

    Attributes:
        name: The surge.
        account_id: The account.
        people: Different people within the window.
        customers: Their keys, ascending, each entry a tuple.
        first_at: The first act in the window.
        last_at: The last one.
    """

    name: Keys
    account_id: Keys
    people: Counts
    customers: Keys
    first_at: Times
    last_at: Times


@dataclass(frozen=True, eq=False)
class IntentLatency:
    """How long customers who signalled intent waited for an action. One entry per wait.

    A wait begins with the first such signal after an action (or ever) and ends with the next action.

    Attributes:
        customer_id: Who.
        event: The signal that began it.
        signal_at: When it began.
        action_at: When it ended; NaT while it lasts.
        hours: Hours waited: until the action, or until as-of.
        within_hours: The aim.
    """

    customer_id: Keys
    event: Keys
    signal_at: Times
    action_at: Times
    hours: Floats
    within_hours: float

    @property
    def is_answered(self) -> Flags:
        """Which waits ended, shape (n,)."""
        return np.asarray(~np.isnat(self.action_at), dtype=np.bool_)

    def summary(self) -> dict[str, float | int | None]:
        """The KPI.

        Returns:
            `waits`, `answered`, `waiting`, hours of those answered (`median_hours`, `ninth_decile_hours`; None without
            any), `within_hours` and `share_within`: of all waits but those that still have time, how many met the aim.
        """
        answered = self.hours[self.is_answered]
        is_met = self.is_answered & (self.hours <= self.within_hours)
        is_over = self.is_answered | (self.hours > self.within_hours)
        return {
            "waits": len(self.hours),
            "answered": len(answered),
            "waiting": len(self.hours) - len(answered),
            "median_hours": round(float(np.median(answered)), 4) if len(answered) else None,
            "ninth_decile_hours": round(float(np.quantile(answered, 0.9)), 4) if len(answered) else None,
            "within_hours": self.within_hours,
            "share_within": round(float(is_met.sum() / is_over.sum()), 4) if is_over.any() else None,
        }


@dataclass(frozen=True, eq=False)
class Scores:
    """Everything that scoring found as of a moment."""

    customers: Scored
    accounts: Scored
    surges: Surges
    latency: IntentLatency
