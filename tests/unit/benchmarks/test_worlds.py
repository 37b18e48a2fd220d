"""Simulated worlds: the same from the same seed, whole, late for nothing, and silent about their truth."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.worlds import CompanySettings, World, simulate
from benchmarks.worlds.answering import answers, sent_by
from benchmarks.worlds.catalogue import OBJECTION_TOPICS
from graph.carts import carts
from graph.identity.decisions import DECIDED_COLUMNS
from graph.identity.resolving import resolve
from lake.coercion import arrow_of
from lake.quality import keys_of, split
from lake.tables import TABLES

CHANNELS = pd.DataFrame({"channel_id": ["email", "sales", "website", "google", "linkedin", "display"], "kind": "file"})
sizes = st.builds(
    CompanySettings,
    contacts=st.integers(1, 90),
    seed=st.integers(0, 2**32 - 1),
    days=st.integers(120, 500),
    unfamiliar_share=st.sampled_from([0.0, 0.5, 1.0]),
)


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(CompanySettings(contacts=1_500, seed=11))


def put_aside(tables: Mapping[str, pd.DataFrame], until: datetime) -> dict[str, int]:
    """Rows per table that would go to quarantine, or that lie at or after the end of the world."""
    known: dict[str, pd.Index | pa.Array] = {}
    wrong = {}
    for name, table in TABLES.items():
        frame = tables.get(name)
        if frame is None:
            known |= keys_of(table, pa.table({key: pa.array([], pa.string()) for key in table.key}))
            continue
        checked = split(
            table,
            arrow_of(frame),
            known=known,
            as_of=until,
            latest_known=until,
            timezone="Europe/Berlin",
            where="simulated",
        )
        wrong[name] = len(checked.quarantined) + checked.later
        known |= keys_of(table, checked.content)
    return wrong


@given(sizes)
@settings(max_examples=8, deadline=None)
def test_the_same_settings_give_the_same_world(wanted: CompanySettings) -> None:
    first, again = simulate(wanted), simulate(wanted)
    assert first.tables.keys() == again.tables.keys()
    for name in first.tables:
        pd.testing.assert_frame_equal(first.tables[name], again.tables[name])
    for name in ("people", "interests", "objections", "identities", "effects", "trials"):
        pd.testing.assert_frame_equal(getattr(first.truth, name), getattr(again.truth, name))


@given(sizes)
@settings(max_examples=15, deadline=None)
def test_every_row_of_every_world_is_a_valid_row_of_the_past(wanted: CompanySettings) -> None:
    made = simulate(wanted)
    assert len(made.tables["customers"]) == wanted.contacts
    wrong = put_aside({**made.tables, "channels": CHANNELS}, made.until)
    assert wrong == dict.fromkeys(wrong, 0)


@given(sizes)
@settings(max_examples=8, deadline=None)
def test_the_truth_knows_every_key_of_the_tables(wanted: CompanySettings) -> None:
    made = simulate(wanted)
    assert set(made.tables["customers"]["customer_id"]) == set(made.truth.person_of("customer").index)
    assert set(made.tables["signals"]["anonymous_id"].dropna()) <= set(made.truth.person_of("anonymous").index)
    assert set(made.tables["touches"]["touch_id"]) == set(made.truth.effects["touch_id"])
    caused = made.truth.effects["caused_order_id"].dropna()
    assert set(caused) <= set(made.tables["purchases"]["order_id"])


def test_another_seed_is_another_company() -> None:
    one, other = (simulate(CompanySettings(contacts=50, seed=seed)) for seed in (1, 2))
    assert not one.tables["customers"].equals(other.tables["customers"])
    assert not one.truth.interests.equals(other.truth.interests)


def test_nothing_of_the_truth_stands_in_the_tables(world: World) -> None:
    own = {"person", "behaviour", "responsiveness", "visits_per_day", "click_probability", "extra_order_probability"}
    own |= {"caused_order_id", "is_stalled", "is_converted", "weight"}
    assert {name: own & set(frame.columns) for name, frame in world.tables.items() if own & set(frame.columns)} == {}
    forms = set(world.truth.people["behaviour"])
    texts = {
        str(value)
        for frame in world.tables.values()
        for column in frame.select_dtypes(object)
        for value in frame[column].map(str).unique()
    }
    assert forms & texts == set()


def test_half_of_the_accounts_behave_in_a_form_that_our_models_do_not_have(world: World) -> None:
    form = world.truth.people.groupby("account_id")["behaviour"].agg(["nunique", "first"])
    assert (form["nunique"] == 1).all()
    assert 0.4 < (form["first"] != "steady").mean() < 0.6
    assert set(form["first"]) == {"steady", "seasonal", "self-exciting", "threshold"}


def test_seasonal_buyers_wait_for_the_end_of_the_quarter_and_steady_ones_do_not(world: World) -> None:
    near = near_quarter_end(world)
    assert near["seasonal"] > 0.6
    assert near["steady"] < 0.35


def test_self_exciting_visitors_come_in_bursts(world: World) -> None:
    # Fano factor: variance over mean of a person's sessions in a week; 1 for pure chance.
    signals = world.tables["signals"].dropna(subset=["session_id", "anonymous_id"]).drop_duplicates("session_id")
    person = signals["anonymous_id"].map(world.truth.person_of("anonymous"))
    people = world.truth.people.set_index("person")
    known = signals.assign(person=person)[person.isin(people.index)]
    week = (known["occurred_at"] - pd.Timestamp(world.since)).dt.days // 7
    counts = pd.crosstab(known["person"], week)
    form = people["behaviour"].reindex(counts.index)
    fano = (counts.var(axis=1) / counts.mean(axis=1)).groupby(form.to_numpy()).mean()
    assert fano["self-exciting"] > 1.4 * fano["steady"]


def test_interests_are_shares_and_some_of_them_shift(world: World) -> None:
    before = world.truth.interests_at(world.since).set_index(["person", "topic"])["weight"]
    after = world.truth.interests_at(world.until).set_index(["person", "topic"])["weight"]
    assert before.groupby("person").sum().max() <= 1.0 + 1e-9
    moved = (before - after).abs().groupby("person").max()
    assert 0.15 < (moved > 0.01).mean() < 0.45


def test_people_object_to_one_thing_at_most_and_sellers_are_mostly_right(world: World) -> None:
    held = world.truth.objections_at(world.until)
    assert held["person"].is_unique
    said = world.tables["assertions"]
    person = said["subject"].str.removeprefix("customer/").map(world.truth.person_of("customer"))
    topic = said["statement"].str.extract(r"topic/(\w+)")[0]
    assert set(topic) == set(OBJECTION_TOPICS)
    real = world.truth.objections.set_index("person")["topic"].reindex(person)
    assert 0.8 < (real.to_numpy() == topic.to_numpy()).mean() < 1.0


def test_who_is_named_on_a_device_is_its_owner_but_for_shared_ones(world: World) -> None:
    both = world.tables["signals"].dropna(subset=["customer_id", "anonymous_id"])
    named = both["customer_id"].map(world.truth.person_of("customer")).to_numpy()
    owner = both["anonymous_id"].map(world.truth.person_of("anonymous")).to_numpy()
    assert len(both) > 1_000
    assert (named == owner)[owner >= 0].all()
    identified = world.tables["identities"].query("kind == 'anonymous_id'")
    twice = identified.groupby("value")["customer_id"].nunique()
    shared = set(twice[twice > 1].index)
    truth = world.truth.person_of("anonymous")
    assert shared
    assert shared <= set(truth[truth < 0].index)


def test_devices_of_two_colleagues_are_contested_and_only_those(world: World) -> None:
    tables = world.tables
    nothing = pd.DataFrame(columns=DECIDED_COLUMNS)
    found = resolve(tables["identities"], tables["signals"], tables["customers"], nothing, as_of=world.until)
    contested = {key.removeprefix("anonymous/") for keys in found.contested["customers"] for key in keys[2:]}
    owner = world.truth.person_of("anonymous")
    assert len(contested) > 3
    assert (owner[sorted(contested)] < 0).all()


def test_carts_are_filled_before_checkouts_and_some_are_left_open(world: World) -> None:
    signals, purchases = world.tables["signals"], world.tables["purchases"]
    names = signals["name"].value_counts()
    assert names["Product Added"] > names["Checkout Started"] > names["Product Removed"] > 0
    held = carts(signals, purchases, as_of=world.until)
    lately = held["added_at"] >= pd.Timestamp(world.until) - pd.Timedelta(days=30)
    assert 10 < lately.sum() < 0.1 * len(world.tables["customers"])
    last_sale = purchases[purchases["kind"] == "sale"].groupby("customer_id")["occurred_at"].max()
    bought = held["from_key"].map(last_sale)
    assert (bought.isna() | (bought < held["added_at"])).all()
    assert bought.isna().any()  # somebody in a trial, who never bought


def test_a_few_people_are_in_the_books_twice_under_one_address(world: World) -> None:
    person = world.truth.person_of("customer")
    twice = person[person.duplicated(keep=False)]
    addresses = world.tables["identities"].query("kind == 'email'").set_index("customer_id")["value"]
    assert 20 <= len(twice) <= 60
    assert addresses.map(lambda address: address.endswith("@example.com")).all()
    assert addresses[twice.index].nunique() == len(twice) / 2
    assert addresses[person[~person.duplicated(keep=False)].index].is_unique


def test_touched_people_differ_before_any_touch_and_the_test_is_fair(world: World) -> None:
    people = world.truth.people.set_index("person")["visits_per_day"]
    person = world.tables["touches"]["customer_id"].map(world.truth.person_of("customer"))
    is_touched = people.index.isin(person)
    assert people[is_touched].mean() > 1.2 * people[~is_touched].mean()
    drawn = world.tables["assignments"]
    assert 0.35 < (drawn["arm"] == "nothing").mean() < 0.65
    assert (drawn["propensity"] == 0.5).all()


def test_effects_are_probabilities_and_orders_that_they_caused_come_after_the_touch(world: World) -> None:
    effects = world.truth.effects
    assert effects["extra_order_probability"].between(0, 1).all()
    caused = effects.dropna(subset=["caused_order_id"]).merge(world.tables["touches"], on="touch_id")
    ordered = world.tables["purchases"].drop_duplicates("order_id").set_index("order_id")["occurred_at"]
    assert len(caused) > 3
    assert (caused["caused_order_id"].map(ordered).to_numpy() > caused["sent_at"].to_numpy()).all()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"contacts": 0}, "one contact"),
        ({"days": 119}, "120 days"),
        ({"unfamiliar_share": 1.1}, "share"),
        ({"until": datetime(2025, 1, 1)}, "time zone"),  # noqa: DTZ001 -- that is the mistake
    ],
)
def test_settings_that_make_no_world_are_refused(wrong: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        CompanySettings(**wrong)  # type: ignore[arg-type]


def test_a_world_ends_where_it_is_told_to() -> None:
    until = datetime(2024, 2, 29, tzinfo=UTC)
    made = simulate(CompanySettings(contacts=40, until=until, days=200))
    assert made.until == until
    assert made.tables["signals"]["received_at"].max() < until


def near_quarter_end(world: World) -> "pd.Series[float]":
    """Share of orders within the last three weeks of a quarter, by form of behaviour."""
    sales = world.tables["purchases"].query("kind == 'sale'")
    local = sales["occurred_at"].dt.tz_localize(None)
    left = (local.dt.to_period("Q").dt.end_time - local).dt.days
    person = sales["customer_id"].map(world.truth.person_of("customer"))
    form = person.map(world.truth.people.set_index("person")["behaviour"])
    return pd.Series(np.asarray(left <= 21, dtype=float)).groupby(form.to_numpy()).mean()


def test_people_answer_what_they_care_about_more_often_and_never_after_the_world_has_ended(world: World) -> None:
    assets = world.tables["assets"]
    about = assets[assets["kind"] == "story"].explode("topics")
    people = world.truth.identities.query("kind == 'customer'").set_index("person")["key"]
    interests = world.truth.interests_at(world.until).assign(is_high=lambda rows: rows["weight"] > 0.5)
    asked = interests.merge(about[["asset_id", "topics"]], left_on="topic", right_on="topics")
    sent = pd.DataFrame(
        {
            "decision_id": [f"d{number}" for number in range(len(asked))],
            "customer_id": asked["person"].map(people[~people.index.duplicated()]),
            "channel_id": "email",
            "asset_id": asked["asset_id"],
            "sent_at": pd.Timestamp(world.until) - pd.Timedelta(days=2),
        }
    )
    found = answers(world, sent, seed=3)
    assert found.equals(answers(world, sent, seed=3))
    assert (found["occurred_at"] < pd.Timestamp(world.until)).all()
    assert set(found["touch_id"]) <= set(sent["decision_id"])
    clicked = sent["decision_id"].isin(found.loc[found["name"] == "clicked", "touch_id"])
    rate = clicked.groupby(asked["is_high"]).mean()
    assert rate[True] > 2 * rate[False] > 0


def test_what_a_run_sent_is_read_from_its_files(tmp_path: Path) -> None:
    (tmp_path / "email.csv").write_text("contact,template,decision_id,send_at\ncon-1,a-1,d-2,2025-10-03 07:00:00Z\n")
    (tmp_path / "sales.csv").write_text("contact,task,reference,due\ncon-2,Call them,d-1,2025-10-03 06:00:00Z\n")
    sent = sent_by(tmp_path, pd.DataFrame({"asset_id": ["a-1", "call"], "title": ["Read this", "Call them"]}))
    assert sent[["decision_id", "customer_id", "channel_id", "asset_id"]].to_numpy().tolist() == [
        ["d-1", "con-2", "sales", "call"],
        ["d-2", "con-1", "email", "a-1"],
    ]
    assert sent["sent_at"].tolist() == [pd.Timestamp(f"2025-10-03 0{hour}:00", tz="UTC") for hour in (6, 7)]
