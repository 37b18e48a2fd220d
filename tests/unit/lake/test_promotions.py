from datetime import UTC, datetime
from pathlib import Path

import pytest

from lake.errors import LakeError
from lake.journal import Actor, Journal
from lake.promotions import champion, promote, promotions
from lake.store import Lake

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
OWNER = Actor("person:ops", "owner", "somebody")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(Lake(tmp_path))


def test_without_a_promotion_nothing_is_live(journal: Journal) -> None:
    assert champion(journal, "value") is None
    assert promotions(journal) == []


def test_the_last_promotion_of_a_name_is_live(journal: Journal) -> None:
    promote(journal, "value", "aa", {}, actor=OWNER, at=NOON, because="the first")
    promote(journal, "demand", "bb", {}, actor=OWNER, at=NOON, because="the first")
    promote(journal, "value", "cc", {"difference": -0.1}, actor=Actor("", "", "x"), at=NOON, because="it won")
    live = champion(journal, "value")
    assert live is not None
    assert (live.digest, live.replaced, live.by, live.because) == ("cc", "aa", "", "it won")
    assert live.contest == {"difference": -0.1}
    assert [one.digest for one in promotions(journal)] == ["aa", "bb", "cc"]
    assert [one.digest for one in promotions(journal, "demand")] == ["bb"]


def test_going_back_is_a_promotion_too(journal: Journal) -> None:
    for digest in ("aa", "bb", "aa"):
        promote(journal, "value", digest, {}, actor=OWNER, at=NOON, because="tried")
    live = champion(journal, "value")
    assert live is not None
    assert (live.digest, live.replaced, live.position) == ("aa", "bb", 2)


def test_nobody_promotes_without_a_reason(journal: Journal) -> None:
    with pytest.raises(LakeError, match="no reason"):
        promote(journal, "value", "aa", {}, actor=OWNER, at=NOON, because=" ")
    assert champion(journal, "value") is None
