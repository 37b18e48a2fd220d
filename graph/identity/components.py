"""Which numbers hang together: connected components over edges, for millions of them."""

import numpy as np
import pandas as pd

from graph.identity.parties import Codes, Mask


def components(one: Codes, other: Codes) -> tuple[Codes, Codes]:
    """Connected components of an undirected graph given by its edges.

    Only numbers that stand in an edge take part, so that the cost goes by edges and not by the largest number.

    Args:
        one: One end of each edge, not negative.
        other: The other end.

    Returns:
        The distinct numbers, and for each of them the smallest number that it hangs together with.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends, numbers = pd.factorize(np.concatenate([one, other]))
    if len(numbers) == 0:
        return numbers, numbers
    left, right = ends[: len(one)].astype(np.int32), ends[len(one) :].astype(np.int32)
    matrix = coo_array((np.ones(len(one), dtype=np.int8), (left, right)), shape=(len(numbers), len(numbers)))
    _, label = connected_components(matrix, directed=False)
    smallest = np.full(int(label.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(smallest, label, numbers)
    return numbers, smallest[label]


def relabelled(size: int, one: Codes, other: Codes) -> Codes:
    """For each of the numbers below `size` the smallest one that it hangs together with; itself without an edge."""
    numbers, smallest = components(one, other)
    label = np.arange(size, dtype=np.int64)
    label[numbers] = smallest
    return label


def joined_by(members: Codes, what: Codes) -> tuple[Codes, Codes]:
    """Components of members that share something: the distinct members, and the smallest member of each one's group.

    Args:
        members: Numbers, not negative, shape (rows,).
        what: What each of them has, not negative, shape (rows,).
    """
    above = int(members.max()) + 1 if len(members) else 0
    numbers, smallest = components(members, what + above)  # members are smaller than whatever they share
    is_member = numbers < above
    return numbers[is_member], smallest[is_member]


def counts_of(codes: Codes, size: int) -> Codes:
    """How often each of the numbers below `size` stands in `codes`."""
    return np.bincount(codes, minlength=size).astype(np.int64)


def distinct_pairs(one: Codes, other: Codes) -> Mask:
    """The first row of each pair of numbers, shape (rows,)."""
    if len(one) == 0:
        return np.zeros(0, dtype=np.bool_)
    pair = one * (int(other.max()) + 1) + other
    return np.asarray(~pd.Series(pair).duplicated().to_numpy())
