"""Who is who is part of what makes a run, also where the joined tables do not tell it."""

import pandas as pd

from graph.identity import DECIDED_COLUMNS, Resolution, resolve
from pipelines.identities import ALIASES, CONTESTED, identity_digests

SEEN = pd.Timestamp("2026-01-01", tz="UTC")


def resolved(*identities: tuple[str, str, str]) -> Resolution:
    rows = [(*one, SEEN) for one in identities]
    visits = [(f"s{number}", "v", name, SEEN) for number, name in enumerate(("ada", "bob", "ada", "bob"))]
    return resolve(
        pd.DataFrame(rows, columns=["kind", "value", "customer_id", "first_seen_at"]),
        pd.DataFrame(visits, columns=["signal_id", "anonymous_id", "customer_id", "occurred_at"]),
        pd.DataFrame({"customer_id": ["ada", "bob", "cyd"]}),
        pd.DataFrame(columns=list(DECIDED_COLUMNS)),
    )


def test_who_is_contested_and_who_is_an_alias_make_a_run_another_one() -> None:
    contested = resolved(("phone", "1", "cyd"))
    joined = resolved(("email", "e", "ada"), ("email", "e", "bob"))
    assert len(contested.contested), "two take turns on one device"
    assert set(identity_digests(contested)) == {CONTESTED}
    assert set(identity_digests(joined)) == {ALIASES}
    assert identity_digests(contested) == identity_digests(resolved(("phone", "2", "cyd")))


def test_one_contested_customer_more_changes_the_digest() -> None:
    one = resolved(("phone", "1", "cyd"))
    more = pd.concat([one.contested, one.contested.assign(contested_id="another")], ignore_index=True)
    other = Resolution(one.aliases, more, one.moved, one.visitors)
    assert identity_digests(one)[CONTESTED] != identity_digests(other)[CONTESTED]


def test_where_everybody_is_only_themselves_there_is_nothing_to_say() -> None:
    nobody = Resolution(resolved().aliases.head(0), resolved().contested.head(0), resolved().moved, ())
    assert identity_digests(nobody) == {}
