import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisioning.errors import DecisioningError
from decisioning.exploration import Explored, LimitUse, explore, seed_of_day

Indices = npt.NDArray[np.int64]


def keys(count: int) -> npt.NDArray[np.object_]:
    return np.array([f"customer-{number}" for number in range(count)], dtype=object)


def best(customer: npt.NDArray[np.int32], priced: npt.NDArray[np.float64], count: int) -> Indices:
    chosen = np.full(count, -1, dtype=np.int64)
    for option in np.argsort(priced, kind="stable"):
        if priced[option] > 0:
            chosen[customer[option]] = option
    return chosen


def shop(count: int, options: int = 3, seed: int = 5) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64], Indices]:
    customer = np.repeat(np.arange(count, dtype=np.int32), options)
    priced = np.random.default_rng(seed).normal(0.2, 1.0, len(customer))
    return customer, priced, best(customer, priced, count)


def explored(
    count: int = 4_000, share: float = 0.3, seed: int | str = 1
) -> tuple[Explored, Indices, npt.NDArray[np.int64]]:
    customer, priced, chosen = shop(count)
    made = explore(customer, priced, chosen, share=share, seed=seed, customer_keys=keys(count))
    return made, chosen, np.bincount(customer[priced > 0], minlength=count)


def test_without_a_share_nothing_changes_and_everything_was_certain() -> None:
    made, chosen, _ = explored(share=0.0)
    assert (made.chosen == chosen).all()
    assert (made.propensity == 1.0).all()
    assert not made.is_explored.any()
    assert not made.is_left_out.any()


def test_the_best_action_has_one_less_the_share_and_its_part_every_other_one_its_part_alone() -> None:
    made, chosen, options = explored(share=0.3)
    actions = options + 1
    kept = made.chosen == chosen
    assert made.propensity[kept] == pytest.approx(1 - 0.3 + 0.3 / actions[kept])
    assert made.propensity[~kept] == pytest.approx(0.3 / actions[~kept])
    assert made.is_explored.tolist() == (~kept).tolist()
    assert (made.propensity[actions == 1] == 1.0).all(), "who has nothing worth it has one action"


def test_actions_are_drawn_as_often_as_their_propensity_says() -> None:
    """Of 20,000 customers with the same three options, the worst of which is on no shortlist."""
    count, share = 20_000, 0.5
    customer = np.repeat(np.arange(count, dtype=np.int32), 3)
    priced = np.tile([2.0, -0.5, 1.0], count)
    made = explore(customer, priced, np.arange(count) * 3, share=share, seed=3, customer_keys=keys(count))
    place = np.where(made.chosen < 0, -1, made.chosen % 3)
    for action, expected in ((0, 1 - share + share / 3), (-1, share / 3), (2, share / 3), (1, 0.0)):
        assert (place == action).mean() == pytest.approx(expected, abs=4 * np.sqrt(0.25 / count))
    assert made.is_drawn.mean() == pytest.approx(share, abs=0.015)
    drawn = place[made.is_drawn]
    assert (drawn == 0).mean() == pytest.approx(1 / 3, abs=0.02), "the best one is drawn like any other"


def test_only_what_is_worth_more_than_nothing_at_the_prices_is_ever_drawn() -> None:
    customer, priced, chosen = shop(3_000)
    made = explore(customer, priced, chosen, share=1.0, seed=1, customer_keys=keys(3_000))
    sent = made.chosen[made.chosen >= 0]
    assert (priced[sent] > 0).all()
    assert (customer[sent] == np.flatnonzero(made.chosen >= 0)).all(), "everybody gets something of their own"


def test_of_very_many_options_only_the_best_are_drawn() -> None:
    """Options of one customer come in any order; the sixth best of eight is on nobody's shortlist."""
    count, worth = 4_000, np.array([3.0, 1.0, 8.0, 2.0, 7.0, 5.0, 6.0, 4.0])
    customer = np.repeat(np.arange(count, dtype=np.int32), len(worth))
    made = explore(
        customer,
        np.tile(worth, count),
        np.arange(count) * len(worth) + 2,
        share=1.0,
        seed=1,
        customer_keys=keys(count),
    )
    sent = made.chosen[made.chosen >= 0] % len(worth)
    assert set(worth[sent]) == {4.0, 5.0, 6.0, 7.0, 8.0}
    assert (made.propensity == 1 / 6).all()
    assert (made.chosen < 0).mean() == pytest.approx(1 / 6, abs=0.03)


def test_a_draw_depends_on_the_customers_key_and_the_seed_alone() -> None:
    customer, priced, chosen = shop(500)
    whole = explore(customer, priced, chosen, share=0.5, seed="a", customer_keys=keys(500))
    half = customer < 250
    part = explore(customer[half], priced[half], chosen[:250], share=0.5, seed="a", customer_keys=keys(250))
    assert part.chosen.tolist() == whole.chosen[:250].tolist()
    turned = explore(
        customer,
        priced.reshape(-1, 3)[::-1].ravel(),
        best(customer, priced.reshape(-1, 3)[::-1].ravel(), 500),
        share=0.5,
        seed="a",
        customer_keys=keys(500)[::-1],
    )
    assert (turned.chosen[::-1] % 3).tolist() == np.where(whole.chosen < 0, 2, whole.chosen % 3).tolist()
    other = explore(customer, priced, chosen, share=0.5, seed="b", customer_keys=keys(500))
    assert (other.chosen != whole.chosen).any()


def test_every_moment_has_a_seed_of_its_own() -> None:
    days = [seed_of_day(7, np.datetime64("2026-10-01") + np.timedelta64(day, "D")) for day in range(3)]
    assert len({*days, seed_of_day(8, np.datetime64("2026-10-01"))}) == 4


def test_a_choice_that_is_not_the_best_at_the_prices_was_repaired_and_stays_out_of_it() -> None:
    customer, priced, chosen = shop(200)
    repaired = np.flatnonzero(chosen >= 0)[::2]
    chosen[repaired] = -1
    made = explore(customer, priced, chosen, share=1.0, seed=1, customer_keys=keys(200))
    assert (made.chosen[repaired] == -1).all()
    assert np.isnan(made.propensity[repaired]).all()
    assert np.flatnonzero(made.is_left_out).tolist() == repaired.tolist()


def test_who_may_not_be_explored_keeps_what_was_chosen() -> None:
    customer, priced, chosen = shop(200)
    may = np.arange(200) % 2 == 0
    made = explore(customer, priced, chosen, share=1.0, seed=1, customer_keys=keys(200), may_explore=may)
    assert (made.chosen[~may] == chosen[~may]).all()
    assert (made.propensity[~may] == 1.0).all()
    assert made.is_explored[may].any()


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(DecisioningError, match="share of exploration"):
        explored(count=3, share=share)


def test_options_out_of_order_are_refused() -> None:
    with pytest.raises(DecisioningError, match="not in order"):
        explore(
            np.array([1, 0], dtype=np.int32), np.ones(2), np.array([1, 0]), share=0.1, seed=1, customer_keys=keys(2)
        )


def test_there_may_be_nobody_and_nothing() -> None:
    none = np.zeros(0, dtype=np.int32)
    assert not len(explore(none, np.zeros(0), np.zeros(0, np.int64), share=0.5, seed=1, customer_keys=keys(0)).chosen)
    made = explore(none, np.zeros(0), np.full(3, -1), share=0.5, seed=1, customer_keys=keys(3))
    assert made.chosen.tolist() == [-1, -1, -1]
    assert made.propensity.tolist() == [1.0, 1.0, 1.0]


def totals(use: LimitUse, chosen: Indices) -> npt.NDArray[np.float64]:
    picked = chosen[chosen >= 0]
    picked = picked[use.limit[picked] >= 0]
    return np.bincount(use.limit[picked], use.amount[picked], minlength=len(use.most)).astype(np.float64)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.floats(0.05, 1.0), st.booleans())
def test_explored_sends_never_break_a_limit_that_held_nor_a_minimum_that_was_reached(
    seed: int, count: int, share: float, is_tight: bool
) -> None:
    random = np.random.default_rng(seed)
    customer, priced, chosen = shop(count, seed=seed % 1_000)
    families = []
    for _ in range(2):
        limit = random.integers(-1, 3, len(customer))
        amount = random.integers(0, 4, len(customer))
        bare = LimitUse(limit, amount, np.full(3, np.inf))
        used = totals(bare, chosen)
        slack = np.zeros(3) if is_tight else random.integers(0, 4, 3)
        families.append(LimitUse(limit, amount, used + slack, np.maximum(used - slack, 0)))
    made = explore(customer, priced, chosen, share=share, seed=seed, customer_keys=keys(count), use=families)
    for family in families:
        used = totals(family, made.chosen)
        assert (used <= family.most).all()
        assert family.least is not None
        assert (used >= family.least).all()
    assert (made.chosen[made.is_left_out] == chosen[made.is_left_out]).all(), "what is undone is as it was"
    assert (np.isnan(made.propensity) == made.is_left_out).all()


def test_what_exploring_frees_makes_room_for_others_who_explore() -> None:
    """A full channel: whoever is drawn to it needs the place of somebody who is drawn to something else."""
    count = 2_000
    customer = np.repeat(np.arange(count, dtype=np.int32), 2)
    channel = np.tile([0, 1], count)
    priced = np.where((customer % 2 == 0) == (channel == 0), 2.0, 1.0)
    chosen = np.arange(count) * 2 + np.arange(count) % 2
    full = LimitUse(channel, np.ones(len(channel), dtype=np.int64), np.array([count / 2, np.inf]))
    made = explore(customer, priced, chosen, share=0.2, seed=9, customer_keys=keys(count), use=[full])
    assert totals(full, made.chosen)[0] <= count / 2
    assert made.is_left_out.sum() < 0.1 * made.is_drawn.sum(), "doing nothing is drawn too, so places come free"
