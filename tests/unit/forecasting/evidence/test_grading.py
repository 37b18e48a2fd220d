"""What may be said of a comparison: lots are believed, habits are not called lift."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks.lift_null import CHOSEN, DRAWN, judged
from forecasting.errors import ForecastingError
from forecasting.evidence.draws import Draws
from forecasting.evidence.grading import grade, lift
from forecasting.evidence.settings import EvidenceSettings

Builder = Callable[..., Draws]
Spending = Callable[..., np.ndarray]


def tossed(draws_of: Builder, spending: Spending, *, units: int = 600, effect: float = 0.0, seed: int = 1) -> Draws:
    draw = np.random.default_rng(seed)
    windows, is_treated = spending(draw, units), draw.random(units) < 0.5
    windows[is_treated, 0] += effect
    return draws_of(windows, is_treated, propensity=np.full(units, 0.5))


@pytest.mark.parametrize("world", DRAWN)
def test_where_lots_were_drawn_a_null_effect_is_seldom_called_lift(world: str) -> None:
    found = judged(DRAWN[world], 25, (21,), effect=0.0)
    assert found["found"] <= 5  # 1 is expected; more than 5 happen in one of a thousand series
    assert found["grades"]["randomised"] >= 17  # each of up to two tests rejects one of twenty


@pytest.mark.parametrize("world", ["habit", "spike", "trend"])
def test_where_those_who_would_have_bought_anyway_were_chosen_no_lift_is_called(world: str) -> None:
    found = judged(CHOSEN[world], 25, (22,), effect=0.0)
    assert found["found"] == 0
    assert found["grades"]["assumed"] == 25


def test_an_effect_by_lot_is_found_and_its_interval_holds_it() -> None:
    found = judged(DRAWN["plain"], 25, (23,), effect=0.15)
    assert found["lift"] == found["graded"] >= 20
    assert found["holds"] >= found["graded"] - 4


def test_who_got_it_by_accident_is_adjusted_and_its_effect_is_found() -> None:
    found = judged(CHOSEN["by_accident"], 25, (24,), effect=0.15)
    assert found["grades"]["adjusted"] >= 18
    assert found["lift"] == found["grades"]["adjusted"]


def test_lots_are_graded_randomised_with_their_balance_as_reason(draws_of: Builder, spending: Spending) -> None:
    found = lift(tossed(draws_of, spending, effect=5.0), "mail", days=28)
    assert found.graded.grade == "randomised"
    assert found.verdict == "lift"
    assert found.effect is not None
    assert found.effect.low <= 5.0 <= found.effect.high
    assert "fair draw" in found.graded.reasons[0]


def test_what_was_known_before_makes_the_interval_narrower(draws_of: Builder, spending: Spending) -> None:
    found = lift(tossed(draws_of, spending), "mail", days=28)
    assert found.effect is not None
    assert found.naive is not None
    assert found.effect.half_width < 0.6 * found.naive.half_width


def test_a_harmful_touch_is_a_loss(draws_of: Builder, spending: Spending) -> None:
    assert lift(tossed(draws_of, spending, effect=-6.0), "mail", days=28).verdict == "loss"


def test_without_propensities_the_same_lots_count_only_as_a_comparison(draws_of: Builder, spending: Spending) -> None:
    draws = replace(tossed(draws_of, spending), propensity=None)
    found = grade(draws, days=28)
    assert found.grade != "randomised"
    assert "Nobody drew" in found.reasons[0]


def test_one_assignment_without_propensity_is_enough_to_doubt_all(draws_of: Builder, spending: Spending) -> None:
    draws = tossed(draws_of, spending)
    own = np.full(len(draws), 0.5)
    own[3] = np.nan
    found = grade(replace(draws, propensity=own), days=28)
    assert found.grade != "randomised"
    assert "1 of 600 assignments do not say" in found.reasons[0]


def test_rows_of_an_arm_that_are_missing_make_no_draw(draws_of: Builder, spending: Spending) -> None:
    draws = tossed(draws_of, spending)
    found = grade(replace(draws, propensity=np.full(len(draws), 0.3)), days=28)
    assert found.grade != "randomised"
    assert "sum to 0.600" in found.reasons[0]


def test_assignments_that_were_certain_are_left_out_of_the_effect(draws_of: Builder, spending: Spending) -> None:
    draw = np.random.default_rng(15)
    windows, is_sure = spending(draw, 700), np.arange(700) < 100
    is_treated = is_sure | (draw.random(700) < 0.5)
    windows[is_sure, 0] += 500
    found = lift(draws_of(windows, is_treated, propensity=np.where(is_sure, 1.0, 0.5)), "mail", days=28)
    assert found.graded.grade == "randomised"
    assert found.treated + found.untreated == 600
    assert found.verdict == "none_found"
    assert "100 assignments were certain" in found.graded.reasons[-1]


def test_a_draw_that_was_bent_is_not_randomised_and_says_why(draws_of: Builder, spending: Spending) -> None:
    draw = np.random.default_rng(5)
    windows = spending(draw, 600)
    is_treated = draw.random(600) < np.where(windows[:, 1] > 110, 0.75, 0.4)
    found = lift(draws_of(windows, is_treated, propensity=np.full(600, 0.5)), "mail", days=28)
    assert found.graded.grade == "assumed"
    assert found.verdict == "cannot_tell"
    assert found.effect is None
    assert "more than a fair draw" in found.graded.reasons[0]


def test_the_pre_period_catches_a_naive_difference(draws_of: Builder, spending: Spending) -> None:
    draw = np.random.default_rng(6)
    windows = spending(draw, 600)
    is_treated = windows[:, 1:].mean(axis=1) + 5 * draw.standard_normal(600) > 100
    found = lift(draws_of(windows, is_treated), "mail", days=28)
    assert found.naive is not None
    assert found.pre_period is not None
    assert found.naive.low > 20
    assert found.pre_period.low > 20
    assert found.verdict == "cannot_tell"
    naive = next(test for test in found.graded.tests if test.name == "naive")
    assert naive.answer == "failed"
    assert "groups differ by themselves" in naive.sentence


def test_units_that_all_began_in_one_group_cannot_be_compared_without_a_draw(
    draws_of: Builder, spending: Spending
) -> None:
    first = draws_of(spending(np.random.default_rng(16), 100), np.zeros(100, dtype=bool))
    later = replace(
        first, arm=np.full(100, "mail", dtype=object), assigned_at=first.assigned_at + np.timedelta64(40, "D")
    )
    names = ("unit", "cluster", "arm", "assigned_at", "outcome", "earlier")
    columns: dict[str, Any] = {name: np.concatenate([getattr(first, name), getattr(later, name)]) for name in names}
    draws = replace(first, **columns)
    found = lift(draws, "mail", days=28)
    assert (found.graded.grade, found.verdict) == ("assumed", "cannot_tell")
    assert "all are in one group" in found.graded.reasons[0]


def test_without_a_time_before_nothing_can_be_told(draws_of: Builder, spending: Spending) -> None:
    draw = np.random.default_rng(7)
    found = lift(draws_of(spending(draw, 300, 1), draw.random(300) < 0.5), "mail", days=28)
    assert (found.graded.grade, found.verdict) == ("assumed", "cannot_tell")
    assert found.pre_period is None
    assert found.did is None
    assert "Nothing is known from before" in found.graded.reasons[0]


def test_a_test_that_could_not_have_failed_does_not_pass(draws_of: Builder, spending: Spending) -> None:
    draw = np.random.default_rng(8)
    found = grade(draws_of(spending(draw, 80, noise=150.0), np.arange(80) % 2 == 0), days=28)
    assert found.grade == "assumed"
    assert any("too wide to rule out" in reason for reason in found.reasons)


def test_everybody_treated_leaves_nobody_to_compare(draws_of: Builder, spending: Spending) -> None:
    found = lift(draws_of(spending(np.random.default_rng(9), 100), np.ones(100, dtype=bool)), "mail", days=28)
    assert found.verdict == "nothing_to_compare"
    assert "Everybody got something (mail)" in found.graded.reasons[0]
    assert found.naive is None


def test_nobody_treated_leaves_nothing_to_compare(draws_of: Builder, spending: Spending) -> None:
    found = lift(draws_of(spending(np.random.default_rng(9), 100), np.zeros(100, dtype=bool)), "nothing", days=28)
    assert found.verdict == "nothing_to_compare"
    assert found.graded.reasons == ("Nobody got anything.",)


def test_one_household_is_never_shown(draws_of: Builder, spending: Spending) -> None:
    found = lift(draws_of(spending(np.random.default_rng(9), 200), np.arange(200) == 7), "mail", days=28)
    assert found.verdict == "nothing_to_compare"
    assert found.naive is None
    assert "1 household got it and 199 did not" in found.graded.reasons[0]


@pytest.mark.parametrize(("households", "verdict"), [(29, "nothing_to_compare"), (30, "cannot_tell")])
def test_households_count_and_not_their_members(
    draws_of: Builder, spending: Spending, households: int, verdict: str
) -> None:
    members = np.repeat(np.arange(households + 200), 3)
    windows = spending(np.random.default_rng(10), len(members), 1)
    found = lift(draws_of(windows, members < households, cluster=members), "mail", days=28)
    assert found.verdict == verdict


def test_members_of_a_household_who_are_alike_make_the_interval_wider(draws_of: Builder) -> None:
    draw = np.random.default_rng(11)
    household = np.repeat(np.arange(200), 4)
    windows = (100 + 20 * draw.standard_normal((200, 2)))[household]
    is_treated = (np.arange(200) % 2 == 0)[household]
    apart, together = (
        lift(draws_of(windows, is_treated, cluster=cluster), "mail", days=28) for cluster in (None, household)
    )
    assert apart.naive is not None
    assert together.naive is not None
    assert together.naive.half_width == pytest.approx(2 * apart.naive.half_width, rel=0.1)


def test_every_arm_is_compared_with_nothing_and_not_with_each_other(draws_of: Builder, spending: Spending) -> None:
    draw = np.random.default_rng(12)
    windows = spending(draw, 900)
    drawn = draw.integers(0, 3, 900)
    windows[drawn == 0, 0] += 8
    draws = replace(
        draws_of(windows, drawn == 0, propensity=np.full(900, 1 / 3)),
        arm=np.array(["call", "mail", "nothing"], dtype=object)[drawn],
    )
    call, mail = (lift(draws, arm, days=28) for arm in ("call", "mail"))
    assert (call.verdict, mail.verdict) == ("lift", "none_found")
    assert call.treated + mail.treated + call.untreated == 900


def test_an_arm_that_nobody_knows_is_told(draws_of: Builder, spending: Spending) -> None:
    with pytest.raises(ForecastingError, match=r"no arm `fax`.*mail, nothing"):
        lift(tossed(draws_of, spending), "fax", days=28)


def test_another_control_arm_can_be_named(draws_of: Builder, spending: Spending) -> None:
    draws = tossed(draws_of, spending, effect=5.0)
    turned = lift(draws, "nothing", days=28, control="mail")
    assert turned.verdict == "loss"


def test_the_order_of_rows_changes_nothing(draws_of: Builder, spending: Spending) -> None:
    draw = np.random.default_rng(14)
    windows = spending(draw, 300)
    draws = draws_of(windows, draw.random(300) < 0.4)
    order = draw.permutation(300)
    names = ("unit", "cluster", "arm", "assigned_at", "outcome", "earlier")
    turned = replace(draws, **{name: getattr(draws, name)[order] for name in names})
    one, other = lift(draws, "mail", days=28), lift(turned, "mail", days=28)
    assert [test.answer for test in one.graded.tests] == [test.answer for test in other.graded.tests]
    assert one.graded.reasons == other.graded.reasons
    assert one.did is not None
    assert other.did is not None
    assert other.did.low == pytest.approx(one.did.low, rel=1e-9)


@pytest.mark.parametrize("setting", [{"significance": 0.0}, {"minimum_clusters": 1}, {"most_apart": -1.0}])
def test_a_threshold_that_cannot_be_is_refused(setting: dict[str, float]) -> None:
    with pytest.raises(ForecastingError, match=next(iter(setting))):
        EvidenceSettings(**setting)  # type: ignore[arg-type]  # the point is that it cannot be
