"""Marks that hold where they equal the customer at hand, so that nothing has to be wiped between customers."""

import numpy as np
from numba import njit

from decisioning.ground import Array


@njit(nogil=True, cache=True)
def mark(customer: int, subject: int, starts: Array, assets: Array, marked: Array) -> None:
    """Mark all assets of a subject with the customer."""
    for place in range(starts[subject], starts[subject + 1]):
        marked[assets[place]] = customer


@njit(nogil=True, cache=True)
def marks(count: int) -> Array:
    """Marks of nobody, shape (count,)."""
    return np.full(count, -1, np.int32)
