"""Allocation: hard limits, a certified bound, and as much value as the best there is but for single items."""

import itertools
import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisioning.allocate import NOTHING, Allocation, allocate, dual_bound, fits, undominated
from decisioning.limits import UNITS, Family, Limits
from decisioning.options import Options
from tests.unit.decisioning.limited import CHANNELS, exceeded, on_channel, options, total

AMOUNTS = st.sampled_from([0.0, 0.001, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 1e9, math.inf])
COUNTS = st.sampled_from([0.0, 1.0, 2.0, 3.0, 1e9, math.inf])
COSTS = st.sampled_from([0.0, 0.001, 0.1, 0.5, 1.0])
VALUES = st.one_of(st.sampled_from([-1.0, 0.0, 1.0, 2.0, -math.inf, math.nan]), st.floats(-1, 3, allow_nan=False))
ASSETS, CUSTOMERS = 3, 4


@st.composite
def families(draw: st.DrawFn, *, minima: bool = False) -> Limits:
    """Up to four families: over assets, channels, both or neither, and with or without groups of customers."""
    found = []
    for number in range(draw(st.integers(0, 4))):
        unit = draw(st.sampled_from(UNITS))
        asset_groups, customer_groups = draw(st.integers(1, 3)), draw(st.integers(1, 2))
        groups = st.integers(-1, asset_groups - 1)
        asset_group = draw(st.none() | st.lists(groups, min_size=ASSETS * CHANNELS, max_size=ASSETS * CHANNELS))
        owners = st.integers(-1, customer_groups - 1)
        customer_group = draw(st.none() | st.lists(owners, min_size=CUSTOMERS, max_size=CUSTOMERS))
        count = asset_groups * customer_groups
        amounts = COUNTS if unit == "touches" else AMOUNTS
        most = np.array(draw(st.lists(amounts, min_size=count, max_size=count)))
        least = np.zeros(count)
        if minima and draw(st.booleans()):
            wanted = st.sampled_from([0.0, 0.0, 1.0, 2.0, 5.0])
            least = np.array(draw(st.lists(wanted, min_size=count, max_size=count)))
        found.append(
            Family(
                f"limit {number}",
                unit,
                np.maximum(most, least),
                least,
                None if asset_group is None else np.array(asset_group, dtype=np.int32).reshape(ASSETS, CHANNELS),
                None if customer_group is None else np.array(customer_group, dtype=np.int32),
                [str(group) for group in range(asset_groups)],
                [str(group) for group in range(customer_groups)],
            )
        )
    return tuple(found)


@st.composite
def worlds(draw: st.DrawFn) -> Options:
    """Options of up to four customers, in order of keys, each once."""
    places = st.tuples(st.integers(0, CUSTOMERS - 1), st.integers(0, ASSETS - 1), st.integers(0, CHANNELS - 1))
    rows = sorted(draw(st.sets(places, max_size=9)))
    cost = [draw(COSTS) for _ in range(CHANNELS)]
    customer, asset, channel = (np.array([row[part] for row in rows], dtype=np.int32) for part in range(3))
    return Options(
        customer,
        asset,
        channel,
        np.array([draw(VALUES) for _ in rows], dtype=np.float64),
        np.array([cost[row[2]] for row in rows], dtype=np.float64),
        np.array([draw(COSTS) for _ in rows], dtype=np.float64),
        np.array([draw(COSTS | st.just(math.nan)) for _ in rows], dtype=np.float64),
    )


def best_by_brute_force(
    given: Options, limited: Limits, *, reached: list[npt.NDArray[np.int64]] | None = None
) -> float:
    """The highest value within the limits, of those choices that reach as much as `reached`."""
    used = given.uses(limited)
    can = np.flatnonzero(np.isfinite(given.value))
    choices = [[NOTHING, *can[given.customer[can] == customer].tolist()] for customer in range(CUSTOMERS)]
    best = -math.inf
    for choice in itertools.product(*choices):
        rows = np.array([row for row in choice if row != NOTHING], dtype=np.int64)
        totals = used.take(rows).totals(limited)
        if any((use > family.whole_most).any() for use, family in zip(totals, limited, strict=True)):
            continue
        if reached is not None and any(
            (use < np.minimum(least, family.whole_least)).any()
            for use, least, family in zip(totals, reached, limited, strict=True)
        ):
            continue
        best = max(best, math.fsum(given.value[rows]))
    return best


def insist_on_limits(given: Options, found: Allocation) -> None:
    """Nobody gets another's option, and no limit is exceeded, whether counted in whole amounts or in currency."""
    rows = found.chosen[found.chosen >= 0]
    assert (given.customer[rows] == np.flatnonzero(found.chosen >= 0)).all()
    assert exceeded(given, found.limits, found.chosen) == []
    costs = {"money": given.touch_cost, "expected_cost": given.expected_cost, "exposure": given.exposure}
    for family in found.limits:
        index = family.index(given.customer[rows], given.asset[rows], given.channel[rows])
        amount = np.ones(len(rows)) if family.unit == "touches" else costs[family.unit][rows]
        for at in range(len(family)):
            assert math.isinf(family.most[at]) or math.fsum(amount[index == at]) <= family.most[at] + 1e-9


@settings(max_examples=300, deadline=None)
@given(worlds(), families())
def test_no_limit_is_exceeded_and_the_bound_holds(given_options: Options, limited: Limits) -> None:
    found = allocate(given_options, limited, CUSTOMERS)
    best = best_by_brute_force(given_options, limited)
    insist_on_limits(given_options, found)
    assert all((price >= 0).all() for price in found.prices)
    assert found.value <= best + 1e-9
    assert best <= found.bound + 1e-9
    assert found.shortfalls == ()
    dearest = float(given_options.value[np.isfinite(given_options.value)].max(initial=0.0))
    assert found.bound - found.value <= sum(map(len, limited)) * max(dearest, 0.0) + 1e-7


@settings(max_examples=300, deadline=None)
@given(worlds(), families(minima=True))
def test_what_is_to_be_reached_is_or_is_named_and_limits_still_hold(given_options: Options, limited: Limits) -> None:
    found = allocate(given_options, limited, CUSTOMERS)
    insist_on_limits(given_options, found)
    rows = found.chosen[found.chosen >= 0]
    totals = given_options.take(rows).uses(limited).totals(limited)
    short = {
        family.name_of(at)
        for family, used in zip(limited, totals, strict=True)
        for at in np.flatnonzero(used < family.whole_least).tolist()
    }
    assert {shortfall.name for shortfall in found.shortfalls} == short
    for shortfall in found.shortfalls:
        assert shortfall.reached <= shortfall.possible
    best = best_by_brute_force(given_options, limited, reached=totals)
    assert found.value <= best + 1e-9
    assert best <= found.bound + 1e-9


@settings(max_examples=80, deadline=None)
@given(worlds(), families())
def test_pruning_loses_nothing(given_options: Options, limited: Limits) -> None:
    kept = given_options.take(undominated(given_options, limited))
    assert best_by_brute_force(kept, limited) == best_by_brute_force(given_options, limited)


@settings(max_examples=80, deadline=None)
@given(worlds(), families(minima=True), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(given_options: Options, limited: Limits, random: object) -> None:
    order = np.random.default_rng(random.randint(0, 9)).permutation(len(given_options))  # type: ignore[attr-defined]
    found = allocate(given_options, limited, CUSTOMERS)
    again = allocate(given_options.take(order), limited, CUSTOMERS)
    assert [NOTHING if at < 0 else order[at] for at in again.chosen] == found.chosen.tolist()
    assert (again.value, again.bound) == (found.value, found.bound)


@pytest.mark.parametrize("seed", range(6))
def test_larger_worlds_reach_the_bound_but_for_one_item_per_limit(seed: int) -> None:
    random = np.random.default_rng(seed)
    customers, channels = 1_000, 4
    customer = np.repeat(np.arange(customers, dtype=np.int32), 8)
    channel = random.integers(0, channels, len(customer)).astype(np.int32)
    cost = np.array([0.001, 0.01, 0.1, 0.5])[channel]
    value = random.lognormal(-2, 1.2, len(customer)) - cost
    given_options = options(list(zip(customer.tolist(), channel.tolist(), cost.tolist(), value.tolist(), strict=True)))
    limited = tuple(
        on_channel(f"{place} limit", unit, place, most, channels=channels)  # type: ignore[arg-type]
        for place, unit, most in (
            (0, "touches", 150),
            (1, "touches", 80),
            (1, "money", 0.5),
            (2, "money", 9.95),
            (3, "touches", 40),
        )
    )
    limited = (*limited, total("total budget", "money", 20.0))
    found = allocate(given_options, limited, customers)
    insist_on_limits(given_options, found)
    assert found.value <= found.bound
    assert found.value >= min(0.999 * found.bound, found.bound - len(limited) * value.max())


def test_without_limits_everybody_gets_the_best_and_nothing_has_a_price() -> None:
    found = allocate(options([(0, 0, 1.0, 2.0), (0, 1, 0.0, 3.0), (1, 0, 1.0, -1.0), (3, 0, 0.0, 0.0)]), (), 4)
    assert found.chosen.tolist() == [1, NOTHING, NOTHING, NOTHING]
    assert found.value == found.bound == 3.0


def test_a_limit_that_does_not_bind_has_no_price() -> None:
    found = allocate(options([(0, 0, 1.0, 2.0), (1, 0, 1.0, 1.0)]), (on_channel("capacity", "touches", 0, 2),), 2)
    assert found.prices[0].tolist() == [0.0]
    assert found.value == found.bound == 3.0


def test_a_scarce_touch_costs_what_the_first_one_left_out_would_bring() -> None:
    rows = [(0, 0, 0.0, 5.0), (1, 0, 0.0, 4.0), (2, 0, 0.0, 3.0)]
    found = allocate(options(rows), (on_channel("capacity", "touches", 0, 2),), 3)
    assert found.chosen.tolist() == [0, 1, NOTHING]
    assert 3.0 <= found.prices[0][0] <= 4.0
    assert found.bound == pytest.approx(9.0)


def test_a_scarce_budget_is_priced_per_unit_of_currency() -> None:
    rows = [(customer, 0, 0.5, 3.0 - customer) for customer in range(3)]
    found = allocate(options(rows), (on_channel("budget", "money", 0, 1.25),), 3)
    assert found.chosen.tolist() == [0, 1, NOTHING]
    assert found.prices[0][0] == pytest.approx(2.0)  # 0.50 more would bring 1.00 more
    assert found.bound == pytest.approx(5.5)


def test_nothing_is_sent_on_a_channel_without_capacity() -> None:
    found = allocate(options([(0, 0, 0.0, 5.0), (1, 1, 0.0, 1.0)]), (on_channel("capacity", "touches", 0, 0),), 2)
    assert found.chosen.tolist() == [NOTHING, 1]
    assert found.value == pytest.approx(found.bound)


def test_a_budget_that_ten_cents_fill_exactly_is_filled() -> None:
    rows = [(customer, 0, 0.1, 1.0) for customer in range(5)]  # 0.1 + 0.1 + 0.1 > 0.3 in floating point
    found = allocate(options(rows), (on_channel("budget", "money", 0, 0.3),), 5)
    assert found.chosen.tolist() == [0, 1, 2, NOTHING, NOTHING]


def test_ties_go_to_the_lower_keys() -> None:
    rows = [(customer, 0, 0.0, 1.0) for customer in range(6)]
    found = allocate(options(rows), (on_channel("capacity", "touches", 0, 2),), 6)
    assert found.chosen.tolist() == [0, 1, NOTHING, NOTHING, NOTHING, NOTHING]


def test_of_equal_options_of_one_customer_the_first_is_taken() -> None:
    found = allocate(options([(0, 0, 0.0, 1.0), (0, 0, 0.0, 1.0), (0, 1, 0.0, 1.0)]), (), 1)
    assert found.chosen.tolist() == [0]


def test_a_cheaper_option_survives_beside_a_better_one_only_where_money_is_limited() -> None:
    given_options = options([(0, 0, 0.5, 2.0), (0, 0, 0.1, 1.0), (0, 0, 0.5, 1.5), (0, 0, 0.9, 2.0), (0, 1, 0.0, 0.0)])
    kept: npt.NDArray[np.bool_] = undominated(given_options, ())
    assert kept.tolist() == [True, False, False, False, False]
    assert undominated(given_options, (total("total", "money", 9.0),)).tolist() == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert undominated(given_options, (on_channel("other", "money", 1, 9.0),)).tolist() == kept.tolist()


def test_what_is_above_a_limit_by_itself_does_not_fit() -> None:
    given_options = options([(0, 0, 0.5, 2.0), (0, 1, 0.5, 2.0)])
    assert fits(given_options, (on_channel("budget", "money", 0, 0.4), total("total", "money", 0.5))).tolist() == [
        False,
        True,
    ]


def crowd(customers: int, seed: int) -> tuple[Options, Limits]:
    """Many customers, some hundred limits that bind, a minimum, limits of single customers, and closed ones."""
    random = np.random.default_rng(seed)
    assets, channels = 200, 4
    count = random.binomial(8, 0.5, customers)
    customer = np.repeat(np.arange(customers, dtype=np.int32), count)
    asset = random.integers(0, assets, len(customer)).astype(np.int32)
    channel = random.integers(0, channels, len(customer)).astype(np.int32)
    value = random.lognormal(-1, 1, len(customer)) - 0.05
    key = (customer.astype(np.int64) * assets + asset) * channels + channel
    rows = np.unique(key, return_index=True)[1]
    given_options = Options(
        customer[rows],
        asset[rows],
        channel[rows],
        value[rows],
        np.array([0.001, 0.01, 0.1, 0.5])[channel[rows]],
        random.exponential(0.2, len(rows)),
        np.zeros(len(rows)),
    )
    by_channel = np.tile(np.arange(channels, dtype=np.int32), (assets, 1))
    by_asset = np.repeat(np.arange(assets, dtype=np.int32)[:, np.newaxis], channels, axis=1)
    names = [str(place) for place in range(max(assets, customers))]
    capacity = np.floor(np.array([0.3, 0.1, 0.15, 0.0]) * customers)
    share = customers / assets
    households = (np.arange(customers) // 2).astype(np.int32)
    coupons = np.where(by_asset < 20, 0, -1).astype(np.int32)
    most = np.ceil(random.uniform(0.1, 1, assets) * share)
    return given_options, (
        Family("capacity", "touches", capacity, np.zeros(channels), by_channel, asset_names=names[:channels]),
        Family("budget", "money", np.array([0.006 * customers]), np.zeros(1)),
        Family("inventory", "touches", most, np.zeros(assets), by_asset, asset_names=names[:assets]),
        Family("liability", "expected_cost", np.array([0.05 * customers]), np.zeros(1)),
        Family("coupons", "touches", np.array([math.inf]), np.array([0.02 * customers]), coupons),
        Family(
            "household",
            "touches",
            np.ones(households[-1] + 1),
            np.zeros(households[-1] + 1),
            customer_group=households,
            customer_names=names[: households[-1] + 1],
        ),
    )


def test_many_customers_are_within_every_limit_and_a_thousandth_of_the_certified_bound() -> None:
    customers = 24_000
    given_options, limited = crowd(customers, seed=1)
    found = allocate(given_options, limited, customers)
    insist_on_limits(given_options, found)
    assert found.shortfalls == ()
    assert 0.998 * found.bound <= found.value <= found.bound
    assert found.bound == pytest.approx(dual_bound(given_options, limited, found.prices), rel=1e-3)
    assert found.is_repaired.mean() < 0.05


def test_good_prices_to_start_from_lead_to_the_same_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decisioning.allocate.EXACT_BELOW", 1_000)
    given_options, limited = crowd(3_000, seed=2)
    first = allocate(given_options, limited, 3_000)
    again = allocate(given_options, limited, 3_000, start_prices=first.prices)
    insist_on_limits(given_options, again)
    assert again.value == pytest.approx(first.value, rel=2e-3)


def test_the_smoothed_dual_comes_near_the_exact_programme(monkeypatch: pytest.MonkeyPatch) -> None:
    given_options, limited = crowd(3_000, seed=3)
    exact = allocate(given_options, limited, 3_000)
    monkeypatch.setattr("decisioning.allocate.EXACT_BELOW", 1_000)
    quick = allocate(given_options, limited, 3_000)
    insist_on_limits(given_options, quick)
    assert quick.value >= 0.995 * exact.value
    assert exact.value <= quick.bound + 1e-6


def test_the_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decisioning.allocate.EXACT_BELOW", 1_000)
    given_options, limited = crowd(3_000, seed=4)
    found = allocate(given_options, limited, 3_000)
    monkeypatch.setattr("decisioning.allocate_prices.cpu_count", lambda: 5)
    again = allocate(given_options, limited, 3_000)
    assert again.chosen.tolist() == found.chosen.tolist()
    assert all((mine == theirs).all() for mine, theirs in zip(again.prices, found.prices, strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_many_worlds_of_many_kinds_never_exceed_a_limit_at_any_size(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zero, tiny, huge and impossible limits, on the way for large worlds too."""
    monkeypatch.setattr("decisioning.allocate.EXACT_BELOW", 20)
    random = np.random.default_rng(seed)
    given_options, limited = crowd(60, seed)
    for _ in range(30):
        factor = random.choice([0.0, 0.01, 0.5, 3.0, 1e9], len(limited))
        wanted = random.choice([0.0, 1.0, 50.0], len(limited))
        changed = tuple(
            replace(each, most=np.nan_to_num(each.most, posinf=1e12) * much, least=each.least * least)
            for each, much, least in zip(limited, factor, wanted, strict=True)
        )
        found = allocate(given_options, changed, 60)
        insist_on_limits(given_options, found)
        assert found.value <= found.bound
        if found.shortfalls:
            assert found.shortfalls[0].name == "coupons"
            assert found.shortfalls[0].reached < found.shortfalls[0].least


def test_of_equals_the_lower_key_wins_however_one_customers_rows_come() -> None:
    two_channels = options([(0, 0, 0.0, 1.0), (0, 1, 0.0, 1.0)])
    assert allocate(two_channels, (), 1).chosen.tolist() == [0]
    assert allocate(two_channels.take(np.array([1, 0])), (), 1).chosen.tolist() == [1]


def scarce_reach(customers: int, seed: int) -> tuple[Options, Limits]:
    """Room on three channels and money that others make more of, and some whom nobody would reach for their value."""
    random = np.random.default_rng(seed)
    counts = random.integers(1, 4, customers)
    customer = np.repeat(np.arange(customers, dtype=np.int32), counts)
    channel = np.concatenate([np.sort(random.permutation(3)[:count]) for count in counts]).astype(np.int32)
    is_loyal = random.random(customers) < 0.3
    value = random.lognormal(0, 1, len(customer)) * np.where(is_loyal[customer], 0.05, 1.0) - 0.1
    none = np.zeros(len(customer))
    given_options = Options(customer, np.zeros_like(customer), channel, value, np.full_like(value, 0.1), none, none)
    capacity = np.floor(np.array([0.1, 0.15, 0.2]) * customers)
    here = np.unique(customer[(channel == 0) & is_loyal[customer]])
    least = math.floor(min(len(here), capacity[0]) * random.choice([0.5, 0.9, 1.0]))
    budget = 0.1 * max(least, math.floor(customers * random.choice([0.2, 0.3, 1.0])))
    return given_options, (
        Family(
            "capacity",
            "touches",
            capacity,
            np.zeros(3),
            np.arange(3, dtype=np.int32)[np.newaxis],
            asset_names=["a", "b", "c"],
        ),
        Family("budget", "money", np.array([budget]), np.zeros(1)),
        Family(
            "loyal",
            "touches",
            np.array([math.inf]),
            np.array([float(least)]),
            np.array([[0, -1, -1]], dtype=np.int32),
            np.where(is_loyal, 0, -1).astype(np.int32),
        ),
    )


@pytest.mark.parametrize("seed", range(20))
def test_what_can_be_reached_is_reached_though_others_fill_the_room(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decisioning.allocate.EXACT_BELOW", 20)
    given_options, limited = scarce_reach(300, seed)
    found = allocate(given_options, limited, 300)
    insist_on_limits(given_options, found)
    assert found.shortfalls == ()
    assert found.value <= found.bound


def test_many_customers_reach_what_can_be_reached_beside_capacity() -> None:
    given_options, limited = scarce_reach(24_000, seed=4)
    found = allocate(given_options, limited, 24_000)
    insist_on_limits(given_options, found)
    assert found.shortfalls == ()
    assert found.value >= 0.995 * found.bound


def test_what_cannot_be_reached_is_named_and_takes_nothing_from_what_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decisioning.allocate.EXACT_BELOW", 20)
    given_options, limited = scarce_reach(300, seed=2)
    capacity, budget, loyal = limited
    beyond = (capacity, budget, replace(loyal, least=capacity.most[:1] + 1))
    found = allocate(given_options, beyond, 300)
    insist_on_limits(given_options, found)
    (short,) = found.shortfalls
    assert (short.least, short.reached) == (capacity.most[0] + 1, capacity.most[0])
