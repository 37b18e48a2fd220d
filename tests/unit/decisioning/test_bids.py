"""Whoever was erased takes part in a replay by their bids alone: all other records come out as they were."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisioning.allocate import NOTHING, allocate
from decisioning.bids import Bids, allocate_beside, nobody
from decisioning.decide import Decisions, decide, propose
from decisioning.decision_log import seal, verify
from decisioning.settings import BoostSettings, LimitSettings
from forecasting.frames import from_tables, to_tables
from forecasting.values import Forecasts
from graph.erase import view_without
from tests.unit.decisioning.limited import on_channel, options, total
from tests.unit.decisioning.test_decide import crowd
from tests.unit.decisioning.world import World

CUSTOMERS = 60
LIMITS = (on_channel("email capacity", "touches", 0, 3), total("budget", "money", 0.5))


@pytest.fixture(scope="module")
def busy() -> tuple[World, Decisions]:
    world = crowd(World(), CUSTOMERS)
    world.asset("medley", *(f"C{number}" for number in range(8)))
    for number in range(0, CUSTOMERS, 3):  # of whom little is known, they are taken as typical customers
        world.customers[str(number)]["shopping_days_91d"] = 1
    world.options["boosts"] = (BoostSettings("C1-reminder", 0.3, date(2017, 12, 1), "", "person:ann"),)
    made = world.decide()
    assert made.summary["boosts"][0]["sends"] > 0
    return world, made


@pytest.fixture(scope="module")
def restrained() -> tuple[World, Decisions]:
    """Chance, few templates, and limits that what was sent before uses up: for all, for households, for offers."""
    world = crowd(World(), CUSTOMERS)
    world.channel("email", cost=0.001, capacity=20, quiet_from=None, template_limit=5)
    for number in range(CUSTOMERS):
        key = str(number)
        world.customers[key] = world.customers[key] | {"household_id": f"h{number // 3}"}
        if number % 4 == 0:
            world.touch(key, "email", world.as_of - timedelta(days=3), "C1-coupon")
    world.options |= {"exploration": 0.9, "seed": 1}
    world.options["limits"] = (
        LimitSettings("a month", most=300.0, channels=("email",), per="month"),
        LimitSettings("at home", most=3.0, each="household", per="all"),
        LimitSettings("offers", "exposure", most=60.0, offers=("any",), per="standing"),
        LimitSettings("reached", least=4.0, channels=("mail",)),
    )
    return world, world.decide()


def forecasts_without(forecasts: Forecasts, gone: set[str]) -> Forecasts:
    tables = to_tables(forecasts)
    for name, frame in tables.items():
        if "customer_id" in frame:
            tables[name] = frame[~frame["customer_id"].isin(gone)].reset_index(drop=True)
    return from_tables(tables)


def decided_without(world: World, gone: set[str], absent: Bids | None) -> pd.DataFrame:
    view, forecasts = view_without(world.view(), gone), forecasts_without(world.forecasts(), gone)
    touches = world.past_touches()
    touches = touches[~touches["customer_id"].isin(gone)].reset_index(drop=True)
    motives = propose(view, forecasts, world.settings(), world.as_of)
    return decide(view, motives, forecasts, world.settings(), touches, as_of=world.as_of, absent=absent).records


@settings(deadline=None, max_examples=12)
@given(places=st.sets(st.integers(0, CUSTOMERS - 1), min_size=1, max_size=8))
def test_all_other_records_come_out_as_they_were(busy: tuple[World, Decisions], places: set[int]) -> None:
    insist_that_others_come_out_as_they_were(busy, places)


def insist_that_others_come_out_as_they_were(made: tuple[World, Decisions], places: set[int]) -> None:
    world, before = made
    whole = seal(before.records, run_id="a-run")
    gone = set(whole.frame["customer_id"].iloc[sorted(places)])
    absent = before.bids.of(np.array(sorted(places), dtype=np.int32))
    again = seal(decided_without(world, gone, absent), run_id="a-run").frame
    others = whole.frame[~whole.frame["customer_id"].isin(gone)]
    assert again["digest"].tolist() == others["digest"].tolist()
    erased = {place: str(whole.frame["digest"].iloc[place]) for place in places}
    assert verify(again, whole.root, erased).is_intact


@settings(deadline=None, max_examples=12)
@given(places=st.sets(st.integers(0, CUSTOMERS - 1), min_size=1, max_size=12))
def test_they_do_so_with_chance_templates_and_limits_that_touches_before_have_used(
    restrained: tuple[World, Decisions], places: set[int]
) -> None:
    insist_that_others_come_out_as_they_were(restrained, places)


def test_without_what_their_competition_led_to_others_would_come_out_otherwise(
    restrained: tuple[World, Decisions],
) -> None:
    world, before = restrained
    whole = seal(before.records, run_id="a-run").frame
    places = np.arange(0, CUSTOMERS, 2, dtype=np.int32)
    gone = set(whole["customer_id"].iloc[places])
    others = whole.loc[~whole["customer_id"].isin(gone), "digest"].tolist()
    bids = before.bids.of(places)
    assert seal(decided_without(world, gone, bids), run_id="a-run").frame["digest"].tolist() == others
    without = replace(bids, common=None)
    assert seal(decided_without(world, gone, without), run_id="a-run").frame["digest"].tolist() != others


def test_that_world_has_all_of_it(restrained: tuple[World, Decisions]) -> None:
    _, before = restrained
    assert before.bids.common is not None
    assert before.bids.common.undone, "draws that did not fit"
    assert before.bids.common.templates.keys() == {"email"}
    assert before.summary["templates"][0]["wanted"] > before.summary["templates"][0]["allowed"]
    assert len(before.assignments) > 0
    left = {row["name"]: row["most"] for row in before.summary["limits"]}
    assert left["a month"] == np.ceil((300 - 15) / 18), "13 to 30 November share what is left"
    assert left["h0 at home"] < 3


def test_without_their_bids_others_would_get_what_they_got(busy: tuple[World, Decisions]) -> None:
    world, before = busy
    sent = before.records[(before.records["verb"] == "send") & ~before.records["is_ghost"]]
    gone = set(sent["customer_id"])
    others = seal(before.records, run_id="a-run").frame
    others = others[~others["customer_id"].isin(gone)]
    again = seal(decided_without(world, gone, None), run_id="a-run").frame
    assert again["digest"].tolist() != others["digest"].tolist()


def test_others_are_valued_by_what_everybody_did_the_erased_included(busy: tuple[World, Decisions]) -> None:
    world, before = busy
    whole = seal(before.records, run_id="a-run").frame
    place = before.bids.options.customer[-1:]
    gone = set(whole["customer_id"].iloc[place])
    bids = before.bids.of(place)
    others = whole.loc[~whole["customer_id"].isin(gone), "digest"].tolist()
    assert seal(decided_without(world, gone, bids), run_id="a-run").frame["digest"].tolist() == others
    without_usual = Bids(bids.places, bids.options)
    assert seal(decided_without(world, gone, without_usual), run_id="a-run").frame["digest"].tolist() != others


def test_an_erased_digest_that_is_not_the_one_breaks_the_root(busy: tuple[World, Decisions]) -> None:
    whole = seal(busy[1].records, run_id="a-run")
    left = whole.frame.drop(index=4)
    right = str(whole.frame["digest"].iloc[4])
    assert verify(left, whole.root, {4: right}).is_intact
    assert not verify(left, whole.root, {5: right}).is_intact
    assert not verify(left, whole.root, {4: str(whole.frame["digest"].iloc[5])}).is_intact
    assert not verify(left, whole.root).is_intact


@settings(deadline=None)
@given(data=st.data())
def test_an_allocation_beside_absent_bids_is_the_allocation_of_all(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 9))
    rows = data.draw(
        st.lists(
            st.tuples(
                st.integers(0, count - 1),
                st.integers(0, 1),
                st.sampled_from([0.1, 0.2]),
                st.sampled_from([1.0, 2.0, 3.0]),
            ),
            max_size=24,
        ).map(sorted)
    )
    everybody = options(rows)
    whole = allocate(everybody, LIMITS, count)
    absent_places = np.array(sorted(data.draw(st.sets(st.integers(0, count - 1), max_size=count - 1))), dtype=np.int32)
    bids = Bids(np.arange(count, dtype=np.int32), everybody.take(whole.shortlisted)).of(absent_places)
    is_here = ~np.isin(everybody.customer, absent_places)
    here = np.setdiff1d(np.arange(count, dtype=np.int32), absent_places)
    left = everybody.take(is_here)
    left = replace(left, customer=np.searchsorted(here, left.customer).astype(np.int32))
    ours, used = allocate_beside(left, LIMITS, len(here), bids)
    expected = whole.chosen[here]
    positions = np.cumsum(is_here) - 1
    assert ours.chosen.tolist() == [NOTHING if at < 0 else positions[at] for at in expected]
    assert [price.tolist() for price in ours.prices] == [price.tolist() for price in whole.prices]
    assert used[0].tolist() == [sum(everybody.channel[at] == 0 for at in whole.chosen[absent_places] if at >= 0)]


def test_nobody_absent_uses_nothing() -> None:
    ours, used = allocate_beside(nobody().options, LIMITS, 2, nobody())
    assert ours.chosen.tolist() == [NOTHING, NOTHING]
    assert [amounts.tolist() for amounts in used] == [[0], [0]]
