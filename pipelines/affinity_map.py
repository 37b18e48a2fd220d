"""The map of a view, for the page of the asset `knowledge`: topics and categories, and what hangs together."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.view import Links, Positions, View
from pipelines.pictures import GREEN, GREY, picture_address, picture_figure

if TYPE_CHECKING:
    import networkx as nx
    from scipy.sparse import csr_array

    from decisioning.settings import DecisionSettings

Floats = npt.NDArray[np.float64]

SHOWN = 40
"""Topics and categories on the map, those that most customers bought or are believed to care about."""

CUSTOMERS_ASKED = 20_000
"""Customers whose purchases say which categories go together; more would not change the picture."""

NEIGHBOURS = 3
LETTERS = 40
SEED = 17
_COLOURS = (GREEN, "#b5673b", "#4a6fa5", "#8a6d9e", "#b89b2e", "#5f8f8b", "#a3566f", "#7a7a52")


def affinity_map(view: View) -> "nx.Graph[str]":
    """Topics and categories as a graph: nodes with `people`, `name` and `community`, edges with `similarity`.

    Topics hang together as the graph knows, categories by the customers who buy both, a topic and a category by the
    assets that are about both. Of each node its closest neighbours are kept.
    """
    import networkx as nx

    from graph.affinity_communities import communities

    sizes = pd.concat([_people("Topic", view), _people("Category", view)])
    shown = sizes[sizes["people"] > 0].nlargest(SHOWN, "people", keep="first")
    pairs = pd.concat([_similar_topics(view), _shared_categories(view), _shared_assets(view)], ignore_index=True)
    pairs = pairs[pairs["from_key"].isin(shown.index) & pairs["to_key"].isin(shown.index) & (pairs["similarity"] > 0)]
    pairs = _nearest(pairs)
    group = communities(shown.index, pairs, seed=SEED)
    graph: nx.Graph[str] = nx.Graph()
    for key, facts in shown.iterrows():
        graph.add_node(str(key), people=int(facts["people"]), name=str(facts["name"]), community=group[str(key)])
    graph.add_weighted_edges_from(pairs.itertuples(index=False, name=None), weight="similarity")
    return graph


def map_picture(view: View) -> str | None:
    """The map as a picture (a data address); None when nothing is known of anybody."""
    import networkx as nx

    graph = affinity_map(view)
    if not len(graph):
        return None
    figure = picture_figure(height=6.0)
    axes = figure.add_subplot()
    place = nx.spring_layout(graph, weight="similarity", seed=SEED, k=1.6 / np.sqrt(len(graph)))
    most = max(facts["people"] for _, facts in graph.nodes(data=True))
    for one, other, facts in graph.edges(data=True):
        (x, y), (u, v) = place[one], place[other]
        axes.plot([x, u], [y, v], color=GREY, linewidth=0.5 + 3.0 * facts["similarity"], zorder=1)
    for key, facts in graph.nodes(data=True):
        colour = _COLOURS[(facts["community"] - 1) % len(_COLOURS)]
        marker = "s" if key.startswith("Topic/") else "o"
        size = 30 + 500 * facts["people"] / most
        x, y = place[key]
        axes.scatter([x], [y], s=size, color=colour, marker=marker, zorder=2, edgecolor="white")
        name = facts["name"] if len(facts["name"]) <= LETTERS else f"{facts['name'][:LETTERS]}…"
        axes.annotate(name, (x, y), xytext=(0, 6), textcoords="offset points", fontsize=7, ha="center")
    axes.set_axis_off()
    figure.suptitle("Topics (squares) and categories by customers; joined by shared customers and content", fontsize=9)
    return picture_address(figure)


def audiences_apart(view: View, settings: "DecisionSettings") -> list[dict[str, Any]]:
    """The playbook's audiences with how many customers they have, and which of them share many: their community."""
    from decisioning.experiments import is_held_out
    from decisioning.policies.screen import select
    from decisioning.screening import attributes_of, customer_table
    from graph.affinity_communities import audience_communities

    held_out = is_held_out(view, share=settings.holdout_share, salt=settings.holdout_salt)
    customers = customer_table(view, attributes_of(view), held_out)
    members = {
        name: select(condition, customers, where=f"audience {name}") for name, condition in settings.audiences.items()
    }
    rows: list[dict[str, Any]] = audience_communities(members, seed=SEED).to_dict("records")  # type: ignore[assignment]
    return rows


def _people(label: str, view: View) -> pd.DataFrame:
    """How many customers bought in a category, or are believed to care about it or a topic; by key of the graph."""
    if label == "Topic":
        nodes, links = view.topics, (view.topic_interests, view.topic_preferences, view.topic_triggers)
    else:
        nodes, links = view.categories, (view.bought_categories, view.interests, view.triggers)
    pairs = np.unique(np.concatenate([np.stack([one.targets, one.sources]) for one in links], axis=1), axis=1)
    named = nodes.frame["name"].to_numpy(dtype=object)
    return pd.DataFrame(
        {
            "people": np.bincount(pairs[0], minlength=len(nodes)),
            "name": np.where(pd.isna(named), nodes.keys, named),
        },
        index=pd.Index([f"{label}/{key}" for key in nodes.keys], dtype=object),
    )


def _similar_topics(view: View) -> pd.DataFrame:
    similar = view.similar_topics
    keys = view.topics.keys
    return _pairs(
        [f"Topic/{key}" for key in keys[similar.sources]],
        [f"Topic/{key}" for key in keys[similar.targets]],
        similar.facts["similarity"],
    )


def _shared_categories(view: View) -> pd.DataFrame:
    """Categories that more customers buy both of than chance would have it (phi, the correlation of yes and no)."""
    bought = _matrix(view.bought_categories, len(view.categories))[:: max(1, len(view.customers) // CUSTOMERS_ASKED)]
    row, column, shared = _common(bought, bought)
    is_pair = row < column
    row, column, shared = row[is_pair], column[is_pair], shared[is_pair]
    asked, size = bought.shape[0], _sizes(bought)
    one, other = size[row], size[column]
    spread = np.sqrt(one * other * (asked - one) * (asked - other))
    phi = np.divide(asked * shared - one * other, spread, out=np.zeros(len(shared)), where=spread > 0)
    keys = view.categories.keys
    return _pairs([f"Category/{key}" for key in keys[row]], [f"Category/{key}" for key in keys[column]], phi)


def _shared_assets(view: View) -> pd.DataFrame:
    """Topics and categories that the same assets are about (cosine)."""
    topics = _matrix(view.asset_topics, len(view.topics))
    categories = _matrix(view.asset_categories, len(view.categories))
    row, column, shared = _common(topics, categories)
    return _pairs(
        [f"Topic/{key}" for key in view.topics.keys[row]],
        [f"Category/{key}" for key in view.categories.keys[column]],
        shared / np.sqrt(_sizes(topics)[row] * _sizes(categories)[column]),
    )


def _matrix(links: Links, target_count: int) -> "csr_array":
    from scipy.sparse import csr_array

    ones = np.ones(len(links), dtype=np.float64)
    return csr_array((ones, links.targets, links.starts), shape=(len(links.starts) - 1, target_count))


def _common(one: "csr_array", other: "csr_array") -> tuple[Positions, Positions, Floats]:
    """Pairs of targets that share sources, and how many."""
    shared = (one.T @ other).tocoo()
    row, column = shared.coords
    return row, column, np.asarray(shared.data, dtype=np.float64)


def _sizes(matrix: "csr_array") -> Floats:
    """How many sources each target has."""
    return np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.float64)


def _pairs(ones: list[str], others: list[str], similarity: Any) -> pd.DataFrame:
    return pd.DataFrame({"from_key": ones, "to_key": others, "similarity": np.asarray(similarity, dtype=np.float64)})


def _nearest(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs of which either is among the closest neighbours of the other, each once."""
    back = pairs.rename(columns={"from_key": "to_key", "to_key": "from_key"})
    both = pd.concat([pairs, back]).drop_duplicates(["from_key", "to_key"])
    both = both.sort_values(["from_key", "similarity", "to_key"], ascending=[True, False, True], kind="stable")
    near = both[both.groupby("from_key").cumcount() < NEIGHBOURS]
    ends = np.sort(near[["from_key", "to_key"]].to_numpy(dtype=str), axis=1).astype(object)
    once = near.assign(from_key=ends[:, 0], to_key=ends[:, 1]).drop_duplicates(["from_key", "to_key"])
    return once.sort_values(["from_key", "to_key"], ignore_index=True)[["from_key", "to_key", "similarity"]]
