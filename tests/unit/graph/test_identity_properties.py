"""What holds of identity resolution in any world."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.identity import DECIDED_COLUMNS, VISITOR, IdentitySettings, Resolution, resolve

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
CUSTOMERS = [f"c{number}" for number in range(6)]
VISITORS = [f"v{number}" for number in range(5)]
Row = tuple[Any, ...]
MOMENTS: Final = "datetime64[us, UTC]"
KINDS = ["email", "phone", "device"]
VALUES = ["1", "2", "3"]
ANY_IDS = CUSTOMERS + [VISITOR + name for name in VISITORS]

days = st.integers(0, 60)
identity_rows = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(VALUES), st.sampled_from(CUSTOMERS), days),
    max_size=12,
    unique_by=lambda row: row[:3],
)
contacts = st.sampled_from([None, None, '{"email": "1"}', '{"phone_hash": "2"}', '{"traits": {"email": "3"}}'])
signal_rows = st.lists(
    st.tuples(st.sampled_from(VISITORS), st.sampled_from([None, None, *CUSTOMERS]), days, contacts), max_size=14
)
customer_rows = st.lists(st.tuples(st.none() | days, st.sampled_from([True, True, False])), min_size=6, max_size=6)


EXAMPLES = settings(deadline=None, max_examples=25)


class World:
    def __init__(self, identities: Sequence[Row], signals: Sequence[Row], customers: Sequence[Row]) -> None:
        self.identities = pd.DataFrame(
            [(kind, value, customer, moment(day)) for kind, value, customer, day in identities],
            columns=["kind", "value", "customer_id", "first_seen_at"],
        ).astype({"first_seen_at": MOMENTS})
        self.signals = pd.DataFrame(
            [
                (f"s{number:02}", who, whose, moment(day), said)
                for number, (who, whose, day, said) in enumerate(signals)
            ],
            columns=["signal_id", "anonymous_id", "customer_id", "occurred_at", "properties"],
        ).astype({"occurred_at": MOMENTS})
        self.customers = pd.DataFrame(
            [
                (name, pd.NaT if day is None else moment(day), is_known)
                for name, (day, is_known) in zip(CUSTOMERS, customers, strict=True)
            ],
            columns=["customer_id", "joined_at", "is_known"],
        )
        self.customers["joined_at"] = pd.to_datetime(self.customers["joined_at"], utc=True).astype(MOMENTS)

    def resolved(self, *decisions: Row, told: IdentitySettings | None = None) -> Resolution:
        return resolve(
            self.identities, self.signals, self.customers, decided(*decisions), settings=told or IdentitySettings()
        )

    def shuffled(self, seed: int) -> "World":
        other = World([], [], [(None, True)] * 6)
        for name in ("identities", "signals", "customers"):
            setattr(other, name, getattr(self, name).sample(frac=1, random_state=seed))
        return other

    @property
    def ids(self) -> set[str]:
        return set(self.customers["customer_id"]) | {VISITOR + name for name in self.signals["anonymous_id"]}


worlds = st.builds(World, identity_rows, signal_rows, customer_rows)
decisions = st.lists(
    st.tuples(st.just("merged"), st.sampled_from(ANY_IDS), st.sampled_from(ANY_IDS)).filter(
        lambda row: row[1] != row[2]
    )
    | st.tuples(st.just("split"), st.sampled_from(ANY_IDS), st.none()),
    max_size=4,
)


def moment(day: int) -> datetime:
    return BEGIN + timedelta(days=day)


def decided(*rows: Row) -> pd.DataFrame:
    told = [(number, *row, "person:ada", moment(number), "so") for number, row in enumerate(rows)]
    return pd.DataFrame(told, columns=list(DECIDED_COLUMNS), dtype=object)


def same(one: Resolution, other: Resolution) -> bool:
    frames = all(getattr(one, name).equals(getattr(other, name)) for name in ("aliases", "contested", "moved"))
    return frames and one.visitors == other.visitors


def owner(found: Resolution) -> dict[str, str]:
    return dict(zip(found.aliases["alias"], found.aliases["customer_id"], strict=True))


@EXAMPLES
@given(worlds, decisions, st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(world: World, said: list[Row], seed: int) -> None:
    assert same(world.resolved(*said), world.shuffled(seed).resolved(*said))


@EXAMPLES
@given(worlds, decisions)
def test_every_id_is_a_survivor_or_the_alias_of_one_and_never_both(world: World, said: list[Row]) -> None:
    found = world.resolved(*said)

    alias, survivor = found.aliases["alias"], set(found.aliases["customer_id"])
    assert alias.is_unique
    assert not survivor & set(alias)
    assert (set(alias) | survivor) <= world.ids
    visitors = {name for name in world.ids if name.startswith(VISITOR)}
    assert set(found.visitors) == visitors - set(alias)
    assert found.aliases["evidence"].notna().all()


@EXAMPLES
@given(worlds, decisions)
def test_every_visit_without_a_customer_gets_exactly_one_who_is_a_survivor(world: World, said: list[Row]) -> None:
    found = world.resolved(*said)

    anonymous = world.signals.loc[world.signals["customer_id"].isna(), "signal_id"]
    assert found.moved["signal_id"].tolist() == sorted(anonymous)
    assert not set(found.moved["customer_id"]) & set(found.aliases["alias"])


@EXAMPLES
@given(worlds, decisions)
def test_of_those_who_are_one_the_oldest_survives(world: World, said: list[Row]) -> None:
    first_seen = world.identities.groupby("customer_id")["first_seen_at"].min()
    since = world.customers.set_index("customer_id")["joined_at"]
    since = pd.concat([since, first_seen]).groupby(level=0).min()
    visits = world.signals.groupby("anonymous_id")["occurred_at"].min()
    is_known = world.customers.set_index("customer_id")["is_known"]

    def seniority(name: str) -> Row:
        if name.startswith(VISITOR):
            return 2, visits[name.removeprefix(VISITOR)], name
        day = since[name]
        return 0 if is_known[name] else 1, pd.Timestamp.max.tz_localize("UTC") if pd.isna(day) else day, name

    for alias, survivor in owner(world.resolved(*said)).items():
        assert seniority(survivor) < seniority(alias)


@EXAMPLES
@given(worlds, decisions)
def test_the_contested_are_never_joined(world: World, said: list[Row]) -> None:
    found = world.resolved(*said)

    for names in found.contested["customers"]:
        assert len(set(names)) == len(names) >= 2
        assert not set(names) & set(found.aliases["alias"])
    assert found.contested["contested_id"].is_unique


@EXAMPLES
@given(worlds, decisions, st.sampled_from(ANY_IDS), st.sampled_from(ANY_IDS))
def test_a_split_undoes_a_merge_exactly(world: World, said: list[Row], one: str, other: str) -> None:
    before = world.resolved(*said)
    owners = owner(before)
    is_tied = any(one in row or other in row for row in said if row[0] == "merged")
    if one == other or owners.get(one, one) == owners.get(other, other) or is_tied:
        return

    after = world.resolved(*said, ("merged", one, other), ("split", one, None))

    assert same(before, after)


@EXAMPLES
@given(worlds, st.sampled_from(ANY_IDS), st.sampled_from(ANY_IDS))
def test_what_a_person_merged_is_one_whatever_the_rules_say(world: World, one: str, other: str) -> None:
    if one == other or not {one, other} <= world.ids:
        return

    owners = owner(world.resolved(("merged", one, other)))

    assert owners.get(one, one) == owners.get(other, other)


@EXAMPLES
@given(worlds, decisions, st.sampled_from(ANY_IDS))
def test_who_was_split_from_everybody_is_no_ones_alias_and_has_none(world: World, said: list[Row], name: str) -> None:
    if any(name in row for row in said):
        return

    found = world.resolved(*said, ("split", name, None))

    assert name not in owner(found)
    customers = [alias for alias in owner(found) if not alias.startswith(VISITOR)]
    assert name not in {owner(found)[alias] for alias in customers if alias in known(world)}


def known(world: World) -> set[str]:
    return set(world.customers.loc[world.customers["is_known"], "customer_id"])


@EXAMPLES
@given(worlds)
def test_resolving_what_was_resolved_finds_nothing_more(world: World) -> None:
    told = IdentitySettings(most_customers=9, most_together=9)
    world.customers["is_known"] = True
    found = world.resolved(told=told)
    owners = owner(found)

    again = world.shuffled(1)
    again.identities["customer_id"] = again.identities["customer_id"].map(lambda name: owners.get(name, name))
    again.identities = again.identities.sort_values("first_seen_at").drop_duplicates(["kind", "value", "customer_id"])
    again.customers = world.customers[~world.customers["customer_id"].isin(owners)]
    again.signals["customer_id"] = again.signals["customer_id"].map(lambda name: owners.get(name, name))
    visits = again.signals["signal_id"].map(found.moved.set_index("signal_id")["customer_id"])
    again.signals["customer_id"] = again.signals["customer_id"].fillna(visits)
    visitors = [{"customer_id": name, "joined_at": pd.NaT, "is_known": False} for name in found.visitors]
    if visitors:
        again.customers = pd.concat([again.customers, pd.DataFrame(visitors)], ignore_index=True)
        again.customers["joined_at"] = pd.to_datetime(again.customers["joined_at"], utc=True)

    second = again.resolved(told=told)

    customers = set(owner(second)) - {VISITOR + name for name in again.signals["anonymous_id"]}
    assert not customers
    assert second.moved.empty
