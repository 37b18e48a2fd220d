"""Who is who: by shared identifiers, by logins and contacts, by what people decided, and never by a guess."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from graph.identity import DECIDED_COLUMNS, IdentityError, IdentitySettings, Resolution, resolve

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
Row = tuple[Any, ...]


def on(day: float) -> datetime:
    return BEGIN + timedelta(days=day)


def identities(*rows: Row) -> pd.DataFrame:
    """Rows of kind, value, customer and day."""
    columns = ["kind", "value", "customer_id", "first_seen_at"]
    return pd.DataFrame([(*row[:3], on(row[3])) for row in rows], columns=columns)


def signals(*rows: Row) -> pd.DataFrame:
    """Rows of visitor, customer, day and, where there are any, properties."""
    columns = ["signal_id", "anonymous_id", "customer_id", "occurred_at", "properties"]
    told = [(f"s{number}", *row[:2], on(row[2]), row[3] if len(row) > 3 else None) for number, row in enumerate(rows)]
    return pd.DataFrame(told, columns=columns)


def customers(*ids: str, unknown: Sequence[str] = ()) -> pd.DataFrame:
    """Customers known by name, the first one being the oldest, and others."""
    rows = [(name, on(number - 100), name not in unknown) for number, name in enumerate([*ids, *unknown])]
    return pd.DataFrame(rows, columns=["customer_id", "joined_at", "is_known"])


def decided(*rows: Row) -> pd.DataFrame:
    """Rows of kind, id and, for a merge, the other id."""
    told = [
        (number, row[0], row[1], row[2] if len(row) > 2 else None, "person:ada", on(number), "they say so")
        for number, row in enumerate(rows)
    ]
    return pd.DataFrame(told, columns=list(DECIDED_COLUMNS), dtype=object)


def aliases(found: Resolution) -> dict[str, str]:
    return dict(zip(found.aliases["alias"], found.aliases["customer_id"], strict=True))


def moved(found: Resolution) -> dict[str, str]:
    return dict(zip(found.moved["signal_id"], found.moved["customer_id"], strict=True))


def reasons(found: Resolution) -> dict[str, list[str]]:
    return dict(zip(found.contested["reason"], found.contested["customers"], strict=True))


def test_customers_who_share_an_address_are_one_and_the_oldest_survives() -> None:
    shared = identities(("email", "e", "new", 2), ("email", "e", "old", 5), ("email", "f", "other", 1))

    found = resolve(shared, signals(), customers("old", "other", "new"), decided())

    assert aliases(found) == {"new": "old"}
    row = found.aliases.iloc[0]
    assert (row["decided_by"], row["evidence"], row["at"]) == ("rule:shared-identifier", "email:e", on(2))
    assert found.contested.empty


def test_without_a_date_of_joining_the_first_identifier_tells_who_is_older_and_the_id_breaks_ties() -> None:
    undated = customers("a", "b", "c").drop(columns="joined_at")
    shared = identities(("email", "e", "c", 1), ("email", "e", "b", 1), ("email", "e", "a", 2))

    assert aliases(resolve(shared, signals(), undated, decided())) == {"a": "b", "c": "b"}


def test_a_customer_known_by_name_survives_an_older_one_who_is_not() -> None:
    shared = identities(("email", "e", "lead", 1), ("email", "e", "named", 50))

    found = resolve(shared, signals(), customers("named", unknown=["lead"]).iloc[::-1], decided())

    assert aliases(found) == {"lead": "named"}


def test_a_contact_in_a_form_moves_all_that_the_visitor_did_before_and_after() -> None:
    left = signals(("v", None, 1), ("v", None, 2, '{"form": "guide", "email": "e"}'), ("v", None, 3), ("w", None, 2))

    found = resolve(identities(("email", "e", "ada", 2)), left, customers("ada"), decided())

    assert aliases(found) == {"anonymous/v": "ada"}
    assert moved(found) == {"s0": "ada", "s1": "ada", "s2": "ada", "s3": "anonymous/w"}
    assert found.visitors == ("anonymous/w",)


@pytest.mark.parametrize(
    "properties", ['{"email_hash": "e"}', '{"traits": {"email": "e"}}', '{"traits": {"email_hash": "e"}}']
)
def test_a_contact_may_be_hashed_or_stand_among_the_traits(properties: str) -> None:
    found = resolve(
        identities(("email", "e", "ada", 2)), signals(("v", None, 1, properties)), customers("ada"), decided()
    )

    assert aliases(found) == {"anonymous/v": "ada"}


def test_properties_that_cannot_be_read_are_counted_and_tell_nothing() -> None:
    left = signals(("v", None, 1, '{"email": "e"'), ("v", None, 1, '["email"]'))

    found = resolve(identities(("email", "e", "ada", 2)), left, customers("ada"), decided())

    assert found.unreadable == 2
    assert aliases(found) == {}


@pytest.mark.parametrize("kind", ["anonymous", "anonymous_id"])
def test_a_login_recorded_as_an_identity_counts_like_a_signal_that_carries_both_ids(kind: str) -> None:
    by_identity = resolve(identities((kind, "v", "ada", 2)), signals(("v", None, 1)), customers("ada"), decided())
    by_signal = resolve(identities(), signals(("v", None, 1), ("v", "ada", 2)), customers("ada"), decided())

    assert aliases(by_identity) == aliases(by_signal) == {"anonymous/v": "ada"}


def test_visitors_who_leave_the_same_unknown_address_are_one_visitor_the_oldest() -> None:
    left = signals(("young", None, 5, '{"email": "e"}'), ("old", None, 1), ("old", None, 6, '{"email": "e"}'))

    found = resolve(identities(), left, customers("ada"), decided())

    assert aliases(found) == {"anonymous/young": "anonymous/old"}
    assert set(moved(found).values()) == {"anonymous/old"}


def test_a_second_browser_follows_the_address_to_the_customer_who_logged_in_on_the_first() -> None:
    left = signals(("first", "ada", 1), ("first", None, 2, '{"email": "e"}'), ("second", None, 3, '{"email": "e"}'))

    assert aliases(resolve(identities(), left, customers("ada"), decided()))["anonymous/second"] == "ada"


def test_customers_who_contradict_each_other_in_another_identifier_are_contested() -> None:
    shared = identities(
        ("phone", "p", "ada", 1), ("phone", "p", "bob", 1), ("email", "a", "ada", 1), ("email", "b", "bob", 1)
    )

    found = resolve(shared, signals(), customers("ada", "bob"), decided())

    assert aliases(found) == {}
    assert reasons(found) == {"conflicting-identifiers": ["ada", "bob"]}
    assert found.contested["evidence"].tolist() == [["phone:p"]]


def test_who_has_both_addresses_is_no_contradiction() -> None:
    shared = identities(("email", "e", "ada", 1), ("email", "f", "ada", 1), ("email", "f", "bob", 1))

    assert aliases(resolve(shared, signals(), customers("ada", "bob"), decided())) == {"bob": "ada"}


@pytest.mark.parametrize(("sharing", "is_joined"), [(3, True), (4, False)])
def test_an_address_of_more_than_three_customers_is_nobodys_own(sharing: int, is_joined: bool) -> None:
    ids = [f"c{number}" for number in range(sharing)]
    shared = identities(*(("email", "info", name, 1) for name in ids))

    found = resolve(shared, signals(), customers(*ids), decided())

    assert bool(aliases(found)) is is_joined
    assert reasons(found) == ({} if is_joined else {"shared-by-too-many": ids})


@pytest.mark.parametrize(("visitors", "is_joined"), [(2, True), (3, False)])
def test_an_address_left_by_too_many_visitors_joins_none_of_them(visitors: int, is_joined: bool) -> None:
    left = signals(*((f"v{number}", None, 1, '{"email": "e"}') for number in range(visitors)))

    found = resolve(
        identities(("email", "e", "ada", 1)),
        left,
        customers("ada"),
        decided(),
        settings=IdentitySettings(most_visitors=2),
    )

    assert bool(aliases(found)) is is_joined


@pytest.mark.parametrize(("most", "is_joined"), [(4, True), (3, False)])
def test_a_long_chain_of_shared_addresses_is_not_followed(most: int, is_joined: bool) -> None:
    chain = [("email", f"e{link}", f"c{end}", 1) for link in range(3) for end in (link, link + 1)]

    found = resolve(
        identities(*chain),
        signals(),
        customers("c0", "c1", "c2", "c3"),
        decided(),
        settings=IdentitySettings(most_together=most),
    )

    assert bool(aliases(found)) is is_joined
    assert ("too-many-together" in reasons(found)) is not is_joined


def test_a_device_joins_no_two_customers_known_by_name() -> None:
    shared = identities(("device", "d", "ada", 1), ("device", "d", "bob", 1))

    found = resolve(shared, signals(), customers("ada", "bob"), decided())

    assert aliases(found) == {}
    assert reasons(found) == {"weak-identifier-only": ["ada", "bob"]}


def test_a_device_joins_a_customer_without_a_name_to_the_one_with_a_name() -> None:
    shared = identities(("device", "d", "ada", 1), ("device", "d", "lead", 1))

    assert aliases(resolve(shared, signals(), customers("ada", unknown=["lead"]), decided())) == {"lead": "ada"}


def test_a_visitor_who_leaves_what_several_customers_have_is_contested() -> None:
    shared = identities(("device", "d", "ada", 1), ("device", "d", "bob", 1), ("device", "d", "lead", 1))

    found = resolve(shared, signals(), customers("ada", "bob", unknown=["lead"]), decided())

    assert aliases(found) == {}
    assert reasons(found)["leads-to-several-customers"] == ["ada", "bob", "lead"]


def test_a_device_that_changes_hands_gives_its_visits_to_whoever_identifies_next() -> None:
    visits = signals(
        ("v", None, 9),
        ("v", "ada", 10),
        ("v", None, 11),
        ("v", "ada", 12),
        ("v", None, 13),
        ("v", "bob", 20),
        ("v", None, 21),
    )

    found = resolve(identities(), visits, customers("ada", "bob"), decided())

    assert moved(found) == {"s0": "ada", "s2": "ada", "s4": "bob", "s6": "bob"}
    assert found.contested.empty


@pytest.mark.parametrize(("days", "owner"), [(30, "bob"), (30.001, "anonymous/v")])
def test_visits_too_long_before_anybody_identifies_stay_anonymous(days: float, owner: str) -> None:
    visits = signals(("v", "ada", 10), ("v", None, 60 - days), ("v", "bob", 60))

    assert moved(resolve(identities(), visits, customers("ada", "bob"), decided())) == {"s1": owner}


@pytest.mark.parametrize(("days", "owner"), [(30, "bob"), (30.001, "anonymous/v")])
def test_visits_too_long_after_the_last_who_identified_stay_anonymous(days: float, owner: str) -> None:
    visits = signals(("v", "ada", 10), ("v", "bob", 20), ("v", None, 20 + days))

    assert moved(resolve(identities(), visits, customers("ada", "bob"), decided())) == {"s2": owner}


@pytest.mark.parametrize("days", [(1, 2, 3), (1, 1, 1)])
def test_customers_who_alternate_on_a_device_are_contested(days: tuple[int, int, int]) -> None:
    first, second, third = days
    visits = signals(("v", "ada", first), ("v", "bob", second), ("v", "ada", third), ("v", None, 2))

    found = resolve(identities(), visits, customers("ada", "bob"), decided())

    assert moved(found) == {"s3": "anonymous/v"}
    assert reasons(found) == {"overlapping-visits": ["ada", "bob", "anonymous/v"]}


def test_an_address_that_leads_to_two_logins_is_contested_and_the_logins_stand() -> None:
    left = signals(
        ("a", "ada", 1),
        ("a", None, 2, '{"email": "e"}'),
        ("b", "bob", 1),
        ("b", None, 2, '{"email": "e"}'),
        ("c", None, 2, '{"email": "e"}'),
    )

    found = resolve(identities(), left, customers("ada", "bob"), decided())

    assert aliases(found) == {"anonymous/a": "ada", "anonymous/b": "bob"}
    assert reasons(found) == {"leads-to-several-customers": ["ada", "bob", "anonymous/c"]}


def test_only_what_was_known_before_as_of_counts() -> None:
    shared = identities(("email", "e", "ada", 1), ("email", "e", "bob", 5))

    assert aliases(resolve(shared, signals(), customers("ada", "bob"), decided(), as_of=on(5))) == {}
    assert aliases(resolve(shared, signals(), customers("ada", "bob"), decided(), as_of=on(5.1))) == {"bob": "ada"}


def test_a_decision_counts_from_after_its_moment() -> None:
    merge = decided(("merged", "ada", "bob"))

    assert aliases(resolve(identities(), signals(), customers("ada", "bob"), merge, as_of=on(0))) == {}
    assert aliases(resolve(identities(), signals(), customers("ada", "bob"), merge, as_of=on(1))) == {"bob": "ada"}


def test_what_a_person_merged_is_one_whatever_speaks_against_it_and_says_who_and_why() -> None:
    shared = identities(
        ("phone", "p", "ada", 1), ("phone", "p", "bob", 1), ("email", "a", "ada", 1), ("email", "b", "bob", 1)
    )

    found = resolve(shared, signals(), customers("ada", "bob"), decided(("merged", "bob", "ada")))

    assert aliases(found) == {"bob": "ada"}
    assert found.aliases.iloc[0][["decided_by", "evidence", "because"]].tolist() == [
        "person:ada",
        "journal:0",
        "they say so",
    ]
    assert found.contested.empty


def test_a_person_may_say_whose_a_visitor_is() -> None:
    visits = signals(("v", "ada", 1), ("v", "bob", 2), ("v", "ada", 3), ("v", None, 2))

    found = resolve(identities(), visits, customers("ada", "bob"), decided(("merged", "anonymous/v", "bob")))

    assert moved(found) == {"s3": "bob"}
    assert found.contested.empty


def test_a_split_of_what_a_rule_joined_keeps_it_apart_and_leaves_the_others_joined() -> None:
    shared = identities(*(("email", "e", name, 1) for name in ("ada", "bob", "cyd")))
    known = customers("ada", "bob", "cyd")

    assert aliases(resolve(shared, signals(), known, decided(("split", "ada")))) == {"cyd": "bob"}
    assert aliases(resolve(shared, signals(), known, decided(("split", "ada"), ("merged", "ada", "cyd")))) == {
        "bob": "ada",
        "cyd": "ada",
    }


def test_what_a_person_split_again_is_not_joined_by_evidence_that_comes_later() -> None:
    shared = identities(("email", "e", "ada", 1), ("email", "e", "bob", 1))
    undone = decided(("merged", "ada", "bob"), ("split", "bob"))

    found = resolve(shared, signals(), customers("ada", "bob"), undone)

    assert aliases(found) == {}
    assert reasons(found) == {"kept-apart": ["ada", "bob"]}


def test_a_visitor_that_a_person_took_away_from_a_customer_does_not_come_back() -> None:
    visits = signals(("v", None, 1), ("v", "ada", 2))

    alone = resolve(identities(), visits, customers("ada"), decided(("split", "anonymous/v")))
    undone = decided(("merged", "anonymous/v", "ada"), ("split", "anonymous/v"))

    assert moved(alone) == {"s0": "anonymous/v"}
    assert moved(resolve(identities(), visits, customers("ada"), undone)) == {"s0": "anonymous/v"}


def test_an_id_merged_into_itself_is_refused_and_the_event_named() -> None:
    with pytest.raises(IdentityError, match="`ada` cannot be merged into itself") as told:
        resolve(identities(), signals(), customers("ada"), decided(("merged", "ada", "ada")))

    assert told.value.where == "journal, event 0"


def test_another_decision_than_merge_and_split_is_refused() -> None:
    with pytest.raises(IdentityError, match="`joined` is no decision"):
        resolve(identities(), signals(), customers("ada"), decided(("joined", "ada", "bob")))


def test_decisions_about_ids_that_are_not_there_change_nothing() -> None:
    found = resolve(identities(), signals(), customers("ada"), decided(("merged", "ada", "gone"), ("split", "lost")))

    assert aliases(found) == {}


def test_without_any_rows_there_is_nobody_to_join() -> None:
    found = resolve(identities(), signals(), customers(), decided())

    assert (len(found.aliases), len(found.contested), len(found.moved), found.visitors) == (0, 0, 0, ())
