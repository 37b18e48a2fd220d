"""Candidates found in the view's arrays are those of a plain traversal of the graph, on both servers."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decisioning.candidates import find_candidates
from decisioning.motives import MOTIVE_COLUMNS, Motives
from decisioning.settings import DecisionSettings, PlaySettings
from graph.load import load
from graph.read_view import read_view
from graph.store import GraphStore
from graph.view import Links, Nodes, View

Rows = dict[str, pd.DataFrame]
Candidate = tuple[str, str, str, str]

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = pd.Timedelta(hours=1)
CUSTOMERS = ("ann", "bob")
CATEGORIES = {"FOOD": None, "FOOD/DAIRY": "FOOD", "FOOD/DAIRY/MILK": "FOOD/DAIRY", "TEA": None}
PRODUCTS = {"milk": "FOOD/DAIRY/MILK", "bread": "FOOD", "odd": None}
TOPICS = ("run", "hike", "chess")
ASSETS = ("a1", "a2", "a3")
CHANNELS = ("email", "web")
PLAYS = (PlaySettings("high-intent"), PlaySettings("substitution"))

HELD = "r.valid_from <= $as_of AND (r.valid_to IS NULL OR r.valid_to > $as_of)"
SAID = """
MATCH (a)-[:FITS]->(h:Channel)
OPTIONAL MATCH (a)-[:ABOUT]->(gone:Product) WHERE gone.stock <= 0
WITH c, subject, a, h, count(gone) AS missing WHERE missing = 0
RETURN DISTINCT c.customer_id AS customer, subject, a.asset_id AS asset, h.channel_id AS channel
"""
TRAVERSALS = (
    f"""
    MATCH (c:Customer)-[r:INTERESTED_IN]->(k:Category)-[:WITHIN*0..3]->(:Category)<-[:ABOUT]-(a:Asset) WHERE {HELD}
    WITH DISTINCT c, a, 'category/' + k.category_id AS subject {SAID}""",
    f"""
    MATCH (c:Customer)-[r:INTERESTED_IN]->(k:Category)<-[:IN_CATEGORY]-(:Product)<-[:ABOUT]-(a:Asset) WHERE {HELD}
    WITH DISTINCT c, a, 'category/' + k.category_id AS subject {SAID}""",
    f"""
    MATCH (c:Customer)-[r:TRIGGERED_BY]->(t:Topic)<-[:ABOUT]-(a:Asset) WHERE {HELD}
    WITH DISTINCT c, a, 'topic/' + t.topic_id AS subject {SAID}""",
    f"""
    MATCH (c:Customer)-[r:TRIGGERED_BY]->(t:Topic) WHERE {HELD}
    OPTIONAL MATCH (t)<-[:ABOUT]-(own:Asset)
    WITH c, t, count(own) AS answers WHERE answers = 0
    MATCH (t)-[s:SIMILAR_TO]->(:Topic)<-[:ABOUT]-(a:Asset) WHERE s.similarity >= 0.5
    WITH DISTINCT c, a, 'topic/' + t.topic_id AS subject {SAID}""",
    f"""
    MATCH (c:Customer)-[:HAS_IN_CART]->(p:Product)<-[:ABOUT]-(a:Asset)
    WITH DISTINCT c, a, 'product/' + p.product_id AS subject {SAID}""",
)


def some_pairs(draw: st.DrawFn, sources: Sequence[str], targets: Sequence[str]) -> pd.DataFrame:
    """Any of the pairs that there can be."""
    every = list(itertools.product(sources, targets))
    return pd.DataFrame(sorted(draw(st.sets(st.sampled_from(every)))), columns=["from_key", "to_key"])


def some_beliefs(draw: st.DrawFn, targets: Sequence[str]) -> pd.DataFrame:
    """Beliefs that have begun or not, and that are open, will end, end now, or have ended."""
    rows = []
    for number, pair in enumerate(some_pairs(draw, CUSTOMERS, targets).itertuples(index=False)):
        begins = draw(st.sampled_from([-48, -1, 0, 1]))
        ends = draw(st.sampled_from([None, -1, 0, 1]))
        if ends is not None and ends <= begins:
            ends = None
        rows.append((*pair, f"rule-{number}", AS_OF + begins * HOUR, None if ends is None else AS_OF + ends * HOUR))
    frame = pd.DataFrame(rows, columns=["from_key", "to_key", "rule", "valid_from", "valid_to"])
    times = {name: pd.to_datetime(frame[name], utc=True) for name in ("valid_from", "valid_to")}
    return frame.assign(**times, weight=3.0, half_life_days=30.0, confidence=0.9, source="signals")


@st.composite
def worlds(draw: st.DrawFn) -> Rows:
    """Rows of a small graph, with whatever may hang together hanging together now and then."""
    similar = some_pairs(draw, TOPICS, TOPICS)
    similar = similar[similar["from_key"] != similar["to_key"]].reset_index(drop=True)
    likeness = [draw(st.sampled_from([0.3, 0.5, 0.9])) for _ in range(len(similar))]
    stock = [draw(st.sampled_from([None, 0.0, 3.0])) for _ in PRODUCTS]
    return {
        "Customer": pd.DataFrame({"customer_id": CUSTOMERS, "shopping_days_28d": 0, "shopping_days_91d": 0}),
        "Category": pd.DataFrame({"category_id": list(CATEGORIES)}),
        "Category WITHIN Category": pd.DataFrame(
            [(child, parent) for child, parent in CATEGORIES.items() if parent], columns=["from_key", "to_key"]
        ),
        "Product": pd.DataFrame({"product_id": list(PRODUCTS), "stock": pd.Series(stock, dtype="float64")}),
        "Product IN_CATEGORY Category": pd.DataFrame(
            [(product, category) for product, category in PRODUCTS.items() if category], columns=["from_key", "to_key"]
        ),
        "Topic": pd.DataFrame({"topic_id": TOPICS}),
        "Topic SIMILAR_TO Topic": similar.assign(similarity=pd.Series(likeness, dtype="float64")),
        "Asset": pd.DataFrame({"asset_id": ASSETS, "version": "1", "kind": "story"}),
        "Asset ABOUT Category": some_pairs(draw, ASSETS, list(CATEGORIES)),
        "Asset ABOUT Product": some_pairs(draw, ASSETS, list(PRODUCTS)),
        "Asset ABOUT Topic": some_pairs(draw, ASSETS, TOPICS),
        "Asset FITS Channel": some_pairs(draw, ASSETS, CHANNELS),
        "Channel": pd.DataFrame({"channel_id": CHANNELS}),
        "Customer INTERESTED_IN Category": some_beliefs(draw, list(CATEGORIES)),
        "Customer TRIGGERED_BY Topic": some_beliefs(draw, TOPICS),
        "Customer HAS_IN_CART Product": some_pairs(draw, CUSTOMERS, list(PRODUCTS)).assign(
            quantity=1.0, added_at=AS_OF - HOUR
        ),
    }


def motives_in(view: View) -> Motives:
    """A motive for whatever the view says that customers want."""
    wanted = (
        ("high-intent", "category", view.interests, view.categories),
        ("high-intent", "topic", view.topic_triggers, view.topics),
        ("substitution", "product", view.carts, view.products),
    )
    frame = pd.concat([motives_about(view, *one) for one in wanted], ignore_index=True)
    return Motives(frame.reindex(columns=list(MOTIVE_COLUMNS)))


def motives_about(view: View, play: str, kind: str, links: Links, nodes: Nodes) -> pd.DataFrame:
    """A motive per link of somebody to something."""
    subjects = [f"{kind}/{key}" for key in nodes.keys[links.targets]]
    who = view.customers.keys[links.sources]
    return pd.DataFrame({"customer_id": who, "play": play, "subject": subjects, "strength": 0.5}).drop_duplicates()


def candidates(view: View) -> set[Candidate]:
    """Who can be told what, why, and on which channel; each motive by itself, so that none hides another."""
    decided_by = DecisionSettings(
        timezone="UTC",
        plays=PLAYS,
        policies=(),
        audiences={},
        channels=(),
        budget=None,
        holdout_share=0.0,
        holdout_salt="",
        value_window_days=28,
        confidence_cap={},
        seed=0,
    )
    every = motives_in(view).frame
    found: set[Candidate] = set()
    for row in range(len(every)):
        motives = Motives(every.iloc[[row]].reset_index(drop=True))
        said = find_candidates(view, motives, decided_by)
        who, what, where = view.customers.keys, view.assets.keys, view.channels.keys
        found |= {
            (who[customer], motives.frame["subject"].iloc[0], what[asset], where[channel])
            for customer, asset, channel in zip(said.customer, said.asset, said.channel, strict=True)
        }
    return found


def traversed(store: GraphStore) -> set[Candidate]:
    """The same, by following relationships in the graph."""
    return {
        (row["customer"], row["subject"], row["asset"], row["channel"])
        for statement in TRAVERSALS
        for row in store.read(statement, **({"as_of": AS_OF} if "$as_of" in statement else {}))
    }


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=worlds())
def test_candidates_are_those_of_a_plain_traversal(graph_store: GraphStore, tmp_path: Path, rows: Rows) -> None:
    load(graph_store, tmp_path, "knowledge", rows)  # one folder for all worlds, so that only differences are written
    assert candidates(read_view(graph_store, AS_OF)) == traversed(graph_store)
