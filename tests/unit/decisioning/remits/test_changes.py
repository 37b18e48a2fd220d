"""What a change of a remit widens or narrows."""

from dataclasses import replace

from decisioning.remits.changes import changes
from decisioning.remits.values import Asking, Bounds, Escalation, Permission, Remit, ReviewRhythm, Window

BEFORE = Remit(
    agent="loyalty",
    owner="person:ops-manager",
    may=Permission(("send",), ("email",), ("favourites",)),
    ask=Asking(("contact_c_level",)),
    limits=Bounds(spend_per_month=8000, discount_pct=20, touches_per_customer=Window(3, 7)),
    escalate=Escalation(confidence_below=0.7),
    review=(ReviewRhythm("weekly", "results", 60),),
)


def effects(after: Remit) -> list[str]:
    """What the change does."""
    return [one.effect for one in changes([BEFORE], [after])]


def test_the_same_remit_changes_nothing() -> None:
    assert changes([BEFORE], [replace(BEFORE, where="elsewhere.yaml:1")]) == []


def test_more_to_do_and_less_to_ask_widens() -> None:
    may = replace(BEFORE.may, channels=("email", "app"))
    for after in (
        replace(BEFORE, may=may),
        replace(BEFORE, ask=Asking()),
        replace(BEFORE, limits=replace(BEFORE.limits, discount_pct=25)),
        replace(BEFORE, limits=replace(BEFORE.limits, spend_per_month=None)),
        replace(BEFORE, limits=replace(BEFORE.limits, touches_per_customer=Window(3, 6))),
        replace(BEFORE, escalate=Escalation(confidence_below=0.6)),
        replace(BEFORE, review=()),
    ):
        assert effects(after) == ["widens"]


def test_less_to_do_and_more_to_ask_narrows() -> None:
    for after in (
        replace(BEFORE, may=replace(BEFORE.may, plays=())),
        replace(BEFORE, never=("give_discounts",)),
        replace(BEFORE, limits=replace(BEFORE.limits, discount_pct=15)),
        replace(BEFORE, limits=replace(BEFORE.limits, offer_cost_per_month=100.0)),
        replace(BEFORE, escalate=Escalation(confidence_below=0.8)),
        replace(BEFORE, limits=replace(BEFORE.limits, touches_per_customer=Window(2, 7))),
    ):
        assert effects(after) == ["narrows"]


def test_what_widens_comes_first() -> None:
    after = replace(
        BEFORE, owner="person:other", limits=replace(BEFORE.limits, discount_pct=10), ask=Asking(), never=("task",)
    )
    assert effects(after) == ["widens", "changes", "narrows", "narrows"]


def test_a_new_agent_widens_and_one_that_is_gone_narrows() -> None:
    other = replace(BEFORE, agent="other")
    assert [(one.agent, one.effect) for one in changes([BEFORE], [other])] == [
        ("other", "widens"),
        ("loyalty", "narrows"),
    ]
    assert [one.effect for one in changes([BEFORE], [])] == ["widens", "narrows"]
