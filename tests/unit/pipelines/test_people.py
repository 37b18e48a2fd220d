"""Who acts and what they may do: roles come from people.yaml, and without it nobody is refused."""

from pathlib import Path

import pytest

from lake.journal import Actor
from pipelines.errors import PlaybookError, RefusedError, UsageError
from pipelines.people import RIGHTS, ROLES, Right, acting, insist_on, may
from pipelines.playbook import Playbook
from pipelines.playbook_reading import load_playbook

PEOPLE = """\
people:
  ina: {name: Ina, role: analyst}
  otto: {name: Otto, role: owner}
  vera: {name: Vera, role: viewer}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "customers.sql").write_text("SELECT 'c' AS customer_id\n")
    (tmp_path / "channels.yaml").write_text("channels:\n  email: {kind: file, cost_per_touch: 0.001}\n")
    (tmp_path / "warrant.yaml").write_text(
        "name: small\ncurrency: EUR\ntimezone: Europe/Berlin\nobjective: {margin_pct: 30, value_window_days: 28}\n"
    )
    return tmp_path


def with_people(folder: Path, text: str = PEOPLE) -> Playbook:
    (folder / "people.yaml").write_text(text)
    return load_playbook(folder)


def test_without_people_everybody_may_do_everything_under_any_name(folder: Path) -> None:
    actor = acting(load_playbook(folder), "person:anybody", {})
    assert (actor.person, actor.role) == ("person:anybody", "")
    assert actor.system_user
    assert all(may(actor, right) for right in RIGHTS)


def test_a_named_person_has_the_role_that_the_file_gives(folder: Path) -> None:
    playbook = with_people(folder)
    assert acting(playbook, "person:otto", {}).role == "owner"
    assert acting(playbook, None, {"WARRANT_ACTOR": "person:ina"}).role == "analyst"
    assert acting(playbook, "person:otto", {"WARRANT_ACTOR": "person:ina"}).person == "person:otto"


def test_with_people_somebody_who_is_not_named_has_the_least_rights(folder: Path) -> None:
    actor = acting(with_people(folder), None, {})
    assert (actor.person, actor.role) == ("", "viewer")


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        ("viewer", set()),
        ("analyst", {"see personal data", "assert", "train"}),
        ("approver", {"see personal data", "assert", "train", "pause", "answer"}),
        ("owner", set(RIGHTS)),
        ("admin", set(RIGHTS)),
    ],
)
def test_every_role_has_exactly_these_rights(role: str, rights: set[Right]) -> None:
    assert role in ROLES
    assert {right for right in RIGHTS if may(Actor("person:x", role), right)} == rights


def test_a_refusal_says_what_it_takes_and_who_could(folder: Path) -> None:
    playbook = with_people(folder)
    with pytest.raises(RefusedError) as refused:
        insist_on(acting(playbook, "person:ina", {}), "erase", playbook)
    assert refused.value.what == "to erase takes the role owner, and person:ina is analyst."
    assert "person:otto" in refused.value.remedy
    assert "person:vera" not in refused.value.remedy
    assert refused.value.exit_code == 5


def test_who_is_not_in_the_file_is_refused_with_the_nearest_name(folder: Path) -> None:
    with pytest.raises(RefusedError, match="Did you mean person:otto"):
        acting(with_people(folder), "person:oto", {})


@pytest.mark.parametrize("name", ["otto", "person:", "person: "])
def test_a_name_that_is_no_person_is_a_usage_error(folder: Path, name: str) -> None:
    with pytest.raises(UsageError, match="like person:"):
        acting(load_playbook(folder), name, {})


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("people:\n  ina: {name: Ina, role: boss}\n", 2, "role"),
        ("people:\n  ina: {name: Ina}\n", 2, "role"),
        ("people:\n  ina:\n    name: Ina\n    role: owner\n    mail: x\n", 5, "mail"),
        ("people: {}\n", 1, "people"),
        ("persons:\n  ina: {name: Ina, role: owner}\n", 1, "people"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(folder: Path, text: str, line: int, what: str) -> None:
    with pytest.raises(PlaybookError) as wrong:
        with_people(folder, text)
    assert wrong.value.where == f"{folder / 'people.yaml'}:{line}"
    assert f"`{what}`" in wrong.value.what


def test_who_people_are_is_no_part_of_what_decides(folder: Path) -> None:
    before = load_playbook(folder).digest
    assert with_people(folder).digest == before
