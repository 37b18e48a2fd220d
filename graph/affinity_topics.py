"""Which topics are alike: those that the same content is about and that the same people look at.

A topic's likeness to another is the chance to meet it on a random walk that keeps returning to the first (personalised
PageRank) over the graph in which topics hang together by shared assets and shared customers. People enter as counts of
pairs of topics only; no customer is in any graph here.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    import networkx as nx

Floats = npt.NDArray[np.float64]

FEWEST_PEOPLE: Final = 2
"""Whom fewer people than these share, one visitor's wanderings would make alike."""

MOST_SIMILAR: Final = 10
LEAST_SIMILARITY: Final = 0.05
RETURNING: Final = 0.5
"""Chance that the walk goes on instead of returning; low, so that near topics count."""


def similar_topics(assets: pd.DataFrame, signals: pd.DataFrame | None, *, as_of: datetime) -> pd.DataFrame:
    """Rows of `Topic SIMILAR_TO Topic`: from_key, to_key, similarity in (0, 1].

    A pair stands once, the earlier key first, when either is among the other's ten nearest. Similarity is the geometric
    mean of the two chances, each relative to the chance of being at home.

    Args:
        assets: asset_id and topics, one row per asset.
        signals: customer_id (or anonymous_id), topic, occurred_at; None for none.
        as_of: Signals at or after it are not looked at.
    """
    import networkx as nx

    graph = topic_graph(assets, signals, as_of=as_of)
    topics = sorted(graph)
    if not graph.number_of_edges():
        return pd.DataFrame({"from_key": [], "to_key": [], "similarity": []}).astype(
            {"from_key": object, "to_key": object}
        )
    ordered = nx.Graph()
    ordered.add_nodes_from(topics)
    ordered.add_edges_from(sorted(graph.edges(data=True), key=lambda edge: edge[:2]))
    chances = np.array(
        [
            list(nx.pagerank(ordered, alpha=RETURNING, personalization={topic: 1.0}, weight="weight").values())
            for topic in topics
        ]
    )
    return _nearest(np.array(topics, dtype=object), _relative(chances))


def topic_graph(assets: pd.DataFrame, signals: pd.DataFrame | None, *, as_of: datetime) -> "nx.Graph[str]":
    """Topics, joined by what they share: `weight` adds the share of common assets (Jaccard) to that of common people.

    Args:
        assets: asset_id and topics.
        signals: customer_id (or anonymous_id), topic, occurred_at.
        as_of: Signals at or after it are not looked at.
    """
    import networkx as nx

    graph: nx.Graph[str] = nx.Graph()
    about = _about(assets)
    graph.add_nodes_from(sorted(about["topic"].unique()))
    by_content: nx.Graph[tuple[str, str]] = nx.Graph(
        (("asset", asset), ("topic", topic)) for asset, topic in zip(about["asset"], about["topic"], strict=True)
    )
    topics = [node for node in by_content if node[0] == "topic"]
    projected = nx.bipartite.overlap_weighted_projected_graph(by_content, topics, jaccard=True)
    for (_, one), (_, other), facts in projected.edges(data=True):
        graph.add_edge(one, other, weight=float(facts["weight"]))
    for one, other, share in _shared_people(signals, as_of):
        known = graph.get_edge_data(one, other, {"weight": 0.0})["weight"]
        graph.add_edge(one, other, weight=known + share)
    return graph


def _about(assets: pd.DataFrame) -> pd.DataFrame:
    """Pairs of asset and topic, each once."""
    if "topics" not in assets.columns:
        return pd.DataFrame({"asset": [], "topic": []}, dtype=object)
    pairs = pd.DataFrame({"asset": assets["asset_id"], "topic": assets["topics"]}).explode("topic")
    return pairs[pairs["topic"].notna() & (pairs["topic"] != "")].drop_duplicates().astype(object)


def _shared_people(signals: pd.DataFrame | None, as_of: datetime) -> list[tuple[str, str, float]]:
    """Pairs of topics that people share, with how many of those who looked at either did so (cosine)."""
    if signals is None or "topic" not in signals.columns:
        return []
    known = signals[signals["topic"].notna() & (signals["occurred_at"] < pd.Timestamp(as_of))]
    who = known["customer_id"]
    if "anonymous_id" in known.columns:
        who = who.where(who.notna(), "anonymous/" + known["anonymous_id"].astype(object))
    looked = pd.DataFrame({"who": who, "topic": known["topic"]}).dropna().drop_duplicates()
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
    return list(zip(topics[row].tolist(), topics[column].tolist(), share.tolist(), strict=True))


def _relative(chances: Floats) -> Floats:
    """Chances to get from one to another, both ways, relative to the chances of being at home; symmetric."""
    home = np.sqrt(np.diag(chances))
    return np.asarray(np.sqrt(chances * chances.T) / np.outer(home, home), dtype=np.float64)


def _nearest(topics: npt.NDArray[np.object_], similarity: Floats) -> pd.DataFrame:
    rounded = np.round(similarity, 6)
    np.fill_diagonal(rounded, 0.0)
    row, column = np.nonzero(rounded >= LEAST_SIMILARITY)
    pairs = pd.DataFrame({"from_key": topics[row], "to_key": topics[column], "similarity": rounded[row, column]})
    pairs = pairs.sort_values(["from_key", "similarity", "to_key"], ascending=[True, False, True], kind="stable")
    nearest = pairs[pairs.groupby("from_key").cumcount() < MOST_SIMILAR]
    ends = np.sort(nearest[["from_key", "to_key"]].to_numpy(dtype=str), axis=1).astype(object)
    once = nearest.assign(from_key=ends[:, 0], to_key=ends[:, 1]).drop_duplicates(["from_key", "to_key"])
    return once.sort_values(["from_key", "to_key"], ignore_index=True)
