"""Deciding under remits: what none permits is not sent, limits hold, triggers hand over, records say under which."""

from dataclasses import replace
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decisioning.remits.compiling import limits_of_remit, policies_of
from decisioning.remits.triggers import Month, on_record
from decisioning.remits.values import Asking, Bounds, Escalation, Permission, Remit, Window
from decisioning.settings import PlaySettings
from tests.unit.decisioning.world import AS_OF, World

LETTERS = Remit(
    agent="letters",
    owner="person:lead",
    may=Permission(("send",), ("mail",), ("replenishment-due",)),
    limits=Bounds(spend_per_month=9.0),
)
PLAYS = ("replenishment-due", "favourites")
CHANNELS = ("email", "mail")


def under(world: World, *remits: Remit) -> World:
    """The world, in which these agents act."""
    world.options |= {
        "remits": remits,
        "policies": tuple(policy for remit in remits for policy in policies_of(remit)),
        "limits": tuple(limit for remit in remits for limit in limits_of_remit(remit)),
    }
    return world


def small_world(*customers: str) -> World:
    """Customers who are due, with an e-mail and a letter to say so."""
    world = World().category("A").channel("email").channel("mail", cost=0.01).asset("milk", "A")
    for customer in customers:
        world.customer(customer).rhythm(customer, "A")
    return world


def test_without_remits_nobody_asks_and_no_record_names_one() -> None:
    records = small_world("1").decide().records
    assert records["verb"].tolist() == ["send"]
    assert records["remit"].tolist() == records["triggers"].tolist() == [None]


def test_what_is_sent_is_sent_on_the_agents_channel_and_in_its_name() -> None:
    decided = under(small_world("1"), LETTERS).decide()
    record = decided.records.iloc[0]
    assert (record["channel_id"], record["remit"], record["held_by"]) == ("mail", "letters", None)
    assert decided.summary["refused_by_policy"]["remit"] == 1
    assert decided.summary["remits"] == {"letters": 1}


def test_a_play_that_no_remit_permits_says_nothing() -> None:
    other = replace(LETTERS, may=replace(LETTERS.may, plays=("favourites",)))
    record = under(small_world("1"), other).record("1")
    assert (record["verb"], record["none_reason"], record["remit"]) == ("none", "refused by policy: remit", None)


def test_an_agent_that_may_not_send_sends_nothing() -> None:
    other = replace(LETTERS, may=replace(LETTERS.may, verbs=("task",)))
    assert under(small_world("1"), other).record("1")["verb"] == "none"


def test_each_trigger_hands_over_by_itself_and_all_that_fire_are_told() -> None:
    asking = replace(
        LETTERS, escalate=Escalation(confidence_below=0.61, budget_used_pct=0), ask=Asking(verbs=("send",))
    )
    for remit, fired in (
        (replace(asking, ask=Asking(), escalate=Escalation(confidence_below=0.61)), "confidence_below"),
        (replace(asking, ask=Asking(), escalate=Escalation(budget_used_pct=0)), "budget_used_pct"),
        (replace(asking, escalate=Escalation()), "send"),
        (asking, "confidence_below, budget_used_pct, send"),
    ):
        record = under(small_world("1"), remit).record("1")
        assert (record["triggers"], record["needs"]) == (fired, "person:lead")


def test_exactly_the_stated_confidence_may_act() -> None:
    records = pd.DataFrame(
        {"verb": "send", "play": "replenishment-due", "channel_id": "mail", "confidence": [0.699, 0.70], "value": 1.0}
    ).assign(touch_cost=0.01, is_ghost=False, held_by=None, needs=None)
    remit = replace(LETTERS, escalate=Escalation(confidence_below=0.70))
    told = on_record(records, [remit], Month(pd.DataFrame(), AS_OF, "UTC"))
    assert told["triggers"].tolist() == ["confidence_below", None]


def test_the_most_valuable_go_before_the_share_of_the_budget_is_used() -> None:
    records = pd.DataFrame({"value": [1.0, 3.0, 2.0]}).assign(
        verb="send", play="replenishment-due", channel_id="mail", confidence=0.9, touch_cost=0.4, is_ghost=False
    ).assign(held_by=None, needs=None)  # fmt: skip
    touches = pd.DataFrame({"channel_id": ["mail", "email"], "sent_at": [AS_OF, AS_OF], "cost": [0.2, 9.0]})
    remit = replace(LETTERS, limits=Bounds(spend_per_month=1.0), escalate=Escalation(budget_used_pct=80))
    told = on_record(records, [remit], Month(touches, AS_OF, "UTC"))
    assert told["triggers"].tolist() == ["budget_used_pct", None, "budget_used_pct"]


@st.composite
def delegated(draw: Any) -> World:
    """A world with up to two agents who share nothing."""
    world = World().category("A", "B").channel("email", cost=0.001).channel("mail", cost=draw(st.sampled_from([0.01])))
    world.offer("tenth", kind="discount", discount_pct=draw(st.sampled_from([5.0, 10.0, 30.0])), is_automatic=True)
    world.asset("milk", "A").asset("tea", "B", kind="coupon", offer="tenth")
    world.plays = tuple(PlaySettings(name) for name in PLAYS)
    for number in range(draw(st.integers(1, 4))):
        customer = str(number)
        world.customer(customer).interest(customer, draw(st.sampled_from(["A", "B"])))
        world.rhythm(customer, draw(st.sampled_from(["A", "B"])))
        for _ in range(draw(st.integers(0, 2))):
            world.touch(customer, draw(st.sampled_from(CHANNELS)), AS_OF - pd.Timedelta(days=draw(st.integers(1, 9))))
    remits = []
    for agent, channel in zip(("one", "two"), draw(st.permutations(CHANNELS)), strict=True):
        may = Permission(("send",), (channel,), tuple(draw(st.sets(st.sampled_from(PLAYS)))))
        limits = Bounds(
            spend_per_month=draw(st.sampled_from([None, 0.0, 0.02, 0.5])),
            discount_pct=draw(st.sampled_from([None, 5.0, 10.0])),
            touches_per_customer=draw(st.sampled_from([None, Window(1, 7.0)])),
        )
        remits.append(Remit(agent, "person:lead", may=may, limits=limits))
    return under(world, *remits[: draw(st.integers(1, 2))])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(delegated())
def test_what_a_remit_does_not_permit_is_never_sent_and_its_limits_are_never_exceeded(world: World) -> None:
    records = world.decide().records
    sends = records[records["verb"] == "send"]
    agents = {remit.agent: remit for remit in world.options["remits"]}
    assert set(sends["remit"]) <= set(agents)
    for agent, remit in agents.items():
        its = sends[sends["remit"] == agent]
        assert set(its["channel_id"]) <= set(remit.may.channels)
        assert set(its["play"]) <= set(remit.may.plays)
        if (most := remit.limits.spend_per_month) is not None:
            assert its["touch_cost"].sum() <= most + 1e-9
        if (discount := remit.limits.discount_pct) is not None:
            carried = its["offer_id"].dropna()
            assert all(world.offers[offer]["discount_pct"] <= discount for offer in carried)
        if (window := remit.limits.touches_per_customer) is not None:
            week = [each["customer_id"] for each in world.touches if AS_OF - each["sent_at"] < pd.Timedelta(days=6)]
            assert all(week.count(customer) < window.count for customer in its["customer_id"])
