"""Settings are changed by name, and a wrong name or value says what exists."""

from datetime import time

import pytest

from decisioning.settings import ChannelSettings, DecisionSettings, PlaySettings, PolicySpecification
from pipelines.errors import UsageError
from pipelines.settings_changes import changed, settable


@pytest.fixture
def settings() -> DecisionSettings:
    return DecisionSettings(
        timezone="Europe/Berlin",
        plays=(PlaySettings("favourites", {"rest_days": 3.0}),),
        policies=(PolicySpecification("weekly", "cap", "Enough.", count=3, days=7.0),),
        audiences={},
        channels=(ChannelSettings("email", "file", 0.001, capacity=500, quiet_from=time(21), quiet_until=time(8)),),
        budget=None,
        holdout_share=0.05,
        holdout_salt="salt",
        value_window_days=28,
        confidence_cap={"assumed": 0.6},
        seed=1,
    )


@pytest.mark.parametrize(
    ("assignment", "was", "becomes"),
    [
        ("budget=40", None, 40.0),
        ("channels.email.capacity=+10%", 500, 550),
        ("channels.email.capacity=none", 500, None),
        ("channels.email.quiet_from=22:30", time(21), time(22, 30)),
        ("plays.favourites.rest_days=7", 3.0, 7.0),
        ("plays.favourites.enabled=false", True, False),
        ("plays.campaign.enabled=true", False, True),
        ("policies.weekly.count=4", 3, 4),
        ("policies.weekly.enabled=false", True, False),
        ("holdout_share=0", 0.05, 0.0),
        ("confidence_cap.assumed=0.5", 0.6, 0.5),
    ],
)
def test_a_setting_is_changed_and_nothing_else(
    settings: DecisionSettings, assignment: str, was: object, becomes: object
) -> None:
    name = assignment.partition("=")[0]
    after, (change,) = changed(settings, [assignment])
    assert (change.setting, change.before, change.after) == (name, was, becomes)
    before, now = settable(settings), settable(after)
    assert before[name] == was
    assert now.get(name, False) == becomes
    is_about = {other for other in before.keys() & now.keys() if before[other] != now[other]}
    assert is_about <= {name}


@pytest.mark.parametrize(
    ("assignment", "what", "remedy"),
    [
        ("chanels.email.capacity=5", "no setting", "channels.email.capacity"),
        ("budget", "no setting and value", "NAME=VALUE"),
        ("budget=much", "no number", "Write a number"),
        ("budget=-5", "negative", "from 0 on"),
        ("budget=nan", "no finite number", "Write a number"),
        ("budget=+10%", "nothing yet", "number itself"),
        ("channels.email.capacity=1.5", "no whole number", "Write a number"),
        ("plays.favourites.enabled=maybe", "neither true nor false", "true or false"),
        ("channels.email.quiet_from=late", "no time", "21:00"),
        ("seed=3", "cannot be simulated", "playbook"),
    ],
)
def test_what_cannot_be_says_why(settings: DecisionSettings, assignment: str, what: str, remedy: str) -> None:
    with pytest.raises(UsageError) as error:
        changed(settings, [assignment])
    assert what in error.value.what
    assert remedy in error.value.remedy
    assert assignment.partition("=")[0] in error.value.where
