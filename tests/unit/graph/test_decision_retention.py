"""Which decisions stay in the graph."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.decision_retention import LARGE_WORLD_SHARE, Retention, sampled


def records(count: int, verb: str = "send") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "decision_id": [f"d{number}" for number in range(count)],
            "customer_id": [f"c{number}" for number in range(count)],
            "verb": verb,
        }
    )


@pytest.mark.parametrize(("small_world", "is_everything"), [(2000, True), (1999, False)])
def test_a_small_world_keeps_everything_and_a_large_one_a_tenth(small_world: int, is_everything: bool) -> None:
    kept = Retention(small_world=small_world).kept(records(2000))
    assert kept.all() == is_everything
    if not is_everything:
        assert kept.mean() == pytest.approx(LARGE_WORLD_SHARE, abs=0.03)


def test_a_stated_share_holds_in_small_worlds_too() -> None:
    assert Retention(sample_share=0.25).kept(records(2000)).mean() == pytest.approx(0.25, abs=0.04)
    assert not Retention(sample_share=0.0).kept(records(5)).any()


def test_doing_nothing_is_no_decision_of_the_graph_unless_somebody_asked() -> None:
    assert not Retention().kept(records(5, "none")).any()
    assert Retention(sample_share=0.0).kept(records(5, "none"), {"d3"}).tolist() == [False, False, False, True, False]


@given(st.integers(0, 9), st.floats(0, 1), st.floats(0, 1))
def test_samples_are_nested_and_do_not_depend_on_who_else_is_there(seed: int, share: float, other: float) -> None:
    few, many = sorted((share, other))
    customers = records(200)["customer_id"]
    in_few, in_many = (sampled(customers, one, seed) for one in (few, many))
    assert not (in_few & ~in_many).any()
    assert (sampled(customers[50:60], few, seed) == in_few[50:60]).all()


def test_another_seed_draws_others() -> None:
    customers = records(2000)["customer_id"]
    assert (sampled(customers, 0.5, 1) != sampled(customers, 0.5, 2)).any()
