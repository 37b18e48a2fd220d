"""Composites, stages, surges and waits: exact points, exact boundaries, and what bad tables do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.backtest import insist_on_no_leak
from forecasting.errors import ForecastingError
from forecasting.scores.forecast import (
    SCORE_COLUMNS,
    forecast_scores,
    part_frame,
    score_frame,
    score_tables,
    stage_frame,
    surge_frame,
)
from forecasting.scores.settings import (
    COUNTINGS,
    Composite,
    Dimension,
    LatencySettings,
    ScoreSettings,
    Stage,
    Surge,
)
from forecasting.values.scores import Scores

AS_OF = datetime(2026, 3, 5, 23, tzinfo=UTC)
ZONE = "Europe/Berlin"
Tables = dict[str, pd.DataFrame]
World = Callable[..., Tables]


def viewed(**more: Any) -> Dimension:
    given_: dict[str, Any] = {"name": "views", "weight": 1.0, "events": ("Viewed",), "half_life_days": None} | more
    return Dimension(**given_)


def scored(tables: Tables, declared: ScoreSettings, **more: Any) -> Scores:
    return score_tables(tables, declared, as_of=AS_OF, timezone=ZONE, **more)


def points(tables: Tables, *dimensions: Dimension, of: Any = "customer", threshold: float | None = None) -> list[float]:
    declared = ScoreSettings(scores=(Composite("score", dimensions, threshold, of),))
    found = scored(tables, declared)
    (only,) = found.customers.points if of == "customer" else found.accounts.points
    return [float(one) for one in only.value]


@pytest.mark.parametrize(
    ("count", "expected"),
    [("each", 5), ("visits", 3), ("return_visits", 2), ("deepest_visit", 3), ("days", 2), ("people", 1), ("value", 7)],
)
def test_each_way_of_counting(world: World, count: Any, expected: float) -> None:
    first, second, third = ({"session_id": one, "value": 1.0} for one in ("a", "b", "c"))
    acts: list[Any] = [("ann", "Viewed", 2.0, first), ("ann", "Viewed", 2.01, first), ("ann", "Viewed", 2.02, first)]
    acts += [("ann", "Viewed", 2.2, second), ("ann", "Viewed", 1.2, third | {"value": 3.0})]
    assert points(world(acts), viewed(count=count)) == [expected]
    assert set(COUNTINGS) == {"each", "visits", "return_visits", "deepest_visit", "days", "people", "value"}


def test_points_halve_with_the_half_life_and_end_with_the_window(world: World) -> None:
    acts: list[Any] = [
        ("a", "Viewed", 7.0, {}),
        ("b", "Viewed", 14.0, {}),
        ("c", "Viewed", 30.0, {}),
        ("d", "Viewed", 30.001, {}),
    ]
    assert points(world(acts), viewed(weight=8.0, half_life_days=7.0, window_days=30.0)) == [
        4.0,
        2.0,
        round(8 * 0.5 ** (30 / 7), 4),
        0.0,
    ]


def test_a_limit_holds_a_flood_and_negative_weights_never_take_a_score_below_zero(world: World) -> None:
    tables = world([("a", "Viewed", 1 + number / 100, {}) for number in range(50)] + [("a", "Left", 1.0, {})])
    assert points(tables, viewed(at_most=10.0)) == [10.0]
    assert points(tables, viewed(at_most=10.0), viewed(name="left", events=("Left",), weight=-4.0)) == [6.0]
    assert points(tables, viewed(at_most=10.0), viewed(name="left", events=("Left",), weight=-40.0)) == [0.0]
    assert points(tables, viewed(), viewed(name="left", events=("Left",), weight=-40.0, at_most=5.0)) == [45.0]


def test_acts_are_chosen_by_topic_of_their_own_or_of_the_content_and_by_source(world: World) -> None:
    tables = world(
        [
            ("a", "Viewed", 1.0, {"topic": "prices", "asset_id": None, "source": "web"}),
            ("a", "Viewed", 2.0, {"topic": None, "asset_id": "note", "source": "app"}),
            ("a", "Viewed", 3.0, {"topic": "tea", "asset_id": "other", "source": "web"}),
        ]
    )
    tables["assets"] = pd.DataFrame({"asset_id": ["note", "other"], "topics": [["prices", "tea"], []]})
    assert points(tables, viewed(topics=("prices",))) == [2.0]
    assert points(tables, viewed(topics=("prices",), sources=("app",))) == [1.0]
    assert points(tables, viewed(topics=("nothing",))) == [0.0]


def test_answers_to_messages_count_by_their_name_and_never_by_default(world: World) -> None:
    tables = world([("ann", "Viewed", 1.0, {})])
    sent = pd.to_datetime([AS_OF - timedelta(days=2)], utc=True)
    tables["touches"] = pd.DataFrame({"touch_id": ["t"], "customer_id": ["ann"], "sent_at": sent, "asset_id": ["note"]})
    tables["outcomes"] = pd.DataFrame(
        {"outcome_id": ["o"], "touch_id": ["t"], "name": ["clicked"], "occurred_at": sent + timedelta(hours=1)}
    )
    tables["assets"] = pd.DataFrame({"asset_id": ["note"], "topics": [["tea"]]})
    assert points(tables, viewed(events=("clicked",))) == [1.0]
    assert points(tables, viewed(events=("clicked",), topics=("tea",))) == [1.0]
    assert points(tables, viewed(events=())) == [1.0]


def test_attributes_give_points_by_text_flag_and_number_and_unknown_ones_none(world: World) -> None:
    customers = [
        {"customer_id": "a", "account_id": "big", "orders": 3.0},
        {"customer_id": "b", "account_id": "small", "orders": 2.999},
        {"customer_id": "c", "account_id": None, "orders": np.nan},
    ]
    accounts = [
        {"account_id": "big", "tier": "1", "is_open": True},
        {"account_id": "small", "tier": 2, "is_open": None},
    ]
    tables = world([], customers, accounts)

    def has(**more: Any) -> Dimension:
        return Dimension("part", 10.0, **more)

    assert points(tables, has(attribute="account.tier", one_of=("1",))) == [10.0, 0.0, 0.0]
    assert points(tables, has(attribute="account.tier", one_of=("2",))) == [0.0, 10.0, 0.0]
    assert points(tables, has(attribute="account.is_open", one_of=("true",))) == [10.0, 0.0, 0.0]
    assert points(tables, has(attribute="customer.orders", at_least=3.0)) == [10.0, 0.0, 0.0]
    assert points(tables, has(attribute="customer.orders", below=3.0)) == [0.0, 10.0, 0.0]
    assert points(tables, has(attribute="account.tier", one_of=("1",)), of="account") == [10.0, 0.0]


def test_a_score_of_an_account_sums_what_its_people_did(world: World) -> None:
    customers = [{"customer_id": who, "account_id": where} for who, where in (("a", "x"), ("b", "x"), ("c", None))]
    tables = world([(who, "Viewed", 1.0, {}) for who in "abbc"], customers, [{"account_id": "x"}, {"account_id": "y"}])
    assert points(tables, viewed(), of="account") == [3.0, 0.0]
    assert points(tables, viewed(count="people"), of="account") == [2.0, 0.0]


def test_a_threshold_is_reached_on_the_point_and_not_below(world: World) -> None:
    tables = world([("a", "Viewed", 1.0, {}), ("a", "Viewed", 2.0, {}), ("b", "Viewed", 1.0, {})])
    declared = ScoreSettings(scores=(Composite("s", (viewed(weight=0.1),), 0.2),))
    (found,) = scored(tables, declared).customers.points
    assert found.is_reached.tolist() == [True, False]


def test_what_happened_or_was_received_at_as_of_or_later_does_not_count(world: World) -> None:
    day = timedelta(days=1)
    received = [AS_OF - day, AS_OF, None, None, None]
    tables = world([("a", "Viewed", days, {}) for days in (2.0, 1.9, 1.5, 0.0, -1.0)])
    tables["signals"]["received_at"] = pd.to_datetime(pd.Series(received), utc=True)
    assert points(tables, viewed()) == [2.0]


def test_a_signal_that_is_there_twice_counts_once_and_strangers_do_not_count(world: World) -> None:
    tables = world([("a", "Viewed", 1.0, {}), ("b", "Viewed", 1.0, {})])
    tables["signals"] = pd.concat([tables["signals"]] * 2, ignore_index=True)
    tables["customers"] = tables["customers"].head(1)
    assert points(tables, viewed()) == [1.0]


def test_tables_without_rows_give_zeros_and_no_customers_give_none(world: World) -> None:
    assert points(world([], [{"customer_id": "a"}]), viewed()) == [0.0]
    nobody = {"customers": pd.DataFrame({"customer_id": pd.Series(dtype=object)})}
    assert points(nobody, viewed()) == []
    empty = scored(nobody, ScoreSettings(surges=(Surge("s", 2, 8, ("Viewed",)),)))
    assert len(surge_frame(empty)) == len(stage_frame(empty)) == len(score_frame(empty)) == 0
    assert list(score_frame(empty).columns) == list(SCORE_COLUMNS)


def test_infinite_values_and_attributes_are_refused_with_their_place(world: World) -> None:
    with pytest.raises(ForecastingError, match="infinite value") as caught:
        points(world([("a", "Viewed", 1.0, {"value": np.inf})]), viewed(count="value"))
    assert caught.value.where == "signals, column value"
    tables = world([], [{"customer_id": "a", "orders": np.inf}])
    with pytest.raises(ForecastingError, match="infinite"):
        points(tables, Dimension("d", 1.0, attribute="customer.orders", at_least=1.0))
    with pytest.raises(ForecastingError, match=r"no `customer\.nothing`"):
        points(tables, Dimension("d", 1.0, attribute="customer.nothing", at_least=1.0))
    with pytest.raises(ForecastingError, match="no number"):
        points(world([], [{"customer_id": "a", "x": "b"}]), Dimension("d", 1.0, attribute="customer.x", at_least=1.0))


def test_a_missing_value_counts_as_nothing(world: World) -> None:
    acts = [("a", "Viewed", 1.0, {"value": 2.0}), ("a", "Viewed", 1.0, {"value": None})]
    assert points(world(acts), viewed(count="value")) == [2.0]


@pytest.mark.parametrize(
    "wrong",
    [{"weight": np.nan}, {"weight": np.inf}, {"half_life_days": -1.0}, {"half_life_days": 0.0}, {"at_most": -5.0}],
)
def test_a_dimension_refuses_numbers_that_mean_nothing(wrong: dict[str, float]) -> None:
    with pytest.raises(ForecastingError):
        viewed(**wrong)


STAGED = ScoreSettings(
    scores=(
        Composite("engagement", (viewed(),), 3.0),
        Composite("intent", (viewed(name="asks", events=("Asked",), weight=10.0),), 10.0),
    ),
    stages=(
        Stage("MQL", at_least={"engagement": 3.0}),
        Stage("AQL", at_least={"intent": 10.0}, after="MQL"),
        Stage("MQA", "account", people=2, people_stage="MQL"),
    ),
)


def test_the_highest_stage_that_holds_counts_and_a_stage_waits_for_the_one_before(world: World) -> None:
    acts: list[Any] = [(who, "Viewed", 1.0, {}) for who in "aaabbbd"] + [(who, "Asked", 1.0, {}) for who in "acd"]
    customers = [{"customer_id": who, "account_id": "x" if who in "ab" else "y"} for who in "abcd"]
    found = scored(world(acts, customers, [{"account_id": "x"}, {"account_id": "y"}]), STAGED)
    assert found.customers.stage.tolist() == ["AQL", "MQL", None, None]
    assert found.accounts.stage.tolist() == ["MQA", None], "AQL outranks MQL, so it counts as one"
    assert stage_frame(found)["stage"].tolist() == ["AQL", "MQL", "MQA"]


def test_stages_in_a_circle_or_after_nothing_are_refused(world: World) -> None:
    tables = world([("a", "Viewed", 1.0, {})])
    circle = (Stage("A", after="B"), Stage("B", after="C"), Stage("C", after="A"))
    with pytest.raises(ForecastingError, match="A after B after C after A"):
        scored(tables, ScoreSettings(stages=circle))
    with pytest.raises(ForecastingError, match="no stage `Z`"):
        scored(tables, ScoreSettings(stages=(Stage("A", after="Z"),)))
    with pytest.raises(ForecastingError, match="`nothing`"):
        scored(tables, ScoreSettings(stages=(Stage("A", at_least={"nothing": 1.0}),)))


def surging(
    world: World, days: dict[str, list[float]], *, tier: str = "1", lasts: int = 0, people: int = 3
) -> list[str]:
    acts = [(who, "Viewed", day, {"topic": "comparison"}) for who, each in days.items() for day in each]
    tables = world(acts, [{"customer_id": who, "account_id": "x"} for who in days], [{"account_id": "x", "tier": tier}])
    surge = Surge("s", people, 8, topics=("comparison",), accounts={"tier": ("1",)}, lasts_days=lasts)
    found = surge_frame(scored(tables, ScoreSettings(surges=(surge,))))
    return [str(one) for one in found["account_id"]]


def test_a_surge_needs_three_people_in_eight_local_days_at_an_account_it_is_declared_for(world: World) -> None:
    assert surging(world, {"a": [8.0], "b": [4.0], "c": [0.001]}) == ["x"], "00:00 of the first of eight days"
    assert surging(world, {"a": [8.00001], "b": [4.0], "c": [0.001]}) == [], "a moment before it"
    assert surging(world, {"a": [8.0, 3.0], "b": [4.0]}) == [], "two people, however often"
    assert surging(world, {"a": [8.0], "b": [4.0], "c": [0.001]}, tier="2") == []
    assert surging(world, {"a": [8.0], "b": [4.0], "c": [0.0]}) == [], "as-of itself is not known yet"


def test_a_surge_may_last_longer_than_its_window(world: World) -> None:
    days = {"a": [10.5], "b": [6.0], "c": [4.0]}
    assert surging(world, days) == []
    assert surging(world, days, lasts=2) == []
    assert surging(world, days, lasts=3) == ["x"]


def test_days_are_local_also_when_the_clock_changes(world: World) -> None:
    # 29 March 2026 has 23 hours in Berlin: eight days back from 00:00 of 4 April are 191 hours
    as_of = datetime(2026, 4, 3, 22, tzinfo=UTC)
    first = datetime(2026, 3, 26, 23, tzinfo=UTC)
    tables = world([("a", "Viewed", 0.0, {}), ("b", "Viewed", 0.0, {})])
    tables["customers"]["account_id"] = "x"
    tables["accounts"] = pd.DataFrame({"account_id": ["x"]})
    declared = ScoreSettings(surges=(Surge("s", 2, 8, ("Viewed",)),))
    for moment, expected in ((first, 1), (first - timedelta(microseconds=1), 0)):
        times = pd.Series([moment, as_of - timedelta(hours=1)])
        tables["signals"]["occurred_at"] = pd.to_datetime(times, utc=True).astype("datetime64[us, UTC]")
        found = score_tables(tables, declared, as_of=as_of, timezone=ZONE)
        assert len(found.surges.account_id) == expected


def waits(world: World, acts: list[tuple[str, float]], sent: list[tuple[str, float]]) -> dict[str, Any]:
    tables = world([(who, "Asked", days, {}) for who, days in acts])
    tables["touches"] = pd.DataFrame(
        {
            "touch_id": [f"t{number}" for number in range(len(sent))],
            "customer_id": pd.Series([who for who, _ in sent], dtype=object),
            "sent_at": pd.to_datetime(pd.Series([AS_OF - timedelta(days=days) for _, days in sent]), utc=True),
        }
    )
    found = scored(tables, ScoreSettings(latency=LatencySettings(("Asked",), within_hours=24.0)))
    return found.latency.summary()


def test_a_wait_goes_from_the_first_signal_to_the_next_action(world: World) -> None:
    found = waits(world, [("a", 5.0), ("a", 4.5), ("a", 2.0), ("b", 3.0)], [("a", 6.0), ("a", 4.0), ("a", 1.5)])
    assert (found["waits"], found["answered"], found["waiting"]) == (3, 2, 1)
    assert found["median_hours"] == (24 + 12) / 2
    assert found["share_within"] == pytest.approx(2 / 3, abs=1e-4)


def test_an_aim_is_met_on_the_hour_and_who_still_has_time_is_not_counted(world: World) -> None:
    assert waits(world, [("a", 5.0), ("b", 5.0)], [("a", 4.0), ("b", 3.9999)])["share_within"] == 0.5
    assert waits(world, [("a", 0.5)], []) | {"within_hours": 0} == {
        "waits": 1,
        "answered": 0,
        "waiting": 1,
        "median_hours": None,
        "ninth_decile_hours": None,
        "within_hours": 0,
        "share_within": None,
    }


def test_what_a_run_sends_ends_a_wait_too(world: World) -> None:
    tables = world([("a", "Asked", 1.0, {})])
    sends = pd.DataFrame({"customer_id": ["a"], "at": pd.to_datetime([AS_OF + timedelta(hours=9)])})
    declared = ScoreSettings(latency=LatencySettings(("Asked",)))
    assert scored(tables, declared, actions=sends).latency.summary()["median_hours"] == 24 + 9


def test_no_forecast_reads_the_future(world: World) -> None:
    tables = world([(who, "Viewed", days, {}) for who in "abc" for days in (3.0, 2.0, 1.0, 0.5)])
    origin = AS_OF - timedelta(days=1.5)
    declared = ScoreSettings(scores=(Composite("s", (viewed(half_life_days=2.0, count="visits"),), 2.0),))
    frame = insist_on_no_leak(
        lambda known, at: forecast_scores(known, declared, as_of=at, timezone=ZONE, seed=1), tables, origin
    )
    assert (frame["value"] > 0).all()
    assert (frame["low"] == frame["value"]).all()


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.floats(0.01, 40), st.sampled_from(["s1", "s2"])), min_size=1, max_size=25
    ),
    st.integers(0, 1000),
)
def test_the_order_of_rows_changes_nothing_and_parts_add_up(acts: list[tuple[str, float, str]], seed: int) -> None:
    rows = pd.DataFrame(
        {
            "signal_id": [f"s{number}" for number in range(len(acts))],
            "customer_id": [who for who, _, _ in acts],
            "name": "Viewed",
            "session_id": [session for _, _, session in acts],
            "occurred_at": pd.to_datetime([AS_OF - timedelta(days=days) for _, days, _ in acts], utc=True),
        }
    )
    customers = pd.DataFrame({"customer_id": ["c", "a", "b"]})
    dimensions = tuple(viewed(name=count, count=count, half_life_days=3.0) for count in COUNTINGS if count != "value")
    declared = ScoreSettings(scores=(Composite("s", dimensions),))
    plain = scored({"customers": customers, "signals": rows}, declared)
    mixed = rows.sample(frac=1.0, random_state=seed)
    shuffled = scored({"customers": customers.iloc[::-1], "signals": mixed}, declared)
    pd.testing.assert_frame_equal(score_frame(plain), score_frame(shuffled))
    sums = part_frame(plain).groupby("customer_id")["points"].sum()
    whole = score_frame(plain).set_index("customer_id")["value"]
    np.testing.assert_allclose(sums.reindex(whole.index).fillna(0), whole, atol=1e-3)
