"""Purchases: who needs which packs, and when they buy them again.

The steady form is a log-normal rhythm, as our models have it. The others are not: seasonal buyers wait for the end of
the quarter, self-exciting ones buy in bursts that catch on among colleagues, and threshold buyers buy when a balance
has run low while their consumption grows.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.worlds.catalogue import LINES, OBJECTION_TOPICS, SIZES, TOPICS, products
from benchmarks.worlds.minds import Minds
from benchmarks.worlds.organisations import Organisations
from benchmarks.worlds.settings import Plan
from benchmarks.worlds.world import Floats, Integers, in_working_hours, keys

BUYING_ROLES = ("operations", "procurement", "engineer", "security")
SHORTEST_GAP_DAYS = 8.0
RETURN_SHARE = 0.006
LINE_TOPICS: Floats = np.array(
    [[0.7 ** line.topics.index(t) if t in line.topics else 0.0 for t in TOPICS] for line in LINES]
)
"""How much of each topic (columns) each product line (rows) has."""


@dataclass(frozen=True, eq=False)
class Needs:
    """Pairs of a person and a product line that the person buys for, sorted by account.

    Attributes:
        person: Shape (pairs,).
        line: Index into `LINES`.
        starts: Day from which on they buy.
        lapses: Day from which on they buy no more.
    """

    person: Integers
    line: Integers
    starts: Floats
    lapses: Floats

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True, eq=False)
class Orders:
    """Purchases as pairs and days.

    Attributes:
        need: Index into `Needs`, shape (n,).
        day: When, in days.
        cause: Index of the touch that caused it, -1 for none.
    """

    need: Integers
    day: Floats
    cause: Integers


def needs(world: Organisations, minds: Minds, converted: pd.DataFrame, plan: Plan) -> Needs:
    """Who buys for which product lines, from when until when.

    Args:
        world: Who is there.
        minds: What they are interested in.
        converted: Trials that became customers: person, line, day.
        plan: Length of the world, randomness.
    """
    draw = plan.chance.of("needs")
    likely = np.where(np.isin(world.role, BUYING_ROLES), 0.62, 0.25)
    buyer = np.flatnonzero(world.is_customer[world.account] & (draw.random(world.persons) < likely))
    wish = np.log(minds.interest[buyer] @ LINE_TOPICS.T + 0.05) + draw.gumbel(size=(len(buyer), len(LINES)))
    rank = np.argsort(np.argsort(-wish, axis=1), axis=1)
    row, line = np.nonzero(rank < 1 + draw.binomial(2, 0.35, len(buyer))[:, None])
    is_old = draw.random(len(row)) < 0.7
    starts = np.where(is_old, -draw.uniform(0, 60, len(row)), draw.uniform(0, 0.8 * plan.days, len(row)))
    person = np.concatenate([buyer[row], converted["person"].to_numpy(dtype=np.int64)])
    line = np.concatenate([line, converted["line"].to_numpy(dtype=np.int64)])
    starts = np.concatenate([starts, converted["day"].to_numpy(dtype=np.float64)])
    minds_price = minds.objection[person] == OBJECTION_TOPICS.index("pricing")
    lapses = np.maximum(starts, 0) + draw.exponential(np.where(minds_price, 350.0, 1100.0))
    order = np.lexsort((line, person, world.account[person]))
    return Needs(person[order], line[order], starts[order], lapses[order])


def orders(wanted: Needs, world: Organisations, minds: Minds, plan: Plan) -> Orders:
    """When each need leads to an order, without any touch's help."""
    draw = plan.chance.of("orders")
    form = minds.behaviour[wanted.person]
    term = np.array([line.lasts_days for line in LINES])[wanted.line] * draw.lognormal(0, 0.25, len(wanted))
    most = int(plan.days / SHORTEST_GAP_DAYS) + 2
    shape = (len(wanted), most)
    growth = np.exp(-0.03 * np.arange(most))
    by_form: dict[str, Floats] = {
        "steady": draw.lognormal(0, 0.18, shape),
        "seasonal": draw.lognormal(0, 0.18, shape),
        "self-exciting": 1.7 * draw.exponential(1.0, shape),
        "threshold": growth * draw.lognormal(0, 0.06, shape),
    }
    gaps = np.select([(form == name)[:, None] for name in by_form], list(by_form.values()))
    gaps = np.maximum(gaps * term[:, None], SHORTEST_GAP_DAYS)
    gaps[:, 0] *= draw.random(len(wanted))
    days = wanted.starts[:, None] + np.cumsum(gaps, axis=1)
    need, day = np.repeat(np.arange(len(wanted)), most), days.ravel()
    is_within = day < plan.days
    need, day = need[is_within], day[is_within]
    day = _postponed(draw, day, form[need] == "seasonal", plan)
    need, day = _caught_on(draw, need, day, wanted, world, is_exciting=form == "self-exciting")
    return _possible(draw, Orders(need, day, np.full(len(day), -1)), wanted, world, plan)


def caused(
    touched: pd.DataFrame,
    wanted: Needs,
    world: Organisations,
    plan: Plan,
) -> Orders:
    """Orders that would not exist without a touch: of each touch with `is_effective` one, in the line it was about.

    Args:
        touched: need (index into `Needs`), day, is_effective; row i is touch i.
        wanted: The needs.
        world: Who is there.
        plan: Length of the world, randomness.
    """
    draw = plan.chance.of("caused orders")
    touch = np.flatnonzero(touched["is_effective"].to_numpy(dtype=bool))
    need = touched["need"].to_numpy(dtype=np.int64)[touch]
    day = touched["day"].to_numpy(dtype=np.float64)[touch] + draw.uniform(1, 14, len(touch))
    return _possible(draw, Orders(need, day, touch), wanted, world, plan)


def purchases(
    made: Orders, wanted: Needs, world: Organisations, plan: Plan
) -> tuple[pd.DataFrame, npt.NDArray[np.object_]]:
    """The table `purchases`, and the order that each entry of `made` went into.

    What a person buys on one day is one order.
    """
    draw = plan.chance.of("purchases")
    person, line = wanted.person[made.need], wanted.line[made.need]
    size_first = draw.choice(3, len(wanted), p=[0.55, 0.32, 0.13])
    grows_on = np.where(draw.random(len(wanted)) < 0.2, draw.uniform(0.2, 1.0, len(wanted)) * plan.days, np.inf)
    size = np.minimum(size_first[made.need] + (made.day >= grows_on[made.need]), len(SIZES) - 1)
    catalogue = products()
    product = line * len(SIZES) + size
    quantity = 1 + draw.poisson(0.7 * world.size[world.account[person]])
    discount_pct = draw.choice([0.0, 10.0, 30.0], len(person), p=[0.86, 0.11, 0.03])
    gross = np.round(catalogue["price"].to_numpy(dtype=np.float64)[product] * quantity, 2)
    discount = np.round(gross * discount_pct / 100, 2)
    _, first, order = np.unique(
        np.floor(made.day).astype(np.int64) * world.persons + person, return_index=True, return_inverse=True
    )
    at = made.day[first][order]
    order_id = keys("ord", order, width=6)
    lines = pd.DataFrame(
        {
            "order_id": order_id,
            "line": np.array([LINES[number].category_id for number in line.tolist()], dtype=object),
            "customer_id": world.customer_id[person],
            "kind": "sale",
            "net_value": np.round(gross - discount, 2),
            "occurred_at": plan.calendar.moments(at),
            "product_id": catalogue["product_id"].to_numpy(dtype=object)[product],
            "quantity": quantity.astype(np.float64),
            "discount": discount,
            "original_order_id": None,
        }
    )
    lines = lines.drop_duplicates(["order_id", "line"])
    back = lines[draw.random(len(lines)) < RETURN_SHARE]
    returned = plan.calendar.moments(at[back.index.to_numpy()] + draw.uniform(2, 15, len(back))).set_axis(back.index)
    is_over = returned < pd.Timestamp(plan.settings.until)
    back = back.assign(
        order_id="ret" + back["order_id"].str.removeprefix("ord"),
        kind="return",
        net_value=-back["net_value"],
        discount=0.0,
        original_order_id=back["order_id"],
        occurred_at=returned,
    )[is_over]
    table = pd.concat([lines.astype({"original_order_id": object}), back], ignore_index=True)
    return table.sort_values(["occurred_at", "order_id", "line"], ignore_index=True), order_id


def _postponed(draw: np.random.Generator, day: Floats, is_seasonal: npt.NDArray[np.bool_], plan: Plan) -> Floats:
    """Four out of five orders of seasonal buyers wait for the last three weeks of the quarter."""
    left = plan.calendar.days_to_quarter_end(day)
    waits = is_seasonal & (left > 21) & (draw.random(len(day)) < 0.8)
    return np.where(waits, day + left - draw.uniform(1, 21, len(day)), day)


def _caught_on(
    draw: np.random.Generator,
    need: Integers,
    day: Floats,
    wanted: Needs,
    world: Organisations,
    *,
    is_exciting: npt.NDArray[np.bool_],
) -> tuple[Integers, Floats]:
    """Orders that excite further ones, by any need of the same account, for three generations."""
    account = world.account[wanted.person]
    first = np.searchsorted(account, account, side="left")
    count = np.searchsorted(account, account, side="right") - first
    all_needs, all_days, newest, newest_day = [need], [day], need, day
    for _ in range(3):
        follows = is_exciting[newest] & (draw.random(len(newest)) < 0.45)
        source = newest[follows]
        newest = first[source] + np.floor(draw.random(len(source)) * count[source]).astype(np.int64)
        newest_day = newest_day[follows] + draw.exponential(4.0, len(source))
        all_needs.append(newest)
        all_days.append(newest_day)
    return np.concatenate(all_needs), np.concatenate(all_days)


def _possible(
    draw: np.random.Generator,
    made: Orders,
    wanted: Needs,
    world: Organisations,
    plan: Plan,
) -> Orders:
    """Orders in working hours, on working days, by people who are known, once per need and day."""
    need, day, cause = made.need, made.day, made.cause
    weekday = plan.calendar.weekday(day)
    day = in_working_hours(draw, day + np.where(weekday >= 5, 7 - weekday, 0))
    person = wanted.person[need]
    is_possible = (
        (day >= np.maximum(0.0, np.ceil(world.joined[person])))
        & (day >= np.floor(wanted.starts[need]))
        & (day < np.minimum(wanted.lapses[need], plan.days))
    )
    need, day, cause = need[is_possible], day[is_possible], cause[is_possible]
    _, once = np.unique(need * (plan.days + 1) + np.floor(day).astype(np.int64), return_index=True)
    return Orders(need[once], day[once], cause[once])
