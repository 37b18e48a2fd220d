"""The fused pass finds what plain Python finds: the same counts, refusals, values and best candidates."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decisioning import kernel
from decisioning.candidates import find_candidates
from decisioning.channel_days import channel_days
from decisioning.experiments import is_held_out
from decisioning.message_order import in_order
from decisioning.policies.builtin import MESSAGE_ORDER, SENDING_HOURS
from decisioning.remits.authority import is_permitted
from decisioning.remits.values import Permission, Remit
from decisioning.rhythms import align
from decisioning.schedule import schedule
from decisioning.screening import HOLDOUT, Screened, outside_remits, screened_by, verdicts_today
from decisioning.settings import BoostSettings, OrderSettings, PlaySettings, PolicySpecification
from decisioning.shortlist import REFUSED_SHOWN, Look, look
from decisioning.terrain import terrain_of
from decisioning.terrain.prices import prices_of
from decisioning.times import moment
from decisioning.value import Values, value_candidates
from tests.unit.decisioning.world import World

CATEGORIES, TOPICS, PRODUCTS = ("A", "B", "C", "D"), ("t", "u"), ("p", "q")
CHANNELS = ("email", "mail", "push")
REMITS = (
    Remit("letters", may=Permission(("send",), ("mail", "push"), ("replenishment-due",))),
    Remit("mails", may=Permission(("send",), ("email",), ("favourites", "replenishment-due"))),
)
POLICIES = (
    PolicySpecification("rich-only", "deny", "", when="customer.pclv < 500", expression="offer.discount_pct > 10"),
    PolicySpecification("either", "deny", "", expression='asset.kind == "coupon" and customer.pclv < 10'),
    PolicySpecification("dear", "deny", "", expression="offer.face_value * 100 > customer.pclv"),
    PolicySpecification("twice", "cap", "", count=1, days=7.0),
)
BOOSTS = (BoostSettings("a0", 0.4637, date(2017, 12, 1), "", ""), BoostSettings("a1", 9.0, date(2017, 11, 13), "", ""))
"""Of which the second is over."""


@st.composite
def worlds(draw: Any) -> World:  # noqa: C901 -- a bit of everything
    """Small worlds with a bit of everything that a candidate may meet."""
    world = World().category(*CATEGORIES).topic(*TOPICS)
    for product, category in zip(PRODUCTS, CATEGORIES, strict=False):
        world.product(product, category, stock=draw(st.sampled_from([0.0, 3.0])))
    numbers = st.floats(0.01, 20.0)
    world.channel("email", cost=draw(numbers) / 100)
    world.channel("mail", cost=draw(numbers) / 10, p_opt_out=0.01, future_margin=draw(numbers))
    world.channel("push", cost=0.0, send_hour=draw(st.sampled_from([0, 9, 23])))
    for number in range(draw(st.integers(1, 7))):
        name = f"c{number}"
        world.customer(
            name,
            pclv=draw(st.sampled_from([None, 5.0, 499.99, 500.0, 2_000.0])),
            shopping_days_91d=draw(st.sampled_from([0, 12])),
            household_id=draw(st.sampled_from([None, "h"])),
        )
        for category in draw(st.sets(st.sampled_from(CATEGORIES))):
            world.rhythm(
                name,
                category,
                due_in=draw(st.sampled_from([-1.0, 0.5, 2.0, 40.0])),
                margin_none=draw(numbers),
                p_purchase=draw(st.sampled_from([0.0, 0.3, 1.0])),
                purchase_spend=draw(numbers),
                recent_days=draw(st.integers(0, 5)),
            )
        for category in draw(st.sets(st.sampled_from(CATEGORIES))):
            world.interest(name, category)
        for kind, subject in draw(
            st.sets(st.tuples(st.sampled_from(["objections", "triggers"]), st.sampled_from(CATEGORIES)), max_size=2)
        ):
            world.link(kind, name, subject)
        for product in draw(st.sets(st.sampled_from(PRODUCTS))):
            world.bought(name, product, days=3)
        for channel in draw(st.sets(st.sampled_from(CHANNELS), max_size=1)):
            world.refusals.add((name, channel))
        if draw(st.booleans()):
            world.touch(name, "email", world.as_of - timedelta(days=2), draw(st.sampled_from([None, "a0", "a1"])))
    for number in range(draw(st.integers(0, 3))):
        world.offer(
            f"o{number}",
            face_value=draw(st.sampled_from([None, 0.5, 4.0])),
            discount_pct=draw(st.sampled_from([None, 10.0, 10.01, 50.0])),
            min_spend=draw(st.sampled_from([None, 5.0, 25.0])),
            is_automatic=draw(st.booleans()),
        )
    for number in range(draw(st.integers(2, 8))):
        world.asset(
            f"a{number}",
            *draw(st.sets(st.sampled_from(CATEGORIES), max_size=2)),
            kind=draw(st.sampled_from(["coupon", "reminder"])),
            products=tuple(draw(st.sets(st.sampled_from(PRODUCTS), max_size=1))),
            topics=tuple(draw(st.sets(st.sampled_from(TOPICS), max_size=1))),
            channels=draw(st.sampled_from([None, ("email",), ("mail", "push")])),
            offer=draw(st.sampled_from([None, *world.offers])),
            status=draw(st.sampled_from(["active", "active", "paused"])),
            message_class=draw(st.sampled_from(["marketing", "service"])),
        )
    orders = draw(
        st.sampled_from([(), (OrderSettings("", is_stepwise=True),), (OrderSettings("", first=("a1",), last=("a0",)),)])
    )
    world.plays = tuple(
        PlaySettings(name, orders=orders) for name in draw(st.permutations(["replenishment-due", "favourites"]))
    )
    quiet = draw(st.booleans())
    world.options = {
        "policies": POLICIES,
        "holdout_share": draw(st.sampled_from([0.0, 0.5])),
        "remits": draw(st.sampled_from([(), REMITS])),
        "boosts": draw(st.sampled_from([(), BOOSTS])),
    }
    if quiet:
        world.channel("push", cost=0.0, quiet_from=None, send_hour=23)
    return world


class Both:
    """A world, looked through by the kernel and by the plain functions."""

    def __init__(self, world: World, *, each: int = 50) -> None:
        view, forecasts, chosen = world.view(), world.forecasts(), world.settings()
        motives, when = world.propose(), moment(world.as_of)
        held_out = is_held_out(view, share=chosen.holdout_share, salt=chosen.holdout_salt)
        rhythms = align(view, forecasts.cadence, forecasts.recent)
        days = channel_days(view, chosen, when, forecasts.timing)
        verdicts = verdicts_today(
            view, chosen, world.past_touches(), sends_at=days.preferred, is_held_out=held_out, as_of=when
        )
        terrain = terrain_of(view, motives, forecasts, rhythms, verdicts, days, chosen, world.past_touches())
        self.look: Look = look(terrain, prices_of(view, chosen, (), ()), each=each)
        self.again: Look = look(
            terrain, prices_of(view, chosen, (), ()), each=each, stretches=[(0, 1), (1, len(view.customers))]
        )
        self.names = terrain.refusal_names
        self.count = len(view.customers)
        self.candidates = find_candidates(view, motives, chosen)
        self.values: Values = value_candidates(view, self.candidates, forecasts, rhythms, chosen)
        times = schedule(
            view,
            self.candidates,
            days,
            starts_at=motives.starts_at[self.candidates.motive],
            until=motives.until[self.candidates.motive],
        )
        self.screened: Screened = screened_by(
            view,
            verdicts,
            self.candidates,
            is_hour_left=times.is_possible,
            is_offer_cost_known=~np.isnan(self.values.redemption_cost),
        )
        play = motives.table["play"].to_numpy(dtype=object)[self.candidates.motive]
        channel = view.channels.keys[self.candidates.channel]
        self.screened = outside_remits(self.screened, is_permitted(chosen.remits, play, channel))
        self.screened = in_order(
            self.screened,
            view,
            motives.table,
            self.candidates,
            self.values.ranked,
            settings=chosen,
            touches=world.past_touches(),
            as_of=when,
        )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_the_pass_finds_what_plain_functions_find(world: World) -> None:
    both = Both(world)
    customer, refused = both.candidates.customer, both.screened.is_refused
    found = both.look
    assert found.counts[:, 0].tolist() == np.bincount(customer, minlength=both.count).tolist()
    assert found.counts[:, 1].tolist() == np.bincount(customer[~refused], minlength=both.count).tolist()
    worth = ~refused & (both.values.ranked > 0)
    assert found.counts[:, 2].tolist() == np.bincount(customer[worth], minlength=both.count).tolist()

    for place, name in enumerate(both.names):
        if name != HOLDOUT:
            expected = np.bincount(customer, both.screened.by_policy[name], minlength=both.count)
            assert found.refused[:, place].tolist() == expected.tolist(), name
    assert SENDING_HOURS in both.names

    allowed = found.kept.take(found.kept.is_allowed & (found.kept.value > 0))
    rows = np.flatnonzero(worth)
    assert allowed.customer.tolist() == customer[rows].tolist()
    assert allowed.asset.tolist() == both.candidates.asset[rows].tolist()
    assert allowed.channel.tolist() == both.candidates.channel[rows].tolist()
    assert allowed.motive.tolist() == both.candidates.motive[rows].tolist()
    np.testing.assert_allclose(allowed.value, both.values.ranked[rows], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(allowed.expected_cost, both.values.offer_cost[rows], rtol=1e-12, atol=1e-12)
    best = np.full(both.count, -np.inf)
    np.maximum.at(best, customer[rows], both.values.ranked[rows])
    np.testing.assert_allclose(found.best, best, rtol=1e-12, atol=1e-12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_a_short_list_holds_the_best_of_each_channel_and_the_best_refused_ones(world: World) -> None:
    both = Both(world, each=1)
    refused, value = both.screened.is_refused, both.values.ranked
    kept = both.look.kept
    for customer in range(both.count):
        theirs = both.candidates.customer == customer
        allowed = kept.take((kept.customer == customer) & kept.is_allowed & (kept.value > 0))
        for channel in range(len(CHANNELS)):
            here = theirs & ~refused & (value > 0) & (both.candidates.channel == channel)
            best = [] if not here.any() else [pytest.approx(value[here].max(), rel=1e-12)]
            assert allowed.value[allowed.channel == channel].tolist()[:1] == best
        shown = kept.take((kept.customer == customer) & ~kept.is_allowed)
        eligible = int((theirs & ~refused).sum())
        stopped = theirs & refused & ~both.screened.by_policy[MESSAGE_ORDER] & np.isfinite(value)
        worst = np.sort(value[stopped])[::-1][:REFUSED_SHOWN]
        wanted = worst if eligible <= REFUSED_SHOWN else worst[:0]
        np.testing.assert_allclose(np.sort(shown.value)[::-1], wanted, rtol=1e-12, atol=1e-12)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_how_the_customers_are_cut_changes_nothing(world: World) -> None:
    both = Both(world, each=2)
    for name in ("best", "counts", "refused"):
        assert np.array_equal(getattr(both.look, name), getattr(both.again, name)), name
    for name in ("customer", "asset", "channel", "motive", "value", "expected_cost", "is_allowed"):
        assert np.array_equal(getattr(both.look.kept, name), getattr(both.again.kept, name)), name


def test_a_world_without_anything_gives_an_empty_list() -> None:
    both = Both(World().customer("1").channel("email"))
    assert len(both.look.kept) == 0
    assert both.look.counts.tolist() == [[0, 0, 0]]


def test_every_loop_is_compiled_once_for_all_worlds() -> None:
    small = World().category("A").customer("1").channel("email").asset("milk", "A").rhythm("1", "A")
    large = World().category("A", "B").topic("t").channel("email").channel("mail", cost=0.2, p_opt_out=0.1)
    large.product("p", "A").offer("o", face_value=2.0).asset("x", "A", offer="o", kind="coupon").asset("y", "B")
    for name in ("1", "2"):
        large.customer(name, pclv=400.0).rhythm(name, "A").bought(name, "p", days=3)
    dearest = replace(POLICIES[2], identifier="dearest")  # compares the two sides once more
    large.options = {"policies": (*POLICIES, dearest)}
    for world in (small, large):
        Both(world)
    loops = [each for each in vars(kernel).values() if getattr(each, "__module__", "") == kernel.__name__]
    loops = [each for each in loops if hasattr(each, "signatures")]
    assert any(each.signatures for each in loops)
    assert {each.__name__: len(each.signatures) for each in loops if len(each.signatures) > 1} == {}


def test_with_a_channel_shut_for_the_night_nothing_has_an_hour() -> None:
    world = World().category("A").customer("1").channel("email").asset("milk", "A").rhythm("1", "A")
    shut = replace(world.channels["email"], quiet_from=world.as_of.time(), quiet_until=world.as_of.time())
    world.channels["email"] = shut
    both = Both(world)
    assert both.look.counts.tolist() == [[1, 0, 0]]
    assert both.look.refused[0, both.names.index(SENDING_HOURS)] == 1
