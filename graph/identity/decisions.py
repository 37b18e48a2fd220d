"""What people decided about identities: which of their decisions are in force at a moment, and what they demand.

`merged` ties two ids together; `split` takes an id out again. A split that finds ties of people at the id undoes them
exactly, and keeps the id apart from those it was tied to. One that finds none keeps the id apart from everybody whom
the rule would join it with. The later decision wins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import pandas as pd

from graph.identity.values import IdentityError

MERGED: Final = "merged"
SPLIT: Final = "split"
DECIDED_COLUMNS: Final = ("position", "kind", "customer_id", "other_id", "decided_by", "at", "because")

Pair = frozenset[str]


@dataclass(frozen=True)
class Tie:
    """Two ids that a person has declared to be one.

    Attributes:
        ids: Both.
        decided_by: Who.
        at: When.
        because: Why.
        position: The event's place in the journal.
        freed: Ids that were kept apart from everybody until this.
        rejoined: Pairs that were kept apart until this.
    """

    ids: tuple[str, str]
    decided_by: str
    at: datetime
    because: str | None
    position: int
    freed: frozenset[str] = frozenset()
    rejoined: frozenset[Pair] = frozenset()


@dataclass
class Decisions:
    """Decisions in force.

    Attributes:
        ties: Ids that are one, in the order in which that was decided.
        apart: Ids that no rule joins with another.
        kept: Pairs that no rule joins.
    """

    ties: list[Tie] = field(default_factory=list)
    apart: set[str] = field(default_factory=set)
    kept: set[Pair] = field(default_factory=set)

    def group(self, of: str) -> frozenset[str]:
        """All ids that ties make one with this one, itself included."""
        found, fresh = {of}, {of}
        while fresh:
            fresh = {end for tie in self.ties if fresh & set(tie.ids) for end in tie.ids} - found
            found |= fresh
        return frozenset(found)

    def merge(self, event: Mapping[str, Any]) -> None:
        """Tie two ids."""
        one, other = str(event["customer_id"]), str(event["other_id"])
        if one == other:
            raise IdentityError(
                f"`{one}` cannot be merged into itself.",
                where=f"journal, event {event['position']}",
                remedy="Name two different ids.",
            )
        here, there = self.group(one), self.group(other)
        freed = frozenset(self.apart & {one, other})
        rejoined = frozenset(pair for pair in self.kept if pair & here and pair & there)
        self.apart -= freed
        self.kept -= rejoined
        because = None if event["because"] is None else str(event["because"])
        tie = Tie((one, other), str(event["decided_by"]), event["at"], because, int(event["position"]), freed, rejoined)
        self.ties.append(tie)

    def split(self, event: Mapping[str, Any]) -> None:
        """Undo the ties of an id; without any, keep it apart from everybody."""
        of = str(event["customer_id"])
        undone = [tie for tie in self.ties if of in tie.ids]
        if not undone:
            self.apart.add(of)
            return
        self.ties = [tie for tie in self.ties if of not in tie.ids]
        tied = {end for tie in self.ties for end in tie.ids}
        for tie in undone:
            self.apart |= tie.freed - tied
            self.kept |= tie.rejoined | {frozenset(tie.ids)}


def decisions_in_force(decided: pd.DataFrame, as_of: datetime | None = None) -> Decisions:
    """Replay people's decisions in the order in which they were recorded.

    Args:
        decided: Columns `DECIDED_COLUMNS`; `kind` is merged or split, `other_id` is null for a split.
        as_of: Decisions at or after it do not count.

    Raises:
        IdentityError: An id is merged into itself, or the kind of a decision is not known.
    """
    decisions = Decisions()
    for event in _in_order(decided):
        if as_of is not None and event["at"] >= pd.Timestamp(as_of):
            continue
        if event["kind"] == MERGED:
            decisions.merge(event)
        elif event["kind"] == SPLIT:
            decisions.split(event)
        else:
            raise IdentityError(
                f"`{event['kind']}` is no decision about identities.",
                where=f"journal, event {event['position']}",
                remedy=f"Known: {MERGED}, {SPLIT}.",
            )
    return decisions


def no_decisions() -> pd.DataFrame:
    """Decisions where nobody has decided anything."""
    return pd.DataFrame({name: pd.Series(dtype=object) for name in DECIDED_COLUMNS})


def _in_order(decided: pd.DataFrame) -> Sequence[Mapping[str, Any]]:
    ordered = decided.sort_values("position", kind="stable")
    rows: list[dict[str, Any]] = ordered[list(DECIDED_COLUMNS)].to_dict("records")  # type: ignore[assignment]
    return rows
