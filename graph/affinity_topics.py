"""Which topics are alike: those that the same content is about and that the same people look at.

Assets and topics make a bipartite graph; projected on topics, two of them are as alike as the share of assets that are
about both. What the same people look at adds to it. Likeness goes on: what is like something that is like a third is a
little like the third. People enter as counts of pairs of topics only; no customer is in any graph here.
"""

import math
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    import networkx as nx

Floats = npt.NDArray[np.float64]

FEWEST_PEOPLE: Final = 2
"""What fewer people than these share, one visitor's wanderings would make alike."""

MOST_PER_PERSON: Final = 100
"""Whoever looked at more topics than these is no reader, and says nothing about likeness."""

MOST_TOPICS: Final = 1_000
"""Topics that are compared: those of which the most assets and people are. Where topics are no editor's but made up by
page, the others are too thin to be like anything."""

MOST_DIRECT: Final = 20
"""Topics that one topic's ways begin with, the most similar ones."""

MOST_SIMILAR: Final = 10
LEAST_SIMILARITY: Final = 0.1


def similar_topics(assets: pd.DataFrame, signals: pd.DataFrame | None, *, as_of: datetime) -> pd.DataFrame:
    """Rows of `Topic SIMILAR_TO Topic`: from_key, to_key, similarity in (0, 1].

    A pair stands both ways, when either is among the other's ten nearest. Similarity is that of the best way from one
    to the other in `topic_graph`: the product of the similarities on it.

    Args:
        assets: asset_id and topics, one row per asset.
        signals: customer_id (or anonymous_id), topic, occurred_at; None for none.
        as_of: Signals at or after it are not looked at.
    """
    import networkx as nx

    graph = _strongest(topic_graph(assets, signals, as_of=as_of))
    for _, _, facts in graph.edges(data=True):
        facts["length"] = -math.log(facts["similarity"])
    farthest = -math.log(LEAST_SIMILARITY)
    found = [
        (topic, other, math.exp(-length))
        for topic, lengths in nx.all_pairs_dijkstra_path_length(graph, cutoff=farthest, weight="length")
        for other, length in lengths.items()
        if other != topic
    ]
    pairs = pd.DataFrame(found, columns=["from_key", "to_key", "similarity"]).astype({"similarity": "float64"})
    return _nearest(pairs.assign(similarity=pairs["similarity"].round(6)))


def topic_graph(assets: pd.DataFrame, signals: pd.DataFrame | None, *, as_of: datetime) -> "nx.Graph[str]":
    """Topics, joined by what they share: `similarity` is 1 - (1 - content) × (1 - people).

    Both parts are cosines: how many assets (people) are about (looked at) both, relative to how many are about either.

    Args:
        assets: asset_id and topics.
        signals: customer_id (or anonymous_id), topic, occurred_at.
        as_of: Signals at or after it are not looked at.
    """
    import networkx as nx

    graph: nx.Graph[str] = nx.Graph()
    about, looked = _about(assets), _looked_at(signals, as_of)
    compared = pd.concat([about["topic"], looked["topic"]]).value_counts().sort_index().nlargest(MOST_TOPICS).index
    about, looked = about[about["topic"].isin(compared)], looked[looked["topic"].isin(compared)]
    graph.add_nodes_from(sorted(about["topic"].unique()))
    by_content: nx.Graph[tuple[str, str]] = nx.Graph(
        (("asset", asset), ("topic", topic)) for asset, topic in zip(about["asset"], about["topic"], strict=True)
    )
    topics = [("topic", topic) for topic in graph]
    projected = nx.bipartite.generic_weighted_projected_graph(by_content, topics, weight_function=_cosine)
    for (_, one), (_, other), facts in projected.edges(data=True):
        graph.add_edge(one, other, similarity=float(facts["weight"]))
    for one, other, share in _shared_people(looked):
        known = graph.get_edge_data(one, other, {"similarity": 0.0})["similarity"]
        graph.add_edge(one, other, similarity=1.0 - (1.0 - known) * (1.0 - share))
    return graph


def _cosine(graph: "nx.Graph[tuple[str, str]]", one: tuple[str, str], other: tuple[str, str]) -> float:
    ones, others = set(graph[one]), set(graph[other])
    return len(ones & others) / math.sqrt(len(ones) * len(others))


def _about(assets: pd.DataFrame) -> pd.DataFrame:
    """Pairs of asset and topic, each once."""
    if "topics" not in assets.columns:
        return pd.DataFrame({"asset": [], "topic": []}, dtype=object)
    pairs = pd.DataFrame({"asset": assets["asset_id"], "topic": assets["topics"]}).explode("topic")
    return pairs[pairs["topic"].notna() & (pairs["topic"] != "")].drop_duplicates().astype(object)


def _looked_at(signals: pd.DataFrame | None, as_of: datetime) -> pd.DataFrame:
    """Pairs of a person and a topic, each once, of those who look at few enough."""
    if signals is None or "topic" not in signals.columns:
        return pd.DataFrame({"who": [], "topic": []}, dtype=object)
    known = signals[signals["topic"].notna() & (signals["occurred_at"] < pd.Timestamp(as_of))]
    who = known["customer_id"]
    if "anonymous_id" in known.columns:
        who = who.where(who.notna(), "anonymous/" + known["anonymous_id"].astype(object))
    looked = pd.DataFrame({"who": who, "topic": known["topic"]}).dropna().drop_duplicates()
    return looked[looked.groupby("who")["topic"].transform("size") <= MOST_PER_PERSON]


def _shared_people(looked: pd.DataFrame) -> list[tuple[str, str, float]]:
    """Pairs of topics that people share, with how many of those who looked at either did so (cosine)."""
    if looked.empty:
        return []
    from scipy.sparse import csr_array, triu

    person, people = pd.factorize(looked["who"])
    place, topics = pd.factorize(looked["topic"].to_numpy(dtype=object), sort=True)
    matrix = csr_array((np.ones(len(looked)), (person, place)), shape=(len(people), len(topics)))
    both = triu(matrix.T @ matrix, k=1).tocoo()
    alone: Floats = np.bincount(place, minlength=len(topics)).astype(np.float64)
    enough = both.data >= FEWEST_PEOPLE
    row, column = both.row[enough], both.col[enough]
    share = both.data[enough] / np.sqrt(alone[row] * alone[column])
    return list(zip(topics[row].tolist(), topics[column].tolist(), np.minimum(share, 1.0).tolist(), strict=True))


def _strongest(graph: "nx.Graph[str]") -> "nx.Graph[str]":
    """The graph with the strongest edges of each topic; what is weaker than the least similarity leads nowhere."""
    kept = graph.__class__()
    kept.add_nodes_from(graph)
    for topic in graph:
        edges = sorted((-facts["similarity"], other) for other, facts in graph[topic].items())
        kept.add_edges_from(
            (topic, other, {"similarity": -similarity})
            for similarity, other in edges[:MOST_DIRECT]
            if -similarity >= LEAST_SIMILARITY
        )
    return kept


def _nearest(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs of which either is among the other's nearest; equals in order of key."""
    ranked = pairs.sort_values(["from_key", "similarity", "to_key"], ascending=[True, False, True], kind="stable")
    nearest = ranked[ranked.groupby("from_key").cumcount() < MOST_SIMILAR]
    back = nearest.rename(columns={"from_key": "to_key", "to_key": "from_key"})
    both_ways = pd.concat([nearest, back]).drop_duplicates(["from_key", "to_key"])
    return both_ways.sort_values(["from_key", "to_key"], ignore_index=True)[list(pairs.columns)]
