"""The guide is true: the one file that it shows is a play, and nothing else has to change."""

import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import decisioning.plays
from decisioning.explain import path_of
from decisioning.plays import available, off_because
from decisioning.plays_page import page
from decisioning.settings import PlaySettings
from tests.unit.decisioning.world import World

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "add-a-play.md"


@pytest.fixture
def added(tmp_path: Path) -> Iterator[str]:
    """The guide's file, in a folder that counts as one of plays."""
    (text,) = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "anniversary.py").write_text(text, encoding="utf-8")
    decisioning.plays.__path__.append(str(tmp_path))
    available.cache_clear()
    yield "anniversary"
    decisioning.plays.__path__.remove(str(tmp_path))
    sys.modules.pop("decisioning.plays.anniversary", None)
    available.cache_clear()


@pytest.fixture
def cafe(world: World) -> World:
    """Somebody who joined three years ago, but for so many days, and buys coffee and tea."""
    world.category("COFFEE", "TEA").channel("email").asset("coffee-card", "COFFEE")
    world.plays = (PlaySettings("anniversary"),)
    return world.rhythm("1", "COFFEE", shopping_days=31).rhythm("1", "TEA", shopping_days=2)


@pytest.mark.parametrize(("days_to_go", "fires"), [(5.001, False), (5.0, True), (0.0, True), (-0.001, False)])
def test_the_play_of_the_guide_works_without_any_other_change(
    added: str, cafe: World, *, days_to_go: float, fires: bool
) -> None:
    cafe.customer("1", joined_at=cafe.as_of - timedelta(days=3 * 365.25 - days_to_go))
    found = cafe.propose().frame
    assert found["play"].tolist() == ([added] if fires else [])
    record = cafe.record("1")
    assert (record["verb"] == "send") == fires
    if fires:
        assert (record["asset_id"], record["subject"]) == ("coffee-card", "category/COFFEE")
        assert re.fullmatch(
            r"With us for 3 years around 2017-11-1\d; coffee is what they buy most, on 31 days\.",
            record["motive_sentence"],
        )
        (step, *_) = path_of(record)
        assert (step["type"], step["to"]) == ("BOUGHT", "Category/COFFEE")


def test_it_says_what_it_lacks_and_stands_on_the_reference_page(added: str) -> None:
    assert off_because(added, ["customers", "categories"]) == "purchases is missing"
    assert f"## {added}" in page()
    assert "| `lead_days` | 5 | Days before the day from which on it is a motive. |" in page()


def test_the_reference_page_of_plays_is_what_the_plays_declare() -> None:
    written = (GUIDE.parents[1] / "reference" / "plays.md").read_text(encoding="utf-8")
    assert written == page(), "write it anew: python -m decisioning.plays_page"
