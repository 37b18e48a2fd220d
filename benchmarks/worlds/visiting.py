"""Sessions on the website: who came when, on which device, known or not.

Everybody uses a device that is anonymous until they say who they are; some use a second one that never does. Strangers
never do. A few devices are shared by colleagues.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.worlds.minds import Minds
from benchmarks.worlds.organisations import Organisations
from benchmarks.worlds.settings import Plan
from benchmarks.worlds.touching import Touched
from benchmarks.worlds.world import Floats, Integers, Texts, in_working_hours

SECOND_DEVICE_SHARE = 0.25
SHARED_SHARE = 0.02
IDENTIFIED_SHARE = 0.8
BRANCHING = 0.55
EXCITED_DAYS = 1.5
SPREE_DAYS = 21.0
SPREE_FACTOR = 6.0


@dataclass(frozen=True, eq=False)
class Devices:
    """Devices: first one per person, then second ones, then those of strangers.

    Attributes:
        anonymous_id: Key of each device, shape (devices,).
        person: Whose it is; strangers are numbers from `persons` on.
        known_from: Day from which on the device's visits carry the person's key; infinite for never.
        second: Second device of each person, -1 without one, shape (persons + strangers,).
        shared_with: Another person who identified on the same device, -1 for nobody.
    """

    anonymous_id: Texts
    person: Integers
    known_from: Floats
    second: Integers
    shared_with: Integers


@dataclass(frozen=True, eq=False)
class Sessions:
    """Sessions in order of time.

    Attributes:
        person: Who; strangers are numbers from `persons` on.
        day: When.
        device: Index into `Devices`.
        touch: The touch that was clicked, -1 for none.
    """

    person: Integers
    day: Floats
    device: Integers
    touch: Integers

    def __len__(self) -> int:
        return len(self.person)


def devices(world: Organisations, plan: Plan) -> Devices:
    """Who uses which devices, and when they become known on them."""
    draw = plan.chance.of("devices")
    strangers = int(plan.settings.contacts * plan.settings.strangers_share)
    everybody = world.persons + strangers
    has_second = np.flatnonzero(draw.random(world.persons) < SECOND_DEVICE_SHARE)
    person = np.concatenate([np.arange(everybody), has_second]).astype(np.int64)
    joined = np.concatenate([world.joined, np.full(strangers, np.inf)])[person]
    # who was a contact before the world began signs in some day; who joined within it said so when they joined
    signs_in = np.where(joined < 0, draw.uniform(0, 0.6 * plan.days, len(person)), joined)
    is_second = np.arange(len(person)) >= everybody
    signs_in = signs_in + np.where(is_second, draw.uniform(5, 120, len(person)), 0.0)
    never = draw.random(len(person)) >= np.where(is_second, IDENTIFIED_SHARE / 2, IDENTIFIED_SHARE)
    second = np.full(everybody, -1, dtype=np.int64)
    second[has_second] = everybody + np.arange(len(has_second))
    known_from = np.where(never, np.inf, signs_in)
    return Devices(
        anonymous_id=np.char.add("web-", np.char.zfill(draw.permutation(len(person)).astype(str), 6)).astype(object),
        person=person,
        known_from=known_from,
        second=second,
        shared_with=_shared(draw, world, person, known_from),
    )


def sessions(
    world: Organisations,
    minds: Minds,
    owned: Devices,
    touched: Touched,
    plan: Plan,
) -> Sessions:
    """All sessions: of one's own accord in each person's form, excited by earlier ones, and by clicks on touches."""
    draw = plan.chance.of("sessions")
    strangers = len(owned.second) - world.persons
    rate = np.concatenate([minds.visits_per_day, draw.lognormal(np.log(0.008), 0.8, strangers)])
    form = np.concatenate([minds.behaviour, np.full(strangers, "steady", dtype=object)])
    person, day = _of_own_accord(draw, rate, form, plan)
    person, day = _excited(draw, person, day, form, world)
    person, day = _sprees(draw, person, day, rate, form)
    weekday = plan.calendar.weekday(day)
    stays = (day < plan.days) & ((weekday < 5) | (draw.random(len(day)) < 0.25))
    person, day = person[stays], in_working_hours(draw, day[stays])
    clicked = np.flatnonzero(touched.rows["is_clicked"].to_numpy(dtype=bool))
    click_day = touched.rows["day"].to_numpy(dtype=np.float64)[clicked] + draw.exponential(0.3, len(clicked))
    touch = np.concatenate([np.full(len(person), -1, dtype=np.int64), clicked])
    person = np.concatenate([person, touched.rows["person"].to_numpy(dtype=np.int64)[clicked]])
    day = np.concatenate([day, click_day])
    second = owned.second[person]
    device = np.where((second >= 0) & (draw.random(len(person)) < 0.35), second, person)
    order = np.lexsort((device, person, day))
    order = order[day[order] < plan.days]
    return Sessions(person[order], day[order], device[order], touch[order])


def _of_own_accord(draw: np.random.Generator, rate: Floats, form: Texts, plan: Plan) -> tuple[Integers, Floats]:
    """Poisson sessions; seasonal people come mostly towards the end of a quarter."""
    is_seasonal = form == "seasonal"
    weaker = np.select([form == "self-exciting", form == "threshold"], [1 - BRANCHING, 0.45], default=1.0)
    count = draw.poisson(rate * plan.days * np.where(is_seasonal, 2.0, weaker))
    person = np.repeat(np.arange(len(rate)), count)
    day = draw.uniform(0, plan.days, len(person))
    left = plan.calendar.days_to_quarter_end(day)
    keeps = draw.random(len(person)) < np.where(is_seasonal[person], np.where(left <= 25, 1.0, 0.3), 1.0)
    return person[keeps].astype(np.int64), day[keeps]


def _excited(
    draw: np.random.Generator, person: Integers, day: Floats, form: Texts, world: Organisations
) -> tuple[Integers, Floats]:
    """A self-exciting (Hawkes) process by its generations; three in ten followers are colleagues."""
    everybody, days, newest, newest_day = [person], [day], person, day
    by_account = np.argsort(world.account, kind="stable")
    first = np.searchsorted(world.account[by_account], np.arange(len(world.accounts)))
    size = np.bincount(world.account, minlength=len(world.accounts))
    for _ in range(12):
        count = draw.poisson(np.where(form[newest] == "self-exciting", BRANCHING, 0.0))
        source = np.repeat(newest, count)
        newest_day = np.repeat(newest_day, count) + draw.exponential(EXCITED_DAYS, len(source))
        account = world.account[source]
        colleague = by_account[first[account] + np.floor(draw.random(len(source)) * size[account]).astype(np.int64)]
        newest = np.where(draw.random(len(source)) < 0.3, colleague, source)
        everybody.append(newest)
        days.append(newest_day)
    return np.concatenate(everybody), np.concatenate(days)


def _sprees(
    draw: np.random.Generator, person: Integers, day: Floats, rate: Floats, form: Texts
) -> tuple[Integers, Floats]:
    """People of the form `threshold` look around thoroughly for three weeks once they have come a few times."""
    order = np.lexsort((day, person))
    person, day = person[order], day[order]
    rank = np.arange(len(person)) - np.searchsorted(person, person, side="left")
    needed = draw.integers(3, 6, len(rate))
    starts = np.flatnonzero((form[person] == "threshold") & (rank == needed[person]))
    count = draw.poisson(np.maximum(SPREE_FACTOR * rate[person[starts]] * SPREE_DAYS, 3.0))
    source = np.repeat(starts, count)
    extra = day[source] + draw.uniform(0, SPREE_DAYS, len(source))
    return np.concatenate([person, person[source]]), np.concatenate([day, extra])


def _shared(draw: np.random.Generator, world: Organisations, person: Integers, known_from: Floats) -> Integers:
    """For a few known devices, a colleague who identified there too."""
    shared = np.full(len(person), -1, dtype=np.int64)
    is_candidate: npt.NDArray[np.bool_] = np.isfinite(known_from) & (np.arange(len(person)) < world.persons)
    chosen = np.flatnonzero(is_candidate & (draw.random(len(person)) < SHARED_SHARE))
    colleague = (person[chosen] + 1) % world.persons
    is_known = world.joined[colleague] < known_from[chosen]
    shared[chosen[is_known]] = colleague[is_known]
    return shared
