"""Rows of aliases become rows of their survivors; where two have one key a stated rule chooses, and none is lost."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from graph.identity import DECIDED_COLUMNS, Resolution, resolve
from lake.coercion import ARROW_TYPES
from lake.tables import TABLES
from pipelines.joining import (
    Joined,
    Survivors,
    join_customers,
    join_rows,
    with_groups_of_aliases,
    without_strangers,
)

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def on(day: float) -> datetime:
    return BEGIN + timedelta(days=day)


def table(name: str, *rows: dict[str, Any], **attributes: pa.DataType) -> pa.Table:
    """Rows of a canonical table in its types, nulls where nothing is said."""
    types = {column.name: ARROW_TYPES[column.type] for column in TABLES[name].columns} | attributes
    return pa.table({column: pa.array([row.get(column) for row in rows], kind) for column, kind in types.items()})


@pytest.fixture
def resolution() -> Resolution:
    """ada has the aliases bob and cyd; the visitor v is dan, w is nobody we know."""
    identities = [("email", "e", name, on(1)) for name in ("ada", "bob", "cyd")]
    signals = [("s1", "v", None, on(1)), ("s2", "v", "dan", on(2)), ("s3", "w", None, on(3))]
    customers = [(name, on(number)) for number, name in enumerate(("ada", "bob", "cyd", "dan"))]
    return resolve(
        pd.DataFrame(identities, columns=["kind", "value", "customer_id", "first_seen_at"]),
        pd.DataFrame(signals, columns=["signal_id", "anonymous_id", "customer_id", "occurred_at"]),
        pd.DataFrame(customers, columns=["customer_id", "joined_at"]),
        pd.DataFrame(columns=list(DECIDED_COLUMNS)),
    )


def joined(name: str, resolution: Resolution, *rows: dict[str, Any]) -> Joined:
    return join_rows(TABLES[name], table(name, *rows), resolution)


def rows_of(found: Joined, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in columns) for row in found.content.to_pylist()]


def purchase(order: str, customer: str) -> dict[str, Any]:
    return {"order_id": order, "line": "1", "customer_id": customer, "kind": "sale", "net_value": 1.0}


def test_purchases_of_an_alias_are_those_of_its_survivor(resolution: Resolution) -> None:
    found = joined("purchases", resolution, purchase("o1", "bob"), purchase("o2", "dan"))

    assert rows_of(found, "order_id", "customer_id") == [("o1", "ada"), ("o2", "dan")]
    assert found.quarantined.empty


def test_signals_of_a_visitor_get_the_customer_it_turned_out_to_be(resolution: Resolution) -> None:
    rows = [{"signal_id": one, "anonymous_id": who} for one, who in (("s1", "v"), ("s3", "w"))]
    rows.append({"signal_id": "s4", "customer_id": "cyd"})

    found = joined("signals", resolution, *rows)

    assert rows_of(found, "signal_id", "customer_id") == [("s1", "dan"), ("s3", "anonymous/w"), ("s4", "ada")]


def test_what_names_a_customer_in_another_way_is_joined_too(resolution: Resolution) -> None:
    estimates = joined(
        "estimates",
        resolution,
        {"subject_kind": "customer", "subject_id": "bob", "name": "pclv", "value": 1.0},
        {"subject_kind": "product", "subject_id": "bob", "name": "pclv", "value": 2.0},
    )
    assertions = joined(
        "assertions",
        resolution,
        {"assertion_id": "a", "subject": "customer/bob"},
        {"assertion_id": "b", "subject": "bob"},
    )

    assert rows_of(estimates, "subject_kind", "subject_id") == [("customer", "ada"), ("product", "bob")]
    assert rows_of(assertions, "subject") == [("customer/ada",), ("bob",)]


def test_of_two_memberships_the_survivors_own_stays_and_the_other_is_put_aside(resolution: Resolution) -> None:
    rows = [
        {"customer_id": name, "programme_id": "club", "points": points} for name, points in (("bob", 9.0), ("ada", 5.0))
    ]

    found = joined("memberships", resolution, *rows)

    assert rows_of(found, "customer_id", "points") == [("ada", 5.0)]
    (aside,) = found.quarantined.to_dict("records")
    assert aside["reason"] == (
        "another row of the same customer has this key, since their identities were joined (customer_id, programme_id)"
    )
    assert aside["value"] == "bob"
    assert json.loads(aside["row"])["points"] == 9.0


def test_without_an_own_row_that_of_the_first_alias_stays(resolution: Resolution) -> None:
    rows = [
        {"customer_id": name, "programme_id": "club", "points": points} for name, points in (("cyd", 9.0), ("bob", 5.0))
    ]

    found = joined("memberships", resolution, *rows)

    assert rows_of(found, "customer_id", "points") == [("ada", 5.0)]
    assert found.quarantined["value"].tolist() == ["cyd"]


def test_rows_that_say_the_same_are_one_and_nothing_is_put_aside(resolution: Resolution) -> None:
    found = joined(
        "memberships", resolution, *({"customer_id": name, "programme_id": "club"} for name in ("ada", "bob"))
    )

    assert rows_of(found, "customer_id") == [("ada",)]
    assert found.quarantined.empty


@pytest.mark.parametrize("refusing", ["ada", "bob"])
def test_of_two_words_on_consent_from_one_moment_the_refusal_stays(resolution: Resolution, refusing: str) -> None:
    same = {"channel_id": "email", "purpose": "marketing", "recorded_at": on(1)}

    found = joined(
        "consents", resolution, *({"customer_id": name, "granted": name != refusing} | same for name in ("ada", "bob"))
    )

    assert rows_of(found, "customer_id", "granted") == [("ada", False)]
    assert len(found.quarantined) == 1


@pytest.mark.parametrize(("ends", "end"), [((None, 5), None), ((5, None), None), ((5, 9), 9), ((9, 5), 9)])
def test_suppressions_that_meet_hold_from_the_first_beginning_to_the_last_end(
    resolution: Resolution, ends: tuple[int | None, int | None], end: int | None
) -> None:
    rows = [
        {
            "kind": "customer",
            "value": name,
            "scope": "*",
            "reason": name,
            "starts_at": on(start),
            "ends_at": until and on(until),
        }
        for name, start, until in (("ada", 2, ends[0]), ("bob", 1, ends[1]))
    ]

    found = joined("suppressions", resolution, *rows)

    assert rows_of(found, "value", "starts_at", "ends_at") == [("ada", on(1), end and on(end))]
    assert len(found.quarantined) == 1


@pytest.mark.parametrize(("kind", "column"), [("household", "household_id"), ("account", "account_id")])
@pytest.mark.parametrize(("own_ends", "ends"), [(None, None), (9, 9), (8, 9)])
def test_a_suppression_of_an_aliass_household_is_one_of_the_survivor(
    resolution: Resolution, kind: str, column: str, own_ends: int | None, ends: int | None
) -> None:
    people = table("customers", {"customer_id": "ada", column: "h1"}, {"customer_id": "bob", column: "h2"})
    closed = {"scope": "email", "reason": "asked"}
    said = [{"kind": kind, "value": "h2", "starts_at": on(1), "ends_at": on(9), **closed}]
    own = [{"kind": "customer", "value": "ada", "starts_at": on(2), "ends_at": own_ends and on(own_ends), **closed}]

    found = with_groups_of_aliases(table("suppressions", *said), people, Survivors.of(resolution.aliases))
    both = with_groups_of_aliases(table("suppressions", *own, *said), people, Survivors.of(resolution.aliases))

    assert {(row["kind"], row["value"], row["ends_at"]) for row in found.to_pylist()} == {
        ("customer", "ada", on(9)),
        (kind, "h2", on(9)),
    }
    (row,) = [row for row in both.to_pylist() if row["kind"] == "customer"]
    assert (row["starts_at"], row["ends_at"]) == (on(1), ends and on(ends))
    assert both.schema == table("suppressions").schema


def test_nothing_is_added_where_no_alias_belongs_to_what_is_suppressed(resolution: Resolution) -> None:
    people = table("customers", {"customer_id": "ada", "household_id": "h1"}, {"customer_id": "bob"})
    closed = {"kind": "household", "value": "h1", "scope": "*", "reason": "asked", "starts_at": on(1)}
    rows = table("suppressions", closed)
    assert with_groups_of_aliases(rows, people, Survivors.of(resolution.aliases)).equals(rows)


def test_an_identifier_that_both_have_stays_with_its_earliest_sighting(resolution: Resolution) -> None:
    rows = [
        {"kind": "email", "value": "e", "customer_id": name, "first_seen_at": on(day)}
        for name, day in (("ada", 5), ("bob", 1))
    ]

    found = joined("identities", resolution, *rows)

    assert rows_of(found, "customer_id", "first_seen_at") == [("ada", on(1))]
    assert found.quarantined.empty


def test_a_survivor_keeps_what_it_says_and_is_filled_from_its_aliases_in_order(resolution: Resolution) -> None:
    content = table(
        "customers",
        {"customer_id": "ada", "region": "north", "is_known": False, "points": 1.0},
        {"customer_id": "bob", "region": "south", "language": "de", "is_minor": True},
        {"customer_id": "cyd", "language": "fr", "is_known": True, "points": 3.0, "stage": "new"},
        {"customer_id": "dan"},
        points=pa.float64(),
    )

    rows = {row["customer_id"]: row for row in join_customers(TABLES["customers"], content, resolution).to_pylist()}

    assert list(rows) == ["ada", "anonymous/w", "dan"]
    told = {name: rows["ada"][name] for name in ("region", "language", "stage", "points", "is_known", "is_minor")}
    assert told == {
        "region": "north", "language": "de", "stage": "new", "points": 1.0, "is_known": True, "is_minor": True,
    }  # fmt: skip
    assert rows["anonymous/w"]["is_known"] is False
    assert rows["dan"]["is_known"] is None


def test_rows_about_a_customer_that_is_not_there_any_more_are_put_aside() -> None:
    content = table(
        "touches", {"touch_id": "t1", "customer_id": "ada"}, {"touch_id": "t2", "customer_id": "anonymous/x"}
    )

    found = without_strangers(content, table("customers", {"customer_id": "ada"}))

    assert rows_of(found, "touch_id") == [("t1",)]
    assert found.quarantined[["reason", "value"]].to_numpy().tolist() == [["unknown customer", "anonymous/x"]]


@pytest.mark.parametrize("name", [name for name in TABLES if name != "customers"])
def test_an_empty_table_stays_as_it_is(name: str, resolution: Resolution) -> None:
    found = joined(name, resolution)

    assert found.content.equals(table(name))
    assert found.quarantined.empty
