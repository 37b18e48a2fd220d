"""What makes a remit an abdication, each reason by itself and all of them at once."""

from dataclasses import replace

import pytest

from decisioning.remits.compiling import action_policies, actions_per_day
from decisioning.remits.linter import Around, lint
from decisioning.remits.values import (
    Asking,
    Bounds,
    Condition,
    Escalation,
    Goal,
    Permission,
    Remit,
    ReviewRhythm,
    Window,
)

AROUND = Around(
    metrics=("lifetime_value", "unsubscribe_rate"),
    verbs=("send", "task", "move_budget"),
    channels=("email", "app"),
    plays=("favourites", "loyalty-gap"),
    roles={"ops-manager": "owner", "analyst": "analyst"},
    gone={"somebody": "2026-01-31"},
)
SOUND = Remit(
    agent="loyalty",
    owner="person:ops-manager",
    goal=Goal("lifetime_value", "increase", 5, 90, (Condition("unsubscribe_rate", "<=", 0.004),)),
    may=Permission(("send",), ("email",), ("favourites",)),
    limits=Bounds(spend_per_month=8000, touches_per_customer=Window(3, 7)),
    escalate=Escalation(confidence_below=0.7),
    review=(ReviewRhythm("weekly", "results", 60),),
    where="remits/loyalty.yaml:1",
    lines={"may.verbs": "remits/loyalty.yaml:9"},
)


def reasons(*remits: Remit) -> list[str]:
    """What the linter says, without the agent's name."""
    return [one.what.partition("` ")[2] for one in lint(remits, AROUND)]


def test_a_remit_that_says_what_for_within_what_and_who_answers_holds() -> None:
    assert reasons(SOUND) == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"goal": replace(SOUND.goal, metric=None)}, "has no metric"),
        ({"goal": replace(SOUND.goal, metric="clicks")}, "is to change `clicks`"),
        ({"goal": replace(SOUND.goal, direction=None)}, "has a goal without a direction"),
        ({"goal": replace(SOUND.goal, by_pct=None)}, "has a goal without an amount"),
        ({"goal": replace(SOUND.goal, within_days=None)}, "has a goal without a deadline"),
        ({"goal": replace(SOUND.goal, conditions=())}, "can reach `lifetime_value` in ways that nobody wants"),
        (
            {"goal": replace(SOUND.goal, conditions=(Condition("lifetime_value", ">=", 1),))},
            "can reach `lifetime_value` in ways that nobody wants",
        ),
        ({"may": Permission()}, "does not say what the agent may do"),
        ({"may": Permission(("sned",), (), ())}, "permits `sned`"),
        ({"may": replace(SOUND.may, channels=())}, "does not say where the agent may write"),
        ({"may": replace(SOUND.may, channels=("fax",))}, "names `fax`"),
        ({"may": replace(SOUND.may, plays=())}, "does not say for which reasons the agent may write"),
        ({"ask": Asking(verbs=("task",))}, "asks before it would `task`"),
        ({"never": ("set_prices",)}, "forbids `set_prices`"),
        ({"never": ("send",)}, "both permits and forbids `send`"),
        ({"limits": Bounds()}, "has no limit"),
        ({"limits": Bounds(discount_pct=5), "escalate": Escalation(budget_used_pct=80)}, "escalates by the share"),
        ({"escalate": Escalation()}, "has no escalation"),
        ({"review": ()}, "has no review"),
        ({"owner": None}, "has no owner"),
        ({"owner": "ops-manager"}, "is owned by `ops-manager`, which is no person"),
        ({"owner": "person:nobody"}, "is owned by person:nobody, whom people.yaml does not know"),
        ({"owner": "person:analyst"}, "is owned by person:analyst, whose role is analyst"),
        ({"owner": "person:somebody"}, "is owned by person:somebody, who left on 2026-01-31"),
    ],
)
def test_each_lack_is_a_reason_by_itself(changed: dict[str, object], reason: str) -> None:
    assert any(said.startswith(reason) for said in reasons(replace(SOUND, **changed)))  # type: ignore[arg-type]


def test_an_empty_remit_is_told_everything_at_once() -> None:
    found = reasons(Remit("loyalty"))
    for lack in ("metric", "direction", "amount", "deadline", "counter-metric", "may do", "escalation", "review"):
        assert any(lack in said for said in found), lack
    assert any("nobody answers" in said for said in found)


def test_a_reason_names_the_line_it_is_about_and_the_nearest_word() -> None:
    (found,) = lint([replace(SOUND, may=replace(SOUND.may, verbs=("send", "tsk")))], AROUND)[:1]
    assert found.where == "remits/loyalty.yaml:9"
    assert "Did you mean `task`?" in found.remedy


def test_a_verb_without_a_limit_a_day_is_rejected() -> None:
    may = replace(SOUND.may, verbs=("send", "task"))
    assert reasons(replace(SOUND, may=may)) == ["has no limit on how often it may `task`."]
    limits = replace(SOUND.limits, actions_per_day={"task": 5})
    assert reasons(replace(SOUND, may=may, limits=limits)) == []


def test_two_agents_share_neither_name_nor_channel_nor_another_verb() -> None:
    other = replace(SOUND, agent="letters", may=Permission(("send",), ("app",), ("favourites",)))
    assert reasons(SOUND, other) == []
    assert reasons(SOUND, replace(other, may=SOUND.may)) == [
        "sends on `email`, and so does loyalty: who would answer for it?"
    ]
    assert reasons(SOUND, replace(other, agent="loyalty")) == ["has the name of the one in remits/loyalty.yaml:1."]


def test_verbs_that_no_remit_lists_are_refused_and_the_smaller_limit_a_day_holds() -> None:
    acting = Remit(
        "sales",
        may=Permission(("send", "task")),
        ask=Asking(verbs=("task",)),
        limits=Bounds(actions_per_day={"task": 5}),
    )
    assert [(policy.identifier, policy.expression) for policy in action_policies([acting])] == [
        ("remit", 'action.verb not in ["task"]'),
        ("remit-sales-ask-task", 'action.verb == "task"'),
    ]
    assert action_policies([]) == ()
    assert actions_per_day([acting], {"task": 3, "set_bid": 9}) == {"task": 3, "set_bid": 9}
    assert actions_per_day([acting], {"task": 8}) == {"task": 5}
