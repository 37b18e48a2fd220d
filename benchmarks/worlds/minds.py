"""What people are really interested in, what holds them back, and in which form they behave: the truth of a world."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.worlds.catalogue import OBJECTION_TOPICS, TOPICS
from benchmarks.worlds.organisations import Organisations
from benchmarks.worlds.settings import Plan
from benchmarks.worlds.world import Floats, Integers, Texts

FAMILIAR: Final = "steady"
UNFAMILIAR: Final = ("seasonal", "self-exciting", "threshold")
SHIFTING_SHARE: Final = 0.3
RESOLVED_SHARE: Final = 0.25

LEANINGS: Final = {
    "engineer": ("automation", "integration", "performance", "reliability"),
    "executive": ("cost-control", "reliability", "pricing"),
    "finance": ("cost-control", "pricing"),
    "operations": ("reliability", "automation", "migration", "onboarding"),
    "procurement": ("pricing", "compliance"),
    "security": ("security", "compliance"),
}
"""Topics that a role leans towards."""

OBJECTING: Final = {
    "engineer": (0.05, 0.04, 0.14),
    "executive": (0.15, 0.04, 0.06),
    "finance": (0.28, 0.02, 0.02),
    "operations": (0.08, 0.05, 0.16),
    "procurement": (0.30, 0.06, 0.02),
    "security": (0.04, 0.26, 0.06),
}
"""Chance of an objection to pricing, security and migration by role."""


@dataclass(frozen=True, eq=False)
class Minds:
    """The truth about each person, in arrays; topics are columns in the order of `TOPICS`.

    Attributes:
        behaviour: Form of behaviour, shape (persons,).
        visits_per_day: Mean sessions a day if nothing excites them.
        responsiveness: Factor on the effect of a touch; whom a touch puts off has -0.5: no effect, and a wish to leave.
        interest: Weight per topic until the shift, shape (persons, topics); a person's weights add up to 1.
        interest_after: The same from the shift on.
        shift_day: Day on which interest shifts; infinite for most.
        objection: Index into `OBJECTION_TOPICS`, -1 without one.
        objection_since: Day since when.
        objection_until: Day until when; infinite unless it was resolved.
    """

    behaviour: Texts
    visits_per_day: Floats
    responsiveness: Floats
    interest: Floats
    interest_after: Floats
    shift_day: Floats
    objection: Integers
    objection_since: Floats
    objection_until: Floats

    def interest_on(self, person: Integers, day: Floats) -> Floats:
        """Weights of the topics for people on days, shape (n, topics)."""
        is_after = day >= self.shift_day[person]
        return np.where(is_after[:, None], self.interest_after[person], self.interest[person])

    def objects_on(self, person: Integers, day: Floats) -> npt.NDArray[np.bool_]:
        """Whether people object to something on days, shape (n,)."""
        since, until = self.objection_since[person], self.objection_until[person]
        return (self.objection[person] >= 0) & (day >= since) & (day < until)


def imagine(world: Organisations, plan: Plan) -> Minds:
    """Draw the truth about everybody."""
    draw = plan.chance.of("minds")
    persons = world.persons
    is_unfamiliar = draw.random(len(world.accounts)) < plan.settings.unfamiliar_share
    form = draw.choice(np.array(UNFAMILIAR, dtype=object), len(world.accounts))
    of_account = np.where(is_unfamiliar, form, FAMILIAR).astype(object)
    interest, interest_after = (_interests(draw, world.role) for _ in range(2))
    shifts = draw.random(persons) < SHIFTING_SHARE
    chances = np.array([OBJECTING[role] for role in world.role]).reshape(persons, len(OBJECTION_TOPICS))
    drawn = draw.random(persons)
    objection = (drawn[:, None] >= np.cumsum(chances, axis=1)).sum(axis=1)
    since = draw.uniform(-60, 0.8 * plan.days, persons)
    is_resolved = draw.random(persons) < RESOLVED_SHARE
    return Minds(
        behaviour=of_account[world.account],
        visits_per_day=draw.lognormal(np.log(0.012), 0.9, persons),
        responsiveness=np.where(draw.random(persons) < 0.06, -0.5, draw.gamma(2.0, 0.5, persons)),
        interest=interest,
        interest_after=np.where(shifts[:, None], interest_after, interest),
        shift_day=np.where(shifts, draw.uniform(0.3, 0.9, persons) * plan.days, np.inf),
        objection=np.where(objection < len(OBJECTION_TOPICS), objection, -1).astype(np.int64),
        objection_since=since,
        objection_until=np.where(is_resolved, since + draw.uniform(30, 200, persons), np.inf),
    )


def _interests(draw: np.random.Generator, role: Texts) -> Floats:
    lean = {name: np.isin(TOPICS, topics) for name, topics in LEANINGS.items()}
    shape = 0.12 + 0.9 * np.array([lean[name] for name in role]).reshape(len(role), len(TOPICS))
    gammas = draw.standard_gamma(shape) + 1e-9
    return np.asarray(gammas / gammas.sum(axis=1, keepdims=True))


def interest_rows(minds: Minds, plan: Plan) -> pd.DataFrame:
    """`Truth.interests`: weights from 0.05 on; one row per stretch of time."""
    started = np.full(len(minds.shift_day), -3650.0)
    parts = [
        _stretch(minds.interest, started, minds.shift_day, plan),
        _stretch(minds.interest_after, minds.shift_day, np.full(len(started), np.inf), plan),
    ]
    return pd.concat(parts, ignore_index=True).sort_values(["person", "valid_from", "topic"], ignore_index=True)


def _stretch(weights: Floats, since: Floats, until: Floats, plan: Plan) -> pd.DataFrame:
    person, topic = np.nonzero((weights >= 0.05) & np.isfinite(since)[:, None])
    return pd.DataFrame(
        {
            "person": person,
            "topic": np.array(TOPICS, dtype=object)[topic],
            "weight": weights[person, topic],
            "valid_from": plan.calendar.moments(since[person]),
            "valid_to": plan.calendar.moments(until[person]),
        }
    )


def objection_rows(minds: Minds, plan: Plan) -> pd.DataFrame:
    """`Truth.objections`."""
    person = np.flatnonzero(minds.objection >= 0)
    return pd.DataFrame(
        {
            "person": person,
            "topic": np.array(OBJECTION_TOPICS, dtype=object)[minds.objection[person]],
            "valid_from": plan.calendar.moments(minds.objection_since[person]),
            "valid_to": plan.calendar.moments(minds.objection_until[person]),
        }
    )
