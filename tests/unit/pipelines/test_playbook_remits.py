"""Reading remits: unknown words are refused with their line, what is missing is left to the linter."""

from datetime import date
from pathlib import Path

import pytest

from decisioning.remits.values import Condition
from pipelines.errors import PlaybookError, UsageError
from pipelines.pages.remits import remits_page
from pipelines.playbook_reading import load_playbook
from pipelines.playbook_remits import insist_on_sound_remits, remit_findings
from pipelines.playbook_settings import decision_settings, policy_reasons
from pipelines.remit_answers import page_document, read_remits, remit_changes

TODAY = date(2026, 3, 6)
PEOPLE = "people:\n  lead: {name: Lead, role: owner, left_on: 2026-03-06}\n  boss: {name: Boss, role: admin}\n"
METRICS = """
metrics:
  margin: {meaning: What is earned, direction: increase}
  harm: {meaning: What must not come of it, direction: decrease}
"""
REMIT = """
agent: promotions
owner: person:boss
goal: {metric: margin, direction: increase, by_pct: 5, within_days: 90, while: ["harm <= 0.5"]}
may: {verbs: [send], channels: [email], plays: [favourites]}
ask: [contact_minors]
limits: {spend_per_month: 100, discount_pct: 20}
escalate: {confidence_below: 0.7}
review: {weekly: {what: results, minutes: 30}}
"""


def playbook(folder: Path, remit: str = REMIT) -> Path:
    """A playbook with one agent."""
    files = {
        "warrant.yaml": "name: shop\ncurrency: EUR\ntimezone: Europe/Berlin\n",
        "channels.yaml": "channels: {email: {kind: file}, mail: {kind: file}}\n",
        "plays.yaml": "plays: {favourites: {}, cadence-broken: {}}\n",
        "people.yaml": PEOPLE,
        "metrics.yaml": METRICS,
        "sources/customers.sql": "SELECT 1\n",
        "remits/promotions.yaml": remit,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_a_remit_is_read_with_the_lines_of_its_parts(tmp_path: Path) -> None:
    read = load_playbook(playbook(tmp_path))
    (remit,) = read.remits
    assert remit.goal.conditions == (Condition("harm", "<=", 0.5),)
    assert remit.line("limits.discount_pct").endswith("remits/promotions.yaml:7")
    assert remit_findings(read, TODAY) == []


@pytest.mark.parametrize(
    ("wrong", "line", "what"),
    [
        ("limits: {spend_per_moth: 100}", 7, "`spend_per_moth`: nothing of this name is known here."),
        ("limits: {discount_pct: 120}", 7, "`discount_pct`:"),
        ("limits: {spend_per_month: .inf}", 7, "`spend_per_month`:"),
        ("limits: {touches_per_customer: {count: -1, days: 7}}", 7, "`count`:"),
    ],
)
def test_what_nobody_knows_is_refused_on_its_line(tmp_path: Path, wrong: str, line: int, what: str) -> None:
    stated = REMIT.replace("limits: {spend_per_month: 100, discount_pct: 20}", wrong)
    with pytest.raises(PlaybookError) as caught:
        load_playbook(playbook(tmp_path, stated))
    assert caught.value.what.startswith(what)
    assert caught.value.where == f"{tmp_path / 'remits/promotions.yaml'}:{line}"


@pytest.mark.parametrize("condition", ["harm", "harm = 1", "harm <= much", "<= 1"])
def test_a_counter_metric_that_is_no_condition_is_refused(tmp_path: Path, condition: str) -> None:
    with pytest.raises(PlaybookError):
        load_playbook(playbook(tmp_path, REMIT.replace("harm <= 0.5", condition)))


def test_who_has_left_answers_for_nothing_from_that_day_on(tmp_path: Path) -> None:
    read = load_playbook(playbook(tmp_path, REMIT.replace("person:boss", "person:lead")))
    assert remit_findings(read, date(2026, 3, 5)) == []
    with pytest.raises(PlaybookError, match="who left on 2026-03-06"):
        insist_on_sound_remits(read, TODAY)


def test_a_remit_becomes_policies_limits_and_plays_that_may_send(tmp_path: Path) -> None:
    read = load_playbook(playbook(tmp_path))
    settings = decision_settings(read)
    names = [policy.identifier for policy in settings.policies]
    assert names == ["remit-promotions-discount", "remit-promotions-ask-contact-minors"]
    assert [(limit.most, limit.per, limit.channels) for limit in settings.limits] == [(100, "month", ("email",))]
    assert [play.name for play in settings.plays] == ["favourites"]
    assert set(names) < set(policy_reasons(read))


def test_a_changed_remit_is_another_playbook(tmp_path: Path) -> None:
    before = load_playbook(playbook(tmp_path)).digest
    assert load_playbook(playbook(tmp_path, REMIT.replace("0.7", "0.8"))).digest != before


def test_the_page_is_one_file_that_asks_nothing_of_the_network(tmp_path: Path) -> None:
    read = load_playbook(playbook(tmp_path))
    page = remits_page(
        {"playbook": "a <b>", "as_of_day": "2026-03-06", "agents": [page_document(read, read.remits[0])], "said": None}
    )
    assert "Send messages by email, for these reasons: favourites." in page
    assert "Send anything by mail." in page
    assert "a &lt;b&gt;" in page
    assert "http" not in page
    assert "<script" not in page


def test_files_and_folders_can_be_compared_and_nothing_else(tmp_path: Path) -> None:
    folder = playbook(tmp_path / "playbook")
    proposed = tmp_path / "proposed.yaml"
    proposed.write_text(REMIT.replace("discount_pct: 20", "discount_pct: 25"), encoding="utf-8")
    found = remit_changes(folder / "remits" / "promotions.yaml", proposed)
    assert (found["widens"], found["narrows"]) == (1, 0)
    assert remit_changes(folder, folder)["changes"] == []
    with pytest.raises(UsageError):
        read_remits(tmp_path)
