"""How fresh a source is: its newest row against the rhythm in which it usually brings some, at exact boundaries."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.freshness import Freshness, freshness

AS_OF = datetime(2026, 3, 6, tzinfo=UTC)
DAY = timedelta(days=1)


def rows(*days_ago: float, column: str = "occurred_at") -> pd.DataFrame:
    return pd.DataFrame({column: pd.to_datetime([AS_OF - days * DAY for days in days_ago], utc=True)})


def only(table: str, frame: pd.DataFrame, **limits: float) -> Freshness:
    (found,) = freshness({table: frame}, as_of=AS_OF, limits=limits)
    return found


def test_a_weekly_source_may_be_two_weeks_old_and_not_a_moment_older() -> None:
    on_time = only("purchases", rows(14, 21, 28, 35))
    assert (on_time.usual_gap_days, on_time.limit_days, on_time.age_days) == (7.0, 14.0, 14.0)
    assert not on_time.is_stale
    late = only("purchases", rows(14 + 1e-6, 21, 28, 35))
    assert late.is_stale
    assert late.trust == pytest.approx(1, abs=1e-6)


def test_a_source_twice_as_old_as_it_may_be_is_trusted_half_as_much() -> None:
    found = only("signals", rows(4, 5, 6, 7))
    assert (found.limit_days, found.age_days, found.trust) == (2.0, 4.0, 0.5)


def test_a_gap_of_long_ago_does_not_make_the_rhythm_slow() -> None:
    found = only("purchases", rows(1, 2, 3, 4, 200, 300))
    assert found.usual_gap_days == 1.0


def test_nothing_is_learnt_from_two_days_or_from_tables_that_are_ours_to_fill() -> None:
    assert only("purchases", rows(100, 50)).limit_days is None
    silent = only("touches", rows(100, 101, 102, column="sent_at"))
    assert silent.limit_days is None
    assert not silent.is_stale


def test_a_stated_limit_wins_over_the_learnt_one() -> None:
    assert only("purchases", rows(3, 4, 5), purchases=3).is_stale is False
    assert only("purchases", rows(3, 4, 5), purchases=2.5).is_stale is True
    assert only("touches", rows(100, column="sent_at"), touches=50).trust == 0.5


def test_a_table_without_rows_is_judged_only_by_a_stated_limit() -> None:
    assert freshness({"purchases": rows()}, as_of=AS_OF) == ()
    missing = only("purchases", rows(), purchases=1)
    assert (missing.age_days, missing.is_stale, missing.trust) == (None, True, 0.0)


def test_rows_at_the_as_of_are_not_there_yet() -> None:
    assert only("purchases", rows(0, 5, 6, 7)).age_days == 5.0


def test_a_table_whose_rows_have_no_time_is_not_judged() -> None:
    assert freshness({"products": pd.DataFrame({"product_id": ["a"]})}, as_of=AS_OF) == ()


@given(st.lists(st.floats(0.01, 120), min_size=1, max_size=20), st.floats(0.5, 50))
def test_trust_falls_with_age_and_never_rises_above_one(ages: list[float], limit: float) -> None:
    found = only("purchases", rows(*ages), purchases=limit)
    assert found.age_days is not None
    assert 0 < found.trust <= 1
    assert (found.trust < 1) == found.is_stale == (found.age_days > limit)
    later = freshness({"purchases": rows(*ages)}, as_of=AS_OF + DAY, limits={"purchases": limit})[0]
    assert later.trust <= found.trust
