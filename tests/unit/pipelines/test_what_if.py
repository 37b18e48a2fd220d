"""One customer decided again gives what everybody decided together gave, and every flip is one."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from decisioning.alternatives import said
from decisioning.bids import nobody
from decisioning.case import Case, Outcome
from decisioning.flips import find_flips, find_flips_to
from decisioning.next_contact import next_contact
from decisioning.settings import BoostSettings, PolicySpecification
from decisioning.weighing import alternatives, weigh
from decisioning.why_not import why_not_asset
from pipelines.what_if import case_of, market_among
from tests.unit.decisioning.world import World


def case(world: World, customer: str) -> Case:
    made, view = world.decide(), world.view()
    return case_of(
        customer,
        view,
        world.propose(),
        forecasts=world.forecasts(),
        settings=world.settings(),
        touches=world.past_touches(),
        market=market_among(made.bids.options, view, customer, nobody(), made.summary["shadow_prices"]),
        has=outcome(world, customer),
    )


def outcome(world: World, customer: str) -> Outcome:
    return Outcome.of(world.record(customer))


@pytest.fixture
def shop() -> World:
    """One customer due for milk, one channel, and a reminder about milk."""
    world = World().customer("1").category("MILK", "BEER").channel("email").asset("milk-reminder", "MILK")
    return world.rhythm("1", "MILK")


@pytest.fixture
def market() -> World:
    """Twelve customers who want three things, and room for five messages."""
    world = World().category("MILK", "BEER", "SOAP").channel("email", capacity=4).channel("mail", cost=0.02, capacity=1)
    for category in ("MILK", "BEER", "SOAP"):
        world.asset(f"{category.lower()}-reminder", category)
    chance = np.random.default_rng(7)
    for number in range(12):
        world.customer(f"c{number:02}")
        for category in ("MILK", "BEER", "SOAP")[number % 2 :][:2]:
            world.rhythm(f"c{number:02}", category, margin_none=round(float(chance.uniform(1, 9)), 3))
    return world


def test_deciding_one_customer_again_gives_their_record(market: World) -> None:
    records = market.decide().records
    assert records["verb"].eq("send").sum() == 5
    for record in records.iloc[::4].to_dict("records"):
        mine = case(market, record["customer_id"])
        assert weigh(mine).outcome().is_equal(Outcome.of(record)), record["customer_id"]


@pytest.mark.parametrize(("room", "reason"), [(4, "priced out"), (12, "boosted")])
def test_a_boost_is_weighed_and_told_again_as_it_was_recorded(market: World, room: int, reason: str) -> None:
    market.channel("email", capacity=room).options["boosts"] = (
        BoostSettings("soap-reminder", 0.06, date(2017, 12, 1), "It is new.", "person:ann"),
    )
    records = market.decide().records.iloc[1::4]
    told = set()
    for record in records.to_dict("records"):
        mine = case(market, record["customer_id"])
        weighed = weigh(mine)
        assert weighed.outcome().is_equal(Outcome.of(record)), record["customer_id"]
        again = {
            (one["asset_id"], one["channel_id"]): one
            for one in alternatives(weighed, weighed.chosen, record["none_reason"])
        }
        for other in record["runners_up"]:
            one = again[other["asset_id"], other["channel_id"]]
            assert one["value"] == pytest.approx(other["value"], abs=1e-12)
            assert one["priced_value"] == pytest.approx(other["priced_value"], abs=1e-9)
            if other["reason"] == "boosted":
                assert one["why_not"] == said(other)
            told.add(other["reason"])
    assert reason in told


def test_leaving_out_those_who_are_far_from_another_choice_changes_nothing(
    market: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decisioning.market.NEAREST", 3)
    for customer in ("c01", "c06", "c11"):
        assert weigh(case(market, customer)).outcome().is_equal(outcome(market, customer)), customer


def test_what_is_known_of_a_customer_turns_the_decision_at_the_line_of_a_policy(shop: World) -> None:
    shop.options["policies"] = (PolicySpecification("small", "deny", "No.", None, "customer.pclv < 500"),)
    shop.customer("2", pclv=499.0).rhythm("2", "MILK")
    found = find_flips(weigh(case(shop, "2")), outcome(shop, "2"))
    flip = next(flip for flip in found if flip.kind == "attribute")
    assert (flip.what, flip.before, flip.after, flip.becomes.asset_id) == ("pclv", 499.0, 500.0, "milk-reminder")


def test_every_flip_turns_the_decision_and_the_smallest_stands_first(market: World) -> None:
    for customer in ("c00", "c05"):
        mine, on_record = case(market, customer), outcome(market, customer)
        flips = find_flips(weigh(mine), on_record)
        assert flips
        assert [flip.size for flip in flips] == sorted(flip.size for flip in flips)
        for flip in flips:
            assert not flip.becomes.is_same(on_record)


def test_a_cost_just_below_the_turn_changes_nothing_and_beyond_it_all(shop: World) -> None:
    shop.channel("email", cost=0.05)
    mine, on_record = case(shop, "1"), outcome(shop, "1")
    flips = find_flips(weigh(mine), on_record)
    cost = next(flip for flip in flips if flip.what == "cost of a touch by email")
    assert cost.becomes.asset_id is None
    for factor, is_sent in ((0.99, True), (1.001, False)):
        channels = (replace(mine.settings.channels[0], cost_per_touch=cost.after * factor),)
        again = weigh(replace(mine, settings=replace(mine.settings, channels=channels))).outcome()
        assert (again.asset_id is not None) == is_sent


def test_a_policy_that_refuses_is_named_with_what_would_be_sent_without_it(shop: World) -> None:
    never = PolicySpecification("never", "deny", "No.", None, "customer.shopping_days_28d >= 0")
    shop.options["policies"] = (never,)
    mine, on_record = case(shop, "1"), outcome(shop, "1")
    weighed = weigh(mine)
    told = why_not_asset(weighed, on_record, "milk-reminder", None, {"never": "No."})
    assert (told["stage"], told["refused_by"][0]["because"]) == ("refused by policy", "No.")
    (flip,) = [flip for flip in find_flips_to(weighed, on_record, ("milk-reminder", None)) if flip.kind == "policy"]
    assert (flip.what, flip.becomes.asset_id) == ("never", "milk-reminder")


def test_withdrawn_consent_is_a_flip_of_every_send(shop: World) -> None:
    flips = find_flips(weigh(case(shop, "1")), outcome(shop, "1"))
    assert ("consent", "withdrawn") in {(flip.kind, flip.after) for flip in flips}


def test_alternatives_tell_the_terms_that_add_up(market: World) -> None:
    mine = case(market, "c00")
    weighed = weigh(mine)
    on_record = outcome(market, "c00")
    others = alternatives(weighed, weighed.row(on_record.asset_id, on_record.channel_id), on_record.none_reason)
    assert others
    for other in others:
        terms = [value for name, value in other["parts"].items() if name != "total"]
        assert sum(terms) == pytest.approx(other["value"])


def test_the_next_contact_is_tomorrow_unless_something_holds_it(shop: World) -> None:
    found = next_contact(case(shop, "1"), None)
    assert (found["at_local"], found["channel"], found["held_by"]) == ("2017-11-14 09:00", "email", [])


def test_a_ghost_is_decided_again_as_a_ghost(shop: World) -> None:
    shop.options["holdout_share"] = 1.0
    on_record = outcome(shop, "1")
    assert on_record.asset_id == "milk-reminder"
    assert weigh(case(shop, "1")).outcome().is_equal(on_record)
