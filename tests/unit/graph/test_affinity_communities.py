"""Communities of audiences: those that share many of their customers."""

import random

import numpy as np
import numpy.typing as npt
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.affinity_communities import audience_communities, audience_overlap, communities


def members(**positions: list[int]) -> dict[str, npt.NDArray[np.bool_]]:
    """Audiences of twelve customers."""
    return {name: np.isin(np.arange(12), belonging) for name, belonging in positions.items()}


def test_overlap_is_the_share_of_customers_of_either_audience_who_are_in_both() -> None:
    found = audience_overlap(members(young=[0, 1, 2], loyal=[2, 3], far=[9]))
    assert found.to_dict("records") == [{"from_key": "loyal", "to_key": "young", "shared": 1, "similarity": 0.25}]


def test_audiences_that_share_their_customers_are_one_community_the_largest_first() -> None:
    audiences = members(vip=[0, 1, 2], loyal=[0, 1, 2, 3], regular=[1, 2, 3], new=[8, 9], young=[8, 9, 10], nobody=[])
    found = audience_communities(audiences, seed=1)
    assert found.groupby("community")["audience_id"].agg(set).to_dict() == {
        1: {"vip", "loyal", "regular"},
        2: {"new", "young"},
        3: {"nobody"},
    }
    assert found["customers"].tolist() == [4, 3, 3, 3, 2, 0]


def test_no_audiences_have_no_communities() -> None:
    assert audience_communities({}, seed=1).empty


PAIRS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.sampled_from([0.2, 0.9])), max_size=12)


@settings(deadline=None, max_examples=40)
@given(PAIRS, st.randoms(use_true_random=False))
def test_every_key_has_one_community_whatever_the_order_of_pairs(
    pairs: list[tuple[int, int, float]], order: random.Random
) -> None:
    distinct = {tuple(sorted((one, other))): weight for one, other, weight in pairs if one != other}
    rows = [(f"k{one}", f"k{other}", weight) for (one, other), weight in distinct.items()]
    turned = [(other, one, weight) for one, other, weight in order.sample(rows, len(rows))]
    keys = [f"k{number}" for number in range(8)]
    found, again = (
        communities(keys, pd.DataFrame(some, columns=["from_key", "to_key", "similarity"]), seed=3)
        for some in (rows, turned)
    )
    assert found == again
    assert set(found) == set(keys)
    assert set(found.values()) == set(range(1, max(found.values()) + 1))
