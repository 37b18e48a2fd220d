"""Sums that are exact, whatever was forecast."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.demand.reconciliation import reconciled, tree_levels

TREE = np.array([4, 4, 5, 5, 6, 6, -1], dtype=np.int64)
LEVEL = np.array([0, 0, 0, 0, 1, 1, 2], dtype=np.int64)


@given(
    st.lists(st.floats(0, 1e9), min_size=14, max_size=14),
    st.lists(st.floats(1e-6, 1e6), min_size=7, max_size=7),
)
def test_every_sum_is_exactly_that_of_its_parts_and_nothing_is_negative(mean: list[float], doubt: list[float]) -> None:
    found = reconciled(np.array(mean).reshape(7, 2), np.array(doubt), TREE, LEVEL)
    assert (found >= 0).all()
    assert (found[0] + found[1] == found[4]).all()
    assert (found[3] + found[2] == found[5]).all()
    assert (found[[3, 1, 0, 2]].sum(axis=0) == found[6]).all()


def test_it_is_weighted_least_squares() -> None:
    draws = np.random.default_rng(3)
    mean = draws.uniform(50, 100, (7, 1))
    mean[4:6] += 60
    mean[6] += 250
    variance = draws.uniform(1, 5, 7)
    sums = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1]])
    weight = np.diag(1 / variance)
    parts = np.linalg.solve(sums.T @ weight @ sums, sums.T @ weight @ mean)
    assert reconciled(mean, variance, TREE, LEVEL) == pytest.approx(sums @ parts, rel=1e-9)


def test_what_adds_up_already_stays() -> None:
    mean = np.array([[1.0], [2.0], [3.0], [4.0], [3.0], [7.0], [10.0]])
    assert reconciled(mean, np.ones(7), TREE, LEVEL) == pytest.approx(mean, rel=1e-12)


def test_a_circle_is_no_tree() -> None:
    assert tree_levels(TREE).tolist() == LEVEL.tolist()
    with pytest.raises(ValueError, match="circle"):
        tree_levels(np.array([1, 0]))
