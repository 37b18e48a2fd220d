"""From tables to every kind of the knowledge layer: accounts, programmes, observations, opportunities, topics."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.content import check_endpoints, whole_layer
from graph.relate import knowledge_tables

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
Tables = dict[str, pd.DataFrame]


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def table(*rows: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))


def world() -> Tables:
    return {
        "customers": table(
            {"customer_id": "ann", "region": "north", "account_id": "acme", "buying_group": "it", "role": "buyer"},
            {"customer_id": "bob", "region": "south", "account_id": "unknown-company", "buying_group": "it"},
            {"customer_id": "cem", "region": None, "account_id": "acme", "buying_group": None},
        ),
        "accounts": table({"account_id": "acme", "name": "Acme", "is_regulated": True, "region": "west"}),
        "categories": table({"category_id": "TEA", "name": "Tea", "parent_id": None}),
        "products": table(
            {"product_id": "assam", "name": "Assam", "category_id": "TEA", "size": "250 g", "stock": 3.0},
            {"product_id": "sencha", "name": "Sencha", "category_id": "TEA", "size": None, "stock": 0.0},
        ),
        "purchases": pd.DataFrame(
            {
                "order_id": pd.Series(dtype=object),
                "line": pd.Series(dtype=object),
                "customer_id": pd.Series(dtype=object),
                "product_id": pd.Series(dtype=object),
                "occurred_at": pd.Series(dtype="datetime64[us, UTC]"),
                "net_value": pd.Series(dtype=float),
                "quantity": pd.Series(dtype=float),
                "kind": pd.Series(dtype=object),
            }
        ),
        "assets": table(
            {"asset_id": "note", "version": "1", "title": "Note", "kind": "story", "topics": ["tea", "time"]},
        ),
        "channels": table({"channel_id": "email", "kind": "file"}, {"channel_id": "mail", "kind": "file"}),
        "audiences": table({"audience_id": "fans", "expression": 'customer.region == "north"'}),
        "campaigns": table(
            {"campaign_id": "year", "kind": "plan", "channel_id": None, "parent_id": None, "audience": "fans"},
            {"campaign_id": "spring", "kind": "mail", "channel_id": "mail", "parent_id": "year", "audience": "acme"},
            {"campaign_id": "autumn", "kind": "mail", "channel_id": "mail", "parent_id": "year", "audience": "gone"},
        ),
        "spend": table(
            {"campaign_id": "autumn", "channel_id": "ads", "date": at("2026-02-01"), "account_id": "acme"},
            {"campaign_id": "never-told", "channel_id": "ads", "date": at("2026-02-01"), "account_id": "acme"},
        ),
        "memberships": table(
            {"customer_id": "ann", "programme_id": "club", "tier": "gold", "points": 120.0, "points_missing": 30.0}
        ),
        "opportunities": opportunities(),
    }


def opportunities(**changes: Any) -> pd.DataFrame:
    row = {
        "opportunity_id": "o1",
        "account_id": "acme",
        "stage": "won",
        "amount": 900.0,
        "opened_at": at("2026-01-01"),
        "closed_at": at("2026-02-01"),
        "is_won": True,
        "campaign_id": "spring",
    }
    return table(row | changes)


def observation(about_kind: str, about_id: str, *, until: str | None = None, seen: str = "2026-02-01") -> Tables:
    row = {
        "observation_id": "w1",
        "kind": "weather",
        "about_kind": about_kind,
        "about_id": about_id,
        "observed_at": at(seen),
        "valid_until": pd.NaT if until is None else at(until),
        "value": 30.0,
    }
    frame = table(row)
    return {"observations": frame.assign(valid_until=pd.to_datetime(frame["valid_until"], utc=True))}


def related(tables: Tables | None = None) -> Tables:
    return knowledge_tables(world() | (tables or {}), as_of=AS_OF, timezone="UTC")


def pairs(tables: Tables, kind: str) -> set[tuple[str, str]]:
    frame = tables.get(kind, pd.DataFrame({"from_key": [], "to_key": []}))
    return set(zip(frame["from_key"], frame["to_key"], strict=True))


def test_the_rows_fit_the_schema_and_every_relationship_has_its_nodes() -> None:
    check_endpoints(whole_layer("knowledge", related(observation("topic", "heat"))), {})


def test_customers_work_at_accounts_that_are_known_and_decide_in_their_groups() -> None:
    tables = related()
    assert pairs(tables, "Customer WORKS_AT Account") == {("ann", "acme"), ("cem", "acme")}
    assert pairs(tables, "Customer MEMBER_OF BuyingGroup") == {("ann", "acme/it")}
    assert pairs(tables, "BuyingGroup PART_OF Account") == {("acme/it", "acme")}
    assert tables["Customer MEMBER_OF BuyingGroup"]["role"].tolist() == ["buyer"]
    assert tables["BuyingGroup"].to_dict("records") == [{"buying_group_id": "acme/it", "name": "it"}]


def test_customers_live_in_regions_and_are_enrolled_in_programmes() -> None:
    tables = related()
    assert pairs(tables, "Customer LIVES_IN Region") == {("ann", "north"), ("bob", "south")}
    assert tables["Region"]["region_id"].tolist() == ["north", "south"]
    (enrolled,) = tables["Customer ENROLLED_IN Programme"].to_dict("records")
    assert (enrolled["from_key"], enrolled["to_key"], enrolled["tier"], enrolled["points"]) == (
        "ann",
        "club",
        "gold",
        120.0,
    )
    assert tables["Programme"]["programme_id"].tolist() == ["club"]


def test_campaigns_target_an_audience_or_an_account_and_are_part_of_others() -> None:
    tables = related()
    assert pairs(tables, "Campaign TARGETS Audience") == {("year", "fans")}
    assert pairs(tables, "Campaign TARGETS Account") == {("spring", "acme"), ("autumn", "acme")}
    assert pairs(tables, "Campaign PART_OF Campaign") == {("spring", "year"), ("autumn", "year")}
    assert pairs(tables, "Campaign RUNS_ON Channel") == {("spring", "mail"), ("autumn", "mail")}


@pytest.mark.parametrize(
    ("closed", "told"),
    [("2026-02-28 23:59:59.999999", True), ("2026-03-01", False)],
)
def test_how_an_opportunity_ended_is_known_once_it_has(closed: str, *, told: bool) -> None:
    tables = related({"opportunities": opportunities(closed_at=at(closed))})
    (row,) = tables["Opportunity"].to_dict("records")
    assert (pd.notna(row["closed_at"]), pd.notna(row["is_won"]), pd.notna(row["stage"])) == (told, told, told)
    assert pairs(tables, "Opportunity WITH Account") == {("o1", "acme")}
    assert pairs(tables, "Opportunity FROM Campaign") == {("o1", "spring")}


def test_an_opportunity_is_there_from_the_moment_after_it_was_opened() -> None:
    assert related({"opportunities": opportunities(opened_at=at("2026-03-01"))})["Opportunity"].empty


@pytest.mark.parametrize(
    ("kind", "label", "known"),
    [
        ("region", "Region", "east"),
        ("product", "Product", "sencha"),
        ("category", "Category", "TEA"),
        ("account", "Account", "acme"),
        ("topic", "Topic", "heat"),
    ],
)
def test_an_observation_affects_what_it_is_about_and_brings_it_into_the_graph(
    kind: str, label: str, known: str
) -> None:
    tables = related(observation(kind, known))
    assert pairs(tables, f"Observation AFFECTS {label}") == {("w1", known)}
    assert known in set(tables[label].iloc[:, 0])


@pytest.mark.parametrize("kind", ["product", "category", "account"])
def test_an_observation_about_what_nobody_knows_affects_nothing_and_stays(kind: str) -> None:
    tables = related(observation(kind, "never-heard-of"))
    assert len(tables["Observation"]) == 1
    assert pairs(tables, f"Observation AFFECTS {kind.title()}") == set()


@pytest.mark.parametrize(
    ("until", "affects", "stays"),
    [
        (None, True, True),
        ("2026-03-01 00:00:00.000001", True, True),
        ("2026-03-01", False, True),
        ("2025-11-30 00:00:00.000001", False, True),
        ("2025-11-30", False, False),
    ],
)
def test_an_observation_affects_things_until_the_moment_it_expires_and_stays_for_a_while(
    until: str | None, *, affects: bool, stays: bool
) -> None:
    tables = related(observation("region", "north", until=until, seen="2025-01-01"))
    assert bool(pairs(tables, "Observation AFFECTS Region")) == affects
    assert bool(len(tables["Observation"])) == stays


def test_topics_are_all_that_anything_is_about() -> None:
    tables = related(observation("topic", "heat"))
    assert pairs(tables, "Asset ABOUT Topic") == {("note", "tea"), ("note", "time")}
    assert {"heat", "tea", "time"} <= set(tables["Topic"]["topic_id"])
    assert tables["Topic"]["name"].tolist() == tables["Topic"]["topic_id"].tolist()


def test_products_that_something_refers_to_come_with_their_facts() -> None:
    tables = related(observation("product", "assam"))
    (row,) = tables["Product"].to_dict("records")
    assert (row["product_id"], row["size"], row["stock"]) == ("assam", "250 g", 3.0)


SUPPRESSIONS = table(
    {"kind": "customer", "value": "ann", "scope": "email", "reason": "asked", "starts_at": at("2026-01-01")},
    {"kind": "account", "value": "acme", "scope": "mail", "reason": "law", "starts_at": at("2026-01-01")},
).assign(ends_at=pd.Series([pd.NaT, pd.NaT]).dt.tz_localize("UTC"))


def test_whoever_is_suppressed_is_not_reachable_whatever_they_agreed_to() -> None:
    consents = pd.DataFrame(
        {
            "customer_id": ["ann", "ann", "bob"],
            "channel_id": ["email", "mail", "email"],
            "purpose": "marketing",
            "granted": True,
            "recorded_at": at("2026-02-28"),
            "source": "form",
            "basis": "consent",
        }
    )
    frame = related({"consents": consents, "suppressions": SUPPRESSIONS})["Customer REACHABLE_ON Channel"]
    found = dict(zip(zip(frame["from_key"], frame["to_key"], strict=True), frame["granted"], strict=True))
    assert found == {
        ("ann", "email"): False,
        ("ann", "mail"): False,
        ("cem", "mail"): False,
        ("bob", "email"): True,
    }
    assert set(frame.loc[~frame["granted"].astype(bool), "source"]) == {"suppressions"}


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    tables = world() | observation("topic", "heat") | {"suppressions": SUPPRESSIONS}
    shuffled = {name: frame.sample(frac=1.0, random_state=seed) for name, frame in tables.items()}
    plain, mixed = (
        whole_layer("knowledge", knowledge_tables(one, as_of=AS_OF, timezone="UTC")) for one in (tables, shuffled)
    )
    assert {name: rows.to_pylist() for name, rows in plain.items()} == {
        name: rows.to_pylist() for name, rows in mixed.items()
    }
