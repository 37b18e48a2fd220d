import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisioning.allocate import NOTHING, Allocation, Options, allocate, fits, undominated
from decisioning.limits import Limit, usage, whole_amounts

AMOUNTS = st.sampled_from([0.0, 0.001, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 1e9])
COUNTS = st.sampled_from([0, 1, 2, 3, 10**9])
COSTS = st.sampled_from([0.0, 0.001, 0.1, 0.5, 1.0])
VALUES = st.one_of(st.sampled_from([-1.0, 0.0, 1.0, 2.0]), st.floats(-1, 3, allow_nan=False))
CHANNELS = 2


@st.composite
def limits(draw: st.DrawFn) -> tuple[Limit, ...]:
    found = []
    for channel in range(CHANNELS):
        if draw(st.booleans()):
            found.append(Limit(f"{channel} capacity", "touches", channel, draw(COUNTS)))
        if draw(st.booleans()):
            found.append(Limit(f"{channel} budget", "money", channel, draw(AMOUNTS)))
    if draw(st.booleans()):
        found.append(Limit("total budget", "money", None, draw(AMOUNTS)))
    return tuple(found)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Options, int]:
    customers = draw(st.integers(1, 4))
    rows = [
        (customer, draw(st.integers(0, CHANNELS - 1)), draw(COSTS), draw(VALUES))
        for customer in range(customers)
        for _ in range(draw(st.integers(0, 3)))
    ]
    return options(rows), customers


def options(rows: list[tuple[int, int, float, float]]) -> Options:
    customer, channel, cost, value = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Options(
        np.array(customer, dtype=np.int32),
        np.array(channel, dtype=np.int32),
        np.array(cost, dtype=np.float64),
        np.array(value, dtype=np.float64),
    )


def best_by_brute_force(given: Options, limited: tuple[Limit, ...], customers: int) -> float:
    used, amounts = usage(limited, given.channel, given.cost), whole_amounts(limited)
    choices = [[NOTHING, *np.flatnonzero(given.customer == customer).tolist()] for customer in range(customers)]
    best = 0.0
    for choice in itertools.product(*choices):
        rows = [row for row in choice if row != NOTHING]
        if (used[:, rows].sum(axis=1) <= amounts).all():
            best = max(best, math.fsum(given.value[rows]))
    return best


def insist_on_limits(given: Options, found: Allocation) -> None:
    """Nobody gets another's option, and no limit is exceeded, whether counted in whole amounts or in currency."""
    rows = found.chosen[found.chosen >= 0]
    assert (given.customer[rows] == np.flatnonzero(found.chosen >= 0)).all()
    assert (usage(found.limits, given.channel, given.cost)[:, rows].sum(axis=1) <= whole_amounts(found.limits)).all()
    for limit in found.limits:
        here = rows if limit.channel is None else rows[given.channel[rows] == limit.channel]
        used = len(here) if limit.unit == "touches" else math.fsum(given.cost[here])
        assert used <= limit.amount + 1e-9


@settings(max_examples=400, deadline=None)
@given(worlds(), limits())
def test_no_limit_is_exceeded_and_the_bound_holds(world: tuple[Options, int], limited: tuple[Limit, ...]) -> None:
    given_options, customers = world
    found = allocate(given_options, limited, customers)
    best = best_by_brute_force(given_options, limited, customers)
    insist_on_limits(given_options, found)
    assert (found.prices >= 0).all()
    assert found.value <= best + 1e-9
    assert best <= found.bound + 1e-9
    dearest = float(given_options.value.max(initial=0.0))
    assert found.bound - found.value <= len(limited) * max(dearest, 0.0) + 1e-7


@settings(max_examples=200, deadline=None)
@given(worlds(), limits())
def test_pruning_loses_nothing(world: tuple[Options, int], limited: tuple[Limit, ...]) -> None:
    given_options, customers = world
    kept = given_options.take(undominated(given_options, limited))
    assert best_by_brute_force(kept, limited, customers) == best_by_brute_force(given_options, limited, customers)


@pytest.mark.parametrize("seed", range(6))
def test_larger_worlds_reach_the_bound_but_for_one_item_per_limit(seed: int) -> None:
    random = np.random.default_rng(seed)
    customers, channels = 1_000, 4
    customer = np.repeat(np.arange(customers, dtype=np.int32), 8)
    channel = random.integers(0, channels, len(customer)).astype(np.int32)
    cost = np.array([0.001, 0.01, 0.1, 0.5])[channel]
    value = random.lognormal(-2, 1.2, len(customer)) - cost
    given_options = Options(customer, channel, cost, value)
    limited = (
        Limit("0 capacity", "touches", 0, 150),
        Limit("1 capacity", "touches", 1, 80),
        Limit("1 budget", "money", 1, 0.5),
        Limit("2 budget", "money", 2, 9.95),
        Limit("3 capacity", "touches", 3, 40),
        Limit("total budget", "money", None, 20.0),
    )
    found = allocate(given_options, limited, customers)
    insist_on_limits(given_options, found)
    assert found.value <= found.bound
    assert found.value >= min(0.999 * found.bound, found.bound - len(limited) * value.max())


def test_without_limits_everybody_gets_the_best_and_nothing_has_a_price() -> None:
    found = allocate(options([(0, 0, 1.0, 2.0), (0, 1, 0.0, 3.0), (1, 0, 1.0, -1.0), (3, 0, 0.0, 0.0)]), (), 4)
    assert found.chosen.tolist() == [1, NOTHING, NOTHING, NOTHING]
    assert found.value == found.bound == 3.0


def test_a_limit_that_does_not_bind_has_no_price() -> None:
    found = allocate(options([(0, 0, 1.0, 2.0), (1, 0, 1.0, 1.0)]), (Limit("capacity", "touches", 0, 2),), 2)
    assert found.prices.tolist() == [0.0]
    assert found.value == found.bound == 3.0


def test_a_scarce_touch_costs_what_the_first_one_left_out_would_bring() -> None:
    rows = [(0, 0, 0.0, 5.0), (1, 0, 0.0, 4.0), (2, 0, 0.0, 3.0)]
    found = allocate(options(rows), (Limit("capacity", "touches", 0, 2),), 3)
    assert found.chosen.tolist() == [0, 1, NOTHING]
    assert 3.0 <= found.prices[0] <= 4.0
    assert found.bound == pytest.approx(9.0)


def test_a_scarce_budget_is_priced_per_unit_of_currency() -> None:
    rows = [(customer, 0, 0.5, 3.0 - customer) for customer in range(3)]
    found = allocate(options(rows), (Limit("budget", "money", 0, 1.25),), 3)
    assert found.chosen.tolist() == [0, 1, NOTHING]
    assert found.prices[0] == pytest.approx(2.0)  # 0.50 more would bring 1.00 more
    assert found.bound == pytest.approx(5.5)


def test_nothing_is_sent_on_a_channel_without_capacity() -> None:
    found = allocate(options([(0, 0, 0.0, 5.0), (1, 1, 0.0, 1.0)]), (Limit("capacity", "touches", 0, 0),), 2)
    assert found.chosen.tolist() == [NOTHING, 1]
    assert found.value == pytest.approx(found.bound)


def test_a_budget_that_ten_cents_fill_exactly_is_filled() -> None:
    rows = [(customer, 0, 0.1, 1.0) for customer in range(5)]  # 0.1 + 0.1 + 0.1 > 0.3 in floating point
    found = allocate(options(rows), (Limit("budget", "money", 0, 0.3),), 5)
    assert found.chosen.tolist() == [0, 1, 2, NOTHING, NOTHING]


def test_ties_go_to_the_lower_keys() -> None:
    rows = [(customer, 0, 0.0, 1.0) for customer in range(6)]
    found = allocate(options(rows), (Limit("capacity", "touches", 0, 2),), 6)
    assert found.chosen.tolist() == [0, 1, NOTHING, NOTHING, NOTHING, NOTHING]


def test_of_equal_options_of_one_customer_the_first_is_taken() -> None:
    found = allocate(options([(0, 0, 0.0, 1.0), (0, 0, 0.0, 1.0), (0, 1, 0.0, 1.0)]), (), 1)
    assert found.chosen.tolist() == [0]


def test_a_cheaper_option_survives_beside_a_better_one_only_where_money_is_limited() -> None:
    given_options = options([(0, 0, 0.5, 2.0), (0, 0, 0.1, 1.0), (0, 0, 0.5, 1.5), (0, 0, 0.9, 2.0), (0, 1, 0.0, 0.0)])
    kept: npt.NDArray[np.bool_] = undominated(given_options, ())
    assert kept.tolist() == [True, False, False, False, False]
    assert undominated(given_options, (Limit("total", "money", None, 9.0),)).tolist() == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert undominated(given_options, (Limit("other", "money", 1, 9.0),)).tolist() == kept.tolist()


def test_what_is_above_a_limit_by_itself_does_not_fit() -> None:
    given_options = options([(0, 0, 0.5, 2.0), (0, 1, 0.5, 2.0)])
    assert fits(given_options, (Limit("budget", "money", 0, 0.4), Limit("total", "money", None, 0.5))).tolist() == [
        False,
        True,
    ]
