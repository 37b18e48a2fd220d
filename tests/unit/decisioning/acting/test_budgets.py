"""Money between channels: equal marginal returns, never beyond what was approved, and what a move brings."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisioning.acting.act import Acted
from decisioning.acting.budgets import equalised
from decisioning.acting.counterfactual import Change, Counterfactual, counterfactual
from decisioning.acting.settings import ActionRule, ChannelBudget
from forecasting.values.spend_curves import SpendCurves
from tests.unit.decisioning.acting.company import Company, curves, rule

MONTH = 31
NAMES = ("alpha", "beta", "gamma", "delta")


def moved(
    *budgets: ChannelBudget, of: SpendCurves, step: float = 10.0, change_pct: float | None = None
) -> dict[str, float]:
    after = {one.channel_id: one.budget for one in budgets}
    for move in equalised(tuple(budgets), of, step=step, change_pct=change_pct, month_days=MONTH):
        after[move.from_channel] -= move.amount
        after[move.to_channel] += move.amount
    return after


def to_linkedin(amount: float, *, least_confidence: float | None = None) -> Acted:
    """A stated move of this amount from Google, which brings more, to LinkedIn, which may have 5,000."""
    company = Company().budget(8000.0, google=(4000.0, 1000.0, 5000.0), linkedin=(4000.0, 1000.0, 5000.0))
    company.known["curves"] = curves(google=60.0, linkedin=20.0)
    return company.act(
        rule(
            "move_budget",
            subject_kind="channel",
            when='channel.channel_id == "google"',
            parameters={"to": "linkedin", "amount": amount},
            least_confidence=least_confidence,
        )
    )


def to_google(name: str, channel_id: str, amount: float) -> ActionRule:
    """A rule that moves this amount to Google from another channel."""
    return rule(
        "move_budget",
        name=name,
        subject_kind="channel",
        when=f'channel.channel_id == "{channel_id}"',
        parameters={"to": "google", "amount": amount},
    )


def test_marginal_returns_are_equal_once_money_has_moved() -> None:
    of = curves(alpha=60.0, beta=30.0, gamma=20.0)
    after = moved(*(ChannelBudget(name, 3000.0, 0.0, 9000.0) for name in NAMES[:3]), of=of, step=10.0)
    assert sum(after.values()) == pytest.approx(9000.0)
    # the marginal return of s√x is s / 2√x: budgets stand to each other like the squares of the steepness
    shares = np.array([60.0, 30.0, 20.0]) ** 2
    assert list(after.values()) == pytest.approx(list(9000.0 * shares / shares.sum()), abs=60.0)


def test_money_stays_where_channels_bring_the_same_and_where_nothing_is_known() -> None:
    of = curves(alpha=30.0, beta=30.0)
    budgets = [ChannelBudget(name, 3000.0, 0.0, 9000.0) for name in ("alpha", "beta")]
    assert moved(*budgets, of=of) == {"alpha": 3000.0, "beta": 3000.0}
    assert moved(ChannelBudget("alpha", 1.0, 0.0, 9.0), ChannelBudget("unknown", 1.0, 0.0, 9.0), of=of) == {
        "alpha": 1.0,
        "unknown": 1.0,
    }


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(1, 100), st.floats(0, 5000), st.floats(0, 1), st.floats(0, 5000)), min_size=2, max_size=4
    ),
    st.floats(20, 500),
    st.one_of(st.none(), st.floats(1, 100)),
)
def test_no_budget_leaves_its_bounds_and_the_sum_stays(
    said: list[tuple[float, float, float, float]], step: float, change_pct: float | None
) -> None:
    of = curves(**{name: one[0] for name, one in zip(NAMES, said, strict=False)})
    budgets = [
        ChannelBudget(name, budget, budget * share, budget + room)
        for name, (_, budget, share, room) in zip(NAMES, said, strict=False)
    ]
    after = moved(*budgets, of=of, step=step, change_pct=change_pct)
    assert sum(after.values()) == pytest.approx(sum(one.budget for one in budgets), abs=1e-6)
    before = after_total = 0.0
    for one in budgets:
        reached = after[one.channel_id]
        slack = 1e-6 * step + 1e-6
        assert one.least - slack <= reached <= one.most + slack
        if change_pct is not None:
            assert abs(reached - one.budget) <= one.budget * change_pct / 100 + slack
        place = of.place(one.channel_id)
        both = of.brings(place, np.array([one.budget, reached]) / MONTH).mean(axis=0)
        before, after_total = before + both[0], after_total + both[1]
    assert after_total >= before - 1e-6


@pytest.mark.parametrize(
    ("amount", "status"), [(999.99, "go"), (1000.0, "go"), (1000.01, "refused"), (1001.0, "refused")]
)
def test_a_move_goes_up_to_the_approved_amount_and_not_a_cent_beyond(amount: float, status: str) -> None:
    (record,) = to_linkedin(amount).records.to_dict("records")
    assert record["status"] == status
    assert list(json.loads(record["refused_by"])) == ([] if status == "go" else ["approved-spend"])


def test_a_move_carries_what_it_brings_against_no_change() -> None:
    (record,) = to_linkedin(500.0).records.to_dict("records")
    told = json.loads(record["counterfactual"])
    assert told["upside"]["expected"] > 0 > told["downside"]["expected"]
    assert record["value"] == told["net"]["expected"] < 0
    assert record["value_low"] <= record["value"] <= record["value_high"]
    assert json.loads(record["inverse"]) == {
        "verb": "move_budget",
        "subject_kind": "channel",
        "subject_id": "linkedin",
        "parameters": {"to": "google", "amount": 500.0},
    }


def test_a_move_that_is_probably_worse_is_refused_where_the_rule_asks_for_confidence() -> None:
    (record,) = to_linkedin(500.0, least_confidence=0.7).records.to_dict("records")
    assert list(json.loads(record["refused_by"])) == ["confidence-too-low"]


def test_money_does_not_move_where_nobody_can_tell_what_that_brings() -> None:
    company = Company().budget(8000.0, google=(4000.0, 0.0, 8000.0), linkedin=(4000.0, 0.0, 8000.0))
    company.known["no_curves_because"] = "There are 3 whole weeks of purchases."
    acted = company.act(
        rule("move_budget", subject_kind="channel", parameters={"to": "google", "amount": 10.0}),
        rule("move_budget", subject_kind="channel", name="by-curves", is_from_curves=True),
    )
    assert {tuple(json.loads(text)) for text in acted.records["refused_by"]} == {("counterfactual-unknown",)}
    assert json.loads(acted.records["counterfactual"].iloc[0])["because"] == "There are 3 whole weeks of purchases."


def test_two_rules_that_move_the_same_budget_do_not_add_up() -> None:
    company = Company().budget(
        12000.0, google=(4000.0, 0.0, 9000.0), linkedin=(4000.0, 0.0, 8000.0), email=(4000.0, 0.0, 8000.0)
    )
    company.known["curves"] = curves(google=60.0, linkedin=20.0, email=20.0)
    acted = company.act(
        to_google("one", "linkedin", 100), to_google("two", "linkedin", 200), to_google("three", "email", 300)
    )
    told = acted.records.set_index("rule")
    assert told["status"].to_dict() == {"one": "go", "two": "refused", "three": "refused"}
    assert list(json.loads(str(told.loc["three", "refused_by"]))) == ["changed-by-another-rule"]


def test_several_moves_of_one_rule_together_stay_inside_what_was_approved() -> None:
    company = Company().budget(
        12000.0, google=(4000.0, 0.0, 4150.0), linkedin=(4000.0, 0.0, 4000.0), email=(4000.0, 0.0, 4000.0)
    )
    company.known["curves"] = curves(google=60.0, linkedin=20.0, email=20.0)
    acted = company.act(
        rule(
            "move_budget",
            subject_kind="channel",
            when='channel.channel_id != "google"',
            parameters={"to": "google", "amount": 100},
        )
    )
    assert sorted(acted.records["status"]) == ["go", "refused"]


def test_curves_move_what_they_may_and_leave_what_is_held() -> None:
    company = Company().budget(8000.0, google=(4000.0, 1000.0, 6000.0), linkedin=(4000.0, 1000.0, 6000.0))
    company.known["curves"] = curves(google=60.0, linkedin=20.0)
    acted = company.act(rule("move_budget", subject_kind="channel", is_from_curves=True, least_confidence=0.7))
    (record,) = acted.records.to_dict("records")
    assert (record["subject_id"], json.loads(record["parameters"])) == ("linkedin", {"to": "google", "amount": 2000.0})
    assert (record["status"], record["evidence_grade"], record["confidence"]) == ("go", "randomised", 1.0)
    held = company.act(
        rule("move_budget", subject_kind="channel", when='channel.channel_id != "linkedin"', is_from_curves=True)
    )
    assert len(held.records) == 0


def test_an_interval_is_that_of_the_difference() -> None:
    # what is uncertain about both channels alike takes itself out of a move between channels that are alike
    of = curves(alpha=30.0, beta=30.0)
    found = counterfactual(
        of, [Change("alpha", 3000.0, 2000.0), Change("beta", 3000.0, 4000.0)], month_days=MONTH, margin_share=0.5
    )
    assert isinstance(found, Counterfactual)
    wide = found.told["upside"]["high"] - found.told["upside"]["low"]
    assert found.high - found.low < wide / 2
    assert found.told["basis"] == "margin"


def test_beyond_what_was_ever_tried_nothing_more_is_brought() -> None:
    of = curves(alpha=30.0)
    assert of.brings(0, np.array([400.0, 4000.0])).tolist() == [[540.0, 540.0], [600.0, 600.0], [660.0, 660.0]]
