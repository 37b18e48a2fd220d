"""The view read from a real server is the same as without a graph; its candidates are those of a plain traversal."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.beliefs import BeliefSettings
from graph.build_view import view_from_tables
from graph.errors import GraphError
from graph.load import load
from graph.read_view import load_view, read_view, store_view
from graph.relate import RelateSettings, knowledge_tables
from graph.store import GraphStore
from graph.view import Links, Nodes, View

Tables = dict[str, pd.DataFrame]
Candidate = tuple[str, str, str, str]

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
CUSTOMERS = ("ann", "bob", "Zoë")
CATEGORIES = ("FOOD", "FOOD/DAIRY", "TEA")
PRODUCTS = {"milk": "FOOD/DAIRY", "bread": "FOOD", "odd": None}
ASSETS = ("a1", "a2", "a3")
CHANNELS = ("email", "mail")

TRAVERSAL = """
MATCH (c:Customer)-[:BOUGHT]->(k:Category)<-[:ABOUT]-(a:Asset)-[:FITS]->(h:Channel)<-[:REACHABLE_ON {granted: true}]-(c)
RETURN c.customer_id AS customer, k.category_id AS category, a.asset_id AS asset, h.channel_id AS channel
"""


def subsets(values: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.sets(st.sampled_from(values)).map(sorted)


@st.composite
def worlds(draw: st.DrawFn) -> Tables:
    """Canonical tables of a few customers, with whatever may be missing missing now and then."""
    times = st.integers(0, 60 * 86_400 * 10**6).map(lambda us: AS_OF - pd.Timedelta(microseconds=us))
    purchases = draw(
        st.lists(
            st.tuples(
                st.sampled_from(CUSTOMERS), st.sampled_from(sorted(PRODUCTS)), times, st.sampled_from([0.1, 2.5])
            ),
            max_size=12,
        )
    )
    asset_ids = draw(subsets(ASSETS))
    consents = draw(
        st.dictionaries(
            st.tuples(st.sampled_from(CUSTOMERS), st.sampled_from(CHANNELS)),
            st.tuples(st.booleans(), st.sampled_from(["consent", None]), times),
        )
    )
    return {
        "customers": pd.DataFrame(
            {
                "customer_id": list(CUSTOMERS),
                "region": draw(st.lists(st.sampled_from([None, "north"]), min_size=3, max_size=3)),
                "is_held_out": draw(st.lists(st.sampled_from([None, True, False]), min_size=3, max_size=3)),
                "children": pd.array(draw(st.lists(st.sampled_from([None, 2]), min_size=3, max_size=3)), dtype="Int64"),
            }
        ),
        "categories": pd.DataFrame(
            {"category_id": list(CATEGORIES), "name": "name", "parent_id": [None, "FOOD", None]}
        ),
        "products": pd.DataFrame(
            {
                "product_id": list(PRODUCTS),
                "name": "x",
                "category_id": list(PRODUCTS.values()),
                "price": [1.5, None, 2.0],
            }
        ),
        "purchases": pd.DataFrame(purchases, columns=["customer_id", "product_id", "occurred_at", "net_value"]).assign(
            occurred_at=lambda frame: pd.to_datetime(frame["occurred_at"], utc=True),
            kind="sale",
            quantity=1.0,
        ),
        "assets": pd.DataFrame({"asset_id": asset_ids}, dtype=object).assign(
            version="1",
            title=pd.Series([draw(st.sampled_from(["Hello", None])) for _ in asset_ids], dtype=object),
            kind="coupon",
            message_class="marketing",
            categories=pd.Series([draw(subsets(CATEGORIES)) for _ in asset_ids], dtype=object),
            products=pd.Series([draw(subsets(sorted(PRODUCTS))) for _ in asset_ids], dtype=object),
            channels=pd.Series([draw(subsets(CHANNELS)) for _ in asset_ids], dtype=object),
            offer_id=pd.Series([draw(st.sampled_from(["ten-off", None])) for _ in asset_ids], dtype=object),
        ),
        "offers": pd.DataFrame({"offer_id": ["ten-off"], "kind": ["discount"], "discount_pct": [10.0]}),
        "channels": pd.DataFrame({"channel_id": list(CHANNELS), "kind": "file", "cost_per_touch": [0.01, 0.5]}),
        "consents": pd.DataFrame(
            [(*key, *facts) for key, facts in consents.items()],
            columns=["customer_id", "channel_id", "granted", "basis", "recorded_at"],
        ).assign(
            recorded_at=lambda frame: pd.to_datetime(frame["recorded_at"], utc=True),
            purpose="marketing",
            source="form",
        ),
    }


def related(tables: Tables) -> Tables:
    settings = RelateSettings(product_threshold=1, beliefs=BeliefSettings(minimum_days=2))
    return knowledge_tables(tables, as_of=AS_OF, timezone="Europe/Berlin", settings=settings)


def candidates(view: View) -> set[Candidate]:
    """Who can be told what, about which category, on which channel with consent; from arrays only."""
    frames = {
        "bought": _frame(view.bought_categories, "customer", "category"),
        "about": _frame(view.asset_categories, "asset", "category"),
        "fits": _frame(view.asset_channels, "asset", "channel"),
        "reachable": _frame(view.consents, "customer", "channel")[view.consents.facts["granted"].astype(bool)],
    }
    found = frames["bought"].merge(frames["about"]).merge(frames["fits"]).merge(frames["reachable"])
    keys = (
        nodes.keys[found[name].to_numpy()]
        for name, nodes in (
            ("customer", view.customers),
            ("category", view.categories),
            ("asset", view.assets),
            ("channel", view.channels),
        )
    )
    return set(zip(*keys, strict=True))


def _frame(links: Links, source: str, target: str) -> pd.DataFrame:
    return pd.DataFrame({source: links.sources, target: links.targets})


def assert_same(one: View, other: View) -> None:
    """Field by field, down to types, values and missing values."""
    for field in dataclasses.fields(View):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if isinstance(left, Nodes):
            pd.testing.assert_frame_equal(left.frame, right.frame)
        elif isinstance(left, Links):
            np.testing.assert_array_equal(left.starts, right.starts, strict=True)
            np.testing.assert_array_equal(left.targets, right.targets, strict=True)
            assert left.facts.keys() == right.facts.keys()
            for name, values in left.facts.items():
                np.testing.assert_array_equal(values, right.facts[name], strict=True)
        else:
            assert left == right


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables=worlds())
def test_the_view_is_that_of_the_tables_and_its_candidates_are_those_of_a_plain_traversal(
    graph_store: GraphStore, tmp_path_factory: pytest.TempPathFactory, tables: Tables
) -> None:
    folder = tmp_path_factory.mktemp("state")
    rows = related(tables)
    load(graph_store, folder, "knowledge", rows)
    view = read_view(graph_store, AS_OF)
    assert_same(view, view_from_tables(rows, AS_OF))
    assert candidates(view) == {
        (row["customer"], row["category"], row["asset"], row["channel"]) for row in graph_store.read(TRAVERSAL)
    }
    assert_same(load_view(folder, store_view(view, folder)), view)


def test_a_world_in_which_somebody_can_be_told_something_has_exactly_these_candidates(
    graph_store: GraphStore, tmp_path: Path
) -> None:
    noon = pd.Timestamp("2026-02-01 12:00", tz="UTC")
    tables: Tables = {
        "customers": pd.DataFrame({"customer_id": ["ann", "bob"]}),
        "categories": pd.DataFrame({"category_id": ["DAIRY", "TEA"], "name": "x", "parent_id": None}),
        "products": pd.DataFrame({"product_id": ["milk", "tea"], "name": "x", "category_id": ["DAIRY", "TEA"]}),
        "purchases": pd.DataFrame(
            {
                "customer_id": ["ann", "bob", "bob"],
                "product_id": ["milk", "milk", "tea"],
                "occurred_at": noon,
                "net_value": 1.0,
                "quantity": 1.0,
                "kind": "sale",
            }
        ),
        "assets": pd.DataFrame(
            {
                "asset_id": ["dairy-week", "tea-time"],
                "version": "1",
                "categories": [["DAIRY"], ["TEA"]],
                "channels": [["email"], None],
            }
        ),
        "channels": pd.DataFrame({"channel_id": ["email", "mail"], "kind": "file", "cost_per_touch": 0.1}),
        "consents": pd.DataFrame(
            {
                "customer_id": ["ann", "bob", "bob"],
                "channel_id": ["email", "email", "mail"],
                "granted": [True, False, True],
                "recorded_at": noon,
                "purpose": "marketing",
            }
        ),
    }
    load(graph_store, tmp_path, "knowledge", related(tables))
    assert candidates(read_view(graph_store, AS_OF)) == {
        ("ann", "DAIRY", "dairy-week", "email"),
        ("bob", "TEA", "tea-time", "mail"),
    }


def test_recent_signals_and_what_led_to_a_cart_come_back_as_they_went_in(
    graph_store: GraphStore, tmp_path: Path
) -> None:
    told = ("signal_id", "customer_id", "name", "product_id", "topic", "campaign_id", "session_id")
    visit = "visit"
    rows = [
        ("s1", "ann", "Promotion Clicked", None, "durability", "search", visit),
        ("s2", "ann", "Product Added", "milk", None, None, visit),
        ("s3", "bob", "Demo Requested", None, "analytics", None, None),
        ("s4", "bob", "Shipping Page Viewed", None, None, None, None),
    ]
    noon = pd.Timestamp("2026-02-20 12:00", tz="UTC")
    signals = pd.DataFrame(rows, columns=told).assign(occurred_at=noon, value=np.nan, source="web")
    signals["received_at"] = pd.Series(pd.NaT, index=signals.index, dtype="datetime64[us, UTC]")
    tables: Tables = {
        "customers": pd.DataFrame({"customer_id": ["ann", "bob"]}),
        "categories": pd.DataFrame({"category_id": ["DAIRY"], "name": "x", "parent_id": None}),
        "products": pd.DataFrame({"product_id": ["milk"], "name": "x", "category_id": ["DAIRY"]}),
        "purchases": pd.DataFrame(
            {
                "customer_id": ["ann"],
                "product_id": ["milk"],
                "occurred_at": noon - pd.Timedelta(days=30),
                "net_value": 1.0,
                "quantity": 1.0,
                "kind": "sale",
            }
        ),
        "assets": pd.DataFrame({"asset_id": ["milk-week"], "version": "1", "products": [["milk"]]}),
        "channels": pd.DataFrame({"channel_id": ["email"], "kind": "file", "cost_per_touch": 0.1}),
        "signals": signals,
    }
    rows_of_graph = related(tables)
    load(graph_store, tmp_path, "knowledge", rows_of_graph)
    view = read_view(graph_store, AS_OF)
    assert_same(view, view_from_tables(rows_of_graph, AS_OF))
    assert_same(load_view(tmp_path, store_view(view, tmp_path)), view)
    whose = view.customers.keys[view.signals.frame["customer"].to_numpy()].tolist()
    assert list(zip(view.signals.frame["name"], whose, strict=True)) == [
        ("Product Added", "ann"),
        ("Demo Requested", "bob"),
        ("Shipping Page Viewed", "bob"),
    ]
    assert view.topics.keys[view.signal_topics.targets].tolist() == ["analytics"]
    assert view.products.keys[view.signal_products.targets].tolist() == ["milk"]
    assert (view.carts.facts["came_for"].tolist(), view.carts.facts["campaign_id"].tolist()) == (
        ["durability"],
        ["search"],
    )


def test_a_view_is_not_read_from_a_graph_that_is_not_loaded(graph_store: GraphStore) -> None:
    with pytest.raises(GraphError, match="not loaded completely"):
        read_view(graph_store, AS_OF)
