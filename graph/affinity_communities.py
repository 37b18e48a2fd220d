"""Communities: what hangs together more closely than with the rest. Of audiences, those that share their customers.

Louvain's method with a seed, over small graphs of topics, categories or audiences; customers enter as counts of those
whom two audiences share.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

Members = Mapping[str, npt.NDArray[np.bool_]]


def communities(keys: Iterable[str], pairs: pd.DataFrame, *, seed: int) -> dict[str, int]:
    """The community of each key, numbered from 1: the largest first, then by their first key.

    Args:
        keys: What there is; what hangs together with nothing is a community by itself.
        pairs: from_key, to_key, similarity above 0; in any order, either way.
        seed: Seed of the method.
    """
    import networkx as nx

    known = sorted(set(keys))
    place = {key: number for number, key in enumerate(known)}
    graph = nx.Graph()
    graph.add_nodes_from(range(len(known)))  # numbers, because sets of texts have another order in every process
    rows = pairs[["from_key", "to_key", "similarity"]].itertuples(index=False)
    edges = sorted((*sorted((place[one], place[other])), float(weight)) for one, other, weight in rows)
    graph.add_weighted_edges_from(edges, weight="similarity")
    found = nx.community.louvain_communities(graph, weight="similarity", seed=seed) if known else []
    ordered = sorted((sorted(group) for group in found), key=lambda group: (-len(group), group[0]))
    return {known[member]: number for number, group in enumerate(ordered, start=1) for member in group}


def audience_overlap(members: Members) -> pd.DataFrame:
    """Pairs of audiences that share customers: from_key < to_key, shared (customers), similarity (Jaccard's share).

    Args:
        members: Per audience, whether each customer belongs to it, shape (customers,).
    """
    names = sorted(members)
    if not names:
        return pd.DataFrame({"from_key": [], "to_key": [], "shared": [], "similarity": []})
    matrix = np.stack([members[name] for name in names]).astype(np.float64)
    shared = matrix @ matrix.T
    size = np.diag(shared)
    one, other = np.nonzero(np.triu(shared, k=1) > 0)
    either = size[one] + size[other] - shared[one, other]
    keys = np.array(names, dtype=object)
    return pd.DataFrame(
        {
            "from_key": keys[one],
            "to_key": keys[other],
            "shared": shared[one, other].astype(np.int64),
            "similarity": np.round(shared[one, other] / either, 6),
        }
    )


def audience_communities(members: Members, *, seed: int) -> pd.DataFrame:
    """One row per audience, by community and size: audience_id, community, customers.

    Args:
        members: Per audience, whether each customer belongs to it, shape (customers,).
        seed: Seed of the method.
    """
    group = communities(members, audience_overlap(members), seed=seed)
    rows = [(name, group[name], int(belongs.sum())) for name, belongs in members.items()]
    frame = pd.DataFrame(rows, columns=["audience_id", "community", "customers"])
    return frame.sort_values(
        ["community", "customers", "audience_id"], ascending=[True, False, True], ignore_index=True
    )
