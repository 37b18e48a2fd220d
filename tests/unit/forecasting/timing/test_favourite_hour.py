"""Favourite hours: shrinkage, recovery, storing, and bad counts."""

import numpy as np
import pytest

from forecasting.errors import TooLittleDataError
from forecasting.timing.favourite_hour import FavouriteHourModel
from forecasting.timing.week_shares import window_start

PLANTED = 30


def _planted(customers: int = 240, engaged: int = 25) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts of customers with a favourite hour each, in two segments; every tenth one is never seen."""
    draw = np.random.default_rng(77)
    favourite = draw.integers(168, size=customers)
    counts = np.zeros((customers, 168))
    for row, hour in enumerate(favourite):
        own = draw.random(engaged) < 0.5
        hours = np.where(own, hour, draw.integers(168, size=engaged))
        np.add.at(counts[row], hours, 1.0)
    counts[::10] = 0
    segment = np.array(["east", "west"], dtype=object)[np.arange(customers) % 2]
    return counts, segment, favourite


@pytest.fixture(scope="module")
def planted() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return _planted()


@pytest.fixture(scope="module")
def model(planted: tuple[np.ndarray, np.ndarray, np.ndarray]) -> FavouriteHourModel:
    return FavouriteHourModel().fit(planted[0], planted[1])


def test_planted_hours_are_found(model: FavouriteHourModel, planted: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    counts, segment, favourite = planted
    seen = counts.sum(axis=1) > 0
    found = model.predict(counts, segment)
    assert (found.hour_of_week == favourite)[seen].mean() > 0.9
    assert found.confidence[seen].mean() > 0.7
    assert found.confidence[~seen].max() < 0.3


def test_without_information_a_customer_equals_the_segment_exactly(
    model: FavouriteHourModel, planted: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    counts, segment, _ = planted
    found = model.predict(counts, segment)
    alone = model.predict(np.zeros((2, 168)), np.array(["east", "west"], dtype=object))
    for place, name in enumerate(("east", "west")):
        rows = (counts.sum(axis=1) == 0) & (segment == name)
        if not rows.any():
            continue
        for value in ("hour_of_week", "window_start", "share", "share_low", "share_high", "confidence", "profile"):
            np.testing.assert_array_equal(
                getattr(found, value)[rows], np.repeat(getattr(alone, value)[place : place + 1], rows.sum(), axis=0)
            )


def test_a_segment_that_was_never_seen_is_that_of_all(model: FavouriteHourModel) -> None:
    new, other = (model.predict(np.zeros((1, 168)), np.array([name], dtype=object)) for name in ("north", "zzz"))
    np.testing.assert_array_equal(new.profile, other.profile)


def test_the_order_of_customers_does_not_matter(planted: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    counts, segment, _ = planted
    order = np.random.default_rng(5).permutation(len(counts))
    straight = FavouriteHourModel().fit(counts, segment).predict(counts, segment)
    mixed = FavouriteHourModel().fit(counts[order], segment[order]).predict(counts[order], segment[order])
    np.testing.assert_array_equal(straight.hour_of_week[order], mixed.hour_of_week)
    np.testing.assert_allclose(straight.share[order], mixed.share, rtol=1e-9)


def test_shares_are_shares_and_lie_in_their_intervals(
    model: FavouriteHourModel, planted: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    found = model.predict(planted[0], planted[1])
    np.testing.assert_allclose(found.profile.sum(axis=1), 1.0)
    assert ((found.share_low <= found.share) & (found.share <= found.share_high)).all()
    assert (found.share_low >= 0).all()
    assert (found.share_high <= 1).all()
    assert ((found.confidence >= 0) & (found.confidence <= 1)).all()


def test_the_window_holds_the_best_hour(
    model: FavouriteHourModel, planted: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    found = model.predict(planted[0], planted[1])
    assert ((found.hour_of_week - found.window_start) % 168 < model.window_hours).all()


def test_a_window_lies_where_most_engagement_is_around_the_best_hour() -> None:
    profile = np.zeros((2, 168))
    profile[0, [9, 10, 11]] = 0.3, 0.5, 0.2
    profile[1, [166, 167, 0]] = 0.2, 0.3, 0.5
    best = profile.argmax(axis=1)
    assert window_start(profile, best, 3).tolist() == [9, 166]


def test_a_flat_week_puts_the_best_hour_in_the_middle() -> None:
    assert window_start(np.full((1, 168), 1 / 168), np.array([50]), 3).tolist() == [49]


def test_stored_and_read_again_it_says_the_same(
    model: FavouriteHourModel, planted: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    arrays = model.arrays()
    assert all(values.dtype != object for values in arrays.values())
    again = FavouriteHourModel.from_arrays(arrays).predict(planted[0], planted[1])
    straight = model.predict(planted[0], planted[1])
    np.testing.assert_array_equal(again.profile, straight.profile)
    np.testing.assert_array_equal(again.confidence, straight.confidence)


def test_later_engagement_at_the_same_hours_earns_trust() -> None:
    counts, segment, _ = _planted()
    trusting = FavouriteHourModel().fit(counts, segment, later=counts)
    doubting = FavouriteHourModel().fit(counts, segment, later=counts[::-1])
    assert trusting.trust_ > doubting.trust_


@pytest.mark.parametrize("hours", [1, 24, 100])
def test_a_week_that_begins_elsewhere_gives_the_same_habits_moved(hours: int) -> None:
    counts, segment, _ = _planted(60)
    straight = FavouriteHourModel().fit(counts, segment).predict(counts, segment)
    moved = np.roll(counts, hours, axis=1)
    later = FavouriteHourModel().fit(moved, segment).predict(moved, segment)
    np.testing.assert_allclose(later.profile, np.roll(straight.profile, hours, axis=1), rtol=1e-6)
    np.testing.assert_allclose(later.share, straight.share, rtol=1e-6)


def test_shares_that_were_not_found_later_are_expected_no_more() -> None:
    counts, segment, _ = _planted()
    elsewhere = np.roll(counts, 80, axis=1)
    kept, lost = (FavouriteHourModel().fit(counts, segment, later=later) for later in (counts, elsewhere))
    assert lost.share_factor_ < kept.share_factor_
    seen = counts.sum(axis=1) > 0
    assert (lost.predict(counts, segment).share[seen] < kept.predict(counts, segment).share[seen]).all()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1.0])
def test_counts_that_are_none_are_refused(wrong: float) -> None:
    counts = np.ones((3, 168))
    counts[1, 5] = wrong
    with pytest.raises(TooLittleDataError, match="finite"):
        FavouriteHourModel().fit(counts, np.array(["a"] * 3, dtype=object))


def test_nobody_engaged_is_said() -> None:
    with pytest.raises(TooLittleDataError, match="Nobody engaged"):
        FavouriteHourModel().fit(np.zeros((3, 168)), np.array(["a"] * 3, dtype=object))


def test_one_customer_with_one_engaged_hour_is_enough() -> None:
    counts = np.zeros((1, 168))
    counts[0, PLANTED] = 1
    found = FavouriteHourModel().fit(counts, np.array(["a"], dtype=object)).predict(counts, np.array(["a"]))
    assert found.hour_of_week.tolist() == [PLANTED]
    assert np.isfinite(found.profile).all()
